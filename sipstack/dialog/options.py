"""Option tags: which extensions a message requires or supports (RFC 3261 §19.2, §20.32 and §20.37)."""

from typing import Final

from sipstack.message import Message
from sipstack.message.headers import Reader
from sipstack.values import split_list


def _lowered(lines: list[str]) -> frozenset[str]:
    return frozenset([tag.lower() for line in lines for tag in split_list(line)])


_REQUIRED: Final = Reader("require", _lowered)
_SUPPORTED: Final = Reader("supported", _lowered)


def requires(message: Message, option: str) -> bool:
    """Whether its Require names that extension, in lower case here. Raises ParseError when it cannot be read."""
    return option in message.headers.typed(_REQUIRED)


def supports(message: Message, option: str) -> bool:
    """Whether its Supported names that extension, in lower case here. Raises ParseError when it cannot be read."""
    return option in message.headers.typed(_SUPPORTED)
