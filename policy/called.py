"""The called number, as the rules must know it: which entries of a history are it, and what art. 3 may be proved by.

Nearly always it is one number in order, known at a look; the long way says the same of it.
"""

import re
from urllib.parse import unquote

from .numbering import Notation, Plan, judge
from .numbering.number import ORDINARY
from .numbering.plan import ABROAD
from .rules.redirect import normal_forms

# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_SIP, _TEL = Notation.SIP, Notation.TEL
_LEADING = re.compile(r";\s*(rn|phone-context)\s*=([^;]*)", re.IGNORECASE)  # RFC 4694 §5, RFC 3966 §5.1.5
# A routing number is hexadecimal (RFC 4694 §4); one that begins beyond nine and has so few digits is a network's, and
# nobody could dial it.
_OF_A_NETWORK = re.compile(r"\s*[A-F][0-9A-F]{1,6}\s*", re.IGNORECASE)


def dialled(raw: str, plan: Plan) -> tuple[frozenset[str], frozenset[str], str]:
    """The called number in normal form; the same with what its parameters add; and plainly: E.164 with +, where it is
    one home number and nothing beside it could lead the call elsewhere, else ""."""
    if (match := ORDINARY.fullmatch(raw)) and raw[0] == "+":
        span, national = plan.placed(match[1])
        if span is not None and span not in ABROAD and national[0] != "0":
            one = frozenset((raw,))
            return one, one, raw
    return dialled_at_length(raw, plan)


def dialled_at_length(raw: str, plan: Plan) -> tuple[frozenset[str], frozenset[str], str]:
    """The same, of any text and with nothing known beforehand."""
    called, beside = _called(raw, plan)
    return called, beside, _plainly(raw, called, plan)


def _called(raw: str, plan: Plan) -> tuple[frozenset[str], frozenset[str]]:
    main, _, parameters = raw.partition(";")
    number = judge(main, _SIP, plan)
    if not parameters:
        called = normal_forms(number)
        return called, called
    whole = normal_forms(judge(raw, _SIP, plan))
    if number.e164 is None:  # a phone-context may be half of the number itself; no other parameter is
        context = next((p for p in parameters.split(";") if p.lower().startswith("phone-context=")), "")
        number = judge(f"{main};{context}", _SIP, plan) if context else number
    return (called := normal_forms(number)), whole | called


def _plainly(raw: str, called: frozenset[str], plan: Plan) -> str:
    if len(called) != 1:
        return ""
    main, _, parameters = raw.partition(";")
    text = unquote(main)
    if _leads_elsewhere(parameters, called, plan) or any(c.isalpha() or c == ";" for c in text):
        return ""
    digits = "".join(c for c in text if c.isdecimal())
    (number,) = called
    return number if plan.significant(digits) == plan.national(number) else ""


def _leads_elsewhere(parameters: str, called: frozenset[str], plan: Plan) -> bool:
    """Whether a called number may end with another than who has it: by a routing number that may be somebody's own, or
    by a context that completes it. A ported number is led to the network that it has moved to."""
    for name, value in _LEADING.findall(f";{unquote(parameters)}"):
        is_own = judge(value, _TEL, plan).e164 in called
        if name.lower() != "rn" or not (is_own or _OF_A_NETWORK.fullmatch(value)):
            return True
    return False
