"""The answer as somebody reads it: sections of labelled rows, in one of three languages.

It is made of the signed document and of nothing else, so that what is printed is what was signed.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from b2bua.cases.answer import Answer
from b2bua.cases.identity import Identity
from b2bua.civil import local
from b2bua.wording import Words

_LONGEST: Final = 1_000
_MOST_LINES: Final = 20
#: A label's words are those of its key; these rows stand on each call.
_CALL_ROWS = ("operator", "contact", "peer", "own", "call_id")


@attrs.frozen
class Row:
    """A label and what it labels; `is_alarm` marks what the law holds against us."""

    label: str
    text: str
    is_alarm: bool = False

    @property
    def is_long(self) -> bool:
        """Whether it may be higher than a page: strangers choose how long a Call-ID is."""
        return len(self.text) > _LONGEST or self.text.count("\n") > _MOST_LINES


@attrs.frozen
class Lines:
    """Text as it was received, line for line."""

    label: str
    lines: tuple[str, ...]


@attrs.frozen
class Section:
    """What belongs together on the sheet."""

    title: str
    rows: tuple[Row, ...]
    lines: tuple[Lines, ...] = ()

    @classmethod
    def of(cls, title: str, rows: Iterable[Row], lines: Iterable[Lines] = ()) -> "Section":
        """With each row that no page would hold as lines."""
        kept = list(rows)
        long = [Lines(row.label, tuple(row.text.split("\n"))) for row in kept if row.is_long]
        return cls(title, tuple(row for row in kept if not row.is_long), (*long, *lines))


@attrs.frozen
class Sheet:
    """One answer, ready to be printed."""

    language: str
    title: str
    law: str
    sections: tuple[Section, ...]


def sheet_of(answer: Answer, file: str, words: Words) -> Sheet:
    """The sheet of an answer that stands in the file of that name."""
    document = answer.document
    return Sheet(
        words.language,
        words("sheet", "title"),
        words("sheet", "law"),
        (
            _request(document, words),
            _user(document, words),
            *_calls(document, words),
            *_blocks(document, words),
            _proof(answer, file, words),
        ),
    )


def spell(length: datetime.timedelta) -> str:
    """A length of time as 3 h 05 min, or 12 s where it is short; nobody's language."""
    seconds = abs(round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _request(document: Mapping[str, Any], words: Words) -> Section:
    asked, late = document["request"], document["late_seconds"]
    made = _moment(document["made"])
    if late:
        made += f" ({words('request', 'late', late=spell(datetime.timedelta(seconds=late)))})"
    rows = [
        Row(words("request", "reference"), asked["reference"]),
        Row(words("request", "case"), document["case"]),
        Row(words("request", "operator"), document["operator"]["name"]),
        Row(words("request", "contact"), document["operator"]["contact"]),
        Row(words("request", "requested"), _moment(asked["requested"])),
        Row(words("request", "due"), _moment(document["due"])),
        Row(words("request", "made"), made, is_alarm=bool(late)),
        *(Row(words("request", name), asked[name]) for name in ("number", "called", "moment")),
        Row(words("request", "error"), words("request", "seconds", seconds=asked["error_seconds"])),
    ]
    return Section.of(words("request", "title"), (row for row in rows if row.text))


def _user(document: Mapping[str, Any], words: Words) -> Section:
    user = {**document["user"]}
    if "method" in user:
        user["method"] = words("user", user["method"])
    fields = [field.name for field in attrs.fields(Identity)]
    rows = [Row(words("user", field), user[field]) for field in fields if field in user]
    if not rows:
        rows = [Row("", words("user", "none" if document["calls"] else "no_call"), is_alarm=True)]
    missing = ", ".join(words("user", field) for field in document["missing"])
    if missing:
        rows.append(Row(words("user", "missing"), missing, is_alarm=True))
    return Section.of(words("user", "title"), rows)


def _calls(document: Mapping[str, Any], words: Words) -> Iterator[Section]:
    calls = document["calls"]
    if not calls:
        yield Section.of(words("call", "none_title"), _looked_for(document["search"], words))
    for number, call in enumerate(calls, start=1):
        title = words("call", "title", number=number, count=len(calls))
        yield Section.of(title, _rows(call, words), _lines(call, words))


def _looked_for(search: Mapping[str, Any] | None, words: Words) -> Iterator[Row]:
    if search is None or not search["matches"]:
        yield Row("", words("call", "none"), is_alarm=True)
    else:
        yield Row("", words("call", "none_of", count=search["matches"]), is_alarm=True)
    if search is None:
        return
    for name in ("number", "called"):
        if search[name]:
            yield Row(words("call", f"looked_{name}"), ", ".join(search[name]))
    for span in search["spans"]:
        yield Row(words("call", "looked_from"), f"{_moment(span['since'])} - {_moment(span['until'])}")


def _rows(call: Mapping[str, Any], words: Words) -> Iterator[Row]:
    for name in ("began", "answered", "ended"):
        if call[name]:
            yield Row(words("call", name), _moment(call[name]))
    if call["seconds"] is not None:
        yield Row(words("call", "seconds"), words("request", "seconds", seconds=f"{call['seconds']:g}"))
    yield Row(words("call", "trunk"), f"{call['trunk']} ({call['trunk_class']})")
    if call["circuit"]:
        yield Row(words("call", "circuit"), call["circuit"])
    for name in _CALL_ROWS:
        yield Row(words("call", name), call[name] or words("sheet", "unknown"))
    for one in call["sent"]:
        peer = f" ({one['peer']})" if one["peer"] else ""
        yield Row(words("call", "sent", trunk=one["trunk"]), one["call_id"] + peer)
    yield Row(words("call", "called"), call["called"] or words("sheet", "purged"))
    basis = f" ({call['basis']})" if call["basis"] else ""
    yield Row(words("call", "verdict"), words.perhaps("verdict", call["verdict"]) + basis)
    if not call["enforced"]:
        yield Row(words("call", "enforced"), words("sheet", "no"))
    if call["cause"]:
        yield Row(words("call", "cause"), f"{call['cause']} ({call['status']})")
    yield Row(words("call", "profile"), call["profile"])
    yield Row(words("call", "name"), call["call"])


def _lines(call: Mapping[str, Any], words: Words) -> Iterator[Lines]:
    numbers = [
        f"{one['position']}, {one['header']}, {one['number'] or one['raw']}, "
        f"{words.perhaps('verdict', one['outcome'])}, {one['basis']}"
        for one in call["numbers"]
    ]
    roaming = [f"{one['outcome']}, {one['source']}, {_moment(one['at'])}" for one in call["roaming"]]
    hashes = [f"{line['kind']} {line['hash']}" for line in call["lines"]]
    groups = (("numbers", numbers), ("roaming", roaming), ("headers", call["headers"]), ("lines", hashes))
    for name, lines in groups:
        if lines:
            yield Lines(words("call", name), tuple(lines))


def _blocks(document: Mapping[str, Any], words: Words) -> Iterator[Section]:
    rows = [
        Row(words("block", "since", entry=block["entry"]), _moment(block["since"]))
        if block["in_force"] and block["since"]
        else Row(words("block", "waits", entry=block["entry"]), words("sheet", "no"))
        for block in document["blocks"]
    ]
    if document["block_due"]:
        rows.append(Row(words("block", "due"), _moment(document["block_due"])))
    if rows:
        yield Section.of(words("block", "title"), rows)


def _proof(answer: Answer, file: str, words: Words) -> Section:
    lines = (
        Lines(words("proof", "digest"), (answer.digest,)),
        Lines(words("proof", "key"), (answer.document["key"],)),
    )
    return Section.of(words("proof", "title"), [Row(words("proof", "file"), file)], lines)


def _moment(text: str) -> str:
    return local(datetime.datetime.fromisoformat(text))
