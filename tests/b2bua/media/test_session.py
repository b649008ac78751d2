"""A session tells each side our ports for the other's, and has the relay send where both have agreed."""

from ipaddress import ip_address
from itertools import count

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from b2bua.errors import MediaError
from b2bua.media import Description
from b2bua.media.orders import A, B, Close, Open, Order, Place, Point
from b2bua.media.ports import Ports
from b2bua.media.session import Session, Side


@attrs.define
class Wires:
    """What a relay would do, by what it was told."""

    channels: dict[int, Open] = attrs.field(factory=dict)
    targets: dict[tuple[int, int], Place | None] = attrs.field(factory=dict)

    def heed(self, orders: list[Order]) -> None:
        for order in orders:
            match order:
                case Open():
                    assert order.channel not in self.channels
                    self.channels[order.channel] = order
                case Point():
                    assert order.channel in self.channels
                    self.targets[order.channel, order.side] = order.target
                case Close():
                    del self.channels[order.channel]
        orders.clear()

    def leads(self, side: int, place: Place) -> Place | None:
        """Where a packet goes that the peer of a side sends to a place of ours."""
        (channel,) = [
            one for one, order in self.channels.items() if (order.faces[side].address, order.faces[side].port) == place
        ]
        return self.targets.get((channel, 1 - side))


@attrs.define
class Call:
    session: Session
    wires: Wires = attrs.field(factory=Wires)
    now: float = 0.0

    @classmethod
    def begin(cls, last: int = 10_099, faces: tuple[str, str] = ("192.0.2.100", "2001:db8::100")) -> "Call":
        sides = [Side(address=ip_address(face), ports=Ports(10_000, last)) for face in faces]
        return cls(Session(sides=(sides[0], sides[1]), number=count(1)))

    def offer(self, side: int, body: bytes) -> bytes:
        try:
            return self.session.offered(side, body, self.now)
        finally:
            self.wires.heed(self.session.orders)

    def answer(self, side: int, body: bytes, branch: str = "") -> bytes:
        told = self.session.answered(side, body, branch)
        self.wires.heed(self.session.orders)
        return told

    def heard_by(self, side: int, told: bytes) -> list[Place | None]:
        """Where what a side sends to what it was told goes."""
        streams = [stream for stream in Description.read(told).streams if stream.is_wanted]
        return [self.wires.leads(side, (str(stream.address), stream.port)) for stream in streams]


def sdp(host: str, *ports: int) -> bytes:
    family = 6 if ":" in host else 4
    media = "".join(f"m=audio {port} RTP/AVP 0\r\n" for port in ports)
    return f"v=0\r\no=- 1 1 IN IP4 x\r\ns=-\r\nc=IN IP{family} {host}\r\nt=0 0\r\n{media}".encode()


def test_each_side_is_told_our_port_and_its_packets_go_to_the_other() -> None:
    call = Call.begin()
    to_b = call.offer(A, sdp("192.0.2.1", 4_000))
    to_a = call.answer(B, sdp("2001:db8::1", 5_000))
    assert call.heard_by(A, to_a) == [("2001:db8::1", 5_000)]
    assert call.heard_by(B, to_b) == [("192.0.2.1", 4_000)]
    assert b"192.0.2.1" not in to_b


def test_what_the_callee_sends_before_its_answer_comes_is_heard() -> None:
    call = Call.begin()
    to_b = call.offer(A, sdp("192.0.2.1", 4_000))
    assert call.heard_by(B, to_b) == [("192.0.2.1", 4_000)]


def test_rtcp_goes_one_port_beside() -> None:
    call = Call.begin()
    call.offer(A, sdp("192.0.2.1", 4_000))
    told = Description.read(call.answer(B, sdp("2001:db8::1", 5_000))).streams[0]
    assert told.rtcp is not None
    assert call.wires.leads(A, (str(told.rtcp[0]), told.rtcp[1])) == ("2001:db8::1", 5_001)


def test_a_side_that_names_its_rtcp_is_told_of_by_our_port_for_that() -> None:
    call = Call.begin()
    to_b = call.offer(A, sdp("192.0.2.1", 4_000) + b"a=rtcp:4900\r\n")
    (told,) = Description.read(to_b).streams
    assert told.rtcp == (told.address, told.port + 1)
    assert call.wires.leads(B, (str(told.address), told.port + 1)) == ("192.0.2.1", 4_900)


def test_two_peers_at_one_place_are_told_apart() -> None:
    call = Call.begin(faces=("192.0.2.100", "192.0.2.200"))
    to_b = call.offer(A, sdp("192.0.2.1", 4_000))
    to_a = call.answer(B, sdp("192.0.2.1", 4_000))
    assert call.heard_by(A, to_a) == call.heard_by(B, to_b) == [("192.0.2.1", 4_000)]


def test_an_answer_that_comes_again_after_all_is_settled_moves_only_who_says_it() -> None:
    call = Call.begin()
    to_b = call.offer(A, sdp("192.0.2.1", 4_000))
    call.answer(B, sdp("2001:db8::1", 5_000))
    call.session.settled()
    call.session.chosen("")
    call.answer(A, sdp("192.0.2.9", 4_900))
    call.answer(B, sdp("2001:db8::1", 5_000))
    assert call.heard_by(B, to_b) == [("192.0.2.9", 4_900)]


def test_a_branch_is_chosen_once() -> None:
    call = Call.begin()
    call.offer(A, sdp("192.0.2.1", 4_000))
    to_a = call.answer(B, sdp("2001:db8::1", 5_000), "one")
    call.session.chosen("one")
    call.answer(B, sdp("2001:db8::2", 6_000))
    call.session.chosen("one")
    call.wires.heed(call.session.orders)
    assert call.heard_by(A, to_a) == [("2001:db8::2", 6_000)]


def test_a_new_offer_changes_nothing_before_it_is_answered_or_when_it_is_refused() -> None:
    call = Call.begin()
    to_b = call.offer(A, sdp("192.0.2.1", 4_000))
    call.answer(B, sdp("2001:db8::1", 5_000))
    call.session.settled()
    assert call.offer(A, sdp("192.0.2.9", 4_900)) == to_b
    assert call.heard_by(B, to_b) == [("192.0.2.1", 4_000)]
    call.session.refused()
    assert call.heard_by(B, to_b) == [("192.0.2.1", 4_000)]
    call.offer(A, sdp("192.0.2.9", 4_900))
    call.answer(B, sdp("2001:db8::1", 5_000))
    assert call.heard_by(B, to_b) == [("192.0.2.9", 4_900)]


def test_a_stream_that_is_refused_is_sent_to_no_more() -> None:
    call = Call.begin()
    to_b = call.offer(A, sdp("192.0.2.1", 4_000, 4_002))
    to_a = call.answer(B, sdp("2001:db8::1", 5_000, 0))
    assert [stream.is_wanted for stream in Description.read(to_a).streams] == [True, False]
    assert call.heard_by(B, to_b) == [("192.0.2.1", 4_000), None]


def test_a_late_offer_is_relayed_like_any_other() -> None:
    call = Call.begin()
    to_a = call.offer(B, sdp("2001:db8::1", 5_000))
    to_b = call.answer(A, sdp("192.0.2.1", 4_000))
    assert call.heard_by(A, to_a) == [("2001:db8::1", 5_000)]
    assert call.heard_by(B, to_b) == [("192.0.2.1", 4_000)]


def test_the_branch_that_accepts_is_whom_the_caller_talks_with() -> None:
    call = Call.begin()
    call.offer(A, sdp("192.0.2.1", 4_000))
    to_a = call.answer(B, sdp("2001:db8::1", 5_000), "one")
    assert call.answer(B, sdp("2001:db8::2", 6_000), "two") == to_a
    assert call.heard_by(A, to_a) == [("2001:db8::2", 6_000)]
    call.session.chosen("one")
    call.wires.heed(call.session.orders)
    assert call.heard_by(A, to_a) == [("2001:db8::1", 5_000)]


def test_without_ports_for_all_streams_none_are_taken() -> None:
    call = Call.begin(last=10_003)
    with pytest.raises(MediaError):
        call.offer(A, sdp("192.0.2.1", 1, 2, 3))
    assert [side.ports.lent for side in call.session.sides] == [0, 0]
    assert call.wires.channels == {}


def test_a_port_of_one_side_is_given_back_when_the_other_has_none() -> None:
    call = Call.begin()
    while call.session.sides[B].ports.lent < 50:
        call.session.sides[B].ports.take(0.0)
    with pytest.raises(MediaError):
        call.offer(A, sdp("192.0.2.1", 4_000))
    assert call.session.sides[A].ports.lent == 0


@pytest.mark.parametrize("side", [A, B])
def test_media_of_another_family_than_ours_on_that_side_is_not_relayed(side: int) -> None:
    call = Call.begin()
    with pytest.raises(MediaError):
        call.offer(side, sdp(at_home(1 - side, 1), 4_000))


def test_a_session_goes_on_in_another_process_by_the_same_ports() -> None:
    call = Call.begin()
    to_b = call.offer(A, sdp("192.0.2.1", 4_000))
    call.answer(B, sdp("2001:db8::1", 5_000))
    for side in call.session.sides:
        side.ports.give_back(10_000, 0.0)
    call.wires = Wires()
    call.session.resume()
    call.wires.heed(call.session.orders)
    assert call.heard_by(B, to_b) == [("192.0.2.1", 4_000)]
    assert [side.ports.take(100.0) for side in call.session.sides] == [10_002, 10_002]
    call.session.over(100.0)
    assert [side.ports.lent for side in call.session.sides] == [1, 1]


def test_nothing_is_left_of_a_session_that_is_over() -> None:
    call = Call.begin()
    call.offer(A, sdp("192.0.2.1", 4_000, 4_002))
    call.session.over(0.0)
    call.session.over(0.0)
    call.wires.heed(call.session.orders)
    assert call.wires.channels == {}
    assert [side.ports.lent for side in call.session.sides] == [0, 0]


def at_home(side: int, host: int) -> str:
    """An address of the family that a side has."""
    return f"192.0.2.{host}" if side == A else f"2001:db8::{host}"


PORTS = st.lists(st.sampled_from([0, 4_000, 4_002, 4_004, 6_000]), min_size=1, max_size=3)


class Sessions(RuleBasedStateMachine):
    """Offers from both sides, answered or refused, in any order that RFC 3264 allows."""

    def __init__(self) -> None:
        super().__init__()
        self.call = Call.begin()
        self.told: list[bytes | None] = [None, None]
        self.agreed: list[list[tuple[str, int]]] | None = None
        self.offered: tuple[int, list[tuple[str, int]], bytes] | None = None
        self.length = 0

    def ports(self, drawn: list[int]) -> list[int]:
        """As many streams as there have been, or more (RFC 3264 §8)."""
        ports = (drawn * 3)[: max(self.length, len(drawn))]
        self.length = len(ports)
        return ports

    @precondition(lambda self: self.offered is None)
    @rule(side=st.sampled_from([A, B]), host=st.integers(1, 9), drawn=PORTS)
    def offer(self, side: int, host: int, drawn: list[int]) -> None:
        ports = self.ports(drawn)
        address = at_home(side, host)
        told = self.call.offer(side, sdp(address, *ports))
        self.offered = (side, [(address, port) for port in ports], told)

    @precondition(lambda self: self.offered is not None)
    @rule(host=st.integers(1, 9), drawn=PORTS)
    def answer(self, host: int, drawn: list[int]) -> None:
        assert self.offered is not None
        side, offered, told = self.offered
        ports = [0 if there[1] == 0 else port for there, port in zip(offered, drawn * len(offered), strict=False)]
        address = at_home(1 - side, host)
        self.told[side] = self.call.answer(1 - side, sdp(address, *ports))
        self.told[1 - side] = told
        self.call.session.settled()
        both = [offered, [(address, port) for port in ports]]
        self.agreed = both if side == A else both[::-1]
        self.offered = None

    @precondition(lambda self: self.offered is not None)
    @rule()
    def refuse(self) -> None:
        self.call.session.refused()
        self.offered = None

    @invariant()
    def packets_go_where_both_have_agreed(self) -> None:
        if self.agreed is None:
            return
        for side in (A, B):
            told = self.told[side]
            assert told is not None
            wanted = [
                there
                for own, there in zip(self.agreed[side], self.agreed[1 - side], strict=False)
                if there[1] and own[1]
            ]
            streams = Description.read(told).streams
            # A stream that this side has refused is still named to it as the other offered it.
            asked = [
                stream for stream, own in zip(streams, self.agreed[side], strict=False) if stream.is_wanted and own[1]
            ]
            heard = [self.call.wires.leads(side, (str(stream.address), stream.port)) for stream in asked]
            assert heard == wanted

    def teardown(self) -> None:
        self.call.session.over(0.0)
        self.call.wires.heed(self.call.session.orders)
        assert self.call.wires.channels == {}
        assert [side.ports.lent for side in self.call.session.sides] == [0, 0]


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=40, stateful_step_count=15)
