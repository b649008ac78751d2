"""A verification that somebody else claims to have made (3GPP TS 24.229 §7.2A.20) never crosses from abroad."""

import pytest

from sipstack.values import Address
from tests.safety.stand import CALLED, NATIONAL, Invite, Stand
from tests.world.scene import Scene

NUMBER = "+33612345678"


def invite(caller: str, asserted: str) -> Invite:
    return Invite(
        lines=(
            "Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKcaller",
            f"From: {caller};tag=caller",
            f"To: <sip:{CALLED}@b2bua.example>",
            "Call-ID: verified",
            "CSeq: 1 INVITE",
            "Contact: <sip:127.0.0.2:5060>",
            f"P-Asserted-Identity: {asserted}",
        ),
        body=b"",
    )


@pytest.mark.parametrize("uri", [
    f"sip:{NUMBER};verstat=TN-Validation-Passed@x.example;user=phone",
    f"sip:{NUMBER}@x.example;VerStat=TN-Validation-Passed",
    f"tel:{NUMBER};verstat=TN-Validation-Passed",
    f"tel:{NUMBER};cpc=ordinary;VERSTAT=TN-Validation-Passed;npdi",
])  # fmt: skip
def test_a_verstat_from_abroad_is_taken_off_and_the_number_stays(uri: str) -> None:
    left = Stand().invite(invite(f"<{uri}>", f"<{uri}>"))
    assert left is not None
    for name in ("from", "p-asserted-identity"):
        assert "verstat" not in left.get(name).lower()
        assert NUMBER in left.get(name)


def test_a_national_verstat_crosses_as_it_came() -> None:
    uri = f"<tel:{NUMBER};verstat=TN-Validation-Passed>"
    left = Stand(caller=NATIONAL).invite(invite(uri, uri))
    assert left is not None
    assert left.get("p-asserted-identity") == uri


@pytest.mark.parametrize(
    ("caller", "headers"),
    [
        ('"0470123456;verstat=x" <sip:+33612345678@a>', ()),
        ('"Jan;verstat=x" <sip:+33612345678@a>', ()),
        ('"Jan;verstat=\\"x" <sip:+33612345678@a;verstat=TN-Validation-Passed>', ()),
        ("<sip:+33612345678@a>", (("P-Asserted-Identity", '"A;verstat=b" <tel:+33612345678;verstat=c>'),)),
        ("<sip:+33612345678@a>", (("Diversion", '"02 555 12 12;verstat=b" <tel:+33612345678>'),)),
    ],
)
def test_what_is_quoted_is_no_verification_and_the_message_stays_whole(
    caller: str, headers: tuple[tuple[str, str], ...]
) -> None:
    with Scene() as scene:
        session = scene.caller.invite(caller=caller, headers=headers)
        scene.run(5)
        assert session.final in (200, 603)
        if session.final == 200:
            scene.caller.bye(session)
        for sent in scene.callee.requests("INVITE"):
            for value in (sent.first("from"), *sent.all("p-asserted-identity")):
                assert "validation" not in str(Address.parse(str(value)).uri).lower()
