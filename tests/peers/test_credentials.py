"""Kamailio as the carrier: what it makes of our proofs, by its own arithmetic."""

import pytest

from tests.peers.carrier import PASSWORD, USER, carrier, heard
from tests.peers.rig import FOREIGN, NATIONAL, Rig

pytestmark = pytest.mark.peer("sipp", "kamailio")


def behind(rig: Rig, password: str = PASSWORD) -> dict[str, str]:
    """The trunk's targets are the carrier, on the odd port of the national side."""
    side = rig.national
    keys = f'username = "{USER}", password = "{password}"'
    return {"targets": f'["{side.address(side.odd)}"]', "credentials": f"{{ {keys} }}"}


def talk(rig: Rig, **values: str) -> None:
    _, b = rig.call("a-calls", "b-answers-behind-a-proxy", **values)
    rig.peers.remove(b)  # what it saw is the carrier's writing, and not under the laws for ours


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_carrier_that_asks_lets_the_whole_call_in(fresh: Rig, algorithm: str) -> None:
    side = fresh.national
    fresh.start(national=behind(fresh))
    with carrier(fresh.folder / "carrier", side.host, side.odd, side.peer, algorithm=algorithm) as kamailio:
        talk(fresh)
        kamailio.says("heard BYE")
        assert heard(kamailio) == [
            ("INVITE", False),
            ("ACK", False),
            ("INVITE", True),
            ("ACK", True),
            ("BYE", True),
        ]
    assert fresh.box.causes() == ["BYE"]
    assert PASSWORD not in fresh.box.log


def test_a_bye_whose_nonce_has_grown_old_is_said_again(fresh: Rig) -> None:
    side = fresh.national
    fresh.start(national=behind(fresh))
    with carrier(fresh.folder / "carrier", side.host, side.odd, side.peer, nonce_lasts=1) as kamailio:
        talk(fresh, talk="2500")
        assert [method for method, _ in heard(kamailio)].count("BYE") == 2
    assert fresh.box.causes() == ["BYE"]


def test_a_wrong_password_is_no_matter_of_the_callers(fresh: Rig) -> None:
    side = fresh.national
    fresh.start(national=behind(fresh, "mistaken"))
    with carrier(fresh.folder / "carrier", side.host, side.odd, side.peer) as kamailio:
        fresh.finish(fresh.play("a-is-refused", FOREIGN, status="500"))
        assert [method for method, _ in heard(kamailio)].count("INVITE") == 2
    assert fresh.box.causes() == ["credentials"]
    assert f"alarm: credentials: trunk {NATIONAL}" in fresh.box.alarms
    assert "mistaken" not in fresh.box.log
    fresh.box.begin()
