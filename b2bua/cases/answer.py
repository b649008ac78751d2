"""What the regulator is told: one document, plain data, signed with the journal's key.

The document is the answer; sheet and PDF are prints of it. It holds the sealed lines of each call, so that every word
of it can be checked against the journal and the journal's signatures. Where our evidence has no such call, it says what
was looked for, and names no user: of no call there is none.
"""

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import orjson

from b2bua.cases.case import Case
from b2bua.cases.finding import Search
from b2bua.cases.origin import Origin
from b2bua.config import Cases
from b2bua.evidence.signing import SigningKey, signed

KIND: Final = "answer to the regulator (royal decree of 12 May 2024, art. 4 §2)"
VERSION: Final = 1


@attrs.frozen
class Answer:
    """An answer that has been signed."""

    document: Mapping[str, Any]
    data: bytes = attrs.field(repr=False)
    """The file of it."""

    @property
    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal: by which the case remembers it."""
        return hashlib.sha256(self.data).hexdigest()


def answer_of(
    case: Case,
    origins: Sequence[Origin],
    who: Cases,
    key: SigningKey,
    now: datetime.datetime,
    *,
    search: Search | None = None,
) -> Answer:
    """The answer to a case as it stands now; `search` is what was looked for in vain, where it stands on no call."""
    document = signed(_document(case, origins, search, who, now), key)
    return Answer(document, orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _document(
    case: Case, origins: Sequence[Origin], search: Search | None, who: Cases, now: datetime.datetime
) -> dict[str, object]:
    clock, block = case.answer_clock, case.block_clock(now)
    return {
        "document": KIND,
        "version": VERSION,
        "case": case.id,
        "operator": {"name": who.operator, "contact": who.contact},
        "request": attrs.asdict(case.asked),
        "made": now,
        "due": clock.due,
        "late_seconds": max(0, round((now - clock.due).total_seconds())),
        "user": case.identity.given if case.calls else {},
        "missing": list(case.lacks),
        "calls": [attrs.asdict(origin) for origin in origins],
        "search": None if search is None else search.as_dict(),
        "block_due": None if block is None else block.due,
        "blocks": [
            {"entry": block.entry, "since": block.since, "in_force": block.is_in_force} for block in case.blocks
        ],
    }
