"""From a captured frame to a datagram: link headers, IP, fragments."""

import itertools
import random
import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.audit import internet as internet_module
from b2bua.audit.internet import PATIENCE, UDP, Internet
from b2bua.audit.link import ip_at, is_read
from tests.b2bua.audit.making import (
    ETHERNET,
    LOOP,
    NULL,
    RAW,
    SLL,
    SLL2,
    SOURCE,
    SOURCE_6,
    TARGET,
    audited,
    ethernet,
    fragments,
    fragments_6,
    framed,
    invite,
    ip,
    pcap,
    pcapng,
    udp,
)


@pytest.mark.parametrize("link", [ETHERNET, NULL, RAW, LOOP, SLL, SLL2])
@pytest.mark.parametrize("source", [SOURCE, SOURCE_6])
@pytest.mark.parametrize("write", [pcap, pcapng])
def test_an_invite_is_found_behind_every_link_header(link, source, write):
    report = audited(write([framed(link, udp(invite(), source))], link))
    assert report.verdicts == {"pass": 1}
    assert {name for (name,), _, _ in report.peers.rows()} == {"192.0.2.7" if source == SOURCE else "2001:db8::7"}


@pytest.mark.parametrize("link", [12, 14, 228])
def test_every_number_for_packets_without_a_link_header_is_known(link):
    assert audited(pcap([udp(invite())], link)).verdicts.total() == 1


@pytest.mark.parametrize("tags", [1, 2, 3])
@pytest.mark.parametrize("source", [SOURCE, SOURCE_6])
def test_vlan_tags_are_passed_over(tags, source):
    assert audited(pcap([ethernet(udp(invite(), source), tags)], ETHERNET)).verdicts.total() == 1


def test_vlan_tags_in_cooked_captures_are_passed_over():
    packet = udp(invite())
    old = framed(SLL, packet)[:14] + b"\x81\x00\x00\x05\x08\x00" + packet
    new = b"\x81\x00" + framed(SLL2, packet)[2:20] + b"\x00\x05\x08\x00" + packet
    assert audited(pcap([old], SLL)).verdicts.total() == 1
    assert audited(pcap([new], SLL2)).verdicts.total() == 1


@pytest.mark.parametrize("family", [2, 10, 24, 28, 30])
@pytest.mark.parametrize("order", ["little", "big"])
def test_the_address_family_may_stand_in_either_byte_order(family, order):
    assert ip_at(NULL, family.to_bytes(4, order) + b"x") == 4


def test_what_is_not_ip_is_counted_and_so_is_a_link_type_that_is_not_read():
    arp = b"\xff" * 12 + b"\x08\x06" + b"\0" * 28
    assert audited(pcap([arp, arp], ETHERNET)).seen.other == 2
    report = audited(pcap([udp(invite())], 147))
    assert (report.seen.unread, report.seen.messages) == (1, 0)
    assert not is_read(147)


def test_padding_of_a_short_frame_is_no_part_of_the_datagram():
    packet = udp(b"OPTIONS sip:a SIP/2.0\r\n")
    internet = Internet()
    assert internet.receive(packet + b"\0" * 20, 0, 0.0)[3] == packet[20:]


def test_a_length_of_zero_means_all_there_is():
    packet = udp(invite())
    assert Internet().receive(packet[:2] + b"\0\0" + packet[4:], 0, 0.0)[3] == packet[20:]


@pytest.mark.parametrize("options", [0, 4, 40])
def test_options_of_ipv4_are_passed_over(options):
    packet = udp(invite())
    longer = bytes([0x45 + options // 4]) + packet[1:2] + struct.pack(">H", len(packet) + options) + packet[4:20]
    assert Internet().receive(longer + b"\x01" * options + packet[20:], 0, 0.0)[3] == packet[20:]


@pytest.mark.parametrize("chain", [(0,), (60,), (0, 43, 60), (51,)])
def test_extension_headers_of_ipv6_are_passed_over(chain):
    packet = udp(invite(), SOURCE_6)
    kinds = [*chain[1:], UDP]
    extensions = b"".join(bytes([kind, 0]) + b"\0" * 6 for kind in kinds)
    whole = packet[:4] + struct.pack(">H", len(packet) - 40 + len(extensions)) + bytes([chain[0]]) + packet[7:40]
    if chain == (51,):  # the length of AH is in words of four octets, less two
        assert Internet().receive(whole + extensions + packet[40:], 0, 0.0)[3] == packet[40:]
        return
    assert Internet().receive(whole + extensions + packet[40:], 0, 0.0)[:1] == (UDP,)


@pytest.mark.parametrize(
    "packet", [b"", b"\x45", b"\x45" + b"\0" * 18, b"\x41" + b"\0" * 40, b"\x60" * 39, b"\x90" * 60]
)
def test_a_header_that_cannot_be_read_is_counted(packet):
    internet = Internet()
    assert internet.receive(packet, 0, 0.0) is None
    assert internet.damaged == 1


def test_extension_headers_without_end_are_damage():
    endless = b"\x60" + b"\0" * 5 + b"\0" + b"\0" * 33 + b"\0" * 8 * 50
    internet = Internet()
    assert internet.receive(endless, 0, 0.0) is None
    assert internet.damaged == 1


# Fragments.


def together(pieces, step=0.0):
    internet = Internet()
    found = [internet.receive(piece, 0, number * step) for number, piece in enumerate(pieces)]
    internet.finish()
    return [one for one in found if one is not None], internet


@pytest.mark.parametrize("cut", [fragments, fragments_6])
@given(size=st.integers(1, 60), seed=st.integers(0, 99))
def test_fragments_make_the_datagram_again_in_whatever_order_and_however_often(cut, size, seed):
    packet = udp(invite(), SOURCE if cut is fragments else SOURCE_6)
    dice = random.Random(seed)
    pieces = cut(packet, size * 8)
    first = dice.sample(pieces, len(pieces))
    again = [piece for piece in first[:-1] if dice.random() < 0.5]
    (found,), internet = together(first[:1] + again[:1] + first[1:])
    assert found[3] == packet[20 if cut is fragments else 40 :]
    assert internet.incomplete == 0


def test_fragments_of_other_datagrams_do_not_mix():
    one, two = udp(invite(call="a" * 50)), udp(invite(call="b" * 50))
    pieces = itertools.chain(*zip(fragments(one, 80, 1), fragments(two, 80, 2), strict=True))
    found, _ = together(pieces)
    assert {data[3] for data in found} == {one[20:], two[20:]}


def test_the_same_identity_of_another_source_or_protocol_is_another_datagram():
    packet = udp(invite())
    pieces = fragments(packet, 80)
    other = [piece[:12] + b"\x0a\x00\x00\x01" + piece[16:] for piece in pieces]
    found, internet = together([*pieces[:-1], other[-1]])
    assert (found, internet.incomplete) == ([], 2)


@pytest.mark.parametrize("cut", [fragments, fragments_6])
def test_a_datagram_whose_fragments_overlap_is_none(cut):
    packet = udp(invite(), SOURCE if cut is fragments else SOURCE_6)
    pieces, others = cut(packet, 80), cut(packet, 120)
    assert together([pieces[0], others[0], *pieces[1:]])[0] == []
    assert together([pieces[0], *others[1:], pieces[1], *pieces[2:]])[0] == []


def test_a_datagram_with_a_hole_is_none_although_its_octets_are_as_many():
    payload = bytes(range(256)) + b"x" * 64
    cuts = [(0, 80), (160, 240), (200, 280), (240, 280), (280, 320)]
    pieces = []
    for start, end in cuts:
        fragment = 0 if end == 320 else 0x2000
        head = struct.pack(">BBHHHBB", 0x45, 0, 20 + end - start, 7, start // 8 | fragment, 64, UDP)
        pieces.append(head + b"\0\0" + SOURCE + TARGET + payload[start:end])
    assert sum(end - start for start, end in cuts) == len(payload)
    assert together(pieces)[0] == []


def test_a_fragment_that_reaches_beyond_the_largest_datagram_breaks_it():
    pieces = fragments(udp(invite()), 80)
    far = bytearray(pieces[-1])
    far[6:8] = struct.pack(">H", 0x1FFF)
    assert together([*pieces[:-1], bytes(far)])[0] == []


def test_a_fragment_that_was_cut_short_breaks_the_datagram():
    for cut, source in ((fragments, SOURCE), (fragments_6, SOURCE_6)):
        pieces = cut(udp(invite(), source), 80)
        assert together([pieces[0][:-8], *pieces[1:]])[0] == []
        assert together([*pieces[:-1], pieces[-1][:-1]])[0] == []


def test_a_fragment_alone_is_a_whole_datagram():
    packet = udp(invite(), SOURCE_6)
    (found,), _ = together(fragments_6(packet, 65_528))
    assert found[3] == packet[40:]


def test_fragments_wait_as_long_as_a_host_would():
    pieces = fragments(udp(invite()), 200)
    assert len(pieces) == 2
    for gap, whole in ((PATIENCE - 0.1, 1), (PATIENCE + 0.1, 0)):
        found, internet = together(pieces, step=gap)
        assert (len(found), internet.incomplete) == (whole, 2 * (1 - whole))


def test_an_invite_in_fragments_is_judged_at_the_packet_that_completes_it():
    pieces = fragments(udp(invite("+3225551212")), 80)
    report = audited(pcap([udp(b"x"), *pieces]))
    (example,) = report.as_dict()["examples"]
    assert example["packet"] == 1 + len(pieces)
    assert report.seen.fragments == len(pieces)


@pytest.mark.parametrize(("size", "pieces", "count"), [(8, 1, 9_000), (1_480, 30, 1_000), (8, 4_000, 12_000)])
def test_fragments_that_never_complete_take_no_more_memory_than_their_budget(size, pieces, count, monkeypatch):
    """Many datagrams of one piece each, of many, and few of very many small ones."""
    monkeypatch.setattr(internet_module, "BUDGET", 600_000)
    monkeypatch.setattr(internet_module, "MOST_WAITING", 1_000)
    internet = Internet()
    tail = b"\0\0" + SOURCE + TARGET + b"x" * size
    tracemalloc.start()
    try:
        for number in range(count):
            identity, piece = divmod(number, pieces)
            fragment = 0x2000 | (1 + piece * size // 8)
            internet.receive(struct.pack(">BBHHHBB", 0x45, 0, 20 + size, identity, fragment, 64, UDP) + tail, 0, 0.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_200_000
    assert internet.incomplete > 0


def test_many_tiny_fragments_of_one_datagram_cost_no_more_than_linear_time():
    internet = Internet()
    whole = b"y" * 65_000
    pieces = fragments(ip(whole, 17), 8)
    random.Random(5).shuffle(pieces)
    found = [one for piece in pieces if (one := internet.receive(piece, 0, 0.0)) is not None]
    assert [one[3] for one in found] == [whole]
