"""What stands in messages of ours and theirs beside the rules: session descriptions, and the application's headers."""

from collections.abc import Iterable
from typing import Final

from sipstack.errors import ParseError, StateError
from sipstack.message import Headers, Message

Fields = Iterable[tuple[str, str]]

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


def fields_of(body: bytes, headers: Fields = (), content_type: str = "") -> list[tuple[str, str]]:
    """The headers, and the Content-Type of a body of ours where they do not name it."""
    fields = list(headers)
    if body and not any(name.lower() in ("content-type", "c") for name, _ in fields):
        fields.append(("Content-Type", content_type or SDP))
    return fields


def checked(headers: Fields) -> tuple[tuple[str, str], ...]:
    """Headers of the application's, tried at once, since some go out only when the other side has done something.

    Raises StateError when one would not print as one line of text.
    """
    fields = tuple(headers)
    try:
        "".join(Headers.of(fields).lines).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise StateError(f"not text: {error}") from error
    return fields
