"""`b2bua roaming`: what a holder says of a subscriber, and who would be asked."""

import asyncio
import datetime
import re
import sys
import time  # noqa: TID251 - how long an answer took is what the command is for
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from cyclopts import App

from b2bua.commands.common import WANTING, Flag, acting, load_config, stop

if TYPE_CHECKING:
    from b2bua.call import Alarm, Record
    from b2bua.config import Config
    from policy.roaming import Answer

roaming = App(name="roaming", help="What a holder says of a subscriber, and who would be asked.")

_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}")


@roaming.command
def ask(config: Path, number: str, /, *, why: str = "a trial", by: str | None = None, json: Flag = False) -> int:
    """Ask a number's holder as a call would, and print the answer; exit code 1 when there is none.

    Whether somebody is abroad is his own affair: the chain of the desk keeps who has asked, about whom and why.

    Parameters
    ----------
    config
        The configuration file.
    number
        A mobile number, +32470123456.
    why
        A case or a reference, for that line.
    by
        Who asks; the login name when it is left out.
    json
        One JSON object instead of text.
    """
    from b2bua.evidence.desk import Desk, look

    loaded = _loaded(config, number)
    asked = {"number": number}
    now = datetime.datetime.now(datetime.UTC)
    look(Desk(Path(loaded.journal.directory)), acting(by), "roaming ask", asked, calls=0, why=why, now=now)
    began = time.monotonic()
    answer = asyncio.run(_answer(loaded, number))
    took = round((time.monotonic() - began) * 1_000)
    at = None if answer.at is None else answer.at.isoformat(timespec="milliseconds")
    told = {"number": number, "outcome": str(answer.outcome), "source": answer.source, "at": at, "milliseconds": took}
    if json:
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))
    else:
        print(f"{number}: {answer.outcome}; {answer.source}, as of {at}; {took} ms")  # noqa: T201
    from policy.roaming import Roaming

    return WANTING if answer.outcome in (Roaming.FAILED, Roaming.NOT_ASKED, Roaming.NOT_OFFERED) else 0


@roaming.command
def route(config: Path, number: str, /) -> int:
    """Say who would be asked about a number, and ask nobody; exit code 1 when nobody would.

    Parameters
    ----------
    config
        The configuration file.
    number
        A mobile number, +32470123456.
    """
    from b2bua.config import Roaming
    from b2bua.roaming.routes import Routes, read_ported

    terms = _loaded(config, number).roaming or Roaming()
    if number in terms.table:
        print(f"{number}: the table says {terms.table[number]}")  # noqa: T201
        return 0
    holder = Routes.of(terms, read_ported(terms)).holder_of(number)
    print(f"{number}: {holder or 'no holder offers a check'}")  # noqa: T201
    return 0 if holder else WANTING


def _loaded(config: Path, number: str) -> "Config":
    if not _NUMBER.fullmatch(number):
        stop(f"{number!r} is no number in the form +32470123456")
    return load_config(config)


async def _answer(config: "Config", number: str) -> "Answer":
    """What comes of asking, once and with nothing known before."""
    from b2bua.moment import Moment
    from b2bua.roaming import Asking
    from policy.roaming import Answer, Questions

    asking = Asking.open(config.roaming, config.profile.load().plan)
    asking.start(_warn)
    later: asyncio.Future[dict[str, Answer]] = asyncio.get_running_loop().create_future()
    try:
        moment = Moment(time.monotonic(), datetime.datetime.now(datetime.UTC))
        answers = asking.ask(Questions((number,)), moment, later.set_result)
        return (await later if answers is None else answers)[number]
    finally:
        await asking.close()


def _warn(note: "Record | Alarm") -> None:
    from b2bua.call import Alarm

    if isinstance(note, Alarm):
        print(f"{note.name}: {note.text}", file=sys.stderr)  # noqa: T201
