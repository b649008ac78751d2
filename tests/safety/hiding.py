"""The adversary: an INVITE from abroad with a number that must not be shown hidden somewhere in it, anyhow.

All choices come from one `random.Random`, so that Hypothesis (by `st.randoms`) and a plain seeded loop drive the same
generator. The octets are made here, with no builder of the project.
"""

import base64
import json
import random
from collections.abc import Callable

import attrs

from tests.safety.countries import BELGIUM, Country
from tests.safety.draft import Draft, finished, grouped, may
from tests.safety.oracle import digits_of
from tests.safety.stand import Invite
from tests.safety.wire import octets

Random = random.Random

# Numbers.


@attrs.frozen
class Secret:
    """A number that the callee must not see."""

    kind: str
    digits: str
    """Its national digits; of a short number, the number."""
    international: bool = True
    """Whether it is written with a country code."""
    code: str = attrs.field(default="32", kw_only=True)
    """That country code: a country may have several."""
    country: Country = attrs.field(default=BELGIUM, kw_only=True, repr=lambda country: country.name)

    @property
    def is_short(self) -> bool:
        return self.kind == "short"

    @property
    def is_whole(self) -> bool:
        """Whether it is a number only where it is all that stands there."""
        return self.kind in ("short", "wrong length")

    @property
    def shown(self) -> str:
        """The digits that show it. So few that any six would be them need their country code."""
        return self.digits if self.is_whole or len(self.digits) >= _TELLING else self.code + self.digits


_TELLING = 7


def secret(
    rng: Random,
    *,
    mild: bool = False,
    other: Secret | None = None,
    country: Country = BELGIUM,
    without: frozenset[str] = frozenset(),
) -> Secret:
    """A forbidden number; `mild` for one that the law hides rather than refuses, `other` for one unlike it, `without`
    for one of none of these kinds."""
    unlike = without if other is None else without | {other.kind}
    kinds = country.withheld if mild else (*country.kinds, "short", "wrong length")
    kinds = tuple(kind for kind in kinds if kind not in unlike)
    made = _secret(rng, rng.choice(kinds), country)
    # What stands in every message anyhow; a secret must not be in it by chance.
    haystack = digits_of(f"{country.called}@127.0.0.1:5060 {country.caller} 20518 203.0.113.1 49170 4155550100")
    while not made.is_whole and made.shown in haystack:
        made = attrs.evolve(made, digits=str(int(made.digits) + 1))
    return made


def _secret(rng: Random, name: str, country: Country) -> Secret:
    if name == "short":
        return Secret(name, rng.choice(country.shorts), may(rng, 0.2), code=country.code, country=country)
    kind = country.misfits if name == "wrong length" else country.kinds[name]
    digits = _tail(rng, rng.choice(kind.heads), rng.choice(kind.lengths))
    return Secret(name, digits, code=rng.choice(kind.codes or (country.code,)), country=country)


def _tail(rng: Random, head: str, length: int) -> str:
    return head + "".join(rng.choice("0123456789") for _ in range(length - len(head)))


# Spellings.

_SCRIPTS = (0xFF10, 0x0660, 0x06F0, 0x0966, 0x1D7CE, 0x1D7F6)
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
_SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_INVISIBLE = ("\u200b", "\u00ad", "\u2060", "\ufeff", "\u200f", "\u0301", "\u3164", "\x7f")
_WIDE_SEPARATORS = ("\u00a0", "\u2013", "\u2009", "\u30fb", "‐")


@attrs.frozen
class Place:
    """What the grammar of a place lets stand there."""

    banned: str
    """Characters that cannot stand there unescaped."""
    is_uri: bool = False
    """Percent-escapes are the grammar's own, and everything banned can be written with them."""
    is_quoted: bool = False
    """Quoted pairs are."""
    is_number: bool = False
    """It should hold a number and nothing else, so that a spelling in order is a likely one."""
    is_beside: bool = False
    """It stands beside a number, and what it holds is nobody's number unless it is written like one."""


USER = Place(' \t"<>@:;?,', is_uri=True, is_number=True)
TEL = Place(' \t"<>@;?,', is_uri=True, is_number=True)
PASSWORD = Place(' \t"<>@:;?,', is_uri=True, is_beside=True)
PARAMETER = Place(' \t"<>@;?,', is_uri=True, is_beside=True)
HEADERS = Place(' \t"<>@,', is_uri=True, is_beside=True)
QUOTED = Place("", is_quoted=True)
QUOTED_VALUE = Place("", is_quoted=True, is_beside=True)
PLAIN = Place('"<>,;@:\\')
TEXT = Place("")
VALUE = Place(' \t,;<>"', is_beside=True)
SESSION = Place("")
PHRASE = Place("\x7f")
WORD = Place(' \t,;<>"()=')


def in_order(rng: Random, number: Secret) -> str:
    """The number as an honest caller writes it."""
    if number.is_short and not number.international:
        return number.digits
    return rng.choice(("+", "+", "00")) + number.code + number.digits


def _beginnings(number: Secret, place: Place) -> tuple[str, ...]:
    """What may stand before the national digits, in order or not."""
    code, trunk = number.code, number.country.trunk
    forms = (f"+{code}", f"00{code}", code, f"++{code}", f"+00{code}", f"tel:+{code}")
    if number.shown != number.digits or (place.is_beside and not trunk):
        return forms  # digits alone are anybody's
    return (*forms, trunk, f"+{code}{trunk}", f"+{code}({trunk})", f"00{code}{trunk}") if trunk else (*forms, trunk)


def spell(rng: Random, number: Secret, place: Place, *, wild: float = 0.6) -> str:
    """The number, spelled anyhow within what the place's grammar allows."""
    if not may(rng, wild):
        return _fit(rng, in_order(rng, number), place)
    written = in_order(rng, number)
    if not number.is_whole:
        written = rng.choice(_beginnings(number, place)) + number.digits
    if may(rng, 0.25):
        written = _script(rng, written)
    if may(rng, 0.35):
        separator = rng.choice((" ", "-", ".", "/", "(", ")", "_", *_WIDE_SEPARATORS))
        written = _strew(rng, written, separator)
    if may(rng, 0.2):
        written = _strew(rng, written, rng.choice(_INVISIBLE))
    return _fit(rng, written, place)


def _script(rng: Random, written: str) -> str:
    zero = rng.choice(_SCRIPTS)
    table = rng.choice((None, None, _CIRCLED, _SUPER))
    return "".join(
        c if not c.isdigit() or may(rng, 0.1) else table[int(c)] if table else chr(zero + int(c)) for c in written
    )


def _strew(rng: Random, written: str, what: str) -> str:
    return "".join(c + (what if may(rng, 0.3) else "") for c in written)


def _fit(rng: Random, written: str, place: Place) -> str:
    if place.is_uri:
        ratio = rng.choice((0.0, 0.0, 0.0, 0.2, 1.0))
        rounds = rng.choice((1, 1, 1, 2, 3))
        return "".join(
            _escape(rng, c, rounds) if c in place.banned or c <= " " or c in "\x7f%" or may(rng, ratio) else c
            for c in written
        )
    if place.is_quoted:
        ratio = rng.choice((0.0, 0.0, 0.3, 1.0))
        escaped = "".join("\\" + c if c in '"\\' or (c.isascii() and may(rng, ratio)) else c for c in written)
        return "".join(_escape(rng, c, 1) for c in written) if may(rng, 0.1) else escaped
    kept = "".join(c for c in written if c not in place.banned)
    return "".join(_escape(rng, c, 1) for c in kept) if may(rng, 0.1) and "%" not in place.banned else kept


def _escape(rng: Random, char: str, rounds: int) -> str:
    case = rng.choice(("%{:02X}", "%{:02x}"))
    spelled = "".join(case.format(byte) for byte in octets(char))
    for _ in range(rounds - 1):
        spelled = spelled.replace("%", "%25")
    return spelled


# Places. Each puts one spelled number into a message that is being made.


def _sip(user: str, rng: Random, *, parameters: str = "") -> str:
    scheme = rng.choice(("sip", "sip", "sips", "SIP", "Sip"))
    phone = rng.choice(("", "", ";user=phone", ";USER=Phone"))
    return f"{scheme}:{user}@{rng.choice(('carrier.example', '127.0.0.2', '[2001:db8::1]:5060'))}{parameters}{phone}"


def _uri(rng: Random, number: Secret, wild: float) -> str:
    """A URI whose number is the secret."""
    shape = rng.random()
    if shape < 0.55:
        return _sip(spell(rng, number, USER, wild=wild), rng)
    if shape < 0.85:
        return rng.choice(("tel:", "tel:", "TEL:", "Tel:")) + spell(rng, number, TEL, wild=wild)
    if wild < 0.3 or number.is_whole:
        return _sip(_fit(rng, in_order(rng, number), USER), rng)
    if shape < 0.95:
        cut = rng.randrange(1, len(number.digits) - 2)
        context = f"phone-context={rng.choice(('+', '%2B', '00'))}{number.code}{number.digits[:cut]}"
        local = number.digits[cut:]
        if may(rng, 0.5):
            return f"tel:{local};{context}"
        return _sip(f"{local};{context}", rng)
    return f"{rng.choice(('im', 'pres', 'urn:x', 'callto'))}:{spell(rng, number, PARAMETER, wild=wild)}"


_NAMES = ("", "", "Jean ", '"J\\"D" ')
HONEST_URI = "sip:+4155550100@carrier.example"
Put = Callable[[Draft, Secret, float], None]


def _quoted(rng: Random, number: Secret) -> str:
    around = rng.choice((("", ""), ("", ""), ("Tel ", ""), ("", " (home)"), ("Police ", ""), ("Jean ", " Dupont")))
    if number.is_whole:
        around = ("", "")
    return f'"{around[0]}{spell(rng, number, QUOTED)}{around[1]}" '


def _display(rng: Random, number: Secret) -> str:
    return f"{spell(rng, number, PLAIN)} " if may(rng, 0.3) else _quoted(rng, number)


def _dirty(rng: Random, number: Secret, wild: float) -> str:
    """A name-addr that shows the secret in one of its parts."""
    parts: list[Callable[[], str]] = [
        lambda: f"{rng.choice(_NAMES)}<{_uri(rng, number, wild)}>",
        lambda: f"<{_uri(rng, number, wild)}>",
        lambda: f"{_display(rng, number)}<{HONEST_URI}>",
    ]
    if not number.is_whole:
        parts += [
            lambda: f"<sip:+4155550100:{spell(rng, number, PASSWORD)}@carrier.example>",
            lambda: f"<sip:+4155550100;x={spell(rng, number, PARAMETER)}@carrier.example>",
            lambda: f"<{HONEST_URI};x={spell(rng, number, PARAMETER)}>",
            lambda: f"<{HONEST_URI};{spell(rng, number, PARAMETER)}>",
            lambda: f"<{HONEST_URI};npdi;rn={number.digits};rn-context=+{number.code}>",
            lambda: f"<sip:+4155550100;rn-context=%2B{number.code};rn={number.digits}@carrier.example>",
            lambda: f"<{HONEST_URI}?X-Who={spell(rng, number, HEADERS)}>",
            lambda: f"<{HONEST_URI}>;x={spell(rng, number, VALUE)}",
            lambda: f'<{HONEST_URI}>;x="{spell(rng, number, QUOTED_VALUE)}"',
            lambda: f"<tel:+4155550100;ext={spell(rng, number, PARAMETER)}>",
            lambda: f"<tel:+4155550100;isub={spell(rng, number, PARAMETER)}>",
        ]
    return rng.choice(parts if may(rng, 0.4) else parts[:3])()


def from_uri(draft: Draft, number: Secret, wild: float) -> None:
    draft.uri = _uri(draft.rng, number, wild)


def from_display(draft: Draft, number: Secret, wild: float) -> None:
    draft.display = _display(draft.rng, number)


def _national(number: Secret) -> str:
    """What is dialled before its digits at home, where that tells it."""
    return number.country.trunk if number.shown == number.digits else f"00{number.code}"


def from_host(draft: Draft, number: Secret, wild: float) -> None:
    draft.uri = f"sip:{draft.rng.choice((f'00{number.code}', _national(number)))}{number.digits}"


def from_rest(draft: Draft, number: Secret, wild: float) -> None:
    rng = draft.rng
    where = 3 if draft.uri else rng.randrange(4)  # a URI that stands as it is has no other room
    if where == 0:
        draft.user = f"{draft.user}:{spell(rng, number, PASSWORD)}"
    elif where == 1:
        draft.uri_parameters = f";x={spell(rng, number, PARAMETER)}"
    elif where == 2:
        draft.uri_headers = f"?Subject={spell(rng, number, HEADERS)}"
    else:
        draft.caller_parameters = f";x={spell(rng, number, VALUE)}"


def _carrier(name: str) -> Put:
    def put(draft: Draft, number: Secret, wild: float) -> None:
        rng = draft.rng
        dirty = _dirty(rng, number, wild)
        if name == "Remote-Party-ID":
            dirty += rng.choice((";party=calling", "", ";screen=no;party=CALLING"))
        if name == "Diversion":
            dirty += rng.choice((";reason=unconditional", ";reason=no-answer;counter=2", ""))
        honest = f"<{HONEST_URI}>" if may(rng, 0.5) else '"Y" <tel:+4155550100>'
        for value in rng.choice(([dirty], [honest, dirty], [dirty, honest], [honest, dirty, honest])):
            draft.add(name, value)

    put.__name__ = name
    return put


def history(draft: Draft, number: Secret, wild: float) -> None:
    rng = draft.rng
    dirty = _dirty(rng, number, wild)
    called = f"sip:{draft.country.called}@b2bua.example"
    if not number.is_whole and may(rng, 0.4):
        dirty = f"<{called}?Reason=SIP%3Bcause%3D302&From={spell(rng, number, HEADERS)}>"
    entries = [dirty, f"<{HONEST_URI}>", f"<{called}>"]
    if may(rng, 0.5):
        del entries[1]
    for at, entry in enumerate(entries, 1):
        draft.add("History-Info", f"{entry};index=1{'.1' * (at - 1)}")


def _jwt(header: object, claims: object) -> str:
    def part(value: object) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    return f"{part(header)}.{part(claims)}.c2lnbmF0dXJl"


def _honest(country: Country) -> dict[str, object]:
    """What the PASSporT of an honest call says."""
    return {"orig": {"tn": country.caller[1:]}, "dest": {"tn": [country.called[1:]]}, "iat": 1782900000}


def identity(draft: Draft, number: Secret, wild: float) -> None:
    rng = draft.rng
    tn = number.code + number.digits if number.international else number.digits
    honest = _honest(draft.country)
    header = {"alg": "ES256", "typ": "passport", "ppt": "shaken", "x5u": "https://certs.example/a.crt"}
    where = rng.randrange(6)
    if where == 0:
        token = _jwt(header, honest | {"orig": {"tn": tn}})
    elif where == 1:
        token = _jwt(header, honest | {"div": {"tn": tn}})
    elif where == 2:
        token = _jwt(header, honest | {"orig": {"uri": f"sip:{in_order(rng, number)}@x.example"}})
    elif where == 3:
        token = _jwt(header | {"ppt": "rcd"}, honest | {"rcd": {"nam": f"Tel {in_order(rng, number)}"}})
    elif where == 4:
        twice = json.dumps({"orig": {"tn": tn}})[:-1] + ", " + json.dumps(honest)[1:]
        token = _jwt(header, twice)
    else:
        escaped = "".join(f"\\u{ord(c):04x}" for c in "+" + tn)
        token = _jwt(header, json.dumps(honest)[:-1] + f', "rcd": {{"nam": "{escaped}"}}}}')
    draft.add("Identity", f"{token};info=<https://certs.example/a.crt>;alg=ES256;ppt=shaken")


def _other(name: str) -> Put:
    def put(draft: Draft, number: Secret, wild: float) -> None:
        draft.add(name, _dirty(draft.rng, number, max(wild, 0.6)))

    put.__name__ = name
    return put


def _words(name: str) -> Put:
    def put(draft: Draft, number: Secret, wild: float) -> None:
        rng = draft.rng
        written = spell(rng, number, TEXT)
        draft.add(name, f"{rng.choice(('', 'Call me at ', 'Tel: '))}{written}{rng.choice(('', ' please'))}")

    put.__name__ = name
    return put


def call_info(draft: Draft, number: Secret, wild: float) -> None:
    rng = draft.rng
    draft.add("Call-Info", f"<{_uri(rng, number, 0.6)}>;purpose=info")


# What only carries the number along: it is no identity by itself, and must be clean once the number is known.


def contact(draft: Draft, number: Secret, wild: float) -> None:
    draft.contact_user = f"{spell(draft.rng, number, USER)}@"


def unknown(draft: Draft, number: Secret, wild: float) -> None:
    rng = draft.rng
    names = "X-Caller x-ORIG P-Foo User-Agent Alert-Info Error-Info P-Called-Party-ID Geolocation"
    draft.add(rng.choice(names.split()), rng.choice((spell(rng, number, TEXT), _dirty(rng, number, 0.6))))


def hexed(draft: Draft, number: Secret, wild: float) -> None:
    rng = draft.rng
    written = in_order(rng, number).encode()
    hidden = f"{written.hex()};encoding=hex" if may(rng, 0.5) else base64.b64encode(b"tel: " + written).decode()
    draft.add("User-to-User", hidden)


def certificate(draft: Draft, number: Secret, wild: float) -> None:
    """In the address of a certificate, which nobody is shown, yet anybody can read."""
    header = {"alg": "ES256", "x5u": f"https://certs.example/{in_order(draft.rng, number)}.crt"}
    token = _jwt(header, _honest(draft.country))
    draft.add("Identity", f"{token};info=<https://certs.example/a.crt>")


def called_party(draft: Draft, number: Secret, wild: float) -> None:
    draft.add("Remote-Party-ID", f"{_dirty(draft.rng, number, 0.6)};party=called")


def decoy(draft: Draft, number: Secret, wild: float) -> None:
    """A foreign number of its own right, in which the digits stand: they are no less forbidden elsewhere for that."""
    place = draft.rng.choice(("P-Asserted-Identity", "Diversion", "X-Caller"))
    draft.add(place, f"<tel:+1{number.shown[:9]}{'0' * (10 - len(number.shown[:9]))}>")


def header_name(draft: Draft, number: Secret, wild: float) -> None:
    draft.add(f"X-{number.shown}", "yes")


def session(draft: Draft, number: Secret, wild: float) -> None:
    rng = draft.rng
    letter = rng.choice("osiuep")
    if letter == "o":
        draft.session["o"] = f"{spell(rng, number, WORD)} 20518 0 IN IP4 203.0.113.1"
    elif letter == "p":
        draft.session["p"] = spell(rng, number, SESSION)
    else:
        draft.session[letter] = f"{rng.choice(('', 'Tel '))}{spell(rng, number, SESSION)}"


def attribute(draft: Draft, number: Secret, wild: float) -> None:
    draft.session["a"] = f"x-who:{spell(draft.rng, number, SESSION)}"


def called(draft: Draft, number: Secret, wild: float) -> None:
    if may(draft.rng, 0.5):
        draft.called_display = _display(draft.rng, number)
    else:
        draft.called_parameters = f";x={spell(draft.rng, number, VALUE)}"


def target(draft: Draft, number: Secret, wild: float) -> None:
    """In the Request-URI, beside the called number."""
    rng = draft.rng
    draft.target = rng.choice(
        (
            f"sip:{draft.country.called};x={spell(rng, number, PARAMETER)}@b2bua.example",
            f"sip:{draft.country.called};npdi;rn={spell(rng, number, PARAMETER)}@b2bua.example",
            f"sip:{draft.country.called}:{spell(rng, number, PASSWORD)}@b2bua.example",
            f"sip:{draft.country.called}@b2bua.example;x={spell(rng, number, PARAMETER)}",
            f"tel:{draft.country.called};isub={spell(rng, number, PARAMETER)}",
        )
    )


def second_body(draft: Draft, number: Secret, wild: float) -> None:
    rng = draft.rng
    written = spell(rng, number, TEXT)
    if may(rng, 0.3):
        draft.more_body = "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        draft.more_body += base64.b64encode(octets(f"call me at {in_order(rng, number)}")).decode()
    else:
        draft.more_body = f"Content-Type: text/plain\r\n\r\ncall {written}"


PRESENTATION: tuple[Put, ...] = (from_uri, _carrier("P-Asserted-Identity"))
NETWORK: tuple[Put, ...] = (
    from_rest,
    from_host,
    identity,
    _carrier("P-Preferred-Identity"),
    _carrier("Remote-Party-ID"),
    _carrier("Additional-Identity"),
)
REDIRECT: tuple[Put, ...] = (_carrier("Diversion"), history)
DISPLAY: tuple[Put, ...] = (from_display,)
OTHER: tuple[Put, ...] = (
    _other("Referred-By"),
    _other("Reply-To"),
    _other("Charge-Info"),
    _other("P-Charge-Info"),
    _other("P-Associated-URI"),
    _other("P-Served-User"),
    _words("Subject"),
    _words("Organization"),
    call_info,
)
ALONG: tuple[Put, ...] = (
    contact,
    unknown,
    unknown,
    hexed,
    certificate,
    called_party,
    header_name,
    decoy,
    session,
    session,
    attribute,
    called,
    target,
    second_body,
)


# Whole messages.

HEADERS_ALONG: tuple[Put, ...] = (unknown, unknown, hexed, certificate, called_party, header_name)


def later(rng: Random, number: Secret, *, known: bool) -> tuple[list[str], str]:
    """Lines for a message after the set-up, with the number in one identity or more, and the From it comes with.

    Where the number is `known` from the set-up, it may also stand where it is no identity.
    """
    draft = Draft(rng, country=number.country)
    carriers = (*NETWORK, *REDIRECT, *OTHER, _carrier("P-Asserted-Identity"))
    if number.is_whole:
        carriers = (_carrier("P-Asserted-Identity"), *REDIRECT)
    for put in rng.sample(carriers, rng.choice((0, 1, 2) if known else (1, 1, 2))):
        put(draft, number, rng.choice((0.05, 0.6)))
    if known and not number.is_whole:
        for put in rng.sample(HEADERS_ALONG, rng.choice((0, 1, 2))):
            put(draft, number, 0.6)
    if may(rng, 0.3):
        from_uri(draft, number, 0.3)
    uri = draft.uri or f"sip:{draft.user}@carrier.example{draft.uri_parameters}{draft.uri_headers}"
    return grouped(rng, draft.values), f"{draft.display}<{uri}>{draft.caller_parameters};tag=caller"


@attrs.frozen(kw_only=True)
class Attempt:
    """One hiding: the message, the number, where it was put."""

    invite: Invite
    number: Secret
    places: tuple[str, ...]


def attempt(rng: Random, country: Country = BELGIUM) -> Attempt:
    """An INVITE that hides a forbidden number in one position that identifies, and often in others along with it."""
    mild = may(rng, 0.62)
    draft = Draft(rng, country=country)
    if mild and country.withheld and may(rng, 0.5):  # to be withheld: the call's own number, spelled in order
        number = secret(rng, mild=True, country=country)
        puts, wild = [rng.choice(PRESENTATION)], 0.05
    elif mild:  # to be stripped
        puts, wild = [rng.choice((*REDIRECT, *DISPLAY, *OTHER, *OTHER))], 0.4
        is_cli = puts[0] in (*REDIRECT, *DISPLAY)
        number = secret(rng, mild=is_cli and bool(country.withheld), country=country)
    else:
        number = secret(rng, country=country)
        puts, wild = [rng.choice((*PRESENTATION, *NETWORK, *REDIRECT, *DISPLAY, *OTHER))], 0.6
    if number.is_whole:
        # Anywhere but where a caller or diverter is named, these are mere digits.
        puts = [rng.choice((from_uri, from_display, _carrier("P-Asserted-Identity"), *REDIRECT))]
    else:
        along = (*ALONG, *OTHER) if mild else (*ALONG, *OTHER, *REDIRECT, *DISPLAY, *PRESENTATION)
        puts += [rng.choice(along) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    for put in puts:
        put(draft, number, wild)
    return Attempt(invite=finished(draft), number=number, places=tuple(put.__name__ for put in puts))
