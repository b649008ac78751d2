"""History-Info: every target a request has had, in the order of a tree (RFC 7044, which replaced RFC 4244)."""

from typing import Final, TypeAlias

import attrs

from sipstack.values.addressed import Addressed
from sipstack.values.grammar import number
from sipstack.values.privacy import Privacy
from sipstack.values.reason import Reason
from sipstack.values.uri import SipUri

Index: TypeAlias = tuple[int, ...]
"""The place in the tree: `(1, 2, 1)` for `1.2.1`."""

DEEPEST: Final = 70
"""Levels of an index: as many as Max-Forwards gives hops."""
_HIGHEST: Final = 999_999


@attrs.frozen
class HistoryEntry(Addressed):
    """One target: the URI the request was sent to, and what became of it."""

    @property
    def index(self) -> Index | None:
        """Its place; None when missing, though it must be there, or not readable."""
        return _index(self.parameters.get("index"))

    @property
    def rc(self) -> Index | None:
        """The entry whose target this one is by a registration or another change of the same user (section 5)."""
        return _index(self.parameters.get("rc"))

    @property
    def mp(self) -> Index | None:
        """The entry whose target was mapped to another user: who diverted the call."""
        return _index(self.parameters.get("mp"))

    @property
    def np(self) -> Index | None:
        """The entry this one is passed on from unchanged."""
        return _index(self.parameters.get("np"))

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why this target did not take the request: the Reason headers in the URI (section 10.2).

        Raises `ParseError` when they cannot be read.
        """
        return tuple([reason for value in self._headers("reason") for reason in Reason.parse_list(value)])

    @property
    def privacy(self) -> Privacy | None:
        """What is to be hidden of this entry: the Privacy headers in the URI (section 10.1); None when there is none.

        Raises `ParseError` when they cannot be read.
        """
        found = self._headers("privacy")
        return Privacy.parse(";".join(found)) if found else None

    def _headers(self, name: str) -> list[str]:
        fields = self.uri.header_fields() if isinstance(self.uri, SipUri) else ()
        return [value for key, value in fields if key.lower() == name]


def _index(text: str | None) -> Index | None:
    if text is None or text.count(".") >= DEEPEST:
        return None
    found = [number(piece, _HIGHEST) for piece in text.split(".")]
    levels = [level for level in found if level is not None]
    return tuple(levels) if len(levels) == len(found) else None
