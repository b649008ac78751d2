"""An INVITE in the making, and the many legal ways to put its lines on the wire."""

import random

import attrs

from tests.safety.countries import BELGIUM, Country
from tests.safety.stand import SDP, Invite
from tests.safety.wire import octets

Random = random.Random


def may(rng: Random, chance: float) -> bool:
    """True with that chance; false for the simplest draw, so that a failure shrinks to what it needs."""
    return chance > 0 and rng.random() >= 1 - chance


@attrs.define
class Draft:
    """An INVITE in the making."""

    rng: Random
    country: Country = BELGIUM
    display: str = '"Jean Dupont" '
    user: str = attrs.field(default=attrs.Factory(lambda draft: draft.country.caller, takes_self=True))
    uri: str = ""
    """The whole From URI, when it is of another shape."""
    uri_parameters: str = ""
    uri_headers: str = ""
    caller_parameters: str = ""
    values: list[tuple[str, str]] = attrs.field(factory=list)
    """Header and value, in order; those of a list header may share a line."""
    lines: list[str] = attrs.field(factory=list)
    """More lines, as they shall stand."""
    vias: tuple[str, ...] = ()
    """Hops before the last one."""
    body: tuple[bytes, str] | None = None
    """Another body than SDP, with its type."""
    session: dict[str, str] = attrs.field(factory=dict)
    """SDP lines by letter, replaced or added."""
    target: str = ""
    """The Request-URI, when it is of another shape."""
    called_display: str = ""
    called_parameters: str = ""
    contact_user: str = ""
    more_body: str = ""

    def add(self, name: str, value: str) -> None:
        self.values.append((name, value))


_COMPACT = {
    "From": "f",
    "To": "t",
    "Via": "v",
    "Call-ID": "i",
    "Contact": "m",
    "Subject": "s",
    "Identity": "y",
    "Referred-By": "b",
    "Content-Type": "c",
    "Supported": "k",
    "Session-Expires": "x",
}
_LISTS = {
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    "Diversion",
    "History-Info",
    "Call-Info",
    "Additional-Identity",
    "Identity",
}


def line(rng: Random, name: str, value: str) -> str:
    if name in _COMPACT and may(rng, 0.3):
        name = _COMPACT[name]
    mixed = "".join(rng.choice((c.lower(), c.upper())) for c in name)
    name = rng.choice((name, name, name.lower(), name.upper(), mixed))
    colon = rng.choice((":", ":", ":", " :", "\t :", "  : "))
    if may(rng, 0.15):
        value = value.replace("> ", ">\r\n ").replace(", ", ",\r\n\t").replace(" <", "\r\n <")
        value = rng.choice(("", "\r\n ")) + value
    return f"{name}{colon}{rng.choice((' ', ' ', '', '   '))}{value}"


def grouped(rng: Random, values: list[tuple[str, str]]) -> list[str]:
    """Values of a list header in one line or in several; the order within a header stays."""
    lines: list[tuple[str, list[str]]] = []
    for name, value in values:
        if lines and lines[-1][0] == name and name in _LISTS and may(rng, 0.5):
            lines[-1][1].append(value)
        else:
            lines.append((name, [value]))
    return [line(rng, name, rng.choice((", ", ",", " ,\t")).join(several)) for name, several in lines]


def finished(draft: Draft) -> Invite:
    rng = draft.rng
    uri = draft.uri or f"sip:{draft.user}@carrier.example{draft.uri_parameters}{draft.uri_headers}"
    caller = f"{draft.display}<{uri}>{draft.caller_parameters};tag=caller"
    if not draft.display and "?" not in uri and ";" not in uri and "," not in uri and may(rng, 0.5):
        caller = f"{uri}{draft.caller_parameters};tag=caller"
    called = f"sip:{draft.country.called}@b2bua.example"
    to = f"{draft.called_display}<{called}>{draft.called_parameters}"
    via = "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKcaller"
    own = [
        line(rng, "From", caller),
        line(rng, "To", to),
        line(rng, "Call-ID", "call-of-the-foreign-side"),
        line(rng, "CSeq", "1 INVITE"),
        line(rng, "Contact", f"<sip:{draft.contact_user}127.0.0.2:5060>"),
        line(rng, "Max-Forwards", "70"),
    ]
    body, kind = _body(draft)
    rest = [*grouped(rng, draft.values), *draft.lines, line(rng, "Content-Type", kind)]
    lines = own + rest
    if may(rng, 0.5):
        rng.shuffle(lines)
    lines = [via, *draft.vias, *lines]
    return Invite(uri=draft.target or called, lines=tuple(lines), body=body, via=via, caller=caller, called=to)


def _body(draft: Draft) -> tuple[bytes, str]:
    if draft.body is not None:
        return draft.body
    lines = []
    extra = dict(draft.session)
    for plain in SDP.decode().split("\r\n")[:-1]:
        letter = plain[0]
        lines.append(f"{letter}={extra.pop(letter)}" if letter in "os" and letter in extra else plain)
        if letter == "s":
            lines += [f"{one}={extra.pop(one)}" for one in "iuep" if one in extra]
    if "a" in extra:
        lines.append(f"a={extra['a']}")
    body = octets("\r\n".join([*lines, ""]))
    if not draft.more_body:
        return body, "application/sdp"
    parts = [b"Content-Type: application/sdp\r\n\r\n" + body, octets(draft.more_body)]
    whole = b"".join(b"--part\r\n" + part + b"\r\n" for part in parts) + b"--part--\r\n"
    return whole, 'multipart/mixed;boundary="part"'
