"""Calls through a `Core` without sockets: recorded once against two scripted peers, then replayed.

A core mints the same names from the same seed, so what the peers once sent fits the next core as well: a replay costs
what the core costs and nothing for the peers.
"""

import datetime
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from b2bua.app import core_of
from b2bua.call import Core, Moment, Record
from b2bua.call.core import Output
from b2bua.config import Config, load
from bench.boxes import Ports, configuration
from bench.processes import LOOPBACK
from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Request, parse, response_to

PORTS = Ports(caller=5080, front=5060, back=5062, callee=5090)
CALLER = Flow(f"{LOOPBACK}:{PORTS.front}", (LOOPBACK, PORTS.caller))
CALLEE = Flow(f"{LOOPBACK}:{PORTS.back}", (LOOPBACK, PORTS.callee))
UTC = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
#: Longer than any timer of a call that is over.
ALL_TIMERS = 100.0
SEED = 3261

SDP = "".join(
    f"{line}\r\n"
    for line in (
        "v=0",
        f"o=gateway 53655765 2353687637 IN IP4 {LOOPBACK}",
        "s=carrier call",
        f"c=IN IP4 {LOOPBACK}",
        "t=0 0",
        "m=audio 16384 RTP/AVP 8 0 18 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:18 G729/8000",
        "a=fmtp:18 annexb=no",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
    )
)


def london(number: int) -> str:
    """The caller of that call, whom nothing forbids. Each call has numbers of its own, as calls have: what is
    remembered of one must not make the next one look cheap."""
    return f"+44207{number % 10_000_000:07}"


def brussels(number: int) -> str:
    """One who may not call from abroad: it is no mobile number, and no exception of the decree is for it."""
    return f"+322{5_000_000 + number % 1_000_000}"


def ghent(number: int) -> str:
    """Who is called."""
    return f"+329{3_000_000 + number % 1_000_000}"


def invite(number: int = 0, caller: str = "", identities: Sequence[tuple[str, str]] = ()) -> bytes:
    """An INVITE of 15 headers, and those that say more about who calls."""
    caller = caller or london(number)
    headers = [
        *_dialog(number, "INVITE", caller),
        ("Contact", f"<sip:{caller}@{LOOPBACK}:{PORTS.caller};transport=udp>"),
        ("P-Asserted-Identity", f"<sip:{caller}@{LOOPBACK}:{PORTS.caller};user=phone>"),
        *identities,
        ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, SUBSCRIBE, MESSAGE"),
        ("Supported", "100rel, timer, histinfo, replaces"),
        ("Session-Expires", "1800"),
        ("Min-SE", "90"),
        ("User-Agent", "Carrier-Gateway/7.20A.258.063 (int-trunk)"),
        ("Content-Type", "application/sdp"),
    ]
    return _printed("INVITE", number, headers, SDP)


def dirty_invite(number: int = 0) -> bytes:
    """The same call from a caller that claims Belgian numbers in five headers."""
    antwerp, liege = (f"+32{area}{1_000_000 + number % 1_000_000}" for area in (3, 4))
    bruges = f"+3250{300_000 + number % 100_000}"
    return invite(
        number,
        brussels(number),
        (
            ("Remote-Party-ID", f"<sip:{antwerp}@198.51.100.7>;party=calling;privacy=off"),
            ("Diversion", f"<sip:{liege}@198.51.100.7>;reason=unconditional"),
            ("History-Info", f"<sip:{bruges}@198.51.100.7>;index=1, <sip:{ghent(number)}@198.51.100.7>;index=1.1"),
        ),
    )


@attrs.frozen
class Input:
    """What a core is given: a datagram on its flow, or, without one, a tick."""

    moment: Moment
    flow: Flow | None = None
    data: bytes = b""


@attrs.frozen(kw_only=True)
class Story:
    """So many calls, from INVITE to the last timer."""

    config: Config
    calls: int
    inputs: tuple[Input, ...]
    records: tuple[Record, ...]
    """The evidence of all of them."""

    def core(self) -> Core:
        """A fresh core that the inputs fit."""
        return core_of(self.config, Ids(dice().randbytes))

    def replay(self, core: Core) -> None:
        """All inputs into such a core."""
        for given in self.inputs:
            if given.flow is None:
                core.tick(given.moment)
            else:
                core.receive(given.data, given.flow, given.moment)


def dice() -> random.Random:
    """What a core of a story mints its names from; seeded anew, it mints them again."""
    return random.Random(SEED)


def between_carriers(more: str = "") -> Config:
    """The configuration of the daemon that is measured, and more of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b2bua.toml"
        path.write_text(configuration(PORTS) + more)
        return load(path)


def tell(calls: int, config: Config | None = None, *, first: int = 0, refused: bool = False) -> Story:
    """Records the story of so many calls, one each 10 ms: passed and answered, or refused for their caller's number.

    They are numbered from `first`.
    """
    config = config or between_carriers()
    inputs: list[Input] = []
    records: list[Record] = []

    def note(given: Input, out: Sequence[Output]) -> None:
        inputs.append(given)
        records.extend(effect for effect in out if isinstance(effect, Record))

    teller = Teller(core_of(config, Ids(dice().randbytes)), note)
    for number in range(first, first + calls):
        (teller.refusal if refused else teller.call)(number)
    teller.pass_time(ALL_TIMERS)
    return Story(config=config, calls=calls, inputs=tuple(inputs), records=tuple(records))


@attrs.define(eq=False)
class Teller:
    """Plays both peers of a core."""

    core: Core
    note: Callable[[Input, Sequence[Output]], None]
    """Is told of all that the core is given, and of what came of it."""
    now: float = 0.0

    def call(self, number: int) -> None:
        """INVITE / 100 / 180 / 200 / ACK / BYE / 200."""
        self.pass_time(0.01)
        self.hang_up(number, self.set_up(number))

    def refusal(self, number: int) -> None:
        """INVITE / 603 / ACK."""
        self.pass_time(0.01)
        (answered,) = self.give(CALLER, invite(number, brussels(number)))
        tag = parse(answered[1]).to.tag or ""
        self.give(
            CALLER,
            _printed("ACK", number, [_via(number, "INVITE"), *_dialog(number, "ACK", brussels(number), tag)[1:]]),
        )

    def set_up(self, number: int) -> str:
        """INVITE / 100 / 180 / 200 / ACK; the tag that the caller got."""
        offered = self.sent(self.give(CALLER, invite(number)), CALLEE, "INVITE")
        for status in (100, 180):
            self.give(CALLEE, response_to(offered, status, to_tag=f"callee{number}").encode())
        contact = [("Contact", f"<sip:{LOOPBACK}:{PORTS.callee}>"), ("Content-Type", "application/sdp")]
        answer = response_to(offered, 200, to_tag=f"callee{number}", headers=contact, body=SDP.encode())
        answered = next(data for flow, data in self.give(CALLEE, answer.encode()) if flow == CALLER)
        tag = parse(answered).to.tag or ""
        self.give(CALLER, _printed("ACK", number, _dialog(number, "ACK", london(number), tag)))
        return tag

    def hang_up(self, number: int, tag: str) -> None:
        """BYE / 200."""
        bye = self.sent(
            self.give(CALLER, _printed("BYE", number, _dialog(number, "BYE", london(number), tag))), CALLEE, "BYE"
        )
        self.give(CALLEE, response_to(bye, 200).encode())

    def give(self, flow: Flow, data: bytes) -> list[tuple[Flow, bytes]]:
        """One datagram in; what the core sent at it."""
        given = Input(self.moment(), flow, data)
        out = self.core.receive(data, flow, given.moment)
        self.note(given, out)
        return [(effect.flow, effect.data) for effect in out if isinstance(effect, Send)]

    def sent(self, out: Sequence[tuple[Flow, bytes]], flow: Flow, method: str) -> Request:
        """The request that went there."""
        messages = (parse(data) for to, data in out if to == flow)
        return next(m for m in messages if isinstance(m, Request) and m.method == method)

    def pass_time(self, seconds: float) -> None:
        """Ticks at every deadline until then."""
        end = self.now + seconds
        while (due := self.core.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            given = Input(self.moment())
            self.note(given, self.core.tick(given.moment))
        self.now = end

    def moment(self) -> Moment:
        return Moment(self.now, UTC + datetime.timedelta(seconds=self.now))


def _dialog(number: int, method: str, caller: str, to_tag: str = "") -> list[tuple[str, str]]:
    """The headers that every request of the caller has."""
    to = f"<sip:{ghent(number)}@{LOOPBACK}:{PORTS.front};user=phone>"
    return [
        _via(number, method),
        ("Max-Forwards", "70"),
        ("From", f'"Worldwide Shipping Ltd" <sip:{caller}@{LOOPBACK}:{PORTS.caller};user=phone>;tag=caller{number}'),
        ("To", f"{to};tag={to_tag}" if to_tag else to),
        ("Call-ID", f"{number}-story@{LOOPBACK}"),
        ("CSeq", f"{2 if method == 'BYE' else 1} {method}"),
    ]


def _via(number: int, method: str) -> tuple[str, str]:
    return "Via", f"SIP/2.0/UDP {LOOPBACK}:{PORTS.caller};branch=z9hG4bK-{number}-{method}"


def _printed(method: str, number: int, headers: Sequence[tuple[str, str]], body: str = "") -> bytes:
    user = f"{ghent(number)}@" if method == "INVITE" else ""
    start = f"{method} sip:{user}{LOOPBACK}:{PORTS.front} SIP/2.0"
    lines = [start, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()
