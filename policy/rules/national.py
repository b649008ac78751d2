"""¶24: calls that never leave the home country's infrastructure are outside the decree.

Untouched, and nobody is asked.
"""

from policy.claim import Claim, TrunkClass

BASIS = "¶24"


def applies(claim: Claim) -> bool:
    """Whether the call came by a national trunk."""
    return claim.trunk_class is TrunkClass.NATIONAL
