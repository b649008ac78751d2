"""The examples of RFC 4317 through a relayed session, with numbered hosts in place of its named ones: each side is told
what the other said, but for its places, and packets go where both have agreed."""

import re

import pytest

from b2bua.media import Description
from b2bua.media.orders import A, B, Place
from tests.b2bua.media.test_session import Call

ALICE, BOB = "192.0.2.1", "2001:db8::1"
HEAD = "v=0\no={name} 2890844526 {version} IN IP4 host.{name}.example.com\ns=\nc=IN {family} {host}\nt=0 0\n"

#: Offers and answers in turn, the first by Alice, as §2.1, §2.4, §2.5, §3.1, §3.2 and §4.1 have their media.
AUDIO_AND_VIDEO = (
    "m=audio 49170 RTP/AVP 0 8 97\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\na=rtpmap:97 iLBC/8000\n"
    "m=video 51372 RTP/AVP 31 32\na=rtpmap:31 H261/90000\na=rtpmap:32 MPV/90000\n"
)
EXAMPLES = {
    "2.1, audio taken and video refused": [
        (A, AUDIO_AND_VIDEO),
        (B, "m=audio 49174 RTP/AVP 0\na=rtpmap:0 PCMU/8000\nm=video 0 RTP/AVP 31 32\n"),
    ],
    "2.4, one stream of two is a telephone's events": [
        (A, "m=audio 49170 RTP/AVP 0 97\na=rtpmap:97 telephone-event/8000\nm=audio 49172 RTP/AVP 98\na=sendonly\n"),
        (B, "m=audio 49170 RTP/AVP 97\na=rtpmap:97 telephone-event/8000\nm=audio 49172 RTP/AVP 98\na=recvonly\n"),
    ],
    "2.5, a stream comes later": [
        (A, "m=audio 49170 RTP/AVP 0\n"),
        (B, "m=audio 49172 RTP/AVP 0\n"),
        (B, "m=audio 49172 RTP/AVP 0\nm=video 49168 RTP/AVP 31\na=rtpmap:31 H261/90000\n"),
        (A, "m=audio 49170 RTP/AVP 0\nm=video 49168 RTP/AVP 31\na=rtpmap:31 H261/90000\n"),
    ],
    "3.1, hold and back": [
        (A, "m=audio 49170 RTP/AVP 0 97\n"),
        (B, "m=audio 49170 RTP/AVP 97\n"),
        (B, "m=audio 49170 RTP/AVP 97\na=sendonly\n"),
        (A, "m=audio 49170 RTP/AVP 97\na=recvonly\n"),
        (B, "m=audio 49170 RTP/AVP 97\n"),
        (A, "m=audio 49170 RTP/AVP 97\n"),
    ],
    "3.2, hold by both": [
        (A, "m=audio 49170 RTP/AVP 0\n"),
        (B, "m=audio 49172 RTP/AVP 0\n"),
        (A, "m=audio 49170 RTP/AVP 0\na=sendonly\n"),
        (B, "m=audio 49172 RTP/AVP 0\na=inactive\n"),
    ],
    "4.1, the answer goes to another port": [
        (A, "m=audio 49170 RTP/AVP 0\n"),
        (B, "m=audio 49172 RTP/AVP 0\n"),
        (A, "m=audio 49178 RTP/AVP 0\n"),
        (B, "m=audio 49182 RTP/AVP 0\n"),
    ],
}


def written(side: int, version: int, media: str) -> bytes:
    host, name = (ALICE, "atlanta") if side == A else (BOB, "biloxi")
    head = HEAD.format(name=name, version=version, family="IP4" if side == A else "IP6", host=host)
    return (head + media).replace("\n", "\r\n").encode()


def less_places(body: bytes) -> bytes:
    return re.sub(rb"(?m)^(m=\w+) [1-9]\d*", rb"\1 *", re.sub(rb"(?m)^c=IN IP[46] \S+", b"c=*", body))


def wanted(body: bytes) -> list[Place]:
    return [(str(stream.address), stream.port) for stream in Description.read(body).streams if stream.is_wanted]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_offer_and_answer_is_relayed(example: str) -> None:
    call = Call.begin()
    said: list[tuple[int, bytes]] = [
        (side, written(side, version, media)) for version, (side, media) in enumerate(EXAMPLES[example])
    ]
    for (side, offer), (other, answer) in zip(said[::2], said[1::2], strict=True):
        to_other, to_side = call.offer(side, offer), call.answer(other, answer)
        call.session.settled()
        assert less_places(to_other) == less_places(offer)
        assert less_places(to_side) == less_places(answer)
        assert call.heard_by(side, to_side) == wanted(answer)
        taken = [stream.is_wanted for stream in Description.read(answer).streams]
        places = zip(wanted(offer), taken, strict=True)
        assert call.heard_by(other, to_other) == [place if is_taken else None for place, is_taken in places]
