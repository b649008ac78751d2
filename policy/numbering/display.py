"""The numbers a display-name shows ("display number", ¶9). Text is not concerned (¶25), so it is looked through."""

import re
from collections.abc import Iterator

from .form import Breach
from .hidden import (
    Hidden,
    Segment,
    bare,
    by_library,
    drawn_digits,
    is_mute,
    read_segment,
    readings,
    segments,
    unique,
    without_letters,
)
from .number import Number
from .plan import MAX_DIGITS, MIN_DIGITS, Plan, Range, country_code_of, foreign_range

_ORDINARY = re.compile(r"\+([1-9][0-9 ./()-]{6,28})")
_SEPARATORS = str.maketrans("", "", " ./()-")
_RUN = 8  # so many digits in one piece are an attempt at a number
_WORD = re.compile(r"(?<![A-Za-z0-9])[0-9]+(?: [0-9]+)*(?![A-Za-z0-9])")
_BEGUN = re.compile(r"\A[0-9]|\+|(?<![0-9])00")  # from here on, letters may only interrupt a number
_CODE_LENGTH = 6
_MORE = 3  # digits beside a number are another one
_ABROAD = 4  # foreign numbers that a display-name shows, at most, and that are looked into
_FINDS = 64  # numbers reported from one text


def read_display(raw: str, plan: Plan) -> tuple[Number, ...]:
    """Everything in a display text that is a number, or impersonates a service; () for mere text.

    Separators are no breach here: a display text is for the eye, and has no grammar but the reader's.
    """
    if is_mute(raw):
        return ()
    match = _ORDINARY.fullmatch(raw)
    digits = "" if match is None else match[1].translate(_SEPARATORS)
    number = _foreign(raw, digits, plan) if len(digits) > max(plan.short_max, _CODE_LENGTH) else None
    return read_at_length(raw, plan) if number is None else (number,)


def read_at_length(raw: str, plan: Plan) -> tuple[Number, ...]:
    """The same, of any text and with nothing known beforehand."""
    first, *others = (_shown(raw, drawn_digits(text), plan) for text in readings(raw))
    if not others:
        return tuple(first)
    # Of what only some readers see, home numbers count; a short number when it is all that is left in the end.
    homes = [number for shown in (first, *others) for number in shown if number.is_home]
    homes.sort(key=lambda number: number.range is Range.MOBILE)
    last = [number for number in _shown(raw, bare(raw), plan) if number.range is Range.SHORT]
    return tuple(_bounded(raw, list(dict.fromkeys([*homes, *last, *first]))))


def _shown(raw: str, text: str, plan: Plan) -> list[Number]:
    digits = "".join(c for c in text if c.isdecimal())
    if not digits:
        return []
    whole = not any(c.isalpha() for c in text)
    if whole and len(digits) <= plan.short_max:
        return [Number(raw=raw, range=Range.SHORT, digits=digits)]
    return [*_numbers(raw, text, whole, plan), *_protected(raw, text, plan)]


def _numbers(raw: str, text: str, whole: bool, plan: Plan) -> list[Number]:
    homes: list[Hidden] = []
    others: list[Number] = []
    abroad: list[Segment] = []
    for piece in segments(text):
        foreign = _foreign(raw, _international(piece), plan)
        if foreign is not None:
            others.append(foreign)
            abroad.append(piece)
            continue
        found = list(read_segment(piece, plan))
        homes += found
        left = len(piece.digits.lstrip("0")) - sum(_length(hidden, plan) for hidden in found)
        if left >= _MORE if found else (len(piece.digits) >= _RUN or piece.plus or whole):
            others.append(Number(raw=raw, range=Range.BAD_FORM, digits=piece.digits, breaches=(_breach(piece),)))
    if not whole and (begun := _BEGUN.search(text)):
        rest = without_letters(text[begun.start() :])
        homes += [hidden for piece in segments(rest) for hidden in _beside(piece, abroad[:_ABROAD], plan)]
    numbers = [_home(raw, hidden, whole, plan) for hidden in unique([*homes, *by_library(text, plan)])] + others
    return _bounded(raw, numbers)


def _beside(piece: Segment, abroad: list[Segment], plan: Plan) -> Iterator[Hidden]:
    """The home numbers in a piece of the text without its letters, but for those that are only a part of another
    country's number with which the piece begins: that one has been read as what it is."""
    begun = [one for one in abroad if one.plus and piece.plus and piece.digits.startswith(one.digits)]
    first = max(begun, key=lambda one: len(one.digits), default=None)
    if first is None or (length := len(first.digits)) not in piece.ends:
        yield from read_segment(piece, plan)
        return
    inside = {hidden.e164 for hidden in read_segment(first, plan)}
    yield from (hidden for hidden in read_segment(piece, plan) if hidden.e164 not in inside)
    starts = tuple(start - length for start in piece.starts if start >= length)
    ends = frozenset(end - length for end in piece.ends if end > length)
    yield from read_segment(Segment(piece.digits[length:], False, starts, ends), plan)


def _length(hidden: Hidden, plan: Plan) -> int:
    """How many digits of a piece are that number's, zeros before it left out."""
    return len(hidden.e164) - 1 if hidden.sure else len(plan.national(hidden.e164))


def _bounded(raw: str, numbers: list[Number]) -> list[Number]:
    """The first of them, which are those judged hardest, and one that stands for the rest."""
    if len(numbers) > _FINDS:
        numbers[_FINDS:] = [Number(raw=raw, range=Range.BAD_FORM, breaches=(Breach.SEVERAL,))]
    return numbers


def _breach(piece: Segment) -> Breach:
    digits = _international(piece)
    if not digits:
        return Breach.NO_PREFIX
    if country_code_of(digits) is None:
        return Breach.UNASSIGNED_CODE
    return Breach.TOO_LONG if len(digits) > MAX_DIGITS else Breach.WRONG_LENGTH


def _international(piece: Segment) -> str:
    """The digits behind + or 00; "" when neither is there."""
    if piece.plus:
        return piece.digits
    return piece.digits[2:] if piece.digits.startswith("00") else ""


def _foreign(raw: str, digits: str, plan: Plan) -> Number | None:
    """International digits as another country's number, when they have the form of one."""
    span = foreign_range(digits)
    if span is None or plan.at_home(digits) is not None or not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return None
    return Number(raw=raw, range=span, e164="+" + digits, digits=digits)


def _home(raw: str, hidden: Hidden, whole: bool, plan: Plan) -> Number:
    national = plan.national(hidden.e164)
    if hidden.range is Range.SHORT and not whole:
        return Number(raw=raw, range=Range.BAD_FORM, digits=national, breaches=(Breach.WRONG_LENGTH,))
    return Number(
        raw=raw, range=hidden.range, e164=hidden.e164, digits=national, sure=hidden.sure, written=hidden.written
    )


def _protected(raw: str, text: str, plan: Plan) -> Iterator[Number]:
    """A protected code that stands in a text as a word; a group of the digits of a foreign number is none."""
    for match in _WORD.finditer(text):
        groups = match[0].split(" ")
        piece = Segment("".join(groups), text[: match.start()].endswith("+"), (), frozenset())
        if len(piece.digits) > _CODE_LENGTH and _foreign(raw, _international(piece), plan) is not None:
            continue
        joined = "".join(groups) if len(match[0]) <= 2 * _CODE_LENGTH else ""
        for code in dict.fromkeys([*groups, joined]):
            if plan.is_protected(code):
                yield Number(raw=raw, range=Range.NONE, protected=code)
                return
