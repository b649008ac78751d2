"""One raw text judged twice: its form on the text as written, and its range in the plan."""

import re

import attrs

from .form import Breach, Form, examine, unescape
from .hidden import Hidden, find, is_attempt, plain, read_segment, segments, unique
from .notation import Notation
from .plan import MAX_DIGITS, MIN_DIGITS, Plan, Range, country_code_of, is_global_service

_SCHEME = re.compile(r"\A[\s<\"']{0,8}[A-Za-z][A-Za-z0-9+.-]{0,31}:")


@attrs.frozen(kw_only=True)
class Number:
    """What a text holds. `range` names its row in the decision table."""

    raw: str
    range: Range
    e164: str | None = None
    """Its normal form, with +; None when the form is bad or there is no number."""
    digits: str = ""
    """What would give it away: the national digits of a home number, else all its digits."""
    breaches: tuple[Breach, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    """Home numbers found behind a bad form, in a parameter, or inside other text."""
    sure: bool = True
    """False for a display text's number in national form, which may be another country's."""
    written: tuple[str, ...] = ()
    """The digits of a number that is not sure, as they stood there; () for one that is."""
    protected: str = ""
    """A protected code that stands in a display text as a word."""

    @property
    def country_code(self) -> str | None:
        """The country code of a well-formed number."""
        return None if self.e164 is None else country_code_of(self.e164[1:])


def judge(raw: str, notation: Notation, plan: Plan, user_phone: bool = False) -> Number:
    """What a URI's text claims to be. Total: any text gets an answer, in time linear in its length.

    A display-name has no grammar of its own and may hold several numbers: `read_display` finds them. Handed to this
    function it is judged as strictly as a user part.
    """
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
    return _with_parameters(number, unescape(parameters), plan) if parameters else number


def _judge_parameters(raw: str, plan: Plan) -> Number:
    # Letters end a number here: a GRUU or a branch name without its letters would be digits that say anything.
    found = [hidden for piece in segments(plain(raw)) for hidden in read_segment(piece, plan)]
    hidden = tuple(h for h in unique(found) if h.range is not Range.SHORT)
    if not hidden:
        return Number(raw=raw, range=Range.NONE)
    return Number(raw=raw, range=Range.BAD_FORM, breaches=(Breach.PARAMETER,), hidden=hidden)


def _place(raw: str, form: Form, plan: Plan) -> Number:
    """The row of a text that is nothing but digits behind + or 00, or ought to be."""
    breaches = list(form.breaches)
    digits, span = form.digits, Range.FOREIGN
    if form.prefix and digits.startswith(plan.country_code):
        digits = digits.removeprefix(plan.country_code)
        span = plan.classify(digits) or Range.BAD_FORM
        breaches += _home_breaches(digits, span)
    elif form.prefix:
        code = country_code_of(digits)
        if code is None:
            breaches.append(Breach.UNASSIGNED_CODE)
        elif is_global_service(code):
            span = Range.GLOBAL_SERVICE
    if len(form.digits) > MAX_DIGITS:
        breaches.append(Breach.TOO_LONG)
    elif len(form.digits) < MIN_DIGITS and span is not Range.SHORT:
        breaches.append(Breach.TOO_SHORT)
    if breaches:
        hidden = find(raw, plan)
        return Number(raw=raw, range=Range.BAD_FORM, digits=digits, breaches=tuple(breaches), hidden=hidden)
    return Number(raw=raw, range=span, e164="+" + form.digits, digits=digits)


def _home_breaches(national: str, span: Range) -> tuple[Breach, ...]:
    if national.startswith("0"):
        return (Breach.TRUNK_ZERO,)
    return (Breach.WRONG_LENGTH,) if span is Range.BAD_FORM else ()


def _with_parameters(number: Number, parameters: str, plan: Plan) -> Number:
    """The same number, unless a parameter makes it local or holds a number that would cross with it.

    RFC 3966's ext, isub and RFC 4694's rn, npdi are no breach by themselves; neither is verstat, which is not believed.
    A phone-context is: a number that needs one is not international (RFC 3966 §5.1.5).
    """
    breaches = []
    # A short number in a parameter is a length or a context (RFC 4904 trunk-context), not a number.
    hidden = tuple(h for h in find(parameters, plan) if h.range is not Range.SHORT)
    if hidden:
        breaches.append(Breach.PARAMETER)
    if "phone-context" in parameters.lower():
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
    if number.e164 is None or number.range in (Range.FOREIGN, Range.GLOBAL_SERVICE):
        return ()
    return (Hidden(number.e164, number.range, sure=True),)


def _judge_text(raw: str, main: str, form: Form, plan: Plan) -> Number:
    """A text that is no plain string of digits: an attempt at a number, a hiding place, or only words."""
    text = plain(main)
    hidden = find(raw, plan)
    attempt = is_attempt(text)
    if not attempt and not hidden:
        return Number(raw=raw, range=Range.NONE)
    digits = "".join(c for c in text if c.isdecimal())
    breaches = form.breaches or (Breach.TOO_SHORT,)
    lettered = any(c.isalpha() for c in text)
    short = attempt and not lettered and "+" not in text and len(digits) <= plan.short_max
    return Number(
        raw=raw, range=Range.SHORT if short else Range.BAD_FORM, digits=digits, breaches=breaches, hidden=hidden
    )
