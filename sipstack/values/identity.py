"""Identity: a signature over who calls whom (RFC 8224 section 4). Read and printed here; verified elsewhere."""

import re
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import QUOTED, WHITE, split_list, unquote
from sipstack.values.parameters import NO_PARAMETERS, Parameters

# RFC 4474 had the digest in quotes, and an Identity-Info header in place of `info`: both may be missing here.
_DIGEST = re.compile(rf"({QUOTED}|[A-Za-z0-9+/=._\-]++)[ \t]*+(;.*)?", re.DOTALL)
_INFO = re.compile(r'[ \t]*+;[ \t]*+info[ \t]*+=[ \t]*+<([^\x00-\x20\x7f<>"]++)>[ \t]*+(?=;|\Z)', re.IGNORECASE)
_OTHER = re.compile(rf"[ \t]*+;(?:[^;\"<>]++|{QUOTED})*+")


@attrs.frozen
class Identity:
    """One PASSporT with where its certificate is."""

    digest: str
    """The signed token as written: `header.claims.signature`, or `..signature` in compact form (section 7)."""
    info: str | None = None
    """The URI of the certificate."""
    parameters: Parameters = NO_PARAMETERS
    """All but `info`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly one. Raises `ParseError`."""
        found = _DIGEST.fullmatch(text.strip(WHITE))
        if found is None:
            raise ParseError("Bad Identity", text)
        info, rest = _without_info(found[2] or "")
        return cls(found[1], info, Parameters.parse(rest))

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """Every one of a comma-separated value. Raises `ParseError`."""
        return tuple([cls.parse(piece) for piece in split_list(text)])

    @property
    def alg(self) -> str:
        """The algorithm of the signature: `ES256` when not said (section 4.1)."""
        return unquote(self.parameters.get("alg") or "ES256")

    @property
    def ppt(self) -> str:
        """The PASSporT's type (`shaken`, `div`, `rcd` ...), lower-case; empty when not said."""
        return unquote(self.parameters.get("ppt") or "").lower()

    def __str__(self) -> str:
        info = "" if self.info is None else f";info=<{self.info}>"
        return f"{self.digest}{info}{self.parameters}"


def _without_info(text: str) -> tuple[str | None, str]:
    """`info`, whose brackets make it no parameter like others, and the rest."""
    info: str | None = None
    rest: list[str] = []
    at = 0
    while at < len(text):
        if found := _INFO.match(text, at):
            if info is not None:
                raise ParseError("Two Info in Identity", text)
            info = found[1]
        elif found := _OTHER.match(text, at):
            rest.append(found[0])
        else:
            raise ParseError("Bad Identity", text)
        at = found.end()
    return info, "".join(rest)
