"""Art. 3, ¶14.1: a call that began at home and comes back from abroad may not be blocked.

    1°  to a visitor who roams here: the called number is one that a network of ours lends to visitors (MSRN)
    2°  to a subscriber of ours who roams abroad, forwarded late: the redirecting mobile number's subscriber is abroad
    3°  to a foreign number that forwards home: the holder of the called number has agreed to it

and by 2° and 3° what our own ledger has seen leave. A Diversion is its sender's word: only the last diverter counts,
what Diversion and History-Info do not tell alike proves nothing, and a redirecting number proves only so many calls an
hour. Once proved, no geographic or mobile number blocks; non-geographic and short ones, which art. 3 does not name, do.
"""

from collections.abc import Mapping, Sequence

import attrs

from policy.claim import Assertion
from policy.numbering import Notation, Number, Range
from policy.position import CLI, Position
from policy.profile import Article3, RuleName
from policy.register import Consent, Derogation, MobileRange
from policy.roaming import Answer, Roaming
from policy.verdict import Finding, Outcome

from .case import Call, Case, Pending, Proof, Ruling
from .redirect import is_called, normal_forms

#: Digits by which a range of numbers that are lent begins; what begins by fewer is an operator's, or a country's.
LENT = 5
_COVERED = (Range.GEOGRAPHIC, Range.MOBILE)
_Read = Sequence[tuple[Assertion, Number]]


def consider(call: Call, read: _Read, answers: Mapping[str, Answer]) -> None:
    """Gives the call the proof that it began at home, or the number whose roaming would be one."""
    terms = call.profile.article_3
    callers = frozenset(
        number.e164
        for place, number in read
        if place.position in CLI and number.range in _COVERED and number.e164 is not None
    )
    if terms is None or not callers or call.day < terms.effective:
        return
    if call.register.suspension(Derogation.ARTICLE_3, call.claim.trunk, call.day) is not None:
        return
    call.proof = _visitor(call, terms, callers)
    if call.proof is not None:
        return
    diverter = _last_diverter(call, read)
    if diverter is None or diverter.e164 is None:
        return
    call.is_forwarded = True
    if call.ledger.forwardings(diverter.e164, call.now) >= terms.forwardings_per_hour:
        call.unproven_flag = "article-3-rate"
        return
    call.proof = _forwarded(call, terms, callers, diverter, answers)


def excuse(case: Case, name: RuleName) -> Ruling | None:
    """What art. 3 says of a geographic or mobile number in a CLI, a redirection or a display-name; None: nothing."""
    call, terms = case.call, case.call.profile.article_3
    if terms is None or case.position is Position.OTHER or (call.proof is None and not call.is_forwarded):
        return None
    what = f"a {call.profile.home} {case.number.range} number"
    if call.proof is not None:
        proved = f"{what} of a call that began at home: {call.proof.what}"
        if case.position is Position.DISPLAY:
            return case.if_equal(Derogation.ARTICLE_3, proved, basis=terms.basis, entry=call.proof.entry)
        return case.finding(
            Derogation.ARTICLE_3, Outcome.PASS, proved, basis=terms.basis, entry=call.proof.entry, flag="article-3"
        )
    if case.number.range is not Range.GEOGRAPHIC:
        return None
    if call.wanted:
        return Pending(case, call.wanted, _unproven(case, name, terms, what))
    return _unproven(case, name, terms, what) if call.is_forwarded and case.position in CLI else None


def _unproven(case: Case, name: RuleName, terms: Article3, what: str) -> Finding:
    if case.position in CLI:
        said = f"{what}, forwarded without proof that the call began at home"
        return attrs.evolve(case.ruled(name, terms.unproven, said), flag=case.call.unproven_flag)
    ruling = case.apply(name, f"{what} of a call without proof that it began at home")
    assert isinstance(ruling, Finding), "only mobile numbers are asked about"
    return ruling


def _visitor(call: Call, terms: Article3, callers: frozenset[str]) -> Proof | None:
    called, plan = call.plainly, call.profile.plan
    home = plan.at_home(called.removeprefix("+")) if called else None
    if not terms.visitor or home is None or home[0].classify(home[1]) is not Range.MOBILE:
        return None
    lent = call.register.covering(MobileRange, called, call.day)
    if lent is None or len(plan.national(lent.prefix)) < LENT:
        return None
    if terms.needs_ledger and call.ledger.leg(callers, None, call.now) is None:
        return None
    return Proof(what=f"the called number is lent to visitors ({lent.reference})", entry=lent.reference)


def _forwarded(
    call: Call, terms: Article3, callers: frozenset[str], diverter: Number, answers: Mapping[str, Answer]
) -> Proof | None:
    """The proof that a redirecting number makes; the call learns whose roaming is wanted for one."""
    number = diverter.e164 or ""
    left = call.ledger.leg(callers, number, call.now) if terms.outbound or terms.needs_ledger else None
    if left is not None and terms.outbound:
        return Proof(what=f"it left by us for {number} at {left.at:%H:%M:%S}", forwarded_by=number)
    if terms.needs_ledger and left is None:
        return None
    if diverter.range is Range.FOREIGN and terms.consent:
        consent = call.register.find(Consent, (number, call.plainly), call.day) if call.plainly else None
        if consent is not None:
            said = f"{number} forwards it with the consent of the called party ({consent.reference})"
            return Proof(what=said, entry=consent.reference, forwarded_by=number)
    if diverter.range is Range.MOBILE and terms.roamer:
        answer = answers.get(number)
        if answer is None:
            call.wanted = number
        elif answer.outcome is Roaming.ABROAD:
            said = f"{number}, whose subscriber is abroad ({answer.source}), forwards it"
            return Proof(what=said, forwarded_by=number)
    return None


def _last_diverter(call: Call, read: _Read) -> Number | None:
    """Who redirected last: the first Diversion (RFC 5806 §3), the last History-Info entry that is not the called
    number (RFC 7044 §5); None when there is none, or when the two name different ones (RFC 7544)."""
    plan = call.profile.plan
    diversions = _told(read, "Diversion")
    history = [n for n in _told(read, "History-Info") if not is_called(normal_forms(n, plan), call)]
    # An entry without a number (anonymised at a border, RFC 7044 §10.1; a next hop's address) contradicts nobody.
    named = [n for n in history if n.range is not Range.NONE]
    told = [n for n in (*diversions[:1], *named[-1:]) if n.range is not Range.NONE]
    return told[0] if told and len({number.e164 for number in told}) == 1 else None


def _told(read: _Read, header: str) -> list[Number]:
    """The numbers of that header in the order of its values, whatever order they were claimed in."""
    found = [
        (place.index, place.raw, number)
        for place, number in read
        if place.header == header and place.position is Position.REDIRECT and place.notation is not Notation.PARAMETERS
    ]
    return [number for _, _, number in sorted(found, key=lambda told: told[:2])]
