"""The second net: home numbers that a text hides, however they are spelled.

The form test refuses odd spellings; this net says *what they hide*, which decides where the form test alone would only
strip. It is lenient by design and never makes anything milder: its finds are added, not substituted.

A text is first made plain: escapes undone until none is left, compatibility forms and every script's digits folded to
ASCII, invisible characters dropped. What remains is digits, +, letters, and one space for anything else. Then each
group of digits is tried as the beginning of a home number. Each try looks at a bounded number of digits, so that the
whole is linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import attrs
import phonenumbers

from .form import unescape
from .plan import MAX_DIGITS, Plan, Range

_ROUNDS = 4  # of escapes within escapes; no display undoes more than one
_WINDOW = 2 + 2 + 3 + 1 + MAX_DIGITS  # 00, one code too many, the code, a trunk zero, the number
_CONTEXTS = 4
_FINDS = 32  # home numbers reported from one text; one is enough to judge it
_LIBRARY_LENGTH = 250  # the library refuses longer texts

_SPACES = re.compile(r" {2,}")
_PLUSES = re.compile(r"(?: ?\+)+ ?")
_SEGMENT = re.compile(r"(\+?)([0-9]+(?: [0-9]+)*)")
_LETTERS = re.compile(r"[A-Za-z]+")
_ATTEMPT = re.compile(r"\A[+0-9]|\+[0-9]|[0-9]{8}")
_CONTEXT = re.compile(r"phone-context=([^;]{0,64})")
_ZERO_LIKE = re.compile(r"(?<![A-Za-z])[OoIl]{1,8}(?=[0-9])|(?<=[0-9])[OoIl]{1,8}(?![A-Za-z])")
_ZERO_DIGITS = str.maketrans("OoIl", "0011")
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_ASCII = {i: "" if chr(i) not in "\t\n\v\f\r" else " " for i in (*range(32), 127)} | {
    i: chr(i) if chr(i).isalnum() or chr(i) == "+" else " " for i in range(32, 127)
}
_DRAWN_ALIKE = {"О": "O", "о": "o", "Ο": "O", "ο": "o", "І": "I", "і": "I", "Ӏ": "I", "➕": "+"}
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"  # Hangul fillers: letters by category, nothing on the screen


@attrs.frozen
class Hidden:
    """A home number found in a text."""

    e164: str
    range: Range
    sure: bool
    """Written with + or 00 and its country code; otherwise the digits might be another country's national form."""
    written: tuple[str, ...] = ()
    """The digits as they stood there: those of the number, and all that stood in one piece with them."""


@attrs.frozen
class Segment:
    """Digits in one piece: separators may stand between them, letters and + may not."""

    digits: str
    plus: bool
    starts: tuple[int, ...]
    """Where a group of digits begins."""
    ends: frozenset[int]
    """Where a group of digits ends."""


def plain(text: str) -> str:
    """A text as digits, +, letters and single spaces, with nothing left to undo."""
    for _ in range(_ROUNDS):
        if (undone := unescape(text)) == text:
            break
        text = undone
    if not text.isascii():
        text = "".join([c if c.isascii() else _fold(c) for c in text])
    text = _SPACES.sub(" ", text.translate(_ASCII))
    return _PLUSES.sub("+", text).strip(" ")


def segments(text: str) -> Iterator[Segment]:
    """The pieces of digits in a plain text."""
    for match in _SEGMENT.finditer(text):
        groups = match[2].split(" ")
        starts, ends, at = [], [], 0
        for group in groups:
            starts.append(at)
            at += len(group)
            ends.append(at)
        yield Segment("".join(groups), bool(match[1]), tuple(starts), frozenset(ends))


def read_segment(segment: Segment, plan: Plan) -> Iterator[Hidden]:
    """The home numbers with which a group of digits in this segment begins."""
    for start in _starts(segment):
        found = _read(segment, start, plan)
        if found is not None:
            yield found


def find(raw: str, plan: Plan) -> tuple[Hidden, ...]:
    """The home numbers hidden in the user part of a URI, or in a text that should have been one.

    Letters are looked through only where a number was attempted: a random token would else hide one by chance.
    """
    text = plain(raw)
    readings = [text]
    if is_attempt(text) and _LETTERS.search(text):
        readings += [without_letters(text), text.lower().translate(_KEYPAD)]
    found = [hidden for reading in readings for piece in segments(reading) for hidden in read_segment(piece, plan)]
    return unique([*found, *_in_context(raw, plan), *by_library(text, plan)])


def is_attempt(text: str) -> bool:
    """Whether a plain text sets out to be a number: it begins with one, has a + before one, or a long run of digits."""
    return _ATTEMPT.search(text) is not None


def without_letters(text: str) -> str:
    """A plain text whose letters are mere separators."""
    return _PLUSES.sub("+", _SPACES.sub(" ", _LETTERS.sub(" ", text))).strip(" ")


def unique(found: list[Hidden]) -> tuple[Hidden, ...]:
    """Each number once, as the surest find has it; of too many, those that are judged hardest."""
    best: dict[str, Hidden] = {}
    for hidden in found:
        known = best.get(hidden.e164)
        if known is None or (hidden.sure and not known.sure):
            best[hidden.e164] = hidden
    return tuple(sorted(best.values(), key=lambda hidden: hidden.range is Range.MOBILE)[:_FINDS])


def by_library(text: str, plan: Plan) -> tuple[Hidden, ...]:
    """What a phone-number library makes of a plain text with a +: it knows keypad letters and extensions."""
    at = text.find("+")
    if at < 0:
        return ()
    try:
        number = phonenumbers.parse(text[at : at + _LIBRARY_LENGTH], None)
    except phonenumbers.NumberParseException:
        return ()
    if str(number.country_code) != plan.country_code:
        return ()
    found = _whole_or_leading(str(number.national_number), plan)
    return () if found is None else (Hidden(*found, sure=True),)


def drawn_digits(text: str) -> str:
    """A plain text with the letters that pass for 0 and 1 beside digits read as digits: "O2 555 12 12"."""
    return _ZERO_LIKE.sub(lambda match: match[0].translate(_ZERO_DIGITS), text)


def _starts(segment: Segment) -> Iterator[int]:
    # No number has more than 15 digits: a longer piece is several run together, and any digit may begin one.
    one = len(segment.digits.lstrip("0")) <= MAX_DIGITS
    return iter(segment.starts if one else range(len(segment.digits)))


def _read(segment: Segment, start: int, plan: Plan) -> Hidden | None:
    window = segment.digits[start : start + _WINDOW]
    bare = window.lstrip("0")
    home = bare.startswith(plan.country_code)
    if home and ((segment.plus and start == 0) or window.startswith("00")):
        found = _whole_or_leading(bare[len(plan.country_code) :].lstrip("0"), plan)
        return None if found is None else Hidden(*found, sure=True)
    if window.startswith("00"):
        return None  # another country's number, or none
    if window.startswith("0"):
        return _exact(segment, start, 1, plan)
    return _exact(segment, start, len(plan.country_code), plan) if home else None


def _whole_or_leading(national: str, plan: Plan) -> tuple[str, Range] | None:
    span = plan.classify(national) if len(national) <= MAX_DIGITS - len(plan.country_code) else None
    if span is None:
        national = plan.leading(national[: MAX_DIGITS - len(plan.country_code)]) or ""
        span = plan.classify(national)
    return None if span is None else (f"+{plan.country_code}{national}", span)


def _exact(segment: Segment, start: int, skip: int, plan: Plan) -> Hidden | None:
    """A number without + or 00: only when it ends where its digits do, for any digits begin with some number."""
    at = start + skip
    while at < len(segment.digits) and segment.digits[at] == "0" and at < start + _WINDOW:
        at += 1
    for length in plan.national_lengths:
        if at + length in segment.ends:
            national = segment.digits[at : at + length]
            span = plan.classify(national)
            if span is not None and (span is not Range.UNALLOCATED or length == plan.usual_length):
                written = (segment.digits[start : at + length], segment.digits[start : start + _WINDOW])
                return Hidden(f"+{plan.country_code}{national}", span, sure=False, written=written)
    return None


def _in_context(raw: str, plan: Plan) -> Iterator[Hidden]:
    """A local number completed by its phone-context (RFC 3966 §5.1.5), wherever the number was cut in two."""
    text = raw
    for _ in range(_ROUNDS):
        text = unescape(text)
    local = "".join(c for c in plain(text.partition(";")[0]) if c.isdecimal())
    for context in _CONTEXT.findall(text.lower())[:_CONTEXTS]:
        code = "".join(c for c in plain(context) if c.isdecimal()).lstrip("0")
        if code.startswith(plan.country_code) and local:
            area = code[len(plan.country_code) :].lstrip("0")
            for rest in dict.fromkeys((local[:_WINDOW], local[:_WINDOW].lstrip("0"))):
                found = _whole_or_leading(area + rest, plan)
                if found is not None:
                    yield Hidden(*found, sure=True)


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    """One non-ASCII character as what a reader takes it for. By character: whole-text NFKC is quadratic on marks."""
    if char in _DRAWN_ALIKE:
        return _DRAWN_ALIKE[char]
    if char in _BLANK_LETTERS or unicodedata.category(char) in ("Cf", "Cc", "Mn", "Me"):
        return ""
    folded = []
    for c in unicodedata.normalize("NFKC", char):
        digit = unicodedata.digit(c, None)
        if digit is not None:
            folded.append(str(digit))
        elif c.isascii():
            folded.append(c)
        else:
            folded.append("x" if c.isalpha() else " ")
    return "".join(folded)
