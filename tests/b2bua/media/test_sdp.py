"""A session description that is moved differs from what it was in the tokens that name an address, and nowhere else."""

import re
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.errors import MediaError
from b2bua.media import Candidates, Description, Place
from b2bua.media.sdp import Address

OURS = ip_address("203.0.113.9")
OURS_6 = ip_address("2001:db8::9")
AUDIO = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 49170 RTP/AVP 0 8\r\na=ptime:20\r\n"
)


def moved(
    body: bytes, *places: Place | None, address: Address = OURS, candidates: Candidates = Candidates.REPLACE
) -> bytes:
    return Description.read(body).moved(address, places, candidates)


def at(port: int, rtcp: int | None = None) -> Place:
    return Place(port, port + 1 if rtcp is None else rtcp)


def test_address_and_port_move_and_the_rest_stays_octet_for_octet() -> None:
    expected = AUDIO.replace(b"c=IN IP4 192.0.2.1", b"c=IN IP4 203.0.113.9").replace(b"49170", b"20000")
    assert moved(AUDIO, at(20000)) == expected
    assert b"o=- 1 1 IN IP4 192.0.2.1" in expected


def test_a_description_may_move_to_the_other_family() -> None:
    assert b"c=IN IP6 2001:db8::9\r\n" in moved(AUDIO, at(20000), address=OURS_6)


def test_lone_line_feeds_and_a_missing_last_line_end_stay_as_they_are() -> None:
    body = AUDIO.replace(b"\r\n", b"\n")[:-1]
    assert moved(body, at(20000)) == body.replace(b"c=IN IP4 192.0.2.1", b"c=IN IP4 203.0.113.9").replace(
        b"49170", b"20000"
    )


def test_a_connection_of_the_stream_goes_before_that_of_the_session() -> None:
    body = AUDIO + b"c=IN IP4 192.0.2.77\r\n"
    (stream,) = Description.read(body).streams
    assert str(stream.address) == "192.0.2.77"
    assert moved(body, at(20000)).count(b"203.0.113.9") == 2


def test_a_stream_that_is_refused_stays_as_it_is() -> None:
    body = AUDIO + b"m=video 0 RTP/AVP 31\r\n"
    assert moved(body, at(20000), None).endswith(b"m=video 0 RTP/AVP 31\r\n")
    refused = Description.read(body).streams[1]
    assert (refused.is_wanted, refused.rtcp) == (False, None)


def test_hold_by_the_address_of_nobody_stays_hold() -> None:
    body = AUDIO.replace(b"c=IN IP4 192.0.2.1", b"c=IN IP4 0.0.0.0")
    assert b"c=IN IP4 0.0.0.0" in moved(body, at(20000))
    assert Description.read(body).streams[0].address is None


@pytest.mark.parametrize(
    ("line", "there"),
    [
        (b"", ("192.0.2.1", 49171)),
        (b"a=rtcp:53020\r\n", ("192.0.2.1", 53020)),
        (b"a=rtcp:53020 IN IP4 192.0.2.2\r\n", ("192.0.2.2", 53020)),
        (b"a=rtcp:53020 IN IP6 2001:db8::2\r\n", ("2001:db8::2", 53020)),
    ],
)
def test_rtcp_goes_where_it_was_said_or_one_port_higher(line: bytes, there: tuple[str, int]) -> None:
    (stream,) = Description.read(AUDIO + line).streams
    assert stream.rtcp is not None
    assert (str(stream.rtcp[0]), stream.rtcp[1]) == there


def test_what_is_said_of_rtcp_moves_with_it() -> None:
    body = AUDIO + b"a=rtcp:53020 IN IP4 192.0.2.2\r\na=rtcp-mux\r\n"
    assert moved(body, at(20000, 20000)).endswith(b"a=rtcp:20000 IN IP4 203.0.113.9\r\na=rtcp-mux\r\n")
    assert moved(AUDIO + b"a=rtcp:53020\r\n", at(20000)).endswith(b"a=rtcp:20001\r\n")


def test_a_fax_has_no_rtcp() -> None:
    (stream,) = Description.read(AUDIO.replace(b"audio 49170 RTP/AVP 0 8", b"image 49170 udptl t38")).streams
    assert stream.rtcp is None


ICE = (
    AUDIO
    + b"a=ice-ufrag:8hhY\r\na=candidate:1 1 UDP 2130706431 10.0.1.1 8998 typ host\r\n"
    + b"a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.1.1 rport 8998\r\na=end-of-candidates\r\n"
    + b"a=x-last:1\r\n"
)


def test_one_candidate_of_ours_for_each_component_stands_in_place_of_all() -> None:
    after = moved(ICE, at(20000))
    assert re.findall(rb"a=candidate:1 (\d) UDP \d+ 203\.0\.113\.9 (\d+) typ host\r\n", after) == [
        (b"1", b"20000"),
        (b"2", b"20001"),
    ]
    assert b"10.0.1.1" not in after
    assert after.endswith(b"a=x-last:1\r\n")


def test_candidates_go_or_stay_as_it_is_set() -> None:
    assert b"candidate" not in moved(ICE, at(20000), candidates=Candidates.REMOVE)
    assert moved(ICE, at(20000), candidates=Candidates.KEEP).count(b"a=candidate") == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"c=IN IP4 192.0.2.1\r\n", b""),
        (b"c=IN IP4 192.0.2.1", b"c=IN IP4 224.2.1.1/127"),
        (b"c=IN IP4 192.0.2.1", b"c=IN IP4 224.2.1.1"),
        (b"c=IN IP4 192.0.2.1", b"c=IN IP4"),
        (b"c=IN IP4 192.0.2.1", b"c=IN IP4 media.example"),
        (b"a=ptime:20", b"a=rtcp:7 IN IP4 media.example"),
        (b"c=IN IP4 192.0.2.1", b"c=ATM NSAP 47.0091"),
        (b"c=IN IP4 192.0.2.1", b"c=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2"),
        (b"49170", b"65536"),
        (b"49170", b"49170/2"),
        (b"49170", b"-1"),
        (b"a=ptime:20", b"a=rtcp:x"),
        (b"a=ptime:20", b"a=rtcp:1\r\na=rtcp:2"),
        (b"a=ptime:20\r\n", b"m=video 1 RTP/AVP 31\r\n" * 32),
    ],
)
def test_what_cannot_be_moved_without_guessing_is_refused_as_not_acceptable(old: bytes, new: bytes) -> None:
    with pytest.raises(MediaError) as refused:
        Description.read(AUDIO.replace(old, new))
    assert refused.value.status == 488


# The law, over descriptions of all shapes.

PORTS = st.integers(0, 65_534)
HOSTS = st.sampled_from(["IN IP4 192.0.2.1", "IN IP4 0.0.0.0", "IN IP6 2001:db8::1", "IN  IP4  198.51.100.7 "])
OTHER = st.one_of(
    st.sampled_from(
        [b"a=rtcp-fb:* nack", b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3", b"a=rtcp-mux"]
    ),
    st.sampled_from(
        [b"a=fmtp:101 0-15", b"b=AS:64", b"a=inactive", b"a=candidate-x:1", b"i= c=IN IP4 192.0.2.9", b"a=cm=1"]
    ),
    st.binary(max_size=20).map(lambda data: b"a=x-" + data.replace(b"\r", b"").replace(b"\n", b"")),
)
ENDS = st.sampled_from([b"\r\n", b"\n"])


@st.composite
def descriptions(draw: st.DrawFn) -> bytes:
    lines = [b"v=0", b"o=- 1 1 IN IP4 192.0.2.1", b"s=-", b"c=" + draw(HOSTS).encode(), b"t=0 0"]
    for _ in range(draw(st.integers(0, 4))):
        transport = draw(
            st.sampled_from(["RTP/AVP 0", "RTP/SAVPF 111 0", "udptl t38", "UDP/DTLS/SCTP webrtc-datachannel"])
        )
        lines.append(f"m={draw(st.sampled_from(['audio', 'video', 'image']))} {draw(PORTS)} {transport}".encode())
        lines += draw(st.lists(OTHER, max_size=3))
        if draw(st.booleans()):
            lines.append(b"c=" + draw(HOSTS).encode())
        if draw(st.booleans()):
            where = draw(st.sampled_from(["", " " + draw(HOSTS).strip()]))
            lines.append(f"a=rtcp:{draw(PORTS)}{where}".encode())
        lines += draw(st.lists(OTHER, max_size=3))
    end = draw(ENDS)
    return end.join(lines) + draw(st.sampled_from([b"", end]))


def without_tokens(line: bytes) -> bytes:
    """A line less what may change in it, told apart by words and not by the patterns of the module."""
    if line.startswith(b"m="):
        kind, _, rest = line.split(b" ", 2)
        return kind + b" PORT " + rest
    if line.startswith(b"c="):
        return re.sub(rb"IP[46](\s+)[^\s]+", rb"\1", line)
    if line.startswith(b"a=rtcp:"):
        return re.sub(rb"IP[46](\s+)[^\s]+", rb"\1", re.sub(rb":\d+", b"", line, count=1))
    return line


@given(descriptions(), st.sampled_from([OURS, OURS_6]))
def test_only_the_named_tokens_ever_change(body: bytes, address: Address) -> None:
    found = Description.read(body)
    places = [at(20_000 + 2 * n) if s.is_wanted else None for n, s in enumerate(found.streams)]
    after = found.moved(address, places, Candidates.KEEP)
    assert [without_tokens(line) for line in after.splitlines(True)] == [
        without_tokens(line) for line in body.splitlines(True)
    ]
    again = Description.read(after)
    if found.streams:
        for place, stream, before in zip(places, again.streams, found.streams, strict=True):
            assert stream.port == (0 if place is None else place.port)
            assert (stream.kind, stream.transport, stream.is_mux) == (before.kind, before.transport, before.is_mux)


@given(descriptions(), st.sampled_from(list(Candidates)))
def test_no_address_of_the_peer_is_left_where_packets_could_go(body: bytes, candidates: Candidates) -> None:
    found = Description.read(body)
    places = [at(20_000 + 2 * n) if s.is_wanted else None for n, s in enumerate(found.streams)]
    again = Description.read(found.moved(OURS, places, candidates))
    assert {stream.address for stream in again.streams} <= {OURS, None}
    assert {stream.rtcp[0] for stream in again.streams if stream.rtcp is not None} <= {OURS, None}


@given(st.binary(max_size=300))
def test_no_octets_raise_anything_but_what_is_said(body: bytes) -> None:
    try:
        found = Description.read(body)
    except MediaError:
        return
    found.moved(OURS, [None] * len(found.streams))
