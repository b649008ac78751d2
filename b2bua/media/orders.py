"""What a call wants of whatever carries its media: plain data, carried out in order, before its messages leave."""

from typing import Final

import attrs

from b2bua.config import Latch

#: A numeric host and a port, as a socket spells them.
Place = tuple[str, int]

#: The sides of a channel.
A: Final = 0
B: Final = 1


@attrs.frozen
class Face:
    """One side of a channel: where we receive, and whom we believe there."""

    address: str
    port: int
    latch: Latch


@attrs.frozen
class Open:
    """Receive at both faces, and hand on what comes to the other's peer, as soon as there is one."""

    channel: int
    faces: tuple[Face, Face]


@attrs.frozen
class Point:
    """The peer of one side is there from now on; None: nothing may be sent to it."""

    channel: int
    side: int
    target: Place | None


@attrs.frozen
class Close:
    """The channel is over; nothing that comes to its ports goes anywhere."""

    channel: int


Order = Open | Point | Close
