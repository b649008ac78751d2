"""The home country's numbering plan as data, and which country codes are assigned.

A range is found by prefix and length alone. A phone-number library's *validity* is not consulted: it calls whole
geographic blocks unknown, and a spoofer would only need to pick one of them. The library serves for what it is sure
of: which country codes exist (E.164 §6.2.1), and whether digits could be dialled inside another country.
"""

from collections.abc import Mapping
from enum import StrEnum

import attrs
import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE as REGIONS

MAX_DIGITS = 15  # E.164 §6: country code and national number together
MIN_DIGITS = 6  # the smallest whole numbers in use anywhere, with their country code
_NON_GEOGRAPHIC_ENTITY = "001"  # how the library writes E.164's global services and networks


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


@attrs.frozen
class Block:
    """The numbers that begin alike: how long they are, and what they are."""

    lengths: tuple[int, ...]
    """Digits of the national number; () for any length."""
    range: Range


@attrs.frozen(kw_only=True)
class Plan:
    """The numbering of one home country."""

    country_code: str
    blocks: Mapping[str, tuple[Block, ...]]
    """By the first digits of the national number, without trunk zero."""
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

    def classify(self, national: str) -> Range | None:
        """The range of a national number (digits, no trunk zero); None when no number there has this length."""
        if national.startswith("0"):
            return None
        if len(national) in self.short_lengths:
            return Range.SHORT
        for block in self._blocks(national):
            if len(national) in block.lengths or not block.lengths:
                return block.range
        return None

    def leading(self, national: str) -> str | None:
        """The whole number with which digits too many begin: an exchange stops listening once it has enough."""
        lengths = [n for block in self._blocks(national) for n in block.lengths or (len(national),)]
        return next((national[:n] for n in sorted(lengths) if n <= len(national)), None)

    def is_protected(self, code: str) -> bool:
        """Whether these digits are a protected code."""
        return any(
            len(code) == len(pattern) and all(p in ("x", c) for p, c in zip(pattern, code, strict=True))
            for pattern in self.protected
        )

    def _blocks(self, national: str) -> tuple[Block, ...]:
        for size in range(min(4, len(national)), 0, -1):
            if national[:size] in self.blocks:
                return self.blocks[national[:size]]
        return ()


def country_code_of(digits: str) -> str | None:
    """The assigned country code with which international digits begin; None when there is none."""
    # Codes are prefix-free, so that the first hit is the only one.
    return next(
        (digits[:n] for n in (1, 2, 3) if digits[:n].isdecimal() and int(digits[:n]) in REGIONS and digits[0] != "0"),
        None,
    )


def is_global_service(country_code: str) -> bool:
    """Whether an assigned code belongs to no country: +800, +870, +88x and their like."""
    return REGIONS[int(country_code)] == (_NON_GEOGRAPHIC_ENTITY,)


def dialled_in(digits: str, country_code: str) -> bool:
    """Whether digits as written nationally could be a number in the country of an assigned code.

    Possible length is asked, not validity: metadata lags behind what regulators hand out.
    """
    region = REGIONS[int(country_code)][0]
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is not None and metadata.national_prefix == "0" and not digits.startswith("0"):
        return False
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return False
    if number.country_code != int(country_code):
        return False
    if number.italian_leading_zero and not phonenumbers.is_valid_number(number):
        return False  # the library put a trunk zero back, having found no number behind it
    reason = phonenumbers.is_possible_number_with_reason(number)
    return reason == phonenumbers.ValidationResult.IS_POSSIBLE
