"""A peer over real sockets that says what it is told and waits for what it names, by its own reading of SIP."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.peers.ports import bound
from tests.peers.rig import Side
from tests.peers.waiting import LONG
from tests.world.party import Fields
from tests.world.wire import Wire, write


class Peer:
    """One socket of one side of the box."""

    def __init__(self, side: Side, port: int) -> None:
        self.side = side
        self.address = side.address(port)
        self._sock = bound(side.host, port)
        self._sock.settimeout(LONG)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._sock.close()

    def throw(self, data: bytes) -> None:
        """Any bytes."""
        self._sock.sendto(data, (self.side.host, self.side.listen))

    def say(self, start: str, fields: Fields, body: bytes = b"") -> None:
        """A message."""
        self.throw(write(start, list(fields), body))

    def answer(self, request: Wire, status: int, headers: Fields = (), body: bytes = b"", *, tag: str = "") -> None:
        """A response to it."""
        to = request.first("to") + ("" if request.to_tag or not tag else f";tag={tag}")
        kept = [("Via", value) for value in request.all("via")]
        kept += [("From", request.first("from")), ("To", to), ("Call-ID", request.call_id)]
        self.say(f"SIP/2.0 {status} By Hand", [*kept, ("CSeq", request.first("cseq")), *headers], body)

    def hear(self, wanted: Callable[[Wire], bool]) -> Wire:
        """The next message that is wanted; others are passed over. TimeoutError when none comes."""
        while True:
            wire = Wire.read(self._sock.recv(65_535))
            if wanted(wire):
                return wire

    def hear_status(self, status: int, method: str) -> Wire:
        """The next response of that status to a request of that method."""
        return self.hear(lambda wire: (wire.status, wire.method) == (status, method))

    def hear_request(self, method: str) -> Wire:
        """The next request of that method."""
        return self.hear(lambda wire: wire.status is None and wire.method == method)
