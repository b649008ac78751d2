"""A core that is told datagrams by hand and has its clock turned: for what is counted by the thousand."""

import datetime
import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable
from random import Random

import attrs

from b2bua.app import core_of
from b2bua.call import Core, Moment
from b2bua.config import Config
from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from tests.world.scene import ABROAD_SOCKET, CONFIG, EPOCH
from tests.world.wire import write

SOURCE = Flow(ABROAD_SOCKET, ("192.0.2.1", 5060))
HONEST, FORBIDDEN = "<sip:+33612345678@192.0.2.1>", "<sip:+3225551212@192.0.2.1>"
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


@attrs.define(eq=False)
class Bare:
    """Sends are counted, and kept when `keep` says so; records and alarms go nowhere."""

    config: Config = attrs.field(default=CONFIG, repr=False)
    now: float = 1_000.0
    octets_in: int = 0
    octets_out: int = 0
    """Back to the source alone."""
    keep: bool = False
    sent: list[Send] = attrs.field(factory=list, repr=False)
    core: Core = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.core = core_of(self.config, Ids(Random(1).randbytes))

    def hear(self, data: bytes, flow: Flow = SOURCE) -> None:
        """A datagram comes in."""
        self.octets_in += len(data)
        self._take(self.core.receive(data, flow, self.moment))

    def hear_all(self, messages: Iterable[bytes]) -> None:
        """One after the other."""
        for data in messages:
            self.hear(data)

    def wait(self, seconds: float) -> None:
        """Turns the clock, with every deadline on the way."""
        end = self.now + seconds
        while (due := self.core.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self._take(self.core.tick(self.moment))
        self.now = end

    @property
    def moment(self) -> Moment:
        return Moment(self.now, EPOCH + datetime.timedelta(seconds=self.now))

    def _take(self, outputs: Iterable[object]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self.octets_out += len(output.data) if output.flow == SOURCE else 0
                if self.keep:
                    self.sent.append(output)


def invite(number: int, caller: str = HONEST, headers: Iterable[tuple[str, str]] = (), body: bytes = SDP) -> bytes:
    """A call that is another for each number."""
    fields = [
        ("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{number}"),
        ("Max-Forwards", "70"),
        ("From", f"{caller};tag={number}"),
        ("To", "<sip:+3293330000@192.0.2.10>"),
        ("Call-ID", f"bare-{number}"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:a@192.0.2.1:5060>"),
        *headers,
        ("Content-Type", "application/sdp"),
    ]
    return write("INVITE sip:+3293330000@192.0.2.10 SIP/2.0", fields, body)


def allocated() -> int:
    """Octets that Python has allocated, all garbage gone; tracemalloc must be running."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def quickest(action: Callable[[int], object], tries: int = 5) -> float:
    """Seconds of CPU the quickest of some tries took, each with its own number."""
    took = []
    for attempt in range(tries):
        began = time.process_time()
        action(attempt)
        took.append(time.process_time() - began)
    return min(took)
