"""What a verdict takes out of a message before it crosses.

Three measures, each including the one before: hygiene (what no international peer may assert to our side), strip (the
fields of the findings, and whatever else shows their digits), withhold (everything that tells who calls, RFC 3323 and
3325 in spirit, art. 1 3°: the number is suppressed, not merely marked private).
"""

import re
from collections.abc import Iterable

import attrs

from b2bua.config import Isup
from b2bua.identity.guard import FEWEST, leak, shows
from b2bua.identity.isup import HEADER
from b2bua.identity.marking import mark
from b2bua.identity.screening import CARRIERS, IDENTITY, TEXTS
from b2bua.identity.signalling import Content, enclosed, less_signalling
from policy.claim import Position
from policy.rules.clause import MARKED
from policy.verdict import Finding, Outcome, Verdict
from sipstack.errors import ParseError
from sipstack.message import Headers
from sipstack.message.multipart import read_parts, replaced
from sipstack.values import Address, MediaType
from sipstack.values.grammar import QUOTED, is_token
from sipstack.values.registry import canonical
from sipstack.values.registry import key as key_of

#: Always removed from a screened trunk: a user's own wish, and the carrier of numbers that PAI replaced.
HYGIENE = frozenset({"p-preferred-identity", "remote-party-id"})
#: What else withholding takes: where the caller is, what with, and what is told to the callee's telephone in a form
#: that nobody reads here (RFC 3323 §5.1, RFC 6442, RFC 7315 §5.4, RFC 7433).
TELLING = (
    *("p-access-network-info", "cellular-network-info", "geolocation", "geolocation-routing"),
    *("user-agent", "user-to-user"),
)
_PASS = Outcome.PASS
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'

# A verification made by somebody else, inside a tel URI or a user part (3GPP TS 24.229 §7.2A.20).
# What is quoted is a name, and no parameter of anything.
# What it is all of the user part of goes with its @: no user is left before it.
_VERSTAT = re.compile(rf'{QUOTED}|((?<=:);\s*verstat\s*=[^;>@,\s"]*@|;\s*verstat\s*=[^;>@,\s"]*)', re.IGNORECASE)
# The header's own tag, apart from what is quoted or stands in the brackets of its URI.
_TAG = re.compile(
    rf"{QUOTED}|<[^<>]*+>|([ \t]*+;[ \t]*+tag[ \t]*+(?:=[ \t]*+(?:{QUOTED}|[^;,\s\"]*+))?+)(?=[ \t]*+(?:;|\Z))",
    re.IGNORECASE,
)


@attrs.frozen
class Redacted:
    """The identity that may cross, with what was taken."""

    caller: str
    """The value of From, without a tag."""
    headers: Headers
    body: bytes
    removed: tuple[str, ...]
    """Names of the headers that lost something, for the evidence."""


def untagged(from_value: str) -> str:
    """A From or To value less its tag and a `;` that ends it, all else byte for byte."""
    # Nearly every value is a name or none, brackets, and a tag: found so, it takes a quarter of the time (2026-11-23).
    head, is_tagged, tag = from_value.rpartition(">;tag=")
    name, _, uri = head.partition("<")
    if is_tagged and ";" not in name and not ("<" in uri or ">" in uri or '"' in uri) and is_token(tag):
        return head + ">"
    return _TAG.sub(lambda found: "" if found[1] else found[0], from_value).rstrip("; \t")


def secrets_of(verdict: Verdict) -> tuple[str, ...]:
    """The digits that must not reach the callee in this call, whatever the message."""
    found = {f.digits: None for f in verdict.findings if f.outcome is not Outcome.PASS and len(f.digits) >= FEWEST}
    return tuple(found)


def redact(
    caller: str,
    headers: Headers,
    body: bytes,
    verdict: Verdict,
    *,
    names: bool = True,
    before: Iterable[str] = (),
    isup: Isup = Isup.JUDGE,
) -> Redacted:
    """An INVITE from a screened trunk as its verdict lets it cross; `headers` are those that may cross at all.

    Without `names` no display-name is left; `before` is what has been taken out already; `isup` is the trunk's setting.
    The headers given are changed and returned.
    """
    removed: dict[str, None] = dict.fromkeys(before)
    clean(headers, removed)
    caller = _without_verstat(caller, removed)
    if not names:
        named, caller = caller, _nameless(caller)
        if caller != named:
            removed["From"] = None
        remove_names(headers, removed)
    if verdict.outcome is Outcome.WITHHOLD:
        caller = ANONYMOUS
        removed["From"] = None
        withhold(headers, removed)
    if _lets_pass(verdict) and isup is not Isup.STRIP:
        return Redacted(caller, headers, body, tuple(removed))
    stripped = {
        (f.position, f.header): f for f in verdict.findings if f.outcome is Outcome.STRIP and f.header != HEADER
    }
    for finding in stripped.values():
        caller = _strip(finding, caller, headers, removed)
    if MARKED in verdict.flags:
        caller = mark(caller, headers, verdict)
    secrets = secrets_of(verdict)
    sweep(headers, secrets, removed)
    if isup is Isup.STRIP or _is_in_signalling(verdict) or _shows_packed(headers, body, secrets):
        body = strip_signalling(headers, body, removed)
    return Redacted(caller, headers, scrub_body(headers, body, secrets), tuple(removed))


def _lets_pass(verdict: Verdict) -> bool:
    """Whether it takes nothing out and marks nothing, beyond hygiene."""
    if verdict.outcome is not _PASS or MARKED in verdict.flags:
        return False
    return all(finding.outcome is _PASS for finding in verdict.findings)


def clean(headers: Headers, removed: dict[str, None]) -> None:
    """Hygiene: what an international peer may not assert, whatever the verdict."""
    for key in HYGIENE:
        _remove(headers, key, removed)
    for key in ("p-asserted-identity", "diversion", "history-info"):
        if key not in headers:
            continue
        values = headers.all(key)
        bare = [_without_verstat(value, removed) for value in values]
        if bare != values:
            _rewrite(headers, key, bare)


def withhold(headers: Headers, removed: dict[str, None]) -> None:
    """Nothing that names the caller stays, and the callee is told that it was meant so (RFC 3323 §4.2)."""
    for key in (*IDENTITY, *TEXTS, *TELLING):
        _remove(headers, key, removed)
    headers.replace("privacy", "id")


def remove_names(headers: Headers, removed: dict[str, None]) -> None:
    """Takes every display-name out of the headers that name somebody; a signed name stays as it was signed."""
    for key in [key for key in dict.fromkeys(headers.keys) if key in CARRIERS]:
        try:
            values = headers.values(key)
        except ParseError:
            continue  # no address, and no name: the claim has it as text
        bare = [_nameless(value) for value in values]
        if bare != values:
            _rewrite(headers, key, bare)
            removed[canonical(key)] = None


def sweep(headers: Headers, secrets: Iterable[str], removed: dict[str, None]) -> None:
    """Removes every header that shows a secret in any spelling, its name included."""
    wanted = tuple(secrets)
    if not wanted:
        return
    for key in {key for key, value in headers if shows(f"{key}: {value}", *wanted)}:
        _remove(headers, key, removed)


def is_sdp(headers: Headers) -> bool:
    """Whether the body is a session description; white space may stand around the slash (RFC 3261 §25.1)."""
    kind = headers.first("content-type") or ""
    return kind == "application/sdp" or "".join(kind.split()).lower().partition(";")[0] == "application/sdp"


def strip_signalling(headers: Headers, body: bytes, removed: dict[str, None]) -> bytes:
    """The body without another network's signalling, whole: it has no place where a digit could be taken out that
    its own readers would not miss."""
    bare = less_signalling(headers, body)
    if bare != body:
        removed[HEADER] = None
    return bare


def _is_in_signalling(verdict: Verdict) -> bool:
    """Whether something in it must not be seen; a caller who is withheld is in all of it."""
    found = any(finding.header == HEADER and finding.outcome is not Outcome.PASS for finding in verdict.findings)
    return found or verdict.outcome is Outcome.WITHHOLD


def _shows_packed(headers: Headers, body: bytes, secrets: tuple[str, ...]) -> bool:
    """Whether what was found elsewhere stands there too."""
    return bool(secrets) and any(leak(one.octets, secrets, "") for one in enclosed(Content(headers, body)))


def scrub_body(headers: Headers, body: bytes, secrets: tuple[str, ...]) -> bytes:
    """The body with each session description in it scrubbed, also where it is one part of several (RFC 5621).

    What cannot be told apart stays, and is the egress guard's to refuse."""
    if not secrets or not body:
        return body
    if is_sdp(headers):
        return scrub_sdp(body, secrets)
    try:
        media_type = MediaType.parse(headers.first("content-type") or "")
        parts = read_parts(media_type, body) if media_type.type == "multipart" else ()
    except ParseError:
        return body
    for part in sorted(parts, key=lambda part: -part.start):
        if part.media_type is not None and part.media_type.name == "application/sdp":
            scrubbed = scrub_sdp(part.body, secrets)
            body = body if scrubbed == part.body else replaced(body, part, scrubbed)
    return body


def scrub_sdp(body: bytes, secrets: tuple[str, ...]) -> bytes:
    """Session lines that describe the caller in words lose a secret (RFC 4566 §5.2-5.6); media lines stay."""
    if not secrets:
        return body
    kept = []
    for line in body.split(b"\n"):
        text = line.decode("utf-8", "surrogateescape")
        if not shows(text, *secrets):
            kept.append(line)
        elif line.startswith(b"s="):  # mandatory, so replaced; "-" is the RFC's own word for no name
            kept.append(b"s=-" + line[len(line.rstrip(b"\r")) :])
        elif line.startswith(b"o="):
            kept.append(b"o=- " + line.partition(b" ")[2])
        elif line[:2] not in (b"i=", b"u=", b"e=", b"p="):
            kept.append(line)
    return b"\n".join(kept)


def _strip(finding: Finding, caller: str, headers: Headers, removed: dict[str, None]) -> str:
    key = key_of(finding.header)
    if finding.position is Position.DISPLAY:
        removed[finding.header] = None
        if key == "from":
            return _without_name(caller)
        _rewrite(headers, key, [_without_name(value) for value in headers.values(key)])
    elif finding.position is Position.REDIRECT:
        # One story told twice (RFC 7544): taking it out of one header and leaving it in the other takes out nothing.
        for telling in ("diversion", "history-info"):
            _remove(headers, telling, removed)
        _remove(headers, key, removed)
    elif key != "from":
        _remove(headers, key, removed)
    return caller


def _without_name(value: str) -> str:
    return str(attrs.evolve(Address.parse(value), display_name=""))


def _nameless(value: str) -> str:
    try:
        address = Address.parse(value)
    except ParseError:
        return value
    return str(attrs.evolve(address, display_name="")) if address.display_name else value


def _without_verstat(value: str, removed: dict[str, None]) -> str:
    if value.isascii() and "verstat" not in value.lower():  # beyond ASCII other letters fold into these
        return value
    bare = _VERSTAT.sub(lambda found: "" if found[1] else found[0], value)
    if bare != value:
        removed["verstat"] = None
    return bare


def _rewrite(headers: Headers, key: str, values: list[str]) -> None:
    if values:
        headers.replace(key, ", ".join(values))


def _remove(headers: Headers, key: str, removed: dict[str, None]) -> None:
    if key in headers:
        headers.remove(key)
        removed[canonical(key)] = None
