"""ISUP as a SIP-I peer encloses it: which numbers a message tells, read whole or not at all (ITU-T Q.763, RFC 3204).

    for told in read_isup(octets).assertions(0): ...

The octets begin with the message type; routing label and circuit are left out (RFC 3204 §3.1). A reader in an exchange
is built to bear what it does not know; one that decides what may be shown must not be, or a number would pass in a
place that only the next reader looks at. So every octet is accounted for, once: parameters follow their pointers
without a gap, behind the last nothing stands, and a code that Q.763 has not is refused, for it may be a number in a
national spelling.

Parameters that are known and hold no number of a party are not looked into; the egress guard searches them all the
same.
"""

from collections.abc import Iterator
from typing import Final

import attrs

from policy.claim import Assertion, Notation, Position
from sipstack.errors import ParseError

#: How findings call what stands in an ISUP body, since it has no header.
HEADER: Final = "ISUP"
#: Octets of a message: four times what one signalling unit carries (Q.763 §1.3 knows 272).
LONGEST: Final = 1_088

E164 = 1
"""The numbering plan of telephone numbers (Q.763 §3.9 d, with all others that refer to it)."""
UNKNOWN, NATIONAL, INTERNATIONAL = 2, 3, 4
"""Natures of address (Q.763 §3.10 b)."""

_UNREAD = "ISUP Not Readable"
_GENERIC_NUMBER, _GENERIC_DIGITS, _DISPLAY, _ACCESS_TRANSPORT = 0xC0, 0xC1, 0x73, 0x03
#: Connected, calling, redirecting and redirection number (Q.931 §4.5): an exchange has parameters for these.
_NUMBER_ELEMENTS: Final = frozenset({0x4C, 0x6C, 0x74, 0x76})
_SIGNALS: Final = "0123456789ABCDEF"


@attrs.frozen
class Layout:
    """What a message type is made of besides its optional part (Q.763 §4, tables 21 to 53)."""

    fixed: int = 0
    """Octets of mandatory parameters of fixed length."""
    variable: int = 0
    """How many mandatory parameters of variable length."""
    is_bare: bool = False
    """Whether it may end where others point to their optional part: it has none, or had none in 1988."""


#: Messages about a call; those about circuits are between two exchanges and never enclosed (Q.1912.5 §5.4.3).
MESSAGES: Final = {
    0x01: Layout(fixed=5, variable=1),  # IAM
    0x02: Layout(variable=1),  # SAM
    0x03: Layout(fixed=2),  # INR
    0x04: Layout(fixed=2),  # INF
    0x05: Layout(fixed=1, is_bare=True),  # COT
    0x06: Layout(fixed=2),  # ACM
    0x07: Layout(fixed=2),  # CON
    0x08: Layout(is_bare=True),  # FOT
    0x09: Layout(),  # ANM
    0x0C: Layout(variable=1),  # REL
    0x0D: Layout(fixed=1),  # SUS
    0x0E: Layout(fixed=1),  # RES
    0x10: Layout(is_bare=True),  # RLC
    0x1F: Layout(fixed=1),  # FAR
    0x20: Layout(fixed=1),  # FAA
    0x21: Layout(fixed=1, variable=1),  # FRJ
    0x2C: Layout(fixed=1),  # CPG
    0x2D: Layout(variable=1),  # USR
    0x2F: Layout(variable=1),  # CFN
    0x32: Layout(),  # NRM
    0x33: Layout(),  # FAC
    0x36: Layout(),  # IDR
    0x37: Layout(),  # IRS
    0x38: Layout(),  # SGM
    0x40: Layout(),  # LOP
    0x41: Layout(),  # APM
    0x42: Layout(),  # PRI
    0x43: Layout(variable=1),  # SDM
}
#: Where a party's number stands, by parameter code. Numbers that say who is called, as To does, are no claims: called
#: party (0x04), subsequent (0x05), called directory (0x7D), HTR (0x82) and network routing (0x84) number.
NUMBERS: Final = {
    0x0A: Position.NETWORK,  # calling party number
    0x0B: Position.REDIRECT,  # redirecting number
    0x0C: Position.OTHER,  # redirection number: where a call was sent on to
    0x21: Position.NETWORK,  # connected number
    0x28: Position.REDIRECT,  # original called number
    0x3F: Position.OTHER,  # location number
    0x45: Position.NETWORK,  # call transfer number
    0x6F: Position.OTHER,  # called IN number
    0x7F: Position.OTHER,  # original called IN number
}
#: The same for a generic number, by its qualifier (Q.763 §3.26 a); what is not named here is somebody's all the same.
QUALIFIED: Final = {
    0x02: Position.NETWORK,  # supplemental user provided calling number, failed network screening
    0x03: Position.NETWORK,  # supplemental user provided calling number, not screened
    0x04: Position.REDIRECT,  # redirecting terminating number
    0x05: Position.NETWORK,  # additional connected number
    0x06: Position.NETWORK,  # additional calling party number: the presentation number of the caller
    0x07: Position.REDIRECT,  # additional original called number
    0x08: Position.REDIRECT,  # additional redirecting number
}
#: Who was called at first, by the parameter and by the qualifier of a generic number. All others that redirect are
#: told as the last to have done so (Q.732.2 §2.5.2.1).
_FIRST, _FIRST_QUALIFIED = 0x28, 0x07
#: Every parameter of Q.763 (12/1999) table 5, with those of its amendments up to 2009.
KNOWN: Final = frozenset(
    {
        *range(0x01, 0x14), 0x15, 0x16, 0x18, 0x1A, 0x1D, 0x1E, *range(0x20, 0x41), 0x43, 0x44, 0x45,
        *range(0x4B, 0x4F), 0x5B, 0x65, 0x66, *range(0x6E, 0x76), *range(0x77, 0x7E), 0x7F, 0x81, 0x82,
        *range(0x84, 0x90), 0x96, 0xA6, 0xA8, _GENERIC_NUMBER, _GENERIC_DIGITS,
    }
)  # fmt: skip


@attrs.frozen(kw_only=True)
class IsupNumber:
    """A number with what its parameter says of it."""

    parameter: int
    """The parameter code."""
    nature: int
    """Nature of address: 1 subscriber, 2 unknown, 3 national, 4 international."""
    plan: int
    """Numbering plan: 1 is E.164."""
    presentation: int
    """0 allowed, 1 restricted, 2 not available. It never makes a forbidden number a lawful one."""
    screening: int
    """0 user provided and not verified, 1 verified and passed, 2 verified and failed, 3 network provided."""
    digits: str
    """0 to 9; B, C and F are codes 11, 12 and the end of signalling, which no telephone number has."""
    qualifier: int | None = None
    """Of a generic number: whose it is."""

    @property
    def position(self) -> Position:
        """The column of the decision table."""
        if self.qualifier is not None:
            return QUALIFIED.get(self.qualifier, Position.OTHER)
        return NUMBERS[self.parameter]

    @property
    def is_first(self) -> bool:
        """Whether it is the number called at first, which may have been redirected more than once since."""
        return self.parameter == _FIRST or self.qualifier == _FIRST_QUALIFIED

    @property
    def raw(self) -> str:
        """The number as a SIP user part says it, so that it is judged as it would be there.

        International becomes `+`; unknown stays as it was dialled, 00 and all. Whatever else is not international
        breaks E.157 on an international route even where its digits happen to begin with 00: a local number in the
        sense of RFC 3966 §5.1.5. A national one has its trunk zero, by which a home number is found in it.
        """
        if self.plan != E164:
            return f"{self.digits};phone-context=plan-{self.plan}"
        if self.nature == INTERNATIONAL:
            return f"+{self.digits}"
        if self.nature == UNKNOWN:
            return self.digits
        if self.nature == NATIONAL:
            return f"{'' if self.digits.startswith('0') else '0'}{self.digits};phone-context=national"
        return f"{self.digits};phone-context=nature-{self.nature}"


@attrs.frozen(kw_only=True)
class IsupMessage:
    """One message, as far as it tells of a party."""

    kind: int
    """The message type: 1 is an IAM."""
    numbers: tuple[IsupNumber, ...] = ()
    """In the order of the octets."""
    display: tuple[str, ...] = ()
    """What a telephone is to show (display information)."""
    texts: tuple[str, ...] = ()
    """What may be read elsewhere: generic digits, and what access transport brings to a terminal."""

    def assertions(self, first: int) -> Iterator[Assertion]:
        """What it asserts of the caller, and of who redirected; their index runs on from `first`."""
        told = [(one.position, one.raw, Notation.SIP, one.is_first) for one in self.numbers if one.digits]
        told += [(Position.DISPLAY, text, Notation.DISPLAY, False) for text in self.display]
        told += [(Position.OTHER, text, Notation.DISPLAY, False) for text in self.texts]
        for index, (position, raw, notation, is_first) in enumerate(told, first):
            yield Assertion(
                position=position, header=HEADER, index=index, raw=raw, notation=notation, is_first=is_first
            )


def read_isup(octets: bytes) -> IsupMessage:
    """One message of the ITU-T's ISUP, from its type on.

    Raises ParseError with status 415 for what is not, to the octet, a message about a call of parameters that Q.763
    knows: without it the call may be tried again.
    """
    if not 0 < len(octets) <= LONGEST:
        raise unread("of no or of too many octets")
    layout = MESSAGES.get(octets[0])
    if layout is None:
        raise unread(f"message type {octets[0]:#04x}")
    numbers: list[IsupNumber] = []
    display: list[str] = []
    texts: list[str] = []
    for code, content in _optional(octets, layout):
        if code in NUMBERS or code == _GENERIC_NUMBER:
            numbers.append(_number(code, content))
        elif code == _DISPLAY:
            display.append(_text(content))
        elif code == _GENERIC_DIGITS:
            texts.append(_digits_or_text(content))
        elif code == _ACCESS_TRANSPORT:
            texts += [_text(element) for element in _elements(content)]
        elif code not in KNOWN:
            raise unread(f"parameter {code:#04x}")
    return IsupMessage(kind=octets[0], numbers=tuple(numbers), display=tuple(display), texts=tuple(texts))


def unread(why: str) -> ParseError:
    """What to raise for ISUP that nobody here can judge."""
    return ParseError(_UNREAD, why, status=415)


def _optional(octets: bytes, layout: Layout) -> Iterator[tuple[int, bytes]]:
    """The optional parameters, each with its code; what is mandatory is stepped over, and tells only who is called."""
    pointers = 1 + layout.fixed
    at = pointers + layout.variable + 1
    if layout.is_bare and len(octets) == at - 1:
        return
    if len(octets) < at:
        raise unread("cut off")
    for pointer in range(pointers, pointers + layout.variable):
        _require_next(octets, pointer, at)
        at, _ = _content(octets, at)
    pointer = pointers + layout.variable
    if octets[pointer]:
        _require_next(octets, pointer, at)
        while _at(octets, at):
            code = octets[at]
            at, content = _content(octets, at + 1)
            yield code, content
        at += 1
    if at != len(octets):
        raise unread("octets that belong to no parameter")


def _require_next(octets: bytes, pointer: int, at: int) -> None:
    """A pointer counts from itself; one that leads elsewhere leaves octets out, or reads some twice."""
    if pointer + octets[pointer] != at:
        raise unread("a pointer that skips or repeats octets")


def _content(octets: bytes, at: int) -> tuple[int, bytes]:
    """Where a parameter ends whose length stands there, and what it holds."""
    end = at + 1 + _at(octets, at)
    if end > len(octets):
        raise unread("cut off")
    return end, octets[at + 1 : end]


def _at(octets: bytes, at: int) -> int:
    if at >= len(octets):
        raise unread("cut off")
    return octets[at]


def _number(code: int, content: bytes) -> IsupNumber:
    """A number: nature and parity, plan and indicators, then two address signals an octet, the lower half first."""
    qualifier = None
    if code == _GENERIC_NUMBER:
        qualifier, content = (content[0] if content else None), content[1:]
    if len(content) < 2:
        raise unread("a number without its indicators")
    nature, indicators = content[0], content[1]
    return IsupNumber(
        parameter=code,
        nature=nature & 0x7F,
        plan=indicators >> 4 & 7,
        presentation=indicators >> 2 & 3,
        screening=indicators & 3,
        digits=_signals(content[2:], is_odd=bool(nature & 0x80)),
        qualifier=qualifier,
    )


def _signals(octets: bytes, *, is_odd: bool) -> str:
    signals = "".join(_SIGNALS[octet & 15] + _SIGNALS[octet >> 4] for octet in octets)
    if not is_odd:
        return signals
    if signals[-1:] not in ("0", "F"):
        # A reader that looks for the filler, and not at the parity, would have one digit more.
        raise unread("an odd number without its filler")
    return signals[:-1]


def _text(content: bytes) -> str:
    """What can be read in it; all else only separates."""
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else " " for octet in content).strip()


def _elements(content: bytes) -> Iterator[bytes]:
    """What the information elements hold that go to a terminal as they are (Q.931 §4.5.1)."""
    at = 0
    while at < len(content):
        code = content[at]
        at += 1
        if code & 0x80:
            continue  # of a single octet
        if code in _NUMBER_ELEMENTS:
            raise unread("a number on its way to a terminal")
        at, element = _content(content, at)
        yield element


def _digits_or_text(content: bytes) -> str:
    """Generic digits: their type, and how they are encoded (Q.763 §3.24: 0 and 1 two an octet, 2 as text)."""
    encoding = _at(content, 0) >> 5
    return _signals(content[1:], is_odd=encoding == 1) if encoding < 2 else _text(content[1:])
