"""Art. 1 3°, ¶8 3°: a mobile number of the home country, which may be its subscriber calling from abroad.

Asked, and only asked, when the answer can change the verdict:

    abroad               pass
    not abroad           block
    unknown subscriber   block: nobody who has the number is abroad
    failed               withhold, the recorded failure being the proof; or block, by the setting `on_error`
    not offered          withhold with a dated dossier that the check is infeasible ("exclusivement"), else block

As redirecting number it is absent from the list of ¶9: unless its subscriber is abroad the field is stripped, and the
call goes on. In a display-name it may only repeat a number that passes. Art. 3 2° and 3° would be asked here, before
the row applies.
"""

import attrs

from policy.position import Position
from policy.profile import RuleName
from policy.register import Register
from policy.roaming import Answer, Roaming
from policy.verdict import Finding, Outcome

from .case import Case, Pending, Ruling


def judge(case: Case) -> Ruling:
    """The row "mobile"."""
    return case.apply(RuleName.MOBILE, f"a {case.call.profile.home} mobile number")


def settle(pending: Pending, answer: Answer, register: Register) -> Finding:
    """The finding once its holder has answered."""
    case = pending.case
    said = f"a mobile number whose check says {answer.outcome} ({answer.source})"
    if answer.outcome is Roaming.ABROAD:
        return case.finding(RuleName.MOBILE, Outcome.PASS, said)
    if case.position is Position.REDIRECT:
        return _refused(case, said)
    if answer.outcome is Roaming.FAILED and not case.call.profile.settings.block_on_error:
        return case.finding(RuleName.MOBILE, Outcome.WITHHOLD, said, basis=_basis(case, "failed check"))
    if answer.outcome is Roaming.NOT_OFFERED:
        dossier = register.dossier_for(pending.number, case.call.day)
        if dossier is not None:
            said = f"{said}, infeasible by dossier {dossier.reference}"
            return case.finding(RuleName.MOBILE, Outcome.WITHHOLD, said, basis=_basis(case, "dossier"))
        said = f"{said}, without a dossier that it is infeasible"
    return _refused(case, said)


def leave(pending: Pending) -> Finding:
    """The finding of a number that need not be asked, since the call is refused whatever the answer."""
    outcome = Outcome.STRIP if pending.case.position is Position.REDIRECT else Outcome.WITHHOLD
    said = "a mobile number, not asked about: another finding already refuses the call"
    return attrs.evolve(pending.case.finding(RuleName.MOBILE, outcome, said), flag="not-asked")


def refuse(pending: Pending) -> Finding:
    """The finding when a call claims more mobile numbers than anybody may be asked about."""
    said = "one of more mobile numbers than one call may ask about"
    return pending.case.finding(RuleName.MOBILE, Outcome.BLOCK, said)


def _refused(case: Case, said: str) -> Finding:
    outcome = Outcome.STRIP if case.position is Position.REDIRECT else Outcome.BLOCK
    return case.finding(RuleName.MOBILE, outcome, said)


def _basis(case: Case, proof: str) -> str:
    return f"{case.call.profile.rules[RuleName.MOBILE].basis} 3° ({proof})"
