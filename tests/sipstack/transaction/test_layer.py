"""The layer with real bytes: two layers and what lies between, or one layer and a peer written by hand."""

import random

import attrs
import pytest

from sipstack.effects import (
    Answered,
    Cancelled,
    Cause,
    Drop,
    Dropped,
    Ended,
    Failed,
    Send,
    Unreachable,
)
from sipstack.errors import StateError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Request, parse, response_to
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer
from tests.sipstack.transaction.parties import (
    PEER,
    STREAM,
    answer,
    arrive,
    assert_empty,
    begin,
    names,
    new_layer,
    ours,
    reply,
    run_out,
    sent,
    theirs,
)


@pytest.fixture
def layer():
    return new_layer()


def test_a_response_that_its_user_has_printed_goes_out_as_it_was_printed(layer):
    incoming = arrive(layer)
    ringing = response_to(incoming.request, 180, to_tag="user")
    assert layer.respond(incoming.key, ringing, 0.0, b"as printed") == [Send(PEER, b"as printed")]
    assert layer.receive(theirs(), PEER, 0.1) == [Send(PEER, b"as printed")]


# Our requests.


def test_a_request_is_sent_once_and_answered_by_key(layer):
    key, wire = begin(layer, ours("OPTIONS"))
    [answered] = layer.receive(answer(wire, 200), PEER, 0.1)
    assert isinstance(answered, Answered)
    assert (answered.key, answered.response.status, answered.flow) == (key, 200, PEER)


def test_a_request_without_an_answer_is_repeated_then_fails_then_ends(layer):
    key, wire = begin(layer, ours("OPTIONS"))
    effects = run_out(layer)
    assert effects[:-2] == [Send(PEER, wire)] * 10
    assert effects[-2:] == [Failed(key, Cause.TIMEOUT), Ended(key, Cause.TIMEOUT)]
    assert len(layer) == 0


def test_a_refused_invite_is_acked_by_the_layer_and_again_for_each_repetition(layer):
    key, wire = begin(layer)
    refusal = answer(wire, 486)
    first = layer.receive(refusal, PEER, 0.1)
    assert names(first) == ["ACK", "Answered"]
    [ack] = sent(first)
    assert (ack.via.branch, ack.to.tag, str(ack.cseq)) == ("z9hG4bKours", "b", "7 ACK")
    assert layer.receive(refusal, PEER, 0.6) == [first[0]]
    assert run_out(layer) == [Ended(key, Cause.NORMAL)]


def test_each_repeated_or_forked_2xx_is_answered_again_until_timer_m(layer):
    key, wire = begin(layer)
    for tag in ("b", "b", "fork"):
        [answered] = layer.receive(answer(wire, 200, tag), PEER, 0.1)
        assert (answered.key, answered.response.to.tag) == (key, tag)
    assert run_out(layer) == [Ended(key, Cause.NORMAL)]
    assert layer.receive(answer(wire, 200), PEER, 40.0) == [Dropped(Drop.STRAY_RESPONSE, PEER)]


def test_on_a_connection_a_refused_invite_ends_at_once(layer):
    _, wire = begin(layer, flow=STREAM)
    effects = layer.receive(answer(wire, 404), STREAM, 0.1)
    assert names(effects) == ["ACK", "Answered", "Ended"]
    assert len(layer) == 0
    assert layer.deadline() is None


def test_a_repeated_final_response_to_a_request_is_absorbed(layer):
    _, wire = begin(layer, ours("BYE"))
    layer.receive(answer(wire, 200), PEER, 0.1)
    assert layer.receive(answer(wire, 200), PEER, 0.2) == [Dropped(Drop.ABSORBED, PEER)]


def test_a_response_to_nothing_of_ours_is_stray(layer):
    assert layer.receive(answer(theirs(), 200), PEER, 0.0) == [Dropped(Drop.STRAY_RESPONSE, PEER)]


def test_a_response_with_two_vias_is_misrouted(layer):
    _, wire = begin(layer)
    two = answer(wire, 200).replace(b"\r\nFrom", b"\r\nVia: SIP/2.0/UDP c\r\nFrom", 1)
    assert layer.receive(two, PEER, 0.1) == [Dropped(Drop.MISROUTED, PEER)]


def test_a_branch_in_use_and_methods_without_a_transaction_are_our_fault(layer):
    begin(layer)
    for request in (ours(), ours("ACK", "z9hG4bKa"), ours("CANCEL", "z9hG4bKb")):
        with pytest.raises(StateError):
            layer.request(request, PEER, 0.0)


# Faults of the transport.


def test_a_fault_of_the_transport_fails_what_is_unanswered_on_that_flow_only(layer):
    other = Flow("inside", ("192.0.2.2", 5060))
    key, _ = begin(layer)
    begin(layer, ours(branch="z9hG4bKother"), other)
    assert layer.transport_failed(PEER, 0.1) == [Failed(key, Cause.TRANSPORT), Ended(key, Cause.TRANSPORT)]
    assert len(layer) == 1


def test_a_fault_while_the_ack_is_due_ends_the_invite_but_does_not_fail_it_again(layer):
    key, wire = begin(layer)
    layer.receive(answer(wire, 486), PEER, 0.1)
    assert layer.transport_failed(PEER, 0.2) == [Ended(key, Cause.TRANSPORT)]


def test_a_fault_leaves_a_ringing_invite_alone(layer):
    _, wire = begin(layer)
    layer.receive(answer(wire, 180), PEER, 0.1)
    assert layer.transport_failed(PEER, 0.2) == []


def test_a_fault_towards_a_caller_is_told_and_its_transaction_stays(layer):
    incoming = arrive(layer)
    reply(layer, incoming, 486)
    assert layer.transport_failed(PEER, 0.1) == [Unreachable(incoming.key)]
    assert run_out(layer)[-1] == Ended(incoming.key, Cause.TIMEOUT)


# Their requests.


def test_a_new_request_comes_in_with_a_key_and_the_source_in_its_via(layer):
    incoming = arrive(layer, theirs("OPTIONS", via="SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;rport"))
    assert incoming.flow == PEER
    assert str(incoming.request.via).endswith(";rport=5060;received=192.0.2.1")


def test_an_incoming_request_is_otherwise_the_bytes_that_came(layer):
    odd = theirs(extra="X-Odd:  a ,\r\n b\r\n")
    assert arrive(layer, odd).request.encode() == odd


def test_a_repeated_request_gets_the_same_response_and_reaches_nobody_twice(layer):
    incoming = arrive(layer, theirs("OPTIONS"))
    assert layer.receive(theirs("OPTIONS"), PEER, 0.5) == [Dropped(Drop.ABSORBED, PEER)]
    [first] = reply(layer, incoming, 200, 0.6)
    assert layer.receive(theirs("OPTIONS"), PEER, 1.0) == [first]
    assert run_out(layer) == [Ended(incoming.key, Cause.NORMAL)]


def test_a_slow_answer_to_an_invite_lets_the_layer_say_100_with_its_timestamp(layer):
    arrive(layer, theirs(extra="Timestamp: 54.1\r\n"))
    assert layer.deadline() == 0.2
    [trying] = sent(layer.tick(0.2))
    assert (trying.status, trying.headers.first("timestamp"), trying.to.tag) == (100, "54.1", None)
    assert layer.deadline() is None
    assert names(layer.receive(theirs(), PEER, 0.5)) == ["100"]


def test_a_response_goes_to_the_port_of_sent_by_unless_rport_was_asked(layer):
    behind = Flow("inside", ("192.0.2.1", 1024))
    plain = arrive(layer, theirs("OPTIONS"), behind)
    assert reply(layer, plain, 200)[0].flow == PEER
    symmetric = arrive(layer, theirs("OPTIONS", cseq=2, via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2;rport"), behind)
    assert reply(layer, symmetric, 200)[0].flow == behind


def test_a_refused_invite_is_repeated_until_its_ack_which_reaches_nobody(layer):
    incoming = arrive(layer)
    [refusal] = reply(layer, incoming, 603)
    assert layer.tick(0.5) == [refusal]
    assert layer.receive(theirs(), PEER, 0.6) == [refusal]
    assert layer.receive(theirs("ACK", to="<sip:b@b.example>;tag=b"), PEER, 0.7) == []
    assert layer.receive(theirs("ACK", to="<sip:b@b.example>;tag=b"), PEER, 0.8) == []
    assert run_out(layer) == [Ended(incoming.key, Cause.NORMAL)]


def test_a_refused_invite_that_is_never_acked_fails(layer):
    incoming = arrive(layer)
    reply(layer, incoming, 603)
    assert run_out(layer)[-2:] == [Failed(incoming.key, Cause.TIMEOUT), Ended(incoming.key, Cause.TIMEOUT)]


def test_an_accepted_invite_absorbs_its_repetitions_and_lets_its_2xx_be_repeated(layer):
    incoming = arrive(layer)
    [accepted] = reply(layer, incoming, 200)
    assert layer.receive(theirs(), PEER, 0.5) == [Dropped(Drop.ABSORBED, PEER)]
    assert layer.repeat(incoming.key, accepted.data, 0.5) == [accepted]
    assert run_out(layer) == [Ended(incoming.key, Cause.NORMAL)]
    assert layer.repeat(incoming.key, accepted.data, 40.0) == [Dropped(Drop.LATE_RESPONSE, None)]


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_request_that_came_to_a_layer_that_is_gone_is_answered_by_another(layer, method):
    incoming = arrive(new_layer(), theirs(method))
    assert incoming.key not in layer
    assert layer.reopen(incoming.key, incoming.request, PEER, 0.0) == []
    assert incoming.key in layer
    layer.adopt_tag(incoming.key, "b")
    assert layer.receive(theirs(method), PEER, 0.1) == [Dropped(Drop.ABSORBED, PEER)]
    [final] = reply(layer, incoming, 486, 0.1)
    assert layer.receive(theirs(method), PEER, 0.2) == [final]
    run_out(layer)
    assert_empty(layer)


def test_an_invite_that_came_to_a_layer_that_is_gone_can_be_cancelled_in_another(layer):
    incoming = arrive(new_layer())
    layer.reopen(incoming.key, incoming.request, PEER, 0.0)
    layer.adopt_tag(incoming.key, "b")
    [ok, cancelled] = layer.receive(theirs("CANCEL"), PEER, 0.1)
    assert (parse(ok.data).status, parse(ok.data).to.tag) == (200, "b")
    assert cancelled.key == incoming.key


def test_a_2xx_of_a_layer_that_is_gone_goes_out_again_and_takes_no_cancel(layer):
    gone = new_layer()
    incoming = arrive(gone)
    [accepted] = reply(gone, incoming, 200)
    assert layer.reopen(incoming.key, parse(accepted.data), PEER, 0.1) == [accepted]
    assert layer.receive(theirs(), PEER, 0.2) == [Dropped(Drop.ABSORBED, PEER)]
    assert names(layer.receive(theirs("CANCEL"), PEER, 0.3)) == ["200"]
    assert layer.repeat(incoming.key, accepted.data, 0.5) == [accepted]
    run_out(layer)
    assert_empty(layer)


def test_what_is_under_way_is_not_opened_again(layer):
    incoming = arrive(layer)
    [refusal] = reply(layer, incoming, 603)
    assert layer.reopen(incoming.key, incoming.request, PEER, 0.1) == []
    assert layer.receive(theirs(), PEER, 0.2) == [refusal]


def test_the_ack_to_a_2xx_comes_in_without_a_key_whatever_its_branch(layer):
    incoming = arrive(layer)
    reply(layer, incoming, 200)
    for branch in ("z9hG4bKack", "z9hG4bK1"):
        ack = arrive(layer, theirs("ACK", via=f"SIP/2.0/UDP 192.0.2.1;branch={branch}"), now=0.1)
        assert (ack.key, ack.request.method) == (None, "ACK")


def test_an_ack_before_any_final_response_is_stray(layer):
    arrive(layer)
    assert layer.receive(theirs("ACK"), PEER, 0.1) == [Dropped(Drop.STRAY_ACK, PEER)]


def test_a_second_final_response_and_one_after_the_end_are_late(layer):
    incoming = arrive(layer)
    reply(layer, incoming, 487)
    assert reply(layer, incoming, 200) == [Dropped(Drop.LATE_RESPONSE, None)]
    run_out(layer)
    assert reply(layer, incoming, 200, 50.0) == [Dropped(Drop.LATE_RESPONSE, None)]


def test_answering_our_own_request_is_our_fault(layer):
    key, wire = begin(layer)
    with pytest.raises(StateError):
        layer.respond(key, response_to(parse(wire), 200), 0.0)


# CANCEL, arriving.


def test_a_cancel_is_answered_by_the_layer_and_told_with_the_invites_key(layer):
    incoming = arrive(layer)
    ok, cancelled = layer.receive(theirs("CANCEL", extra='Reason: SIP;cause=200;text="x"\r\n'), PEER, 0.1)
    assert isinstance(cancelled, Cancelled)
    assert cancelled.key == incoming.key
    assert cancelled.request.headers.first("reason") == 'SIP;cause=200;text="x"'
    response = parse(ok.data)
    assert (response.status, response.cseq.method) == (200, "CANCEL")
    assert response.to.tag


def test_a_repeated_cancel_gets_its_200_again_and_is_told_once(layer):
    arrive(layer)
    first, _ = layer.receive(theirs("CANCEL"), PEER, 0.1)
    assert layer.receive(theirs("CANCEL"), PEER, 0.6) == [first]


def test_the_200_to_a_cancel_bears_the_tag_of_the_ringing(layer):
    incoming = arrive(layer)
    reply(layer, incoming, 180, tag="ringing")
    [response] = sent(layer.receive(theirs("CANCEL"), PEER, 0.1))
    assert response.to.tag == "ringing"


@pytest.mark.parametrize("status", [200, 486])
def test_a_cancel_after_the_final_response_is_answered_and_told_to_nobody(layer, status):
    incoming = arrive(layer)
    reply(layer, incoming, status)
    assert names(layer.receive(theirs("CANCEL"), PEER, 0.1)) == ["200"]


@pytest.mark.parametrize("via", ["SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2", "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1"])
def test_a_cancel_that_matches_nothing_gets_481(layer, via):
    arrive(layer)
    assert names(layer.receive(theirs("CANCEL", via=via), PEER, 0.1)) == ["481"]


def test_a_cancel_of_another_method_than_invite_matches_nothing(layer):
    arrive(layer, theirs("OPTIONS"))
    assert names(layer.receive(theirs("CANCEL"), PEER, 0.1)) == ["481"]


def test_nobody_hears_of_the_end_of_a_cancels_own_transaction(layer):
    layer.receive(theirs("CANCEL"), PEER, 0.0)
    assert len(layer) == 1
    assert layer.transport_failed(PEER, 0.1) == []
    assert run_out(layer) == []
    assert len(layer) == 0


# CANCEL, departing.


def test_a_cancel_waits_for_the_first_provisional_response(layer):
    key, wire = begin(layer)
    assert layer.cancel(key, 0.1, [("Reason", "Q.850;cause=16")]) == []
    answered, send = layer.receive(answer(wire, 100), PEER, 0.2)
    assert isinstance(answered, Answered)
    cancel = parse(send.data)
    assert isinstance(cancel, Request)
    assert (cancel.method, cancel.via.branch, str(cancel.cseq)) == ("CANCEL", "z9hG4bKours", "7 CANCEL")
    assert cancel.headers.first("reason") == "Q.850;cause=16"
    assert names(layer.receive(answer(wire, 180), PEER, 0.3)) == ["Answered"]


def test_a_cancel_of_a_ringing_invite_goes_at_once_and_only_once(layer):
    key, wire = begin(layer)
    layer.receive(answer(wire, 180), PEER, 0.1)
    assert names(layer.cancel(key, 1.0)) == ["CANCEL"]
    assert layer.cancel(key, 1.1) == []


def test_a_held_cancel_is_not_sent_after_a_final_response(layer):
    key, wire = begin(layer)
    layer.cancel(key, 0.1)
    assert names(layer.receive(answer(wire, 200), PEER, 0.2)) == ["Answered"]
    assert names(run_out(layer)) == ["Ended"]


@pytest.mark.parametrize("status", [200, 487])
def test_there_is_no_cancel_of_an_answered_or_ended_invite(layer, status):
    key, wire = begin(layer)
    layer.receive(answer(wire, status), PEER, 0.1)
    assert layer.cancel(key, 0.2) == []
    run_out(layer)
    assert layer.cancel(key, 50.0) == []


def test_the_answer_to_our_cancel_is_swallowed_and_the_invite_ends_with_its_own(layer):
    key, wire = begin(layer)
    layer.receive(answer(wire, 180), PEER, 0.1)
    [cancel] = layer.cancel(key, 1.0)
    assert layer.receive(answer(cancel.data, 200), PEER, 1.1) == []
    assert names(layer.receive(answer(wire, 487), PEER, 1.2)) == ["ACK", "Answered"]
    assert run_out(layer) == [Ended(key, Cause.NORMAL)]


def test_a_cancelled_invite_without_a_final_response_fails_after_64_t1(layer):
    key, wire = begin(layer)
    layer.receive(answer(wire, 180), PEER, 0.1)
    layer.cancel(key, 1.0)
    effects = run_out(layer)
    assert names(effects[:-2]) == ["CANCEL"] * 10
    assert effects[-2:] == [Failed(key, Cause.TIMEOUT), Ended(key, Cause.TIMEOUT)]


def test_an_invite_cancelled_before_any_response_still_gives_up_with_timer_b(layer):
    key, wire = begin(layer)
    layer.cancel(key, 0.1)
    effects = run_out(layer)
    assert effects[:-2] == [Send(PEER, wire)] * 6
    assert effects[-1] == Ended(key, Cause.TIMEOUT)


def test_cancelling_anything_but_our_invite_is_our_fault(layer):
    key, _ = begin(layer, ours("OPTIONS"))
    for wrong in (key, arrive(layer).key):
        with pytest.raises(StateError):
            layer.cancel(wrong, 0.1)


# What leads to no transaction.


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\r\n"])
def test_line_ends_alone_are_a_keepalive(layer, data):
    assert layer.receive(data, PEER, 0.0) == [Dropped(Drop.KEEPALIVE, PEER)]


@pytest.mark.parametrize(
    "data", [b"\x00\x01", b"hello", b"INVITE\r\n\r\n", theirs("ACK").replace(b"CSeq: 1", b"CSeq: x")]
)
def test_what_is_no_message_is_dropped_by_name(layer, data):
    assert layer.receive(data, PEER, 0.0) == [Dropped(Drop.UNPARSABLE, PEER)]


def test_a_damaged_response_is_dropped(layer):
    _, wire = begin(layer)
    damaged = answer(wire, 200).replace(b"CSeq: 7", b"CSeq: x")
    assert layer.receive(damaged, PEER, 0.1) == [Dropped(Drop.UNPARSABLE, PEER)]


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"SIP/2.0\r\nVia", b"SIP/7.0\r\nVia", 505),
        (b"CSeq: 1 INVITE", b"CSeq: 1 BYE", 400),
        (b"Call-ID: call\r\n", b"", 400),
    ],
)
def test_a_damaged_request_is_refused_statelessly_the_same_way_each_time(layer, old, new, status):
    damaged = theirs(via="SIP/2.0/UDP a.example;branch=z9hG4bK1;rport").replace(old, new)
    behind = Flow("inside", ("192.0.2.1", 1024))
    first = layer.receive(damaged, behind, 0.0)
    assert names(first) == [str(status)]
    assert first[0].flow == behind
    assert b";received=192.0.2.1" in first[0].data
    assert b";tag=" in first[0].data
    assert layer.receive(damaged, behind, 0.5) == first
    assert len(layer) == 0


def test_a_damaged_request_without_a_readable_via_is_unanswerable(layer):
    assert layer.receive(theirs(via="nowhere"), PEER, 0.0) == [Dropped(Drop.UNANSWERABLE, PEER)]


def test_a_flood_is_refused_beyond_the_limit_and_what_is_known_goes_on():
    layer = new_layer(limit=2)
    first, *_ = [arrive(layer, theirs(cseq=n, via=f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{n}")) for n in range(2)]
    effects = layer.receive(theirs(via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK9"), PEER, 0.1)
    assert names(effects) == ["Dropped", "503"]
    assert effects[0] == Dropped(Drop.OVERLOAD, PEER)
    assert names(reply(layer, first, 486)) == ["486"]
    assert len(layer) == 2


def test_in_a_flood_calls_can_still_be_cancelled_and_ended_within_a_quarter_more_room():
    layer = new_layer(limit=8)
    for n in range(8):
        arrive(layer, theirs(cseq=n, via=f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{n}"))
    assert names(layer.receive(theirs("CANCEL", via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"), PEER, 0.1)) == [
        "200",
        "Cancelled",
    ]
    byes = [
        names(
            layer.receive(
                theirs("BYE", via=f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbye{n}", to="<sip:b@b>;tag=b"), PEER, 1.0
            )
        )
        for n in range(2)
    ]
    assert byes == [["Incoming"], ["Dropped", "503"]]


# Deadlines and figures.


def test_the_deadline_is_exact_though_transactions_end_and_change(layer):
    assert layer.deadline() is None
    key, wire = begin(layer)
    assert layer.deadline() == 0.5
    layer.receive(answer(wire, 180), PEER, 0.1)
    assert layer.deadline() is None
    layer.cancel(key, 0.2)
    assert layer.deadline() == 0.7
    layer.receive(answer(wire, 200), PEER, 0.3)
    assert layer.deadline() == 0.7


def test_the_deadline_is_exact_when_a_new_one_is_earlier_than_the_one_it_replaces():
    layer = TransactionLayer(Timing(t4=0.1), Ids(random.Random(1).randbytes))
    key, wire = begin(layer, ours("OPTIONS"))
    layer.tick(0.5)  # sends again, next at 1.5
    begin(layer, ours("OPTIONS", "z9hG4bKother"), now=0.5)  # next at 1.0
    layer.receive(answer(wire, 200), PEER, 0.6)
    assert layer.deadline() == pytest.approx(0.7)
    assert layer.tick(0.71) == [Ended(key, Cause.NORMAL)]
    assert layer.deadline() == 1.0


def test_a_tick_before_the_deadline_does_nothing(layer):
    begin(layer)
    assert layer.tick(0.4) == []
    assert layer.deadline() == 0.5


def test_a_late_tick_does_all_that_is_due(layer):
    keys = [begin(layer, ours("OPTIONS", f"z9hG4bK{n}"))[0] for n in range(3)]
    effects = layer.tick(100.0)
    assert effects == [effect for key in keys for effect in (Failed(key, Cause.TIMEOUT), Ended(key, Cause.TIMEOUT))]


def test_statistics_count_transactions_by_kind_and_drops_by_name(layer):
    begin(layer)
    begin(layer, ours("OPTIONS", "z9hG4bK2"))
    arrive(layer)
    arrive(layer, theirs("INFO", via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK3"))
    layer.receive(b"", PEER, 0.0)
    counted = attrs.asdict(layer.statistics())
    assert counted == {
        "client_invites": 1,
        "clients": 1,
        "server_invites": 1,
        "servers": 1,
        "deadlines": 3,
        "flows": 1,
        "copies": 2,
        "merges": 2,
        "drops": ((Drop.KEEPALIVE, 1),),
    }
    assert repr(layer) == "<TransactionLayer of 4 transactions, 1 messages dropped>"


def test_nothing_is_left_after_the_last_deadline(layer):
    begin(layer, ours("OPTIONS", "z9hG4bK2"))
    _, wire = begin(layer)
    layer.receive(answer(wire, 486), PEER, 0.1)
    reply(layer, arrive(layer), 200)
    run_out(layer)
    assert_empty(layer)
