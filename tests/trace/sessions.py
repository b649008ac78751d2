"""Session descriptions in one dialog: who has offered what, whether it is answered, and whether it is steady.

RFC 3261 §13.2.1 and §14, RFC 3262 §5 and RFC 3311 §5 say where an offer stands and where its answer. Read from one
Call-ID's messages, as the gateway saw them, in their order.
"""

from collections.abc import Sequence
from itertools import pairwise

import attrs

from tests.trace.reading import Message
from tests.trace.trace import Seen, Trace


@attrs.define(eq=False)
class Offer:
    """An offer and its span, in places of the trace."""

    seen: Seen
    place: int
    ours: bool
    ends: int | None = None
    """The place of what answered or refused it."""
    expires: float = float("inf")
    """When its transaction has ended in any case."""

    def is_open_at(self, place: int, at: float) -> bool:
        """Whether it waits for its answer then."""
        return self.place < place and (self.ends is None or place < self.ends) and at < self.expires


@attrs.define(eq=False)
class Offers:
    """All offers of one Call-ID. Feed it with `hear`, copies left out."""

    patience: float
    """64*T1."""
    all: list[Offer] = attrs.field(factory=list)
    _open: dict[tuple[str, str], Offer] = attrs.field(factory=dict)
    """By method and branch of the transaction that waits for the answer."""
    _asking: set[str] = attrs.field(factory=set)
    """Branches of INVITEs that asked for an offer and have not had one."""
    _offered: dict[int, str] = attrs.field(factory=dict)
    """Branches of INVITEs whose response has made an offer, by CSeq number: the ACK has another branch."""

    @classmethod
    def of(cls, trace: Trace, call_id: str) -> "Offers":
        """Those of one leg."""
        offers = cls(trace.times.patience)
        heard: set[tuple[bool, bytes]] = set()
        for place, seen in trace.by_call[call_id]:
            key = seen.packet.emitted, seen.message.data
            if key not in heard:
                heard.add(key)
                offers.hear(place, seen)
        return offers

    def open_at(self, place: int, at: float) -> list[Offer]:
        """Those that wait for their answer then."""
        return [offer for offer in self.all if offer.is_open_at(place, at)]

    def hear(self, place: int, seen: Seen) -> None:
        """One more message of that dialog."""
        if seen.message.status is None:
            self._asked(place, seen)
        else:
            self._answered(place, seen)

    def _asked(self, place: int, seen: Seen) -> None:
        message = seen.message
        match message.method:
            case "INVITE":
                self._invited(place, seen)
            case "UPDATE" if message.has_session:
                self._make(("UPDATE", message.branch), place, seen, self.patience)
            case "PRACK" if message.has_session:
                # It answers the offer of a reliable response, or makes another when that was an answer (RFC 3262 §5).
                theirs = [key for key, offer in self._open.items() if offer.ours is not seen.packet.emitted]
                of_invite = [key for key in theirs if key[0] == "INVITE"]
                if of_invite:
                    self._close(of_invite[0], place)
                else:
                    self._make(("PRACK", message.branch), place, seen, self.patience)
            case "ACK":
                self._close(("INVITE", self._offered.pop(message.number, "")), place)
            case "CANCEL":
                offer = self._open.get(("INVITE", message.branch))
                if offer is not None:
                    offer.expires = min(offer.expires, seen.at + self.patience)
            case "BYE" if seen.packet.emitted:
                self._close_all(place)

    def _invited(self, place: int, seen: Seen) -> None:
        message = seen.message
        if not message.to_tag:  # another target's turn, or another try: the one before is over
            self._close_all(place)
            self._asking.clear()
        if message.has_session:
            self._make(("INVITE", message.branch), place, seen, self.patience)
        elif not message.body:
            self._asking.add(message.branch)

    def _answered(self, place: int, seen: Seen) -> None:
        message = seen.message
        key = message.method, message.branch
        if message.method == "BYE" and message.is_accepting:
            self._close_all(place)
        offer = self._open.get(key)
        if offer is not None and message.method == "INVITE" and not message.is_final and offer.expires != float("inf"):
            offer.expires = float("inf")  # timer B has stopped (§17.1.1.2)
        reliable = message.is_accepting or bool(message.all("rseq"))
        if message.method == "INVITE" and message.branch in self._asking and message.has_session and reliable:
            self._asking.discard(message.branch)
            self._offered[message.number] = message.branch
            self._make(key, place, seen, float("inf"))
            return
        by_asker = offer is not None and offer.seen.message.status is None
        answers = by_asker and message.has_session and reliable
        if answers or (message.is_final and (by_asker or not message.is_accepting)):
            self._close(key, place)

    def _make(self, key: tuple[str, str], place: int, seen: Seen, patience: float) -> None:
        offer = Offer(seen, place, seen.packet.emitted, expires=seen.at + patience)
        self._open[key] = offer
        self.all.append(offer)

    def _close_all(self, place: int) -> None:
        for key in list(self._open):
            self._close(key, place)

    def _close(self, key: tuple[str, str], place: int) -> None:
        offer = self._open.pop(key, None)
        if offer is not None:
            offer.ends = place


def is_steady(told: Sequence[Message]) -> bool:
    """Whether one party's descriptions keep their session: its id stays, its version rises when a byte changes, and no
    media line goes away (RFC 3264 §5, §8)."""
    for before, after in pairwise(told):
        if before.body == after.body:
            continue
        first, second = _origin(before.body), _origin(after.body)
        if first is None or second is None or first[0] != second[0] or second[1] <= first[1]:
            return False
        if after.body.count(b"\r\nm=") < before.body.count(b"\r\nm="):
            return False
    return True


def _origin(body: bytes) -> tuple[bytes, int] | None:
    """The session's id and version."""
    line = next((line for line in body.split(b"\r\n") if line.startswith(b"o=")), b"")
    parts = line.split(b" ")
    return (parts[1], int(parts[2])) if len(parts) == 6 and parts[2].isdigit() else None
