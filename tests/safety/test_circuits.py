"""A marker of a virtual circuit that does not verify, or whose circuit has lapsed, buys a forbidden number nothing."""

import random
from collections import Counter

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.safety.conversation import play
from tests.safety.hiding import Attempt, attempt
from tests.safety.stand import FOREIGN, Stand
from tests.safety.test_no_forbidden_number import shown
from tests.safety.wire import name_of

chances = st.randoms(use_true_random=False)
CASES = 200
#: Of a national circuit that is another peer's, and of a transit circuit that is this one's and has no attestation.
NATIONAL, TRANSIT = "X-Circuit: BE-7f3a", "X-Transit: BE-0c11"
FORGED = (
    (NATIONAL,),
    ("x-circuit : BE-7f3a",),
    (NATIONAL, TRANSIT),
    (TRANSIT, TRANSIT),
    ("X-Transit: be-0c11",),
    ("X-Transit: BE-0c11, BE-0c11",),
    ("X-Transit: BE-0c1\r\n 1",),
)


def marked(rng: random.Random, lines: tuple[str, ...]) -> Attempt:
    """An attempt with these lines somewhere in its INVITE."""
    made = attempt(rng)
    via, *own = made.invite.lines
    for line in lines:
        own.insert(rng.randrange(len(own) + 1), line)
    return attrs.evolve(made, invite=attrs.evolve(made.invite, lines=(via, *own)))


def end_of(rng: random.Random, lines: tuple[str, ...]) -> str:
    """What becomes of a marked call that hides a number, which is not seen."""
    made = marked(rng, lines)
    stand = Stand(caller=FOREIGN)
    left = stand.invite(made.invite)
    assert not shown(stand, made.number), made
    assert stand.judged_as in ("international", "")
    if left is None:
        return "refused"
    assert not {"x-circuit", "x-transit"}.intersection(map(name_of, left.lines)), "a marker is for us alone"
    return stand.verdict


@pytest.mark.law("art. 2", "¶12", "¶30", "K29")
@given(chances)
def test_a_forged_marker_hides_no_number(rng: random.Random) -> None:
    end_of(rng, rng.choice(FORGED))


@pytest.mark.law("¶32", "K3")
@given(chances)
def test_nor_does_one_of_a_circuit_without_an_attestation(rng: random.Random) -> None:
    end_of(rng, (TRANSIT,))


@pytest.mark.law("¶12", "¶28")
def test_nor_is_every_call_with_a_marker_refused() -> None:
    markers = (*FORGED, (TRANSIT,))
    ends = Counter(end_of(random.Random(seed), markers[seed % len(markers)]) for seed in range(CASES))
    assert ends["strip"] + ends["withhold"] >= CASES / 5, ends


@pytest.mark.law("¶12", "K29")
@given(chances)
def test_nor_a_marker_in_mid_call(rng: random.Random) -> None:
    made = marked(rng, rng.choice((*FORGED, (TRANSIT,))))
    stand = Stand(caller=FOREIGN, says=(NATIONAL, TRANSIT))
    if stand.invite(made.invite) is None:
        return
    other = play(rng, stand, made.invite, made.number)
    assert not shown(stand, made.number), made
    assert not shown(stand, other), other
    assert not any(b"x-circuit" in data.lower() or b"x-transit" in data.lower() for data in stand.sent)
