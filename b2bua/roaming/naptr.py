"""ENUM-style questions as text: a number turned into a domain name, and what the NAPTR records of it say.

Commercial look-ups put parameters into the expression of a record, `!^.*$!tel:+32...;roaming=true;mcc=262!` (after
RFC 4694 and RFC 6116); no standard says which, so their names are settings. Without the one that says whether the
subscriber roams there is no answer: most such services know only whose number it is.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from b2bua.config import Dns
from b2bua.roaming.told import Told
from policy.roaming import Roaming

_PARAMETER: Final = re.compile(r"([A-Za-z0-9-]{1,32})=([A-Za-z0-9.+-]{0,64})")
_YES: Final = frozenset(("true", "1", "yes"))
_NO: Final = frozenset(("false", "0", "no"))
#: Records that are looked at.
_MOST: Final = 16


def domain_of(number: str, zone: str) -> str:
    """The name to ask for, absolute (RFC 6116 §3.2): +32470 in e164.arpa is 0.7.4.2.3.e164.arpa."""
    return f"{'.'.join(reversed(number.removeprefix('+')))}.{zone.strip('.')}."


def read(expressions: Iterable[str], holder: Dns, home: Collection[int]) -> Told:
    """What the expressions of all records together say; `home` are the MCCs of the home country."""
    said: dict[str, set[str]] = {}
    for expression in list(expressions)[:_MOST]:
        for name, value in _PARAMETER.findall(expression):
            said.setdefault(name.lower(), set()).add(value.lower())
    words = said.get(holder.roaming_parameter.lower(), set())
    is_roaming, is_not = bool(words & _YES), bool(words & _NO)
    if is_roaming is is_not or words - _YES - _NO:
        return Told.failed("records that do not say whether the subscriber roams")
    codes = said.get(holder.mcc_parameter.lower(), set()) if holder.mcc_parameter else set()
    if any(len(code) != 3 or not code.isdigit() for code in codes):
        return Told.failed("a country code that is none")
    is_at_home = any(int(code) in home for code in codes)
    if is_not and codes and not is_at_home:
        return Told.failed("a contradiction: not roaming, and in another country")
    return Told(outcome=Roaming.ABROAD if is_roaming and not is_at_home else Roaming.NOT_ABROAD)
