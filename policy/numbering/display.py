"""The numbers a display-name shows ("display number", ¶9). Text is not concerned (¶25), so it is looked through."""

import re
from collections.abc import Iterator

from .form import Breach
from .hidden import Hidden, Segment, by_library, drawn_digits, plain, read_segment, segments, unique, without_letters
from .number import Number
from .plan import MAX_DIGITS, MIN_DIGITS, Plan, Range, country_code_of, is_global_service

_RUN = 8  # so many digits in one piece are an attempt at a number
_WORD = re.compile(r"(?<![A-Za-z0-9])[0-9]+(?: [0-9]+)*(?![A-Za-z0-9])")
_CODE_LENGTH = 6
_FINDS = 64  # numbers reported from one text


def read_display(raw: str, plan: Plan) -> tuple[Number, ...]:
    """Everything in a display text that is a number, or impersonates a service; () for mere text.

    Separators are no breach here: a display text is for the eye, and has no grammar but the reader's.
    """
    text = drawn_digits(plain(raw))
    digits = "".join(c for c in text if c.isdecimal())
    if not digits:
        return ()
    whole = not any(c.isalpha() for c in text)
    if whole and len(digits) <= plan.short_max:
        return (Number(raw=raw, range=Range.SHORT, digits=digits),)
    return (*_numbers(raw, text, whole, plan), *_protected(raw, text, plan))


def _numbers(raw: str, text: str, whole: bool, plan: Plan) -> list[Number]:
    homes: list[Hidden] = []
    others: list[Number] = []
    for piece in segments(text):
        if (foreign := _foreign(raw, piece, plan)) is not None:
            others.append(foreign)
            continue
        found = list(read_segment(piece, plan))
        homes += found
        if not found and (len(piece.digits) >= _RUN or piece.plus or whole):
            others.append(Number(raw=raw, range=Range.BAD_FORM, digits=piece.digits, breaches=(_breach(piece),)))
    if not whole and text[0] in "+0123456789":
        homes += [hidden for piece in segments(without_letters(text)) for hidden in read_segment(piece, plan)]
    numbers = [_home(raw, hidden, whole, plan) for hidden in unique([*homes, *by_library(text, plan)])] + others
    if len(numbers) > _FINDS:
        numbers[_FINDS:] = [Number(raw=raw, range=Range.BAD_FORM, breaches=(Breach.SEVERAL,))]
    return numbers


def _breach(piece: Segment) -> Breach:
    digits = piece.digits if piece.plus else piece.digits[2:]
    if not piece.plus and not piece.digits.startswith("00"):
        return Breach.NO_PREFIX
    if country_code_of(digits) is None:
        return Breach.UNASSIGNED_CODE
    return Breach.TOO_LONG if len(digits) > MAX_DIGITS else Breach.WRONG_LENGTH


def _foreign(raw: str, piece: Segment, plan: Plan) -> Number | None:
    """The whole piece as another country's number, when it is written as one."""
    if not (piece.plus or piece.digits.startswith("00")):
        return None
    digits = piece.digits if piece.plus else piece.digits[2:]
    code = country_code_of(digits)
    if code is None or code == plan.country_code or not MIN_DIGITS <= len(digits) <= MAX_DIGITS:
        return None
    span = Range.GLOBAL_SERVICE if is_global_service(code) else Range.FOREIGN
    return Number(raw=raw, range=span, e164="+" + digits, digits=digits)


def _home(raw: str, hidden: Hidden, whole: bool, plan: Plan) -> Number:
    national = hidden.e164[1 + len(plan.country_code) :]
    if hidden.range is Range.SHORT and not whole:
        return Number(raw=raw, range=Range.BAD_FORM, digits=national, breaches=(Breach.WRONG_LENGTH,))
    return Number(
        raw=raw, range=hidden.range, e164=hidden.e164, digits=national, sure=hidden.sure, written=hidden.written
    )


def _protected(raw: str, text: str, plan: Plan) -> Iterator[Number]:
    for match in _WORD.finditer(text):
        groups = match[0].split(" ")
        joined = "".join(groups) if len(match[0]) <= 2 * _CODE_LENGTH else ""
        for code in dict.fromkeys([*groups, joined]):
            if plan.is_protected(code):
                yield Number(raw=raw, range=Range.NONE, protected=code)
                return
