import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import WarningValue
from tests.sipstack.values.laws import junk, read_or_refused

VALUES = st.builds(
    WarningValue,
    st.integers(0, 999),
    st.sampled_from(["isi.edu", "h:5060", "[::1]:5060", "a~"]),
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12),
)


@given(VALUES)
def test_a_warning_survives_print_and_parse(value: WarningValue) -> None:
    assert WarningValue.parse(str(value)) == value


@given(junk("307 isi.edu \"Session parameter 'foo' not understood\""))
def test_any_text_is_a_warning_or_a_parse_error(text: str) -> None:
    read_or_refused(WarningValue.parse, text)


def test_several_are_read_in_order() -> None:
    found = WarningValue.parse_list('307 isi.edu "a, \\"b\\"", 399 h:5060 "c"')
    assert found == (WarningValue(307, "isi.edu", 'a, "b"'), WarningValue(399, "h:5060", "c"))


@pytest.mark.parametrize(
    "text", ["", "307", '307 a b "c"', "307 a b", '30 a "c"', '3070 a "c"', '307 "c"', '307 a "c" d']
)
def test_what_is_no_warning_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        WarningValue.parse(text)
