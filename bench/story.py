"""Calls through a `Core` without sockets: recorded once against two scripted peers, then replayed.

A core mints the same names from the same seed, so what the peers once sent fits the next core as well: a replay costs
what the core costs and nothing for the peers.
"""

import datetime
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs

from b2bua.app import core_of
from b2bua.call import Core, Moment, Record
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
_ALL_TIMERS = 100.0
_SEED = 3261

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
LONDON = "+442079460000"
GHENT = "+3293330000"


def invite(number: int = 0, caller: str = LONDON, identities: Sequence[tuple[str, str]] = ()) -> bytes:
    """An INVITE of 15 headers, and those that say more about who calls."""
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
    return _printed("INVITE", headers, SDP)


def dirty_invite() -> bytes:
    """The same call from a caller that claims Belgian numbers in five headers."""
    return invite(
        caller="+3221234567",
        identities=(
            ("Remote-Party-ID", "<sip:+3231234567@198.51.100.7>;party=calling;privacy=off"),
            ("Diversion", "<sip:+3241234567@198.51.100.7>;reason=unconditional"),
            ("History-Info", f"<sip:+3251234567@198.51.100.7>;index=1, <sip:{GHENT}@198.51.100.7>;index=1.1"),
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
        return _core(self.config)

    def replay(self, core: Core) -> None:
        """All inputs into such a core."""
        for given in self.inputs:
            if given.flow is None:
                core.tick(given.moment)
            else:
                core.receive(given.data, given.flow, given.moment)


def tell(calls: int) -> Story:
    """Records the story of so many calls, one each 10 ms."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "b2bua.toml"
        path.write_text(configuration(PORTS))
        config = load(path)
    teller = _Teller(_core(config))
    for number in range(calls):
        teller.call(number)
    teller.pass_time(_ALL_TIMERS)
    return Story(config=config, calls=calls, inputs=tuple(teller.inputs), records=tuple(teller.records))


@attrs.define(eq=False)
class _Teller:
    """Plays both peers of a core and writes down what they send."""

    core: Core
    inputs: list[Input] = attrs.field(factory=list)
    records: list[Record] = attrs.field(factory=list)
    now: float = 0.0

    def call(self, number: int) -> None:
        """INVITE / 100 / 180 / 200 / ACK / BYE / 200."""
        self.pass_time(0.01)
        offered = self.sent(self.give(CALLER, invite(number)), CALLEE, "INVITE")
        for status in (100, 180):
            self.give(CALLEE, response_to(offered, status, to_tag=f"callee{number}").encode())
        contact = [("Contact", f"<sip:{LOOPBACK}:{PORTS.callee}>"), ("Content-Type", "application/sdp")]
        answer = response_to(offered, 200, to_tag=f"callee{number}", headers=contact, body=SDP.encode())
        answered = next(data for flow, data in self.give(CALLEE, answer.encode()) if flow == CALLER)
        tag = parse(answered).to.tag or ""
        self.give(CALLER, _printed("ACK", _dialog(number, "ACK", LONDON, tag)))
        bye = self.sent(self.give(CALLER, _printed("BYE", _dialog(number, "BYE", LONDON, tag))), CALLEE, "BYE")
        self.give(CALLEE, response_to(bye, 200).encode())

    def give(self, flow: Flow, data: bytes) -> list[tuple[Flow, bytes]]:
        """One datagram in; what the core sent at it."""
        given = Input(self.moment(), flow, data)
        self.inputs.append(given)
        out = self.core.receive(data, flow, given.moment)
        self.records += (effect for effect in out if isinstance(effect, Record))
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
            self.inputs.append(Input(self.moment()))
            self.core.tick(self.moment())
        self.now = end

    def moment(self) -> Moment:
        return Moment(self.now, UTC + datetime.timedelta(seconds=self.now))


def _core(config: Config) -> Core:
    return core_of(config, Ids(random.Random(_SEED).randbytes))


def _dialog(number: int, method: str, caller: str, to_tag: str = "") -> list[tuple[str, str]]:
    """The headers that every request of the caller has."""
    to = f"<sip:{GHENT}@{LOOPBACK}:{PORTS.front};user=phone>"
    return [
        ("Via", f"SIP/2.0/UDP {LOOPBACK}:{PORTS.caller};branch=z9hG4bK-{number}-{method}"),
        ("Max-Forwards", "70"),
        ("From", f'"Worldwide Shipping Ltd" <sip:{caller}@{LOOPBACK}:{PORTS.caller};user=phone>;tag=caller{number}'),
        ("To", f"{to};tag={to_tag}" if to_tag else to),
        ("Call-ID", f"{number}-story@{LOOPBACK}"),
        ("CSeq", f"{2 if method == 'BYE' else 1} {method}"),
    ]


def _printed(method: str, headers: Sequence[tuple[str, str]], body: str = "") -> bytes:
    user = f"{GHENT}@" if method == "INVITE" else ""
    start = f"{method} sip:{user}{LOOPBACK}:{PORTS.front} SIP/2.0"
    lines = [start, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()
