"""A verdict as plain data, for the evidence, for `explain`, for anybody who must read it without our classes."""

from typing import Final

from b2bua.call.acts import Alarm, Record
from b2bua.call.leg import Leg
from b2bua.call.outgoing import Outgoing
from b2bua.call.pair import Pair
from b2bua.config import Isup
from b2bua.identity.isup import HEADER, LONGEST
from b2bua.identity.screening import IDENTITY, TEXTS, user_of
from b2bua.identity.signalling import enclosed
from b2bua.moment import Moment
from b2bua.trunk import Limit
from policy.claim import Assertion, Position
from policy.ledger import Ledger
from policy.position import CLI
from policy.roaming import Answer
from policy.rules.article_3 import COVERED
from policy.verdict import Finding, Outcome, Verdict
from sipstack.errors import ParseError
from sipstack.flow import Flow
from sipstack.message import Request

#: Headers that name the caller, of which the evidence keeps every line.
_NAMING: Final = IDENTITY | {"from", *TEXTS}
_NUMBERS: Final = _NAMING - {*TEXTS}
_WORDS: Final = {outcome: outcome.word for outcome in Outcome}


def of_finding(finding: Finding) -> dict[str, object]:
    """One finding under the names that stay (`b2bua explain --json`)."""
    return {
        "position": str(finding.position),
        "header": finding.header,
        "index": finding.index,
        "raw": finding.raw,
        "number": finding.number,
        "range": str(finding.range),
        "rule": finding.rule,
        "basis": finding.basis,
        "outcome": _WORDS[finding.outcome],
        "why": finding.why,
        "entry": finding.entry,
    }


def of_verdict(verdict: Verdict) -> dict[str, object]:
    """What may be kept as long as the journal: no number, no name."""
    return {
        "verdict": _WORDS[verdict.outcome],
        "basis": verdict.basis,
        "rules": sorted({finding.rule for finding in verdict.findings}),
        "flags": list(verdict.flags),
        "profile": verdict.profile,
        "register": verdict.register,
        "class_entry": verdict.class_entry,
        "trial": verdict.trial,
        "enforced": verdict.enforced,
    }


def verdict_record(
    pair: Pair, invite: Request, verdict: Verdict, moment: Moment, removed: tuple[str, ...] = ()
) -> Record:
    """The evidence of one decision: what was said, what was found, by which law, and what was taken out."""
    facts = {**_origin(pair, invite), **of_verdict(verdict), "removed": list(removed)}
    if pair.answers:
        facts["answers"] = [_of_answer(answer) for answer in pair.answers.values()]
    entries = sorted({finding.entry for finding in verdict.findings if finding.entry})
    if entries:
        facts["entries"] = entries
    personal = {
        **_said(invite, pair.a),
        "findings": [of_finding(finding) for finding in verdict.findings],
        "roaming": {number: str(answer.outcome) for number, answer in pair.answers.items()},
        **_beside(pair, invite, verdict, moment),
        **_enclosed(pair, invite),
    }
    return Record("verdict", pair.call, moment.utc, facts, personal)


def undecided_record(pair: Pair, invite: Request, moment: Moment) -> Record:
    """The evidence of a call that its caller took back while a roaming question was open."""
    context = pair.context
    facts = {
        **_origin(pair, invite),
        "verdict": "undecided",
        "profile": context.profile.version,
        "register": context.register.version,
    }
    return Record("verdict", pair.call, moment.utc, facts, _said(invite, pair.a))


def answer_record(pair: Pair, leg: Leg, outgoing: Outgoing, redirected: int, moment: Moment) -> Record:
    """The evidence that somebody answered: by which trunk and, after redirections, under which number."""
    facts = way_out(leg, outgoing)
    if not redirected:
        return Record("answer", pair.call, moment.utc, facts)
    return Record("answer", pair.call, moment.utc, {**facts, "redirected": redirected}, {"called": outgoing.uri})


def way_out(leg: Leg, outgoing: Outgoing | None) -> dict[str, object]:
    """Where a call left to, and which targets had not taken it before; `outgoing` as far as it is still known."""
    facts: dict[str, object] = {"to": leg.trunk.name, "b_call_id": leg.call_id, "b_peer": _spell(leg.flow)}
    if outgoing is None or not outgoing.failed:
        return facts
    return {**facts, "tried": [{"to": to, "b_peer": peer, "why": why} for to, peer, why in outgoing.failed]}


def later_record(pair: Pair, leg: Leg, request: Request, outcome: Outcome, moment: Moment) -> list[Record]:
    """The evidence that a request within the call was refused for who it said calls, or lost a part; [] when it was
    neither."""
    if outcome is Outcome.PASS:
        return []
    facts = {"trunk": leg.trunk.name, "method": request.method, "found": outcome.word, "enforced": leg.is_enforced}
    return [Record("later", pair.call, moment.utc, facts, _said(request, leg))]


def over_limit(calls: str, limit: Limit, moment: Moment) -> list[Alarm]:
    """Somebody must know that calls are refused for their number alone, though not at each of them."""
    return [Alarm("limit", f"calls {calls} are refused: {limit}")] if limit.is_news(moment.tick) else []


def _origin(pair: Pair, invite: Request) -> dict[str, object]:
    leg = pair.a
    facts: dict[str, object] = {
        "trunk": leg.trunk.name,
        "class": str(leg.trunk_class),
        "peer": _spell(leg.flow),
        "own": leg.socket.address,
        "call_id": invite.call_id,
    }
    if pair.began is not None:
        facts["began"] = pair.began
    if leg.declared is not leg.trunk_class:
        facts["declared"] = str(leg.declared)
    return facts if leg.circuit is None else {**facts, "circuit": leg.circuit.name}


def _said(request: Request, leg: Leg) -> dict[str, object]:
    """The called URI and the lines that name the caller; what a national caller writes in words is nobody's here."""
    naming = _NAMING if leg.is_screened else _NUMBERS
    lines = zip(request.headers.keys, request.headers.lines, strict=True)
    return {"called": request.uri, "identity": [line for key, line in lines if key in naming]}


def _of_answer(answer: Answer) -> dict[str, object]:
    """Of whom it was asked and what came of it, without the number: it is the ground of a verdict, and stays."""
    return {"outcome": str(answer.outcome), "source": answer.source, "at": answer.at}


def _beside(pair: Pair, invite: Request, verdict: Verdict, moment: Moment) -> dict[str, object]:
    """What else the verdict rests on, where there is anything: enough to judge the call again (`b2bua.replay`)."""
    claim, beside = pair.claim, dict[str, object]()
    if claim is None:
        return beside
    if claim.called != user_of(invite.uri):
        beside["called_as"] = claim.called
    told = [_of_assertion(one) for one in claim.assertions if one.header == HEADER]
    if told:
        beside["told"] = told
    known = _in_ledger(pair.context.ledger, verdict, moment)
    return {**beside, "ledger": known} if known else beside


def _enclosed(pair: Pair, invite: Request) -> dict[str, object]:
    """The signalling in its body, in hexadecimal, where it has told nobody here anything and may be asked for."""
    leg = pair.a
    if not leg.is_screened or (pair.claim is not None and leg.trunk.isup is Isup.JUDGE):
        return {}
    try:
        octets = [one.octets for one in enclosed(invite)]
    except ParseError:
        octets = [invite.body]
    return {"enclosed": [each[:LONGEST].hex() for each in octets]} if octets else {}


def _of_assertion(one: Assertion) -> dict[str, object]:
    """What a body has told, which is kept nowhere else."""
    return {
        "position": str(one.position),
        "header": one.header,
        "index": one.index,
        "raw": one.raw,
        "notation": str(one.notation),
        "user_phone": one.user_phone,
        "is_first": one.is_first,
    }


def _in_ledger(ledger: Ledger, verdict: Verdict, moment: Moment) -> dict[str, object]:
    """What our own outbound legs and earlier forwardings say of the numbers that were found (art. 3)."""
    numbered = [found for found in verdict.findings if found.number is not None]
    callers = frozenset(str(f.number) for f in numbered if f.position in CLI and f.range in COVERED)
    if not callers:
        return {}
    diverters = {str(found.number) for found in numbered if found.position is Position.REDIRECT}
    legs = sorted(number for number in diverters if ledger.leg(callers, number, moment.utc) is not None)
    counts = {number: ledger.forwardings(number, moment.utc) for number in sorted(diverters)}
    has_left = ledger.leg(callers, None, moment.utc) is not None
    if not (has_left or any(counts.values())):
        return {}
    return {"callers": sorted(callers), "legs": legs, "left": has_left, "forwardings": counts}


def _spell(flow: Flow) -> str:
    host, port = flow.remote
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
