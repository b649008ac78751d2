import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import is_token, quote, split_list, unquote
from sipstack.values.grammar import number


@pytest.mark.parametrize("text", ["INVITE", "!interesting-Method0123456789_*+`.%indeed'~", "a"])
def test_a_token_has_only_token_characters(text: str) -> None:
    assert is_token(text)


@pytest.mark.parametrize("text", ["", " ", "a b", "a:b", "a\n", "é", "a@b", "a\x00", "\u212a"])
def test_what_has_other_characters_is_no_token(text: str) -> None:
    assert not is_token(text)


@given(st.text())
def test_unquote_takes_back_what_quote_made(text: str) -> None:
    assert unquote(quote(text)) == text


def test_quote_covers_a_nul_so_that_the_line_may_be_sent() -> None:
    assert quote("a\0b") == '"a\\\0b"'


def test_text_without_quotes_is_unquoted_as_it_is() -> None:
    assert unquote("a\\b") == "a\\b"
    assert unquote('"') == '"'


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("0068", 68), ("255", 255), ("0" * 5000 + "7", 7)],
)
def test_a_number_may_have_leading_zeros(text: str, value: int) -> None:
    assert number(text, 255) == value


@pytest.mark.parametrize("text", ["", "256", "-1", "+1", " 1", "1_0", "١", "²", "9" * 5000, "1.0", "0x1"])
def test_what_int_alone_would_take_is_no_number(text: str) -> None:
    assert number(text, 255) is None


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("", []),
        ("a", ["a"]),
        (" a ,\tb ", ["a", "b"]),
        ("a,,b,", ["a", "b"]),
        ('"a, b" <sip:x@y>, <sip:u,v@w>', ['"a, b" <sip:x@y>', "<sip:u,v@w>"]),
        ('"a \\" , b" <sip:x@y>,c', ['"a \\" , b" <sip:x@y>', "c"]),
        ("<sip:a@b>,<tel:+32>", ["<sip:a@b>", "<tel:+32>"]),
    ],
)
def test_a_list_is_split_at_the_commas_that_separate(text: str, elements: list[str]) -> None:
    assert split_list(text) == elements


def test_a_parenthesis_hides_no_element() -> None:
    assert split_list("sip:a(@b, <sip:+3224001000@c>") == ["sip:a(@b", "<sip:+3224001000@c>"]


@pytest.mark.parametrize(
    "text", ['"a', 'a"', '"a\\"', "<sip:a@b", "<<sip:a@b>", "sip:a@b>", '<sip:a"@b>, "c" <sip:d@e>']
)
def test_a_list_whose_quotes_or_brackets_stay_open_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        split_list(text)


@given(st.lists(st.from_regex(r'([a-z]+|"([a-z,<>]|\\["\\])*" ?)?<[a-z:@,;]*>', fullmatch=True), max_size=6))
def test_elements_joined_by_commas_are_split_again(elements: list[str]) -> None:
    assert split_list(",".join(elements)) == elements


@pytest.mark.parametrize("blank", ["\x0b", "\x0c", "\x1c", "\x85", "\u00a0", "\u2028", "\u3000"])
def test_what_only_python_calls_a_blank_is_never_stripped(blank: str) -> None:
    assert split_list(f"{blank}a{blank},b") == [f"{blank}a{blank}", "b"]
    assert is_token(f"a{blank}") is False


def split_plainly(text: str) -> list[str] | None:
    """Character by character; None for what is not closed, or closed before it is open."""
    pieces, inside, escaped = [""], "", False
    for character in text:
        if inside == '"':
            if character in "\r\n" or (character == "\0" and not escaped):
                return None
            inside = "" if character == '"' and not escaped else inside
            escaped = character == "\\" and not escaped
        elif inside == "<":
            if character in '<"':
                return None
            inside = "" if character == ">" else inside
        elif character == ">":
            return None
        elif character in '"<':
            inside = character
        elif character == ",":
            pieces.append("")
            continue
        pieces[-1] += character
    return None if inside else [stripped for piece in pieces if (stripped := piece.strip(" \t\r\n"))]


@given(st.text('"<>,;\\a \t\r\n\0', max_size=12))
@example('"a" <b> c')
@example("a<b>c<d>")
@example('a"b"<c>')
@example('<a"b>')
@example('"a"b<c>')
def test_a_list_is_split_as_it_would_be_character_by_character(text: str) -> None:
    try:
        found = split_list(text)
    except ParseError:
        found = None
    assert found == split_plainly(text)


@given(st.integers(0, 2**70), st.integers(0, 12), st.sampled_from([0, 9, 255, 65535, 2**32 - 1, 10**10, 2**64]))
def test_a_number_is_read_when_it_is_not_above_the_ceiling(value: int, zeros: int, ceiling: int) -> None:
    assert number("0" * zeros + str(value), ceiling) == (value if value <= ceiling else None)
