"""Two layers over a link that loses, doubles, delays and reorders, and one layer under arbitrary bytes.

Hypothesis searches what examples cannot list; the laws are those a user builds on.
"""

import heapq
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.effects import Answered, Cancelled, Dropped, Ended, Failed, Incoming, Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Request, parse_structure, response_to
from sipstack.message import request as build
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer

A = ("192.0.2.1", 5060)
B = ("192.0.2.2", 5060)


class Link:
    """Two layers, what is under way between them, and all that each user was told."""

    def __init__(self, chance, loss, status, cancel_at):
        self.chance, self.loss, self.status, self.cancel_at = chance, loss, status, cancel_at
        ids = Ids(chance.randbytes)
        self.layers = {A: TransactionLayer(Timing(), ids), B: TransactionLayer(Timing(), ids)}
        self.under_way, self.serial, self.now = [], itertools.count(), 0.0
        self.told = {A: [], B: []}

    def call(self, method, ids):
        via = f"SIP/2.0/UDP {A[0]};branch={ids.branch()};rport"
        fields = [("Via", via), ("From", "<sip:a@a>;tag=a"), ("To", "<sip:b@b>"), ("Call-ID", ids.call_id())]
        request = build(method, "sip:b@b", [*fields, ("CSeq", f"1 {method}")])
        key, effects = self.layers[A].request(request, Flow("s", B), self.now)
        self.perform(A, effects)
        return key

    def perform(self, side, effects):
        for effect in effects:
            if isinstance(effect, Send):
                self.carry(side, effect)
                continue
            self.told[side].append(effect)
            if isinstance(effect, Incoming) and effect.key is not None:
                for status in (180, self.status):
                    self.answer(effect.key, effect.request, status)
            if isinstance(effect, Cancelled):
                invite = next(e.request for e in self.told[B] if isinstance(e, Incoming) and e.key == effect.key)
                self.answer(effect.key, invite, 487)

    def answer(self, key, request, status):
        if status is not None:
            self.perform(B, self.layers[B].respond(key, response_to(request, status, to_tag="b"), self.now))

    def carry(self, side, send):
        for _ in range(self.chance.choice([1, 1, 1, 2])):
            if self.chance.random() >= self.loss:
                at = self.now + 0.4 * self.chance.random()
                heapq.heappush(self.under_way, (at, next(self.serial), side, send))

    def step(self, key):
        """The earliest of all clocks goes next; False when nothing is left to do."""
        due = [layer.deadline() for layer in self.layers.values()]
        times = [at for at in (*due, self.under_way[0][0] if self.under_way else None) if at is not None]
        if self.cancel_at is not None:
            times.append(self.cancel_at)
        if not times:
            return False
        self.now = max(self.now, min(times))
        if self.cancel_at is not None and self.cancel_at <= self.now:
            self.cancel_at = None
            self.perform(A, self.layers[A].cancel(key, self.now))
        while self.under_way and self.under_way[0][0] <= self.now:
            _, _, source, send = heapq.heappop(self.under_way)
            self.perform(
                send.flow.remote, self.layers[send.flow.remote].receive(send.data, Flow("s", source), self.now)
            )
        for side, layer in self.layers.items():
            self.perform(side, layer.tick(self.now))
        return True


@given(
    chance=st.randoms(use_true_random=False),
    loss=st.sampled_from([0.0, 0.2, 0.6, 1.0]),
    method=st.sampled_from(["INVITE", "OPTIONS"]),
    status=st.sampled_from([200, 486, None]),
    cancel=st.none() | st.floats(0, 40),
)
def test_each_side_hears_of_one_beginning_and_one_end_whatever_the_network_does(chance, loss, method, status, cancel):
    if method != "INVITE":
        cancel = None
        status = status or 404
    elif cancel is None:
        cancel = 40.0  # an INVITE may ring for ever, also because nobody here repeats a lost 2xx
    link = Link(chance, loss, status, cancel)
    key = link.call(method, Ids(chance.randbytes))
    for _ in range(400):
        if not link.step(key):
            break
    else:
        pytest.fail("the exchange never ends")
    mine, yours = ([e for e in link.told[side] if not isinstance(e, Dropped)] for side in (A, B))
    assert sum(isinstance(e, Ended) for e in mine) == 1
    assert isinstance(mine[-1], Ended)
    finals = [e for e in mine if isinstance(e, Answered) and e.response.status >= 200]
    assert bool(finals) != any(isinstance(e, Failed) for e in mine), "a final answer or a failure, never both"
    assert len({e.response.status for e in finals}) <= 1
    begun = [e.key for e in yours if isinstance(e, Incoming)]
    ended = [e.key for e in yours if isinstance(e, Ended)]
    # The last copy of a request leaves at 63*T1 and is under way for less than T1: it finds the transaction of the
    # first. A ringing INVITE whose CANCEL was lost stays, for that is its user's to end.
    assert len(begun) <= 1
    assert ended == begun[: len(ended)]
    assert len(link.layers[A]) == 0
    assert all(layer.deadline() is None for layer in link.layers.values())
    if loss == 0.0:
        assert finals
        assert ended == begun != []


@given(data=st.binary(max_size=200), flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6))
def test_no_bytes_make_the_layer_raise_or_answer_twice(data, flips):
    layer = TransactionLayer(Timing(), Ids(random.Random(1).randbytes))
    wire = bytearray(
        b"INVITE sip:b@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport, SIP/2.0/UDP c\r\n"
        b"From: <sip:a@a>;tag=a\r\nTo: <sip:b@b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nTimestamp: 1\r\n\r\n"
    )
    for place, byte in flips:
        wire[place % len(wire)] = byte
    for message in (
        data,
        bytes(wire),
        bytes(wire).replace(b"INVITE", b"CANCEL"),
        bytes(wire).replace(b"INVITE", b"ACK"),
    ):
        effects = layer.receive(message, Flow("s", A), 0.0)
        assert len(effects) <= 2
        for effect in effects:
            assert not isinstance(effect, Send) or not isinstance(parse_structure(effect.data), Request)
    for _ in range(100):
        if (due := layer.deadline()) is not None:
            layer.tick(due)
    assert layer.deadline() is None
