"""A repeated datagram is recognised by its bytes; nobody outside can tell that it was not read again."""

from hypothesis import given
from hypothesis import strategies as st

from sipstack.effects import Drop, Dropped, Incoming
from sipstack.flow import Flow
from sipstack.message import response_to
from tests.sipstack.transaction.parties import (
    PEER,
    STREAM,
    arrive,
    assert_empty,
    names,
    new_layer,
    reply,
    run_out,
    sent,
    theirs,
)

OTHER_PEER = Flow("inside", ("192.0.2.2", 5060))
OTHER_SOCKET = Flow("outside", ("192.0.2.1", 5060))
NEXT_PORT = Flow("inside", ("192.0.2.1", 1024))


def copies(layer):
    return layer.statistics().copies


def unparsed(monkeypatch):
    """From now on whatever is parsed fails the test."""

    def parse(data):
        raise AssertionError(f"parsed: {data!r}")

    monkeypatch.setattr("sipstack.transaction.layer.parse", parse)


def test_a_repeated_datagram_is_answered_without_being_parsed(monkeypatch):
    layer = new_layer()
    incoming = arrive(layer)
    [ringing] = reply(layer, incoming, 180)
    unparsed(monkeypatch)
    assert layer.receive(theirs(), PEER, 0.5) == [ringing]


def test_a_repetition_with_nothing_to_repeat_is_absorbed_by_name(monkeypatch):
    layer = new_layer()
    arrive(layer)
    unparsed(monkeypatch)
    assert layer.receive(theirs(), PEER, 0.1) == [Dropped(Drop.ABSORBED, PEER)]


def test_a_repeated_cancel_is_recognised_too(monkeypatch):
    layer = new_layer()
    arrive(layer)
    ok, _ = layer.receive(theirs("CANCEL"), PEER, 0.1)
    unparsed(monkeypatch)
    assert layer.receive(theirs("CANCEL"), PEER, 0.6) == [ok]


def test_the_same_bytes_from_elsewhere_are_read_and_answered_where_the_first_came_from():
    for flow in (OTHER_PEER, NEXT_PORT):
        layer = new_layer()
        [ringing] = reply(layer, arrive(layer), 180)
        assert layer.receive(theirs(), flow, 0.5) == [ringing], "it has the same key, by the long way"
        assert copies(layer) == 1


def test_the_same_bytes_at_another_socket_are_another_request_for_who_is_there_is_nobody_here():
    layer = new_layer()
    reply(layer, arrive(layer), 180)
    dropped, refusal = layer.receive(theirs(), OTHER_SOCKET, 0.5)
    assert dropped.why is Drop.MERGED
    assert refusal.data.startswith(b"SIP/2.0 482 ")
    assert refusal.flow.socket == "outside"


def test_the_same_bytes_to_another_name_for_the_sender_are_another_request():
    """Behind one NAT two phones may say the same; without rport the source makes no difference, sent-by does."""
    layer = new_layer()
    first = theirs("OPTIONS", via="SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", tag="1")
    second = theirs("OPTIONS", via="SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1", tag="2")
    assert arrive(layer, first).key != arrive(layer, second).key
    assert copies(layer) == 2


def test_another_message_of_the_same_key_takes_the_long_way():
    layer = new_layer()
    [ringing] = reply(layer, arrive(layer), 180)
    assert layer.receive(theirs(extra="X-Sent-Again: yes\r\n"), PEER, 0.5) == [ringing]


def test_what_comes_by_a_stream_is_not_remembered():
    layer = new_layer()
    arrive(layer, flow=STREAM)
    assert copies(layer) == 0


def test_neither_responses_nor_acks_nor_rubbish_are_remembered():
    layer = new_layer()
    refused = arrive(layer)
    layer.respond(refused.key, response_to(refused.request, 486, to_tag="b"), 0.0)
    for data in (theirs("ACK"), b"SIP/2.0 200 OK\r\n\r\n", b"rubbish", b""):
        layer.receive(data, PEER, 0.1)
    assert copies(layer) == 1


def test_a_copy_is_forgotten_with_its_transaction():
    layer = new_layer()
    reply(layer, arrive(layer), 200)
    run_out(layer)
    assert_empty(layer)
    assert names(layer.receive(theirs(), PEER, 100.0)) == ["Incoming"], "a new transaction, 64*T1 later"


def test_a_refused_and_acknowledged_invite_that_comes_once_more_is_not_answered_again():
    layer = new_layer()
    reply(layer, arrive(layer), 486)
    layer.receive(theirs("ACK", to="<sip:b@b.example>;tag=b"), PEER, 0.1)
    assert layer.receive(theirs(), PEER, 0.2) == [Dropped(Drop.ABSORBED, PEER)]


# The same with and without.

VIAS = ("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2;rport", "SIP/2.0/UDP a;branch=1")
DATAGRAMS = (
    *(
        theirs(method, via=via, cseq=cseq, to=to)
        for method in ("INVITE", "OPTIONS", "CANCEL", "ACK")
        for via in VIAS
        for cseq in (1, 2)
        for to in ("<sip:b@b.example>", "<sip:b@b.example>;tag=b")
    ),
    theirs().replace(b"CSeq: 1", b"CSeq: x"),
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKours\r\nFrom: <sip:a@a>;tag=a\r\n"
    b"To: <sip:b@b>;tag=b\r\nCall-ID: call\r\nCSeq: 7 INVITE\r\n\r\n",
    b"\r\n\r\n",
    b"rubbish",
)
STEPS = st.one_of(
    st.tuples(st.just("receive"), st.sampled_from(DATAGRAMS), st.sampled_from([PEER, OTHER_PEER, NEXT_PORT, STREAM])),
    st.tuples(st.just("respond"), st.integers(0, 5), st.sampled_from([100, 180, 200, 486])),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.5, 7.0, 33.0])),
    st.tuples(st.just("fail"), st.sampled_from([PEER, STREAM])),
)


class Watched:
    """A layer and what came of each step, as plain data."""

    def __init__(self, *, shortcut):
        self.layer, self.now, self.incoming = new_layer(limit=6, shortcut=shortcut), 0.0, []

    def take(self, step):
        kind, *rest = step
        if kind == "receive":
            effects = self.layer.receive(*rest, self.now)
        elif kind == "fail":
            effects = self.layer.transport_failed(*rest, self.now)
        elif kind == "wait":
            self.now += rest[0]
            effects = self.layer.tick(self.now)
        else:
            effects = self.respond(*rest)
        self.incoming += [effect for effect in effects if isinstance(effect, Incoming) and effect.key is not None]
        figures = self.layer.statistics()
        return [plain(effect) for effect in effects], self.layer.deadline(), len(self.layer), figures.drops

    def respond(self, which, status):
        if not self.incoming:
            return []
        incoming = self.incoming[which % len(self.incoming)]
        return self.layer.respond(incoming.key, response_to(incoming.request, status, to_tag=incoming.to_tag), self.now)


def plain(effect):
    fields = {name: getattr(effect, name) for name in effect.__slots__ if not name.startswith("__")}
    if "request" in fields:
        fields["request"] = fields["request"].encode()
    return type(effect).__name__, fields


@given(steps=st.lists(STEPS, max_size=40))
def test_a_layer_with_the_shortcut_and_one_without_do_the_same(steps):
    fast, slow = Watched(shortcut=True), Watched(shortcut=False)
    for step in steps:
        assert fast.take(step) == slow.take(step)
    assert copies(slow.layer) == 0
    assert copies(fast.layer) <= len(fast.layer)


def test_the_repetition_of_a_100_is_what_was_sent():
    layer = new_layer()
    arrive(layer)
    [trying] = sent(layer.tick(0.2))
    assert [message.encode() for message in sent(layer.receive(theirs(), PEER, 0.3))] == [trying.encode()]
