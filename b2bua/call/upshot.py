"""What the verdict on a set-up means for the rest of its call.

The verdict itself, with what was said and found, stands in the evidence; a call that is up has no more use for it.
"""

import attrs

from b2bua.identity.redaction import secrets_of
from policy.position import CLI
from policy.rules.clause import MARKED
from policy.verdict import Outcome, Verdict


@attrs.frozen
class Upshot:
    """Kept as long as the call."""

    outcome: Outcome
    enforced: bool
    secrets: tuple[str, ...]
    """Digits that the callee must not see, in any message; none on a trunk in shadow."""
    admitted: tuple[str, ...]
    """The numbers of the caller that passed, by derogation or by decision too; not those that crossed as unverified,
    which are judged and marked again."""

    @classmethod
    def of(cls, verdict: Verdict) -> "Upshot":
        """That of a verdict."""
        passed = [f for f in verdict.findings if f.outcome is Outcome.PASS and f.flag != MARKED]
        admitted = dict.fromkeys([f.number for f in passed if f.number is not None and f.position in CLI])
        secrets = secrets_of(verdict) if verdict.enforced else ()
        return cls(verdict.outcome, verdict.enforced, secrets, tuple(admitted))
