"""A trace: what one gateway was sent and sent, in the order of time, with its transactions and its pairs of legs.

Only what stands in the datagrams is used. A gateway is a black box here, and a capture of it will do.
"""

from collections.abc import Collection, Iterable

import attrs

from tests.trace.reading import Message, Packet


@attrs.frozen(eq=False)
class Seen:
    """One datagram, read."""

    packet: Packet
    message: Message

    @property
    def at(self) -> float:
        return self.packet.at

    def __str__(self) -> str:
        way = "to" if self.packet.emitted else "from"
        return f"{self.message} {way} {self.packet.peer} at {self.packet.at:.3f}"


@attrs.define(eq=False)
class Transaction:
    """A request other than an ACK, with its copies, its responses, and the ACKs that have its branch."""

    request: Seen
    """Its first copy."""
    copies: list[Seen]
    """Every copy of it, the first included."""
    responses: list[Seen] = attrs.field(factory=list)
    acks: list[Seen] = attrs.field(factory=list)

    @property
    def is_ours(self) -> bool:
        """The gateway's own request."""
        return self.request.packet.emitted

    @property
    def is_initial(self) -> bool:
        """An INVITE that would open a dialog."""
        return self.request.message.method == "INVITE" and not self.request.message.to_tag

    @property
    def final(self) -> Seen | None:
        """The first final response."""
        return next((seen for seen in self.responses if seen.message.is_final), None)

    def heard_before(self, at: float) -> bool:
        """Whether any response stood before that moment."""
        return bool(self.responses) and self.responses[0].at < at


@attrs.frozen(eq=False)
class Pair:
    """A call through the gateway: the caller's INVITE, and the INVITE that left for the callee because of it."""

    a: Transaction
    b: Transaction


@attrs.frozen
class Times:
    """The gateway's T1, T2 and T4, in seconds (RFC 3261 §17.1.1.1)."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def patience(self) -> float:
        """64*T1."""
        return 64 * self.t1


@attrs.define(eq=False, kw_only=True)
class Trace:
    """All that is known of one gateway; build it with `of`."""

    times: Times
    slack: float
    """Seconds by which two clocks, or the notes of two peers, may differ; 0: the times are the gateway's own."""
    is_whole: bool
    """Nothing is missing: everything before and after was silence, and every peer's traffic is here."""
    refused: frozenset[str]
    """Peers of which the network said that nobody was there."""
    relays: frozenset[str]
    """Hosts that media is relayed by; empty: it flows from end to end."""
    seen: list[Seen] = attrs.field(factory=list)
    by_call: dict[str, list[tuple[int, Seen]]] = attrs.field(factory=dict)
    """By Call-ID, each with its place in `seen`."""
    unread: list[tuple[Packet, str]] = attrs.field(factory=list)
    """What could not be read, with the reason."""
    transactions: list[Transaction] = attrs.field(factory=list)
    """In the order of their requests."""
    acks: list[Seen] = attrs.field(factory=list)
    """ACKs with no INVITE's branch: those to a 2xx."""
    answers_to_nothing: list[Seen] = attrs.field(factory=list)
    """Responses without their request."""
    addresses: dict[str, set[tuple[str, str]]] = attrs.field(factory=dict)
    """What a side is reached by, the gateway's own socket there included: host, and host with port."""
    _latest: dict[tuple[str, bool, str, str], Transaction] = attrs.field(factory=dict)
    """By side, whether the request is the gateway's, branch and method."""

    @classmethod
    def of(
        cls,
        packets: Iterable[Packet],
        *,
        times: Times | None = None,
        slack: float = 0.0,
        is_whole: bool = True,
        refused: Collection[str] = (),
        ours: Iterable[tuple[str, str]] = (),
        relays: Collection[str] = (),
    ) -> "Trace":
        """The packets in order of time; `ours` are side and address of the gateway's sockets."""
        trace = cls(
            times=times or Times(),
            slack=slack,
            is_whole=is_whole,
            refused=frozenset(refused),
            relays=frozenset(relays),
        )
        for side, address in ours:
            trace.addresses.setdefault(side, set()).add(_address(address))
        read: dict[bytes, Message | str] = {}
        last = float("-inf")
        for packet in packets:
            assert packet.at >= last, "in the order of time"
            last = packet.at
            if packet.data.strip():
                trace._add(packet, read)
        return trace

    @property
    def is_exact(self) -> bool:
        """Whether its times are worth asserting to the letter."""
        return not self.slack

    def _add(self, packet: Packet, read: dict[bytes, Message | str]) -> None:
        found = read.get(packet.data)
        if found is None:
            try:
                found = Message.read(packet.data)
            except ValueError as error:
                found = str(error)
            read[packet.data] = found
        if isinstance(found, str):
            self.unread.append((packet, found))
            return
        seen = Seen(packet, found)
        self.by_call.setdefault(found.call_id, []).append((len(self.seen), seen))
        self.seen.append(seen)
        addresses = self.addresses.get(packet.side)
        if addresses is None:
            addresses = self.addresses[packet.side] = set()
        addresses.add(_address(packet.peer))
        if found.status is not None:
            self._respond(seen)
        elif found.method == "ACK":
            self._acknowledge(seen)
        else:
            self._ask(seen)

    def find(self, seen: Seen, method: str) -> Transaction | None:
        """The last transaction of that method with the branch of a request, by the same sender."""
        return self._latest.get((seen.packet.side, seen.packet.emitted, seen.message.branch, method))

    def _ask(self, seen: Seen) -> None:
        message = seen.message
        known = self.find(seen, message.method)
        if known is not None and (known.is_ours or seen.at < self._forgotten_at(known)):
            known.copies.append(seen)
            return
        made = Transaction(seen, [seen])
        self._latest[seen.packet.side, seen.packet.emitted, message.branch, message.method] = made
        self.transactions.append(made)

    def _forgotten_at(self, t: Transaction) -> float:
        """When a copy of a peer's request is a request of its own: after timer J, L, H or I (RFC 3261 §17.2)."""
        final = t.final
        if final is None:
            return float("inf")
        return t.acks[0].at + self.times.t4 if t.acks else final.at + self.times.patience

    def _respond(self, seen: Seen) -> None:
        message = seen.message
        known = self._latest.get((seen.packet.side, not seen.packet.emitted, message.branch, message.method))
        (self.answers_to_nothing if known is None else known.responses).append(seen)

    def _acknowledge(self, seen: Seen) -> None:
        known = self.find(seen, "INVITE")
        (self.acks if known is None else known.acks).append(seen)

    def pairs(self) -> tuple[list[Pair], list[Transaction]]:
        """Which INVITE that left belongs to which that came; and those that left with none to belong to.

        An INVITE leaves while the one it belongs to has no final answer. Where several wait it is the one that came
        at the same instant; where that does not tell, the INVITE is in neither list.
        """
        waiting = [t for t in self.transactions if t.is_initial and not t.is_ours]
        found: list[Pair] = []
        orphans: list[Transaction] = []
        seen: set[str] = set()
        for b in self.transactions:
            call_id = b.request.message.call_id
            if not (b.is_initial and b.is_ours) or call_id in seen:
                continue
            seen.add(call_id)
            fitting = [a for a in waiting if self._may_lead_to(a, b)]
            if not fitting:
                orphans.append(b)
            at_once = [a for a in fitting if a.request.at == b.request.at] or fitting
            if len(at_once) == 1:
                found.append(Pair(at_once[0], b))
                waiting.remove(at_once[0])
        return found, orphans

    def _may_lead_to(self, a: Transaction, b: Transaction) -> bool:
        began, final = b.request.at, a.final
        return a.request.at <= began + self.slack and (final is None or final.at >= began - self.slack)


def _address(address: str) -> tuple[str, str]:
    host, colon, _ = address.rpartition(":")
    return host if colon else address, address
