import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import StateError
from sipstack.values import SipUri, escape_header, escape_user, parse_uri, unescape
from sipstack.values.escaping import normal


@given(st.text())
def test_a_text_survives_escape_and_unescape(text: str) -> None:
    assert unescape(escape_user(text)) == text
    assert unescape(escape_header(text)) == text


@given(st.text(min_size=1), st.text())
def test_an_escaped_text_can_stand_where_it_was_escaped_for(user: str, value: str) -> None:
    uri = SipUri("sip", escape_user(user), "h", headers=f"Subject={escape_header(value)}")
    assert parse_uri(str(uri)) == uri


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain", "plain"),
        ("%61lice", "alice"),
        ("%c3%A9", "é"),
        ("%zz%4", "%zz%4"),
        ("%2541", "%41"),
        ("%", "%"),
        ("%80x", "\udc80x"),
        ("%00", "\0"),
    ],
)
def test_escapes_are_undone_once(text: str, said: str) -> None:
    assert unescape(text) == said


def test_only_what_the_grammar_forbids_is_escaped() -> None:
    assert escape_user("+32;ext=1&a?b/$,-_.!~*'()") == "+32;ext=1&a?b/$,-_.!~*'()"
    assert escape_user('a@b:c%d"é') == "a%40b%3Ac%25d%22%C3%A9"
    assert escape_header("[a]/?:+$-_.!~*'()") == "[a]/?:+$-_.!~*'()"
    assert escape_header("a=b&c;d,e@f") == "a%3Db%26c%3Bd%2Ce%40f"


def test_what_is_no_text_is_our_fault() -> None:
    with pytest.raises(StateError):
        escape_user("\ud800")


@pytest.mark.parametrize(
    ("one", "other"),
    [("%61", "a"), ("%c3%a9", "é"), ("%3b", "%3B"), ("%7E", "~"), ("%00", "%00")],
)
def test_equivalent_spellings_share_one(one: str, other: str) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("%3B", ";"), ("%40", "@"), ("%252C", "%2C"), ("%2561", "%61"), ("a", "A"), ("%25", "%"), ("%20", " ")],
)
def test_reserved_characters_are_not_their_escapes(one: str, other: str) -> None:
    assert normal(one) != normal(other)
