"""The second net: home numbers that a text hides, however they are spelled.

The form test refuses odd spellings; this net says *what they hide*, which decides where the form test alone would only
strip. It is lenient by design and never makes anything milder: its finds are added, not substituted.

A text is first made plain: escapes undone, compatibility forms and every script's digits folded to ASCII, invisible
characters dropped. What remains is digits, +, letters, and one space for anything else. Who undoes no escapes, or only
the outer ones, or draws from right to left, sees another text: each of these readings counts. In each, every group of
digits is tried as the beginning of a home number. Each try looks at a bounded number of digits, so that the whole is
linear in the text.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

import attrs
import phonenumbers

from .escapes import undo
from .form import unescape
from .plan import MAX_DIGITS, Plan, Range

_ROUNDS = 4  # of escapes within escapes; no display undoes more than one
_WINDOW = 2 + 2 + 3 + 1 + MAX_DIGITS  # 00, one code too many, the code, a trunk zero, the number
_CONTEXTS = 4
_FINDS = 32  # home numbers reported from one text; one is enough to judge it
_LIBRARY_LENGTH = 250  # the library refuses longer texts
_EXITS = ("011", "010", "810")  # dialled elsewhere for an international number, where others dial 00 (E.164 §6.3)
# A reader of this sees no digit: it has none, no sign of an escape, and no letter that may be folded into one.
_SILENCE = r"(?:[^%&\\=+0-9\x80-\U0010ffff]++|=(?!\?))*+"
_MUTE = re.compile(_SILENCE)
_FEW = 3
_TERSE = re.compile(rf"{_SILENCE}(?:[0-9]{_SILENCE}){{0,{_FEW}}}+")
# What has a text drawn from right to left (UAX #9): every character, or only its numbers, each digit by digit or whole.
_LEFTWARDS = re.compile("[\u200f\u202b\u202e\u2067]")

_SPACES = re.compile(r" {2,}")
_PLUSES = re.compile(r"(?: ?\+)+ ?")
_SEGMENT = re.compile(r"(\+?)([0-9]+(?: [0-9]+)*)")
_TOKEN = re.compile(r"\+|[0-9]+|[A-Za-z]+")
_LETTERS = re.compile(r"[A-Za-z]+")
_ATTEMPT = re.compile(r"\A[+0-9]|\+[0-9]|[0-9]{8}")
_CONTEXT = re.compile(r"phone-context=([^;]{0,64})")
_ROUTED = re.compile(r"(?:\A|;)\s*(rn|cic)(-context)?\s*=\s*([+0-9.()-]{1,64})(?![^;\s])")
_ZERO_LIKE = re.compile(r"(?<![A-Za-z])[OoIl]{1,8}(?=[0-9])|(?<=[0-9])[OoIl]{1,8}(?![A-Za-z])")
_ZERO_DIGITS = str.maketrans("OoIl", "0011")
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_ASCII = {i: "" if chr(i) not in "\t\n\v\f\r" else " " for i in (*range(32), 127)} | {
    i: chr(i) if chr(i).isalnum() or chr(i) == "+" else " " for i in range(32, 127)
}
_DIGIT = re.compile(r"[0-9]")
_DRAWN_ALIKE = {"О": "O", "о": "o", "Ο": "O", "ο": "o", "І": "I", "і": "I", "Ӏ": "I", "➕": "+"}
_WORTHS = frozenset(map(float, range(10)))
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
    """A text as digits, +, letters and single spaces, with no percent-escape left to undo."""
    return _plainly(_undone(text, unescape)[-1])


def bare(text: str) -> str:
    """A text made plain with nothing of any kind left to undo."""
    return _plainly(_undone(text, _undo_all)[-1])


def readings(raw: str) -> list[str]:
    """A text made plain as each reader takes it; first of all as `plain` does."""
    rounds = _undone(raw, unescape)
    texts = [*reversed(rounds), *_undone(rounds[-1], _undo_all)[1:]]
    if len(texts) == 1 and raw.isascii():
        return [_plainly(raw)]
    made = []
    for text in texts:
        made.append(_plainly(text))
        if _LEFTWARDS.search(text):
            made += [_plainly(" ".join(reversed(_TOKEN.findall(made[-1])))), made[-1][::-1]]
    return list(dict.fromkeys(made))


def _undone(text: str, escapes: Callable[[str], str]) -> list[str]:
    """The text as written, and after each round of undoing that changes it."""
    rounds = [text]
    for _ in range(_ROUNDS):
        undone = escapes(text)
        if undone == text:
            break
        rounds.append(text := undone)
    return rounds


def _undo_all(text: str) -> str:
    return unescape(undo(text))


def _plainly(text: str) -> str:
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
        yield from _read(segment, start, plan)


def find(raw: str, plan: Plan) -> tuple[Hidden, ...]:
    """The home numbers hidden in the user part of a URI, or in a text that should have been one.

    Letters are looked through only where a number was attempted: a random token would else hide one by chance.
    """
    found: list[Hidden] = []
    for text in readings(raw):
        variants = [text]
        if _LETTERS.search(text) and is_attempt(text):
            variants += [without_letters(text), drawn_digits(text), text.lower().translate(_KEYPAD)]
        found += [hidden for one in variants for piece in segments(one) for hidden in read_segment(piece, plan)]
        found += by_library(text, plan)
    return unique([*found, *_in_context(raw, plan)])


def is_mute(raw: str) -> bool:
    """Whether nobody could read a digit or a + in a text, at a look; False where only a closer one would tell."""
    return _MUTE.fullmatch(raw) is not None


def is_terse(raw: str, plan: Plan) -> bool:
    """Whether a text has too few digits for a home number, at a look; False where only a closer one would tell."""
    return plan.fewest_digits > _FEW and _TERSE.fullmatch(raw) is not None


def is_attempt(text: str) -> bool:
    """Whether a plain text sets out to be a number: it begins with one, has a + before one, or a long run of digits."""
    return _ATTEMPT.search(text) is not None


def without_letters(text: str) -> str:
    """A plain text whose letters are mere separators."""
    return _PLUSES.sub("+", _SPACES.sub(" ", _LETTERS.sub(" ", text))).strip(" ")


def unique(found: list[Hidden]) -> tuple[Hidden, ...]:
    """Each number once, as the surest find has it; of too many, those that are judged hardest, and the sure ones."""
    best: dict[str, Hidden] = {}
    for hidden in found:
        known = best.get(hidden.e164)
        if known is None or (hidden.sure and not known.sure):
            best[hidden.e164] = hidden
    ordered = sorted(best.values(), key=lambda hidden: hidden.range is Range.MOBILE)
    return (*ordered[:_FINDS], *[hidden for hidden in ordered[_FINDS:] if hidden.sure][:_FINDS])


def by_library(text: str, plan: Plan) -> tuple[Hidden, ...]:
    """What a phone-number library makes of a plain text with a + and letters: it knows keypads and extensions."""
    at = text.find("+")
    if at < 0 or _LETTERS.search(text, at) is None:
        return ()  # digits alone it reads no better than we do, and at ten times the cost
    try:
        number = phonenumbers.parse(text[at : at + _LIBRARY_LENGTH], None)
    except phonenumbers.NumberParseException:
        return ()
    home = plan.at_home(f"{number.country_code}{phonenumbers.national_significant_number(number)}")
    found = None if home is None else _whole_or_leading(*home)
    return () if found is None else (Hidden(*found, sure=True),)


def drawn_digits(text: str) -> str:
    """A plain text with the letters that pass for 0 and 1 beside digits read as digits: "O2 555 12 12"."""
    return _ZERO_LIKE.sub(lambda match: match[0].translate(_ZERO_DIGITS), text)


def _starts(segment: Segment) -> Iterator[int]:
    # No number has more than 15 digits: a longer piece is several run together, and any digit may begin one.
    one = len(segment.digits.lstrip("0")) <= MAX_DIGITS
    return iter(segment.starts if one else range(len(segment.digits)))


def _read(segment: Segment, start: int, plan: Plan) -> Iterator[Hidden]:
    window = segment.digits[start : start + _WINDOW]
    home = plan.at_home(window.lstrip("0"))
    if home is not None and ((segment.plus and start == 0) or window.startswith("00")):
        found = _whole_or_leading(*home)
        if found is not None:
            yield Hidden(*found, sure=True)
        return
    if window.startswith("00"):
        return  # another country's number, or none
    if home is not None and not window.startswith("0"):
        yield from _exact(segment, start, len(home[0].country_code), home[0])
    for one in plan.plans:
        if window.startswith(one.trunk_prefix):
            yield from _exact(segment, start, len(one.trunk_prefix), one)
    for code in _EXITS:
        if window.startswith(code) and (home := plan.at_home(window[len(code) :])) is not None:
            yield from _exact(segment, start, len(code) + len(home[0].country_code), home[0])


def _whole_or_leading(plan: Plan, national: str) -> tuple[str, Range] | None:
    most = MAX_DIGITS - len(plan.country_code)
    national = plan.untrunked(national)
    span = plan.classify(national) if len(national) <= most else None
    if span is None:
        national = plan.leading(national[:most]) or ""
        span = plan.classify(national)
    return None if span is None else (f"+{plan.country_code}{national}", span)


def _exact(segment: Segment, start: int, skip: int, plan: Plan) -> Iterator[Hidden]:
    """A number without + or 00: only when it ends where its digits do, for any digits begin with some number."""
    at = start + skip
    while plan.trunk_prefix and segment.digits.startswith(plan.trunk_prefix, at) and at < start + _WINDOW:
        at += 1
    for length in plan.national_lengths:
        if at + length in segment.ends:
            national = segment.digits[at : at + length]
            span = plan.classify(national)
            if span is not None and (span is not Range.UNALLOCATED or length == plan.usual_length):
                written = (segment.digits[start : at + length], segment.digits[start : start + _WINDOW])
                yield Hidden(f"+{plan.country_code}{national}", span, sure=False, written=written)
                return


def _in_context(raw: str, plan: Plan) -> Iterator[Hidden]:
    """A local number completed by its phone-context (RFC 3966 §5.1.5), wherever the number was cut in two."""
    text = _undone(raw, unescape)[-1].lower()
    contexts = _CONTEXT.findall(text)
    if not contexts:
        return
    local = "".join(_DIGIT.findall(plain(text.partition(";")[0])))[:_WINDOW]
    for context in contexts[:_CONTEXTS]:
        yield from _completed(local, "".join(_DIGIT.findall(plain(context))), plan)


def in_routing(raw: str, plan: Plan) -> Iterator[Hidden]:
    """A local routing number, or a local carrier, completed by its own context: `rn=25551212;rn-context=+32` (RFC 4694
    §4)."""
    told: dict[tuple[str, str], list[str]] = {}
    for name, is_context, value in _ROUTED.findall(_undone(raw, unescape)[-1].lower()):
        told.setdefault((name, is_context), []).append(value)
    for name in ("rn", "cic"):
        for context in told.get((name, "-context"), [])[:_CONTEXTS]:
            for local in told.get((name, ""), [])[:_CONTEXTS]:
                if not local.startswith("+"):
                    yield from _completed("".join(_DIGIT.findall(local)), "".join(_DIGIT.findall(context)), plan)


def _completed(local: str, context: str, plan: Plan) -> Iterator[Hidden]:
    home = plan.at_home(context.lstrip("0"))
    if home is not None and local:
        area = home[0].untrunked(home[1])
        for rest in dict.fromkeys((local, home[0].untrunked(local))):
            found = _whole_or_leading(home[0], area + rest)
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
        if digit is not None or (digit := _numeral(c)) is not None:
            folded.append(str(digit))
        elif c.isascii():
            folded.append(c)
        else:
            folded.append("x" if c.isalpha() else " ")
    return "".join(folded)


def _numeral(char: str) -> int | None:
    """The worth of a character that is a numeral and no letter: those of Suzhou, counting rods."""
    worth = unicodedata.numeric(char, -1.0) if unicodedata.category(char) in ("Nl", "No") else -1.0
    return int(worth) if worth in _WORTHS else None
