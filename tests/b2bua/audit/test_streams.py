"""TCP as a capture has it: late, twice, out of order, with holes, from the middle."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.audit.streams import BUDGET, LARGEST_HELD, MOST_HELD, MOST_STREAMS, PATIENCE, Broken, Streams
from tests.b2bua.audit.making import GEOGRAPHIC, SOURCE_6, audited, invite, pcap, tcp
from tests.fuzz.growth import assert_linear

ENDS = b"\xc0\x00\x02\x07\xc0\x00\x02\x01\x9c\x40\x13\xc4"
HEADER, TAIL = b"\x9c\x40\x13\xc4", b"\0\0\0\0\x50\x18" + b"\0" * 6
SYN, ACK, FIN, RST, PUSH = 2, 16, 1, 4, 24
ISN = 1_000

OPTIONS = b"OPTIONS sip:a@x SIP/2.0\r\nCall-ID: o\r\nContent-Length: 5\r\n\r\nhello"


def messages(count, body=0):
    return [invite(call=f"m{n}").replace(b"h: 0\r\n", b"h: %d\r\n" % body) + b"b" * body for n in range(count)]


def segments(data, size, isn=ISN):
    """Sequence number and octets."""
    return [((isn + 1 + at) % 2**32, data[at : at + size]) for at in range(0, len(data), size)]


def follow(parts, streams=None, step=0.001, syn=True, isn=ISN):
    """What is found in a stream of these segments, and in the end."""
    streams = streams or Streams()
    found = []
    if syn:
        found += streams.receive(ENDS, segment(isn, b"", SYN), 0.0)
    for number, (sequence, data) in enumerate(parts):
        found += streams.receive(ENDS, segment(sequence, data), number * step)
    return [*found, *(one for _, one in streams.finish())], streams


def segment(number, data, flags=PUSH):
    return tcp(data, number, flags)[20:]


@given(size=st.integers(1, 700), seed=st.integers(0, 99), isn=st.sampled_from([0, ISN, 2**31 - 300, 2**32 - 200]))
def test_segments_of_any_size_in_any_near_order_give_the_messages(size, seed, isn):
    whole = messages(4, body=30)
    parts = segments(b"".join(whole), size, isn)
    dice = random.Random(seed)
    near = sorted(range(len(parts)), key=lambda place: place + dice.random() * 6)
    again = [parts[place] for place in near for _ in range(1 + (dice.random() < 0.3))]
    found, streams = follow(again, isn=isn)
    assert found == whole
    assert streams.gaps == 0


def test_keepalives_between_messages_are_passed_over():
    one, two = messages(2)
    assert follow(segments(b"\r\n\r\n" + one + b"\r\n\r\n" + two + b"\r\n", 90))[0] == [one, two]


def test_a_retransmission_that_begins_earlier_and_ends_later_brings_only_what_is_new():
    one, two = messages(2)
    data = one + two
    parts = [(ISN + 1, data[:100]), (ISN + 51, data[50:250]), (ISN + 1, data[:60]), (ISN + 201, data[200:])]
    assert follow(parts)[0] == [one, two]


@pytest.mark.parametrize("syn", [True, False])
def test_a_stream_is_followed_from_the_first_start_line_of_the_capture(syn):
    one, two = messages(2)
    found, _ = follow(segments(one[200:] + two, 64), syn=syn)
    assert found == [two]


def test_after_a_gap_the_stream_is_followed_from_the_next_start_line():
    whole = messages(6)
    parts = segments(b"".join(whole), 100)
    missing = len(whole[0] + whole[1]) // 100 + 1  # within the third
    found, streams = follow([*parts[:missing], *parts[missing + 1 :]])
    assert found == [*whole[:2], *whole[3:]]
    assert streams.gaps == 1


def test_a_gap_is_waited_for_only_so_long():
    whole = messages(4)
    parts = segments(b"".join(whole), len(whole[0]))
    early = [parts[0], parts[2]]
    for pause, expected in ((PATIENCE - 1, [whole[0], whole[1], whole[2]]), (PATIENCE + 1, [whole[0], whole[2]])):
        streams = Streams()
        found = [*streams.receive(ENDS, segment(ISN, b"", SYN), 0.0)]
        for sequence, data in early:
            found += streams.receive(ENDS, segment(sequence, data), 0.0)
        found += streams.receive(ENDS, segment(*parts[3]), pause)
        found += streams.receive(ENDS, segment(*parts[1]), pause)
        assert found[: len(expected)] == expected
        assert streams.gaps == (pause > PATIENCE)


@pytest.mark.parametrize(("size", "count"), [(10, MOST_HELD + 2), (1_400, LARGEST_HELD // 1_400 + 2)])
def test_what_waits_for_a_missing_segment_is_bounded(size, count):
    one = messages(1)[0]
    data = one + b"\r\n" * size * count
    parts = segments(data, size)
    missing = len(one) // size + 1
    streams = Streams()
    found = [*streams.receive(ENDS, segment(ISN, b"", SYN), 0.0)]
    for sequence, piece in [*parts[:missing], *parts[missing + 1 :]]:
        found += streams.receive(ENDS, segment(sequence, piece), 0.0)
    assert found == [one]
    assert streams.gaps == 1


def test_a_new_connection_between_the_same_ports_begins_anew():
    one, two = messages(2)
    streams = Streams()
    found = follow([(ISN + 1, one[:100])], streams)[0]
    streams = Streams()
    found += streams.receive(ENDS, segment(ISN, b"", SYN), 0.0)
    found += streams.receive(ENDS, segment(ISN + 1, one[:100]), 0.0)
    found += streams.receive(ENDS, segment(77_000, b"", SYN), 0.0)
    found += streams.receive(ENDS, segment(77_001, two), 0.0)
    assert found == [two]


@pytest.mark.parametrize("end", [FIN | ACK, RST])
def test_a_connection_that_has_ended_is_forgotten(end):
    one, two = messages(2)
    streams = Streams()
    found = [*streams.receive(ENDS, segment(ISN + 1, one), 0.0)]
    found += streams.receive(ENDS, segment(ISN + 1 + len(one), b"", end), 0.0)
    assert len(streams._directions) == 0
    found += streams.receive(ENDS, segment(5, two), 0.0)
    assert found == [one, two]


def test_an_end_that_came_before_the_last_message_loses_nothing():
    one, two = messages(2)
    streams = Streams()
    found = [*streams.receive(ENDS, segment(ISN + 1, one + two[:50]), 0.0)]
    found += streams.receive(ENDS, segment(ISN + 1 + len(one + two), b"", FIN | ACK), 0.0)
    found += streams.receive(ENDS, segment(ISN + 1 + len(one) + 50, two[50:]), 0.0)
    assert found == [one, two]


def test_a_stream_far_away_is_another_connection():
    one, two = messages(2)
    found, _ = follow([(ISN + 1, one[:100]), (ISN + 2**30, two)])
    assert found == [two]


# What cannot be followed.


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ((b"Content-Length: 0\r\n", b""), "Missing Content-Length"),
        ((b"Content-Length: 0\r\n", b"Content-Length: 0\r\nl: 0\r\n"), "Two Content-Length"),
        ((b"Content-Length: 0\r\n", b"Content-Length: -5\r\n"), "Bad Content-Length"),
        ((b"Content-Length: 0\r\n", b"Content-Length: 9999999\r\n"), "Message Too Large"),
    ],
)
def test_a_message_without_an_end_is_told_and_the_stream_goes_on_after_its_head(edit, reason):
    one, two = messages(2)
    broken, last = follow(segments(b"\r\n\r\n" + one.replace(*edit) + two, 1_500))[0]
    assert follow(segments(one.replace(*edit) + two, 150))[0][1] == two
    assert isinstance(broken, Broken)
    assert broken.fault.reason == reason
    assert broken.data.startswith(b"INVITE ")
    assert last == two


def test_a_head_without_an_end_is_given_up():
    one, two = messages(2)
    endless = one[:-2] + b"X: y\r\n" * 12_000
    broken, last = follow(segments(endless, 1_400) + segments(two, 1_400, ISN + len(endless)))[0]
    assert broken.fault.reason == "Message Too Large"
    assert last == two


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01" * 500, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 90, b"A" * 5_000, b"\r\n" * 900]
)
def test_other_protocols_say_nothing_and_hide_nothing(noise):
    one = messages(1)[0]
    found, _ = follow(segments(noise + b"\r\n" + one, 1_000))
    assert found == [one]


def test_what_follows_a_message_and_is_none_is_passed_over():
    one, two = messages(2)
    found, _ = follow(segments(one + b"noise and more noise" * 300 + b"\r\n" + two, 500))
    assert found == [one, two]


def test_a_start_line_is_found_although_it_is_cut_in_two():
    one = messages(1)[0]
    for cut in range(1, 40):
        data = b"tail of something\r\n" + one
        at = 19 + cut
        assert follow([(ISN + 1, data[:at]), (ISN + 1 + at, data[at:])], syn=False)[0] == [one]


def test_a_segment_begins_a_message_although_the_body_before_it_had_no_line_end():
    one, two = messages(2, body=7)
    found, _ = follow([(ISN + 1, one[50:]), (ISN + 1 + len(one[50:]), two)], syn=False)
    assert found == [two]


@pytest.mark.parametrize("data", [b"", b"x" * 19, b"\0" * 20, b"\0" * 12 + b"\xf0" + b"\0" * 30])
def test_a_segment_whose_header_cannot_be_read_is_counted(data):
    streams = Streams()
    assert [*streams.receive(ENDS, data, 0.0)] == []
    assert streams.damaged == 1


def test_a_row_of_faults_is_told_one_by_one():
    found, _ = follow(segments(b"INVITE sip:a SIP/2.0\r\n\r\n" * 1_000, 9_999))
    assert [one.fault.reason for one in found] == ["Missing Content-Length"] * 1_000


@pytest.mark.parametrize(
    "unit",
    [
        b"INVITE sip:a SIP/2.0\r\n\r\n",
        b"INVITE sip:a SIP/2.0\r\n",
        b"INVITE sip:a SIP/2.0\r\nl: 99\r\n\r\n\n",
        b"SIP/2.0 200 \r\n\r\nA",
        b"AAAAAAAA AAAAAAAA",
        b"\n",
        b"SIP/2.0",
        b"INVITE ",
    ],
)
def test_a_hostile_stream_costs_no_more_than_linear_time(unit):
    def read(data):
        streams = Streams()
        for at in range(0, len(data), 60_000):
            for _ in streams.receive(ENDS, HEADER + (ISN + at).to_bytes(4, "big") + TAIL + data[at : at + 60_000], 0.0):
                pass

    assert_linear(repr(unit), read, lambda times: unit * times)


def test_connections_without_end_take_no_more_memory_than_their_budget():
    streams = Streams()
    head = b"INVITE sip:a SIP/2.0\r\nX: " + b"y" * 15_000
    begun, early = segment(ISN, head), segment(ISN + 20_000, head)
    tracemalloc.start()
    try:
        for number in range(1_500):
            ends = number.to_bytes(12, "big")
            for _ in streams.receive(ends, begun, 0.0):
                pass
            for _ in streams.receive(ends, early, 0.0):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * BUDGET
    assert streams.dropped > 0


def test_connections_that_say_nothing_are_bounded_in_number():
    streams = Streams()
    syn = segment(ISN, b"", SYN)
    for number in range(MOST_STREAMS + 50):
        assert [*streams.receive(number.to_bytes(12, "big"), syn, 0.0)] == []
    assert (len(streams._directions), streams.dropped) == (MOST_STREAMS, 50)


@given(st.lists(st.tuples(st.integers(0, 3_000), st.binary(max_size=300), st.integers(0, 255)), max_size=40))
def test_no_segments_raise_anything(parts):
    streams = Streams()
    for at, (number, data, flags) in enumerate(parts):
        for _ in streams.receive(ENDS, segment(number, data + OPTIONS[:50], flags), at * 3.0):
            pass
    assert all(isinstance(found, bytes | Broken) for _, found in streams.finish())
    assert streams._cost == 0


def test_the_memory_that_is_counted_is_what_is_held():
    streams = Streams()
    dice = random.Random(3)
    data = b"".join(messages(30, body=20))
    for number in range(300):
        at = dice.randrange(len(data))
        for _ in streams.receive(dice.choice([ENDS, ENDS[::-1]]), segment(ISN + at, data[at : at + 200]), number * 0.2):
            pass
        assert streams._cost == sum(direction.cost for direction in streams._directions.values())


# In a capture.


def test_an_invite_over_tcp_is_judged_at_the_segment_that_completes_it():
    whole = invite(GEOGRAPHIC)
    parts = [tcp(b"", ISN, SYN), *(tcp(data, number) for number, data in segments(whole, 100))]
    report = audited(pcap([parts[0], parts[2], parts[1], *parts[3:]]))
    assert report.verdicts == {"block": 1}
    (example,) = report.as_dict()["examples"]
    assert (example["packet"], example["peer"]) == (len(parts), "192.0.2.7")


def test_an_invite_over_tcp_and_ipv6_is_judged():
    whole = invite(GEOGRAPHIC)
    report = audited(pcap([tcp(data, number, source=SOURCE_6) for number, data in segments(whole, 100)]))
    assert report.verdicts == {"block": 1}
    assert [name for name, _, _ in report.peers.rows()] == [("2001:db8::7",)]


def test_an_invite_over_tcp_that_has_no_length_is_one_that_cannot_be_read():
    whole = invite(GEOGRAPHIC).replace(b"Content-Length: 0\r\n", b"")
    report = audited(pcap([tcp(data, number) for number, data in segments(whole, 100)]))
    (row,) = report.as_dict()["unreadable"]
    assert (row["reason"], row["messages"]) == ("Missing Content-Length", 1)


def test_what_waits_at_the_end_of_the_capture_is_judged_too():
    one, two = messages(2)
    parts = segments(one + two, len(one))
    report = audited(pcap([tcp(b"", ISN, SYN), tcp(parts[1][1], parts[1][0])]))
    assert report.verdicts.total() == 1
    assert report.seen.gaps == 1
