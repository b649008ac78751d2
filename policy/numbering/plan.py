"""The home country's numbering plan as data, and which country codes are assigned.

A range is found by prefix and length alone. A phone-number library's *validity* is not consulted: it calls whole
geographic blocks unknown, and a spoofer would only need to pick one of them. The library serves for what it is sure
of: which country codes exist (E.164 §6.2.1), and whether digits could be dialled inside another country.

A country may have several codes: French numbers begin with 33, and overseas with 262, 508, 590, 594 or 596. Each code
has a plan of its own; the first one holds the others.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from itertools import product

import attrs
import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS

MAX_DIGITS = 15  # E.164 §6: country code and national number together
MIN_DIGITS = 6  # the smallest whole numbers in use anywhere, with their country code
_DIGITS = "0123456789"
_ORDINARY_TYPES = phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE
_NON_GEOGRAPHIC_ENTITY = "001"  # how the library writes E.164's global services and networks


def _longer(beginning: str, size: int) -> Iterator[str]:
    """The digits of that size, and of each size up to it, that begin so."""
    for more in range(size - len(beginning) + 1):
        for rest in product(_DIGITS, repeat=more):
            yield beginning + "".join(rest)


# No code begins with another (E.164 §6.2.1), so that a number's first three digits decide.
_CODES: Mapping[str, str] = {digits: code for code in map(str, REGIONS) for digits in _longer(code, 3)}


class Range(StrEnum):
    """What kind of number it is: a row of the decision table."""

    GEOGRAPHIC = "geographic"
    NON_GEOGRAPHIC = "non-geographic"
    MACHINE = "machine"
    MOBILE = "mobile"
    UNOPENED_MOBILE = "unopened mobile"
    UNALLOCATED = "unallocated"
    SHORT = "short"
    BAD_FORM = "bad form"
    FOREIGN = "foreign"
    GLOBAL_SERVICE = "global service"
    NONE = "none"


#: What a number is that belongs to no home country.
ABROAD = frozenset((Range.FOREIGN, Range.GLOBAL_SERVICE))
_FOREIGN: Mapping[str, Range] = {
    digits: Range.GLOBAL_SERVICE if REGIONS[int(code)] == (_NON_GEOGRAPHIC_ENTITY,) else Range.FOREIGN
    for digits, code in _CODES.items()
}


@attrs.frozen
class Block:
    """The numbers that begin alike: how long they are, and what they are."""

    lengths: tuple[int, ...]
    """Digits of the national number; () for any length."""
    range: Range


@attrs.frozen(kw_only=True)
class Plan:
    """The numbering of one home country: that of its country code, and those of further codes it has."""

    country_code: str
    blocks: Mapping[str, tuple[Block, ...]]
    """By the first digits of the national number, without trunk zero; the longest beginning decides."""
    short_lengths: frozenset[int]
    """Lengths that, after the country code, mean a short number dressed up."""
    short_max: int
    """A bare number of at most so many digits is short."""
    protected: tuple[str, ...]
    """Codes whose appearance as a word in a display-name impersonates a service; `x` stands for any digit."""

    national_lengths: tuple[int, ...]
    """Every length a whole number may have, the longest first."""
    usual_length: int
    """The length an unallocated number is taken to have when it is written without its country code."""

    trunk_prefix: str = "0"
    """What the country's people dial before a national number: "0", or "" where a leading zero is the number's own."""
    mobile_country_codes: frozenset[int] = frozenset()
    """The codes by which mobile networks name this country (MCC, ITU-T E.212): who is in one of its networks is not
    abroad."""
    overseas: tuple["Plan", ...] = ()
    """The plans of further codes. Their `short_max` and `protected` are not asked, nor their own `overseas`."""

    fewest_digits: int = attrs.field(init=False, repr=False, eq=False)
    """No text without a + holds a home number of this or a further code in fewer digits."""
    _depth: int = attrs.field(init=False, repr=False, eq=False)
    _rows: Mapping[str, tuple[Block, ...]] = attrs.field(init=False, repr=False, eq=False)
    _spans: Mapping[str, tuple[Range | None, ...]] = attrs.field(init=False, repr=False, eq=False)

    @fewest_digits.default
    def _barest(self) -> int:
        written: list[int] = []
        for plan in (self, *self.overseas):
            least = min((*plan.national_lengths, MAX_DIGITS))
            code = len(plan.country_code)
            written += [len("00") + code + 1, code + least, len(plan.trunk_prefix) + least]
        return min(written)

    @_depth.default
    def _deepest(self) -> int:
        return max(map(len, self.blocks), default=1)

    @_rows.default
    def _each_beginning(self) -> Mapping[str, tuple[Block, ...]]:
        rows: dict[str, tuple[Block, ...]] = {}
        for beginning in sorted(self.blocks, key=len):
            rows.update(dict.fromkeys(_longer(beginning, self._depth), self.blocks[beginning]))
        return rows

    @_spans.default
    def _each_length(self) -> Mapping[str, tuple[Range | None, ...]]:
        # Written out once by beginning and length, each number is found at a single look.
        made: dict[tuple[bool, tuple[Block, ...]], tuple[Range | None, ...]] = {}
        spans: dict[str, tuple[Range | None, ...]] = {}
        for beginning in _longer("", self._depth):
            key = (self.untrunked(beginning) != beginning, self._rows.get(beginning, ()))
            if key not in made:
                made[key] = tuple(self._span(*key, size) for size in range(MAX_DIGITS + 1))
            spans[beginning] = made[key]
        return spans

    def _span(self, is_trunked: bool, row: tuple[Block, ...], size: int) -> Range | None:
        if is_trunked:
            return None
        if size in self.short_lengths:
            return Range.SHORT
        return next((block.range for block in row if size in block.lengths or not block.lengths), None)

    @property
    def plans(self) -> tuple["Plan", ...]:
        """The plan of each code, this one first."""
        return (self, *self.overseas)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every country code of the home country."""
        return tuple(plan.country_code for plan in self.plans)

    def is_home(self, country_code: str | None) -> bool:
        """Whether it is one of the home country's codes."""
        return country_code == self.country_code or any(country_code == plan.country_code for plan in self.overseas)

    def at_home(self, digits: str) -> tuple["Plan", str] | None:
        """International digits, without +, as the plan of their code and the national number; None when foreign."""
        if digits.startswith(self.country_code):
            return self, digits[len(self.country_code) :]
        for plan in self.overseas:
            if digits.startswith(plan.country_code):
                return plan, digits[len(plan.country_code) :]
        return None

    def placed(self, digits: str) -> tuple[Range | None, str]:
        """What international digits are, at home or abroad, None when nothing has them; and the national ones of a home
        number, all of another's."""
        if digits.startswith(self.country_code):
            national = digits[len(self.country_code) :]
            return self.classify(national), national
        home = self.at_home(digits) if self.overseas else None
        return (_FOREIGN.get(digits[:3]), digits) if home is None else (home[0].classify(home[1]), home[1])

    def national(self, e164: str) -> str:
        """The national digits of a home number in normal form; all its digits when it is foreign."""
        digits = e164.removeprefix("+")
        home = self.at_home(digits)
        return digits if home is None else home[1]

    def significant(self, digits: str) -> str:
        """Digits without what may be written before a national number: 00, a home country code, zeros."""
        return self.national(digits.removeprefix("00")).lstrip("0")

    def untrunked(self, national: str) -> str:
        """National digits without trunk zeros, of which a careless writer may leave several."""
        return national.lstrip(self.trunk_prefix) if self.trunk_prefix else national

    def classify(self, national: str) -> Range | None:
        """The range of a national number of this code (digits, no trunk zero).

        None when no number there has this length, or begins like this.
        """
        size = len(national)
        if size <= MAX_DIGITS:
            spans = self._spans.get(national[: self._depth])
            return None if spans is None else spans[size]
        return self._span(self.untrunked(national) != national, self._rows.get(national[: self._depth], ()), size)

    def leading(self, national: str) -> str | None:
        """The whole number with which digits too many begin: an exchange stops listening once it has enough."""
        blocks = self._rows.get(national[: self._depth], ())
        lengths = [n for block in blocks for n in block.lengths or (len(national),)]
        return next((national[:n] for n in sorted(lengths) if n <= len(national)), None)

    def is_protected(self, code: str) -> bool:
        """Whether these digits are a protected code."""
        return any(
            len(code) == len(pattern) and all(p in ("x", c) for p, c in zip(pattern, code, strict=True))
            for pattern in self.protected
        )


def country_code_of(digits: str) -> str | None:
    """The assigned country code with which international digits begin; None when there is none."""
    return _CODES.get(digits[:3])


def foreign_range(digits: str) -> Range | None:
    """What international digits are to a country that they do not belong to; None when their code is not assigned."""
    return _FOREIGN.get(digits[:3])


@lru_cache(maxsize=4096)
def dialled_in(digits: str, country_code: str) -> bool:
    """Whether digits as written nationally could be a number in the country of an assigned code.

    The length of a fixed or mobile number is enough, validity is not asked for: metadata lags behind what regulators
    hand out. Where only service numbers are as long, it must be one.
    """
    region = REGIONS[int(country_code)][0]
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return False
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is not None and metadata.national_prefix == "0" and not digits.startswith("0"):
        # Of some countries the library knows a trunk zero that nobody there writes.
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        if digits != "".join(c for c in written if c.isdecimal()):
            return False
    if number.country_code != int(country_code):
        return False
    if number.italian_leading_zero and not phonenumbers.is_valid_number(number):
        return False  # the library put a trunk zero back, having found no number behind it
    reason = phonenumbers.is_possible_number_for_type_with_reason(number, _ORDINARY_TYPES)
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE or phonenumbers.is_valid_number(number)
