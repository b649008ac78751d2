"""A telephone number in the ways in which people write it: 0470 12 34 56, +32 (0)470/12.34.56, 0032470123456.

What a letter says is not judged, only looked for: where it may be read in two ways, both are looked for.
"""

import re
from typing import Final

from b2bua.errors import CaseError
from policy.numbering.plan import MAX_DIGITS, Plan

_SEPARATORS: Final = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_SCHEME: Final = re.compile(r"\A(?:tel|sips?|callto):", re.IGNORECASE)
_TRUNK_ZERO: Final = re.compile(r"\(\s*0\s*\)")
_NUMBER: Final = re.compile(r"\+?[0-9]{1,20}")


def spellings(text: str, plan: Plan) -> tuple[str, ...]:
    """What the number may be in normal form (E.164 with +, or a short number's digits), the likeliest first.

    `plan` is that of the country where the letter was written. Raises CaseError when there is no number in it.
    """
    bare = _SCHEME.sub("", text.strip()).partition(";")[0].partition("@")[0]
    digits = _SEPARATORS.sub("", _TRUNK_ZERO.sub("", bare))
    if not _NUMBER.fullmatch(digits) or not digits.isascii():
        raise CaseError(f"{text!r} is no telephone number; write it as 0470 12 34 56 or +32470123456")
    return tuple(dict.fromkeys(_readings(digits, plan)))


def _readings(digits: str, plan: Plan) -> list[str]:
    if digits.startswith("+"):
        return [_international(digits[1:], plan), digits]
    if digits.startswith("00"):
        return [_international(digits[2:], plan), digits]
    if plan.trunk_prefix and digits.startswith(plan.trunk_prefix):
        return [f"+{plan.country_code}{digits[len(plan.trunk_prefix) :]}", digits]
    if len(digits) <= plan.short_max:
        return [digits, f"+{plan.country_code}{digits}"]
    national = f"+{plan.country_code}{digits}" if len(plan.country_code + digits) <= MAX_DIGITS else ""
    is_whole = plan.classify(digits) is not None
    readings = [national, _international(digits, plan)] if is_whole else [_international(digits, plan), national]
    return [reading for reading in (*readings, digits) if reading]


def _international(digits: str, plan: Plan) -> str:
    """With +, and without a trunk zero that was left behind the country's code."""
    home = plan.at_home(digits)
    if home is None or not plan.trunk_prefix:
        return f"+{digits}"
    own, national = home
    return f"+{own.country_code}{own.untrunked(national)}"
