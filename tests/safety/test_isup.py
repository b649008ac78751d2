"""The first law where numbers stand two digits in an octet: in the ISUP of a SIP-I peer, at any moment of the call."""

import random
from collections import Counter

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.b2bua.identity.making_isup import (
    CALLING,
    GENERIC,
    MULTIPART,
    NATIONAL,
    TYPE,
    UNKNOWN,
    Parameter,
    acm,
    anm,
    cpg,
    iam,
    inf,
    multipart,
    number,
    part,
    rel,
    signals,
    sip_i,
)
from tests.safety.countries import BELGIUM, FRANCE, SPAIN, Country
from tests.safety.draft import Draft, finished, may
from tests.safety.hiding import Secret, attempt, secret
from tests.safety.oracle import leaks
from tests.safety.stand import SDP, Invite, Stand
from tests.safety.wire import Seen, read

chances = st.randoms(use_true_random=False)
CASES = 300
_CODES = (CALLING, CALLING, 0x0B, 0x0C, 0x21, 0x28, 0x3F, 0x45, 0x6F, GENERIC, GENERIC)
_OTHERS = ((0x3D, b"\x14"), (0x39, b"\x0a\x80"), (0x1D, b"\x80\x90\xa3"), (0x03, b"\x7d\x02\x91\x81"))
HONEST = number(CALLING, "33612345678")


def packed(octets: bytes, digits: str) -> bool:
    """Whether the digits stand in the octets, the lower half of each first."""
    return digits in "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in octets)


def shown(stand: Stand, hidden: Secret) -> list[str]:
    """Where what left towards the callee shows the number."""
    places = [(seen, place) for seen in map(read, stand.sent) for place in _places(seen, hidden)]
    return [f"{place} of {seen.start}" for seen, place in places]


def _places(seen: Seen, hidden: Secret) -> list[str]:
    digits = hidden.shown
    found = [place for place in leaks(seen, digits, hidden.country.called) if place != "ISUP"]
    return [*found, *(["octets"] if packed(seen.body, digits) else [])]


def whole(rng: random.Random, country: Country = BELGIUM) -> Secret:
    """A forbidden number that is one wherever it stands."""
    return secret(rng, country=country, without=frozenset({"short", "wrong length"}))


def told(rng: random.Random, hidden: Secret) -> Parameter:
    """The number in some parameter, by one of the natures it can have."""
    code, trunk = hidden.code, hidden.country.trunk
    written = [(f"{code}{hidden.digits}", 4)]
    if code == hidden.country.code:  # no other code of the country is dialled by its national numbers from elsewhere
        written += [(hidden.digits, NATIONAL), (f"{trunk}{hidden.digits}", NATIONAL)]
    written += [(f"{before}{hidden.digits}", UNKNOWN) for before in (trunk, code, f"00{code}")]
    digits, nature = rng.choice(written)
    code = rng.choice(_CODES)
    return number(code, digits, nature, rng.randrange(256) if code == GENERIC else None)


def body_of(rng: random.Random, build: object, hidden: Secret) -> tuple[str, bytes]:
    """A body whose ISUP tells the number among others, and its type."""
    parameters = [told(rng, hidden), *rng.sample(_OTHERS, rng.randrange(3)), *([HONEST] if may(rng, 0.3) else [])]
    rng.shuffle(parameters)
    octets = build(*parameters)  # type: ignore[operator]
    if may(rng, 0.2):
        return TYPE, octets
    if may(rng, 0.3):
        return MULTIPART, multipart(part(TYPE, octets), part("text/plain", b"x"), part("application/sdp", SDP))
    return MULTIPART, sip_i(SDP, octets)


def with_body(invite: Invite, kind: str, body: bytes) -> Invite:
    lines = [line for line in invite.lines if line.partition(":")[0].strip().lower() not in ("content-type", "c")]
    return attrs.evolve(invite, lines=(*lines, f"Content-Type: {kind}"), body=body)


def end_of(rng: random.Random, country: Country = BELGIUM) -> str:
    """Hides a number in the ISUP of an INVITE, and often elsewhere too; what became of the call."""
    if may(rng, 0.5):
        made = attempt(rng, country)
        invite, hidden = made.invite, made.number
        if hidden.is_whole:
            return "refused"
    else:
        invite, hidden = finished(Draft(rng, country=country)), whole(rng, country)
    stand = Stand(country=country)
    left = stand.invite(with_body(invite, *body_of(rng, iam, hidden))) is not None
    assert not shown(stand, hidden), (invite, hidden)
    return stand.verdict if left else "refused"


@pytest.mark.law("¶7", "¶9", "K11", "L11")
@given(chances)
def test_a_forbidden_number_never_leaves_in_isup(rng: random.Random) -> None:
    end_of(rng)


@pytest.mark.law("K27")
@pytest.mark.parametrize("country", [FRANCE, SPAIN], ids=lambda country: country.name)
@given(rng=chances)
def test_nor_one_of_another_country(country: Country, rng: random.Random) -> None:
    end_of(rng, country)


@pytest.mark.law("¶9")
def test_it_does_not_leave_and_not_because_every_call_is_refused() -> None:
    ends = Counter(end_of(random.Random(seed)) for seed in range(CASES))
    assert ends["strip"] + ends["withhold"] >= CASES / 10, ends


@pytest.mark.law("¶9", "L11")
@given(chances)
def test_a_forbidden_number_never_leaves_in_later_isup(rng: random.Random) -> None:
    stand, hidden = Stand(), whole(rng)
    invite = with_body(finished(Draft(rng)), MULTIPART, sip_i(SDP, iam(HONEST)))
    arrived = stand.invite(invite)
    if arrived is None:
        return
    assert arrived.body == invite.body
    stand.answer(arrived, "200 OK", ["Content-Type: application/sdp"], SDP)
    stand.request(invite, "ACK")
    for method in rng.sample(("INFO", "UPDATE", "INVITE", "MESSAGE", "NOTIFY"), 3):
        kind, body = body_of(rng, rng.choice((iam, inf, cpg, acm, anm, rel)), hidden)
        stand.request(invite, method, [f"Content-Type: {kind}"], body)
        last = read(stand.sent[-1])
        if last.is_request and last.method == method:
            stand.answer(last, "200 OK", ["Content-Type: application/sdp"], SDP)
    before = len(stand.got)
    stand.callee_request(arrived, "INFO", ["Content-Type: application/sdp"], SDP)
    asked = next((seen for seen in stand.new(stand.got, before) if seen.is_request), None)
    if asked is not None:
        kind, body = body_of(rng, rng.choice((anm, acm)), hidden)
        stand.caller_answer(asked, "200 OK", [f"Content-Type: {kind}"], body)
    kind, body = body_of(rng, rel, hidden)
    stand.request(invite, "BYE", [f"Content-Type: {kind}"], body)
    assert not shown(stand, hidden)
    assert any(read(data).method == "BYE" for data in stand.sent)


def test_the_one_who_looks_sees_digits_in_octets() -> None:
    assert packed(iam(number(CALLING, "3225551212")), "25551212")
    assert packed(b"\x00" + signals("0470123456"), "470123456")
    assert not packed(iam(HONEST), "25551212")
