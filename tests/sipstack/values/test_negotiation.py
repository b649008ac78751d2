import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Methods, OptionTags
from tests.sipstack.values.laws import TOKENS, junk, read_or_refused


@given(st.lists(TOKENS, max_size=5))
def test_tags_and_methods_survive_print_and_parse(words: list[str]) -> None:
    assert OptionTags.parse(str(OptionTags.of(*words))) == OptionTags.of(*words)
    assert Methods.parse(str(Methods.of(*words))) == Methods.of(*words)


@given(junk("100rel, timer"))
def test_any_text_is_tags_or_a_parse_error(text: str) -> None:
    read_or_refused(OptionTags.parse, text)
    read_or_refused(Methods.parse, text)


def test_tags_are_compared_without_case_and_methods_with() -> None:
    assert "100REL" in OptionTags.parse("timer,100rel")
    assert "10rel" not in OptionTags.parse("timer,100rel")
    assert "INVITE" in Methods.parse("INVITE, ACK")
    assert "invite" not in Methods.parse("INVITE, ACK")


def test_what_is_not_supported_is_told_in_order() -> None:
    required = OptionTags.of("b", "100rel", "A")
    assert required.without(OptionTags.of("100Rel")) == OptionTags.of("b", "A")
    assert not required.without(required)


def test_they_are_collections() -> None:
    assert list(OptionTags.parse("a,b")) == ["a", "b"]
    assert list(Methods.parse("A,B")) == ["A", "B"]
    assert (len(OptionTags()), len(Methods.of("A"))) == (0, 1)


@pytest.mark.parametrize("text", ["a b", "a;b", '"a"', "a/b", "<a", "é"])
def test_what_is_no_list_of_tokens_is_refused(text: str) -> None:
    for parse in (OptionTags.parse, Methods.parse):
        with pytest.raises(ParseError):
            parse(text)
