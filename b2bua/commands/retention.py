"""`b2bua retention`: how long numbers stand, what is held, who looked at what (K31)."""

import datetime
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import orjson
from cyclopts import App

from b2bua.commands.common import WANTING, Flag, Repeated, acting, load_config, moment_of, stop

if TYPE_CHECKING:
    from b2bua.config import Config
    from b2bua.duties.clearing import Clearing
    from b2bua.evidence import Desk

retention = App(name="retention", help="How long numbers stand in the evidence, what is held, and who looked at what.")


@retention.command
def plan(config: Path, /, *, at: str | None = None, json: Flag = False) -> int:
    """Say what is due to be forgotten, and do nothing; exit code 1 when a segment does not hold.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    at
        The moment it is asked for: 2026-01-31T14:05, in Brussels time, or with its zone; now when left out.
    json
        One JSON object instead of text.
    """
    found = _clearing(load_config(config)).plan(moment_of(at))
    if json:
        due = [[*piece.key, piece.begins, each.taken, each.whole, each.hashed] for piece, each in found.due.items()]
        _print_json(
            {
                "whole_before": found.limits.whole,
                "hashed_before": found.limits.hashed,
                "lines": found.lines,
                "segments": due,
                "waiting": [list(piece.key) for piece in found.waiting],
                "cases_before": found.limits.cases,
                "entries_before": found.limits.entries,
                "desk": dict(found.desk),
                "torn": {"due": [one.key for one in found.torn], "kept": [one.key for one in found.kept]},
                "broken": [str(broken) for broken in found.broken],
                "held": {why: sorted(calls) for why, calls in found.held.reasons.items()},
            }
        )
    else:
        from b2bua.duties.text import show_plan

        show_plan(found)
    return WANTING if found.broken else 0


@retention.command
def run(config: Path, /, *, by: str | None = None, json: Flag = False) -> int:
    """Forget what is due, as the clerk does daily; exit code 1 when a segment does not hold and is left.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    by
        Who does it; the login name when left out.
    json
        One JSON object instead of text.
    """
    from b2bua.store import Store

    loaded = load_config(config)
    clearing = _clearing(loaded)
    with nullcontext() if loaded.store is None else Store.of(loaded) as store:
        done = attrs.evolve(clearing, index=store).run(acting(by), datetime.datetime.now(datetime.UTC))
    if json:
        _print_json(
            {
                "lines": done.lines,
                "segments": [[*piece.key, each.taken, each.whole, each.hashed] for piece, each in done.purged.items()],
                "postponed": [list(piece.key) for piece in done.postponed],
                "broken": [str(broken) for broken in done.broken],
                "looks": done.desk["look"] + done.desk["nomadic"],
                "desk": dict(done.desk),
                "torn": [one.key for one in done.torn],
                "store": {"forgotten": done.forgotten, "dropped": done.dropped},
            }
        )
    else:
        from b2bua.duties.text import show_outcome

        show_outcome(done)
    return WANTING if done.broken else 0


@retention.command
def key(config: Path, /) -> int:
    """Make the key of the hashes, in the file that `[retention]` names. Whoever loses it finds no number again.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    """
    from b2bua.evidence.forgetting import make_key

    path = Path(_clearing(load_config(config)).terms.key_file)
    make_key(path)
    print(f"{path}: made; keep a copy apart from the journal")  # noqa: T201
    return 0


@retention.command
def hold(config: Path, names: list[str], /, *, why: str, by: str | None = None) -> int:
    """Keep the evidence of calls, and what cases and entries of the register say, whatever their age, until what they
    are held for is released.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    names
        Of calls in the evidence, as every list of calls shows them; of cases (2026-0001); of entries (agreement-3).
    why
        What they are held for: a court, a complaint. By this they are released.
    by
        Who holds them; the login name when left out.
    """
    from b2bua.evidence import Desk, holds

    loaded = load_config(config)
    if not why.strip():
        stop("--why is empty; name the court or the complaint, by which they are released some day")
    desk = Desk(Path(loaded.journal.directory))
    unknown = _unknown(loaded, [name for name in names if name not in _filed(desk)])
    if unknown:
        stop(f"there is no call, case or entry {', '.join(unknown)}; nothing is held")
    desk.write([holds.hold(names, acting(by), why, datetime.datetime.now(datetime.UTC))])
    print(f"{len(names)} held: {why}")  # noqa: T201
    return 0


@retention.command
def release(config: Path, /, *, why: str, by: str | None = None) -> int:
    """Let go all that is held for a reason; what is over its time is forgotten the next time.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    why
        The reason, as `b2bua retention holds` shows it.
    by
        Who releases it; the login name when left out.
    """
    from b2bua.evidence import Desk, holds

    desk = Desk(Path(load_config(config).journal.directory))
    with desk.writing() as append:
        held = holds.Held.fold(desk.lines())
        if why not in held.reasons:
            stop(f"nothing is held for {why!r}; `b2bua retention holds` names the reasons")
        append([holds.release(why, acting(by), datetime.datetime.now(datetime.UTC))])
    print(f"{len(held.reasons[why])} released: {why}")  # noqa: T201
    return 0


@retention.command(name="holds")
def list_holds(config: Path, /, *, json: Flag = False) -> int:
    """Name what is held, and for what.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    json
        A JSON line for each reason.
    """
    from b2bua.evidence import Desk
    from b2bua.evidence.holds import Held

    for why, calls in Held.fold(Desk(Path(load_config(config).journal.directory)).lines()).reasons.items():
        if json:
            _print_json({"why": why, "calls": sorted(calls)})
        else:
            print(f"{why}: {', '.join(sorted(calls))}")  # noqa: T201
    return 0


@retention.command
def looks(config: Path, /, *, since: str | None = None, who: Repeated | None = None, json: Flag = False) -> int:
    """Say who was shown which evidence, when and why, oldest first. What was asked for is not repeated as text.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    since
        The first day or moment that counts: 2026-01-31T14:05, in Brussels time, or with its zone.
    who
        Only what these have looked at; may be given several times.
    json
        A JSON line for each look, with what was asked for.
    """
    from b2bua.civil import local
    from b2bua.duties.access import looks_in
    from b2bua.evidence import Desk

    first = None if since is None else moment_of(since, "--since")
    for one in looks_in(Desk(Path(load_config(config).journal.directory)).lines(), first, who or ()):
        if json:
            _print_json(attrs.asdict(one))
        else:
            print(f"{local(one.at)} {one.by}: {one.what}, {one.calls} calls ({one.why or 'no reason'})")  # noqa: T201
    return 0


def _clearing(config: "Config") -> "Clearing":
    """Without its store, which only `run` needs."""
    from b2bua.duties.clearing import Clearing

    made = Clearing.of(config)
    if made is None:
        stop("the configuration has no table [retention], so that nothing is ever forgotten; docs/duties.md")
    return made


def _filed(desk: "Desk") -> set[str]:
    """The cases and the entries that there are."""
    from b2bua.register import Entries

    told = list(desk.lines())
    return {str(line["case"]) for line in told if line["kind"] == "case"} | Entries.fold(told).items.keys()


def _unknown(config: "Config", calls: list[str]) -> list[str]:
    """Those that the store has not, or the journal where there is no store."""
    from b2bua.evidence.reading import lines_of_call
    from b2bua.store import Store

    if config.store is None:
        journal = Path(config.journal.directory)
        return [call for call in calls if all(record.get("call") != call for _, record in lines_of_call(journal, call))]
    with Store.of(config) as store:
        return [call for call in calls if store.call(call) is None]


def _print_json(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
