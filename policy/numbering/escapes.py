"""What a text says to those who undo more than the escapes of a URI: references, JSON escapes, encoded words.

None of them belongs in a header of SIP; all of them are undone somewhere on the way to a screen.
"""

import binascii
import re
from html.entities import html5

_REFERENCE = re.compile(r"&(?:#[xX]([0-9A-Fa-f]{1,6});?|#([0-9]{1,7});?|([A-Za-z]{2,31});)")  # HTML §13.2.5.72
_JSON = re.compile(r"\\u([0-9A-Fa-f]{4})")  # RFC 8259 §7
_ENCODED_WORD = re.compile(r"=\?[A-Za-z0-9_*.-]{1,40}\?([BbQq])\?([^? ]{0,1024})\?=")  # RFC 2047 §2
_OCTET = re.compile(rb"=([0-9A-Fa-f]{2})")
_LAST = 0x10FFFF


def undo(text: str) -> str:
    """The text with each of them undone once; what is malformed stays. Total, and linear in the text."""
    if "&" in text:
        text = _REFERENCE.sub(_referred, text)
    if "\\u" in text:
        text = _JSON.sub(lambda found: chr(int(found[1], 16)), text)
    if "=?" in text:
        text = _ENCODED_WORD.sub(_encoded, text)
    return text


def _referred(found: re.Match[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    if name is not None:
        return html5.get(f"{name};", found[0])
    number = int(decimal) if hexadecimal is None else int(hexadecimal, 16)
    return chr(number) if number <= _LAST else found[0]


def _encoded(found: re.Match[str]) -> str:
    octets = found[2].encode("utf-8", "surrogateescape")
    if found[1] in "Qq":
        octets = _OCTET.sub(lambda one: bytes.fromhex(one[1].decode()), octets.replace(b"_", b" "))
    else:
        try:
            octets = binascii.a2b_base64(octets + b"==")
        except binascii.Error:
            return found[0]
    return octets.decode("utf-8", "surrogateescape")
