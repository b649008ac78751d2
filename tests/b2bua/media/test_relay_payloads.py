"""Whatever a datagram is, it leaves as it came: nothing is read of it, and nothing left out."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from b2bua.config import Latch
from tests.b2bua.media.rig import Party, Rig

IPV4, IPV6 = (socket.AF_INET, socket.AF_INET), (socket.AF_INET6, socket.AF_INET6)
#: Octets of payload in the largest datagram of IPv4 and of IPv6: 65,535 less the headers.
LARGEST_4, LARGEST_6 = 65_507, 65_527


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """One call whose ends are settled, for all payloads."""
    made = Rig(Latch.NEVER, IPV4)
    crossing(made, b"settles")
    yield made
    made.close()


def crossing(rig: Rig, payload: bytes) -> None:
    """The payload crosses both ways, and nothing else does."""
    rig.a.send(payload, rig.ends[0])
    rig.b.send(payload, rig.ends[1])
    rig.turn()
    rig.turn()
    assert (rig.a.heard(), rig.b.heard()) == ([payload], [payload])


def beginning(*first: int) -> st.SearchStrategy[bytes]:
    """A datagram that is told from others by its first octet (RFC 7983 §7)."""
    return st.builds(lambda lead, rest: bytes([lead]) + rest, st.integers(*first), st.binary(max_size=1_500))


STUN = st.builds(
    lambda kind, rest: kind.to_bytes(2, "big") + len(rest).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + rest,
    st.sampled_from([0x0001, 0x0101, 0x0111, 0x0011]),
    st.binary(min_size=12, max_size=548),
)
DTLS, CHANNEL, RTP = beginning(20, 63), beginning(64, 79), beginning(128, 191)
UDPTL = st.builds(
    lambda number, primary, rest: number.to_bytes(2, "big") + bytes([len(primary)]) + primary + rest,
    st.integers(0, 0xFFFF),
    st.binary(max_size=127),
    st.binary(max_size=300),
)


@given(st.one_of(STUN, DTLS, CHANNEL, RTP, UDPTL, st.binary(max_size=64)))
@example(b"")
@example(b"\x80")
@example(b"\x00" * 12)
def test_stun_dtls_turn_srtp_rtcp_udptl_and_anything_else_cross_as_they_came(rig: Rig, payload: bytes) -> None:
    crossing(rig, payload)


@given(st.lists(st.one_of(STUN, DTLS, RTP, UDPTL, st.just(b"")), min_size=1, max_size=9))
def test_before_anything_is_settled_too(payloads: list[bytes]) -> None:
    rig = Rig(Latch.NEVER, IPV4)
    try:
        for payload in payloads:
            crossing(rig, payload)
    finally:
        rig.close()


@pytest.mark.parametrize(("families", "size"), [(IPV4, LARGEST_4), (IPV6, LARGEST_6)], ids=["IPv4", "IPv6"])
def test_the_largest_datagram_of_a_family_is_not_cut(
    families: tuple[socket.AddressFamily, socket.AddressFamily], size: int
) -> None:
    rig = Rig(Latch.NEVER, families)
    for _ in range(2):
        crossing(rig, bytes(range(256)) * (size // 256) + bytes(size % 256))
    rig.close()


def test_what_is_too_large_for_the_other_family_is_counted_as_unsent_and_what_follows_crosses() -> None:
    rig = Rig(Latch.NEVER, (socket.AF_INET6, socket.AF_INET))
    for _ in range(2):
        rig.a.send(bytes(LARGEST_6), rig.ends[0])
        rig.turn()
        rig.turn()
        crossing(rig, b"small")
    assert rig.figures(0).unsent == 2
    rig.close()


def test_an_empty_datagram_is_one_and_no_end(rig: Rig) -> None:
    before = rig.figures(0)
    for _ in range(3):
        crossing(rig, b"")
    after = rig.figures(0)
    assert (after.packets - before.packets, after.octets - before.octets) == (3, 0)


def test_a_peer_that_is_gone_does_not_stop_what_comes_from_it_or_goes_to_it_later() -> None:
    rig = Rig(Latch.SAME_HOST, IPV4)
    crossing(rig, b"before")
    rig.b.sock.close()
    for _ in range(5):
        rig.a.send(b"to nobody", rig.ends[0])
        rig.turn()
    rig.b = Party(port=rig.b.place[1])
    rig.parties.append(rig.b)
    for number in range(3):
        rig.b.send(b"%d" % number, rig.ends[1])
        rig.turn()
        rig.turn()
    assert rig.a.heard() == [b"0", b"1", b"2"]
    crossing(rig, b"after")
    rig.close()


def test_a_refusal_that_waits_when_its_peer_has_come_back_costs_one_packet_at_most() -> None:
    rig = Rig(Latch.SAME_HOST, IPV4)
    crossing(rig, b"before")
    rig.b.sock.close()
    rig.ends[1].sock.send(b"to nobody")  # loopback has refused it before `send` is back
    rig.b = Party(port=rig.b.place[1])
    rig.parties.append(rig.b)
    for number in range(3):
        rig.a.send(b"%d" % number, rig.ends[0])
        rig.turn()
    assert rig.b.heard()[-2:] == [b"1", b"2"]
    rig.close()
