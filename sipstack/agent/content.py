"""Session descriptions in messages: whether there is one, and the header that goes with one of ours."""

from typing import Final

from sipstack.errors import ParseError
from sipstack.message import Message

SDP: Final = "application/sdp"


def describes(message: Message) -> bool:
    """Whether the message holds a session description, alone or as a part (RFC 5621 §3)."""
    if not message.body:
        return False
    try:
        kind = message.content_type
    except ParseError:
        return False
    return kind == SDP or (kind is not None and kind.startswith("multipart/") and SDP.encode() in message.body.lower())


def fields_of(body: bytes, content_type: str = "") -> list[tuple[str, str]]:
    """The Content-Type of a body of ours; nothing for none."""
    return [("Content-Type", content_type or SDP)] if body else []
