import pytest

from b2bua.call.decline import decline
from sipstack.message import Headers, Response

OFFER = (
    b"v=0\r\no=x 7 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=3 4\r\nt=5 6\r\n"
    b"m=audio 4000/2 RTP/AVP 8 0\r\na=sendrecv\r\nm=image 4002 udptl t38\r\n"
)


def accepted(body: bytes, kind: str = "application/sdp") -> Response:
    return Response(200, "OK", Headers.of([("Content-Type", kind)]), body)


def test_each_stream_is_refused_in_its_place_and_nothing_else_of_the_offer_is_said() -> None:
    headers, body = decline(accepted(OFFER), is_ipv6=False)
    assert headers.first("content-type") == "application/sdp"
    assert body == (
        b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=3 4\r\nt=5 6\r\n"
        b"m=audio 0 RTP/AVP 8 0\r\nm=image 0 udptl t38\r\n"
    )


def test_it_speaks_of_the_family_of_its_side() -> None:
    _, body = decline(accepted(OFFER), is_ipv6=True)
    assert b"c=IN IP6 ::\r\n" in body
    assert b"IP4" not in body


def test_lines_may_end_without_a_carriage_return() -> None:
    assert decline(accepted(OFFER.replace(b"\r", b"")), is_ipv6=False)[1] == decline(accepted(OFFER), is_ipv6=False)[1]


def test_an_offer_without_streams_or_times_has_an_answer_without_streams() -> None:
    _, body = decline(accepted(b"v=0\r\n"), is_ipv6=False)
    assert body.endswith(b"t=0 0\r\n")


@pytest.mark.parametrize(
    ("body", "kind"), [(OFFER, "multipart/mixed"), (b"v=0\r\nm=audio\r\n", "application/sdp"), (b"x", "text/plain")]
)
def test_what_cannot_be_read_is_not_answered(body: bytes, kind: str) -> None:
    headers, said = decline(accepted(body, kind), is_ipv6=False)
    assert (list(headers), said) == ([], b"")
