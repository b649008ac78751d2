"""Timestamp: when a request was sent, echoed so that the round trip can be measured (RFC 3261 section 20.38)."""

import re
from decimal import Decimal
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import WHITE

# More digits than any clock has are no time but a weight. A delay may lack its first digits.
_TIMESTAMP = re.compile(r"([0-9]{1,20}(?:\.[0-9]{0,20})?)(?:[ \t]++([0-9]{0,20}(?:\.[0-9]{0,20})?))?")


@attrs.frozen
class Timestamp:
    """The sender's time, and how long the answerer took before it answered. Exact: it is echoed digit by digit."""

    seconds: Decimal
    """On the sender's own clock, whose zero only the sender knows."""
    delay: Decimal | None = None
    """Seconds between request and response; None when not said."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `54.21 0.5`. Raises `ParseError`."""
        found = _TIMESTAMP.fullmatch(text.strip(WHITE))
        if found is None:
            raise ParseError("Bad Timestamp", text)
        return cls(Decimal(found[1]), _delay(found[2]))

    def __str__(self) -> str:
        delay = "" if self.delay is None else f" {self.delay:f}"
        return f"{self.seconds:f}{delay}"


def _delay(text: str | None) -> Decimal | None:
    if not text:
        return None
    return Decimal("0") if text == "." else Decimal(text)
