"""The wire as the tests write and read it: a builder and a strict parser that share nothing with `sipstack`."""

import attrs

#: Longest header names for the one-letter ones (RFC 3261 §7.3.3 and the RFCs that added to it).
LONG = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
#: The lines that each leg has of its own.
OWN = {
    "via",
    "route",
    "record-route",
    "max-forwards",
    "from",
    "to",
    "call-id",
    "cseq",
    "contact",
    "content-length",
    "session-expires",
    "min-se",
}
#: Lines that a gateway with session timers of its own may add to what crosses.
TIMER = ("Supported: timer", "Require: timer")
_TOKEN = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~")


@attrs.frozen
class Seen:
    """One message as a reader sees it who knows nothing but CRLF."""

    start: str
    fields: tuple[tuple[str, str], ...]
    """Long lower-case name and raw value, folds kept."""
    body: bytes
    lines: tuple[str, ...] = ()
    """The same as they stand on the wire."""

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        return self.start.partition(" ")[0] if self.is_request else self.get("cseq").split()[1]

    @property
    def status(self) -> int:
        return 0 if self.is_request else int(self.start.split(" ")[1])

    def get(self, name: str) -> str:
        return next((value.strip() for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value.strip() for key, value in self.fields if key == name]

    def crossing(self) -> list[str]:
        """The lines that are of no one leg, in order, byte for byte."""
        lines = zip(self.fields, self.lines, strict=True)
        return [line for (name, _), line in lines if name not in OWN and line not in TIMER]

    def names(self) -> list[str]:
        """The names of its headers, in order."""
        return [name for name, _ in self.fields]

    def untimed(self) -> list[str]:
        """The same less those of session timers."""
        lines = zip(self.names(), self.lines, strict=True)
        return [name for name, line in lines if name not in ("session-expires", "min-se") and line not in TIMER]


def text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def octets(text_: str) -> bytes:
    return text_.encode("utf-8", "surrogateescape")


def read(data: bytes) -> Seen:
    """What the octets say; AssertionError for whatever two readers could read in two ways."""
    head, empty, body = data.partition(b"\r\n\r\n")
    assert empty, "no empty line"
    lines = text(head).split("\r\n")
    assert not any("\r" in line or "\n" in line for line in lines), f"a bare CR or LF: {head!r}"
    start, whole = lines[0], list[str]()
    for line in lines[1:]:
        if line[:1] in (" ", "\t"):
            assert whole, "a fold of the start line"
            whole[-1] += "\r\n" + line
        else:
            whole.append(line)
    seen = Seen(start, tuple(_field(line) for line in whole), body, tuple(whole))
    for name in ("from", "to", "call-id", "cseq", "content-length"):
        assert len(seen.all(name)) == 1, f"{len(seen.all(name))} lines of {name}"
    assert seen.get("content-length") == str(len(body)), "a Content-Length that lies"
    assert len(start.split(" ")) == 3 if seen.is_request else start.count(" ") >= 2, f"start line {start!r}"
    return seen


def name_of(line: str) -> str:
    """The long lower-case name of a header line."""
    return _field(line)[0]


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t").lower()
    assert colon, f"a line without a colon: {line!r}"
    assert name, f"a line without a name: {line!r}"
    assert set(name) <= _TOKEN, f"not a name: {line!r}"
    return LONG.get(name, name), value


def message(start: str, lines: list[str], body: bytes = b"") -> bytes:
    """A message from its lines as they shall stand on the wire, without Content-Length."""
    return octets("\r\n".join([start, *lines, f"Content-Length: {len(body)}", "", ""])) + body


def address_of(value: str) -> str:
    """What stands in the angle brackets of a name-addr, or the addr-spec."""
    if "<" in value:
        return value.rpartition("<")[2].partition(">")[0]
    return value.partition(";")[0].strip()


def tag_of(value: str) -> str:
    return value.rpartition(";tag=")[2].partition(";")[0].strip() if ";tag=" in value else ""
