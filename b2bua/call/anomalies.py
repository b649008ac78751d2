"""What is not forbidden and should be looked at: an exception that carries something else, a marker nobody may write.

Each is a flag in the call's evidence, and an alarm that is told once an hour however often it happens.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from b2bua.call.acts import Alarm
from b2bua.call.callers import callers_of
from b2bua.call.leg import Leg
from b2bua.call.shares import HOUR, Shares, nomadic_agreement
from b2bua.moment import Moment
from b2bua.trunk import News
from policy.claim import TrunkClass
from policy.numbering import Plan
from policy.position import CLI, Position
from policy.register import Agreement, Register, civil_day
from policy.verdict import Outcome, Verdict
from sipstack.message import Request

FORGED: Final = "forged-marker"
#: Flags of a verdict that somebody must hear of, with what is told of the trunk.
ALARMING: Final[Mapping[str, str]] = {
    FORGED: "a call has a marker of a circuit that does not verify; it is judged as international",
    "attestation-lapsed": "no attestation is in force and complete; its calls are judged as international (¶32, ¶40)",
    "node-abroad": "one end of it stands abroad; its calls are judged as international (¶21)",
    "roaming-failed": "a roaming check failed; what follows is the setting on_error, with the failure as proof (¶8 3°)",
    "roaming-limit": "roaming checks are held back by limits of our own; the calls are refused",
    "article-3-rate": "one redirecting number has had as many calls as art. 3 is believed for; more are refused",
}
_SCREENED: Final = (TrunkClass.INTERNATIONAL, TrunkClass.ARTICLE_4)
_PASS: Final = Outcome.PASS


@attrs.define(eq=False)
class Anomalies:
    """Those of one gateway."""

    shares: Shares = attrs.field(factory=Shares, repr=False)
    _told: dict[tuple[str, str], News] = attrs.field(factory=dict, init=False, repr=False)
    """By flag and trunk or circuit."""

    def weigh(
        self, origin: Leg, invite: Request, verdict: Verdict, *, register: Register, plan: Plan, moment: Moment
    ) -> tuple[Verdict, list[Alarm]]:
        """The verdict on a call that came by that leg, with the flags it is worth, and what somebody must hear."""
        now, name = moment.tick, origin.known_as
        flags, alarms = set(verdict.flags), list[Alarm]()
        if origin.is_forged:
            flags.add(FORGED)
        if _is_anonymous(verdict):
            flags.add("anonymous-caller")
        if _is_signed_otherwise(verdict):
            flags.add("passport-differs")
        if verdict.trunk_class == TrunkClass.NATIONAL_TRANSIT:
            more, told = self.shares.crossed(name, flags, origin.max_foreign_share, now)
            flags.update(more)
            alarms += told
        for number, agreement in _nomads(origin, invite, verdict, register=register, plan=plan, moment=moment):
            is_abroad = verdict.trunk_class == TrunkClass.ARTICLE_4
            more, told = self.shares.called(number, agreement, is_abroad=is_abroad, now=now)
            flags.update(more)
            alarms += told
        if not flags:
            return verdict, alarms
        for flag in sorted(flags & ALARMING.keys()):
            if self._told.setdefault((flag, name), News(HOUR)).is_due(now):
                alarms.append(Alarm(flag, f"trunk {name}: {ALARMING[flag]}"))
        return (verdict if flags == set(verdict.flags) else attrs.evolve(verdict, flags=tuple(sorted(flags)))), alarms


def _is_anonymous(verdict: Verdict) -> bool:
    """Whether a call that is judged passes without a caller's number (¶25): counted, and nothing else."""
    if verdict.trunk_class not in _SCREENED or verdict.outcome is not _PASS or "emergency" in verdict.flags:
        return False
    return not any(finding.number for finding in verdict.findings if finding.position in CLI)


def _is_signed_otherwise(verdict: Verdict) -> bool:
    """Whether a PASSporT names a caller whom nothing else names, or a diverter (RFC 8224 §5.2, RFC 8946).

    Nobody here verifies a signature, so that it proves nothing; but who does will not believe the call."""
    if not any(finding.header == "Identity" for finding in verdict.findings):
        return False
    for positions in (CLI, (Position.REDIRECT,)):
        told = [(f.number, f.header) for f in verdict.findings if f.position in positions and f.number is not None]
        signed = {number for number, header in told if header == "Identity"}
        said = {number for number, header in told if header != "Identity"}
        if said and not signed <= said:
            return True
    return False


def _nomads(
    origin: Leg, invite: Request, verdict: Verdict, *, register: Register, plan: Plan, moment: Moment
) -> Iterator[tuple[str, Agreement]]:
    """The nomadic numbers that call: from abroad by the interface that lists them, or from home by any national trunk.

    No national call is read unless the register has an agreement."""
    if not register.has(Agreement):
        return
    day = civil_day(moment.utc)
    if verdict.trunk_class == TrunkClass.NATIONAL:
        said, trunk = callers_of(invite, plan), None
    elif verdict.trunk_class == TrunkClass.ARTICLE_4 and verdict.outcome is not Outcome.BLOCK:
        said = frozenset(f.number for f in verdict.findings if f.position in CLI and f.number is not None)
        trunk = origin.known_as
    else:
        return
    for number in sorted(said):
        agreement = nomadic_agreement(register, number, day, trunk)
        if agreement is not None:
            yield number, agreement
