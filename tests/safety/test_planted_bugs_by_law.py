"""The same hunters on the ground that classes, countries, reliefs and trials have added: each planted bug is seen.

A hunt fails by the very assertions of the tests; what it finds, it finds in every run.
"""

import importlib
import random
from collections.abc import Callable

import attrs
import pytest

from b2bua.call import account, departure, oracle, pair, upshot
from b2bua.call import call as calls
from b2bua.call.leg import Leg
from b2bua.identity import later, marking, privacy, redaction, screening
from b2bua.trunk.circuits import Circuits, Signalled
from policy.claim import TrunkClass
from policy.register import Attestation, Entry
from policy.rules.clause import MARKED
from policy.verdict import Finding, Outcome
from sipstack.message import Headers
from tests.safety import (
    test_circuits,
    test_marking,
    test_no_forbidden_number,
    test_redirect_mode,
    test_relief,
    test_shadow,
)
from tests.safety.countries import BELGIUM, FRANCE
from tests.world import anything
from tests.world.laws import BrokenLawError
from tests.world.scene import Scene

Patch = pytest.MonkeyPatch
Hunt = Callable[[], bool]
ENGINE = importlib.import_module("policy.engine")
STANDING = importlib.import_module("policy.standing")


def sees(test: Callable[[random.Random], object], cases: int) -> bool:
    """Whether that test fails for any of so many seeds."""
    for seed in range(cases):
        try:
            test(random.Random(seed))
        except AssertionError:
            return True
    return False


def body_of(test: Callable[..., object]) -> Callable[..., object]:
    """What a property test does with one draw."""
    inner: Callable[..., object] = test.hypothesis.inner_test
    return inner


def whatever_the_class() -> bool:
    return sees(test_no_forbidden_number.end_of, 200)


def in_france() -> bool:
    return sees(lambda rng: test_no_forbidden_number.end_of(rng, FRANCE), 200)


def in_mid_call() -> bool:
    return sees(test_no_forbidden_number.talk, 150)


def in_mid_call_in_france() -> bool:
    return sees(lambda rng: test_no_forbidden_number.talk(rng, FRANCE), 150)


def beside_a_relief() -> bool:
    return any(sees(lambda rng, of=relief: test_relief.end_of(rng, of), 60) for relief in test_relief.RELIEFS)


def a_relief_itself() -> bool:
    crosses = body_of(test_relief.test_the_number_that_may_be_shown_crosses_to_the_byte)
    return any(sees(lambda rng, of=relief: crosses(of, rng), 30) for relief in test_relief.RELIEFS)


def behind_a_marker() -> bool:
    return sees(lambda rng: test_circuits.end_of(rng, rng.choice(test_circuits.FORGED)), 100)


def behind_a_lapsed_circuit() -> bool:
    return sees(lambda rng: test_circuits.end_of(rng, (test_circuits.TRANSIT,)), 100)


def the_mark() -> bool:
    return sees(body_of(test_marking.test_an_unverified_number_stays_and_is_marked_and_no_other_is), 80)


def the_mark_in_mid_call() -> bool:
    return sees(lambda _: test_marking.test_it_is_marked_again_wherever_it_stands_in_mid_call(""), 1)


def the_trial() -> bool:
    return sees(body_of(test_shadow.test_a_call_on_trial_goes_on_as_it_came_and_is_recorded_as_it_would_have_ended), 60)


def what_a_trial_names() -> bool:
    return sees(body_of(test_shadow.test_what_would_have_been_taken_out_is_named), 60)


def the_end_of_a_trial() -> bool:
    return sees(lambda _: test_shadow.test_the_day_after_its_last_it_enforces(), 1)


def told_to_an_asker() -> bool:
    return sees(lambda rng: test_redirect_mode.end_of(rng, BELGIUM), 300)


def in_the_world() -> bool:
    for seed in range(150):
        try:
            anything.play(seed, Scene)
        except BrokenLawError:
            return True
    return False


# The bugs.


def no_guard(patch: Patch) -> None:
    """Else it would hide them: that is what it is for."""
    patch.setattr(pair, "leak", lambda *_: None)


def declared_is_what_counts(patch: Patch) -> None:
    patch.setattr(Leg, "is_screened", property(lambda leg: leg.declared is TrunkClass.INTERNATIONAL))
    no_guard(patch)


def claimed_as_declared(patch: Patch) -> None:
    whole = screening.claim_of
    patch.setattr(calls, "claim_of", lambda request, origin, **rest: whole(request, origin, **rest | {"stands": None}))


def special_trunks_are_spared_later(patch: Patch) -> None:
    whole = pair.Pair.screen
    spared = TrunkClass.ARTICLE_4
    patch.setattr(pair.Pair, "screen", lambda self, leg: None if leg.trunk_class is spared else whole(self, leg))


def attestations_last_for_ever(patch: Patch) -> None:
    patch.setattr(Attestation, "holds", lambda entry, day: True)


def a_transit_trunk_needs_no_attestation(patch: Patch) -> None:
    patch.setattr(STANDING, "_international", lambda *_: STANDING.Standing(TrunkClass.NATIONAL_TRANSIT))


def only_what_is_refused_is_secret(patch: Patch) -> None:
    def secrets(verdict: object) -> tuple[str, ...]:
        return tuple({f.digits: None for f in verdict.findings if f.outcome is Outcome.BLOCK and f.digits})

    for module in (upshot, redaction, later):
        patch.setattr(module, "secrets_of", secrets)


def withheld_less_what_is_asserted(patch: Patch) -> None:
    patch.setattr(redaction, "IDENTITY", redaction.IDENTITY - {"p-asserted-identity", "identity"})
    patch.setattr(redaction, "sweep", lambda *_: None)
    no_guard(patch)


def strips_only_the_display(patch: Patch) -> None:
    patch.setattr(redaction, "_strip", lambda finding, caller, headers, removed: caller)
    patch.setattr(redaction, "sweep", lambda *_: None)
    no_guard(patch)


def one_admitted_number_admits_all(patch: Patch) -> None:
    whole = later.LaterScreen._decide

    def decided(self: object, assertions: object, *rest: object) -> object:
        return whole(self, () if self.claim.admitted else assertions, *rest)

    patch.setattr(later.LaterScreen, "_decide", decided)


def one_passing_number_passes_all(patch: Patch) -> None:
    whole = redaction.redact

    def redacted(caller: str, headers: Headers, body: bytes, verdict: object, **rest: object) -> object:
        if any(found.entry and found.outcome is Outcome.PASS for found in verdict.findings):
            return redaction.Redacted(caller, headers, body, ())
        return whole(caller, headers, body, verdict, **rest)

    patch.setattr(calls, "redact", redacted)
    no_guard(patch)


def every_caller_is_private(patch: Patch) -> None:
    whole = departure.depart

    def departs(headers: Headers, *rest: object, **more: object) -> Headers:
        left = whole(headers, *rest, **more)
        privacy.restrict(left, frozenset({"id"}))
        return left

    patch.setattr(calls, "depart", departs)


def asserted_numbers_are_rewritten(patch: Patch) -> None:
    whole = departure.depart

    def departs(headers: Headers, *rest: object, **more: object) -> Headers:
        left = whole(headers, *rest, **more)
        for value in left.all("p-asserted-identity")[:1]:
            left.replace("p-asserted-identity", value.replace("+32", "0"))
        return left

    patch.setattr(calls, "depart", departs)


def markers_are_believed(patch: Patch) -> None:
    patch.setattr(Circuits, "signalled", lambda self, *_: Signalled(self.all[0]) if self.all else Signalled())


def markers_cross(patch: Patch) -> None:
    patch.setattr(pair.Pair, "brought", lambda self, leg, message: (pair.crossing(message), ()))


def a_lapsed_circuit_is_one(patch: Patch) -> None:
    patch.setattr(Attestation, "is_complete", property(lambda entry: True))
    whole = STANDING.standing

    def stands(claim: object, *rest: object) -> object:
        found = whole(claim, *rest)
        if found.flag != "attestation-lapsed" or claim.trunk != "marked and lapsed":
            return found
        return STANDING.Standing(TrunkClass.NATIONAL_TRANSIT)

    for module in ("b2bua.call.context", "policy.engine"):
        patch.setattr(importlib.import_module(module), "standing", stands)


def nothing_is_marked(patch: Patch) -> None:
    patch.setattr(redaction, "mark", lambda caller, headers, verdict: caller)


def every_asserted_number_is_marked(patch: Patch) -> None:
    whole = marking.mark

    def marks(caller: str, headers: Headers, verdict: object) -> str:
        everywhere = [attrs.evolve(found, flag=MARKED) for found in verdict.findings]
        return whole(caller, headers, attrs.evolve(verdict, findings=tuple(everywhere)))

    patch.setattr(redaction, "mark", marks)


def the_other_s_word_stays_beside_the_mark(patch: Patch) -> None:
    patch.setattr(redaction, "_without_verstat", lambda value, removed: value)


def marked_numbers_are_admitted(patch: Patch) -> None:
    patch.setattr(upshot, "MARKED", "")


def nothing_is_marked_later(patch: Patch) -> None:
    patch.setattr(later, "mark", lambda *_: "")


def a_trial_edits_what_crosses(patch: Patch) -> None:
    patch.setattr(Headers, "copy", lambda headers: headers)


def a_trial_is_recorded_as_enforced(patch: Patch) -> None:
    whole = account.of_verdict
    patch.setattr(account, "of_verdict", lambda verdict: whole(verdict) | {"enforced": True})


def strips_are_not_named(patch: Patch) -> None:
    whole = account.of_finding

    def told(finding: Finding) -> dict[str, object]:
        return whole(attrs.evolve(finding, number=None, raw="") if finding.outcome is Outcome.STRIP else finding)

    patch.setattr(account, "of_finding", told)


def entries_never_end(patch: Patch) -> None:
    patch.setattr(Entry, "holds", lambda entry, day: entry.since <= day)


def nobody_listens_later(patch: Patch) -> None:
    patch.setattr(later.LaterScreen, "_judge", lambda *_: (Outcome.PASS, ()))


def a_passing_number_uncovers_what_it_contains(patch: Patch) -> None:
    whole = ENGINE._guarded

    def guarded(findings: list[Finding], call: object) -> tuple[Finding, ...]:
        passing = [found.number for found in findings if found.outcome is Outcome.PASS and found.number]
        return tuple(
            attrs.evolve(found, digits="") if any(found.digits in number for number in passing) else found
            for found in whole(findings, call)
        )

    patch.setattr(ENGINE, "_guarded", guarded)


def few_digits_are_not_searched_for(patch: Patch) -> None:
    whole = redaction.secrets_of
    for module in (upshot, redaction, later):
        patch.setattr(module, "secrets_of", lambda verdict: tuple(s for s in whole(verdict) if not s.startswith("508")))


def an_asker_is_told_what_can_be_said(patch: Patch) -> None:
    whole = oracle._edits
    patch.setattr(oracle, "_edits", lambda *given: (whole(*given)[0], ()))


def an_asker_keeps_what_shows_it_elsewhere(patch: Patch) -> None:
    patch.setattr(oracle, "_leaks", lambda *_: [])


BUGS: dict[str, tuple[Callable[[Patch], None], Hunt]] = {
    "a trunk is screened by what it was declared as": (declared_is_what_counts, whatever_the_class),
    "a lapsed trunk is read as a transit trunk": (claimed_as_declared, whatever_the_class),
    "a special interface is not screened in mid-call": (special_trunks_are_spared_later, in_mid_call),
    "an attestation lasts for ever": (attestations_last_for_ever, whatever_the_class),
    "a transit trunk needs no attestation": (a_transit_trunk_needs_no_attestation, in_the_world),
    "only what is refused is secret": (only_what_is_refused_is_secret, in_france),
    "a withheld French P-Asserted-Identity stays": (withheld_less_what_is_asserted, in_france),
    "fields are found and not taken out": (strips_only_the_display, in_france),
    "nobody listens in mid-call in France": (nobody_listens_later, in_mid_call_in_france),
    "an admitted number admits any in mid-call": (one_admitted_number_admits_all, in_mid_call),
    "a number that passes by an entry lets the others pass": (one_passing_number_passes_all, beside_a_relief),
    "every caller is taken for private": (every_caller_is_private, a_relief_itself),
    "a number that passes is written otherwise": (asserted_numbers_are_rewritten, a_relief_itself),
    "a passing number uncovers the digits in it": (a_passing_number_uncovers_what_it_contains, whatever_the_class),
    "a number of few digits is not searched for": (few_digits_are_not_searched_for, in_france),
    "a marker is believed of anybody": (markers_are_believed, behind_a_marker),
    "a marker crosses": (markers_cross, behind_a_marker),
    "a circuit needs no attestation": (a_lapsed_circuit_is_one, behind_a_lapsed_circuit),
    "an unverified number is not marked": (nothing_is_marked, the_mark),
    "a verified number is marked": (every_asserted_number_is_marked, the_mark),
    "another's word on the number stays beside ours": (the_other_s_word_stays_beside_the_mark, the_mark),
    "a marked number is admitted in mid-call": (marked_numbers_are_admitted, the_mark_in_mid_call),
    "nothing is marked in mid-call": (nothing_is_marked_later, the_mark_in_mid_call),
    "a trial edits what crosses": (a_trial_edits_what_crosses, the_trial),
    "a trial is recorded as enforced": (a_trial_is_recorded_as_enforced, the_trial),
    "a trial does not name what it would strip": (strips_are_not_named, what_a_trial_names),
    "a trial never ends": (entries_never_end, the_end_of_a_trial),
    "an asker is told what can be said, and no more": (an_asker_is_told_what_can_be_said, told_to_an_asker),
    "an asker keeps copies of the number": (an_asker_keeps_what_shows_it_elsewhere, told_to_an_asker),
    "nobody listens in mid-call, in the world": (nobody_listens_later, in_the_world),
}


@pytest.mark.parametrize("hunt", dict.fromkeys(hunt for _, hunt in BUGS.values()))
def test_without_a_bug_nothing_is_found(hunt: Hunt) -> None:
    assert not hunt()


@pytest.mark.law("¶33")
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, monkeypatch: Patch) -> None:
    plant, hunt = BUGS[name]
    plant(monkeypatch)
    assert hunt()
