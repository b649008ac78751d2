"""`b2bua victim`: for those whose number others show: when, from where, what became of it, and an end to it."""

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
from cyclopts import App, Parameter

from b2bua.commands.common import WANTING, By, ConfigFile, Flag, Json, acting, catch_up, load_config, moment_of, stop
from b2bua.commands.in_force import settled

if TYPE_CHECKING:
    from b2bua.config import Config

victim = App(name="victim", help="For those whose number others show: when, from where, what became of it.")

Number = Annotated[str, Parameter(help="The number, in any usual spelling.")]
#: Days that are looked at unless others are named.
_DAYS: Final = 30


@victim.command
def calls(
    config: ConfigFile,
    number: Number,
    /,
    *,
    why: str,
    since: str | None = None,
    until: str | None = None,
    by: By = None,
    json: Flag = False,
) -> int:
    """Say which calls bore a number as their caller's, from where, and what became of them; exit code 1 when there is
    none, or a part of the journal cannot be read. Nobody else's number is shown whole. That somebody looked is recorded
    at the desk.

    Parameters
    ----------
    why
        What it is looked up for: the owner's letter, or whatever shows that the owner asks.
    since
        The first day or moment, 2026-01-31 or 2026-01-31T14:05, in Brussels time, or with its zone; thirty days ago
        when left out.
    until
        The last day, or the moment after the last; now when left out.
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
    first = now - datetime.timedelta(days=_DAYS) if since is None else moment_of(since, "--since")
    last = now if until is None else moment_of(until, "--until", is_end=True)
    with Store.of(loaded) as store:
        is_whole = catch_up(store)
        told = account(store, _names(loaded, named), first, last)
    asked = {"number": named, "since": first, "until": last}
    desk = Desk(Path(loaded.journal.directory))
    look(desk, acting(by), "victim calls", asked, calls=len(told.calls), why=why, now=now)
    if json:
        sys.stdout.buffer.write(orjson.dumps(told.as_dict(), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
    else:
        show_account(told)
    return 0 if told.calls and is_whole else WANTING


@victim.command
def protect(
    config: ConfigFile,
    number: Number,
    /,
    *,
    reference: str,
    why: str = "the owner's request",
    until: str | None = None,
    by: By = None,
    json: Json = False,
) -> int:
    """Enter a number that makes no calls, by its owner's wish: nobody may show it any more, at home neither, and its
    owner cannot call by it. Exit code 1 while it is not in force: another person may have to approve it.

    Parameters
    ----------
    reference
        The owner's letter.
    why
        As the register's history shows it.
    until
        The last day on which it holds (2026-12-31).
    """
    from b2bua import register

    loaded, now = load_config(config), datetime.datetime.now(datetime.UTC)
    fields = {"number": _number(loaded, number), "reference": reference}
    if until is not None:
        fields["until"] = until
    desk = register.desk_of(loaded)
    done = register.add(desk, loaded, "do_not_originate", fields, by=acting(by), why=why, now=now)
    return settled(loaded, done, "entered", json=json)


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
