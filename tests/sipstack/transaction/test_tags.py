"""One To tag for all that is said about an INVITE, also before anything was (RFC 3261 §9.2)."""

import pytest

from sipstack.errors import StateError
from tests.sipstack.transaction.parties import (
    PEER,
    arrive,
    begin,
    names,
    new_layer,
    reply,
    run_out,
    sent,
    theirs,
)


@pytest.fixture
def layer():
    return new_layer()


def tags(layer, incoming, tag):
    """The tags of the 200 to the CANCEL and of the 487 after it."""
    [ok] = sent(layer.receive(theirs("CANCEL"), PEER, 0.1))
    [terminated] = sent(reply(layer, incoming, 487, 0.1, tag))
    assert (ok.status, terminated.status) == (200, 487)
    return ok.to.tag, terminated.to.tag


def test_who_answers_with_the_tag_that_was_offered_ends_with_the_tag_of_the_cancel(layer):
    incoming = arrive(layer)
    assert tags(layer, incoming, incoming.to_tag) == (incoming.to_tag, incoming.to_tag)


def test_who_brings_a_tag_of_its_own_does_too(layer):
    incoming = arrive(layer)
    layer.adopt_tag(incoming.key, "mine")
    assert tags(layer, incoming, "mine") == ("mine", "mine")


def test_the_100_of_the_layer_does_not_take_the_tag_away(layer):
    incoming = arrive(layer)
    layer.adopt_tag(incoming.key, "mine")
    reply(layer, incoming, 100)
    assert tags(layer, incoming, "mine") == ("mine", "mine")


def test_a_ringing_with_another_tag_counts_for_more_than_the_offer(layer):
    incoming = arrive(layer)
    reply(layer, incoming, 180, tag="ringing")
    assert tags(layer, incoming, "ringing") == ("ringing", "ringing")


def test_a_response_that_came_too_late_does_not_count(layer):
    incoming = arrive(layer)
    reply(layer, incoming, 486, tag="first")
    reply(layer, incoming, 200, tag="second")
    assert sent(layer.receive(theirs("CANCEL"), PEER, 0.1))[0].to.tag == "first"


def test_each_request_is_offered_a_tag_of_its_own_and_one_within_a_dialog_has_it_already(layer):
    first = arrive(layer, theirs("OPTIONS"))
    second = arrive(layer, theirs("OPTIONS", cseq=2, via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2"))
    assert len({first.to_tag, second.to_tag, ""}) == 3
    inside = arrive(layer, theirs("BYE", to="<sip:b@b.example>;tag=here", via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK3"))
    assert inside.to_tag == "here"


def test_an_ack_is_never_answered_and_has_no_tag_to_answer_with(layer):
    reply(layer, arrive(layer), 200)
    for branch in ("z9hG4bKack", "z9hG4bK1"):
        assert arrive(layer, theirs("ACK", via=f"SIP/2.0/UDP 192.0.2.1;branch={branch}")).to_tag == ""


def test_a_tag_for_what_has_ended_changes_nothing(layer):
    incoming = arrive(layer)
    reply(layer, incoming, 200)
    run_out(layer)
    layer.adopt_tag(incoming.key, "late")
    assert names(layer.receive(theirs("CANCEL"), PEER, 90.0)) == ["481"]


def test_a_tag_for_a_request_of_ours_is_our_fault(layer):
    key, _ = begin(layer)
    with pytest.raises(StateError):
        layer.adopt_tag(key, "mine")
