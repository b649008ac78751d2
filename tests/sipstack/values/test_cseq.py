import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import CSeq


@given(st.builds(CSeq, st.integers(0, 2**32 - 1), st.from_regex(r"[A-Za-z0-9\-.!%*_+`'~]+", fullmatch=True)))
def test_a_cseq_survives_print_and_parse(cseq: CSeq) -> None:
    assert CSeq.parse(str(cseq)) == cseq


@pytest.mark.parametrize("text", ["0009 INVITE", " 9   INVITE ", "9\tINVITE", "9 \t INVITE"])
def test_zeros_and_blanks_make_no_difference(text: str) -> None:
    assert CSeq.parse(text) == CSeq(9, "INVITE")


def test_the_methods_case_is_kept() -> None:
    assert CSeq.parse("1 invite").method == "invite"


@pytest.mark.parametrize(
    "text",
    ["", "1", "INVITE", "1INVITE", "4294967296 A", "36893488147419103232 A", "-1 A", "1 A B", "1 é", "1\x0bA", "١ A"],
)
def test_what_has_no_number_or_method_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        CSeq.parse(text)
