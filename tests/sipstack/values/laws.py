"""What every value must keep, whatever it is."""

from collections.abc import Callable

from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Parameters

TOKENS = st.from_regex(r"[A-Za-z0-9\-.!%*_+`'~]{1,12}", fullmatch=True)
SECONDS = st.integers(0, 2**32 - 1)
PARAMETERS = st.lists(
    st.tuples(
        st.from_regex(r"x[a-z\-]{0,5}", fullmatch=True),
        st.none() | st.from_regex(r'[A-Za-z0-9]{0,5}|"[a-z ,;=\[\]]{0,5}"', fullmatch=True),
    ),
    max_size=3,
).map(lambda items: Parameters(tuple(items)))

_PIECES = ['"', "\\", "<", ">", "(", ")", ",", ";", "=", "?", "@", ":", "/", ".", "*", "%", " ", "\t", "\r\n ", "\0"]
_WORDS = ["sip:a@b", "0", "1", "120", "4294967296", "a", "tag", "q", "expires", "é", "٣", "ſ", "\x0b", "\udc80", "GMT"]


def junk(*examples: str) -> st.SearchStrategy[str]:
    """Texts of pieces that matter, and the examples with such a piece put in or something taken out."""
    pieces = st.sampled_from([*_PIECES, *_WORDS])
    texts = st.lists(pieces, max_size=12).map("".join) | st.text(max_size=20)
    if not examples:
        return texts
    damaged = st.builds(_damaged, st.sampled_from(examples), st.integers(0, 200), st.integers(0, 5), pieces)
    return texts | damaged


def _damaged(text: str, at: int, length: int, piece: str) -> str:
    at %= len(text) + 1
    return text[:at] + piece + text[at + length :]


def read_or_refused(parse: Callable[[str], object], text: str) -> None:
    """Any text is a value that survives print and parse, or a ParseError."""
    try:
        value = parse(text)
    except ParseError:
        return
    assert parse(str(value)) == value
