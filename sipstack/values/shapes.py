"""The few shapes most header values share (RFC 3261 section 25.1): a head with parameters, a number of seconds, tokens,
a comment."""

import re
from typing import Final

from sipstack.errors import ParseError
from sipstack.values.grammar import WHITE, is_token, number, split_list
from sipstack.values.parameters import NO_PARAMETERS, Parameters

HIGHEST: Final = 2**32 - 1
"""What delta-seconds and the numbers of RFC 3262 stay within (section 20.19: "between 0 and (2**32)-1")."""
DEEPEST: Final = 16
"""Comments within comments: more than anyone writes, few enough to cost nothing."""

_COMMENT_PIECE = re.compile(r"[^()\\\x00-\x08\x0a-\x1f\x7f]++|\\[^\r\n\0]|[()]")


def with_parameters(text: str) -> tuple[str, Parameters]:
    """What stands before the first `;`, stripped, and the parameters behind it. Raises `ParseError`."""
    head, semicolon, rest = text.partition(";")
    return head.strip(WHITE), Parameters.parse(semicolon + rest.rstrip(WHITE)) if semicolon else NO_PARAMETERS


def word_with_parameters(text: str, name: str) -> tuple[str, Parameters]:
    """The same where the head must be a token; `name` is the header's, for the error. Raises `ParseError`."""
    word, parameters = with_parameters(text)
    if not is_token(word):
        raise ParseError(f"Bad {name}", text)
    return word, parameters


def integer(text: str, name: str, ceiling: int = HIGHEST) -> int:
    """The number that the text is. Raises `ParseError` when it is none or is above the ceiling."""
    value = number(text.strip(WHITE), ceiling)
    if value is None:
        raise ParseError(f"Bad {name}", text)
    return value


def tokens(text: str, name: str) -> tuple[str, ...]:
    """The tokens of a comma-separated value. Raises `ParseError` when an element is none."""
    found = split_list(text)
    for token in found:
        if not is_token(token):
            raise ParseError(f"Bad {name}", text)
    return tuple(found)


def read_comment(text: str, at: int) -> int:
    """Where the comment that begins at `at` ends: behind its own `)`, whatever others it holds.

    Raises `ParseError` when it is not closed or nests deeper than `DEEPEST`.
    """
    depth = 0
    while found := _COMMENT_PIECE.match(text, at):
        at = found.end()
        depth += (found[0] == "(") - (found[0] == ")")
        if depth <= 0:
            return at
        if depth > DEEPEST:
            raise ParseError("Comment Too Deep", text)
    raise ParseError("Comment Not Closed", text)
