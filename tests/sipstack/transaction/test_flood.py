"""What strangers send costs a bounded amount of memory, however much of it there is."""

import random

import attrs
from hypothesis import given
from hypothesis import strategies as st

from sipstack.effects import Drop, Dropped, Incoming, Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import response_to
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer
from tests.sipstack.transaction.parties import (
    PEER,
    STREAM,
    arrive,
    assert_empty,
    begin,
    names,
    new_layer,
    ours,
    reply,
    run_out,
    theirs,
)

LIMIT = 40
ROOM = LIMIT + LIMIT // 4


def stranger(number, transport="UDP"):
    return Flow("inside", (f"198.51.{number // 250 % 250}.{number % 250}", 1024 + number % 60_000), transport)


def request(number, method="INVITE", **kwargs):
    return theirs(method, via=f"SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK{number}", tag=f"t{number}", **kwargs)


def sizes(layer):
    figures = attrs.asdict(layer.statistics())
    del figures["drops"]
    return figures


def test_three_thousand_new_calls_from_as_many_sources_fill_the_layer_and_no_more():
    layer = new_layer(limit=LIMIT)
    for number in range(3_000):
        layer.receive(request(number), stranger(number), number * 1e-6)
    assert len(layer) == LIMIT
    assert sizes(layer) == {
        "client_invites": 0,
        "clients": 0,
        "server_invites": LIMIT,
        "servers": 0,
        "deadlines": LIMIT,
        "flows": LIMIT,
        "copies": LIMIT,
        "merges": LIMIT,
    }
    assert dict(layer.statistics().drops) == {Drop.OVERLOAD: 3_000 - LIMIT}


@given(
    messages=st.lists(
        st.tuples(
            st.integers(0, 10_000),
            st.sampled_from(["INVITE", "OPTIONS", "CANCEL", "ACK", "BYE"]),
            st.sampled_from(["<sip:b@b.example>", "<sip:b@b.example>;tag=b"]),
            st.sampled_from(["UDP", "TCP"]),
            st.sampled_from([b"", b"\x00", b"CSeq: 1", b"Via:", b"\r\n\r\n"]),
        ),
        min_size=2 * ROOM,
        max_size=4 * ROOM,
    )
)
def test_no_mixture_of_requests_and_rubbish_takes_more_than_the_room_there_is(messages):
    layer = new_layer(limit=LIMIT)
    for number, method, to, transport, damage in messages:
        data = request(number, method, to=to)
        if damage:
            data = data.replace(damage, b"x", 1) if damage in data else damage + data
        effects = layer.receive(data, stranger(number, transport), 0.0)
        assert len(effects) <= 3
        assert sum(isinstance(effect, Send) for effect in effects) <= 1, "one answer to one message: no amplifier"
        figures = sizes(layer)
        assert len(layer) <= ROOM
        assert figures["flows"] <= 2 * ROOM
        assert max(figures["copies"], figures["merges"]) <= ROOM
        assert figures["deadlines"] <= 64 + 2 * ROOM


def test_rubbish_is_kept_nowhere_and_only_counted():
    layer, dice = new_layer(), random.Random(7)
    for number in range(2_000):
        layer.receive(dice.randbytes(dice.randrange(200)), stranger(number), 0.0)
    assert_empty(layer)
    assert {why for why, _ in layer.statistics().drops} <= {Drop.UNPARSABLE, Drop.KEEPALIVE}


def test_repetitions_in_a_flood_find_their_transaction_and_take_no_room():
    layer = new_layer(limit=2)
    [ringing] = reply(layer, arrive(layer), 180)
    arrive(layer, request(1), stranger(1))
    for _ in range(100):
        assert layer.receive(theirs(), PEER, 0.1) == [ringing]
    assert len(layer) == 2


def test_what_ended_makes_room_again():
    layer = new_layer(limit=1)
    first = arrive(layer, theirs("OPTIONS"), STREAM)
    assert names(layer.receive(request(1, "OPTIONS"), STREAM, 0.1)) == ["Dropped", "503"]
    reply(layer, first, 200)
    arrive(layer, request(1, "OPTIONS"), STREAM)


def test_our_own_requests_take_room_from_strangers_and_are_never_refused():
    layer = new_layer(limit=2)
    for number in range(5):
        begin(layer, ours("OPTIONS", f"z9hG4bK{number}"))
    assert len(layer) == 5
    assert names(layer.receive(theirs(), PEER, 0.0)) == ["Dropped", "503"]


def test_a_limit_of_nothing_answers_everything_and_keeps_nothing():
    layer = new_layer(limit=0)
    assert [type(e) for e in layer.receive(theirs(), PEER, 0.0)] == [Dropped, Send]
    assert names(layer.receive(theirs("CANCEL"), PEER, 0.0)) == ["Dropped", "503"]
    assert_empty(layer)


def test_the_heap_does_not_grow_with_what_ended_long_before_its_timer():
    """Over a stream a request ends with its answer, half a minute before timer B, F or H would have come."""
    layer = TransactionLayer(Timing(), Ids(random.Random(1).randbytes))
    for number in range(2_000):
        now = number * 0.001
        [incoming] = layer.receive(request(number), STREAM, now)
        assert isinstance(incoming, Incoming)
        layer.respond(incoming.key, response_to(incoming.request, 486, to_tag="b"), now)
        layer.receive(request(number, "ACK", to="<sip:b@b.example>;tag=b"), STREAM, now)
        assert len(layer) == 0
        assert layer.statistics().deadlines <= 64
    assert run_out(layer) == []
    assert_empty(layer)


def test_what_lives_keeps_its_deadline_when_the_heap_is_swept():
    layer = new_layer()
    begin(layer, ours("OPTIONS"))
    for number in range(200):
        reply(layer, arrive(layer, request(number), STREAM), 486)
        layer.receive(request(number, "ACK", to="<sip:b@b.example>;tag=b"), STREAM, 0.0)
    assert layer.statistics().deadlines < 100
    assert layer.deadline() == 0.5
    assert [type(effect).__name__ for effect in run_out(layer)] == ["Send"] * 10 + ["Failed", "Ended"]
    assert len(layer) == 0
