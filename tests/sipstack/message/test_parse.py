import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.message import Limits, Request, Response, check, parse, parse_structure

HEAD = (
    b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=x\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
)


def invite(
    more: bytes = b"", body: bytes = b"", start: bytes = b"INVITE sip:b@b SIP/2.0\r\n", head: bytes = HEAD
) -> bytes:
    return start + head + more + b"\r\n" + body


def fault(data: bytes, limits: Limits | None = None) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(data, limits or Limits())
    return caught.value


# --- what is read


def test_a_request_is_read_and_printed_back() -> None:
    data = invite(b"X-Odd  :\t value \r\nContent-Length: 5\r\n", b"a\0\xff\r\n")
    message = parse(data)
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.body) == ("INVITE", "sip:b@b", b"a\0\xff\r\n")
    assert message.encode() == data


def test_a_response_is_read_and_printed_back() -> None:
    data = b"SIP/2.0 486 Occup\xc3\xa9 ici\r\n" + HEAD + b"Content-Length: 0\r\n\r\n"
    message = parse(data)
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (486, "Occupé ici")
    assert message.encode() == data


@pytest.mark.parametrize("start", [b"SIP/2.0 100 \r\n", b"SIP/2.0 100\r\n", b"sip/2.0 100 \r\n"])
def test_a_reason_phrase_may_be_empty(start: bytes) -> None:
    message = parse(invite(b"Content-Length: 0\r\n", start=start))
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (100, "")


def test_a_folded_header_keeps_its_bytes_and_is_read_unfolded() -> None:
    data = invite(b"Subject: a\r\n  b\r\n\t\tc \r\nContent-Length: 0\r\n")
    message = parse(data)
    assert message.headers.first("subject") == "a b c"
    assert message.encode() == data


def test_a_number_cannot_hide_behind_the_spelling_of_its_header() -> None:
    message = parse(
        invite(
            b"P-ASSERTED-identity : <sip:1@a>\r\n"
            b'p-asserted-identity\t:<sip:2@a>, "x, y"\r\n <sip:3@a>\r\n'
            b"P-Asserted-Identity:\r\n <tel:4>\r\n"
        )
    )
    assert message.headers.values("p-asserted-identity") == ["<sip:1@a>", "<sip:2@a>", '"x, y" <sip:3@a>', "<tel:4>"]


def test_compact_forms_are_the_same_headers() -> None:
    compact = HEAD.replace(b"Via", b"v").replace(b"From", b"F").replace(b"To", b"t").replace(b"Call-ID", b"i")
    message = parse(invite(b"l: 0\r\n", head=compact))
    assert message.from_.tag == "x"
    assert message.call_id == "1"


@given(st.binary(max_size=40))
def test_any_bytes_in_a_value_come_back_as_they_were(value: bytes) -> None:
    value = bytes(byte for byte in value if byte not in b"\r\n\0")
    data = invite(b"X-Bytes: " + value + b"\r\nContent-Length: 0\r\n")
    assert parse(data).encode() == data


def test_keep_alives_before_a_message_are_skipped() -> None:
    assert parse(b"\r\n\r\n" + invite()).call_id == "1"


# --- the body


def test_octets_beyond_content_length_are_dropped() -> None:
    message = parse(invite(b"Content-Length: 2\r\n", b"abINVITE sip:x SIP/2.0\r\n\r\n"))
    assert message.body == b"ab"
    assert message.encode().endswith(b"\r\n\r\nab")


def test_without_content_length_the_body_is_the_rest() -> None:
    assert parse(invite(body=b"rest")).body == b"rest"


@pytest.mark.parametrize("length", [b"5", b"-1", b"+4", b"4 4", b"4,4", b"0x4", b"", b"\xd9\xa4", b"9" * 5000])
def test_a_content_length_that_cannot_be_is_refused(length: bytes) -> None:
    error = fault(invite(b"Content-Length: " + length + b"\r\n", b"body"))
    assert error.status == 400
    assert isinstance(error.message, Request)


def test_two_content_lengths_are_refused_even_when_equal() -> None:
    assert fault(invite(b"Content-Length: 0\r\nl: 0\r\n")).reason == "Two Content-Length"


# --- line ends


@pytest.mark.parametrize(
    "data",
    [
        invite(b"Subject: a\nP-Asserted-Identity: <sip:1@a>\r\n"),
        invite(b"Subject: a\r\nP-Asserted-Identity: <sip:1@a>\n"),
        invite(b"Subject: a\r\nP-Asserted-Identity: <sip:1@a>\r\n").replace(b"\r\n", b"\n"),
        invite(b"Subject: a\nP-Asserted-Identity:\n <sip:1@a>\r\n"),
    ],
)
def test_a_bare_line_feed_ends_a_line_and_is_printed_as_crlf(data: bytes) -> None:
    message = parse(data)
    assert message.headers.first("subject") == "a"
    assert message.headers.values("p-asserted-identity") == ["<sip:1@a>"]
    printed = message.encode()
    assert printed.count(b"\n") == printed.count(b"\r\n") == printed.count(b"\r")
    assert parse(printed).headers.keys == message.headers.keys


@pytest.mark.parametrize("blank", [b"\n\n", b"\n\r\n", b"\r\n\n", b"\r\n\r\n"])
def test_the_first_empty_line_of_any_kind_ends_the_head(blank: bytes) -> None:
    data = b"INVITE sip:b@b SIP/2.0\r\n" + HEAD.rstrip() + blank + b"From: body\r\n\r\nmore"
    message = parse(data)
    assert message.body == b"From: body\r\n\r\nmore"


@pytest.mark.parametrize("odd", [b"\r", b"\n\r", b"\r\r\n", b"\0", b"\\\0", b'"\0"', b'"\\\\\0"'])
def test_a_bare_cr_or_nul_is_refused(odd: bytes) -> None:
    assert fault(invite(b"Subject: a" + odd + b"P-Asserted-Identity: <sip:1@a>\r\n")).status == 400


def test_a_quoted_pair_may_carry_nul_and_survives() -> None:
    data = invite(b'X-A: "NUL:\\\0"\r\nX-B: :\\/"][\r\nContent-Length: 0\r\n')
    assert parse(data).encode() == data


@pytest.mark.parametrize(
    "line", [b"\xe2\x80\xa8From: x", b"\x85From: x", b"\x0bFrom: x", b"\x0cFrom: x", b"\x1eFrom: x"]
)
def test_what_only_unicode_calls_a_line_end_is_none(line: bytes) -> None:
    message = parse(invite(b"Subject: a" + line + b"\r\n"))
    assert len(message.headers.all("from")) == 1


# --- faults of structure


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0",
        b"INVITE",
        b"INVITE\r\n\r\n",
        b"INVITE sip:b@b\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b" INVITE sip:b@b SIP/2.0\r\n\r\n",
        b"IN:VITE sip:b@b SIP/2.0\r\n\r\n",
        b"SIP/2.0 4294967301 x\r\n\r\n",
        b"SIP/2.0 99 x\r\n\r\n",
        b"SIP/2.0 700 x\r\n\r\n",
        b"SIP/2.0 20x\r\n\r\n",
        b"SIP/2.0  200 OK\r\n\r\n",
        b"SIP/2.0 \xd9\xa2\xd9\xa0\xd9\xa0 OK\r\n\r\n",
    ],
)
def test_what_has_no_start_line_is_refused_and_cannot_be_answered(data: bytes) -> None:
    assert fault(data).message is None


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (b"INVITE  sip:b@b SIP/2.0\r\n", 400),
        (b"INVITE sip:b@b  SIP/2.0\r\n", 400),
        (b"INVITE sip:b@b SIP/2.0 \r\n", 400),
        (b"INVITE sip:b@b; lr SIP/2.0\r\n", 400),
        (b"INVITE sip:b@b;\tlr SIP/2.0\r\n", 400),
        (b"INVITE sip:b@b\r\n SIP/2.0\r\n", 400),
        (b"INVITE sip:b@b SIP/2.0\r\n x: y\r\n", 400),
        (b"INVITE sip:b@b HTTP/1.1\r\n", 400),
        (b"INVITE sip:b@b SIP/7.0\r\n", 505),
        (b"INVITE sip:b@b SIP/2.00\r\n", 505),
        (b"INVITE sip:" + b"b" * 3000 + b" SIP/2.0\r\n", 414),
        (b"INVITE <sip:b@b> SIP/2.0\r\n", 400),
        (b"INVITE sip:b@b?Route=x SIP/2.0\r\n", 400),
        (b"INVITE sip:2001:db8::10 SIP/2.0\r\n", 400),
    ],
)
def test_a_faulty_request_line_is_answered_with_its_status(start: bytes, status: int) -> None:
    error = fault(invite(start=start))
    assert error.status == status
    assert isinstance(error.message, Request)
    assert error.message.call_id == "1"


@pytest.mark.parametrize(
    "line", [b"no colon here", b": no name", b"Fr om: x", b"From\x0b: x", b"Fr\xc3\xb6m: x", b"X\x00: y"]
)
def test_a_line_that_is_no_header_is_refused(line: bytes) -> None:
    assert fault(invite(line + b"\r\n")).status == 400


def test_a_request_with_one_unreadable_line_can_be_answered() -> None:
    error = fault(invite(b"no colon\r\nX-After: y\r\n"))
    assert isinstance(error.message, Request)
    assert error.message.headers.keys == ["via", "from", "to", "call-id", "cseq", "x-after"]


def test_a_head_without_its_empty_line_is_refused_but_answered() -> None:
    error = fault(b"INVITE sip:b@b SIP/2.0\r\n" + HEAD)
    assert error.reason == "No Empty Line"
    assert isinstance(error.message, Request)
    assert error.message.call_id == "1"


def test_every_size_has_its_limit() -> None:
    limits = Limits(datagram=600, headers=7, line=100, uri=20, values=50)
    parse(invite(b"X-A: " + b"a" * 95 + b"\r\nX-B: b\r\n"), limits)
    assert fault(invite(b"X-A: " + b"a" * 96 + b"\r\n"), limits).reason == "Header Too Long"
    assert fault(invite(b"X-A: a\r\n" + b" a\r\n" * 40), limits).reason == "Header Too Long"
    assert fault(invite(b"X-A: a\r\n" * 3), limits).reason == "Too Many Headers"
    assert parse(invite(b"X-A: a\r\n" * 2), limits).headers.all("x-a") == ["a", "a"]
    assert fault(invite(body=b"x" * 600), limits).status == 513
    parse(invite(start=b"INVITE sip:" + b"b" * 16 + b" SIP/2.0\r\n"), limits)
    assert fault(invite(start=b"INVITE sip:" + b"b" * 17 + b" SIP/2.0\r\n"), limits).status == 414


def test_a_body_has_its_limit_and_content_length_its_say() -> None:
    limits = Limits(body=4)
    assert parse(invite(body=b"1234"), limits).body == b"1234"
    assert parse(invite(b"Content-Length: 4\r\n", b"12345"), limits).body == b"1234"
    error = fault(invite(b"Content-Length: 5\r\n", b"12345"), limits)
    assert (error.status, error.reason) == (413, "Body Too Large")
    assert isinstance(error.message, Request)
    assert fault(invite(body=b"12345"), limits).status == 413


@pytest.mark.parametrize("name", [b"X-A", b"Contact", b"Via"])
def test_parameters_and_list_elements_have_their_limit_in_each_line(name: bytes) -> None:
    limits = Limits(parameters=8, values=6)
    parse(invite(b"X-A: a" + b";p" * 8 + b"\r\n"), limits)
    parse(invite(b"X-A: " + b"a," * 6 + b"\r\nX-A: " + b"a," * 6 + b"\r\n"), limits)
    assert fault(invite(name + b": a" + b";p" * 9 + b"\r\n"), limits).reason == "Too Many Parameters"
    assert fault(invite(name + b": " + b"a," * 7 + b"\r\n"), limits).reason == "Too Many Values"
    assert fault(invite(name + b": a" + b"\r\n ;p" * 9 + b"\r\n"), limits).reason == "Too Many Parameters"
    assert fault(invite(name + b": a" + b";p" * 9 + b"\r\n"), Limits(parameters=8)).reason == "Too Many Parameters"
    assert fault(invite(name + b": " + b"a," * 7 + b"\r\n"), Limits(values=6)).reason == "Too Many Values"


@pytest.mark.parametrize("line", [b"Subject", b"X-Unknown", b"no colon here"])
def test_a_line_without_a_colon_is_no_header_even_if_it_names_one(line: bytes) -> None:
    parse(invite(b"Subject: known by now\r\n"))
    assert fault(invite(line + b"\r\n")).reason == "Header Without Colon"


def test_a_request_with_too_many_headers_is_answered_by_the_first() -> None:
    error = fault(invite(b"X-A: a\r\n" * 300))
    assert (error.status, error.reason) == (400, "Too Many Headers")
    assert isinstance(error.message, Request)
    assert error.message.call_id == "1"
    assert len(error.message.headers) == Limits().headers


# --- check


@pytest.mark.parametrize("name", [b"Via", b"From", b"To", b"Call-ID", b"CSeq"])
def test_a_message_without_a_mandatory_header_is_refused(name: bytes) -> None:
    head = b"".join(line + b"\r\n" for line in HEAD.split(b"\r\n")[:-1] if not line.startswith(name + b":"))
    error = fault(invite(head=head))
    assert (error.status, error.reason) == (400, f"Missing {name.decode()}")
    assert isinstance(error.message, Request)


@pytest.mark.parametrize(
    "line",
    [b"f: <sip:+3224001000@a>", b"to: <sip:c@c>", b"I: 2", b"CSEQ: 1 INVITE", b"Max-Forwards: 1\r\nmax-forwards :2"],
)
def test_a_header_that_may_stand_once_is_refused_twice(line: bytes) -> None:
    assert fault(invite(line + b"\r\n")).reason.startswith("Two ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<sip:a@a>;tag=x", b"<sip:a@a>, <sip:+3224001000@a>;tag=x"),
        (b"<sip:a@a>;tag=x", b'"a <sip:a@a>;tag=x'),
        (b"<sip:a@a>;tag=x", b""),
        (b"<sip:b@b>", b"< sip:b@b >"),
        (b"1 INVITE", b"1 BYE"),
        (b"1 INVITE", b"1 invite"),
        (b"1 INVITE", b"4294967296 INVITE"),
        (b"Call-ID: 1", b"Call-ID: "),
        (b"SIP/2.0/UDP a;", b"SIP/2.0/UDP a;;,"),
    ],
)
def test_a_mandatory_header_that_cannot_be_read_is_refused(old: bytes, new: bytes) -> None:
    error = fault(invite(head=HEAD.replace(old, new)))
    assert error.status == 400
    assert isinstance(error.message, Request)


@pytest.mark.parametrize("line", [b"Contact: <sip:a", b"Route: x y", b"Record-Route: <>", b"Max-Forwards: 256"])
def test_of_a_request_the_dialog_headers_must_be_readable(line: bytes) -> None:
    assert fault(invite(line + b"\r\n")).status == 400


def test_a_response_with_a_bad_contact_still_ends_its_transaction() -> None:
    message = parse(invite(b"Contact: <sip:a\r\n", start=b"SIP/2.0 486 Busy\r\n"))
    assert isinstance(message, Response)
    with pytest.raises(ParseError):
        _ = message.contact


def test_max_forwards_and_tags_may_be_missing() -> None:
    message = parse(invite(head=HEAD.replace(b";tag=x", b"")))
    assert (message.max_forwards, message.from_.tag) == (None, None)


def test_structure_alone_asks_for_no_header() -> None:
    message = parse_structure(b"OPTIONS sip:a SIP/2.0\r\n\r\n")
    assert len(message.headers) == 0
    with pytest.raises(ParseError):
        check(message)


# --- what is untouched

NAMES = st.sampled_from([b"X-A", b"x-a ", b"Subject\t", b"P-Asserted-Identity", b"s", b"Identity", b"!%*'~"])
OCTETS = st.binary(max_size=20).map(lambda data: bytes(octet for octet in data if octet not in b"\r\n\0"))
BLANKS = st.sampled_from([b"", b" ", b"\t", b"  "])
FOLDS = st.sampled_from([b"\r\n ", b"\r\n\t", b"\r\n  \t"])


@st.composite
def header_lines(draw: st.DrawFn) -> bytes:
    """A line of any octets that a header may have, folded anywhere."""
    pieces = draw(st.lists(OCTETS, min_size=1, max_size=3))
    value = draw(FOLDS).join(pieces) if len(pieces) > 1 else pieces[0]
    return draw(NAMES) + b":" + draw(BLANKS) + value + draw(BLANKS)


@given(st.lists(header_lines(), max_size=6), st.binary(max_size=30), st.data())
def test_what_nobody_touches_crosses_byte_for_byte(more: list[bytes], body: bytes, data: st.DataObject) -> None:
    lines = data.draw(st.permutations([*HEAD.split(b"\r\n")[:-1], *more, b"l : %d" % len(body)]))
    start = data.draw(st.sampled_from([b"INVITE sip:b@b SIP/2.0", b"SIP/2.0 200 \xff\xe9"]))
    datagram = b"\r\n".join([start, *lines, b"", body])
    message = parse(datagram)
    assert message.body == body
    assert message.encode() == datagram


# --- totality


LINES = [b"INVITE sip:b@b SIP/2.0\r\n", b"SIP/2.0 200 OK\r\n", HEAD, b"Content-Length: 3\r\n", b"l: 0\r\n", b"\r\n"]
PIECES = [
    b"\n",
    b"\r",
    b"\0",
    b":",
    b" ",
    b"\t",
    b"From: ",
    b'"',
    b"<",
    b">",
    b",",
    b";",
    b"\xff",
    b"\\",
    b"sip:",
    b"a",
    b"@",
]
WORDS = st.sampled_from(LINES + PIECES)


@given(st.binary(max_size=200) | st.lists(WORDS, max_size=25).map(b"".join))
def test_any_bytes_are_a_message_or_a_parse_error(data: bytes) -> None:
    try:
        message = parse(data)
    except ParseError:
        return
    printed = message.encode()
    again = parse(printed)
    assert again.headers.keys == message.headers.keys
    assert again.encode() == printed


@given(st.data())
def test_a_damaged_invite_is_a_message_or_a_parse_error(data: st.DataObject) -> None:
    sound = invite(b'Contact: "x" <sip:a@a;lr>;q=1\r\nRoute: <sip:r;lr>, <sip:s>\r\nContent-Length: 2\r\n', b"ab")
    at = data.draw(st.integers(0, len(sound)))
    cut = data.draw(st.integers(0, 3))
    damaged = sound[:at] + data.draw(st.binary(max_size=3)) + sound[at + cut :]
    try:
        message = parse(damaged)
    except ParseError:
        return
    again = parse(message.encode())
    assert list(again.headers) == list(message.headers)
    assert again.body == message.body


@pytest.mark.parametrize("tag", [";tag", ";tag=", ";TAG"])
@pytest.mark.parametrize("header", ["From", "To"])
def test_a_tag_without_a_value_is_neither_a_tag_nor_none(header: str, tag: str) -> None:
    others = {"From": "<sip:a@x.example>;tag=1", "To": "<sip:b@x.example>"} | {header: f"<sip:c@x.example>{tag}"}
    lines = [f"{name}: {value}" for name, value in others.items()]
    lines += ["Via: SIP/2.0/UDP x.example;branch=z9hG4bK1", "Call-ID: 1", "CSeq: 1 INVITE", "Max-Forwards: 70"]
    with pytest.raises(ParseError, match="Empty Tag"):
        parse("\r\n".join(["INVITE sip:b@x.example SIP/2.0", *lines, "", ""]).encode())


def test_a_response_is_not_lost_for_a_second_header_that_matches_nothing() -> None:
    lines = ["Via: SIP/2.0/UDP x.example;branch=z9hG4bK1", "From: <sip:a@x>;tag=1", "To: <sip:b@x>;tag=2", "Call-ID: 1"]
    twice = ["Referred-By: <sip:c@x>", "Referred-By: <sip:d@x>"]
    response = parse("\r\n".join(["SIP/2.0 200 OK", *lines, "CSeq: 1 INVITE", *twice, "", ""]).encode())
    assert response.headers.all("referred-by") == ["<sip:c@x>", "<sip:d@x>"]
    with pytest.raises(ParseError, match="Two To"):
        parse("\r\n".join(["SIP/2.0 200 OK", *lines, lines[2], "CSeq: 1 INVITE", "", ""]).encode())
