"""A stand for one call: a `Core` between a foreign and a national peer, both played octet by octet by the test."""

import datetime
import random
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import attrs

from b2bua.app import core_of
from b2bua.call import Alarm, Ask, Core, Moment, Record
from b2bua.call.anomalies import Anomalies
from b2bua.call.context import Context, Law
from b2bua.call.naming import Dialogs
from b2bua.config import Config, load
from b2bua.roaming import Table
from policy.ledger import Ledger
from policy.profile import Profile
from policy.register import Entry, Register
from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.transaction import TransactionLayer
from tests.safety.countries import BELGIUM, Country
from tests.safety.wire import Seen, address_of, message, read

CALLED = BELGIUM.called
FOREIGN = Flow("127.0.0.1:5060", ("127.0.0.2", 5060))
NATIONAL = Flow("127.0.0.1:5062", ("127.0.0.3", 5060))
#: A transit trunk whose attestation has lapsed, and a special interface whose one listed number nobody else has.
LAPSED = Flow("127.0.0.1:5064", ("127.0.0.4", 5060))
SPECIAL = Flow("127.0.0.1:5066", ("127.0.0.5", 5060))
#: A border controller that makes its calls itself, and asks first.
ASKER = Flow("127.0.0.1:5068", ("127.0.0.6", 5060))
#: Every way by which a call is judged.
SCREENED = (FOREIGN, LAPSED, SPECIAL)
_ROOT = Path(__file__).parents[2]
_PROFILES = {"spain": _ROOT / "tests/policy/profiles/spain.toml"}
#: The rows of numbers of the country.
_HOME = ("geographic]", "non-geographic]", "machine]", "mobile]", "short]")
SDP = (
    b"v=0\r\no=- 20518 0 IN IP4 203.0.113.1\r\ns=-\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n"
    b"m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)


@lru_cache(maxsize=1)
def _config() -> Config:
    return load(Path(__file__).with_name("b2bua.toml"))


@lru_cache(maxsize=1)
def _context() -> Context:
    return core_of(_config(), Ids(random.Random(0).randbytes)).context


def fresh_core(country: Country = BELGIUM, entries: tuple[Entry, ...] = ()) -> Core:
    """A core like the daemon's, with seeded names; reading the profile once is enough.

    It judges by the law of that country, with these entries beside those of the register.
    """
    ids = Ids(random.Random(7).randbytes)
    known = _context()
    register = Register(version="of the test", entries=(*known.register.entries, *entries))
    law = Law(_profile(country.name), register)
    context = attrs.evolve(known, ids=ids, law=law, ledger=Ledger(), anomalies=Anomalies(), dialogs=Dialogs())
    return Core(context, TransactionLayer(context.timing, ids))


@lru_cache
def _profile(name: str) -> Profile:
    """That country's rules, but stricter where they let its numbers pass as redirecting ones: there, none may be seen.

    Else a redirecting number would be no secret, and a call where it stands beside one that is could show it rightly.
    """
    source = _PROFILES.get(name, _ROOT / f"policy/profiles/{name}.toml")
    rows = [
        row.replace('redirect = "pass"', 'redirect = "strip"') if row.startswith(_HOME) else row
        for row in source.read_text().split("[rules.")
    ]
    return Profile.parse("[rules.".join(rows).encode(), source.name)


@attrs.frozen(kw_only=True)
class Invite:
    """The caller's INVITE: its lines as they stand on the wire, and the parts its later messages repeat."""

    uri: str = f"sip:{CALLED}@b2bua.example"
    lines: tuple[str, ...]
    """All but Content-Length."""
    body: bytes = SDP
    via: str = "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKcaller"
    caller: str = "<sip:+33612345678@carrier.example>;tag=caller"
    """The value of From, for the messages after."""
    called: str = f"<sip:{CALLED}@b2bua.example>"
    call_id: str = "call-of-the-foreign-side"

    @property
    def data(self) -> bytes:
        return message(f"INVITE {self.uri} SIP/2.0", list(self.lines), self.body)


@attrs.define(eq=False)
class Stand:
    """Two peers around one core. `sent` is what left towards the callee's side, `got` what came back to the caller."""

    caller: Flow = FOREIGN
    country: Country = BELGIUM
    entries: tuple[Entry, ...] = ()
    """Of the register, beside those of the configuration."""
    says: tuple[str, ...] = ()
    """Lines that the caller adds to each of its later messages."""
    core: Core = attrs.field(
        default=attrs.Factory(lambda stand: fresh_core(stand.country, stand.entries), takes_self=True)
    )
    now: float = 1000.0
    sent: list[bytes] = attrs.field(factory=list)
    got: list[bytes] = attrs.field(factory=list)
    records: list[Record] = attrs.field(factory=list)
    alarms: list[Alarm] = attrs.field(factory=list)
    cseq: int = 1
    back_cseq: int = 0
    branch: int = 0

    @property
    def callee(self) -> Flow:
        return FOREIGN if self.caller == NATIONAL else NATIONAL

    @property
    def verdict(self) -> str:
        """The verdict on the INVITE; "" when none was reached, for an INVITE that is no SIP."""
        return next((str(record.facts["verdict"]) for record in self.records if record.kind == "verdict"), "")

    @property
    def judged_as(self) -> str:
        """The class that it was reached in."""
        return next((str(record.facts["class"]) for record in self.records if record.kind == "verdict"), "")

    def first(self, method: str) -> Seen:
        """The first request of that method that left."""
        return next(seen for seen in map(read, self.sent) if seen.is_request and seen.method == method)

    # The machinery.

    def moment(self) -> Moment:
        return Moment(self.now, datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC))

    def give(self, data: bytes, flow: Flow) -> None:
        """One datagram, and all that follows from it."""
        self.now += 0.01
        self._take(self.core.receive(data, flow, self.moment()))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self._take(self.core.tick(self.moment()))

    def _take(self, effects: Iterable[object]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                (self.sent if effect.flow.socket == self.callee.socket else self.got).append(effect.data)
            elif isinstance(effect, Record):
                self.records.append(effect)
            elif isinstance(effect, Alarm):
                self.alarms.append(effect)
            elif isinstance(effect, Ask):
                answers = Table.of(_config().roaming).answer(effect.questions, self.moment().utc)
                self._take(self.core.answered(effect.call, answers, self.moment()))

    # The caller.

    def invite(self, invite: Invite) -> Seen | None:
        """The INVITE as it arrives on the other side; None when it does not."""
        self.give(invite.data, self.caller)
        return next((seen for seen in map(read, self.sent) if seen.method == "INVITE"), None)

    def last_answer(self) -> Seen:
        """The newest response the caller has to its INVITE."""
        return next(s for s in map(read, reversed(self.got)) if not s.is_request and s.get("cseq") == "1 INVITE")

    def request(self, invite: Invite, method: str, lines: Iterable[str] = (), body: bytes = b"", **parts: str) -> None:
        """A request of the caller in its dialog; `parts` may change `caller`, `reason` and `cseq`."""
        answer = self.last_answer()
        self.branch += 1
        if method not in ("ACK", "CANCEL"):
            self.cseq += 1
        number = 1 if method in ("ACK", "CANCEL") else self.cseq
        own = [
            f"Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKlater{self.branch}",
            f"From: {parts.get('caller', invite.caller)}",
            f"To: {answer.get('to')}",
            f"Call-ID: {invite.call_id}",
            f"CSeq: {number} {method}",
            "Contact: <sip:127.0.0.2:5060>",
            "Max-Forwards: 70",
        ]
        if method == "CANCEL":
            own[0], own[2] = invite.via, f"To: {invite.called}"
        uri = invite.uri if method == "CANCEL" else address_of(answer.get("contact")) or "sip:127.0.0.1:5060"
        self.give(message(f"{method} {uri} SIP/2.0", [*own, *self.says, *lines], body), self.caller)

    # The callee.

    def answer(self, request: Seen, status: str, lines: Iterable[str] = (), body: bytes = b"") -> None:
        """The callee's response to what it was sent; the To tag is its own."""
        self.give(_response(request, status, self.callee, lines, body), self.callee)

    def caller_answer(self, request: Seen, status: str, lines: Iterable[str] = (), body: bytes = b"") -> None:
        """The caller's response to a request in the dialog."""
        self.give(_response(request, status, self.caller, [*self.says, *lines], body), self.caller)

    def callee_request(
        self, arrived: Seen, method: str, lines: Iterable[str] = (), body: bytes = b"", **parts: str
    ) -> None:
        """A request of the callee in the dialog that `arrived`, its INVITE, made; `parts` may change `caller`."""
        self.branch += 1
        self.back_cseq += method != "ACK"
        host = "127.0.0.3:5060" if self.callee == NATIONAL else "127.0.0.2:5060"
        own = [
            f"Via: SIP/2.0/UDP {host};branch=z9hG4bKback{self.branch}",
            f"From: {parts.get('caller') or arrived.get('to') + ';tag=callee'}",
            f"To: {arrived.get('from')}",
            f"Call-ID: {arrived.get('call-id')}",
            f"CSeq: {self.back_cseq} {method}",
            f"Contact: <sip:{host}>",
            "Max-Forwards: 70",
        ]
        uri = address_of(arrived.get("contact"))
        self.give(message(f"{method} {uri} SIP/2.0", [*own, *lines], body), self.callee)

    def new(self, heap: list[bytes], before: int) -> list[Seen]:
        """What has arrived in `sent` or `got` since it held `before` messages."""
        return [read(data) for data in heap[before:]]


def _response(request: Seen, status: str, flow: Flow, lines: Iterable[str], body: bytes) -> bytes:
    to = request.get("to")
    own = [
        *[f"Via: {via}" for via in request.all("via")],
        f"From: {request.get('from')}",
        f"To: {to}" if ";tag=" in to else f"To: {to};tag=callee",
        f"Call-ID: {request.get('call-id')}",
        f"CSeq: {request.get('cseq')}",
        f"Contact: <sip:{flow.remote[0]}:{flow.remote[1]}>",
    ]
    return message(f"SIP/2.0 {status}", [*own, *lines], body)
