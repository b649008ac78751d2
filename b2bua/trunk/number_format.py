"""The called number as the network behind a trunk writes it: with +, with 00, or nationally.

Only a telephone number in a SIP URI is written anew, and only its spelling: parameters of the user part (`npdi`, `rn`)
stay, and so does all that is no number: short and emergency numbers, service codes, names. A tel URI stays, for its
local form would need a phone-context (RFC 3966 §5.1.5), and so does a number that has one. The caller's number has no
such setting.
"""

import re
from urllib.parse import unquote

from b2bua.config import CalledFormat
from policy.numbering import Plan, Range
from sipstack.values.grammar import QUOTED

_GLOBAL = re.compile(r"\+[1-9][0-9]{5,14}")  # E.164 §6: fifteen digits at most; the shortest in use have six
_NATIONAL = re.compile(r"0([1-9][0-9]{3,13})")
_SEPARATORS = str.maketrans("", "", "-.() ")
# The number of the first URI with a user part. A display-name in quotes may say anything, and is no URI.
_NUMBER = re.compile(
    rf'(?:[^"<]++|{QUOTED})*?(?:<|\A)[ \t]*+(?:sips?):(?P<number>[+%0-9][^\x00-\x20\x7f<>"@:;]*+)'
    r'(?P<rest>[;:]?[^\x00-\x20\x7f<>"@]*+)@',
    re.IGNORECASE,
)


def in_format(text: str, form: CalledFormat, plan: Plan) -> str:
    """A URI, or the value of To, with its number in that format; the same text where there is none to be written so.

    Raises nothing.
    """
    found = _NUMBER.match(text)
    if found is None or "phone-context" in found["rest"].lower():
        return text
    number = as_global(found["number"], plan)
    if number is None:
        return text
    spelled = _spell(number, form, plan)
    same = found["number"].translate(_SEPARATORS) == spelled
    return text if same else text[: found.start("number")] + spelled + text[found.end("number") :]


def number_of(text: str, plan: Plan) -> str | None:
    """The number of a URI, or of the value of To, in the form +32...; None when it has none that is one."""
    found = _NUMBER.match(text)
    return None if found is None else as_global(found["number"], plan)


def as_global(written: str, plan: Plan) -> str | None:
    """`+32-9-333.00.00`, `003293330000` and, at home, `093330000` as +3293330000; None: no telephone number.

    After the home country's code only what has the length of a whole number there is one: `+32112` is none.
    """
    number = unquote(written, errors="surrogateescape").translate(_SEPARATORS)
    if number.startswith("00"):
        number = "+" + number[2:]
    elif (national := _NATIONAL.fullmatch(number)) is not None:
        number = f"+{plan.country_code}{national[1]}"
    if _GLOBAL.fullmatch(number) is None:
        return None
    home = number.removeprefix(f"+{plan.country_code}")
    return number if home == number or _is_whole(home, plan) else None


def _is_whole(national: str, plan: Plan) -> bool:
    """Allocated or not: new ranges are called before a profile knows them."""
    lengths, kind = plan.national_lengths, plan.classify(national)
    return national[0] != "0" and len(national) in lengths and kind is not Range.SHORT


def _spell(number: str, form: CalledFormat, plan: Plan) -> str:
    code = f"+{plan.country_code}"
    if form is CalledFormat.NATIONAL and number.startswith(code):
        return f"0{number.removeprefix(code)}"
    return number if form is CalledFormat.PLUS else f"00{number[1:]}"
