"""Art. 4: what a special interface is not for. Nothing is refused for it; somebody should look."""

import attrs

from policy.claim import TrunkClass
from policy.numbering import Range
from policy.position import CLI
from policy.verdict import Finding, Outcome

from .case import Case

_OTHER_CALLERS = (Range.FOREIGN, Range.GLOBAL_SERVICE, Range.MOBILE)


def flagged(case: Case, finding: Finding) -> Finding:
    """The finding, with a flag when a caller passes whom no agreement on such an interface is about."""
    if case.call.trunk_class is not TrunkClass.ARTICLE_4 or case.position not in CLI:
        return finding
    if case.number.range not in _OTHER_CALLERS or finding.outcome is not Outcome.PASS or finding.flag:
        return finding
    return attrs.evolve(finding, flag="not-the-interface")
