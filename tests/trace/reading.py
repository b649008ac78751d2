"""SIP as the laws read it: by their own means, since a law that reads with the stack's parser shares its mistakes."""

import functools
import re

import attrs

_COMPACT = {
    "c": "content-type",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "t": "to",
    "v": "via",
}
_BRACKETED = re.compile(r"<([^<>]*)>")


@attrs.frozen
class Packet:
    """One datagram at the gateway."""

    at: float
    """Seconds; when it left the gateway or came to it, by any clock that never goes back."""
    emitted: bool
    """By the gateway; false: sent to it."""
    side: str
    """The socket of the gateway, or the trunk behind it: legs that must not know each other are on two sides."""
    peer: str = attrs.field(kw_only=True)
    """Host and port at the other end."""
    data: bytes = attrs.field(kw_only=True)


@attrs.frozen(slots=True, kw_only=True, eq=False)
class Message:
    """One message, cut open. ValueError from `read` when it is none."""

    data: bytes = attrs.field(repr=False)
    head: bytes = attrs.field(repr=False)
    start: str
    fields: dict[str, list[str]] = attrs.field(repr=False)
    """Values by long name in lower case, unfolded; lists are not split."""
    body: bytes = attrs.field(repr=False)
    status: int | None
    """None: a request."""
    method: str
    """Of the request, or of the request that a response answers, as CSeq says."""
    number: int
    """Of CSeq."""
    call_id: str
    branch: str
    """Of the topmost Via."""
    from_tag: str
    to_tag: str

    @classmethod
    def read(cls, data: bytes) -> "Message":
        head, separator, body = data.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "surrogateescape")
        if not separator:
            raise ValueError(f"a message without an empty line: {text[:80]!r}")
        if "\r\n " in text or "\r\n\t" in text:
            text = re.sub(r"\r\n[ \t]+", " ", text)
        start, *lines = text.split("\r\n")
        fields: dict[str, list[str]] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(f"a header without a colon: {line!r}")
            fields.setdefault(_key(name), []).append(value.strip())
        try:
            number, method = fields["cseq"][0].split()
            return cls(
                data=data,
                head=head,
                start=start,
                fields=fields,
                body=body,
                status=int(start.split(" ")[1]) if start.startswith("SIP/2.0 ") else None,
                method=method,
                number=int(number),
                call_id=fields["call-id"][0],
                branch=parameter(fields["via"][0].partition(",")[0], "branch"),
                from_tag=parameter(fields["from"][0], "tag"),
                to_tag=parameter(fields["to"][0], "tag"),
            )
        except (KeyError, IndexError) as error:
            raise ValueError(f"a message without {error}: {start!r}") from None

    def all(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    def first(self, name: str) -> str:
        """The first value; "" for none."""
        return next(iter(self.all(name)), "")

    def list(self, name: str) -> list[str]:
        """The values of all lines of that name, lists split at the commas outside brackets and quotes."""
        return [part for value in self.all(name) for part in _split(value)]

    @property
    def uri(self) -> str:
        """The Request-URI."""
        return self.start.split(" ")[1]

    @property
    def is_final(self) -> bool:
        return self.status is not None and self.status >= 200

    @property
    def is_accepting(self) -> bool:
        """A 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def has_session(self) -> bool:
        """Whether it carries an SDP body."""
        return bool(self.body) and self.first("content-type").partition(";")[0].strip().lower() == "application/sdp"

    @property
    def contact(self) -> str:
        """The URI of the only Contact in brackets; "" when that is not what there is."""
        found = _BRACKETED.findall(", ".join(self.all("contact")))
        return found[0] if len(found) == 1 else ""

    def __str__(self) -> str:
        return f"{self.start.removesuffix(' SIP/2.0')} ({self.first('cseq')}, Call-ID {self.call_id})"


@functools.lru_cache(maxsize=1_024)
def _key(name: str) -> str:
    key = name.strip().lower()
    return _COMPACT.get(key, key)


def parameter(value: str, name: str) -> str:
    """A parameter of a Via, From or To value; "" for none. What stands in brackets has parameters of its own."""
    for part in (value.rpartition(">")[2] or value).split(";")[1:]:
        key, _, text = part.partition("=")
        if key.strip().lower() == name:
            return text.strip()
    return ""


def uri_of(route: str) -> str:
    """The URI of a Route value."""
    found = _BRACKETED.search(route)
    return found[1] if found else route.strip()


def _split(value: str) -> list[str]:
    if "," not in value:
        return [value]
    parts, depth, quoted, begun = [], 0, False, 0
    for place, character in enumerate(value):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "<>":
            depth += 1 if character == "<" else -1
        elif character == "," and not quoted and not depth:
            parts.append(value[begun:place].strip())
            begun = place + 1
    return [*parts, value[begun:].strip()]
