from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Timestamp
from tests.sipstack.values.laws import junk, read_or_refused

TIMES = st.decimals(0, 10**19, places=12)


@given(st.builds(Timestamp, TIMES, st.none() | TIMES))
def test_a_timestamp_survives_print_and_parse(timestamp: Timestamp) -> None:
    assert Timestamp.parse(str(timestamp)) == timestamp


@given(junk("54.21 0.5"))
def test_any_text_is_a_timestamp_or_a_parse_error(text: str) -> None:
    read_or_refused(Timestamp.parse, text)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("54", "54"),
        ("54.210", "54.210"),
        ("0.0000000001", "0.0000000001"),
        ("54 0.5", "54 0.5"),
        ("54.\t.5", "54 0.5"),
        ("54 .", "54 0"),
        (" 1 ", "1"),
    ],
)
def test_no_digit_is_lost(text: str, printed: str) -> None:
    assert str(Timestamp.parse(text)) == printed


def test_time_and_delay_are_read() -> None:
    assert Timestamp.parse("54.21 0.5") == Timestamp(Decimal("54.21"), Decimal("0.5"))
    assert Timestamp.parse("54").delay is None


@pytest.mark.parametrize("text", ["", ".5", "-1", "1e3", "1,5", "1 2 3", "inf", "1" * 21, "٣"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Timestamp.parse(text)
