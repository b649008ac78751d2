"""The three times from which every SIP timer is made (RFC 3261 §17.1.1.1 and table 4).

T1 is the expected round trip, T2 the longest pause between two sendings, T4 the longest life of a message in the
network. The lettered timers of the RFC are products of these and appear in the machines as end-of-line comments.
"""

import attrs

from sipstack.errors import StateError


def _positive(timing: "Timing", field: "attrs.Attribute[float]", value: float) -> None:
    # `not >`, so that NaN is refused too: a pause of nothing would be a tick without end.
    if not value > 0:
        raise StateError(f"{field.name} must be a time above 0, not {value!r}")


def _not_negative(timing: "Timing", field: "attrs.Attribute[float]", value: float) -> None:
    if not value >= 0:
        raise StateError(f"{field.name} must be a time, not {value!r}")


@attrs.frozen
class Timing:
    """The times a stack runs by, in seconds; the defaults are the RFC's for the open Internet.

    Raises StateError for what is no time.
    """

    t1: float = attrs.field(default=0.5, validator=_positive)
    """Expected round trip; the first pause before something is sent again."""
    t2: float = attrs.field(default=4.0, validator=_positive)
    """The longest pause between sendings of a non-INVITE request or of a response to an INVITE."""
    t4: float = attrs.field(default=5.0, validator=_not_negative)
    """How long the network may still hold a copy of a message."""
    trying: float = attrs.field(default=0.2, kw_only=True, validator=_not_negative)
    """How long a server INVITE may stay silent before the stack itself says 100 (§17.2.1)."""

    @property
    def give_up(self) -> float:
        """Timers B, F, H, J, L and M: 64*T1, when a try counts as failed or all its copies as seen."""
        return 64 * self.t1

    @property
    def absorb_failures(self) -> float:
        """Timer D: how long a refused INVITE client swallows the repeated 3xx-6xx; it mirrors their timer H."""
        return 64 * self.t1
