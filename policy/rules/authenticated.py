"""A number for which its own operator vouches, call by call, as some countries' law asks (STIR: RFC 8224, RFC 8588).

The claim says so only when a verifier of ours has checked the signature; what a peer writes says nothing.
"""

from policy.position import Position
from policy.register import Derogation
from policy.verdict import Finding, Outcome

from .case import Case


def excuse(case: Case) -> Finding | None:
    """The pass of an authenticated number; None for any other."""
    terms, level = case.call.profile.authenticated, case.call.claim.authentication
    if terms is None or level not in terms.levels or case.call.day < terms.effective:
        return None
    if case.position is Position.OTHER:
        return None
    what = f"a {case.call.profile.home} {case.number.range} number, authenticated at level {level}"
    if case.position is Position.DISPLAY:
        return case.if_equal(Derogation.AUTHENTICATED, what, basis=terms.basis)
    return case.finding(Derogation.AUTHENTICATED, Outcome.PASS, what, basis=terms.basis)
