"""Damage done to an input by dice: what the smoke test tries, and half of what the fuzzer does beside its own."""

import random
from collections.abc import Callable, Sequence
from typing import Final

PIECES: Final = (
    *(b'"', b"\\", b"<", b">", b"(", b")", b",", b";", b"=", b"?", b"@", b":", b"/", b"%", b"*", b"&", b"["),
    *(b"]", b" ", b"\t", b"\r\n", b"\n", b"\r", b"\r\n ", b"\r\n\r\n", b"\0", b"\\\0", b"\x7f", b"\xff"),
    *(b"\xc3\xa9", b"\x0b", b"sip:", b"sips:", b"tel:", b"urn:service:sos", b"sip:a@b.example"),
    *(b"[2001:db8::1]", b"192.0.2.9", b"%00", b"%41", b"SIP/2.0", b"SIP/2.0/UDP ", b"SIP/2.0 200 OK"),
    *(b";branch=z9hG4bK", b";rport", b";received=", b";maddr=239.0.0.1", b";tag=", b";lr", b";q=0.5"),
    *(b";expires=0", b"0", b"1", b"255", b"4294967295", b"4294967296", b"-1", b"\xd9\xa3", b"INVITE", b"ACK"),
    *(b"CANCEL", b"BYE", b"PRACK", b"UPDATE", b"INFO", b"OPTIONS", b"REGISTER", b"f: ", b"i: ", b"v: "),
    *(b"Content-Length: 0", b"l: 5", b"Contact: *", b"Require: 100rel", b"Supported: timer, 100rel"),
    *(b"RSeq: 1", b"RAck: 1 1 INVITE", b"Session-Expires: 90;refresher=uac", b"Min-SE: 90"),
    *(b"Retry-After: 1 (a (b))", b"Digest ", b"nonce=", b"realm=", b"qop=auth", b"algorithm=MD5-sess"),
    *(b"--b1", b"--b1--", b"multipart/mixed;boundary=b1"),
)
"""What SIP is made of, and what readers stumble over."""

_LARGEST: Final = 16_384


def mutated(data: bytes, dice: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """The input with one to four changes; `others` may lend a part of themselves."""
    for _ in range(dice.randrange(1, 5)):
        data = dice.choice(_CHANGES)(data, dice, others)
    return data[:_LARGEST]


def _place(data: bytes, dice: random.Random) -> int:
    return dice.randrange(len(data) + 1)


def _put(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    at = _place(data, dice)
    return data[:at] + dice.choice(PIECES) + data[at:]


def _swap_for(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    at = _place(data, dice)
    return data[:at] + dice.choice(PIECES) + data[at + dice.randrange(8) :]


def _take(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    at = _place(data, dice)
    return data[:at] + data[at + dice.randrange(1, 24) :]


def _flip(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _again(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    at = _place(data, dice)
    end = at + dice.randrange(1, 40)
    return data[:end] + data[at:end] * dice.choice((1, 1, 2, 20)) + data[end:]


def _cut(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    return data[: _place(data, dice)]


def _lines(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    """A line twice, gone, elsewhere, or lent by another input."""
    lines = data.split(b"\r\n")
    at, to = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(4):
        case 0:
            lines.insert(to, lines[at])
        case 1:
            del lines[at]
        case 2:
            lines.insert(to, lines.pop(at))
        case _ if others:
            lines.insert(to, dice.choice(dice.choice(others).split(b"\r\n")))
    return b"\r\n".join(lines)


def _fold(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    blanks = [at for at, octet in enumerate(data) if octet == 0x20]
    if not blanks:
        return data
    at = dice.choice(blanks)
    return data[:at] + b"\r\n" + data[at:]


def _splice(data: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    if not others:
        return data
    other = dice.choice(others)
    return data[: _place(data, dice)] + other[_place(other, dice) :]


_CHANGES: Final[tuple[Callable[[bytes, random.Random, Sequence[bytes]], bytes], ...]] = (
    *(_put, _put, _swap_for, _swap_for, _take, _flip, _again, _cut, _lines, _lines, _fold, _splice),
)
