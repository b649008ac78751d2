"""Via: the way back (RFC 3261 section 20.42, RFC 3581 for rport, RFC 5118 for IPv6)."""

import re
from functools import lru_cache
from typing import Final

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import HOST, TOKEN, WHITE, number, split_list
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.uri import MEMORABLE, REMEMBERED

_VIA = re.compile(
    rf"[Ss][Ii][Pp][ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+({TOKEN})[ \t]++"
    rf"({HOST})[ \t]*+(?::[ \t]*+([0-9]{{1,5}})[ \t]*+)?(;.*)?",
    re.DOTALL,
)
_HIGHEST_PORT: Final = 65535
_USUAL = re.compile(
    r"SIP/2\.0/(UDP|TCP|TLS) ([A-Za-z0-9._\-]++)(?::([0-9]{1,5}))?;branch=([^\x00-\x20\x7f;,\"<>]*+)(;rport)?"
)
"""What nearly all senders write, alike in `_VIA` and `Parameters`: the branch is new with each request, so that no
memory of texts helps, and one pattern costs half of two (2026-11-23)."""


@attrs.frozen
class Via:
    """One hop: over what it was sent, where answers go, and the branch that names the transaction."""

    transport: str
    """Upper-case: `UDP`, `TCP`, `TLS`, or anything else a token can say."""
    host: str
    """sent-by's host as written; an IPv6 reference keeps its brackets."""
    port: int | None = None
    parameters: Parameters = attrs.field(default=NO_PARAMETERS, kw_only=True)

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Exactly one value; blanks around `/` and `:` are borne (RFC 4475 section 3.1.1.1). Raises `ParseError`."""
        # Ours comes back in every response, and the responses to one request follow each other closely.
        return _remembered(text) if len(text) <= MEMORABLE else _parse(text)

    @classmethod
    def parse_list(cls, text: str) -> "tuple[Via, ...]":
        """Every hop of a comma-separated value, topmost first. Raises `ParseError`."""
        if "," not in text:
            try:
                return (cls.parse(text),)
            except ParseError:
                pass  # it may be empty, and what else is wrong with it the list knows better
        return tuple([cls.parse(piece) for piece in split_list(text)])

    @property
    def branch(self) -> str | None:
        """The transaction's name; None from an RFC 2543 peer."""
        return self.parameters.get("branch")

    @property
    def received(self) -> str | None:
        """The address the request came from, with or without brackets when IPv6 (RFC 5118 section 4.5)."""
        return self.parameters.get("received")

    @property
    def rport(self) -> int | None:
        """The port the request came from, when filled in; `"rport" in via.parameters` tells that it was asked for."""
        return number(self.parameters.get("rport") or "", _HIGHEST_PORT)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{self.parameters}"


def _parse(text: str) -> Via:
    found = _USUAL.fullmatch(text)
    if found is None:
        return _parse_unusual(text)
    transport, host, port, branch, rport = found.groups()
    items = (("branch", branch), ("rport", None)) if rport else (("branch", branch),)
    return Via(transport, host, _port(port, text), parameters=Parameters(items))


def _parse_unusual(text: str) -> Via:
    found = _VIA.fullmatch(text.strip(WHITE))
    if found is None:
        raise ParseError("Bad Via", text)
    transport, host, port, parameters = found.groups()
    place = _port(port, text)
    return Via(transport.upper(), host, place, parameters=Parameters.parse(parameters) if parameters else NO_PARAMETERS)


def _port(digits: str | None, text: str) -> int | None:
    value = None
    if digits is not None and (value := number(digits, _HIGHEST_PORT)) is None:
        raise ParseError("Bad Via Port", text)
    return value


_remembered = lru_cache(maxsize=REMEMBERED)(_parse)
