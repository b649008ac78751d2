"""A number that nobody could verify crosses in a country that has it so, and says that nobody has, and no more."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.safety.countries import SPAIN
from tests.safety.draft import Draft, finished, may
from tests.safety.hiding import ALONG, OTHER, Attempt, Secret, decoy, secret
from tests.safety.stand import SCREENED, SDP, Stand
from tests.safety.test_no_forbidden_number import shown
from tests.safety.wire import Seen, address_of, name_of, read

pytestmark = pytest.mark.law("K27")

chances = st.randoms(use_true_random=False)
#: Its holder's check fails.
NUMBER = "+34612666666"
MARK = "verstat=No-TN-Validation"
#: Where a number may hide that takes no line with the unverified one away with it.
CLEAN = tuple(put for put in ALONG if put is not decoy)
LIES = ("", "", ";verstat=TN-Validation-Passed", ";VerStat=No-TN-Validation")


def unverified(rng: random.Random) -> tuple[Attempt, bool]:
    """A call whose own number is that one, with a forbidden one beside it or none; whether there is one."""
    draft = Draft(rng, country=SPAIN)
    where = rng.randrange(3)
    lie = rng.choice(LIES)
    if where != 0:
        shapes = (f"sip:{NUMBER}{lie}@carrier.example", f"tel:{NUMBER}{lie}", f"sip:{NUMBER}@[::1];user=phone")
        draft.uri = rng.choice(shapes)
    if where != 1:
        draft.add("P-Asserted-Identity", f"<{rng.choice(('tel:', 'TEL:'))}{NUMBER}{lie}>")
        if may(rng, 0.5):
            draft.add("P-Asserted-Identity", f'"Y" <sip:{SPAIN.caller}@carrier.example>')
    number = Secret("none", "")
    is_dirty = may(rng, 0.5)
    if is_dirty:
        number = secret(rng, country=SPAIN, without=frozenset({"short", "wrong length"}))
        for put in [rng.choice(OTHER), rng.choice(CLEAN)]:
            put(draft, number, 0.6)
    return Attempt(invite=finished(draft), number=number, places=()), is_dirty


def callers(seen: Seen) -> list[str]:
    """Each URI that names the caller, as it stands."""
    return [address_of(value) for value in (seen.get("from"), *_asserted(seen))]


def _asserted(seen: Seen) -> list[str]:
    return [value.strip() for line in seen.all("p-asserted-identity") for value in line.split(",")]


def unmarked(uri: str) -> str:
    """The URI without any word on its verification."""
    for lie in (*LIES, f";{MARK}"):
        uri = uri.replace(lie, "") if lie else uri
    return uri.replace("TEL:", "tel:")


@given(chances)
def test_an_unverified_number_stays_and_is_marked_and_no_other_is(rng: random.Random) -> None:
    made, is_dirty = unverified(rng)
    stand = Stand(caller=rng.choice(SCREENED), country=SPAIN)
    left = stand.invite(made.invite)
    if left is None:
        assert is_dirty, made
        return
    came = read(made.invite.data)
    assert list(map(unmarked, callers(left))) == list(map(unmarked, callers(came)))
    for uri in callers(left):
        assert uri.lower().count("verstat") == uri.count(MARK) == (NUMBER in uri), uri
    rest = [line for line in left.crossing() if name_of(line) != "p-asserted-identity"]
    assert set(rest) <= set(came.crossing()), "more than the mark has been added"
    assert not any("verstat" in line for line in rest)


@given(chances)
def test_a_forbidden_number_does_not_cross_beside_it(rng: random.Random) -> None:
    made, is_dirty = unverified(rng)
    stand = Stand(caller=rng.choice(SCREENED), country=SPAIN)
    stand.invite(made.invite)
    assert not is_dirty or not shown(stand, made.number), made


@pytest.mark.parametrize("lie", LIES)
def test_it_is_marked_again_wherever_it_stands_in_mid_call(lie: str) -> None:
    invite = finished(Draft(random.Random(1), country=SPAIN, uri=f"sip:{NUMBER}@carrier.example"))
    stand = Stand(country=SPAIN)
    arrived = stand.invite(invite)
    assert arrived is not None
    stand.answer(arrived, "200 OK", ["Content-Type: application/sdp"], SDP)
    stand.request(invite, "ACK")
    for method in ("UPDATE", "INFO", "BYE"):
        before = len(stand.sent)
        stand.request(invite, method, [f"P-Asserted-Identity: <tel:{NUMBER}{lie}>"])
        (crossed,) = stand.new(stand.sent, before)
        assert crossed.get("p-asserted-identity") == f"<tel:{NUMBER};{MARK}>", method
        if method != "BYE":
            stand.answer(crossed, "200 OK")


def test_one_that_calls_by_it_only_now_does_no_harm() -> None:
    draft = Draft(random.Random(1), country=SPAIN)
    draft.add("P-Asserted-Identity", f"<tel:{NUMBER}>")
    invite = finished(draft)
    stand = Stand(country=SPAIN)
    arrived = stand.invite(invite)
    assert arrived is not None
    stand.answer(arrived, "200 OK", ["Content-Type: application/sdp"], SDP)
    stand.request(invite, "ACK")
    before = len(stand.sent)
    asserted = f"P-Asserted-Identity: <tel:{SPAIN.caller}>, <tel:{NUMBER}>"
    stand.request(invite, "UPDATE", [asserted], caller=f"<sip:{NUMBER}@carrier.example>;tag=caller")
    (crossed,) = stand.new(stand.sent, before)
    assert crossed.get("p-asserted-identity") == f"<tel:{SPAIN.caller}>, <tel:{NUMBER};{MARK}>"
