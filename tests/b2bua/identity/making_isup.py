"""ISUP as an exchange writes it, built from the words of Q.763 and not from the reader under test."""

from collections.abc import Sequence

import attrs
from hypothesis import strategies as st

CALLING, REDIRECTING, REDIRECTION, CONNECTED, ORIGINAL, LOCATION = 0x0A, 0x0B, 0x0C, 0x21, 0x28, 0x3F
TRANSFER, CALLED_IN, GENERIC, DIGITS, DISPLAY, TRANSPORT = 0x45, 0x6F, 0xC0, 0xC1, 0x73, 0x03
SUBSCRIBER, UNKNOWN, NATIONAL, INTERNATIONAL = 1, 2, 3, 4
ADDITIONAL_CALLING, ADDITIONAL_CONNECTED, ADDITIONAL_ORIGINAL, ADDITIONAL_REDIRECTING = 6, 5, 7, 8
TYPE = "application/ISUP;version=itu-t92+;base=itu-t92+"

Parameter = tuple[int, bytes]


def signals(digits: str) -> bytes:
    """Address signals, two an octet, the first in the lower half; an odd number has a filler."""
    values = [int(digit, 16) for digit in digits] + [0] * (len(digits) % 2)
    return bytes(low | high << 4 for low, high in zip(values[::2], values[1::2], strict=True))


@attrs.frozen
class Spoken:
    """A number as it is to be written."""

    digits: str
    nature: int = INTERNATIONAL
    plan: int = 1
    presentation: int = 0
    screening: int = 3

    @property
    def content(self) -> bytes:
        parity = len(self.digits) % 2 << 7
        second = self.plan << 4 | self.presentation << 2 | self.screening
        return bytes([parity | self.nature, second]) + signals(self.digits)


def number(code: int, digits: str, nature: int = INTERNATIONAL, qualifier: int | None = None) -> Parameter:
    """The parameter of a number; a generic one has a qualifier."""
    return code, (b"" if qualifier is None else bytes([qualifier])) + Spoken(digits, nature).content


def optional(parameters: Sequence[Parameter]) -> bytes:
    return b"".join(bytes([code, len(content)]) + content for code, content in parameters) + b"\0"


def iam(*parameters: Parameter, called: str = "3293330000", nature: int = INTERNATIONAL) -> bytes:
    """An initial address message; its called number ends with the end of signalling."""
    number_called = Spoken(called + "F", nature).content
    number_called = bytes([number_called[0], 0x10]) + number_called[2:]
    head = bytes([0x01, 0x00, 0x20, 0x01, 0x0A, 0x00])
    return head + bytes([2, len(number_called) + 2, len(number_called)]) + number_called + optional(parameters)


def acm(*parameters: Parameter) -> bytes:
    """Address complete."""
    return bytes([0x06, 0x16, 0x04, 1]) + optional(parameters)


def cpg(*parameters: Parameter) -> bytes:
    """Call progress: alerting."""
    return bytes([0x2C, 0x01, 1]) + optional(parameters)


def anm(*parameters: Parameter) -> bytes:
    """Answer."""
    return bytes([0x09, 1]) + optional(parameters)


def inf(*parameters: Parameter) -> bytes:
    """Information, which may bring the calling number later."""
    return bytes([0x04, 0x02, 0x00, 1]) + optional(parameters)


def rel(*parameters: Parameter, cause: int = 16) -> bytes:
    """Release."""
    content = bytes([0x82, 0x80 | cause])
    return bytes([0x0C, 2, len(content) + 2, len(content)]) + content + optional(parameters)


def rlc() -> bytes:
    """Release complete, which has no parameters."""
    return b"\x10\x00"


def part(kind: str, octets: bytes, *lines: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"Content-Type: {kind}", *lines))
    return head.encode() + b"\r\n" + octets


def multipart(*parts: bytes, boundary: bytes = b"unique-boundary-1") -> bytes:
    middle = b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts)
    return middle + b"--" + boundary + b"--\r\n"


def sip_i(sdp: bytes, isup: bytes, kind: str = TYPE) -> bytes:
    """The body that a SIP-I exchange sends: a session beside its ISUP."""
    handled = "Content-Disposition: signal;handling=optional"
    return multipart(part("application/sdp", sdp), part(kind, isup, handled))


MULTIPART = "multipart/mixed;boundary=unique-boundary-1"

spoken = st.builds(
    Spoken,
    digits=st.text("0123456789", min_size=1, max_size=20),
    nature=st.integers(0, 127),
    plan=st.integers(0, 7),
    presentation=st.integers(0, 3),
    screening=st.integers(0, 3),
)
