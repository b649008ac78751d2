"""A verification that somebody else claims to have made (3GPP TS 24.229 §7.2A.20) never crosses from abroad."""

import pytest

from tests.safety.stand import CALLED, NATIONAL, Invite, Stand

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
