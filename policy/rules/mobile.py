"""Art. 1 3°, ¶8 3°: a mobile number of the home country, which may be its subscriber calling from abroad.

Asked, and only asked, when the answer can change the verdict:

    abroad               pass
    not abroad           block
    unknown subscriber   block: nobody who has the number is abroad
    failed               withhold, the recorded failure being the proof; or block, by the setting `on_error`
    not asked            block: limits of our own show nothing of the holder's side
    not offered          withhold with a dated dossier that the check is infeasible ("exclusivement"), else block

As redirecting number it is absent from the list of ¶9: unless its subscriber is abroad the field is stripped, and the
call goes on. In a display-name it is stripped too. What follows from each answer is the profile's
(`[verify]`); the above is Belgium's.
"""

import attrs

from policy.position import Position
from policy.profile import Action, RuleName
from policy.register import Dossier
from policy.roaming import Answer, Roaming
from policy.verdict import Finding, Outcome

from .case import Case, Pending, Ruling


def judge(case: Case) -> Ruling:
    """The row "mobile"."""
    return case.apply(RuleName.MOBILE, f"a {case.call.profile.home} mobile number")


def settle(pending: Pending, answer: Answer) -> Finding:
    """The finding once its holder has answered."""
    case, verify = pending.case, pending.case.call.profile.verify
    said = f"a mobile number whose check says {answer.outcome} ({answer.source})"
    if answer.outcome is Roaming.ABROAD:
        return _ruled(case, verify.abroad, said)
    if case.position is Position.REDIRECT:
        return case.finding(RuleName.MOBILE, Outcome.STRIP, said)
    if answer.outcome is Roaming.NOT_OFFERED:
        dossier = case.call.register.covering(Dossier, pending.number, case.call.day)
        if dossier is not None:
            said = f"{said}, infeasible by dossier {dossier.reference}"
            return _ruled(case, verify.infeasible, said, proof="dossier", entry=dossier.reference)
        return _ruled(case, verify.not_offered, f"{said}, without a dossier that it is infeasible")
    if answer.outcome is Roaming.FAILED:
        failed = _ruled(case, verify.failed, said, proof="failed check")
        return failed if failed.flag else attrs.evolve(failed, flag="roaming-failed")
    action = {
        Roaming.NOT_ABROAD: verify.not_abroad,
        Roaming.UNKNOWN_SUBSCRIBER: verify.unknown_subscriber,
        Roaming.NOT_ASKED: verify.not_asked,
    }[answer.outcome]
    found = _ruled(case, action, said)
    return attrs.evolve(found, flag="roaming-limit") if answer.outcome is Roaming.NOT_ASKED else found


def leave(pending: Pending) -> Finding:
    """The finding of a number that need not be asked, since the call is refused whatever the answer."""
    if pending.otherwise is not None:
        return pending.otherwise
    outcome = Outcome.STRIP if pending.case.position is Position.REDIRECT else Outcome.WITHHOLD
    said = "a mobile number, not asked about: another finding already refuses the call"
    return attrs.evolve(pending.case.finding(RuleName.MOBILE, outcome, said), flag="not-asked")


def refuse(pending: Pending) -> Finding:
    """The finding when a call claims more mobile numbers than anybody may be asked about."""
    if pending.otherwise is not None:
        return pending.otherwise
    said = "one of more mobile numbers than one call may ask about"
    return pending.case.finding(RuleName.MOBILE, Outcome.BLOCK, said)


def _ruled(case: Case, action: Action, said: str, *, proof: str = "", entry: str = "") -> Finding:
    basis = f"{case.call.profile.rules[RuleName.MOBILE].basis} 3° ({proof})" if action is Action.WITHHOLD else ""
    return case.ruled(RuleName.MOBILE, action, said, basis=basis, entry=entry)
