import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import RetryAfter
from tests.sipstack.values.laws import PARAMETERS, SECONDS, junk, read_or_refused

COMMENTS = st.none() | st.sampled_from(["", "I'm in a meeting", "a (b (c)) d", "\\)", 'é; "', ";duration=1"])


@given(st.builds(RetryAfter, SECONDS, COMMENTS, parameters=PARAMETERS))
def test_a_retry_after_survives_print_and_parse(value: RetryAfter) -> None:
    assert RetryAfter.parse(str(value)) == value


@given(junk("120 (I'm in a \\) (long) meeting);duration=3600"))
def test_any_text_is_a_retry_after_or_a_parse_error(text: str) -> None:
    read_or_refused(RetryAfter.parse, text)


@pytest.mark.parametrize(
    ("text", "seconds", "comment", "duration"),
    [
        ("18000;duration=3600", 18000, None, 3600),
        ("120 (I'm in a meeting)", 120, "I'm in a meeting", None),
        (" 5(a (b) \\) ;duration=9) ;duration=3", 5, "a (b) \\) ;duration=9", 3),
        ("5", 5, None, None),
        ("5;duration=x", 5, None, None),
    ],
)
def test_every_part_is_read(text: str, seconds: int, comment: str | None, duration: int | None) -> None:
    value = RetryAfter.parse(text)
    assert (value.seconds, value.comment, value.duration) == (seconds, comment, duration)


@pytest.mark.parametrize("text", ["", "x", "-1", "4294967296", "5 (a", "5 a)", "5 (a) b", "5 6", "(a) 5", "5 (a)(b)"])
def test_what_is_no_retry_after_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        RetryAfter.parse(text)
