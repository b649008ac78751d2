"""`b2bua register`: the dated entries that change what the rules say, with who made each and who approved it."""

import datetime
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from cyclopts import App, Parameter

from b2bua.commands.common import WANTING, By, ConfigFile, Flag, Json, acting, load_config, stop
from b2bua.commands.in_force import published, settled

if TYPE_CHECKING:
    from b2bua.config import Config
    from b2bua.register import Entries

register = App(name="register", help="Dated entries that change what the rules say: derogations, blocks, dossiers ...")

Kind = Annotated[str, Parameter(help="The table it would stand in: agreement, blocked-user, consent ...")]
Name = Annotated[str, Parameter(name="entry", help="The entry, agreement-3, or several in a row, consent-1..1000.")]
Fields = Annotated[str, Parameter(allow_leading_hyphen=True)]
Why = Annotated[str, Parameter(help="The reason, kept with it.")]
#: Characters of what an entry says, in a line of a list.
_WIDTH = 60


# To look.


@register.command(name="list")
def list_(config: ConfigFile, kind: Kind | None = None, /, *, all: Flag = False, json: Json = False) -> int:
    """Name the entries that stand or wait for an approval, those in files too.

    Parameters
    ----------
    all
        Those that have ended, or were withdrawn, refused or replaced as well.
    """
    from b2bua.register.shape import kind_of
    from b2bua.register.showing import rows

    loaded, today = load_config(config), _today()
    only = None if kind is None else kind_of(kind)
    shown = [
        row for row in rows(loaded, _entries(loaded), today) if only in (None, row["kind"]) and (all or not row["gone"])
    ]
    if json:
        _data([{key: value for key, value in row.items() if key != "gone"} for row in shown])
        return 0
    for row in shown:
        until = f" to {row['until']}" if row["until"] else ""
        waits = f"; its {row['waits']} waits for an approval" if row["waits"] not in ("", "add") else ""
        said = row["says"] if len(row["says"]) <= _WIDTH else row["says"][: _WIDTH - 3] + "..."
        _say(f"{row['entry'] or '(file)':<22}{row['state']:<12}{row['since']}{until:<15}  {said}{waits}")
    return 0


@register.command
def show(config: ConfigFile, entry: Name, /, *, json: Json = False) -> int:
    """Show one entry whole, with all that was done about it."""
    from b2bua.register import Span
    from b2bua.register.showing import act_line, entry_data, short

    entries = _entries(load_config(config))
    for item in [entries[name] for name in Span.parse(entry)]:
        if json:
            _data(entry_data(item, _today()))
            continue
        _say(f"{item.id}: {item.state(_today())}")
        for key, value in item.said.items():
            _say(f"  {key} = {short(value)}")
        for act in item.acts:
            _say(f"  {act_line(act)}")
    return 0


@register.command
def history(config: ConfigFile, entry: Name | None = None, /, *, json: Json = False) -> int:
    """Tell what was done, oldest first: all of it, or what was done about one entry."""
    from b2bua.register import Span
    from b2bua.register.showing import act_data, act_line

    entries = _entries(load_config(config))
    items = entries.items.values() if entry is None else [entries[name] for name in Span.parse(entry)]
    acts = sorted({id(act): act for item in items for act in item.acts}.values(), key=lambda act: act.at)
    for act in acts:
        if json:
            _data(act_data(act))
        else:
            _say(act_line(act))
    return 0


@register.command
def export(config: ConfigFile, kind: Kind, /, *, all: Flag = False, json: Json = False) -> int:
    """Print the entries of a kind as CSV that `import` reads: those that stand, from files too.

    Parameters
    ----------
    all
        What was entered and stands no more as well.
    json
        A JSON array, which `import` reads too.
    """
    from b2bua.register.shape import fields_of, kind_of
    from b2bua.register.table import write_csv

    loaded, name = load_config(config), kind_of(kind)
    items = [item for item in _entries(loaded).items.values() if item.kind == name and item.fields is not None]
    said = [fields_of(entry) for entry in loaded.register.kinds()[name]]
    said += [dict(item.said) for item in items if all or item.stands]
    if json:
        _data(said)
    else:
        sys.stdout.writelines(write_csv(name, said))
    return 0


@register.command
def check(config: ConfigFile, /, *, json: Json = False) -> int:
    """Check the whole register: its chain, each entry, what ends soon, what waits, and whether the workers have it.

    Exit code 1 when something is wrong; that something ends or waits is no wrong.
    """
    from b2bua.register.inspecting import inspected

    loaded = load_config(config)
    wrong, doubtful = inspected(loaded, _now())
    if json:
        _data({"wrong": wrong, "doubtful": doubtful})
    else:
        for told in (*wrong, *(f"warning: {each}" for each in doubtful)):
            _say(told)
        if not wrong:
            _say("the register holds")
    return WANTING if wrong else 0


# To enter.


@register.command
def add(config: ConfigFile, kind: Kind, /, *fields: Fields, by: By = None, why: Why = "", json: Json = False) -> int:
    """Enter something; it begins today unless it says since=2026-01-31, and stands without until=.

    Parameters
    ----------
    fields
        key=value, with the keys of the kind's table: reference=C-1 number=+3225551212. A list of numbers may stand in
        a file, one a line: numbers=@FILE.
    """
    from b2bua import register as doing
    from b2bua.register.shape import kind_of

    loaded, name = load_config(config), kind_of(kind)
    told = _fields(name, fields)
    done = doing.add(doing.desk_of(loaded), loaded, name, told, by=acting(by), why=why, now=_now())
    return settled(loaded, done, "entered", json=json)


@register.command
def change(
    config: ConfigFile, entry: Name, /, *fields: Fields, by: By = None, why: Why = "", json: Json = False
) -> int:
    """Put another entry in the place of one: it says the same, but for what is named here.

    Parameters
    ----------
    fields
        key=value as for `add`; `key=` takes the key out.
    """
    from b2bua import register as doing

    loaded = load_config(config)
    told = {key: value or None for key, value in _fields(doing.Span.parse(entry).kind, fields).items()}
    done = doing.change(doing.desk_of(loaded), loaded, entry, told, by=acting(by), why=why, now=_now())
    return settled(loaded, done, f"entered in the place of {entry}", json=json)


@register.command(name="import")
def import_(config: ConfigFile, kind: Kind, file: Path, /, *, by: By = None, why: Why = "", json: Json = False) -> int:
    """Enter all of a file, or nothing of it: a CSV file with the keys in its first line, or a JSON array of objects.

    Parameters
    ----------
    file
        FILE.csv or FILE.json. In CSV a list of numbers stands one number a row; rows that agree in all else are one
        entry.
    """
    from b2bua import register as doing
    from b2bua.register.shape import kind_of
    from b2bua.register.table import read_file

    loaded, name = load_config(config), kind_of(kind)
    rows = read_file(name, file)
    desk = doing.desk_of(loaded)
    done = doing.add_all(desk, loaded, name, rows.fields, places=rows.places, by=acting(by), why=why, now=_now())
    return settled(loaded, done, "entered", json=json)


@register.command
def approve(config: ConfigFile, entry: Name, /, *, by: By = None, why: Why = "", json: Json = False) -> int:
    """Let what another person has entered, ended or withdrawn take effect."""
    from b2bua import register as doing

    loaded = load_config(config)
    done = doing.approve(doing.desk_of(loaded), entry, by=acting(by), why=why, now=_now())
    return settled(loaded, done, "approved", json=json)


@register.command
def refuse(config: ConfigFile, entry: Name, /, *, by: By = None, why: Why = "", json: Json = False) -> int:
    """Have what waits for an approval never take effect."""
    from b2bua import register as doing

    loaded = load_config(config)
    done = doing.refuse(doing.desk_of(loaded), entry, by=acting(by), why=why, now=_now())
    return settled(loaded, done, "refused", json=json)


@register.command
def end(
    config: ConfigFile, entry: Name, /, *, on: str | None = None, by: By = None, why: Why = "", json: Json = False
) -> int:
    """Have an entry hold to the end of a day, and no longer.

    Parameters
    ----------
    on
        The last day, 2026-01-31; today when left out.
    """
    from b2bua import register as doing

    loaded = load_config(config)
    day = None if on is None else _day(on)
    done = doing.end(doing.desk_of(loaded), loaded, entry, until=day, by=acting(by), why=why, now=_now())
    return settled(loaded, done, f"ended on {day or _today()}", json=json)


@register.command
def withdraw(config: ConfigFile, entry: Name, /, *, by: By = None, why: Why = "", json: Json = False) -> int:
    """Have an entry hold no more, from the next INVITE on."""
    from b2bua import register as doing

    loaded = load_config(config)
    done = doing.withdraw(doing.desk_of(loaded), loaded, entry, by=acting(by), why=why, now=_now())
    return settled(loaded, done, "withdrawn", json=json)


@register.command
def publish(config: ConfigFile, /, *, json: Json = False) -> int:
    """Make the file that workers read again from the desk's lines."""
    from b2bua import register as doing

    loaded = load_config(config)
    return published(loaded, doing.publish(doing.desk_of(loaded), _now()), json=json)


# What they share.


def _entries(config: "Config") -> "Entries":
    from b2bua.register import Entries, desk_of

    return Entries.fold(desk_of(config).lines())


def _fields(kind: str, written: Iterable[str]) -> dict[str, Any]:
    """The fields of key=value arguments."""
    from b2bua.register.table import listed, typed

    found: dict[str, Any] = {}
    for text in written:
        key, equals, value = text.partition("=")
        if not equals or not key or key in found:
            stop(f"{text!r}: write key=value, each key once")
        found[key] = listed(Path(value[1:])) if key == "numbers" and value.startswith("@") else typed(kind, key, value)
    return found


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        stop(f"--on {text!r} is no day; write it as 2026-01-31")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _today() -> datetime.date:
    from policy.register import civil_day

    return civil_day(_now())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _data(told: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
