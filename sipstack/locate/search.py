"""From a URI, or the Via of a response, to the places to try: RFC 3263 as one pure function.

`search` walks the RFC's tree over the answers that are known, and says what else it must know. Whoever runs it asks
those questions, and calls again with more known, until nothing is missing; when everything is known from the start, as
it mostly is, the first call is the last. It keeps nothing between calls: the same arguments give the same order, since
chance is drawn from `dice` and the question's name. A stateless proxy that makes its dice of the request finds the same
server for each repetition (section 4.4).

What the RFC leaves open is decided so:
- A question that failed counts as one without records and the search goes on to the next step: a name server that
  cannot answer NAPTR or SRV, of which there are many, must not stop calls. It matters only when nothing is found in
  the end: then the domain is `UNAVAILABLE` and not `NOT_FOUND`.
- SRV records end the search even when none of them leads anywhere: the domain has said where its servers are. A lone
  target `.` says that there are none (RFC 2782).
- Without NAPTR records, every transport we speak is asked for in our order of preference; a `sip` URI may then be sent
  over TLS (section 4.2: "if the client wishes to use TLS"), a `sips` URI over nothing else.
"""

import hashlib
from collections.abc import Callable
from typing import Final

import attrs

from sipstack.locate import names
from sipstack.locate.records import FAILED, Answer, Host, Kind, Outcome, Question, Srv
from sipstack.locate.target import PORTS, Miss, Preferences, Target
from sipstack.locate.ways import Way, offered, srv_way
from sipstack.locate.weights import Below, in_order
from sipstack.values import SipUri, Uri, Via

Look = Callable[[Question], Answer | None]
"""What is known of a question; None when it has to be asked."""

DEFAULTS: Final = Preferences()

_PLAIN: Final = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
"""`transport` in a `sip` URI; `tls` is deprecated (RFC 3261 section 26.2.2) and everywhere."""
_SECURE: Final = {"tcp": "TLS", "tls": "TLS"}
"""`transport` in a `sips` URI names what TLS runs over (section 26.2.2)."""

_NO_NAME: Final = Answer(Outcome.NO_NAME)


@attrs.define
class Findings:
    """Where one call of `search` got to."""

    questions: tuple[Question, ...]
    """What must be asked before the search can go on; when empty, it is over."""
    targets: tuple[Target, ...]
    """In the order in which they are to be tried; whole only when the search is over."""
    miss: Miss | None = None
    """Why there are none, when the search is over without."""


def search(wanted: Uri | Via, look: Look, preferences: Preferences = DEFAULTS, dice: bytes = b"") -> Findings:
    """Where to send a request for this URI, or a response with this topmost Via; never raises.

    The URI is the one that section 8.1.2 of RFC 3261 selects: the topmost Route, or the Request-URI. A Via is for a
    response whose connection is gone or whose way back failed (section 5): what comes before that, the source of the
    request, is the caller's to try (RFC 3261 section 18.2.2).
    """
    transport: str | None = None
    usable, place = preferences.transports, ""
    if isinstance(wanted, Via):
        transport, place = wanted.transport, wanted.host
    elif isinstance(wanted, SipUri):
        transport, place = _transport(wanted), wanted.parameters.get("maddr") or wanted.host
        if wanted.scheme == "sips":
            usable = tuple([name for name in usable if name == "TLS"])
    else:
        return Findings((), (), Miss.SCHEME)
    if not usable or transport not in {None, *usable}:
        return Findings((), (), Miss.TRANSPORT)
    walk = _Walk(look, preferences, dice, host=_identity(wanted.host), usable=usable)
    walk.go(transport, place, wanted.port)
    return walk.findings()


def _transport(uri: SipUri) -> str | None:
    """The transport the URI names, the empty text when that is none we know, None when it names none."""
    if "transport" not in uri.parameters:
        return None
    named = (uri.parameters.get("transport") or "").lower()
    return (_SECURE if uri.scheme == "sips" else _PLAIN).get(named, "")


def _identity(host: str) -> str:
    return names.numeric(host) or host.lower().removesuffix(".")


def _chance(dice: bytes, name: str) -> Below:
    """Numbers that look drawn, and are the same for the same dice and name."""
    seed = hashlib.blake2b(dice + b"\0" + name.encode(), digest_size=16)
    drawn = 0

    def below(count: int) -> int:
        nonlocal drawn
        drawn += 1
        draw = seed.copy()
        draw.update(drawn.to_bytes(4, "big"))
        return int.from_bytes(draw.digest(), "big") % count

    return below


@attrs.define(eq=False)
class _Walk:
    """One pass over the tree, and what it came by."""

    look: Look
    preferences: Preferences
    dice: bytes
    host: str = attrs.field(kw_only=True)
    usable: tuple[str, ...] = attrs.field(kw_only=True)
    """The transports that may carry this message, in our order of preference."""
    targets: dict[tuple[str, str, int], Target] = attrs.field(factory=dict, init=False)
    asked: set[Question] = attrs.field(factory=set, init=False)
    missing: dict[Question, None] = attrs.field(factory=dict, init=False)
    open: int = attrs.field(default=0, init=False)
    """Names whose addresses are not known yet: each will probably become a target."""
    failed: bool = attrs.field(default=False, init=False)
    miss: Miss = attrs.field(default=Miss.NOT_FOUND, init=False)

    def findings(self) -> Findings:
        targets = tuple(self.targets.values())
        if self.missing or targets:
            return Findings(tuple(self.missing), targets)
        unsure = self.failed and self.miss is Miss.NOT_FOUND
        return Findings((), (), Miss.UNAVAILABLE if unsure else self.miss)

    def go(self, transport: str | None, place: str, port: int | None) -> None:
        """Section 4.1: which transport, or who knows it. Section 4.2: which address and port."""
        address = names.numeric(place)
        domain = names.domain(place)
        if port == 0 or (address is None and domain is None):
            self.miss = Miss.HOST
        elif address is not None:
            self.literal(transport or self.default(), address, port)
        elif domain is not None and port is not None:
            self.hosts(transport or self.default(), domain, port)
        elif domain is not None and transport is not None:
            self.follow([srv_way(transport, domain)], domain, transport)
        elif domain is not None:
            self.choose(domain)

    def default(self) -> str:
        """UDP for `sip`, TLS for `sips` where nothing says otherwise; our first choice when that may not be used."""
        return "UDP" if "UDP" in self.usable else self.usable[0]

    def literal(self, transport: str, address: str, port: int | None) -> None:
        family = Kind.AAAA if ":" in address else Kind.A
        stray_group = names.is_multicast(address) and transport != "UDP"
        if stray_group or names.is_nowhere(address) or family not in self.preferences.families:
            self.miss = Miss.TRANSPORT
        else:
            self.add(transport, address, PORTS[transport] if port is None else port)

    def choose(self, domain: str) -> None:
        """By what the domain offers, in its own order; without a usable NAPTR record, by what we speak."""
        ways = offered(domain, self.ask, self.usable, self.preferences)
        if self.missing:
            return
        if ways:
            self.follow(ways, domain, ways[0].transport)
        else:
            self.follow([srv_way(name, domain) for name in self.usable], domain, self.default())

    def follow(self, ways: list[Way], domain: str, otherwise: str) -> None:
        """Each way in its order; the domain itself as a host, over `otherwise`, when it has no SRV records at all."""
        led = waiting = False
        answers = [self.ask(way.name, Kind.SRV) if way.is_srv else None for way in ways]
        for way, answer in zip(ways, answers, strict=True):
            if not way.is_srv:
                led = True
                self.hosts(way.transport, way.name, PORTS[way.transport])
            elif answer is None:
                waiting = True
            else:
                led |= self.servers(way, answer)
        if not led and not waiting:
            self.hosts(otherwise, domain, PORTS[otherwise])

    def servers(self, way: Way, answer: Answer) -> bool:
        """The servers of one SRV answer, in the order of their priorities and weights; whether there are any."""
        records = [record for record in answer.records if isinstance(record, Srv)]
        records.sort(key=lambda record: record.priority)
        for record in in_order(records[: self.preferences.records], _chance(self.dice, way.name)):
            name = names.domain(record.target)
            if name is not None and 0 < record.port <= 65535:
                self.hosts(way.transport, name, record.port)
        return bool(records)

    def hosts(self, transport: str, name: str, port: int) -> None:
        """All addresses of one name, family by family."""
        if len(self.targets) + self.open >= self.preferences.targets:
            return
        answers = [self.ask(name, family) for family in self.preferences.families]
        if None in answers:
            self.open += 1
        for answer in answers:
            records = answer.records[: self.preferences.records] if answer is not None else ()
            for record in records:
                address = names.numeric(record.address) if isinstance(record, Host) else None
                if address and not names.is_nowhere(address) and not names.is_multicast(address):
                    self.add(transport, address, port)

    def add(self, transport: str, address: str, port: int) -> None:
        if len(self.targets) < self.preferences.targets:
            self.targets.setdefault((transport, address, port), Target(transport, address, port, host=self.host))

    def ask(self, name: str, kind: Kind) -> Answer | None:
        """What is known of it; what is not is noted down. Beyond the bounds nothing is known, and nothing asked."""
        if len(name) > names.LONGEST:
            return _NO_NAME
        question = Question(name, kind)
        if question not in self.asked and len(self.asked) >= self.preferences.questions:
            self.failed = True
            return FAILED
        self.asked.add(question)
        answer = self.look(question)
        if answer is None:
            self.missing[question] = None
        elif answer.outcome is Outcome.FAILED:
            self.failed = True
        return answer
