"""¶9 "redirect number/history": which History-Info entries redirect, and which only say who is being called.

History-Info (RFC 7044) lists the requested URIs up to the current target. An entry whose normal form is the called
number's is that target, whatever its host or parameters: it is nobody's CLI, and normally a home number. A Diversion
always names who diverted.
"""

from policy.numbering import Number, Plan, Range
from policy.position import Position

from .case import Call, Case

_HISTORY = "History-Info"


def home_numbers(number: Number, plan: Plan) -> frozenset[str]:
    """The home numbers a text holds, open or hidden."""
    own = number.e164 if plan.is_home(number.country_code) else None
    return frozenset(hidden.e164 for hidden in number.hidden) | (frozenset() if own is None else {own})


def likely_home_numbers(number: Number, plan: Plan) -> frozenset[str]:
    """The same, but for a number in national form only as the main country code reads it: which other code of the
    country somebody has dialled from is not known."""
    guessed = {h.e164 for h in number.hidden if not h.sure and not h.e164.startswith(f"+{plan.country_code}")}
    return home_numbers(number, plan) - guessed


def normal_forms(number: Number, plan: Plan) -> frozenset[str]:
    """What makes two spellings the same number: the home numbers in them, else the digits."""
    home = home_numbers(number, plan)
    if home or number.range is Range.NONE:
        return home
    return frozenset({(number.e164 or number.digits).lstrip("+0")})


def is_current_target(case: Case) -> bool:
    """Whether this History-Info entry is the called number itself."""
    if case.position is not Position.REDIRECT or case.assertion.header != _HISTORY:
        return False
    return is_called(normal_forms(case.number, case.call.profile.plan), case.call)


def is_called(forms: frozenset[str], call: Call) -> bool:
    """Whether these are the called number, at most with what stands beside it in the Request-URI.

    A caller writes the Request-URI's parameters: what only they hold is not thereby the called number.
    """
    return len(call.called) == 1 and call.called <= forms <= call.beside
