"""Event and Subscription-State: what is watched, and how the watching stands (RFC 6665 sections 8.2.1 and 8.2.3)."""

from typing import Self

import attrs

from sipstack.values.grammar import number
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.shapes import HIGHEST, word_with_parameters


@attrs.frozen
class Event:
    """An event package, and which of several subscriptions to it within a dialog."""

    package: str
    """With its templates, as written: `refer`, `dialog`, `presence.winfo`. Compared byte by byte (section 8.2.1)."""
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `refer;id=93809824`. Raises `ParseError`."""
        return cls(*word_with_parameters(text, "Event"))

    @property
    def id(self) -> str | None:
        """Tells subscriptions of one package apart; the CSeq of the REFER in its NOTIFY (RFC 3515 section 2.4.6)."""
        return self.parameters.get("id")

    def matches(self, other: "Event") -> bool:
        """Whether both are of the same subscription: package and `id`; other parameters say nothing."""
        return (self.package, self.id) == (other.package, other.id)

    def __str__(self) -> str:
        return f"{self.package}{self.parameters}"


@attrs.frozen
class SubscriptionState:
    """How a subscription stands after the NOTIFY that says so."""

    state: str
    """`active`, `pending`, `terminated` or another word, lower-case."""
    parameters: Parameters = NO_PARAMETERS

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `terminated;reason=noresource`. Raises `ParseError`."""
        state, parameters = word_with_parameters(text, "Subscription-State")
        return cls(state.lower(), parameters)

    @property
    def expires(self) -> int | None:
        """How long it lasts, in seconds; None when not said or not readable."""
        return number(self.parameters.get("expires") or "", HIGHEST)

    @property
    def reason(self) -> str | None:
        """Why it ended, lower-case: `deactivated`, `timeout`, `rejected`, `noresource` ...; None when not said."""
        value = self.parameters.get("reason")
        return None if value is None else value.lower()

    @property
    def retry_after(self) -> int | None:
        """When to subscribe again, in seconds; None when not said or not readable."""
        return number(self.parameters.get("retry-after") or "", HIGHEST)

    def __str__(self) -> str:
        return f"{self.state}{self.parameters}"
