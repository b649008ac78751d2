"""One raw text judged twice: its form on the text as written, and its range in the plan.

Nearly every number is written as it should be, and nearly everything beside one holds none: `judge` knows both at a
look. All else goes the long way, which would say the same of those.
"""

import re

import attrs

from .form import Breach, Form, examine, unescape
from .hidden import (
    Hidden,
    bare,
    find,
    in_routing,
    is_attempt,
    is_mute,
    is_terse,
    plain,
    read_segment,
    readings,
    segments,
    unique,
)
from .notation import Notation
from .plan import ABROAD, MAX_DIGITS, MIN_DIGITS, Plan, Range, country_code_of, foreign_range

ORDINARY = re.compile(r"(?:\+|00)([1-9][0-9]{5,14})")  # E.164 §6, and MIN_DIGITS
# Bound once: CPython 3.11 looks a member up in its enum eight times slower than a global.
_SIP, _TEL, _PARAMETERS = Notation.SIP, Notation.TEL, Notation.PARAMETERS
_NONE = Range.NONE
_NAME = re.compile(r"(?<![^;])(?!phone-context)[A-Za-z][A-Za-z-]*+=", re.IGNORECASE)
_SCHEME = re.compile(r"\A[\s<\"']{0,8}[A-Za-z][A-Za-z0-9+.-]{0,31}:")


# Not frozen: it lives for one decision, which makes one of each text and asks it for everything. A decision on five
# numbers takes 3.6 `phonenumbers.parse` with open ones, 3.9 with frozen ones (2026-11-23).
@attrs.define(unsafe_hash=True)
class Number:
    """What a text holds. `range` names its row in the decision table. A value: nobody changes one."""

    raw: str
    range: Range
    e164: str | None = None
    """Its normal form, with +; None when the form is bad or there is no number."""
    digits: str = ""
    """What would give it away: the national digits of a home number, else all its digits."""
    breaches: tuple[Breach, ...] = attrs.field(default=(), kw_only=True)
    hidden: tuple[Hidden, ...] = attrs.field(default=(), kw_only=True)
    """Home numbers found behind a bad form, in a parameter, or inside other text."""
    sure: bool = attrs.field(default=True, kw_only=True)
    """False for a display text's number in national form, which may be another country's."""
    written: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    """The digits of a number that is not sure, as they stood there; () for one that is."""
    protected: str = attrs.field(default="", kw_only=True)
    """A protected code that stands in a display text as a word."""

    @property
    def is_home(self) -> bool:
        """Whether it is a well-formed number of the home country."""
        return self.e164 is not None and self.range not in ABROAD

    @property
    def country_code(self) -> str | None:
        """The country code of a well-formed number."""
        return None if self.e164 is None else country_code_of(self.e164[1:])


def judge(raw: str, notation: Notation, plan: Plan, user_phone: bool = False) -> Number:
    """What a URI's text claims to be. Total: any text gets an answer, in time linear in its length.

    A display-name has no grammar of its own and may hold several numbers: `read_display` finds them. Handed to this
    function it is judged as strictly as a user part.
    """
    if (notation is _SIP or notation is _TEL) and (match := ORDINARY.fullmatch(raw)):
        # Nothing but + or 00 and 6 to 15 digits: its place in the plan is all there is to say, if it has one.
        span, digits = plan.placed(match[1])
        if span is not None and (raw[0] == "+" or len(raw) > plan.short_max):
            return Number(raw, span, "+" + match[1], digits)
    elif is_mute(raw) or (notation is _PARAMETERS and is_terse(raw, plan)):
        return Number(raw, _NONE)
    return judge_at_length(raw, notation, plan, user_phone)


def judge_at_length(raw: str, notation: Notation, plan: Plan, user_phone: bool = False) -> Number:
    """The same, of any text and with nothing known beforehand."""
    if notation is Notation.PARAMETERS:
        return _judge_parameters(raw, plan)
    if notation not in (Notation.SIP, Notation.TEL):
        return _judge_text(raw, _SCHEME.sub("", raw, count=1), Form("", "", (Breach.CHARACTERS,)), plan)
    main, _, parameters = raw.partition(";")
    form = examine(unescape(main), separators=notation is Notation.TEL or user_phone)
    if not form.digits:
        return _judge_text(raw, main, form, plan)
    if form.prefix != "+" and len(form.prefix + form.digits) <= plan.short_max:
        number = Number(raw=raw, range=Range.SHORT, digits=form.prefix + form.digits, breaches=form.breaches)
    else:
        number = _place(raw, form, plan)
    return _with_parameters(number, parameters, plan) if parameters else number


def _judge_parameters(raw: str, plan: Plan) -> Number:
    # Letters end a number here: a GRUU or a branch name without its letters would be digits that say anything.
    found = [h for text in readings(unescape(raw)) for piece in segments(text) for h in read_segment(piece, plan)]
    found += in_routing(raw, plan)
    hidden = tuple(h for h in unique(found) if h.range is not Range.SHORT and not _is_bare(h, plan))
    if not hidden:
        return Number(raw=raw, range=Range.NONE)
    return Number(raw=raw, range=Range.BAD_FORM, breaches=(Breach.PARAMETER,), hidden=hidden)


def _is_bare(hidden: Hidden, plan: Plan) -> bool:
    """Whether nothing but the number itself stood there, as is dialled at home where no trunk prefix is."""
    return not hidden.sure and hidden.written[0] == plan.national(hidden.e164) and hidden.written[0][0] != "0"


def _place(raw: str, form: Form, plan: Plan) -> Number:
    """The row of a text that is nothing but digits behind + or 00, or ought to be."""
    breaches = list(form.breaches)
    digits, span = form.digits, Range.FOREIGN
    if form.prefix and (home := plan.at_home(digits)) is not None:
        digits = home[1]
        span = home[0].classify(digits) or Range.BAD_FORM
        breaches += _home_breaches(home[0], digits, span)
    elif form.prefix:
        assigned = foreign_range(digits)
        if assigned is None:
            breaches.append(Breach.UNASSIGNED_CODE)
        span = assigned or Range.BAD_FORM
    if len(form.digits) > MAX_DIGITS:
        breaches.append(Breach.TOO_LONG)
    elif len(form.digits) < MIN_DIGITS and span is not Range.SHORT:
        breaches.append(Breach.TOO_SHORT)
    if breaches:
        hidden = find(raw, plan)
        return Number(raw=raw, range=Range.BAD_FORM, digits=digits, breaches=tuple(breaches), hidden=hidden)
    return Number(raw=raw, range=span, e164="+" + form.digits, digits=digits)


def _home_breaches(plan: Plan, national: str, span: Range) -> tuple[Breach, ...]:
    if plan.untrunked(national) != national:
        return (Breach.TRUNK_ZERO,)
    return (Breach.WRONG_LENGTH,) if span is Range.BAD_FORM else ()


def _with_parameters(number: Number, parameters: str, plan: Plan) -> Number:
    """The same number, unless a parameter makes it local or holds a number that would cross with it.

    RFC 3966's ext, isub and RFC 4694's rn, npdi are no breach by themselves; neither is verstat, which is not believed.
    A phone-context is: a number that needs one is not international (RFC 3966 §5.1.5).
    """
    breaches = []
    # A short number in a parameter is a length or a context (RFC 4904 trunk-context), not a number.
    # The name of a parameter is no part of what it says: on a keypad `rn` would be two digits before the number.
    values = "" if is_mute(parameters) else _NAME.sub("", unescape(parameters))
    found = (*find(values, plan), *in_routing(parameters, plan)) if values else ()
    hidden = tuple(h for h in found if h.range is not Range.SHORT and not _is_bare(h, plan))
    if hidden:
        breaches.append(Breach.PARAMETER)
    if "phone-context" in unescape(parameters).lower():
        breaches.append(Breach.LOCAL)
        hidden = (*hidden, *find(number.raw, plan))
    if not breaches:
        return number
    span = Range.SHORT if number.range is Range.SHORT else Range.BAD_FORM
    return attrs.evolve(
        number,
        range=span,
        e164=None,
        breaches=(*number.breaches, *breaches),
        hidden=unique([*_itself(number), *number.hidden, *hidden]),
    )


def _itself(number: Number) -> tuple[Hidden, ...]:
    """A home number that was in order until its parameters were read is hidden by them like any other."""
    return (Hidden(number.e164, number.range, sure=True),) if number.e164 is not None and number.is_home else ()


def _judge_text(raw: str, main: str, form: Form, plan: Plan) -> Number:
    """A text that is no plain string of digits: an attempt at a number, a hiding place, or only words."""
    text = plain(main)
    hidden = find(raw, plan)
    if not (attempt := is_attempt(text)):
        attempt = is_attempt(text := bare(main))
    if not attempt and not hidden:
        return Number(raw=raw, range=Range.NONE)
    digits = "".join(c for c in text if c.isdecimal())
    breaches = form.breaches or (Breach.TOO_SHORT,)
    lettered = any(c.isalpha() for c in text)
    short = attempt and not lettered and "+" not in text and len(digits) <= plan.short_max
    return Number(
        raw=raw, range=Range.SHORT if short else Range.BAD_FORM, digits=digits, breaches=breaches, hidden=hidden
    )
