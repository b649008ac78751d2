import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Reason


@given(
    st.sampled_from(["SIP", "Q.850", "STIR"]),
    st.integers(0, 999),
    st.text(st.characters(exclude_characters="\r\n"), max_size=20),
)
def test_a_reason_survives_print_and_parse(protocol: str, cause: int, text: str) -> None:
    reason = Reason.of(protocol, cause, text)
    assert Reason.parse(str(reason)) == reason
    assert (reason.protocol, reason.cause, reason.text) == (protocol, cause, text)


def test_a_reason_prints_as_carriers_expect_it() -> None:
    assert str(Reason.of("Q.850", 21, "Call rejected")) == 'Q.850;cause=21;text="Call rejected"'


def test_several_reasons_are_read_in_order() -> None:
    reasons = Reason.parse_list('SIP ;cause=200 ;text="a, b" , Q.850;cause=16')
    assert [(reason.protocol, reason.cause, reason.text) for reason in reasons] == [
        ("SIP", 200, "a, b"),
        ("Q.850", 16, ""),
    ]


def test_a_reason_need_not_have_a_cause() -> None:
    assert Reason.parse("SIP").cause is None
    assert Reason.parse("SIP;cause=x").cause is None


@pytest.mark.parametrize("text", ["", ";cause=1", "SIP cause=1", 'SIP;text="a', "a, b"])
def test_what_is_no_reason_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Reason.parse(text)


def test_a_reason_may_say_where_it_arose() -> None:
    assert Reason.parse("Q.850;cause=16;location=LN").location == "LN"
    assert Reason.parse("SIP;cause=200").location is None
