"""The one exception to the laws: a call for help is never blocked and never withheld.

The law is silent (L13). The router says so, and only when the called number is exactly an emergency number and an
emergency route carries the call; nothing the caller writes can say it.
"""

from policy.claim import Claim

BASIS = "call to an emergency service (the law is silent)"


def applies(claim: Claim) -> bool:
    """Whether the call is one."""
    return claim.emergency
