"""Headers that name another dialog: Replaces (RFC 3891), Join (RFC 3911), Target-Dialog (RFC 4538).

Each is a Call-ID and two tags, as the receiver knows the dialog; a tag that is missing or there twice would let two
readers name different dialogs, so that is a fault (RFC 3891 section 3).
"""

import re
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.shapes import with_parameters

_CALL_ID = re.compile(r"[!-+\--:<-~]++")
"""word ["@" word] with what else is in service: all printable ASCII but the `;` and `,` that end it."""


@attrs.frozen
class Replaces:
    """The dialog that a new call takes the place of (RFC 3891). `to_tag` is the receiver's own tag."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = attrs.field(default=False, kw_only=True)
    """Whether a dialog that has been answered must be left alone (section 6.1)."""
    parameters: Parameters = attrs.field(default=NO_PARAMETERS, kw_only=True)
    """Those not named above."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `98asjd8@x;to-tag=12;from-tag=23;early-only`. Raises `ParseError`."""
        call_id, (to_tag, from_tag), rest = _dialog(text, ("to-tag", "from-tag"), "Replaces")
        flags = [value for name, value in rest.items if name.lower() == "early-only"]
        if flags not in ([], [None]):  # a flag with a value, or there twice, is one that readers may take apart
            raise ParseError("Bad Replaces", text)
        return cls(call_id, to_tag, from_tag, early_only=bool(flags), parameters=rest.without("early-only"))

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}{self.parameters}"


@attrs.frozen
class Join:
    """The dialog that a new call becomes a further party of (RFC 3911)."""

    call_id: str
    to_tag: str
    from_tag: str
    parameters: Parameters = attrs.field(default=NO_PARAMETERS, kw_only=True)
    """Those not named above."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `12adf2f34456gs5@x;to-tag=12;from-tag=23`. Raises `ParseError`."""
        call_id, (to_tag, from_tag), rest = _dialog(text, ("to-tag", "from-tag"), "Join")
        return cls(call_id, to_tag, from_tag, parameters=rest)

    def __str__(self) -> str:
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{self.parameters}"


@attrs.frozen
class TargetDialog:
    """A dialog whose knowledge shows that the sender may ask (RFC 4538). `local_tag` is the sender's own."""

    call_id: str
    local_tag: str
    remote_tag: str
    parameters: Parameters = attrs.field(default=NO_PARAMETERS, kw_only=True)
    """Those not named above."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `fa77as7dad8-sd98ajzz@x;local-tag=kkaz-;remote-tag=6544`. Raises `ParseError`."""
        call_id, (local_tag, remote_tag), rest = _dialog(text, ("local-tag", "remote-tag"), "Target-Dialog")
        return cls(call_id, local_tag, remote_tag, parameters=rest)

    def __str__(self) -> str:
        return f"{self.call_id};local-tag={self.local_tag};remote-tag={self.remote_tag}{self.parameters}"


def _dialog(text: str, names: tuple[str, str], header: str) -> tuple[str, tuple[str, str], Parameters]:
    call_id, parameters = with_parameters(text)
    if not _CALL_ID.fullmatch(call_id):
        raise ParseError(f"Bad {header}", text)
    first, second = [_only(parameters, name, header) for name in names]
    return call_id, (first, second), parameters.without(names[0]).without(names[1])


def _only(parameters: Parameters, name: str, header: str) -> str:
    found = [value for key, value in parameters.items if key.lower() == name]
    if len(found) != 1 or not found[0]:
        raise ParseError(f"Bad {header}", str(parameters))
    return found[0]
