"""`b2bua victim`: for those whose number others show: when, from where, what became of it, and an end to it."""

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from cyclopts import App

from b2bua.commands.common import WANTING, Flag, acting, load_config, stop

if TYPE_CHECKING:
    from b2bua.config import Config

victim = App(name="victim", help="For those whose number others show: when, from where, what became of it.")

#: Days that are looked at unless others are named.
_DAYS: Final = 30


@victim.command
def calls(
    config: Path,
    number: str,
    /,
    *,
    why: str,
    since: str | None = None,
    until: str | None = None,
    by: str | None = None,
    json: Flag = False,
) -> int:
    """Say which calls bore a number as their caller's, from where, and what became of them; exit code 1 when there is
    none. Nobody else's number is shown whole. That somebody looked is recorded at the desk.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    number
        The number, in any usual spelling.
    why
        What it is looked up for: the owner's letter, or whatever shows that the owner asks.
    since
        The first day (2026-01-31, in Brussels), or moment; thirty days ago when left out.
    until
        The last day, or the moment after the last; now when left out.
    by
        Who looks; the login name when left out.
    json
        One JSON object instead of text, with every call.
    """
    from b2bua.duties.text import show_account
    from b2bua.duties.victim import account
    from b2bua.evidence.desk import Desk, look
    from b2bua.store import Store

    loaded, now = load_config(config), datetime.datetime.now(datetime.UTC)
    if not why.strip():
        stop("--why is empty; name the owner's letter, or whatever shows that the owner asks")
    named = _number(loaded, number)
    first = now - datetime.timedelta(days=_DAYS) if since is None else _moment("--since", since)
    last = now if until is None else _moment("--until", until, is_end=True)
    with Store.of(loaded) as store:
        store.indexer().catch_up(1 << 62)
        told = account(store, _names(loaded, named), first, last)
    asked = {"number": named, "since": first, "until": last}
    desk = Desk(Path(loaded.journal.directory))
    look(desk, acting(by), "victim calls", asked, calls=len(told.calls), why=why, now=now)
    if json:
        sys.stdout.buffer.write(orjson.dumps(told.as_dict(), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
    else:
        show_account(told)
    return 0 if told.calls else WANTING


@victim.command
def protect(
    config: Path,
    number: str,
    /,
    *,
    reference: str,
    why: str = "the owner's request",
    until: str | None = None,
    by: str | None = None,
) -> int:
    """Enter a number that makes no calls, by its owner's wish: nobody may show it any more, at home neither. Another
    person may have to approve it (`[register] four_eyes`).

    Parameters
    ----------
    config
        The configuration file of the daemon.
    number
        The number, in any usual spelling. Its owner cannot call by it either.
    reference
        The owner's letter.
    why
        As the register's history shows it.
    until
        The last day on which it holds (2026-12-31).
    by
        Who enters it; the login name when left out.
    """
    from b2bua import register
    from b2bua.register.presence import wait

    loaded, now = load_config(config), datetime.datetime.now(datetime.UTC)
    fields = {"number": _number(loaded, number), "reference": reference}
    if until is not None:
        fields["until"] = until
    desk = register.desk_of(loaded)
    done = register.add(desk, loaded, "do_not_originate", fields, by=acting(by), why=why, now=now)
    if done.waits:
        print(f"{done.span} waits: another person must say `b2bua register approve`")  # noqa: T201
        return 0
    late = [worker.name for worker in wait(desk.journal, done.digest) if worker.digest != done.digest]
    if late:
        print(f"{done.span} is entered, and not in force at {', '.join(late)}; the log tells why", file=sys.stderr)  # noqa: T201
        return WANTING
    print(f"{done.span} is in force")  # noqa: T201
    return 0


def _number(config: "Config", text: str) -> str:
    from b2bua.store import normal
    from b2bua.store.store import home_of

    number = normal(text, home_of(config))
    if number is None:
        stop(f"{text!r} is no number; write it as +3222345678")
    return number


def _names(config: "Config", number: str) -> list[str]:
    """The number, and what stands for it in calls whose numbers have been forgotten."""
    from b2bua.evidence.forgetting import pseudonym, read_key

    if config.retention is None or not Path(config.retention.key_file).exists():
        return [number]
    return [number, pseudonym(read_key(Path(config.retention.key_file)), number)]


def _moment(option: str, text: str, *, is_end: bool = False) -> datetime.datetime:
    """A moment, or a whole day of Brussels."""
    from b2bua.commands.common import moment_of
    from b2bua.duties.month import begins

    try:
        day = datetime.date.fromisoformat(text)
        return begins(day + datetime.timedelta(days=1) if is_end else day)
    except ValueError:
        return moment_of(text, option)
    except OverflowError:
        stop(f"{option} {text!r} is too far away")
