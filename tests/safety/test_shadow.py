"""A trunk on trial leaks by design: the call goes on as it came, and the record says what would have become of it."""

import datetime
import random
from collections import Counter

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.register import Shadow
from tests.safety.conversation import play
from tests.safety.hiding import Attempt, attempt
from tests.safety.oracle import shows
from tests.safety.stand import SCREENED, Stand
from tests.safety.test_honest_calls import as_it_came
from tests.safety.test_no_forbidden_number import shown

pytestmark = pytest.mark.law("K25")

chances = st.randoms(use_true_random=False)
CASES = 200
TRIALS = tuple(
    Shadow(
        reference=f"TRIAL of {trunk}",
        since=datetime.date(2026, 6, 20),
        until=datetime.date(2026, 7, 10),
        trunk=trunk,
        owner="somebody",
        reason="the first weeks of a trunk",
    )
    for trunk in ("abroad", "lapsed", "special")
)

ENDED = tuple(attrs.evolve(trial, until=datetime.date(2026, 6, 30)) for trial in TRIALS)


def on_trial(rng: random.Random) -> tuple[Attempt, Stand, Stand]:
    """The same INVITE by a trunk on trial and by one that enforces."""
    made = attempt(rng)
    caller = rng.choice(SCREENED)
    trial, live = Stand(caller=caller, entries=TRIALS), Stand(caller=caller)
    for stand in (trial, live):
        stand.invite(made.invite)
    return made, trial, live


@given(chances)
def test_a_call_on_trial_goes_on_as_it_came_and_is_recorded_as_it_would_have_ended(rng: random.Random) -> None:
    made, trial, live = on_trial(rng)
    if not live.records:  # no SIP at all: the parser's own refusal, not the law's
        return
    assert trial.sent, made
    as_it_came(made.invite, trial.first("INVITE"))
    would, did = (next(record for record in stand.records if record.kind == "verdict") for stand in (trial, live))
    assert (would.facts["enforced"], did.facts["enforced"]) == (False, True)
    for fact in ("verdict", "basis", "rules", "removed", "class"):
        assert would.facts[fact] == did.facts[fact], fact
    assert would.personal["findings"] == did.personal["findings"]


@given(chances)
def test_what_would_have_been_taken_out_is_named(rng: random.Random) -> None:
    made, trial, live = on_trial(rng)
    if not live.records:
        return
    (record,) = [record for record in trial.records if record.kind == "verdict"]
    found = [f for f in record.personal["findings"] if f["outcome"] != "pass"]  # type: ignore[attr-defined]
    assert found, made
    if record.facts["rules"] == ["unreadable"]:
        return  # nobody could name it: its evidence is the lines as they came
    named = [f"{f['number']} {f['raw']}" for f in found]
    assert any(shows(name, made.number.digits) for name in named) or "Identity" in {f["header"] for f in found}, named
    if live.sent and "From" not in record.facts["removed"]:  # type: ignore[operator]
        came, left = trial.first("INVITE"), live.first("INVITE")
        gone = {name for name in came.names() if name not in left.names()}
        removed = {str(name).lower() for name in record.facts["removed"]}  # type: ignore[attr-defined]
        assert gone <= removed, (gone, removed)


@given(chances)
def test_what_comes_later_on_trial_is_told_of_and_not_enforced(rng: random.Random) -> None:
    made = attempt(rng)
    stand = Stand(caller=rng.choice(SCREENED), entries=TRIALS)
    if stand.invite(made.invite) is None:
        return
    play(rng, stand, made.invite, made.number)
    assert {record.facts["enforced"] for record in stand.records if record.kind in ("verdict", "later")} == {False}
    assert not any(b" 603 " in data for data in stand.got)


def test_a_trial_does_leak_so_that_those_who_look_for_leaks_can_see() -> None:
    trials = map(on_trial, map(random.Random, range(CASES)))
    leaking = Counter(bool(shown(stand, made.number)) for made, stand, _ in trials)
    assert leaking[True] >= CASES / 2, leaking


def test_the_day_after_its_last_it_enforces() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        made = attempt(rng)
        stand = Stand(caller=rng.choice(SCREENED), entries=ENDED)
        stand.invite(made.invite)
        assert not shown(stand, made.number), made
        assert all(record.facts["enforced"] for record in stand.records if record.kind == "verdict")
