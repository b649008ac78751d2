"""The first law: a forbidden number never reaches the callee, in any header, at any moment of the call."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.safety.conversation import play
from tests.safety.draft import Draft, finished, may
from tests.safety.hiding import Attempt, Secret, attempt
from tests.safety.oracle import leaks, leaks_whole
from tests.safety.stand import CALLED, Stand
from tests.safety.wire import read

#: Every choice is Hypothesis's, so that a failure shrinks and is replayed.
chances = st.randoms(use_true_random=False)


def shown(stand: Stand, number: Secret) -> list[str]:
    """Where what left towards the callee shows the number."""
    look = leaks_whole if number.is_whole else lambda seen, digits: leaks(seen, digits, CALLED)
    return [f"{place} of {seen.start}" for seen in map(read, stand.sent) for place in look(seen, number.digits)]


def test_a_forbidden_number_never_leaves_in_the_invite_and_not_because_all_are_refused() -> None:
    ends: Counter[str] = Counter()

    @given(chances)
    def hide(rng: random.Random) -> None:
        made = attempt(rng)
        stand = Stand()
        left = stand.invite(made.invite) is not None
        assert not shown(stand, made.number), made
        assert not left or stand.verdict in ("pass", "strip", "withhold")
        ends[stand.verdict if left else "refused"] += 1

    hide()
    assert ends["strip"] + ends["withhold"] >= ends.total() / 5, ends


@given(chances)
def test_a_forbidden_number_never_leaves_at_any_later_moment(rng: random.Random) -> None:
    made = attempt(rng)
    if may(rng, 0.3):  # a clean set-up, and the number only afterwards
        made = Attempt(invite=finished(Draft(rng)), number=made.number, places=())
    stand = Stand()
    if stand.invite(made.invite) is None:
        return
    other = play(rng, stand, made.invite, made.number)
    assert not made.places or not shown(stand, made.number)
    assert not shown(stand, other)
