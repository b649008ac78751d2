import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Preference
from tests.sipstack.values.laws import PARAMETERS, TOKENS, junk, read_or_refused


@given(st.builds(Preference, TOKENS.map(str.lower), PARAMETERS))
def test_a_preference_survives_print_and_parse(preference: Preference) -> None:
    assert Preference.parse(str(preference)) == preference


@given(junk("da, en-gb;q=0.8"))
def test_any_text_is_a_preference_or_a_parse_error(text: str) -> None:
    read_or_refused(Preference.parse, text)


def test_a_list_has_its_wishes() -> None:
    found = Preference.parse_list("da, EN-gb;q=0.8, *;q=0")
    assert [(preference.name, preference.q) for preference in found] == [("da", 1.0), ("en-gb", 0.8), ("*", 0.0)]


@pytest.mark.parametrize("text", ["", "a b", ";q=1", "a, b"])
def test_what_is_no_preference_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Preference.parse(text)
