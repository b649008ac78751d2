"""Challenges and their answers, as they stand in headers (RFC 3261 sections 20.7, 20.27, 20.28, 20.44 and 25.1, RFC
7616 section 3, RFC 8898 for tokens). What is in them is computed elsewhere.

These headers are no lists by name, yet their commas have two meanings: one separates the parameters of a challenge, and
some servers put several challenges in one line, separated by the next. A word followed by a blank begins a challenge;
a word followed by `=` is a parameter of the one before.
"""

import re
from collections.abc import Mapping
from typing import Final, Self

import attrs

from sipstack.errors import ParseError, StateError
from sipstack.values.grammar import QUOTED, TOKEN, WHITE, is_token, quote, unquote

_LWS: Final = r"[ \t\r\n]*+"
# A value without quotes is wider than a token: `uri=sip:a@b` and base64 without quotes are in service.
_ITEM = re.compile(rf'({TOKEN}){_LWS}={_LWS}({QUOTED}|[^\x00-\x20\x7f,"]++)')
_NEXT = re.compile(rf"{_LWS}(?:,{_LWS})*+")
_SCHEME = re.compile(rf"({TOKEN})(?={_LWS}(?:,|\Z)|[ \t\r\n]++[^ \t\r\n=])")
# A whole credential without a name (`Bearer eyJ...==`, RFC 6750): nothing but its padding follows a `=`.
_TOKEN68 = re.compile(rf"([A-Za-z0-9\-._~+/]++=*+)(?={_LWS}(?:,|\Z))")
_SEPARATORS = re.compile(r"[ \t,]")
_HEX_COUNT = re.compile(r"[0-9A-Fa-f]{8}")
_UNQUOTED: Final = frozenset({"algorithm", "charset", "nc", "stale", "userhash", "username*"})


@attrs.frozen
class _Items:
    """`name=value` with commas between: names without case and none twice, values as written, with their quotes."""

    items: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """The value of that name without quotes and escapes; None when absent."""
        wanted = name.lower()
        for key, value in self.items:
            if key.lower() == wanted:
                return unquote(value)
        return None

    def within_quotes(self, name: str) -> str | None:
        """The value of that name as on the wire but for the quotes around it: what is hashed (RFC 7616 section 3.4.1,
        unq), since both sides hash a `\\"` in a name as the two characters it is written with."""
        wanted = name.lower()
        for key, value in self.items:
            if key.lower() == wanted:
                return value[1:-1] if value[0] == '"' else value
        return None

    def _flag(self, name: str) -> bool:
        return (self.get(name) or "").lower() == "true"

    def _words(self, name: str) -> tuple[str, ...]:
        return tuple([word for word in _SEPARATORS.split(self.get(name) or "") if word])

    def _print_items(self) -> str:
        return ", ".join([f"{name}={value}" for name, value in self.items])


@attrs.frozen
class _Schemed(_Items):
    """A scheme and its parameters, or its one nameless token."""

    scheme: str = attrs.field(kw_only=True)
    """As written; `is_digest` compares it without case."""
    token: str = attrs.field(default="", kw_only=True, repr=False)
    """What stands in place of parameters: the secret itself with Bearer and Basic."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Exactly one. Raises `ParseError`."""
        found = cls.parse_list(text)
        if len(found) != 1:
            raise ParseError("Bad Authentication", text)
        return found[0]

    @classmethod
    def parse_list(cls, text: str) -> tuple[Self, ...]:
        """All that stand in one header line, each with its own parameters. Raises `ParseError`."""
        text = text.strip(WHITE)
        found: list[Self] = []
        at = 0
        while at < len(text):
            scheme = _SCHEME.match(text, at)
            if scheme is None:
                raise ParseError("Bad Authentication", text)
            one, at = cls._one(text, scheme)
            found.append(one)
        return tuple(found)

    @classmethod
    def _one(cls, text: str, scheme: re.Match[str]) -> tuple[Self, int]:
        start = _after_blanks(text, scheme.end())
        token = _TOKEN68.match(text, start)
        if token is not None:
            return cls(scheme=scheme[1], token=token[1]), _after_separator(text, token.end())
        items, at = _read_items(text, start)
        return cls(items, scheme=scheme[1]), at

    @property
    def is_digest(self) -> bool:
        """Whether the properties below mean something."""
        return self.scheme.lower() == "digest"

    @property
    def realm(self) -> str | None:
        """Whose users are asked for (RFC 7616 section 3.3)."""
        return self.get("realm")

    @property
    def nonce(self) -> str | None:
        """What the server gave to be hashed."""
        return self.get("nonce")

    @property
    def opaque(self) -> str | None:
        """What the server wants back as it is."""
        return self.get("opaque")

    @property
    def algorithm(self) -> str | None:
        """`MD5`, `SHA-256`, `SHA-512-256`, with or without `-sess`, as written; None, which means MD5, when absent."""
        return self.get("algorithm")

    @property
    def userhash(self) -> bool:
        """Challenge: the user's name may come hashed. Credentials: it did (RFC 7616 section 3.4.4)."""
        return self._flag("userhash")

    def __str__(self) -> str:
        return f"{self.scheme} {self.token or self._print_items()}".rstrip(" ")


@attrs.frozen
class Challenge(_Schemed):
    """What WWW-Authenticate and Proxy-Authenticate ask (RFC 3261 sections 20.44 and 20.27)."""

    @classmethod
    def digest(cls, parameters: Mapping[str, str]) -> "Challenge":
        """A Digest challenge from unquoted values; quoted here where RFC 7616 section 3.3 has it.

        Raises `StateError` when a name or value cannot be printed.
        """
        return cls(_written(parameters, _UNQUOTED), scheme="Digest")

    @property
    def qop(self) -> tuple[str, ...]:
        """The qualities of protection offered, lower-case; empty from an RFC 2069 server."""
        return tuple([word.lower() for word in self._words("qop")])

    @property
    def stale(self) -> bool:
        """Whether only the nonce was refused, and the same secret may try again at once (RFC 7616 section 3.3)."""
        return self._flag("stale")

    @property
    def domain(self) -> tuple[str, ...]:
        """The URIs that the secret is good for; empty for all of the server's."""
        return self._words("domain")

    @property
    def charset(self) -> str | None:
        """`UTF-8` when name and password are to be hashed so (RFC 7616 section 3.3)."""
        return self.get("charset")


@attrs.frozen
class Credentials(_Schemed):
    """What Authorization and Proxy-Authorization answer (RFC 3261 sections 20.7 and 20.28)."""

    @classmethod
    def digest(cls, parameters: Mapping[str, str]) -> "Credentials":
        """Digest credentials from unquoted values; quoted here where RFC 7616 section 3.4 has it.

        Raises `StateError` when a name or value cannot be printed.
        """
        return cls(_written(parameters, _UNQUOTED | {"qop"}), scheme="Digest")

    @property
    def username(self) -> str | None:
        """Who answers, or its hash when `userhash` says so; None also when only `username*` is there."""
        return self.get("username")

    @property
    def uri(self) -> str | None:
        """The Request-URI as the client had it."""
        return self.get("uri")

    @property
    def response(self) -> str | None:
        """The proof, in hexadecimal."""
        return self.get("response")

    @property
    def cnonce(self) -> str | None:
        """What the client gave to be hashed."""
        return self.get("cnonce")

    @property
    def qop(self) -> str | None:
        """The quality of protection chosen, lower-case; some clients quote it."""
        value = self.get("qop")
        return None if value is None else value.lower()

    @property
    def nc(self) -> int | None:
        """How often this nonce was used, this time included; None when absent or not eight hexadecimal digits."""
        return _count(self.get("nc"))


@attrs.frozen
class AuthenticationInfo(_Items):
    """The server's own proof, and the nonce to use next (RFC 3261 section 20.6, RFC 7616 section 3.5)."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the whole header value. Raises `ParseError`."""
        text = text.strip(WHITE)
        items, at = _read_items(text, 0)
        if not items or at < len(text):
            raise ParseError("Bad Authentication-Info", text)
        return cls(items)

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "AuthenticationInfo":
        """From unquoted values. Raises `StateError` when a name or value cannot be printed."""
        return cls(_written(parameters, _UNQUOTED | {"qop"}))

    @property
    def nextnonce(self) -> str | None:
        """The nonce for the next request."""
        return self.get("nextnonce")

    @property
    def rspauth(self) -> str | None:
        """The server's proof that it knows the secret too, in hexadecimal."""
        return self.get("rspauth")

    @property
    def cnonce(self) -> str | None:
        """The client's own nonce, come back."""
        return self.get("cnonce")

    @property
    def qop(self) -> str | None:
        """The quality of protection of the proof, lower-case."""
        value = self.get("qop")
        return None if value is None else value.lower()

    @property
    def nc(self) -> int | None:
        """The nonce count of the request that is answered."""
        return _count(self.get("nc"))

    def __str__(self) -> str:
        return self._print_items()


def _read_items(text: str, at: int) -> tuple[tuple[tuple[str, str], ...], int]:
    """As many parameters as follow each other, and where the next challenge or the end is."""
    items: dict[str, tuple[str, str]] = {}
    while found := _ITEM.match(text, at):
        name = found[1].lower()
        if name in items:
            raise ParseError("Parameter Twice", text)  # two readers could hash different ones
        items[name] = found[1], found[2]
        at = _after_separator(text, found.end())
    return tuple(items.values()), _after_separator(text, at) if not items else at


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in WHITE:
        at += 1
    return at


def _after_separator(text: str, at: int) -> int:
    """Behind the comma, or at the end. Raises `ParseError` when something else stands there."""
    found = _NEXT.match(text, at)
    end = found.end() if found else at
    if end < len(text) and "," not in text[at:end]:
        raise ParseError("Bad Authentication", text)
    return end


def _written(parameters: Mapping[str, str], unquoted: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple([(name, _value(name, value, name in unquoted)) for name, value in parameters.items()])


def _value(name: str, value: str, bare: bool) -> str:
    if not is_token(name) or "\r" in value or "\n" in value or (bare and not is_token(value)):
        raise StateError(f"not an authentication parameter: {name!r}")
    return value if bare else quote(value)


def _count(text: str | None) -> int | None:
    return int(text, 16) if text is not None and _HEX_COUNT.fullmatch(text) else None
