"""Art. 4 §2, ¶16: a user whose identity was not given to the regulator in time has all incoming calls refused.

By whatever trunk, unless the entry names one: the paragraph speaks of *all* the user's incoming calls. A user is known
by the number that his calls show, by the account that stands in place of one, or by the way they come in. By the way, a
call is refused as it begins: what is said later within one that stands is not another call.
"""

from collections.abc import Iterator
from datetime import date
from ipaddress import ip_address
from urllib.parse import unquote

from policy.claim import URIS, Assertion, Claim
from policy.numbering import Range
from policy.position import CLI, Position
from policy.profile import Measure, Terms
from policy.register import BlockedUser, Register
from policy.verdict import Finding, Outcome

from .case import Case
from .redirect import likely_home_numbers

_FLAG = "blocked-user"


def judge(case: Case) -> Finding | None:
    """The refusal of a blocked user's call, by the number that it shows; None for anybody else's."""
    call = case.call
    terms = call.profile.measure(Measure.BLOCKED_USER, call.day)
    if terms is None or case.position not in CLI:
        return None
    for number in (case.number.e164, *sorted(likely_home_numbers(case.number, call.profile.plan))):
        entry = None if number is None else next(_entries(call.claim, call.register, number, call.day), None)
        if entry is not None:
            what = f"a number of a user all of whose calls are refused ({entry.reference})"
            return case.finding(
                Measure.BLOCKED_USER, Outcome.BLOCK, what, basis=terms.basis, flag=_FLAG, entry=entry.reference
            )
    return None


def judge_call(claim: Claim, register: Register, terms: Terms | None, day: date) -> Finding | None:
    """The refusal of a blocked user's call, whatever number it shows: by its account, or the way it comes in."""
    if terms is None or not register.has(BlockedUser):
        return None
    for place in claim.assertions:
        if place.position in CLI and place.notation in URIS:
            account = unquote(place.raw.partition(";")[0])
            for entry in _entries(claim, register, ("account", account.casefold()), day):
                return _refusal(entry, terms, f"{account!a} in {place.header} is the account", place)
    for trunk in () if claim.is_later else dict.fromkeys((claim.trunk, claim.carrier, None)):
        for entry in _entries(claim, register, ("way", trunk), day):
            way = " from ".join(str(part) for part in (entry.trunk, entry.peer) if part is not None)
            return _refusal(entry, terms, f"What comes in by {way} is the traffic")
    return None


def _entries(claim: Claim, register: Register, key: object, day: date) -> Iterator[BlockedUser]:
    """The entries in force under that key about calls that come in as this one does."""
    for entry in register.all(BlockedUser, key, day):
        peer = ip_address(claim.peer) if entry.peer is not None and claim.peer else None
        if entry.comes(claim.trunk, peer) or (claim.carrier and entry.comes(claim.carrier, peer)):
            yield entry


def _refusal(entry: BlockedUser, terms: Terms, what: str, place: Assertion | None = None) -> Finding:
    return Finding(
        position=Position.NETWORK if place is None else place.position,
        header="" if place is None else place.header,
        index=0 if place is None else place.index,
        raw="" if place is None else place.raw,
        number=None,
        range=Range.NONE,
        rule=Measure.BLOCKED_USER,
        basis=terms.basis,
        outcome=Outcome.BLOCK,
        why=f"{what} of a user all of whose calls are refused ({entry.reference}).",
        flag=_FLAG,
        entry=entry.reference,
    )
