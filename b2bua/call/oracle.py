"""What a border controller is told that asks about each of its calls and makes them itself (trunk mode "redirect").

Its INVITE is judged and recorded like any other, and answered at once; no dialog comes of it, and nobody is called. A
pass is a 302 to where it was going, or a 404, after which it takes its next route. Everything else is a 603: of all
refusals only a 6xx ends the search for other ways (RFC 3261 §16.7 step 5), and a call that nobody has let pass must not
find one.

A changed identity is told in the headers of the Contact's URI, which overwrite those of the asker's next INVITE
(§8.1.3.4, §19.1.5). They can put a value in the place of another, and can take nothing out. So it is said of From,
P-Asserted-Identity and Privacy, which have a value that names nobody (RFC 3323 §4.1.1.3); whatever else a verdict takes
out cannot be expressed. Hygiene, which a pass asks for too, is the asker's own: no number that it would remove is
forbidden.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import attrs

from b2bua.call.acts import Alarm, Record
from b2bua.call.bridge import CONTENT, crossing, retarget
from b2bua.call.outgoing import drawn
from b2bua.call.pair import Pair
from b2bua.config import Inexpressible, Redirect
from b2bua.identity.guard import is_number, leak, shows
from b2bua.identity.redaction import ANONYMOUS, Redacted, redact, secrets_of, untagged
from b2bua.trunk import called_number
from policy.numbering.hidden import plain
from policy.verdict import Outcome, Verdict
from sipstack.errors import ParseError
from sipstack.message import Request
from sipstack.values import SipUri, parse_uri
from sipstack.values.registry import canonical
from sipstack.values.registry import key as key_of

Fields = tuple[tuple[str, str], ...]

#: The only refusal.
DECLINED: Final = 603
#: Headers of which a value that names nobody can be said in place of theirs.
EXPRESSIBLE: Final = frozenset({"from", "p-asserted-identity", "privacy"})
#: What is said by other means: lines that speak of a body by what becomes of that, and an asker has a User-Agent of
#: its own in place of the caller's.
_BESIDE: Final = CONTENT | {"user-agent"}
#: Characters that all Contacts of an answer may have: a caller must not make one that no datagram carries.
LONGEST: Final = 16_384
#: Places one 302 may name: as many as q has steps of a tenth.
_MOST: Final = 10


@attrs.frozen(kw_only=True)
class Told:
    """The answer to one INVITE."""

    status: int
    """302 or 404 for a pass, else 603."""
    cause: str
    """What the end of the call is recorded as."""
    contacts: tuple[str, ...] = ()
    """Contact values, the most wanted first."""
    changed: tuple[str, ...] = ()
    """Names of the headers that the Contacts change."""
    unsaid: tuple[str, ...] = ()
    """What should be taken out, and no redirection takes out."""
    alarms: tuple[Alarm, ...] = ()

    @property
    def is_refusal(self) -> bool:
        """Whether the call must not be made."""
        return self.status == DECLINED

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What the answer has beside the headers of every response."""
        return [("Contact", contact) for contact in self.contacts]

    def in_evidence(self, record: Record) -> Record:
        """The line of the verdict with what only this mode has to tell."""
        return attrs.evolve(record, facts={**record.facts, "mode": "redirect", "inexpressible": list(self.unsaid)})


def tell(pair: Pair, redirect: Redirect, invite: Request, verdict: Verdict) -> Told:
    """The answer to an INVITE with that verdict."""
    fields, unsaid = _edits(invite, verdict, redirect)
    changed = tuple([name for name, _ in fields])
    if not verdict.enforced:
        return attrs.evolve(_passed(pair, redirect, invite, ()), changed=changed, unsaid=unsaid)
    if verdict.outcome is Outcome.BLOCK:
        return Told(status=DECLINED, cause="blocked")
    may_pass = verdict.outcome is Outcome.STRIP and redirect.on_inexpressible is Inexpressible.PASS
    if unsaid and not may_pass:
        return Told(status=DECLINED, cause="inexpressible", unsaid=unsaid)
    told = _passed(pair, redirect, invite, fields)
    if _shows(told.contacts, secrets_of(verdict), called_number(invite.uri)):
        alarm = Alarm("egress guard", f"call {pair.call}: Contact still showed what the verdict takes out")
        return Told(status=DECLINED, cause="egress guard", alarms=(alarm,))
    return attrs.evolve(told, changed=changed, unsaid=unsaid)


def _passed(pair: Pair, redirect: Redirect, invite: Request, fields: Fields) -> Told:
    if redirect.on_pass == 404 and not fields:
        return Told(status=404, cause="advised")
    contacts = _contacts(pair, invite.uri, fields)
    if not contacts:
        return Told(status=DECLINED, cause="inexpressible")
    return Told(status=302, cause="advised", contacts=contacts)


def _contacts(pair: Pair, asked: str, fields: Fields) -> tuple[str, ...]:
    """Where the asker may go: where it was going, or the targets of its trunk, as many as one message may name.

    () when nobody can say where that is, or not that briefly: each has all that is said of the caller, escaped."""
    trunk = pair.a.trunk
    targets = drawn(trunk, pair.context, emergency=pair.is_emergency)[:_MOST]
    ways = [retarget(asked, trunk.targets.flow(target)) for target in targets]
    try:
        uris = [parse_uri(way) for way in dict.fromkeys(ways or [asked])]
    except ParseError:
        return ()
    written = [_written(uri, fields) if isinstance(uri, SipUri) else uri for uri in uris]
    ranks = [f";q={1 - at / _MOST:.1f}" for at in range(len(written))] if len(written) > 1 else [""]
    contacts = [f"<{uri}>{rank}" for uri, rank in zip(written, ranks, strict=True)]
    return tuple([one for one, size in zip(contacts, accumulate(map(len, contacts)), strict=True) if size <= LONGEST])


def _written(uri: SipUri, fields: Fields) -> SipUri:
    """A URI as Contact; a method in it would be that of the asker's next request (§19.1.5)."""
    return attrs.evolve(uri, parameters=uri.parameters.without("method")).with_header_fields(fields)


def _edits(invite: Request, verdict: Verdict, redirect: Redirect) -> tuple[Fields, tuple[str, ...]]:
    """The headers to be said, and the names of what should be taken out and is not by that."""
    if verdict.outcome not in (Outcome.STRIP, Outcome.WITHHOLD):
        return (), ()
    caller = untagged(invite.headers.first("from") or "")
    after = redact(caller, crossing(invite), invite.body, verdict)
    before = Redacted(caller, crossing(invite), invite.body, ())
    if verdict.outcome is Outcome.STRIP:  # which loses what its findings name or show; withholding takes the rest too
        before = redact(caller, crossing(invite), invite.body, attrs.evolve(verdict, outcome=Outcome.PASS, findings=()))
    keys = [key for key in _changed(before, after) if key not in _BESIDE]
    takes = redirect.identity and _is_sip(invite.uri)
    fields = tuple([_said(key, after) for key in keys if key in EXPRESSIBLE]) if takes else ()
    wanted = [canonical(key) for key in keys]
    wanted += [found.header for found in verdict.findings if found.outcome is not Outcome.PASS]
    wanted += [] if before.body == after.body else ["body"]
    said = {key_of(name) for name, _ in fields}
    unsaid = [name for name in wanted if key_of(name) not in said]
    return fields, tuple(dict.fromkeys([*unsaid, *_leaks(invite, fields, verdict)]))


def _changed(before: Redacted, after: Redacted) -> list[str]:
    """The keys of what is not the same any more."""
    keys = dict.fromkeys([*before.headers.keys, *after.headers.keys])
    changed = [key for key in keys if before.headers.all(key) != after.headers.all(key)]
    return [*(["from"] if before.caller != after.caller else []), *changed]


def _said(key: str, after: Redacted) -> tuple[str, str]:
    """A header as it is to be; where nothing is left of it, a value that names nobody."""
    values = [after.caller] if key == "from" else after.headers.all(key)
    return canonical(key), ", ".join(values) or ANONYMOUS


def _is_sip(uri: str) -> bool:
    """Whether it can have headers."""
    try:
        return isinstance(parse_uri(uri), SipUri)
    except ParseError:
        return False


def _leaks(invite: Request, fields: Fields, verdict: Verdict) -> list[str]:
    """Where the asker's next INVITE would show what it may not, as far as it is the one that came: Via, Contact and the
    dialog are of one hop, and the asker's own there."""
    secrets, headers = secrets_of(verdict), crossing(invite)
    headers.add("From", untagged(invite.headers.first("from") or ""))
    for name, value in fields:
        headers.replace(key_of(name), value)
    found = dict.fromkeys(key for key, value in headers if shows(f"{key}: {value}", *secrets))
    rest = headers.without(found)
    rest.add("To", untagged(invite.headers.first("to") or ""))
    other = leak(Request("INVITE", invite.uri, rest, invite.body).encode(), secrets, called_number(invite.uri))
    return [*map(canonical, found), *([] if other is None else [other])]


def _shows(contacts: Sequence[str], secrets: Sequence[str], called: str) -> bool:
    """The egress guard of this mode: whether a Contact as printed shows a secret.

    Its URI must hold the called number, even where a subscriber calls their own mailbox; its headers need not.
    """
    own = plain(called).replace(" ", "")
    others = [digits for digits in secrets if not is_number(own, digits)]
    ways = [contact.partition("?") for contact in contacts]
    return any(shows(way, *others) or shows(fields, *secrets) for way, _, fields in ways)
