"""A number that nobody has verified is marked where it stands, and nothing else is touched."""

from pathlib import Path

import pytest

from b2bua.identity.redaction import redact
from b2bua.identity.screening import claim_of
from policy import Answer, Claim, Profile, Register, Roaming, TrunkClass, Verdict, decide
from sipstack.message import Headers, Request
from tests.policy.making import NOW

pytestmark = pytest.mark.law("K27")

SPAIN = Profile.load(Path(__file__).parents[2] / "policy" / "profiles" / "spain.toml")
MOBILE = "+34612345678"
ORIGIN = Claim(trunk="T", trunk_class=TrunkClass.INTERNATIONAL, called="", assertions=())


def redacted(caller: str, *network: str, roaming: Roaming = Roaming.FAILED) -> tuple[str, list[str]]:
    headers = Headers.of([("From", f"{caller};tag=1"), *(("P-Asserted-Identity", value) for value in network)])
    invite = Request("INVITE", "sip:+33155555555@x", headers, b"")
    verdict = decide(claim_of(invite, ORIGIN), SPAIN, Register(), NOW, {MOBILE: Answer(roaming, "t")})
    assert isinstance(verdict, Verdict)
    crossing = Headers.of([("P-Asserted-Identity", value) for value in network])
    found = redact(caller, crossing, b"", verdict)
    return found.caller, found.headers.values("p-asserted-identity")


def test_a_number_whose_check_failed_is_marked_in_every_header_that_shows_it() -> None:
    caller, network = redacted(f'"Ana" <sip:{MOBILE}@a.example;user=phone>', f"<tel:{MOBILE}>", "<sip:+442079460000@x>")
    assert caller == f'"Ana" <sip:{MOBILE};verstat=No-TN-Validation@a.example;user=phone>'
    assert network == [f"<tel:{MOBILE};verstat=No-TN-Validation>", "<sip:+442079460000@x>"]


def test_a_mark_that_a_peer_has_made_is_replaced_by_ours() -> None:
    caller, _ = redacted(f"<tel:{MOBILE};verstat=TN-Validation-Passed>")
    assert caller == f"<tel:{MOBILE};verstat=No-TN-Validation>"


def test_a_verified_number_is_not_marked() -> None:
    assert redacted(f"<tel:{MOBILE}>", roaming=Roaming.ABROAD)[0] == f"<tel:{MOBILE}>"
