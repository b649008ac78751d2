"""The shape of `[media]`: which way the media of a call takes, and where we receive it.

[media]
way = "passthrough"                     # of every call, but for those between
[[media.pair]]
between = ["abroad", "core"]            # two trunks, or "*" for any
way = "relay"
"""

from enum import StrEnum
from functools import partial

import attrs

from b2bua.config.address import Endpoint


class Way(StrEnum):
    """Who carries the media of a call from one side to the other."""

    PASSTHROUGH = "passthrough"
    """The two sides themselves: descriptions cross as they came."""
    RELAY = "relay"
    """A process of ours."""
    KERNEL = "kernel"
    """The kernel of this host, by rules of ours; a process of ours where and while it cannot."""
    RTPENGINE = "rtpengine"
    """An rtpengine."""


class Latch(StrEnum):
    """Whom we believe to be a peer that has not yet sent from where its description says it receives."""

    NEVER = "never"
    """Nobody else."""
    SAME_HOST = "same-host"
    """Who sends from the same address by another port; it is sent to where it said."""
    WINDOW = "window"
    """Who sends first in the first seconds; it is sent to where that came from."""


class Candidates(StrEnum):
    """What becomes of ICE candidates, which name the peers' own addresses."""

    KEEP = "keep"
    """They cross, and media may go past the relay."""
    REPLACE = "replace"
    """One candidate of the relay stands in place of all: its checks cross the relay, and find it."""
    REMOVE = "remove"
    """None is left; an agent then goes by `c=` and `m=` (RFC 8839 §4.2.5)."""


class Lost(StrEnum):
    """What becomes of a new call that no rtpengine takes."""

    REFUSE = "refuse"
    """503: its caller may try elsewhere."""
    PASSTHROUGH = "passthrough"
    """It is set up, and its media goes end to end."""


_PORT = attrs.validators.and_(attrs.validators.ge(1_024), attrs.validators.le(65_535))
_COUNT = partial(attrs.field, validator=attrs.validators.ge(1))


@attrs.frozen(kw_only=True)
class Between:
    """`[[media.pair]]`: the way between two trunks, whichever of them is called."""

    between: tuple[str, ...]
    """Two names of trunks; "*" is any."""
    way: Way


@attrs.frozen(kw_only=True)
class Engine:
    """`[[media.rtpengine.engine]]`: one rtpengine."""

    address: Endpoint
    """Where its control port (`listen-ng`) is."""
    weight: int = _COUNT(default=1)
    """Its share of the calls among those that answer."""


@attrs.frozen(kw_only=True)
class Rtpengine:
    """`[media.rtpengine]`."""

    engine: tuple[Engine, ...]
    flags: tuple[str, ...] = ()
    """Words that go into `flags` of every offer and answer, as rtpengine's manual has them."""
    options: dict[str, object] = attrs.field(factory=dict)
    """What else goes into every offer and answer, by its name there: `"ICE" = "remove"`."""
    timeout_seconds: float = attrs.field(default=1.0, validator=[attrs.validators.ge(0.1), attrs.validators.le(4.0)])
    """How long an engine is waited for, its question sent again meanwhile."""
    ping_seconds: float = attrs.field(default=5.0, validator=[attrs.validators.ge(0.5), attrs.validators.le(3600.0)])
    """How often each engine is asked whether it is there."""
    when_lost: Lost = Lost.REFUSE
    """"refuse" or "passthrough": what becomes of a new call that no engine takes."""


@attrs.frozen(kw_only=True)
class Media:
    """`[media]`."""

    way: Way = Way.PASSTHROUGH
    """"passthrough", "relay", "kernel" or "rtpengine": the way between trunks that no pair names."""
    pair: tuple[Between, ...] = ()
    """The first that fits decides."""
    first_port: int = attrs.field(default=20_000, validator=_PORT)
    """The range of our media ports, on each address; a stream has two."""
    last_port: int = attrs.field(default=39_999, validator=_PORT)
    rest_seconds: float = attrs.field(default=10.0, validator=[attrs.validators.ge(1.0), attrs.validators.le(600.0)])
    """How long the ports of a call that is over are lent to nobody, since its peers may send for a moment more."""
    silence_seconds: float = attrs.field(
        default=60.0, validator=[attrs.validators.ge(5.0), attrs.validators.le(86_400.0)]
    )
    """After how long without any packet the media of a call counts as dead."""
    ends_silent_calls: bool = False
    """Whether a call whose media is dead is hung up, unless one side holds it; else that is told alone. An emergency
    call never is."""
    rtpengine: Rtpengine | None = None


@attrs.frozen(kw_only=True)
class TrunkMedia:
    """`[trunk.media]`: how a trunk's peers reach us with their media."""

    address: tuple[str, ...] = ()
    """Where we receive it, at most one address of each family; left out, those that the trunk listens on."""
    advertise: str | None = None
    """The address that descriptions name in place of an IPv4 one of ours; left out, `advertise` of the trunk where
    that is an address."""
    latch: Latch = Latch.SAME_HOST
    """"never", "same-host" or "window": whom we believe that sends from elsewhere than where it said it receives."""
    candidates: Candidates = Candidates.REPLACE
    """"keep", "replace" or "remove": what becomes of the ICE candidates that its peers get to see."""
    interface: str = ""
    """The name of rtpengine's interface on this side; without it, its first."""
