import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Isup
from b2bua.identity.screening import is_unread, refuse_unread
from b2bua.identity.signalling import Content, enclosed, less_signalling, told_in
from sipstack.errors import ParseError
from sipstack.message import Headers
from tests.b2bua.identity.making_isup import (
    CALLING,
    GENERIC,
    MULTIPART,
    TYPE,
    iam,
    multipart,
    number,
    part,
    sip_i,
)

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
IAM = iam(number(CALLING, "33612345678"), number(GENERIC, "442079460000", qualifier=6))
LOCATION = part("application/pidf+xml", b"<presence/>", "Content-ID: <place>")


def content(kind: str, body: bytes, *more: tuple[str, str]) -> Content:
    return Content(Headers.of([("Content-Type", kind), *more]), body)


def told(kind: str, body: bytes, *more: tuple[str, str]) -> list[tuple[int, str]]:
    return [(one.index, one.raw) for one in told_in(content(kind, body, *more))]


TOLD = [(0, "+33612345678"), (1, "+442079460000")]


# Where it is found.


@pytest.mark.parametrize(
    "kind",
    [
        TYPE,
        "application/isup",
        "APPLICATION / ISUP ; VERSION=ITU-T92+",
        "application/isup;version=itu-t;base=itu-t88",
        'application/isup;base="etsi356"',
        "application/ISUP; version=nxv3; base=etsi121",
    ],
)
def test_a_whole_body_is_read_whatever_its_itu_dialect_is_called(kind: str) -> None:
    assert told(kind, IAM) == TOLD


@pytest.mark.parametrize(
    "parameters",
    [
        "version=ansi88",
        "version=itu-t92+;base=ansi00",
        "version=ansi88;base=itu-t92+",
        "version=itu-t92+;version=ansi88",
        "version=itu-t92+;base=itu-t92+;base=ansi88",
        "version=gr317",
        "version=ttc93+",
        "version=ttc87;base=etsi121",
        "version=nxv3",
        "version",
        "base=",
    ],
)
def test_another_dialect_or_two_are_refused(parameters: str) -> None:
    with pytest.raises(ParseError) as caught:
        told(f"application/isup;{parameters}", IAM)
    assert caught.value.status == 415


@pytest.mark.law("L11")
def test_it_is_found_beside_a_session() -> None:
    assert told(MULTIPART, sip_i(SDP, IAM)) == TOLD
    assert told(MULTIPART, multipart(part(TYPE, IAM), part("application/sdp", SDP))) == TOLD


def test_it_is_found_in_a_multipart_in_a_multipart_and_no_deeper() -> None:
    inner = part("multipart/mixed;boundary=inner", multipart(part(TYPE, IAM), boundary=b"inner"))
    assert told(MULTIPART, multipart(part("application/sdp", SDP), inner)) == TOLD
    outer = multipart(part("multipart/mixed;boundary=middle", multipart(inner, boundary=b"middle")))
    with pytest.raises(ParseError):
        told(MULTIPART, outer)


def test_two_messages_are_both_read_and_their_index_runs_on() -> None:
    body = multipart(part(TYPE, IAM), part(TYPE, iam(number(CALLING, "351210000000"))))
    assert told(MULTIPART, body) == [*TOLD, (2, "+351210000000")]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/sdp", SDP),
        ("text/plain", b"application/isup"),
        ("application/sdp", b"s=isup"),
        (MULTIPART, multipart(part("application/sdp", SDP), LOCATION)),
        (MULTIPART, b"nothing that could be divided"),
        ("multipart/mixed", b"--x--"),
        ("no type at all", SDP),
    ],
)
def test_a_body_that_cannot_hold_any_is_not_divided(kind: str, body: bytes) -> None:
    assert enclosed(content(kind, body)) == ()
    assert enclosed(Content(Headers(), body)) == ()


@pytest.mark.law("L11", "K32")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(sip_i(SDP, IAM)[:-6], id="the last delimiter is cut off"),
        pytest.param(sip_i(SDP, IAM) + b"--unique-boundary-1\r\n", id="a delimiter behind the last"),
        pytest.param(sip_i(SDP, IAM).replace(b"-1\r\nContent-Type: app", b"-12\r\nContent-Type: app"), id="look-alike"),
        pytest.param(b"Content-Type: application/isup\r\n\r\n" + sip_i(SDP, IAM), id="in the preamble"),
        pytest.param(sip_i(SDP, IAM) + b"\r\nContent-Type: application/isup\r\n", id="in the epilogue"),
        pytest.param(
            multipart(part("message/sip", b"Content-Type: application/isup\r\n\r\n" + IAM)), id="in a message in a part"
        ),
        pytest.param(multipart(part(TYPE, IAM, "Content-Type: text/plain")), id="two types"),
        pytest.param(multipart(part("text/plain", IAM, "Content-Type: application/isup")), id="two types, the other"),
        pytest.param(multipart(part("application/(no comment)isup", IAM)), id="a comment"),
        pytest.param(multipart(part("application/is\r\n up", IAM)), id="a folded word"),
        pytest.param(multipart(part("application/x-isup", IAM)), id="another name"),
        pytest.param(multipart(part(TYPE, IAM), part("application/sdp", b"a=application/isup")), id="named elsewhere"),
        pytest.param(multipart(*[part(TYPE, IAM)] * 17), id="too many parts"),
    ],
)
def test_what_two_readers_could_find_in_different_places_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        told(MULTIPART, body)
    assert is_unread(content(MULTIPART, body), Isup.STRIP)
    assert less_signalling(Headers.of([("Content-Type", MULTIPART)]), body) == b""


@pytest.mark.parametrize("boundary", ["", ";boundary=unique-boundary-1;boundary=x", ';boundary=""'])
def test_a_boundary_that_is_none_or_two_is_refused(boundary: str) -> None:
    with pytest.raises(ParseError):
        told(f"multipart/mixed{boundary}", sip_i(SDP, IAM))


@pytest.mark.parametrize(("kind", "body"), [(TYPE, IAM), (MULTIPART, sip_i(SDP, IAM))])
def test_two_content_types_of_a_message_are_refused(kind: str, body: bytes) -> None:
    with pytest.raises(ParseError):
        told(kind, body, ("Content-Type", "application/sdp"))
    with pytest.raises(ParseError):
        told("application/sdp", body, ("Content-Type", kind))


@pytest.mark.parametrize(
    ("lines", "is_read"),
    [
        (["Content-Transfer-Encoding: binary"], True),
        (["Content-Transfer-Encoding: Binary"], True),
        (["Content-Transfer-Encoding: base64"], False),
        (["Content-Transfer-Encoding: 8bit"], False),
        (["Content-Transfer-Encoding: binary", "Content-Transfer-Encoding: base64"], False),
        (["Content-Encoding: gzip"], False),
    ],
)
def test_octets_that_are_encoded_are_not_read(lines: list[str], is_read: bool) -> None:
    assert is_unread(content(MULTIPART, multipart(part(TYPE, IAM, *lines)))) is not is_read


# What becomes of it.


@pytest.mark.parametrize("kind", ["application/qsig", "application/QSIG;version=iso"])
@pytest.mark.parametrize("isup", Isup)
def test_qsig_is_refused_whatever_is_said_of_isup(kind: str, isup: Isup) -> None:
    for message in (content(kind, b"\x05\x01"), content(MULTIPART, multipart(part(kind, b"\x05\x01")))):
        with pytest.raises(ParseError, match="QSIG") as caught:
            refuse_unread(message, isup)
        assert caught.value.status == 415


@pytest.mark.parametrize(("isup", "octets", "is_refused"), [
    (Isup.JUDGE, IAM, False), (Isup.JUDGE, IAM[:-1], True),
    (Isup.STRIP, IAM, False), (Isup.STRIP, IAM[:-1], False),
    (Isup.REFUSE, IAM, True), (Isup.REFUSE, IAM[:-1], True),
])  # fmt: skip
def test_the_setting_decides_what_is_refused(isup: Isup, octets: bytes, is_refused: bool) -> None:
    for message in (content(TYPE, octets), content(MULTIPART, sip_i(SDP, octets))):
        assert is_unread(message, isup) is is_refused


def less(kind: str, body: bytes, *more: tuple[str, str]) -> tuple[bytes, list[tuple[str, str]]]:
    headers = Headers.of([("X-Before", "1"), ("Content-Type", kind), *more, ("X-After", "1")])
    left = less_signalling(headers, body)
    return left, [(key, value) for key, value in headers if not key.startswith("x-")]


def test_without_it_a_body_that_was_nothing_else_is_none() -> None:
    lines = [("Content-Disposition", "signal;handling=required"), ("Content-Language", "en")]
    assert less(TYPE, IAM, *lines) == (b"", [])
    assert less(MULTIPART, multipart(part(TYPE, IAM)), *lines) == (b"", [])
    assert less(MULTIPART, multipart(part(TYPE, IAM), part("application/qsig", IAM))) == (b"", [])


def test_without_it_the_session_that_is_left_is_the_body() -> None:
    assert less(MULTIPART, sip_i(SDP, IAM)) == (SDP, [("content-type", "application/sdp")])
    session = part("application/sdp;x=y", SDP, "Content-Disposition: session", "Content-Transfer-Encoding: binary")
    assert less(MULTIPART, multipart(part(TYPE, IAM), session), ("Content-Disposition", "signal")) == (
        SDP,
        [("content-type", "application/sdp;x=y"), ("content-disposition", "session")],
    )


@pytest.mark.parametrize(
    "other",
    [
        LOCATION,
        part("text/plain", b"eA==", "Content-Transfer-Encoding: base64"),
        b"\r\nof no type",
    ],
)
def test_what_could_not_be_a_body_of_its_own_stays_a_part(other: bytes) -> None:
    assert less(MULTIPART, multipart(part(TYPE, IAM), other)) == (multipart(other), [("content-type", MULTIPART)])


def test_without_it_all_other_parts_are_what_they_were() -> None:
    session = part("application/sdp", SDP)
    assert less(MULTIPART, multipart(session, part(TYPE, IAM), LOCATION)) == (
        multipart(session, LOCATION),
        [("content-type", MULTIPART)],
    )
    preamble, epilogue = b"before\r\n", b"after\r\n"
    left, _ = less(MULTIPART, preamble + multipart(session, part(TYPE, IAM), LOCATION) + epilogue)
    assert left == preamble + multipart(session, LOCATION) + epilogue


def test_a_multipart_that_would_be_empty_goes_with_it() -> None:
    inner = part("multipart/mixed;boundary=inner", multipart(part(TYPE, IAM), part(TYPE, IAM), boundary=b"inner"))
    assert less(MULTIPART, multipart(part("application/sdp", SDP), inner)) == (
        SDP,
        [("content-type", "application/sdp")],
    )


def test_a_body_without_it_and_its_lines_stay_to_the_octet() -> None:
    for kind, body in (("application/sdp", SDP), (MULTIPART, multipart(part("application/sdp", SDP))), ("x", b"")):
        assert less(kind, body) == (body, [("content-type", kind)])


pieces = st.lists(
    st.sampled_from(
        [part("application/sdp", SDP), part(TYPE, IAM), part("application/qsig", b"\x05"), LOCATION, part("a/b", b"")]
    ),
    min_size=1,
    max_size=5,
)


@given(pieces)
def test_nothing_of_it_is_left_and_nothing_else_is_lost(said: list[bytes]) -> None:
    headers = Headers.of([("Content-Type", MULTIPART)])
    left = less_signalling(headers, multipart(*said))
    assert b"isup" not in left.lower()
    assert b"qsig" not in left.lower()
    assert left.count(SDP) == said.count(part("application/sdp", SDP))
    assert left.count(b"<presence/>") == said.count(LOCATION)
    assert bool(left) == any(one not in (part(TYPE, IAM), part("application/qsig", b"\x05")) for one in said) or (
        left == b"" and said.count(part("a/b", b"")) == 1
    )
    assert not enclosed(Content(headers, left))


@pytest.mark.law("K32")
@given(pieces, st.data())
def test_any_octets_changed_are_divided_or_refused(said: list[bytes], data: st.DataObject) -> None:
    body = bytearray(multipart(*said))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    headers = Headers.of([("Content-Type", MULTIPART)])
    is_unread(Content(headers, bytes(body)))
    left = less_signalling(headers, bytes(body))
    assert not enclosed(Content(headers, left))
