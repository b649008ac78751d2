"""What is not a CLI yet shown or read back: Referred-By, Reply-To, Call-Info.

No ground to block and nobody is asked; but a home number that the call could not show as its CLI must not reach the
callee this way either. Only the called number itself, which the callee knows, may stand there.
"""

import attrs

from policy.verdict import Finding, Outcome

from .case import Case, Ruling
from .redirect import home_numbers, is_called


def only_called(case: Case) -> bool:
    """Whether the home numbers there are the called one and no other."""
    return is_called(home_numbers(case.number), case.call)


def flagged(ruling: Ruling) -> Ruling:
    """The ruling, with a flag when it strips: somebody put a home number where no CLI belongs."""
    if isinstance(ruling, Finding) and ruling.outcome is Outcome.STRIP:
        return attrs.evolve(ruling, flag="not-a-cli")
    return ruling
