"""A verdict as plain data, for the evidence, for `explain`, for anybody who must read it without our classes."""

from b2bua.call.acts import Alarm, Record
from b2bua.call.leg import Leg
from b2bua.call.pair import Pair
from b2bua.identity.screening import IDENTITY
from b2bua.moment import Moment
from b2bua.trunk import Limit
from policy.verdict import Finding, Outcome, Verdict
from sipstack.flow import Flow
from sipstack.message import Request


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
        "outcome": finding.outcome.word,
        "why": finding.why,
    }


def of_verdict(verdict: Verdict) -> dict[str, object]:
    """What may be kept as long as the journal: no number, no name."""
    return {
        "verdict": verdict.outcome.word,
        "basis": verdict.basis,
        "rules": sorted({finding.rule for finding in verdict.findings}),
        "flags": list(verdict.flags),
        "profile": verdict.profile,
        "register": verdict.register,
    }


def verdict_record(
    pair: Pair, invite: Request, verdict: Verdict, moment: Moment, removed: tuple[str, ...] = ()
) -> Record:
    """The evidence of one decision: what was said, what was found, by which law, and what was taken out."""
    facts = {**_origin(pair, invite), **of_verdict(verdict), "removed": list(removed)}
    personal = {
        **_said(invite),
        "findings": [of_finding(finding) for finding in verdict.findings],
        "roaming": {number: str(answer.outcome) for number, answer in pair.answers.items()},
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
    return Record("verdict", pair.call, moment.utc, facts, _said(invite))


def answer_record(pair: Pair, leg: Leg, redirected: int, uri: str, moment: Moment) -> Record:
    """The evidence that somebody answered: by which trunk and, after redirections, under which number."""
    facts: dict[str, object] = {"to": leg.trunk.name, "b_call_id": leg.call_id}
    if not redirected:
        return Record("answer", pair.call, moment.utc, facts)
    return Record("answer", pair.call, moment.utc, {**facts, "redirected": redirected}, {"called": uri})


def later_record(pair: Pair, leg: Leg, request: Request, outcome: Outcome, moment: Moment) -> list[Record]:
    """The evidence that a request within the call was refused for who it said calls, or lost a part; [] when it was
    neither."""
    if outcome is Outcome.PASS:
        return []
    facts = {"trunk": leg.trunk.name, "method": request.method, "found": outcome.word}
    return [Record("later", pair.call, moment.utc, facts, _said(request))]


def over_limit(calls: str, limit: Limit, moment: Moment) -> list[Alarm]:
    """Somebody must know that calls are refused for their number alone, though not at each of them."""
    return [Alarm("limit", f"calls {calls} are refused: {limit}")] if limit.is_news(moment.tick) else []


def _origin(pair: Pair, invite: Request) -> dict[str, object]:
    return {
        "trunk": pair.a.trunk.name,
        "class": str(pair.a.trunk.trunk_class),
        "peer": _spell(pair.a.flow),
        "call_id": invite.call_id,
    }


def _said(invite: Request) -> dict[str, object]:
    lines = zip(invite.headers.keys, invite.headers.lines, strict=True)
    return {"called": invite.uri, "identity": [line for key, line in lines if key == "from" or key in IDENTITY]}


def _spell(flow: Flow) -> str:
    host, port = flow.remote
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
