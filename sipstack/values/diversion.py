"""Diversion: who sent the call on, and why (RFC 5806; in service long before and after, beside History-Info)."""

import attrs

from sipstack.values.addressed import Addressed
from sipstack.values.grammar import number

_HIGHEST_COUNT = 99
"""Two digits (RFC 5806 section 5: `counter = "counter" EQUAL 1*2DIGIT`)."""


@attrs.frozen
class Diversion(Addressed):
    """One diversion; the latest stands topmost."""

    @property
    def reason(self) -> str | None:
        """`unconditional`, `user-busy`, `no-answer` ..., lower-case and without the quotes some senders put."""
        return self._word("reason")

    @property
    def counter(self) -> int:
        """How many diversions this entry stands for: 1 when not said or not readable (section 6.1)."""
        return number(self.parameters.get("counter") or "", _HIGHEST_COUNT) or 1

    @property
    def limit(self) -> int | None:
        """How many diversions its user allows; None when not said."""
        return number(self.parameters.get("limit") or "", _HIGHEST_COUNT)

    @property
    def privacy(self) -> str | None:
        """`full`, `name`, `uri` or `off`, lower-case; None when not said."""
        return self._word("privacy")

    @property
    def screen(self) -> str | None:
        """`yes` or `no`: whether the number was checked; None when not said."""
        return self._word("screen")
