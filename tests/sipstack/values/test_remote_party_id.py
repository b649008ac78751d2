import pytest

from sipstack.values import RemotePartyId


def test_every_part_of_a_remote_party_id_is_read() -> None:
    party = RemotePartyId.parse(
        '"A" <sip:+3224001000@x>;party=Called;id-type=subscriber;screen=YES;privacy=full-network'
    )
    assert (party.party, party.id_type, party.screen, party.privacy) == ("called", "subscriber", True, "full-network")
    assert RemotePartyId.parse(str(party)) == party


def test_what_is_not_said_is_the_caller_unscreened() -> None:
    party = RemotePartyId.parse("<sip:a@b>")
    assert (party.party, party.id_type, party.screen, party.privacy) == ("calling", None, False, None)


@pytest.mark.parametrize("screen", [";screen", ";screen=no", ";screen=1", ";screen=yess"])
def test_only_yes_vouches(screen: str) -> None:
    assert not RemotePartyId.parse(f"<sip:a@b>{screen}").screen
