import pytest
from hypothesis import given

from sipstack.errors import ParseError
from sipstack.values.shapes import DEEPEST, integer, read_comment, tokens, with_parameters, word_with_parameters
from tests.sipstack.values.laws import junk


@pytest.mark.parametrize("text", ["()", "(a)", "(a (b) c)", "(a \\) b)", "(\\()", '(")', "(é;,)"])
def test_a_comment_ends_with_its_own_parenthesis(text: str) -> None:
    assert read_comment(text + " (rest)", 0) == len(text)


@pytest.mark.parametrize("text", ["(", "(a (b)", "(a\\", "(a\r\n)", "(\0)", "(\\\0)"])
def test_a_comment_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read_comment(text, 0)


def test_comments_nest_to_a_bound() -> None:
    deep = "(" * DEEPEST + ")" * DEEPEST
    assert read_comment(deep, 0) == len(deep)
    with pytest.raises(ParseError):
        read_comment(f"({deep})", 0)


@given(junk("(a (b\\) c))"))
def test_any_text_has_a_comment_or_a_parse_error(text: str) -> None:
    try:
        end = read_comment("(" + text, 0)
    except ParseError:
        return
    assert (("(" + text)[:end]).endswith(")")


def test_a_head_and_its_parameters_are_parted() -> None:
    assert [str(part) for part in with_parameters(" a b ; c = d ; e ")] == ["a b", ";c=d;e"]
    assert [str(part) for part in with_parameters("a")] == ["a", ""]
    assert word_with_parameters("a", "X")[0] == "a"


@pytest.mark.parametrize("text", ["", "a b", ";a", "a,b", "é"])
def test_a_word_is_a_token(text: str) -> None:
    with pytest.raises(ParseError, match="Bad X"):
        word_with_parameters(text, "X")


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1_0", "٣", "4294967296", "9" * 5000])
def test_what_is_no_small_number_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="Bad X"):
        integer(text, "X")


def test_numbers_and_tokens_are_read() -> None:
    assert integer(" 04294967295 ", "X") == 2**32 - 1
    assert tokens(" a ,, b", "X") == ("a", "b")
    with pytest.raises(ParseError, match="Bad X"):
        tokens("a b", "X")
