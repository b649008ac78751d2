"""Where a program that embeds the gateway has its say: a verdict of its own, a route of its own.

Both are the host's code, called in the middle of a call, so neither is trusted with it. A verdict may only become more
severe (`pass` < `strip` < `withhold` < `block`), since what the law forbids is not the host's to allow; a route may
only name a trunk that can take the call. Whatever else they say, or raise, is as if they had said nothing, with an
alarm: the engine's verdict stands, and the configured route is taken.
"""

from collections.abc import Callable
from inspect import iscoroutinefunction
from types import TracebackType

import attrs

from b2bua.call.acts import Alarm
from b2bua.errors import GatewayError
from b2bua.trunk import Trunks
from policy.claim import Claim, TrunkClass
from policy.numbering import Range
from policy.numbering.hidden import plain
from policy.position import Position
from policy.verdict import Finding, Outcome, Verdict

VerdictHook = Callable[[Claim, Verdict], Verdict]
RouteHook = Callable[[str, str], str | None]

#: The rule of a hook's findings; one that has a name of its own keeps it behind this: `hook: our block list`.
RULE = "hook"
#: What stands for the article of the law where there is none.
BASIS = "own rule"


#: Classes whose calls are passed or refused, and never changed.
UNTOUCHED = (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT)


class _UnfitError(Exception):
    """What a hook said cannot be taken; the text says why, without personal data."""


@attrs.frozen(kw_only=True)
class Hooks:
    """What the host adds. Both hooks are plain functions, called on the loop: what they wait for, every call waits for.

    Raises GatewayError for one that is `async`.
    """

    verdict: VerdictHook | None = attrs.field(default=None)
    """Asked at a call's INVITE, after the engine: the claim and the engine's verdict give the verdict. And again, with
    another `called`, where a redirection is followed: the call goes there only if this verdict adds nothing to the
    first.

    `attrs.evolve(verdict, outcome=Outcome.BLOCK)` is enough; findings that it adds say why, in the evidence. On a
    trunk in shadow nothing comes of the engine's verdict (`enforced` is False), but of one that is raised, or that says
    `enforced=True`, all does. Never asked about a call to an emergency service, which nothing may stop."""
    route: RouteHook | None = attrs.field(default=None)
    """The name of the trunk that a call leaves by, given that it came by and the called number (`+32...`); None: as
    configured. Never asked about a call to an emergency service, which has its own trunk."""
    judges_national: bool = False
    """Whether `verdict` is asked about calls from national trunks too, which the decree leaves alone.

    Nothing of these is read, so their claim is empty (a rule such as "block what shows no number" would block them all)
    and they can only be passed or blocked."""

    @verdict.validator
    @route.validator
    def _is_plain(self, field: "attrs.Attribute[object]", hook: object) -> None:
        if iscoroutinefunction(hook) or iscoroutinefunction(getattr(hook, "__call__", None)):  # noqa: B004 - looked at
            raise GatewayError(
                f"the {field.name} hook is async; it is called in the middle of a call, which cannot wait"
            )

    def review(self, claim: Claim, verdict: Verdict) -> tuple[Verdict, list[Alarm]]:
        """The verdict on a call, after the host's word."""
        if self.verdict is None or claim.emergency:
            return verdict, []
        if verdict.trunk_class == TrunkClass.NATIONAL and not self.judges_national:
            return verdict, []
        try:
            return _raised(claim, verdict, self.verdict(claim, verdict)), []
        except Exception as error:
            text = f"the verdict hook {_told(error)}; the engine's verdict stands"
            return verdict, [Alarm("hook", text)]

    def way(self, source: str, called: str, trunks: Trunks) -> tuple[str | None, list[Alarm]]:
        """The trunk that the host wants for a call; None when it wants none."""
        if self.route is None:
            return None, []
        try:
            name = self.route(source, called)
            return _known(name, trunks), []
        except Exception as error:
            return None, [Alarm("hook", f"the route hook {_told(error)}; the configured route is taken")]


def _known(name: object, trunks: Trunks) -> str | None:
    if name is None:
        return None
    trunk = trunks.by_name.get(name) if isinstance(name, str) else None
    if trunk is None:
        raise _UnfitError("named no trunk of the configuration")
    if not trunk.targets:
        raise _UnfitError(f"named {trunk.name}, which has no targets")
    return trunk.name


def _raised(claim: Claim, verdict: Verdict, said: object) -> Verdict:
    """The engine's verdict with what a hook's adds to it: findings of the engine stay, whatever the hook's lacks."""
    if said is verdict:
        return verdict
    if not isinstance(said, Verdict) or not isinstance(said.outcome, Outcome):
        raise _UnfitError("gave no verdict")
    if said.outcome < verdict.outcome:
        raise _UnfitError(f"would turn {verdict.outcome.word} into {said.outcome.word}")
    added = [finding for finding in said.findings if finding not in verdict.findings]
    if not all(_is_sound(finding) for finding in added):
        raise _UnfitError("gave a finding that evidence cannot hold")
    outcome = max([said.outcome, *(finding.outcome for finding in added)])
    if outcome > verdict.outcome:
        added += _implied(verdict, outcome, added)
    for finding in added:
        _refuse_impossible(claim, verdict.trunk_class, outcome, finding)
    # On trial is the law, and not the host: what is more severe than the law, or says so itself, is its own word.
    is_own = said.enforced or outcome > verdict.outcome
    return attrs.evolve(_joined(claim, verdict, outcome, added), enforced=verdict.enforced or is_own)


def _is_sound(finding: object) -> bool:
    """Whether it is a finding in all its fields: no type checker need have seen the host's code."""
    if not isinstance(finding, Finding):
        return False
    return all(isinstance(getattr(finding, field.name), field.type or object) for field in attrs.fields(Finding))


def _implied(verdict: Verdict, outcome: Outcome, added: list[Finding]) -> list[Finding]:
    """The findings of an outcome that the hook gave without any: withholding takes every number of the call."""
    why = f"The hook of the embedding program raised the verdict from {verdict.outcome.word} to {outcome.word}."
    every = verdict.findings if outcome is Outcome.WITHHOLD else ()
    implied = [
        attrs.evolve(finding, rule=RULE, basis=BASIS, outcome=outcome, why=why, digits="", flag="")
        for finding in every
        if finding.number is not None
    ]
    if implied or any(finding.outcome is outcome for finding in added):
        return implied
    if outcome is Outcome.STRIP:
        raise _UnfitError("would strip, and adds no finding that says which field")
    return [
        Finding(
            position=Position.OTHER,
            header="",
            index=0,
            raw="",
            number=None,
            range="none",
            rule=RULE,
            basis=BASIS,
            outcome=outcome,
            why=why,
        )
    ]


def _refuse_impossible(claim: Claim, trunk_class: str, outcome: Outcome, finding: Finding) -> None:
    """Evidence must not say that something was taken out which nobody takes out."""
    if outcome in (Outcome.STRIP, Outcome.WITHHOLD) and trunk_class in UNTOUCHED:
        raise _UnfitError(f"would {outcome.word} on a {trunk_class} trunk, whose calls are never changed")
    if finding.outcome is not Outcome.STRIP or outcome is Outcome.BLOCK:
        return
    if (finding.position, finding.header) not in {(place.position, place.header) for place in claim.assertions}:
        raise _UnfitError("would strip a field that the call does not have")
    if finding.header == "From" and finding.position is not Position.DISPLAY:
        raise _UnfitError("would strip From, which a request must have; withholding replaces it")


def _joined(claim: Claim, verdict: Verdict, outcome: Outcome, added: list[Finding]) -> Verdict:
    places = {(finding.header, finding.index) for finding in added if finding.outcome is not Outcome.PASS}
    # What stays in the message, or must, is no secret: the egress guard would find it there and refuse the call.
    shown = [f.number for f in verdict.findings if f.outcome is Outcome.PASS and (f.header, f.index) not in places]
    legible = [plain(text).replace(" ", "") for text in (claim.called, *(number or "" for number in shown))]
    named = tuple(_named(finding, legible) for finding in added)
    deciding = next((f for f in named if f.outcome is outcome), None) if outcome > verdict.outcome else None
    return attrs.evolve(
        verdict,
        outcome=outcome,
        basis=verdict.basis if deciding is None else deciding.basis,
        findings=(*verdict.findings, *named),
        flags=tuple(sorted({*verdict.flags, *(finding.flag for finding in named)} - {""})),
    )


def _named(finding: Finding, legible: list[str]) -> Finding:
    """The finding as evidence tells it: by whose rule it is, and which digits nobody may see."""
    rule = RULE if finding.rule in ("", RULE) else f"{RULE}: {finding.rule}"
    digits = "" if finding.outcome is Outcome.PASS else finding.digits or (finding.number or "").removeprefix("+")
    if any(_is_said(finding, digits, text) for text in legible):
        digits = ""
    return attrs.evolve(finding, rule=rule, basis=finding.basis or BASIS, digits=digits)


def _is_said(finding: Finding, digits: str, text: str) -> bool:
    """Whether what stays legible is that number; one that merely contains it, a caller can choose."""
    if finding.number is None or finding.range in (Range.FOREIGN, Range.GLOBAL_SERVICE):
        return digits in text
    return text.lstrip("+0") == finding.number.lstrip("+0")


def _told(error: Exception) -> str:
    """What became of a hook. What the host's own exception says may name a number, so only its place is told."""
    if isinstance(error, _UnfitError):
        return str(error)
    return f"raised {type(error).__name__} at {place_of(error.__traceback__)}"


def place_of(trace: TracebackType | None) -> str:
    """File and line of where it was raised; what an exception itself says may name a number."""
    place = "an unknown line"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
