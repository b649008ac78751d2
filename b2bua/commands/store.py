"""`b2bua store`: the index of the evidence: searched, looked after, made again."""

import datetime
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import orjson
from cyclopts import App

from b2bua.commands.common import WANTING, Flag, acting, load_config, moment_of, stop

if TYPE_CHECKING:
    from b2bua.config import Config
    from b2bua.store import Store, StoredCall

#: Lines that a search waits for, should the clerk not have indexed them yet.
_RECENT = 100_000

store = App(name="store", help="The index of the evidence: searched, looked after, made again.")


@store.command
def search(
    config: Path,
    /,
    *,
    number: str | None = None,
    called: str | None = None,
    since: str | None = None,
    until: str | None = None,
    trunk: str | None = None,
    call_id: str | None = None,
    verdict: str | None = None,
    limit: int = 1_000,
    why: str = "",
    by: str | None = None,
    json: Flag = False,
) -> int:
    """Find calls, oldest first; exit code 1 when there is none. That somebody looked is recorded at the desk.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    number
        Of a caller, in whatever header it stood: +32470123456, 0032470123456, 0470123456, or a short number.
    called
        Of whoever was called.
    since
        The first day or moment that counts: 2026-01-31T14:05, in Brussels time, or with its zone.
    until
        The last day that counts, or the first moment that no longer does.
    trunk
        By which the call came in: a trunk or a circuit.
    call_id
        The Call-ID of either side.
    verdict
        pass, strip, withhold, block or undecided.
    limit
        How many calls at most.
    why
        What it is looked up for: a case, a reference.
    by
        Who looks; the login name when left out.
    json
        A JSON line for each call instead of a table.
    """
    from b2bua.evidence.desk import Desk, look
    from b2bua.store import Wanted

    loaded = load_config(config)
    with _opened(loaded) as opened:
        wanted = Wanted(
            number=_number(opened, "--number", number),
            called=_number(opened, "--called", called),
            since=None if since is None else moment_of(since, "--since"),
            until=None if until is None else moment_of(until, "--until", is_end=True),
            trunk=trunk,
            call_id=call_id,
            verdict=verdict,
            limit=limit,
        )
        _catch_up(opened)
        found = opened.search(wanted)
        asked = {name: value for name, value in attrs.asdict(wanted).items() if value is not None}
        desk, now = Desk(opened.journal), datetime.datetime.now(datetime.UTC)
        look(desk, acting(by), "store search", asked, calls=len(found), why=why, now=now)
        if json:
            for call in found:
                sys.stdout.buffer.write(orjson.dumps(attrs.asdict(call), option=orjson.OPT_APPEND_NEWLINE))
        else:
            _print_calls(found, limit)
    return 0 if found else WANTING


@store.command
def status(config: Path, /, *, json: Flag = False) -> int:
    """Say how far the index has come; exit code 1 when lines wait.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    json
        One JSON object instead of text.
    """
    with _opened(load_config(config)) as opened:
        told = opened.standing()
    waiting = sum(chain.waiting for chain in told)
    if json:
        chains = [attrs.asdict(chain) for chain in told]
        sys.stdout.buffer.write(orjson.dumps({"waiting": waiting, "chains": chains}, option=orjson.OPT_APPEND_NEWLINE))
    else:
        for chain in told:
            print(chain)  # noqa: T201
        print("up to date" if not waiting else f"{waiting} lines wait")  # noqa: T201
    return WANTING if waiting else 0


@store.command
def rebuild(config: Path, /) -> int:
    """Make the index again from the journal. The daemon may run meanwhile; calls are found as they are indexed.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    """
    with _opened(load_config(config)) as opened:
        print(f"{opened.rebuild()} lines indexed")  # noqa: T201
    return 0


@store.command
def check(config: Path, /, *, scratch: Path | None = None, most: int = 20) -> int:
    """Compare the index with one that is made anew from the journal; exit code 1 when they differ.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    scratch
        A folder with room for the other index; that for temporary files when left out.
    most
        How many differences are named.
    """
    with _opened(load_config(config)) as opened, tempfile.TemporaryDirectory(dir=scratch) as folder:
        count = 0
        for count, difference in enumerate(opened.compare(Path(folder)), start=1):
            if count <= most:
                print(difference)  # noqa: T201
    if count:
        print(f"{count} rows differ; `b2bua store rebuild {config}`")  # noqa: T201
        return WANTING
    print("the index is what the journal says")  # noqa: T201
    return 0


def _catch_up(opened: "Store") -> None:
    """What the clerk has not indexed yet; calls that are found without it are found all the same."""
    from b2bua.errors import GatewayError

    try:
        opened.indexer().catch_up(_RECENT)
    except (GatewayError, OSError) as error:
        print(f"b2bua: the latest calls may be missing: {error}", file=sys.stderr)  # noqa: T201


def _opened(config: "Config") -> "Store":
    from b2bua.store import Store

    return Store.of(config)


def _number(opened: "Store", option: str, text: str | None) -> str | None:
    from b2bua.store import normal

    if text is None:
        return None
    number = normal(text, opened.home)
    if number is None:
        stop(f"{option} {text!r} is no number; write it as +32470123456, or a short number's digits")
    return number


def _print_calls(found: "list[StoredCall]", limit: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("at", "trunk", "caller", "called", "verdict", "basis", "end", "s", "call", box=None)
    for call in found:
        table.add_row(*(_cell(value) for value in _columns(call)))
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    console.print(table)
    more = f"; there may be more than --limit {limit}" if len(found) == limit else ""
    console.print(f"{len(found)} calls{more}")


def _columns(call: "StoredCall") -> tuple[Any, ...]:
    from b2bua.civil import local

    end = call.cause or ("answered" if call.answered_at else "open")
    return (
        local(call.at, milliseconds=True),
        call.trunk,
        call.caller,
        call.called,
        call.verdict,
        call.basis,
        end,
        call.seconds,
        call.call,
    )


def _cell(value: Any) -> Any:
    from rich.text import Text

    return Text("" if value is None else str(value))
