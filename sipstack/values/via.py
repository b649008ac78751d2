"""Via: the way back (RFC 3261 section 20.42, RFC 3581 for rport, RFC 5118 for IPv6)."""

import re
from typing import Self

import attrs

from sipstack.errors import ParseError
from sipstack.values.grammar import HOST, TOKEN, WHITE, number, split_list
from sipstack.values.parameters import NO_PARAMETERS, Parameters

_VIA = re.compile(
    rf"[Ss][Ii][Pp][ \t]*+/[ \t]*+2\.0[ \t]*+/[ \t]*+({TOKEN})[ \t]++"
    rf"({HOST})[ \t]*+(?::[ \t]*+([0-9]{{1,5}})[ \t]*+)?(;.*)?",
    re.DOTALL,
)


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
    def parse(cls, text: str) -> Self:
        """Exactly one value; blanks around `/` and `:` are borne (RFC 4475 section 3.1.1.1). Raises `ParseError`."""
        found = _VIA.fullmatch(text.strip(WHITE))
        if found is None:
            raise ParseError("Bad Via", text)
        transport, host, port, parameters = found.groups()
        value = None
        if port is not None and (value := number(port, 65535)) is None:
            raise ParseError("Bad Via Port", text)
        return cls(
            transport.upper(),
            host,
            value,
            parameters=Parameters.parse(parameters) if parameters else NO_PARAMETERS,
        )

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """Every hop of a comma-separated value, topmost first. Raises `ParseError`."""
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
        return number(self.parameters.get("rport") or "", 65535)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {self.host}{port}{self.parameters}"
