"""What one number is allowed lets no other through, and the number that is allowed is not changed by a byte.

By the proof of art. 3, the list of art. 4, a decision of the regulator, an answer that its subscriber is abroad.
"""

import datetime
import random
from collections import Counter

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.register import Consent, Decision, Entry, Ruling
from sipstack.flow import Flow
from tests.safety.conversation import play
from tests.safety.draft import Draft, finished, may
from tests.safety.hiding import ALONG, DISPLAY, NETWORK, OTHER, PRESENTATION, REDIRECT, Attempt, Put, Secret, secret
from tests.safety.stand import CALLED, FOREIGN, SDP, SPECIAL, Invite, Stand
from tests.safety.test_no_forbidden_number import shown
from tests.safety.wire import Seen, address_of, read

chances = st.randoms(use_true_random=False)
CASES = 300
SINCE, UNTIL = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
FORWARDER = "+33699999999"


@attrs.frozen(kw_only=True)
class Relief:
    """A number that may be shown, and why."""

    name: str
    number: str
    caller: Flow = FOREIGN
    entries: tuple[Entry, ...] = ()
    diverted: bool = False
    """Whether the call says that it was forwarded."""
    covers: frozenset[str] = frozenset()
    """Other numbers that the same reason lets a call show at its set-up: art. 3 speaks of calls, not of numbers."""


MOBILES = frozenset({"failed", "not abroad", "unknown", "dossier", "not offered", "any mobile"})
RELIEFS = (
    Relief(
        name="article 3",
        number="+3225551212",
        entries=(Consent(reference="CONSENT", since=SINCE, forwarding=FORWARDER, called=CALLED),),
        diverted=True,
        covers=MOBILES | {"geographic"},
    ),
    Relief(name="article 4", number="+3225550000", caller=SPECIAL),
    Relief(
        name="decision",
        number="+3225557777",
        entries=(
            Decision(
                reference="DECISION",
                since=SINCE,
                until=UNTIL,
                number="+3225557777",
                trunk="abroad",
                action=Ruling.PASS,
            ),
        ),
    ),
    Relief(name="abroad", number="+32470123456"),
)
each = pytest.mark.parametrize("relief", RELIEFS, ids=lambda relief: relief.name)


def other_than(rng: random.Random, relief: Relief) -> Secret:
    """A number that stays forbidden."""
    made = secret(rng, without=relief.covers)
    return made if made.digits != relief.number[3:] else attrs.evolve(made, digits=f"{int(made.digits) + 1}")


def relieved(rng: random.Random, relief: Relief) -> Draft:
    """A call in order that shows the number that may be shown, as the caller or as the network number, or both."""
    shape = rng.choice((f"<tel:{relief.number}>", f"<sip:{relief.number}@carrier.example;user=phone>"))
    where = rng.randrange(3)
    draft = Draft(rng) if where == 0 else Draft(rng, user=relief.number)
    if where == 1 and may(rng, 0.5):
        draft.uri = f"tel:{relief.number}"
    if where != 1:
        draft.add("P-Asserted-Identity", shape)
    if relief.diverted:
        draft.add("Diversion", f"<sip:{FORWARDER}@carrier.example>;reason=unconditional")
    return draft


def attempt(rng: random.Random, relief: Relief) -> Attempt:
    """The same with a number that may not be shown, beside it."""
    draft, number = relieved(rng, relief), other_than(rng, relief)
    puts: tuple[Put, ...] = (*NETWORK, *REDIRECT, *DISPLAY, PRESENTATION[1])
    if number.is_whole:
        puts = (*DISPLAY, *REDIRECT, PRESENTATION[1])
    elif may(rng, 0.6):
        puts = OTHER
    chosen = [rng.choice(puts)]
    if not number.is_whole:
        chosen += [rng.choice((*ALONG, *OTHER)) for _ in range(rng.choice((0, 1, 2)))]
    for put in chosen:
        put(draft, number, 0.5)
    return Attempt(invite=finished(draft), number=number, places=tuple(put.__name__ for put in chosen))


def told(seen: Seen, number: str) -> list[str]:
    """Each URI with that number, to the byte, that names the caller."""
    values = [seen.get("from"), *(v for line in seen.all("p-asserted-identity") for v in line.split(","))]
    return sorted(uri for uri in map(address_of, values) if number in uri)


def goes_unaltered(stand: Stand, invite: Invite, number: str) -> None:
    """The number is where it was, to the byte, unless the call is withheld."""
    left, came = stand.first("INVITE"), read(invite.data)
    if stand.verdict == "withhold":
        assert not told(left, number)
    else:
        assert told(left, number) == told(came, number)


def end_of(rng: random.Random, relief: Relief) -> str:
    made = attempt(rng, relief)
    stand = Stand(caller=relief.caller, entries=relief.entries)
    left = stand.invite(made.invite)
    assert not shown(stand, made.number), made
    if left is None:
        return "refused"
    # Where the other stands in the same header, that may go whole.
    if not {"P-Asserted-Identity", "decoy"}.intersection(made.places):
        goes_unaltered(stand, made.invite, relief.number)
    return stand.verdict


@pytest.mark.law("¶6", "¶9", "¶14.1", "¶15 list")
@each
@given(rng=chances)
def test_a_number_that_may_be_shown_covers_no_other(relief: Relief, rng: random.Random) -> None:
    end_of(rng, relief)


@pytest.mark.law("¶28")
@each
def test_nor_is_the_call_refused_whatever_else_it_shows(relief: Relief) -> None:
    ends = Counter(end_of(random.Random(seed), relief) for seed in range(CASES))
    assert ends["strip"] + ends["withhold"] >= CASES / 5, ends


@pytest.mark.law("K17")
@each
@given(rng=chances)
def test_the_number_that_may_be_shown_crosses_to_the_byte(relief: Relief, rng: random.Random) -> None:
    invite = finished(relieved(rng, relief))
    stand = Stand(caller=relief.caller, entries=relief.entries)
    assert stand.invite(invite) is not None, invite
    assert stand.verdict == "pass"
    assert told(stand.first("INVITE"), relief.number)
    goes_unaltered(stand, invite, relief.number)


@pytest.mark.law("¶9", "L11")
@each
@given(rng=chances)
def test_nor_does_it_cover_another_in_mid_call(relief: Relief, rng: random.Random) -> None:
    made = attempt(rng, relief) if may(rng, 0.5) else Attempt(
        invite=finished(relieved(rng, relief)), number=other_than(rng, relief), places=()
    )  # fmt: skip
    stand = Stand(caller=relief.caller, entries=relief.entries)
    if stand.invite(made.invite) is None:
        return
    other = play(rng, stand, made.invite, made.number)
    assert not made.places or not shown(stand, made.number), made
    if other.digits != relief.number[3:]:
        assert not shown(stand, other), other


@pytest.mark.law("L11", "K17")
@each
@pytest.mark.parametrize("shape", ["tel:{}", "sip:{}@carrier.example;user=phone"])
def test_who_may_be_shown_may_say_so_again(relief: Relief, shape: str) -> None:
    rng = random.Random(1)
    draft = Draft(rng, user=relief.number)
    if relief.diverted:
        draft.add("Diversion", f"<sip:{FORWARDER}@carrier.example>")
    invite = finished(draft)
    stand = Stand(caller=relief.caller, entries=relief.entries)
    arrived = stand.invite(invite)
    assert arrived is not None
    stand.answer(arrived, "200 OK", ["Content-Type: application/sdp"], SDP)
    stand.request(invite, "ACK")
    again = shape.format(relief.number)
    for method in ("UPDATE", "INFO"):
        before = len(stand.sent)
        stand.request(invite, method, [f"P-Asserted-Identity: <{again}>", "Content-Type: application/sdp"], SDP)
        (crossed,) = stand.new(stand.sent, before)
        assert crossed.get("p-asserted-identity") == f"<{again}>"
