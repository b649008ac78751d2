"""The invariants of `tests/trace` over what the peers of a daemon have seen, and its messages as a test reads them."""

from collections.abc import Collection, Iterable

import attrs

from tests.peers.wire import Datagram
from tests.trace import invariants, reading
from tests.trace.trace import Times, Trace

#: Seconds by which what a peer writes down may be late on a machine that does other things. A peer that calls and one
#: that is called are two processes, each with its own log.
SLACK = 0.1


@attrs.frozen(kw_only=True)
class Message:
    """One message, cut open."""

    datagram: Datagram
    text: reading.Message

    @classmethod
    def read(cls, datagram: Datagram) -> "Message":
        """ValueError for what is none: nothing here is forgiving."""
        return cls(datagram=datagram, text=reading.Message.read(datagram.data))

    def all(self, key: str) -> list[str]:
        """All values of a header."""
        return self.text.all(key)

    def one(self, key: str) -> str:
        """The value of a header that stands exactly once."""
        (value,) = self.all(key)
        return value

    @property
    def start(self) -> str:
        return self.text.start

    @property
    def body(self) -> bytes:
        return self.text.body

    @property
    def is_request(self) -> bool:
        return self.text.status is None

    @property
    def status(self) -> int:
        """Of a response."""
        assert self.text.status is not None, self.start
        return self.text.status

    @property
    def number(self) -> int:
        return self.text.number

    @property
    def uri(self) -> str:
        return self.text.uri

    @property
    def method(self) -> str:
        return self.text.method

    @property
    def branch(self) -> str:
        return self.text.branch

    def tag(self, key: str) -> str:
        """The tag of From or To; "" for none."""
        return reading.parameter(self.one(key), "tag")


def check(
    datagrams: Iterable[Datagram], ours: dict[str, tuple[str, int]], times: Times, relays: Collection[str] = ()
) -> None:
    """All laws over the traffic of one daemon; `ours` is its address on each side, `relays` where it relays media.

    What a test says by hand is in no log, and a test may end before all is said.
    """
    packets = [
        reading.Packet(d.at, d.emitted, d.side, peer=address(d.host, d.port), data=d.data)
        for d in sorted(datagrams, key=lambda datagram: datagram.at)
    ]
    sockets = [(side, address(*where)) for side, where in ours.items()]
    invariants.check(Trace.of(packets, times=times, slack=SLACK, is_whole=False, ours=sockets, relays=relays))


def address(host: str, port: int) -> str:
    """Host and port as SIP writes them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
