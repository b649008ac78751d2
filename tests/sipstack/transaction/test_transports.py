"""What §18 asks of the layer: large requests by a stream, and responses when their connection is gone."""

import attrs
import pytest

from sipstack.effects import Answered, Cause, Ended, Failed, Send, Unreachable
from sipstack.errors import StateError
from sipstack.flow import Flow
from sipstack.message import parse
from tests.sipstack.transaction.parties import (
    PEER,
    STREAM,
    answer,
    arrive,
    assert_empty,
    names,
    new_layer,
    ours,
    reply,
    run_out,
    sent,
    theirs,
)

TO_STREAM = Flow("inside", ("192.0.2.1", 5060), "TCP")
LARGE = b"x" * 1300


@pytest.fixture
def layer():
    return new_layer()


def of_size(size):
    """A MESSAGE of exactly that many octets."""
    short = size - len(ours("MESSAGE", body=b"").encode())
    body = b"x" * (short - (len(str(short)) - 1))
    request = ours("MESSAGE", body=body)
    assert len(request.encode()) == size
    return request


def via(data):
    return parse(data).via


# Large requests (§18.1.1).


@pytest.mark.parametrize(("size", "flow"), [(1300, PEER), (1301, TO_STREAM)])
def test_a_request_of_more_than_1300_octets_goes_by_the_stream(layer, size, flow):
    _, [send] = layer.request(of_size(size), PEER, 0.0, TO_STREAM)
    assert (send.flow, send.otherwise) == (flow, None)
    assert via(send.data).transport == flow.transport
    assert len(send.data) == size


def test_the_size_that_counts_as_large_is_a_setting():
    layer = new_layer(largest_datagram=1400)
    for size, flow in ((1400, PEER), (1401, TO_STREAM)):
        _, [send] = layer.request(of_size(size), PEER, 0.0, TO_STREAM)
        assert send.flow == flow
        layer.transport_failed(flow, 0.0)
        layer.transport_failed(PEER, 0.0)


def test_without_a_stream_a_large_request_goes_by_udp(layer):
    _, [send] = layer.request(ours(body=LARGE), PEER, 0.0)
    assert (send.flow, via(send.data).transport) == (PEER, "UDP")


def test_a_request_that_goes_by_a_stream_anyway_stays_there(layer):
    other = Flow("inside", ("192.0.2.1", 5061), "TLS")
    _, [send] = layer.request(ours(body=LARGE), TO_STREAM, 0.0, other)
    assert send.flow == TO_STREAM


def test_a_datagram_is_no_stream(layer):
    with pytest.raises(StateError):
        layer.request(ours(body=LARGE), PEER, 0.0, Flow("inside", ("192.0.2.2", 5060)))
    assert len(layer) == 0


def test_by_the_stream_nothing_is_repeated(layer):
    key, _ = layer.request(ours(body=LARGE), PEER, 0.0, TO_STREAM)
    assert run_out(layer) == [Failed(key, Cause.TIMEOUT), Ended(key, Cause.TIMEOUT)]


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_a_stream_that_fails_before_any_response_leaves_udp_under_the_same_key_and_branch(layer, method):
    key, [first] = layer.request(ours(method, body=LARGE), PEER, 0.0, TO_STREAM)
    [second] = layer.transport_failed(TO_STREAM, 3.0)
    assert second.flow == PEER
    assert second.data == first.data.replace(b"SIP/2.0/TCP", b"SIP/2.0/UDP", 1)
    assert layer.tick(3.5) == [second], "by UDP it is repeated"
    answered, *_ = [e for e in layer.receive(answer(second.data, 200), PEER, 3.6) if isinstance(e, Answered)]
    assert answered.key == key
    assert run_out(layer) == [Ended(key, Cause.NORMAL)]
    assert_empty(layer)


def test_the_second_way_has_its_whole_time_and_a_second_fault_is_the_end(layer):
    key, _ = layer.request(ours("MESSAGE", body=LARGE), PEER, 0.0, TO_STREAM)
    layer.transport_failed(TO_STREAM, 30.0)
    assert layer.transport_failed(TO_STREAM, 30.1) == [], "it no longer goes that way"
    effects = run_out(layer)
    assert effects[-2:] == [Failed(key, Cause.TIMEOUT), Ended(key, Cause.TIMEOUT)]
    assert len(effects) == 12
    key, _ = layer.request(ours("MESSAGE", body=LARGE), PEER, 0.0, TO_STREAM)
    layer.transport_failed(TO_STREAM, 0.1)
    assert layer.transport_failed(PEER, 0.2) == [Failed(key, Cause.TRANSPORT), Ended(key, Cause.TRANSPORT)]


@pytest.mark.parametrize(("status", "outcome"), [(100, []), (200, [])])
def test_after_a_response_the_stream_was_the_way(layer, status, outcome):
    _, [send] = layer.request(ours(body=LARGE), PEER, 0.0, TO_STREAM)
    layer.receive(answer(send.data, status), TO_STREAM, 0.1)
    assert layer.transport_failed(TO_STREAM, 0.2) == outcome


def test_ack_and_cancel_go_the_way_the_invite_went_in_the_end(layer):
    key, _ = layer.request(ours(body=LARGE), PEER, 0.0, TO_STREAM)
    layer.cancel(key, 0.1)
    [invite] = layer.transport_failed(TO_STREAM, 0.2)
    _, cancel = layer.receive(answer(invite.data, 180), PEER, 0.3)
    ack, *_ = layer.receive(answer(invite.data, 487), PEER, 0.4)
    for send, method in ((cancel, "CANCEL"), (ack, "ACK")):
        assert (send.flow, parse(send.data).method) == (PEER, method)
        assert str(via(send.data)) == str(via(invite.data))


# Responses whose connection is gone (§18.2.2).


@pytest.mark.parametrize(
    ("sent_by", "transport", "remote"),
    [
        ("192.0.2.1", "TCP", ("192.0.2.1", 5060)),
        ("192.0.2.1:5070", "TCP", ("192.0.2.1", 5070)),
        ("a.example", "TCP", ("192.0.2.1", 5060)),
        ("10.0.0.1", "TLS", ("192.0.2.1", 5061)),
        ("10.0.0.1:5080;received=203.0.113.9", "TLS", ("192.0.2.1", 5080)),
    ],
)
def test_a_response_may_open_a_connection_to_the_source_at_the_port_of_sent_by(layer, sent_by, transport, remote):
    connection = attrs.evolve(STREAM, transport=transport)
    incoming = arrive(layer, theirs(via=f"SIP/2.0/{transport} {sent_by};branch=z9hG4bK1"), connection)
    for status in (180, 200):
        [send] = reply(layer, incoming, status)
        assert send.flow == connection
        assert send.otherwise == Flow("inside", remote, transport)
    assert layer.repeat(incoming.key, send.data, 0.5) == [send]


@pytest.mark.parametrize("flow", [PEER, attrs.evolve(STREAM, transport="WSS")])
def test_there_is_no_other_way_to_a_datagram_socket_or_a_browser(layer, flow):
    assert reply(layer, arrive(layer, flow=flow), 200)[0].otherwise is None


def test_a_refusal_without_a_transaction_knows_the_other_way_too(layer):
    damaged = theirs("OPTIONS").replace(b"CSeq: 1", b"CSeq: x")
    [send] = layer.receive(damaged, STREAM, 0.0)
    assert send.otherwise == TO_STREAM


def test_the_answer_to_a_cancel_knows_the_other_way_too(layer):
    arrive(layer, flow=STREAM)
    ok, _ = layer.receive(theirs("CANCEL"), STREAM, 0.1)
    assert isinstance(ok, Send)
    assert ok.otherwise == TO_STREAM


@pytest.mark.parametrize("failed", [STREAM, TO_STREAM])
def test_a_fault_of_either_way_is_told_once(layer, failed):
    incoming = arrive(layer, flow=STREAM)
    reply(layer, incoming, 486)
    assert layer.transport_failed(failed, 0.1) == [Unreachable(incoming.key)]
    assert names(run_out(layer)) == ["Failed", "Ended"]
    assert_empty(layer)


def test_a_connection_from_the_port_it_listens_at_is_its_own_other_way(layer):
    incoming = arrive(layer, flow=TO_STREAM)
    [send] = reply(layer, incoming, 486)
    assert send.otherwise == send.flow == TO_STREAM
    assert layer.transport_failed(TO_STREAM, 0.1) == [Unreachable(incoming.key)]
    run_out(layer)
    assert_empty(layer)


def test_by_a_stream_the_timers_of_the_network_are_zero(layer):
    """Timers D, I, J and K (§17.1.1.2, §17.2.1, §17.2.2, §17.1.2.2); H, L and M stay."""
    _, [invite] = layer.request(ours(), TO_STREAM, 0.0)
    assert names(layer.receive(answer(invite.data, 486), TO_STREAM, 0.1)) == ["ACK", "Answered", "Ended"]
    _, [options] = layer.request(ours("OPTIONS"), TO_STREAM, 0.0)
    assert names(layer.receive(answer(options.data, 200), TO_STREAM, 0.1)) == ["Answered", "Ended"]
    assert names(reply(layer, arrive(layer, theirs("OPTIONS"), STREAM), 200)) == ["200", "Ended"]
    reply(layer, arrive(layer, flow=STREAM), 486)
    assert names(layer.receive(theirs("ACK", to="<sip:b@b.example>;tag=b"), STREAM, 0.1)) == ["Ended"]
    assert_accepted_lingers(layer)
    assert sent(run_out(layer)) == []


def assert_accepted_lingers(layer):
    reply(layer, arrive(layer, theirs(cseq=2, via="SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK2"), STREAM), 200, 0.5)
    assert len(layer) == 1
    assert layer.deadline() == 32.5
