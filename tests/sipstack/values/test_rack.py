import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import CSeq, RAck
from tests.sipstack.values.laws import SECONDS, TOKENS, junk, read_or_refused


@given(st.builds(RAck, SECONDS, st.builds(CSeq, SECONDS, TOKENS)))
def test_a_rack_survives_print_and_parse(rack: RAck) -> None:
    assert RAck.parse(str(rack)) == rack


@given(junk("776656 1 INVITE"))
def test_any_text_is_a_rack_or_a_parse_error(text: str) -> None:
    read_or_refused(RAck.parse, text)


@pytest.mark.parametrize("text", ["776656 1 INVITE", " 0776656\t01  INVITE "])
def test_response_number_and_cseq_are_read(text: str) -> None:
    assert RAck.parse(text) == RAck(776656, CSeq(1, "INVITE"))


@pytest.mark.parametrize("text", ["", "1", "1 2", "1 INVITE", "4294967296 1 A", "1 4294967296 A", "1,2 A", "1 2 A B"])
def test_what_is_no_rack_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        RAck.parse(text)
