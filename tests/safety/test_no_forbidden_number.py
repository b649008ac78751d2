"""The first law: a forbidden number never reaches the callee, in any header, at any moment of the call."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.safety.conversation import play
from tests.safety.countries import BELGIUM, FRANCE, SPAIN, Country
from tests.safety.draft import Draft, finished, may
from tests.safety.hiding import Attempt, Secret, attempt
from tests.safety.oracle import leaks, leaks_whole
from tests.safety.stand import SCREENED, Stand
from tests.safety.wire import Seen, read

#: Every choice is Hypothesis's, so that a failure shrinks and is replayed.
chances = st.randoms(use_true_random=False)
#: Cases by which the share that goes on is measured.
CASES = 400


def shown(stand: Stand, number: Secret) -> list[str]:
    """Where what left towards the callee shows the number."""
    return [f"{place} of {seen.start}" for seen in map(read, stand.sent) for place in _places(seen, number)]


def _places(seen: Seen, number: Secret) -> list[str]:
    if number.is_whole:
        return leaks_whole(seen, number.digits, number.code)
    return leaks(seen, number.shown, number.country.called)


def end_of(rng: random.Random, country: Country = BELGIUM) -> str:
    """Hides a number somewhere in an INVITE, sees that it does not leave, and tells what became of the call."""
    made = attempt(rng, country)
    stand = Stand(caller=rng.choice(SCREENED), country=country)
    left = stand.invite(made.invite) is not None
    assert not shown(stand, made.number), made
    assert not left or stand.verdict in ("pass", "strip", "withhold")
    return stand.verdict if left else "refused"


def talk(rng: random.Random, country: Country = BELGIUM) -> None:
    """The same with a whole call after it, in which a second number turns up."""
    made = attempt(rng, country)
    if may(rng, 0.3):  # a clean set-up, and the number only afterwards
        made = Attempt(invite=finished(Draft(rng, country=country)), number=made.number, places=())
    stand = Stand(caller=rng.choice(SCREENED), country=country)
    if stand.invite(made.invite) is None:
        return
    other = play(rng, stand, made.invite, made.number)
    assert not made.places or not shown(stand, made.number), made
    assert not shown(stand, other), other


@pytest.mark.law("¶7", "¶9", "K11")
@given(chances)
def test_a_forbidden_number_never_leaves_in_the_invite(rng: random.Random) -> None:
    end_of(rng)


@pytest.mark.law("¶9", "L11", "K11")
@given(chances)
def test_a_forbidden_number_never_leaves_at_any_later_moment(rng: random.Random) -> None:
    talk(rng)


@pytest.mark.law("¶28")
@pytest.mark.parametrize("country", [BELGIUM, FRANCE, SPAIN], ids=lambda country: country.name)
def test_it_does_not_leave_and_not_because_every_call_is_refused(country: Country) -> None:
    # By seed, so that the share is the same in every run: a few examples of a random search say little about it.
    ends = Counter(end_of(random.Random(seed), country) for seed in range(CASES))
    assert sum(ends.values()) - ends["refused"] >= CASES / 5, ends
    assert ends["strip"] >= CASES / 10, ends


@pytest.mark.law("K27")
@pytest.mark.parametrize("country", [FRANCE, SPAIN], ids=lambda country: country.name)
@given(rng=chances)
def test_no_forbidden_number_of_another_country_leaves_in_the_invite(country: Country, rng: random.Random) -> None:
    end_of(rng, country)


@pytest.mark.law("K27")
@pytest.mark.parametrize("country", [FRANCE, SPAIN], ids=lambda country: country.name)
@given(rng=chances)
def test_no_forbidden_number_of_another_country_leaves_later(country: Country, rng: random.Random) -> None:
    talk(rng, country)
