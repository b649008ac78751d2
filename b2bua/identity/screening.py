"""From a message to its claim: every position, every value, in every header form (BIPT communication ¶9).

Which header is which position is the table `CARRIERS`. What a value holds besides its user part (password, URI
parameters, embedded headers, header parameters) is asserted too, as text, so that a number has nowhere to hide.
"""

import datetime
import ipaddress
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from b2bua.config import Isup
from b2bua.identity.passport import read_passport
from b2bua.identity.signalling import Bodied, Enclosed, enclosed, told_by
from policy.claim import Assertion, Claim, Notation, Position, TrunkClass
from policy.verdict import Finding, Outcome, Verdict
from sipstack.errors import ParseError
from sipstack.message import Headers, Message, Request
from sipstack.values import NO_PARAMETERS, Address, OtherUri, Parameters, SipUri, TelUri, Uri, parse_uri
from sipstack.values.registry import canonical

#: Headers that name the caller, a diverter, or somebody to call back.
CARRIERS = {
    "from": Position.PRESENTATION,
    "p-asserted-identity": Position.NETWORK,
    "p-preferred-identity": Position.NETWORK,
    "remote-party-id": Position.NETWORK,
    "additional-identity": Position.NETWORK,
    "diversion": Position.REDIRECT,
    "cc-diversion": Position.OTHER,  # the name it had in drafts, which old gateways still read
    "history-info": Position.REDIRECT,
    "referred-by": Position.OTHER,
    "reply-to": Position.OTHER,
    "call-info": Position.OTHER,
    "charge-info": Position.OTHER,
    "p-charge-info": Position.OTHER,
    "p-associated-uri": Position.OTHER,
    "p-served-user": Position.OTHER,
}
#: Free text that a phone may show.
TEXTS = ("subject", "organization")
#: Every header that may show who calls; withholding takes them all but From.
IDENTITY = frozenset(CARRIERS) - {"from"} | {"identity", "identity-info"}

#: Parameters by which a number is completed, or another one dialled for it (RFC 3966 §5.1.5, RFC 4694 §4).
_LEADING = frozenset({"phone-context", "rn", "rn-context", "npdi"})
_DIGIT = re.compile(r"\d")
# As `ipaddress` reads it, which takes ten times as long and is asked of every URI (2026-11-23).
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!\Z)|\Z)){4}")
# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_DISPLAY, _OTHER = Position.DISPLAY, Position.OTHER
_SIP, _TEXT, _PARAMETERS = Notation.SIP, Notation.DISPLAY, Notation.PARAMETERS
#: Headers that assert anything.
_ASSERTING = frozenset((*CARRIERS, *TEXTS, "identity"))
_SPELLINGS = {key: canonical(key) for key in _ASSERTING}


def claim_of(
    request: Request,
    origin: Claim,
    *,
    stands: TrunkClass | None = None,
    emergency: bool = False,
    is_listed: bool = False,
    isup: Isup = Isup.JUDGE,
) -> Claim:
    """What an INVITE asserts, from an origin that asserts nothing yet.

    All of it on a trunk that `stands` screened (the class that it truly has; without it, as declared). On a national
    trunk, whose calls are outside the decree (¶24), nothing, unless it `is_listed`: the register has entries on callers
    there; then, as on an attested transit circuit, what can be read. Nothing in a call to an emergency service, which
    nothing may stop (L13). `isup` is the trunk's setting. Raises ParseError when an identity of a screened call cannot
    be read: nobody could judge it.
    """
    stands = stands or origin.trunk_class
    national = stands in (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT)
    assertions: tuple[Assertion, ...] = ()
    if not (national or emergency):
        signalling = enclosed(request)
        _refuse_unread(request, signalling, isup)
        told = told_by(signalling) if signalling and isup is Isup.JUDGE else ()
        assertions = (*assertions_of(request), *told)
    elif not emergency and (is_listed or stands is TrunkClass.NATIONAL_TRANSIT):
        assertions = tuple(_callers_of(request))
    return origin.asserting(user_of(request.uri), assertions, emergency=emergency)


def _callers_of(request: Request) -> Iterator[Assertion]:
    """Who calls by what can be read of From and P-Asserted-Identity; a call that is not judged is not refused for the
    rest."""
    for key in ("from", "p-asserted-identity"):
        try:
            yield from _carrier(request.headers, key, CARRIERS[key])
        except ParseError:
            continue


def assertions_of(message: Message, *, without: frozenset[str] = frozenset()) -> Iterator[Assertion]:
    """Each value of each carrier among the headers, but for those left out. Raises ParseError."""
    headers = message.headers
    for key in dict.fromkeys([key for key in headers.keys if key in _ASSERTING]):
        if key in without:
            continue
        if key in CARRIERS:
            yield from _carrier(headers, key, CARRIERS[key])
        elif key == "identity":
            yield from _passports(headers)
        elif key in TEXTS:
            for index, text in enumerate(headers.all(key)):
                yield _words(_OTHER, _SPELLINGS[key], index, text)


def refuse_unread(message: Bodied, isup: Isup = Isup.JUDGE) -> None:
    """Refuses a body of QSIG, whose numbers nobody here reads (RFC 3204), one of ISUP where the trunk's setting refuses
    it or would judge what cannot be read, and one that is encoded, which might be anything.

    415 with its Accept (§21.4.13) tells the peer to send the call without. Raises ParseError.
    """
    _refuse_unread(message, enclosed(message), isup)


def _refuse_unread(message: Bodied, signalling: Iterable[Enclosed], isup: Isup) -> None:
    for one in signalling:
        if isup is Isup.JUDGE or not one.is_isup:
            one.read()
        elif isup is Isup.REFUSE:
            raise ParseError("ISUP Not Taken", status=415)
    encoding = message.headers.first("content-encoding")
    if encoding and message.body and encoding.lower() != "identity":
        raise ParseError("Encoded Body Not Screened", status=415)


def is_unread(message: Bodied, isup: Isup = Isup.JUDGE) -> bool:
    """Whether it has a body that `refuse_unread` refuses."""
    try:
        refuse_unread(message, isup)
    except ParseError:
        return True
    return False


def unreadable(error: ParseError, profile: str, register: str, now: datetime.datetime) -> Verdict:
    """The verdict on an INVITE whose identity nobody can judge: it does not pass. Its evidence is the raw headers."""
    finding = Finding(
        position=Position.NETWORK,
        header="",
        index=0,
        raw="",
        number=None,
        range="unreadable",
        rule="unreadable",
        basis="art. 1 1°",
        outcome=Outcome.BLOCK,
        why=f"an identity in it cannot be read: {error}",
    )
    return Verdict(
        outcome=Outcome.BLOCK,
        basis=finding.basis,
        findings=(finding,),
        flags=("unreadable",),
        profile=profile,
        register=register,
        decided_at=now,
    )


def _carrier(headers: Headers, key: str, position: Position) -> Iterator[Assertion]:
    header = _SPELLINGS[key]
    for index, value in enumerate(_values(headers, key, position)):
        try:
            address = Address.parse(value)
        except ParseError:
            if position is not _OTHER:
                raise
            yield _text(position, header, index, value)
            continue
        if key == "remote-party-id" and (address.parameters.get("party") or "calling").lower() != "calling":
            continue
        yield from _address(position, header, index, address)


def _values(headers: Headers, key: str, position: Position) -> list[str]:
    """Each value; what is no caller's number may be unreadable, and its lines are then taken whole."""
    try:
        return headers.values(key)
    except ParseError:
        if position is not _OTHER:
            raise
        return headers.all(key)


def _address(position: Position, header: str, index: int, address: Address) -> Iterator[Assertion]:
    yield _uri(position, header, index, address.uri)
    if address.display_name:
        place = _DISPLAY if position is not _OTHER else position
        yield _words(place, header, index, address.display_name)
    rest = _rest(address, header)
    if rest and (_DIGIT.search(rest) or not rest.isascii()):
        yield Assertion(position, header, index, rest, _PARAMETERS)


def _uri(position: Position, header: str, index: int, uri: Uri) -> Assertion:
    match uri:
        case SipUri(user=user):
            is_phone = (uri.parameters.get("user") or "").lower() == "phone"
            return Assertion(position, header, index, _dialled(uri) if user is None else user, _SIP, is_phone)
        case TelUri():
            return Assertion(position, header, index, str(uri).removeprefix("tel:"), Notation.TEL)
        case OtherUri():
            return _text(position, header, index, str(uri))


def _dialled(uri: SipUri) -> str:
    """The host of a URI without a user when it can only be a number: `sip:025551212` is one on any telephone."""
    host = uri.host
    return "" if _is_address(host) or any(c.isalpha() for c in host) else host


def _text(position: Position, header: str, index: int, text: str) -> Assertion:
    return Assertion(position, header, index, text, Notation.OTHER)


def _words(position: Position, header: str, index: int, text: str) -> Assertion:
    """A text for the eye, where a number is what a reader takes for one."""
    return Assertion(position, header, index, text, _TEXT)


def _rest(address: Address, header: str) -> str:
    """What an address holds beside display-name and user, but the tag of From, which never crosses."""
    parameters = address.parameters
    if header == "From":  # where a tag is nearly always the only one
        parameters = NO_PARAMETERS if address.tag and len(parameters) == 1 else parameters.without("tag")
    parts = [str(parameters)] if parameters.items else []
    uri = address.uri
    if isinstance(uri, SipUri):
        if uri.password:
            parts.append(uri.password)
        if uri.parameters.items:
            parts.append(str(uri.parameters))
        if uri.headers:
            parts.append(uri.headers)
        if not _is_address(uri.host):
            parts.append(uri.host)
    return " ".join(parts)


def _is_address(host: str) -> bool:
    text = host.strip("[]")
    if ":" not in text:
        return _IPV4.fullmatch(text) is not None
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _passports(headers: Headers) -> Iterator[Assertion]:
    for index, value in enumerate(headers.values("identity")):
        passport = read_passport(value)
        for position, texts in ((Position.NETWORK, passport.calling), (Position.REDIRECT, passport.diverting)):
            for text in texts:
                yield _uri(position, "Identity", index, parse_uri(text))
        for text in passport.texts:
            yield _text(Position.OTHER, "Identity", index, text)


def user_of(uri: str) -> str:
    """What a Request-URI calls, as written: its user part, or what a tel URI says; "" when nothing can be read.

    What leads a ported number on belongs to the user part (RFC 4694 §4, RFC 3261 §19.1.6); not a few gateways write it
    behind the host, and others heed it there. It is taken from either place.
    """
    try:
        parsed = parse_uri(uri)
    except ParseError:
        return ""
    match parsed:
        case SipUri(user=user) if user:
            said = [(name, value) for name, value in parsed.parameters.items if unquote(name).lower() in _LEADING]
            return f"{user}{Parameters(tuple(said))}" if said else user
        case TelUri():
            return str(parsed).removeprefix("tel:")
    return ""
