"""Option tags: which extensions a message requires or supports (RFC 3261 §19.2, §20.32 and §20.37)."""

from sipstack.message import Message


def requires(message: Message, option: str) -> bool:
    """Whether its Require names that extension, in lower case here. Raises ParseError when it cannot be read."""
    return _names(message, "require", option)


def supports(message: Message, option: str) -> bool:
    """Whether its Supported names that extension, in lower case here. Raises ParseError when it cannot be read."""
    return _names(message, "supported", option)


def _names(message: Message, key: str, option: str) -> bool:
    return any(tag.lower() == option for tag in message.headers.values(key))
