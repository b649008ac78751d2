"""Session-Expires: how long a session lasts unless somebody refreshes it (RFC 4028 section 4)."""

from typing import Literal, Self, TypeAlias

import attrs

from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.shapes import integer, with_parameters

Refresher: TypeAlias = Literal["uac", "uas"]
"""Who refreshes, named by the roles in the transaction that says so."""


@attrs.frozen
class SessionExpires:
    """An interval and who renews it."""

    seconds: int
    """0 to 2**32-1; below 90 is too small (section 5), which is for a session timer to say."""
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def of(cls, seconds: int, refresher: Refresher | None = None) -> Self:
        """One made here."""
        return cls(seconds, NO_PARAMETERS if refresher is None else Parameters((("refresher", refresher),)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `1800;refresher=uac`. Raises `ParseError`."""
        head, parameters = with_parameters(text)
        return cls(integer(head, "Session-Expires"), parameters)

    @property
    def refresher(self) -> Refresher | None:
        """None when left open, or a word the RFC does not know."""
        match (self.parameters.get("refresher") or "").lower():
            case "uac":
                return "uac"
            case "uas":
                return "uas"
        return None

    def __str__(self) -> str:
        return f"{self.seconds}{self.parameters}"
