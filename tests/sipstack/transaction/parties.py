"""Messages written by hand and the peers that send them, for tests of the layer."""

import random

import attrs
import pytest

from sipstack.effects import Incoming, Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import parse, response_to
from sipstack.message import request as build
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer

PEER = Flow("inside", ("192.0.2.1", 5060))
STREAM = Flow("inside", ("192.0.2.1", 40000), "TCP")
VIA = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"


def new_layer(**kwargs):
    return TransactionLayer(Timing(), Ids(random.Random(1).randbytes), **kwargs)


def ours(method="INVITE", branch="z9hG4bKours", body=b""):
    fields = [
        ("Via", f"SIP/2.0/UDP 192.0.2.9;branch={branch}"),
        ("Max-Forwards", "70"),
        ("From", "<sip:a@a.example>;tag=a"),
        ("To", "<sip:b@b.example>"),
        ("Call-ID", "call"),
        ("CSeq", f"7 {method}"),
        ("Contact", "<sip:a@192.0.2.9>"),
    ]
    return build(method, "sip:b@b.example", fields, body)


def theirs(method="INVITE", *, via=VIA, cseq=1, to="<sip:b@b.example>", extra="", call_id="call", tag="a"):
    return (
        f"{method} sip:b@b.example SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: <sip:a@a.example>;tag={tag}\r\n"
        f"To: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n{extra}Content-Length: 0\r\n\r\n"
    ).encode()


def answer(sent, status, tag="b", **kwargs):
    """What the peer answers to bytes of ours."""
    request = parse(sent)
    return response_to(request, status, to_tag=None if status == 100 else tag, **kwargs).encode()


def begin(layer, request=None, flow=PEER, now=0.0):
    key, [send] = layer.request(request or ours(), flow, now)
    return key, send.data


def arrive(layer, data=None, flow=PEER, now=0.0):
    [incoming] = layer.receive(data or theirs(), flow, now)
    assert isinstance(incoming, Incoming)
    return incoming


def reply(layer, incoming, status, now=0.0, tag="b"):
    response = response_to(incoming.request, status, to_tag=None if status == 100 else tag)
    return layer.respond(incoming.key, response, now)


def sent(effects):
    return [parse(effect.data) for effect in effects if isinstance(effect, Send)]


def names(effects):
    """Effects by name; a Send by the start of its message."""
    return [
        effect.data.split(b" SIP/2.0" if effect.data[:3] != b"SIP" else b"\r\n")[0]
        .split(b" ")[0 if effect.data[:3] != b"SIP" else 1]
        .decode()
        if isinstance(effect, Send)
        else type(effect).__name__
        for effect in effects
    ]


def assert_empty(layer):
    figures = attrs.asdict(layer.statistics())
    assert {name: figure for name, figure in figures.items() if figure and name != "drops"} == {}


def run_out(layer):
    """Let the clock run until nothing waits; all effects on the way."""
    effects = []
    for _ in range(1000):
        if (due := layer.deadline()) is None:
            return effects
        effects += layer.tick(due)
    pytest.fail("the clock never runs out")
