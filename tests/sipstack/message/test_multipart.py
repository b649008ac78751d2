import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError, StateError
from sipstack.message import (
    Part,
    PartLimits,
    Request,
    content_of,
    parts_of,
    read_parts,
    replaced,
    request,
    without,
)
from sipstack.values import MediaType

MIXED = MediaType.parse("multipart/mixed;boundary=unique-1")
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n"
ISUP = bytes(range(256))
SIP_I = (
    b"preamble\r\n--unique-1 \t\r\nContent-Type: application/SDP; charset=utf-8\r\n\r\n"
    + SDP
    + b"\r\n--unique-1\r\nContent-Type: application/ISUP;version=nxv3;\r\n base=etsi121\r\n"
    + b"Content-Disposition: signal;handling=optional\r\n\r\n"
    + ISUP
    + b"\r\n--unique-1-- \r\nepilogue\r\n"
)


def read(body: bytes, boundary: str = "unique-1", limits: PartLimits | None = None) -> tuple[Part, ...]:
    media_type = MediaType.parse(f'multipart/mixed;boundary="{boundary}"')
    return read_parts(media_type, body) if limits is None else read_parts(media_type, body, limits)


def invite(body: bytes, *pairs: tuple[str, str]) -> Request:
    return request("INVITE", "sip:a@b", [("Content-Type", "multipart/mixed;boundary=unique-1"), *pairs], body)


def bodies(body: bytes) -> list[bytes]:
    return [part.body for part in read(body)]


def test_the_parts_of_sip_i_are_read() -> None:
    sdp, isup = parts_of(invite(SIP_I))
    assert (sdp.body, isup.body) == (SDP, ISUP)
    assert sdp.media_type is not None
    assert sdp.media_type.name == "application/sdp"
    assert isup.media_type is not None
    assert isup.media_type.parameters.get("base") == "etsi121"
    assert isup.disposition is not None
    assert not isup.disposition.is_required
    assert (sdp.place, isup.place) == ((0,), (1,))
    assert not isup.is_truncated


def test_a_part_knows_where_it_stands() -> None:
    for part in read(SIP_I):
        assert SIP_I[part.start : part.end] == part.body


def test_any_other_body_has_no_parts() -> None:
    assert parts_of(request("INVITE", "sip:a", [("Content-Type", "application/sdp")], SDP)) == ()
    assert parts_of(request("OPTIONS", "sip:a", [])) == ()


def test_content_is_found_wherever_it_stands() -> None:
    assert content_of(invite(SIP_I), "application/sdp") == SDP
    assert content_of(invite(SIP_I), "application/pidf+xml") is None
    assert content_of(request("INVITE", "sip:a", [("Content-Type", "application/SDP")], SDP), "application/sdp") == SDP
    assert content_of(request("OPTIONS", "sip:a", []), "application/sdp") is None


def test_a_replaced_part_leaves_every_other_byte() -> None:
    sdp, isup = read(SIP_I)
    assert replaced(SIP_I, sdp, b"v=1") == SIP_I.replace(SDP, b"v=1")
    assert replaced(SIP_I, isup, b"") == SIP_I.replace(ISUP, b"")
    assert replaced(SIP_I, sdp, SDP) == SIP_I


def test_a_part_taken_out_takes_its_delimiter_along() -> None:
    sdp, isup = read(SIP_I)
    assert [part.body for part in read(without(SIP_I, isup))] == [SDP]
    assert without(SIP_I, isup).endswith(SDP + b"\r\n--unique-1-- \r\nepilogue\r\n")
    assert [part.body for part in read(without(SIP_I, sdp))] == [ISUP]
    assert without(SIP_I, sdp).startswith(b"preamble\r\n--unique-1\r\n")


@pytest.mark.parametrize("body", [b"--unique-1\r\n\r\na\r\n--unique-1--", b"--unique-1\r\n\r\na\r\n"])
def test_the_last_part_left_cannot_be_taken_out(body: bytes) -> None:
    (part,) = read(body)
    with pytest.raises(StateError):
        without(body, part)


def test_a_part_that_nothing_ends_cannot_be_taken_out() -> None:
    body = b"--unique-1\r\n\r\na\r\n--unique-1\r\n\r\nb"
    with pytest.raises(StateError):
        without(body, read(body)[1])


def test_a_part_of_another_body_is_our_fault() -> None:
    sdp, isup = read(SIP_I)
    changed = replaced(SIP_I, sdp, b"v=1")
    for change in (lambda: replaced(changed, isup, b""), lambda: without(changed, isup)):
        with pytest.raises(StateError):
            change()


@pytest.mark.parametrize("content", [b"--unique-1", b"a\r\n--unique-1--\r\n", b"a\n--unique-1x", b"\n--unique-1"])
def test_content_that_would_end_its_part_is_our_fault(content: bytes) -> None:
    with pytest.raises(StateError):
        replaced(SIP_I, read(SIP_I)[0], content)


def test_a_boundary_within_a_line_is_content() -> None:
    body = replaced(SIP_I, read(SIP_I)[0], b"a --unique-1\r\n -- unique-1\r\n--unique-")
    assert bodies(body)[0] == b"a --unique-1\r\n -- unique-1\r\n--unique-"


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"--unique-1\r\n\r\na\r\n--unique-1--", [b"a"]),
        (b"\r\n--unique-1\r\n\r\na\r\n--unique-1--", [b"a"]),
        (b"--unique-1\n\na\n--unique-1--\n", [b"a"]),
        (b"--unique-1\r\n\r\na\r\n\r\n--unique-1--", [b"a\r\n"]),
        (b"--unique-1\r\n\r\n\r\n--unique-1--", [b""]),
        (b"--unique-1\r\n\r\n--unique-1--", [b""]),
        (b"--unique-1\r\n--unique-1--", [b""]),
        (b"--unique-1\r\nX: y\r\n\r\n--unique-1--", [b""]),
        (b"--unique-1\r\nX: y\r\n\r\n\r\n--unique-1--", [b""]),
        (b"--unique-1\r\nX: y\r\n\r\n\r\n\r\na\r\n--unique-1--", [b"\r\n\r\na"]),
        (b"--unique-1 \t \r\n\r\na\r\n--unique-1\t\r\n\r\nb\r\n--unique-1--\t", [b"a", b"b"]),
        (b"not a --unique-1\r\n--unique-1\r\n\r\na\r\n--unique-1--", [b"a"]),
        (b"--unique-1\r\n\r\na", [b"a"]),
        (b"--unique-1\r\n\r\na\r\n--unique-1\r\n\r\nb\r\n", [b"a", b"b\r\n"]),
    ],
)
def test_line_ends_belong_where_the_rfc_has_them(body: bytes, parts: list[bytes]) -> None:
    assert bodies(body) == parts


def test_a_missing_last_delimiter_is_told() -> None:
    assert [part.is_truncated for part in read(b"--unique-1\r\n\r\na\r\n--unique-1\r\n\r\nb")] == [False, True]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a",
        b"--unique-1--",
        b"--unique-1",
        b"--unique-1\r\n\r\na\r\n--unique-1",
        b"--unique-2\r\n\r\na\r\n--unique-2--",
        # Lines that one reader takes for delimiters and another does not.
        b"--unique-1x\r\n\r\na\r\n--unique-1--",
        b"--unique-1\r\n\r\na\r\n--unique-10\r\n\r\nb\r\n--unique-1--",
        b"--unique-1\r\n\r\na\r\n--unique-1 x\r\n\r\nb\r\n--unique-1--",
        b"--unique-1\r\n\r\na\r\n--unique-1-\r\n\r\nb\r\n--unique-1--",
        b"--unique-1\r\n\r\na\r\n--unique-1\r\r\n\r\nb\r\n--unique-1--",
        b"--unique-1\r\n\r\na\r\n--unique-1--\r\n--unique-1\r\n\r\nb\r\n--unique-1--",
        b"--unique-1--\r\n--unique-1\r\n\r\nb\r\n--unique-1--",
        # Header lines that are none.
        b"--unique-1\r\nno colon\r\n\r\na\r\n--unique-1--",
        b"--unique-1\r\n X: y\r\n\r\na\r\n--unique-1--",
        b"--unique-1\r\nX: y\rZ: a\r\n\r\na\r\n--unique-1--",
        b"--unique-1\r\nX: \0\r\n\r\na\r\n--unique-1--",
        b"--unique-1\r\nContent-Type: x\r\n\r\na\r\n--unique-1--",
        b"--unique-1\r\nContent-Type: a/b\r\nc: a/c\r\n\r\na\r\n--unique-1--",
    ],
)
def test_what_two_readers_could_divide_differently_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(body)


@pytest.mark.parametrize("boundary", ["a b", "'()+_,-./:=?", "x" * 70, "a,b;c"])
def test_a_quoted_boundary_may_hold_more_than_a_token(boundary: str) -> None:
    body = f"--{boundary}\r\n\r\na\r\n--{boundary}--".encode()
    assert [part.body for part in read(body, boundary)] == [b"a"]


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        ";boundary",
        ";boundary=",
        ';boundary=""',
        ";boundary=a;boundary=a",
        ';boundary="a "',
        ";boundary=é",
        f";boundary={'a' * 71}",
    ],
)
def test_a_boundary_that_is_none_is_refused(parameters: str) -> None:
    with pytest.raises(ParseError):
        read_parts(MediaType.parse(f"multipart/mixed{parameters}"), b"--a\r\n\r\nx\r\n--a--")


NESTED = (
    b"--unique-1\r\nContent-Type: text/plain\r\n\r\none\r\n"
    b"--unique-1\r\nContent-Type: multipart/alternative;boundary=in\r\n\r\n"
    b"hidden\r\n--in\r\n\r\ntwo\r\n--in\r\nContent-Type: application/sdp\r\n\r\nthree\r\n--in--\r\n"
    b"\r\n--unique-1\r\n\r\nfour\r\n--unique-1--\r\n"
)


def test_nested_parts_follow_what_holds_them() -> None:
    parts = read(NESTED)
    assert [part.place for part in parts] == [(0,), (1,), (1, 0), (1, 1), (2,)]
    assert [part.body for part in parts if part.place != (1,)] == [b"one", b"two", b"three", b"four"]
    assert all(NESTED[part.start : part.end] == part.body for part in parts)
    assert content_of(invite(NESTED), "application/sdp") == b"three"


def test_a_nested_part_is_replaced_and_taken_out_where_it_stands() -> None:
    _, outer, two, three, _ = read(NESTED)
    assert replaced(NESTED, three, b"3") == NESTED.replace(b"three", b"3")
    assert [part.body for part in read(without(NESTED, two)) if part.place[:1] == (1,)][1:] == [b"three"]
    for content in (b"--in", b"--unique-1"):
        with pytest.raises(StateError):
            replaced(NESTED, three, content)
    assert b"--in" not in without(NESTED, outer)


def test_a_boundary_that_begins_with_the_outer_one_is_refused() -> None:
    body = (
        b"--unique-1\r\nContent-Type: multipart/mixed;boundary=unique-1-in\r\n\r\n"
        b"--unique-1-in\r\n\r\na\r\n--unique-1-in--\r\n--unique-1--"
    )
    with pytest.raises(ParseError):
        read(body)


def nest(depth: int) -> bytes:
    body = b"x"
    for level in reversed(range(depth)):
        kind = b"multipart/mixed;boundary=b%db" % (level + 1) if level + 1 < depth else b"text/plain"
        body = b"--b%db\r\nContent-Type: %s\r\n\r\n%s\r\n--b%db--\r\n" % (level, kind, body, level)
    return body


def test_nesting_is_bounded() -> None:
    assert len(read(nest(3), "b0b", PartLimits(depth=3))) == 3
    with pytest.raises(ParseError, match="Too Deep"):
        read(nest(4), "b0b", PartLimits(depth=3))
    with pytest.raises(ParseError, match="Too Deep"):
        read(nest(5), "b0b")


def test_the_number_of_parts_is_bounded() -> None:
    body = b"--unique-1\r\n\r\na\r\n" * 3 + b"--unique-1--"
    assert len(read(body, limits=PartLimits(parts=3))) == 3
    with pytest.raises(ParseError, match="Too Many"):
        read(body, limits=PartLimits(parts=2))


def test_the_headers_of_a_part_are_bounded() -> None:
    body = b"--unique-1\r\nX: 34\r\n\r\na\r\n--unique-1--"
    assert bodies(body) == [b"a"]
    assert len(read(body, limits=PartLimits(head=5))) == 1
    with pytest.raises(ParseError, match="Too Long"):
        read(body, limits=PartLimits(head=4))


def test_an_encoded_multipart_is_not_read() -> None:
    with pytest.raises(ParseError) as caught:
        parts_of(invite(SIP_I, ("Content-Encoding", "gzip")))
    assert caught.value.status == 415
    assert len(parts_of(invite(SIP_I, ("Content-Encoding", "identity")))) == 2
    for line in (b"Content-Transfer-Encoding: base64", b"Content-Encoding: gzip"):
        with pytest.raises(ParseError) as caught:
            read(NESTED.replace(b"boundary=in\r\n", b"boundary=in\r\n" + line + b"\r\n"))
        assert caught.value.status == 415


def test_a_part_without_an_empty_line_has_no_place_for_content() -> None:
    body = b"--unique-1\r\nX-Y: y\r\n--unique-1--"
    (part,) = read(body)
    assert part.headers.first("x-y") == "y"
    with pytest.raises(StateError):
        replaced(body, part, b"a")


PIECES = st.sampled_from(
    [
        *(
            b"--unique-1",
            b"--unique-1--",
            b"--in",
            b"--in--",
            b"\r\n",
            b"\n",
            b"\r",
            b" ",
            b"a",
            b"Y: y",
            b"\0\xff",
            b"-",
        ),
        b"Content-Type: multipart/mixed;boundary=in\r\n\r\n",
    ]
)


@given(st.lists(PIECES, max_size=25).map(b"".join))
def test_any_body_is_parts_or_a_parse_error(body: bytes) -> None:
    try:
        parts = read(body)
    except ParseError:
        return
    assert parts
    for part in parts:
        assert body[part.start : part.end] == part.body
        assert not any(line.startswith(b"--unique-1") for line in part.body.split(b"\n"))


@given(
    st.lists(st.tuples(st.booleans(), st.binary(max_size=30)), min_size=1, max_size=4),
    st.binary(max_size=20),
    st.data(),
)
def test_composed_parts_are_read_again_and_replaced(
    composed: list[tuple[bool, bytes]], content: bytes, data: st.DataObject
) -> None:
    heads = [b"Content-Type: a/b\r\n\r\n" if headed else b"\r\n" for headed, _ in composed]
    lines = [b"--unique-1\r\n" + head + octets + b"\r\n" for head, (_, octets) in zip(heads, composed, strict=True)]
    body = b"".join(lines) + b"--unique-1--"
    parts = read(body)
    assert [part.body for part in parts] == [octets for _, octets in composed]
    part = data.draw(st.sampled_from(parts))
    changed = replaced(body, part, content)
    expected = [content if other is part else other.body for other in parts]
    assert bodies(changed) == expected
    assert changed[: part.start] + changed[part.start + len(content) :] == body[: part.start] + body[part.end :]


def test_many_look_alikes_cost_no_more_than_their_length() -> None:
    boundary = "-" * 70
    body = b"--" + b"-" * 70 + b"\r\n\r\n" + b" " + b"-" * 200_000
    (part,) = read(body, boundary)
    assert len(part.body) == 200_001
