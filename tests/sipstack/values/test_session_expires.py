import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import SessionExpires
from tests.sipstack.values.laws import PARAMETERS, SECONDS, junk, read_or_refused


@given(st.builds(SessionExpires, SECONDS, PARAMETERS))
def test_a_session_interval_survives_print_and_parse(value: SessionExpires) -> None:
    assert SessionExpires.parse(str(value)) == value


@given(junk("1800;refresher=uac"))
def test_any_text_is_a_session_interval_or_a_parse_error(text: str) -> None:
    read_or_refused(SessionExpires.parse, text)


@pytest.mark.parametrize(
    ("text", "seconds", "refresher"),
    [
        ("1800", 1800, None),
        ("1800;refresher=uac", 1800, "uac"),
        (" 90 ; Refresher = UAS", 90, "uas"),
        ("90;refresher=both", 90, None),
        ("90;refresher", 90, None),
    ],
)
def test_the_interval_and_the_refresher_are_read(text: str, seconds: int, refresher: str | None) -> None:
    value = SessionExpires.parse(text)
    assert (value.seconds, value.refresher) == (seconds, refresher)


def test_one_made_here_prints_as_peers_expect_it() -> None:
    assert str(SessionExpires.of(1800, "uas")) == "1800;refresher=uas"
    assert str(SessionExpires.of(90)) == "90"


@pytest.mark.parametrize("text", ["", ";refresher=uac", "x", "4294967296", "-90", "90 refresher=uac", "90;;"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        SessionExpires.parse(text)
