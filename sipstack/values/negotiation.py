"""What each side can do: option tags and methods (RFC 3261 sections 20.5, 20.29, 20.32, 20.37, 20.40).

Require, Proxy-Require, Supported and Unsupported are one `OptionTags` each, Allow is `Methods`, over all their lines.
"""

from collections.abc import Iterator
from typing import Self

import attrs

from sipstack.values.shapes import tokens


@attrs.frozen
class OptionTags:
    """The extensions a header names, in order, as written; `in` asks without case, as tokens are compared (7.3.1)."""

    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, *tags: str) -> Self:
        """From the tags: `OptionTags.of("100rel", "timer")`."""
        return cls(tags)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `100rel, timer`; an empty text is no tag. Raises `ParseError`."""
        return cls(tokens(text, "Option Tag"))

    def without(self, supported: "OptionTags") -> "OptionTags":
        """Those that the other lacks: of Require, what the Unsupported of a 420 lists (section 8.2.2.3)."""
        known = {tag.lower() for tag in supported.tags}
        return OptionTags(tuple([tag for tag in self.tags if tag.lower() not in known]))

    def __contains__(self, tag: str) -> bool:
        wanted = tag.lower()
        return any(present.lower() == wanted for present in self.tags)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tags)

    def __len__(self) -> int:
        return len(self.tags)

    def __str__(self) -> str:
        return ", ".join(self.tags)


@attrs.frozen
class Methods:
    """The methods a side takes, in order; their case matters (section 7.1)."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, *names: str) -> Self:
        """From the names: `Methods.of("INVITE", "ACK")`."""
        return cls(names)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `INVITE, ACK`; an empty text is no method at all. Raises `ParseError`."""
        return cls(tokens(text, "Allow"))

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __str__(self) -> str:
        return ", ".join(self.names)
