import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.identity.guard import FEWEST, leak, shows

SECRET = "32470123456"
HEAD = "INFO sip:{user}@x SIP/2.0\r\nTo: <sip:{user}@x>\r\nX-Note: {note}\r\n\r\n{body}"


def printed(user: str = "+3293330000", note: str = "", body: str = "") -> bytes:
    return HEAD.format(user=user, note=note, body=body).encode("utf-8", "surrogateescape")


@pytest.mark.law("K11")
@pytest.mark.parametrize(
    "spelling",
    [
        "+32470123456",
        "0032 470 12 34 56",
        "tel:+32-470-12-34-56",
        "+32 (470) 12.34.56",
        "%2B32%3470123456",
        "+３２４７０１２３４５６",
        "x32470123456y",
    ],
)
def test_a_secret_shows_in_any_spelling(spelling: str) -> None:
    assert shows(spelling, SECRET)
    assert leak(printed(note=spelling), [SECRET], "") == "X-Note"
    assert leak(printed(body=f"v=0\r\ns={spelling}\r\n"), [SECRET], "") == "body"


@pytest.mark.parametrize("text", ["+32470123457", "", "3247012345", "no digits"])
def test_other_digits_are_no_secret(text: str) -> None:
    assert not shows(text, SECRET)
    assert leak(printed(note=text, body=text), [SECRET], "") is None


@pytest.mark.law("K11")
def test_a_folded_line_is_read_as_one() -> None:
    assert leak(printed(note="+32470\r\n 123456"), [SECRET], "") == "X-Note"
    assert leak(printed(note="+32470\r\n\t123456"), [SECRET], "") == "X-Note"


def test_the_called_number_may_stand_where_the_call_goes_and_nowhere_else() -> None:
    assert leak(printed("+" + SECRET), [SECRET], "+" + SECRET) is None
    assert leak(printed("+" + SECRET), [SECRET], "+3293330000") == "Request-URI"
    assert leak(printed("+" + SECRET, note=SECRET), [SECRET], "+" + SECRET) == "X-Note"


def test_no_secret_is_no_leak() -> None:
    assert leak(printed(note=SECRET), [], "") is None


def test_few_digits_are_not_searched_for() -> None:
    assert leak(printed(note="12345"), ["1" * (FEWEST - 1), "12345"], "") is None


@pytest.mark.parametrize("line", ["Content-Encoding: gzip", "content-encoding: x", "e: gzip"])
def test_a_body_that_cannot_be_read_is_a_leak(line: str) -> None:
    assert leak(printed(note=f"1\r\n{line}"), [SECRET], "") == "Content-Encoding"


@given(st.binary(max_size=200))
def test_the_guard_reads_any_bytes(data: bytes) -> None:
    assert leak(data, [SECRET], "+3293330000") is None or SECRET[2:5].encode() in data or b"e" in data.lower()
