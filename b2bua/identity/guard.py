"""The egress guard: whether what is about to leave still shows digits that the callee must not see.

It reads the printed message and not the edits that were meant to clean it, so that an edit that missed a place is
caught by something that does not share its mistake.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from itertools import pairwise

from policy.numbering.hidden import plain

#: Fewer digits stand in any message by chance: in a port, a codec, a clock rate.
FEWEST = 7

_JSON_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{10,}+")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){6,}+")
_CONTEXT = "phone-context="
_CONTEXT_END = re.compile(r"[;@>?,\s]")
_COUNTRY_CODE = 3  # digits at most
_LONGEST_PART = 64  # of a number that is cut in two
#: Lines that must hold the called number.
_CALLED = frozenset({"to", "t", "authorization", "proxy-authorization"})
#: Encodings of a MIME part that leave its text as it is (RFC 2045 §6.2).
_LEGIBLE = ("7bit", "8bit", "binary")
#: Octets that no text has.
_CONTROLS = bytes(octet for octet in (*range(0x20), 0x7F) if octet not in b"\t\r\n")
_HALVES_SWAPPED = bytes((octet & 15) << 4 | octet >> 4 for octet in range(256))


def shows(text: str, *secrets: str) -> bool:
    """Whether any of the digits stand in a line of text, in any spelling: escaped, separated, full-width, encoded.

    A text is read once for all secrets: a message of hundreds of numbers may have as many.
    """
    if not secrets:
        return False
    for reading in _readings(text):
        digits = plain(reading).replace(" ", "")
        if any(secret in digits for secret in secrets):
            return True
    return False


def leak(wire: bytes, secrets: Iterable[str], called: str) -> str | None:
    """The first line of a printed message that shows a secret, named by its header; None when none does.

    The Request-URI and To must hold the called number, even where a subscriber calls their own mailbox, and credentials
    repeat the Request-URI: these lines are passed over for a secret that the called number contains.
    """
    wanted = [digits for digits in secrets if len(digits) >= FEWEST]
    if not wanted:
        return None
    head, _, body = wire.decode("utf-8", "surrogateescape").partition("\r\n\r\n")
    own = plain(called).replace(" ", "")
    others = [digits for digits in wanted if not is_number(own, digits)]
    lines = head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    for number, line in enumerate(lines):
        name = line.partition(":")[0].strip().lower()
        if name in ("content-encoding", "e") and number:
            return "Content-Encoding"
        if shows(line, *(others if number == 0 or name in _CALLED else wanted)):
            return "Request-URI" if number == 0 else line.partition(":")[0]
    if _is_encoded(body) or any(shows(line, *wanted) for line in body.split("\n")):
        return "body"
    start, _, octets = wire.partition(b"\r\n\r\n")
    return "body" if any(_packs(piece, wanted) for piece in (*start.split(b"\n"), octets)) else None


def _packs(octets: bytes, secrets: list[str]) -> bool:
    """Whether octets that are no text have the digits two in each, either half first: ISUP has the lower (Q.763 §3.9).

    A text is passed over: the octets of its own digits would by chance be those of another number.
    """
    if octets.translate(None, _CONTROLS) == octets and _is_text(octets):
        return False
    swapped, plainly = octets.translate(_HALVES_SWAPPED).hex(), octets.hex()
    return any(digits in swapped or digits in plainly for digits in secrets)


def _is_text(octets: bytes) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_number(called: str, digits: str) -> bool:
    """Whether a called number, as digits, is the one of those national digits: with nothing before them but what dials
    a country, and nothing behind. One that merely holds them, a caller can choose."""
    bare = called.lstrip("+0")
    return bare.endswith(digits) and len(bare) - len(digits) <= _COUNTRY_CODE


def _is_encoded(body: str) -> bool:
    """Whether a part of the body is written so that its lines cannot be looked at one by one."""
    named = body.lower().split("content-transfer-encoding:")[1:]
    return any(not part.lstrip(" \t").startswith(_LEGIBLE) for part in named)


def _readings(text: str) -> Iterator[str]:
    """A line, and what it says to those who undo more than the escapes of a URI."""
    yield text
    if "\\u" in text:
        yield _JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    for run in _HEX.findall(text):  # User-to-User (RFC 7433 §4.1)
        yield bytes.fromhex(run).decode("utf-8", "surrogateescape")
    for run in _BASE64.findall(text):  # PASSporTs, among others
        try:
            octets = b64decode(run + "=" * (-len(run) % 4), b"-_" if "-" in run or "_" in run else None)
        except binascii.Error:
            continue
        yield octets.decode("utf-8", "surrogateescape")
    # A local number and the context it is completed by (RFC 3966 §5.1.5), which the grammar puts behind it.
    for before, after in pairwise(text.lower().split(_CONTEXT)):
        context = _CONTEXT_END.split(after[:_LONGEST_PART], maxsplit=1)[0]
        yield context + before[-_LONGEST_PART:].rpartition(":")[2]
