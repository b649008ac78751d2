"""What must hold of any octets as ISUP, and of any body that may enclose some."""

from contextlib import suppress

from b2bua.config import Isup
from b2bua.identity.guard import leak
from b2bua.identity.isup import LONGEST, read_isup
from b2bua.identity.screening import is_unread
from b2bua.identity.signalling import Content, enclosed, less_signalling, told_in
from sipstack.errors import ParseError
from sipstack.message import Headers
from sipstack.message.headers import has_stray_control
from tests.b2bua.identity.making_isup import (
    CALLING,
    DISPLAY,
    GENERIC,
    MULTIPART,
    NATIONAL,
    ORIGINAL,
    REDIRECTING,
    TRANSPORT,
    TYPE,
    acm,
    anm,
    iam,
    multipart,
    number,
    part,
    rel,
    sip_i,
)
from tests.fuzz.machines import SDP

_IAM = iam(number(CALLING, "33612345678"), number(GENERIC, "25551212", NATIONAL, 6), number(ORIGINAL, "442079460000"))


def isup(data: bytes) -> None:
    """It is read to the octet or refused; what is read has no other length, and shows each number to the guard."""
    try:
        found = read_isup(data)
    except ParseError as error:
        if error.status != 415:
            raise AssertionError("refused otherwise than for its type") from error
        return
    assert len(data) <= LONGEST
    assert [one.index for one in found.assertions(0)] == list(range(len(list(found.assertions(0)))))
    for one in found.numbers:
        if len(one.digits) >= 7 and one.digits.isdecimal():
            assert leak(b"\0" + data, [one.digits], "") is not None
    for other in (data[:-1], data + b"\0") if found.numbers else ():
        try:
            read_isup(other)
        except ParseError:
            continue
        raise AssertionError(f"also read as {other.hex()}")


def body(data: bytes) -> None:
    """The first line is a media type, the rest its body: all signalling in it is found, and can be taken out."""
    head, _, content = data.partition(b"\r\n")
    kind = head.decode("utf-8", "surrogateescape")
    if has_stray_control(kind):
        return
    message = Content(Headers.of([("Content-Type", kind)]), content)
    for setting in Isup:
        is_unread(message, setting)
    with suppress(ParseError):
        list(told_in(message))
    left = less_signalling(headers := Headers.of([("Content-Type", kind)]), content)
    assert len(left) <= len(content)
    assert not enclosed(Content(headers, left))


def messages() -> list[bytes]:
    """ISUP as exchanges write it."""
    return [
        _IAM,
        iam((TRANSPORT, b"\xa1\x7d\x02\x91\x81"), (DISPLAY, b"\xb1Dupont"), number(REDIRECTING, "32470123456")),
        acm(number(GENERIC, "3225551212", qualifier=5)),
        anm(),
        rel(),
        b"\x10\x00",
    ]


def bodies() -> list[bytes]:
    """A media type and a body of it."""
    inner = part("multipart/mixed;boundary=in", multipart(part(TYPE, _IAM), boundary=b"in"))
    return [
        TYPE.encode() + b"\r\n" + _IAM,
        b"application/qsig\r\n\x05",
        MULTIPART.encode() + b"\r\n" + sip_i(SDP, _IAM),
        MULTIPART.encode() + b"\r\n" + multipart(part("application/sdp", SDP), inner),
    ]
