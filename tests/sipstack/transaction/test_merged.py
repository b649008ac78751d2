"""The same request by two ways: RFC 3261 §8.2.2.2."""

import pytest

from sipstack.effects import Drop, Dropped, Ended
from sipstack.flow import Flow
from tests.sipstack.transaction.parties import (
    PEER,
    arrive,
    assert_empty,
    names,
    new_layer,
    reply,
    run_out,
    sent,
    theirs,
)

OTHER = Flow("inside", ("192.0.2.2", 5060))
OTHER_WAY = "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKother"


@pytest.fixture
def layer():
    return new_layer()


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_a_request_that_comes_by_another_way_is_refused_with_482_and_reaches_nobody(layer, method):
    arrive(layer, theirs(method))
    effects = layer.receive(theirs(method, via=OTHER_WAY), OTHER, 0.1)
    assert effects[0] == Dropped(Drop.MERGED, OTHER)
    assert effects[1].flow == OTHER
    [refusal] = sent(effects)
    assert (refusal.status, refusal.via.branch) == (482, "z9hG4bKother")
    assert refusal.to.tag
    assert dict(layer.statistics().drops) == {Drop.MERGED: 1}


def test_the_refusal_of_a_merged_invite_is_repeated_and_its_ack_reaches_nobody(layer):
    incoming = arrive(layer)
    _, refusal = layer.receive(theirs(via=OTHER_WAY), OTHER, 0.1)
    reply(layer, incoming, 180, 0.1)
    assert layer.tick(0.6) == [refusal]
    assert layer.receive(theirs(via=OTHER_WAY), OTHER, 0.7) == [refusal]
    assert layer.receive(theirs("ACK", via=OTHER_WAY, to="<sip:b@b.example>;tag=x"), OTHER, 0.8) == []
    assert run_out(layer) == [], "nobody hears of its end"
    reply(layer, incoming, 603, 10.0)
    assert run_out(layer)[-1] == Ended(incoming.key, "timeout")
    assert_empty(layer)


def test_a_cancel_of_a_merged_invite_is_answered_and_told_to_nobody(layer):
    arrive(layer)
    _, refusal = layer.receive(theirs(via=OTHER_WAY), OTHER, 0.1)
    effects = layer.receive(theirs("CANCEL", via=OTHER_WAY), OTHER, 0.2)
    assert names(effects) == ["200"]
    assert sent(effects)[0].to.tag == sent([refusal])[0].to.tag


@pytest.mark.parametrize(
    "different",
    [{"tag": "other"}, {"call_id": "other"}, {"cseq": 2}],
)
def test_another_tag_call_or_number_is_another_request(layer, different):
    arrive(layer)
    arrive(layer, theirs(via=OTHER_WAY, **different))


def test_another_method_is_another_request(layer):
    arrive(layer)
    arrive(layer, theirs("OPTIONS", via=OTHER_WAY))


def test_what_has_a_to_tag_is_not_asked(layer):
    arrive(layer, theirs("INFO", to="<sip:b@b.example>;tag=b"))
    arrive(layer, theirs("INFO", to="<sip:b@b.example>;tag=b", via=OTHER_WAY))


def test_neither_ack_nor_cancel_is_merged(layer):
    arrive(layer)
    assert names(layer.receive(theirs("ACK", via=OTHER_WAY), OTHER, 0.1)) == ["Incoming"]
    assert names(layer.receive(theirs("CANCEL", via=OTHER_WAY), OTHER, 0.1)) == ["481"]
    assert names(layer.receive(theirs("CANCEL"), PEER, 0.1)) == ["200", "Cancelled"]


def test_a_true_repetition_is_none(layer):
    incoming = arrive(layer)
    [ringing] = reply(layer, incoming, 180)
    changed = theirs(extra="X: changed on the way\r\n")
    assert layer.receive(changed, PEER, 0.5) == [ringing]


def test_an_accepted_request_stays_one_of_which_there_is_only_one(layer):
    reply(layer, arrive(layer), 200)
    assert names(layer.receive(theirs(via=OTHER_WAY), OTHER, 1.0)) == ["Dropped", "482"]


def test_a_refused_request_may_be_tried_again_by_another_way(layer):
    """A proxy that goes on to our second address after a 503 sends the same CSeq with another branch."""
    first = arrive(layer)
    reply(layer, first, 503)
    second = arrive(layer, theirs(via=OTHER_WAY), OTHER)
    assert second.key != first.key
    assert names(layer.receive(theirs(via="SIP/2.0/UDP 192.0.2.3;branch=z9hG4bKthird"), OTHER, 1.0)) == [
        "Dropped",
        "482",
    ]


def test_the_end_of_the_first_try_does_not_forget_the_second(layer):
    reply(layer, arrive(layer), 503)
    layer.receive(theirs("ACK", to="<sip:b@b.example>;tag=b"), PEER, 0.1)
    arrive(layer, theirs(via=OTHER_WAY), OTHER, 0.2)
    layer.tick(5.2)
    assert len(layer) == 1
    third = theirs(via="SIP/2.0/UDP 192.0.2.3;branch=z9hG4bKthird")
    assert names(layer.receive(third, OTHER, 6.0)) == ["Dropped", "482"]


def test_a_merged_request_in_a_flood_gets_503_and_is_kept_nowhere():
    layer = new_layer(limit=1)
    arrive(layer)
    assert names(layer.receive(theirs(via=OTHER_WAY), OTHER, 0.1)) == ["Dropped", "503"]
    assert len(layer) == 1


def test_a_ping_that_is_the_same_again_but_for_its_branch_is_answered_each_time(layer):
    for number in range(3):
        ping = theirs("OPTIONS", via=f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKping{number}")
        [answer] = reply(layer, arrive(layer, ping), 200, float(number))
        assert sent([answer])[0].status == 200
