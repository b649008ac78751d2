"""A verdict as plain data, for the evidence, for `explain`, for anybody who must read it without our classes."""

from policy.verdict import Finding, Verdict


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
