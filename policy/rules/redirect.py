"""¶9 "redirect number/history": which History-Info entries redirect, and which only say who is being called.

History-Info (RFC 7044) lists the requested URIs up to the current target. An entry whose normal form is the called
number's is that target, whatever its host or parameters: it is nobody's CLI, and normally a home number. A Diversion
always names who diverted.
"""

from policy.claim import Assertion
from policy.numbering import Number, Plan, Range

from .case import Call

_HISTORY = "History-Info"
_NONE = Range.NONE
_NO_NUMBERS: frozenset[str] = frozenset()


def home_numbers(number: Number) -> frozenset[str]:
    """The home numbers a text holds, open or hidden."""
    own = frozenset((number.e164,)) if number.e164 is not None and number.is_home else _NO_NUMBERS
    return own.union([hidden.e164 for hidden in number.hidden]) if number.hidden else own


def likely_home_numbers(number: Number, plan: Plan) -> frozenset[str]:
    """The same, but for a number in national form only as the main country code reads it: which other code of the
    country somebody has dialled from is not known."""
    guessed = {h.e164 for h in number.hidden if not h.sure and not h.e164.startswith(f"+{plan.country_code}")}
    return home_numbers(number) - guessed


def normal_forms(number: Number) -> frozenset[str]:
    """What makes two spellings the same number: the home numbers in them, else the digits."""
    home = home_numbers(number)
    if home or number.range is _NONE:
        return home
    return frozenset({(number.e164 or number.digits).lstrip("+0")})


def is_current_target(assertion: Assertion, number: Number, call: Call) -> bool:
    """Whether this redirection is a History-Info entry that is the called number itself."""
    if assertion.header != _HISTORY or number.range is _NONE:
        return False
    return names_called(number, call)


def names_called(number: Number, call: Call) -> bool:
    """Whether a text is another spelling of the called number."""
    if number.range is _NONE:
        return False
    if number.is_home and not number.hidden:
        return len(call.called) == 1 and number.e164 in call.called
    return is_called(normal_forms(number), call)


def is_called(forms: frozenset[str], call: Call) -> bool:
    """Whether these are the called number, at most with what stands beside it in the Request-URI.

    A caller writes the Request-URI's parameters: what only they hold is not thereby the called number.
    """
    return len(call.called) == 1 and call.called <= forms <= call.beside
