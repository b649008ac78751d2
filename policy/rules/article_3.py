"""Art. 3, ¶14.1: a call that began at home and comes back from abroad may not be blocked.

    1°  to a visitor who roams here: the called number is one that a network of ours lends to visitors (MSRN)
    2°  to a subscriber of ours who roams abroad, forwarded late: the redirecting mobile number's subscriber is abroad
    3°  to a foreign number that forwards home: the holder of the called number has agreed to it

and by 2° and 3° what our own ledger has seen leave. Who redirected is the sender's word: only the last diverter counts,
what Diversion, History-Info and ISUP do not tell alike proves nothing, and a redirecting number proves only so many
calls an hour. Once proved, no geographic or mobile number blocks; non-geographic and short ones, which art. 3 does not
name, do.
"""

from collections.abc import Mapping, Sequence

import attrs

from policy.claim import Assertion, TrunkClass
from policy.numbering import Notation, Number, Range
from policy.position import CLI, Position
from policy.profile import Article3, RuleName
from policy.register import Consent, Derogation, MobileRange
from policy.roaming import Answer, Roaming
from policy.verdict import Finding, Outcome

from .case import Call, Case, Pending, Proof, Ruling
from .redirect import names_called

#: Digits by which a range of numbers that are lent begins; what begins by fewer is an operator's, or a country's.
LENT = 5
#: The numbers that it lets come home.
COVERED = (Range.GEOGRAPHIC, Range.MOBILE)
# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_REDIRECT, _PARAMETERS, _NONE, _MOBILE = Position.REDIRECT, Notation.PARAMETERS, Range.NONE, Range.MOBILE
_ARTICLE_4 = TrunkClass.ARTICLE_4
_Read = Sequence[tuple[Assertion, Number]]


def consider(call: Call, read: _Read, answers: Mapping[str, Answer]) -> None:
    """Gives the call the proof that it began at home, or the number whose roaming would be one."""
    terms = call.profile.article_3
    if terms is None or call.day < terms.effective:
        return
    shown = [number.e164 for place, number in read if place.position in CLI and number.range in COVERED]
    callers = frozenset([number for number in shown if number is not None])
    if not callers:
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
    if terms is None or case.position is Position.OTHER or _goes(case) or not (call.proof or call.is_forwarded):
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


def _goes(case: Case) -> bool:
    """Whether it is a redirecting mobile number on an article 4 interface: that the call may come, whatever it proves,
    does not make the field one that may stand there (¶9 does not name it, ¶14.2 lists geographic numbers alone)."""
    return case.call.trunk_class is _ARTICLE_4 and case.position is _REDIRECT and case.number.range is _MOBILE


def _unproven(case: Case, name: RuleName, terms: Article3, what: str) -> Finding:
    if case.position in CLI:
        said = f"{what}, forwarded without proof that the call began at home"
        return attrs.evolve(case.ruled(name, terms.unproven, said), flag=case.call.unproven_flag)
    ruling = case.apply(name, f"{what} of a call without proof that it began at home")
    assert isinstance(ruling, Finding), "only mobile numbers are asked about"
    return ruling


def _visitor(call: Call, terms: Article3, callers: frozenset[str]) -> Proof | None:
    called, plan = call.plainly, call.profile.plan
    lent = call.register.covering(MobileRange, called, call.day) if terms.visitor else None
    if lent is None or len(plan.national(lent.prefix)) < LENT:
        return None
    if plan.placed(called.removeprefix("+"))[0] is not _MOBILE:
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
    if diverter.range is _MOBILE and terms.roamer:
        answer = answers.get(number)
        if answer is None:
            call.wanted = number
        elif answer.outcome is Roaming.ABROAD:
            said = f"{number}, whose subscriber is abroad ({answer.source}), forwards it"
            return Proof(what=said, forwarded_by=number)
    return None


def _last_diverter(call: Call, read: _Read) -> Number | None:
    """Who redirected last: the first Diversion (RFC 5806 §3), the last History-Info entry that is not the called
    number (RFC 7044 §5), the redirecting number of ISUP (Q.763 §3.44); None when there is none, or when they name
    different ones (RFC 7544)."""
    diversions: list[Number] = []
    entries: list[Number] = []
    exchange: list[Number] = []
    first: list[Number] = []
    for place, number in _redirecting(read):
        if place.header == "Diversion":
            diversions.append(number)
        elif place.header == "ISUP":
            (first if place.is_first else exchange).append(number)
        # An entry without a number (anonymised at a border, RFC 7044 §10.1; a next hop's address) contradicts nobody.
        elif place.header == "History-Info" and number.range is not _NONE and not names_called(number, call):
            entries.append(number)
    told = [n for n in (*diversions[:1], *entries[-1:], *exchange) if n.range is not _NONE]
    # Who was called at first may have redirected last too, where nobody else is said to: it proves nothing by itself.
    against = () if exchange else first
    return told[0] if told and len({number.e164 for number in (*told, *against)}) == 1 else None


def _redirecting(read: _Read) -> _Read:
    """The redirecting numbers in the order of their values, whatever order they were claimed in."""
    found = [one for one in read if one[0].position is _REDIRECT and one[0].notation is not _PARAMETERS]
    return sorted(found, key=lambda one: (one[0].index, one[0].raw))
