"""Whose a datagram is: read of the message alone, so that every worker comes to the same answer.

- A response is for who sent the request: the mark in the branch of the top Via.
- A request with a To tag of ours is in a dialog of whose mark that is.
- An INVITE that names a dialog of ours in Replaces or Join is for who has that dialog.
- All else is for whom the Call-ID says: by its mark if one of us minted it (an INVITE that has looped), else by its
  hash. So the INVITE, its copies by any way, its CANCEL and the ACK to its refusal come together.

Seven messages a call are looked at, so that the usual forms are found without parsing (1.3 us against 60, 2026-11-23):
a line that begins as most do and holds nothing that could be read in two ways. Wherever that is in doubt, the parser
of `sipstack` reads the message, and what it refuses is anybody's: by a hash of the bytes.
"""

from collections.abc import Mapping
from typing import Final
from zlib import crc32

from b2bua.workers.marks import CALL_ID_LENGTH, FIRST, MOST, PREFIX, slot_of
from sipstack.errors import ParseError
from sipstack.message import Message, Request, Response, parse
from sipstack.transaction.key import COOKIE
from sipstack.values import Join, Replaces

_PREFIX: Final = PREFIX.encode()
_FIRST: Final = ord(FIRST)
_BRANCH: Final = b";branch=z9hG4bK" + _PREFIX
_TAG: Final = b";tag="
_NAMING: Final = (b"\nreplaces", b"\njoin")
_MOST_AT_FIRST: Final = 8_192
"""How far the head of a message is looked for; one that is longer is left to the parser."""
_NAMES: Final[Mapping[str, type[Replaces] | type[Join]]] = {"replaces": Replaces, "join": Join}


def owner_of(data: bytes, workers: int) -> int:
    """The slot of the worker that a datagram is for, below `workers`. Raises nothing."""
    owner = _owner_of_response(data) if data.startswith(b"SIP/2.0 ") else _owner_of_request(data, workers)
    if owner is None:
        owner = read_owner_of(data, workers)
    return owner if owner < workers else owner % workers


def read_owner_of(data: bytes, workers: int) -> int:
    """The same by the parser alone."""
    try:
        message = parse(data)
    except ParseError as error:
        damaged = error.message
        if not isinstance(damaged, Request | Response):
            return crc32(data) % workers
        message = damaged
    try:
        owner = _named_in(message, workers)
    except ParseError:
        return crc32(data) % workers
    return owner if owner < workers else owner % workers


def names_a_dialog(data: bytes) -> bool:
    """Whether a datagram may have a Replaces or a Join in its head."""
    return _may_name_a_dialog(data[: data.find(b"\r\n\r\n")])


def stray(data: bytes, workers: int) -> tuple[str, int]:
    """The Call-ID of an INVITE or a CANCEL, and whose it would be by that alone; "" when it cannot be read."""
    try:
        call_id = parse(data).call_id
    except ParseError:
        return "", 0
    return call_id, _of_call_id(call_id.encode("utf-8", "surrogateescape"), workers) % workers


def _named_in(message: Message, workers: int) -> int:
    if not isinstance(message, Request):
        slot = slot_of((message.via.branch or "").lower().removeprefix(COOKIE))
        return 0 if slot is None else slot  # no request of ours
    slot = None if message.to.tag is None else slot_of(message.to.tag)
    if slot is None and message.method == "INVITE" and message.to.tag is None:
        slot = _named_dialog(message)
    return _of_call_id(message.call_id.encode("utf-8", "surrogateescape"), workers) if slot is None else slot


def _named_dialog(invite: Request) -> int | None:
    """Who has the dialog that an INVITE names; two names, or one that cannot be read, are refused by anybody."""
    for key, kind in _NAMES.items():
        value = invite.headers.first(key)
        if value is None:
            continue
        try:
            name = kind.parse(value)
        except ParseError:
            continue
        for tag in (name.to_tag, name.from_tag):
            slot = slot_of(tag)
            if slot is not None:
                return slot
    return None


def _owner_of_response(data: bytes) -> int | None:
    """By the line after the start line, if it is a Via whose first parameter called branch is one of ours."""
    line = data.find(b"\n", 0, _MOST_AT_FIRST) + 1
    if data[line : line + 4] != b"Via:":
        return None
    at = data.find(_BRANCH, line, line + _MOST_AT_FIRST)
    before = data[line:at].lower()
    if at < 0 or b"\n" in before or b"," in before or b'"' in before or b"branch" in before:
        return None
    slot = data[at + len(_BRANCH)] - _FIRST if len(data) > at + len(_BRANCH) else -1
    return slot if 0 <= slot < MOST else None


def _owner_of_request(data: bytes, workers: int) -> int | None:
    end = data.find(b"\n\r\n", 0, _MOST_AT_FIRST)
    line = data.find(b"\r\nTo: ", 0, end)
    if end < 0 or line < 0 or data.find(b"\n\n", 0, end) >= 0 or data[:1] in b"\r\n" or data[:3].upper() == b"SIP":
        return None
    close = data.find(b"\r\n", line + 6, end + 1)
    if data[close + 2 : close + 3] in (b" ", b"\t"):
        return None
    tail = data[data.rfind(b">", line, close) + 1 : close] if b">" in data[line:close] else None
    if tail is None or b'"' in tail:
        return None
    if tail:
        return _owner_by_tag(data, tail, end, workers)
    if data.startswith(b"INVITE ") and _may_name_a_dialog(data[:end]):
        return None
    return _owner_by_call_id(data, end, workers)


def _owner_by_tag(data: bytes, tail: bytes, end: int, workers: int) -> int | None:
    if not tail.startswith(_TAG) or b";" in tail[1:] or b" " in tail or b"\t" in tail or len(tail) == len(_TAG):
        return None
    if tail.startswith(_PREFIX, len(_TAG)) and len(tail) > len(_TAG) + len(_PREFIX):
        slot = tail[len(_TAG) + len(_PREFIX)] - _FIRST
        if 0 <= slot < MOST:
            return slot
    return _owner_by_call_id(data, end, workers)


def _may_name_a_dialog(head: bytes) -> bool:
    lowered = head.lower()
    return any(name in lowered for name in _NAMING)


def _owner_by_call_id(data: bytes, end: int, workers: int) -> int | None:
    line = data.find(b"\r\nCall-ID: ", 0, end)
    if line < 0:
        return None
    close = data.find(b"\r\n", line + 11, end + 1)
    if data[close + 2 : close + 3] in (b" ", b"\t"):
        return None
    call_id = data[line + 11 : close].strip(b" \t")
    return None if b"\n" in call_id else _of_call_id(call_id, workers)


def _of_call_id(call_id: bytes, workers: int) -> int:
    if len(call_id) == CALL_ID_LENGTH and call_id.startswith(_PREFIX):
        slot = call_id[len(_PREFIX)] - _FIRST
        if 0 <= slot < MOST:
            return slot
    return crc32(call_id) % workers
