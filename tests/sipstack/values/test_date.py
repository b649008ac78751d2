import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError, StateError
from sipstack.values import Date
from tests.sipstack.values.laws import junk, read_or_refused

MOMENTS = st.datetimes(timezones=st.just(datetime.UTC)).map(lambda at: at.replace(microsecond=0))


@given(MOMENTS)
def test_a_date_survives_print_and_parse(at: datetime.datetime) -> None:
    assert Date.parse(str(Date(at))) == Date(at)


@given(junk("Sat, 13 Nov 2010 23:29:00 GMT"))
def test_any_text_is_a_date_or_a_parse_error(text: str) -> None:
    read_or_refused(Date.parse, text)


def test_the_example_of_the_rfc_is_read_and_printed() -> None:
    date = Date.parse("Sat, 13 Nov 2010 23:29:00 GMT")
    assert date.at == datetime.datetime(2010, 11, 13, 23, 29, tzinfo=datetime.UTC)
    assert str(date) == "Sat, 13 Nov 2010 23:29:00 GMT"


def test_another_zone_is_printed_in_gmt() -> None:
    brussels = datetime.timezone(datetime.timedelta(hours=2))
    assert str(Date(datetime.datetime(2026, 7, 1, 1, tzinfo=brussels))) == "Tue, 30 Jun 2026 23:00:00 GMT"


def test_a_wrong_weekday_one_digit_and_case_are_borne() -> None:
    assert str(Date.parse("sun, 1 nov 2010 00:00:00 gmt")) == "Mon, 01 Nov 2010 00:00:00 GMT"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "13 Nov 2010 23:29:00 GMT",
        "Sat, 13 Nov 2010 23:29:00",
        "Sat, 13 Nov 2010 23:29:00 CET",
        "Sat, 13 Nov 2010 23:29:00 +0000",
        "Sat, 31 Nov 2010 23:29:00 GMT",
        "Sat, 13 Nov 2010 24:29:00 GMT",
        "Sat, 13 Nov 0000 23:29:00 GMT",
        "Sat, 13 Nov 10 23:29:00 GMT",
        "Sat, ١٣ Nov 2010 23:29:00 GMT",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Date.parse(text)


def test_a_date_without_a_zone_is_our_fault() -> None:
    with pytest.raises(StateError):
        str(Date(datetime.datetime(2026, 7, 1)))
