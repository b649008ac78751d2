"""Art. 4 §1, ¶14.2-15: on a special interface, the geographic numbers that its agreement lists.

Nomadic calls, conference dial-out, customer support and direct marketing. The list is exhaustive by law for the last
two; it is asked for the others too, since a number that nobody has listed is nobody's derogation. Support and marketing
want a holder established at home, with its company number. Art. 5: the regulator may suspend all of it.
"""

from policy.claim import TrunkClass
from policy.numbering import Range
from policy.position import Position
from policy.register import Agreement, Derogation
from policy.verdict import Finding, Outcome

from .case import Case


def excuse(case: Case) -> Finding | None:
    """The pass of a listed number on such an interface; None for any other."""
    call, terms = case.call, case.call.profile.article_4
    if terms is None or call.trunk_class is not TrunkClass.ARTICLE_4 or case.position is Position.OTHER:
        return None
    if case.number.range is not Range.GEOGRAPHIC or case.number.e164 is None or call.day < terms.effective:
        return None
    trunk = call.claim.trunk
    if call.register.suspension(Derogation.ARTICLE_4, trunk, call.day) is not None:
        return None
    for agreement in call.register.all(Agreement, trunk, call.day):
        if case.number.e164 in agreement.numbers and agreement.meets(call.profile.country):
            what = f"a number that agreement {agreement.reference} lists for {agreement.service} calls"
            basis, entry = terms.basis, agreement.reference
            return case.finding(Derogation.ARTICLE_4, Outcome.PASS, what, basis=basis, entry=entry)
    return None
