"""`b2bua nomadic`: whether nomadic numbers are used from abroad more than occasionally (art. 4 §1, ¶15)."""

import datetime
import sys
from pathlib import Path
from typing import Literal

import attrs
import orjson
from cyclopts import App

from b2bua.commands.common import WANTING, Flag, acting, catch_up, load_config, stop

nomadic = App(name="nomadic", help="Whether nomadic numbers are used from abroad more than occasionally (art. 4 §1).")


@nomadic.command
def show(config: Path, /, *, why: str = "", by: str | None = None, json: Flag = False) -> int:
    """Name the numbers that have called by a nomadic interface, the greatest share first; exit code 1 when somebody
    must look at one, or a part of the journal cannot be read. That somebody looked is recorded at the desk.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    why
        What it is looked up for.
    by
        Who looks; the login name when left out.
    json
        A JSON line for each number.
    """
    from b2bua.duties.meter import Standing
    from b2bua.duties.nomadic import metered
    from b2bua.duties.text import show_nomadic
    from b2bua.evidence.desk import Desk, look
    from b2bua.store import Store

    loaded, now = load_config(config), datetime.datetime.now(datetime.UTC)
    with Store.of(loaded) as store:
        is_whole = catch_up(store)
        found = metered(loaded, store, now)
    calls = sum({one.use.number: one.use.from_abroad + one.use.home for one in found}.values())
    look(Desk(Path(loaded.journal.directory)), acting(by), "nomadic show", {}, calls=calls, why=why, now=now)
    if json:
        for one in found:
            told = {**attrs.asdict(one.use), "share": round(one.use.share, 4), "standing": str(one.standing)}
            sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
    else:
        show_nomadic(found, loaded.nomadic.window_days)
    is_sound = is_whole and not any(one.standing in (Standing.EXCESSIVE, Standing.REJECTED) for one in found)
    return 0 if is_sound else WANTING


@nomadic.command
def decide(
    config: Path,
    number: str,
    finding: Literal["occasional", "excessive"],
    /,
    *,
    why: str,
    until: str | None = None,
    by: str | None = None,
) -> int:
    """Record what a person has found of a number's use. It changes no call: a number that is used too much is taken off
    its agreement's list by `b2bua register`.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    number
        The number, in any usual spelling.
    finding
        `occasional`, and the meter is quiet about it; or `excessive`, and it is not until the number is off the list.
    why
        What it was found by: a talk with the holder, a letter.
    until
        The last day on which this counts (2026-12-31); the meter's window from today when left out.
    by
        Who has found so; the login name when left out.
    """
    from b2bua.duties.meter import Decision
    from b2bua.evidence import Desk
    from b2bua.store import normal
    from b2bua.store.store import home_of
    from policy.register import civil_day

    loaded, now = load_config(config), datetime.datetime.now(datetime.UTC)
    named = normal(number, home_of(loaded))
    if named is None:
        stop(f"{number!r} is no number; write it as +3222345678")
    if not why.strip():
        stop("--why is empty; say what it was found by")
    last = civil_day(now) + datetime.timedelta(days=loaded.nomadic.window_days) if until is None else _day(until)
    decision = Decision(number=named, is_occasional=finding == "occasional", by=acting(by), why=why, until=last)
    Desk(Path(loaded.journal.directory)).write([decision.record(now)])
    print(f"{named}: {finding} until {last}")  # noqa: T201
    return 0


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        stop(f"--until {text!r} is no day; write it as 2026-12-31")
