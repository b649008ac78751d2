"""Packets cross a channel as they came, from the peers of its ends and from nobody else.

Loopback hands a datagram over within `send`, so that a turn which does not wait sees all that was sent before it.
"""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Latch
from b2bua.media.relay import BATCH, WINDOW, Settled
from tests.b2bua.media.rig import FAMILIES, Party, Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig(Latch.SAME_HOST, (socket.AF_INET, socket.AF_INET))
    yield made
    made.close()


@pytest.fixture(params=list(Latch))
def any_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made = Rig(request.param, (socket.AF_INET, socket.AF_INET))
    yield made
    made.close()


@pytest.mark.parametrize("families", [(one, two) for one in FAMILIES for two in FAMILIES])
def test_a_packet_crosses_both_ways_within_and_between_families(
    families: tuple[socket.AddressFamily, socket.AddressFamily],
) -> None:
    rig = Rig(Latch.NEVER, families)
    for _ in range(3):
        rig.a.send(b"to b", rig.ends[0])
        rig.b.send(b"to a", rig.ends[1])
        rig.turn()
    assert (rig.a.heard(), rig.b.heard()) == ([b"to a"] * 3, [b"to b"] * 3)
    rig.close()


@given(st.lists(st.binary(max_size=9_000), min_size=1, max_size=BATCH // 2))
def test_every_payload_crosses_octet_for_octet_in_order(packets: list[bytes]) -> None:
    rig = Rig(Latch.NEVER, (socket.AF_INET, socket.AF_INET))
    for packet in packets:
        rig.a.send(packet, rig.ends[0])
    rig.turn()
    heard = rig.b.heard()
    rig.close()
    assert heard == packets


def test_the_largest_datagram_is_not_cut(rig: Rig) -> None:
    whole = bytes(range(256)) * 255
    rig.a.send(b"settles", rig.ends[0])
    rig.a.send(whole, rig.ends[0])
    rig.turn()
    rig.turn()
    assert rig.b.heard() == [b"settles", whole]


def test_what_comes_first_from_where_the_peer_receives_settles_it(any_rig: Rig) -> None:
    any_rig.a.send(b"one", any_rig.ends[0])
    any_rig.turn()
    stranger = any_rig.stranger()
    stranger.send(b"false", any_rig.ends[0])
    any_rig.turn()
    assert any_rig.b.heard() == [b"one"]


def test_strangers_who_came_before_the_peer_settled_are_thrown_away() -> None:
    rig = Rig(Latch.NEVER, (socket.AF_INET, socket.AF_INET))
    stranger = rig.stranger()
    for data, party in ((b"false", stranger), (b"one", rig.a), (b"false", stranger), (b"two", rig.a)):
        party.send(data, rig.ends[0])
    rig.turn()
    rig.turn()
    assert rig.b.heard() == [b"one", b"two"]
    assert rig.figures(0).strangers == 2
    rig.close()


def test_a_peer_that_sends_by_another_port_is_believed_and_sent_to_where_it_said(rig: Rig) -> None:
    other_port = rig.stranger()
    other_port.send(b"asymmetric", rig.ends[0])
    rig.b.send(b"back", rig.ends[1])
    rig.turn()
    assert (rig.b.heard(), rig.a.heard(), other_port.heard()) == ([b"asymmetric"], [b"back"], [])


def test_another_host_is_not_believed_for_the_port_it_sends_from(rig: Rig) -> None:
    elsewhere = Party()
    rig.parties.append(elsewhere)
    elsewhere.sock.close()
    elsewhere.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elsewhere.sock.bind(("127.0.0.2", rig.a.place[1]))
    elsewhere.send(b"false", rig.ends[0])
    rig.turn()
    assert rig.b.heard() == []


def test_only_the_first_other_port_is_believed_and_the_right_one_always(rig: Rig) -> None:
    first, second = rig.stranger(), rig.stranger()
    for party, data in ((first, b"1"), (second, b"2"), (first, b"3"), (rig.a, b"4"), (first, b"5")):
        party.send(data, rig.ends[0])
        rig.turn()
    assert rig.b.heard() == [b"1", b"3", b"4"]


def test_within_the_window_the_first_who_sends_is_the_peer_and_is_sent_to_where_that_came_from() -> None:
    rig = Rig(Latch.WINDOW, (socket.AF_INET, socket.AF_INET))
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    behind_nat, late = rig.stranger(), rig.stranger()
    behind_nat.send(b"hello", rig.ends[0])
    rig.turn()
    late.send(b"false", rig.ends[0])
    rig.b.send(b"back", rig.ends[1])
    rig.turn()
    assert (rig.b.heard(), behind_nat.heard(), late.heard()) == ([b"hello"], [b"back"], [])
    rig.close()


def test_after_the_window_nobody_else_is_believed() -> None:
    rig = Rig(Latch.WINDOW, (socket.AF_INET, socket.AF_INET))
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    rig.now += WINDOW
    rig.stranger().send(b"late", rig.ends[0])
    rig.turn()
    assert rig.b.heard() == []
    rig.close()


def test_a_peer_that_moved_is_sent_to_in_its_new_place_and_its_old_one_is_heard_no_more(any_rig: Rig) -> None:
    old, new = any_rig.a, any_rig.stranger()
    old.send(b"before", any_rig.ends[0])
    any_rig.turn()
    old.send(b"waiting in the queue", any_rig.ends[0])
    any_rig.relay.point(1, 0, new.place)
    any_rig.b.send(b"after", any_rig.ends[1])
    any_rig.turn()
    old.send(b"after all", any_rig.ends[0])
    new.send(b"from there", any_rig.ends[0])
    any_rig.turn()
    assert any_rig.b.heard() == [b"before", b"from there"]
    assert (old.heard(), new.heard()) == ([], [b"after"])


def test_nothing_is_sent_to_a_peer_on_hold(rig: Rig) -> None:
    rig.relay.point(1, 1, None)
    rig.a.send(b"music", rig.ends[0])
    rig.turn()
    assert rig.b.heard() == []
    assert (rig.figures(0).packets, rig.figures(0).unsent) == (1, 1)


def test_a_peer_whose_port_is_closed_costs_nobody_else_anything(rig: Rig) -> None:
    rig.a.send(b"0", rig.ends[0])
    rig.b.send(b"0", rig.ends[1])
    rig.turn()
    rig.b.sock.close()
    for number in range(5):
        rig.a.send(b"%d" % number, rig.ends[0])
        rig.turn()
    assert rig.figures(0).packets == 6


def test_a_flood_at_one_socket_leaves_the_others_their_turn(rig: Rig) -> None:
    rig.a.send(b"0", rig.ends[0])
    rig.b.send(b"0", rig.ends[1])
    rig.turn()
    for _ in range(9):
        rig.a.send(b"flood", rig.ends[0])
    rig.b.send(b"calm", rig.ends[1])
    rig.turn()
    assert (rig.a.heard(), rig.b.heard()) == ([b"0", b"calm"], [b"0", b"flood"])


def rtp(number: int) -> bytes:
    return b"\x80\x00" + (number & 0xFFFF).to_bytes(2, "big") + bytes(8)


def test_lost_packets_are_told_by_the_sequence_also_around_its_end(rig: Rig) -> None:
    for number in (65_533, 65_534, 2, 3):
        rig.a.send(rtp(number), rig.ends[0])
        rig.turn()
    assert rig.figures(0).lost == 3


def test_a_long_gap_is_told_too(rig: Rig) -> None:
    for number in (10, 3_010):
        rig.a.send(rtp(number), rig.ends[0])
        rig.turn()
    assert rig.figures(0).lost == 2_999


def test_what_is_no_rtp_has_lost_nothing(rig: Rig) -> None:
    for number in (1, 90):
        rig.a.send(b"\x16" + rtp(number), rig.ends[0])
        rig.turn()
    assert rig.figures(0).lost == 0


def test_figures_say_when_the_first_and_the_last_packet_came(rig: Rig) -> None:
    rig.a.send(b"12345", rig.ends[0])
    rig.turn()
    rig.now += 5
    rig.a.send(b"123", rig.ends[0])
    rig.turn()
    found = rig.figures(0)
    assert (found.packets, found.octets, found.first, found.last) == (2, 8, 100.0, 105.0)
    assert rig.figures(1).first is None


def test_a_channel_is_silent_when_both_sides_are(rig: Rig) -> None:
    assert rig.relay.silent(100.0) == []
    assert rig.relay.silent(101.0) == [1]
    rig.a.send(b"1", rig.ends[0])
    rig.turn()
    assert rig.relay.silent(101.0) == [1]
    rig.now = 150.0
    rig.b.send(b"1", rig.ends[1])
    rig.turn()
    assert rig.relay.silent(101.0) == []


def test_nothing_is_left_of_a_closed_channel(rig: Rig) -> None:
    assert rig.relay.close(1) is not None
    assert rig.relay.close(1) is None
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    assert all(end.sock.fileno() == -1 for end in rig.ends)


def test_a_closed_channel_is_not_heard_of_although_somebody_else_has_its_socket(rig: Rig) -> None:
    kept = rig.ends[0].sock.dup()
    rig.relay.close(1)
    rig.a.sock.sendto(b"late", kept.getsockname())
    assert rig.relay.turn(0) == []
    kept.close()


def test_other_descriptors_are_told_of(rig: Rig) -> None:
    one, two = socket.socketpair()
    rig.relay.watch(two.fileno())
    one.send(b"!")
    assert rig.relay.turn(0) == [two.fileno()]
    one.close()
    two.close()


def test_orders_go_before_packets_since_one_may_say_where_the_others_go(rig: Rig) -> None:
    one, two = socket.socketpair()
    rig.relay.watch(two.fileno())
    rig.a.send(b"first", rig.ends[0])
    one.send(b"!")
    assert rig.relay.turn(0) == [two.fileno()]
    assert rig.figures(0).packets == 0
    two.recv(1)
    assert rig.relay.turn(0) == []
    assert rig.figures(0).packets == 1
    one.close()
    two.close()


def test_the_longest_gap_of_each_side_is_told(rig: Rig) -> None:
    for pause in (0.02, 3.0, 0.5):
        rig.now += pause
        rig.a.send(b"1", rig.ends[0])
        rig.turn()
    assert (rig.figures(0).longest_gap, rig.figures(1).longest_gap) == (3.0, 0.0)


def settle(rig: Rig, a: Party | None = None) -> None:
    for party, end in zip((a or rig.a, rig.b), rig.ends, strict=True):
        party.send(b"1", end)
        rig.turn()


def test_a_channel_is_told_to_have_settled_when_both_sides_have_and_once(rig: Rig) -> None:
    rig.a.send(b"1", rig.ends[0])
    rig.turn()
    assert rig.relay.settled() == []
    settle(rig)
    places = (rig.a.place, rig.b.place)
    assert rig.relay.settled() == [Settled(channel=1, ordered=places, places=places)]
    assert rig.relay.settled() == []


def test_a_channel_that_has_settled_and_been_pointed_elsewhere_since_is_not_told_of(rig: Rig) -> None:
    settle(rig)
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    assert rig.relay.settled() == []


def test_a_channel_that_is_gone_has_not_settled(rig: Rig) -> None:
    settle(rig)
    rig.relay.close(1)
    assert rig.relay.settled() == []
    rig.relay.carried(1, 0, 5, 50, 1.0)


def test_a_peer_found_elsewhere_within_the_window_settles_there() -> None:
    rig = Rig(Latch.WINDOW, (socket.AF_INET, socket.AF_INET))
    said = ("127.0.0.1", 9)
    rig.relay.point(1, 0, said)
    behind_nat = rig.stranger()
    settle(rig, behind_nat)
    places = (behind_nat.place, rig.b.place)
    assert rig.relay.settled() == [Settled(channel=1, ordered=(said, rig.b.place), places=places)]
    rig.close()


def test_a_peer_that_is_pointed_to_where_it_has_been_found_is_told_to_have_settled_again() -> None:
    rig = Rig(Latch.WINDOW, (socket.AF_INET, socket.AF_INET))
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    behind_nat = rig.stranger()
    settle(rig, behind_nat)
    rig.relay.settled()
    rig.relay.point(1, 0, behind_nat.place)
    places = (behind_nat.place, rig.b.place)
    assert rig.relay.settled() == [Settled(channel=1, ordered=places, places=places)]
    rig.close()


def test_what_the_kernel_carried_counts_as_if_it_had_come_here(rig: Rig) -> None:
    rig.now = 300.0
    rig.relay.carried(1, 0, 50, 8_600, within=15.0)
    found = rig.figures(0)
    assert (found.packets, found.octets, found.first, found.last, found.lost) == (50, 8_600, 300.0, 300.0, 0)
    assert rig.relay.silent(299.0) == []


def test_the_gap_before_what_the_kernel_carried_is_the_least_that_it_can_have_been(rig: Rig) -> None:
    rig.a.send(b"1", rig.ends[0])
    rig.turn()
    for later, gap in ((15.0, 0.0), (40.0, 25.0), (15.0, 25.0), (30.0, 25.0)):
        rig.now += later
        rig.relay.carried(1, 0, 5, 50, within=15.0)
        assert rig.figures(0).longest_gap == gap


def test_loss_is_told_of_what_came_before_and_after_what_the_kernel_carried(rig: Rig) -> None:
    for number in (10, 12):
        rig.a.send(rtp(number), rig.ends[0])
    rig.turn()
    rig.relay.carried(1, 0, 1_000, 172_000, within=15.0)
    for number in (40_000, 40_003):
        rig.a.send(rtp(number), rig.ends[0])
        rig.turn()
    assert rig.figures(0).lost == 3
    assert rig.figures(0).packets == 1_004
