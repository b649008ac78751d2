"""SIP as the peers of a scene read it: by their own means, so that their judgement shares no mistake of the stack."""

import re

import attrs

_LONG = {
    "c": "content-type",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "t": "to",
    "v": "via",
}


@attrs.frozen
class Wire:
    """One message, taken apart."""

    data: bytes = attrs.field(repr=False)
    start: str
    fields: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    """Long names in lower case, with their values, unfolded; lists are not split."""
    body: bytes = attrs.field(repr=False)

    @classmethod
    def read(cls, data: bytes) -> "Wire":
        head, _, body = data.partition(b"\r\n\r\n")
        text = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape"))
        start, *lines = text.split("\r\n")
        fields = []
        for line in lines:
            name, _, value = line.partition(":")
            key = name.strip().lower()
            fields.append((_LONG.get(key, key), value.strip()))
        return cls(data, start, tuple(fields), body)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int | None:
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """Of the request, or of the request that the response answers."""
        return self.start.split()[0] if self.status is None else self.first("cseq").split()[1]

    @property
    def cseq(self) -> int:
        return int(self.first("cseq").split()[0])

    @property
    def call_id(self) -> str:
        return self.first("call-id")

    @property
    def branch(self) -> str:
        return _parameter(self.first("via"), "branch")

    @property
    def from_tag(self) -> str:
        return _parameter(self.first("from"), "tag")

    @property
    def to_tag(self) -> str:
        return _parameter(self.first("to"), "tag")

    @property
    def contact(self) -> str:
        """The URI of Contact."""
        found = re.search(r"<([^>]*)>", self.first("contact"))
        return found[1] if found else self.first("contact")


def _parameter(value: str, name: str) -> str:
    found = re.search(rf";\s*{name}\s*=\s*([^;,\s>]+)", value.rpartition(">")[2] or value)
    return found[1] if found else ""


def write(start: str, fields: list[tuple[str, str]], body: bytes = b"") -> bytes:
    """A message with its Content-Length."""
    lines = [start, *(f"{name}: {value}" for name, value in fields), f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body
