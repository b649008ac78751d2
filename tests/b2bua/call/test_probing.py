"""When a target is asked, and what becomes of its answers; whole probes are in tests/world/test_probes.py."""

from random import Random

import attrs

from b2bua.call.acts import Alarm
from b2bua.call.probing import Probing
from b2bua.config import Config, Endpoint, Journal, Peer, Probe, Target, Trunk
from b2bua.trunk import Trunks
from sipstack.effects import Answered, Cause, Effect, Send
from sipstack.ids import Ids
from sipstack.message import Request, Response, parse, response_to
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer

PLAIN = Trunk(
    name="plain",
    listen=(Endpoint.parse("192.0.2.10"), Endpoint.parse("[2001:db8::10]:5070")),
    peers=(Peer.parse("192.0.2.0/24"),),
    targets=(Target(address=Endpoint.parse("192.0.2.1")), Target(address=Endpoint.parse("[2001:db8::1]:5080"))),
)
PROBED = attrs.evolve(PLAIN, name="probed", probe=Probe(down_after=1))


def probing(*trunks: Trunk) -> tuple[Probing, TransactionLayer]:
    ids = Ids(Random(7).randbytes)
    found = Trunks.of(Config(journal=Journal(directory="unused"), trunk=trunks))
    return Probing.of(found, ids), TransactionLayer(Timing(), ids)


def sent(effects: list[Effect | Alarm]) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def answer(layer: TransactionLayer, probe: Send, status: int, now: float) -> tuple[Answered, Response]:
    """What the layer makes of the answer to a probe."""
    request = parse(probe.data)
    assert isinstance(request, Request)
    data = response_to(request, status, to_tag="there").encode()
    (answered,) = [effect for effect in layer.receive(data, probe.flow, now) if isinstance(effect, Answered)]
    return answered, answered.response


def test_a_trunk_that_wants_no_probes_has_none_and_no_deadline() -> None:
    probes, layer = probing(PLAIN)
    assert probes.deadline() is None
    assert probes.tick(layer, 1_000.0) == []
    assert probes.states() == {}


def test_each_target_is_asked_from_the_socket_of_its_family_and_by_its_own_address() -> None:
    probes, layer = probing(PLAIN, PROBED)
    assert probes.deadline() == 0.0
    first, second = sent(probes.tick(layer, 1_000.0))
    assert first.data.startswith(b"OPTIONS sip:192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;")
    assert second.data.startswith(b"OPTIONS sip:[2001:db8::1]:5080 SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::10]:5070;")
    assert b"To: <sip:[2001:db8::1]:5080>\r\n" in second.data
    assert (first.flow.socket, second.flow.socket) == ("192.0.2.10:5060", "[2001:db8::10]:5070")
    assert probes.states() == {"probed": {"192.0.2.1:5060": "unknown", "[2001:db8::1]:5080": "unknown"}}


def test_a_second_final_answer_and_one_to_a_request_of_somebody_else_change_nothing() -> None:
    probes, layer = probing(PROBED)
    probe, _ = sent(probes.tick(layer, 0.0))
    answered, response = answer(layer, probe, 200, 0.1)
    assert probes.answered(answered.key, response, 0.1) == []
    refused = attrs.evolve(response, status=503)
    for key in (answered.key, type(answered.key)("a call's")):
        assert probes.answered(key, refused, 0.2) == []
        assert probes.failed(key, Cause.TIMEOUT, 0.3) == []
    assert probes.states()["probed"]["192.0.2.1:5060"] == "up"


def test_the_next_probe_is_counted_from_the_beginning_of_the_last_and_a_late_tick_loses_no_round() -> None:
    probes, layer = probing(PROBED)
    assert len(sent(probes.tick(layer, 100.0))) == 2
    assert probes.deadline() == 105.0
    assert sent(probes.tick(layer, 105.0)) == []
    due = probes.deadline()
    assert due is not None
    assert 127.0 <= due <= 133.0
    assert probes.tick(layer, due - 0.001) == []
    assert len(sent(probes.tick(layer, 500.0))) == 2
    # The shell was away for an hour: what was under way has failed, and the next round begins at once.
    assert len(sent(probes.tick(layer, 4_100.0))) == 2
    assert probes.deadline() == 4_105.0


def test_a_doubt_hastens_one_probe_keeps_its_pause_and_is_of_no_other_target() -> None:
    probes, layer = probing(PLAIN, PROBED)
    probed = next(iter(probes.watched.values()))
    first, second = sent(probes.tick(layer, 100.0))
    probes.doubt(probed.trunk, probed.flow, 100.1)  # one is under way: it will tell
    assert probed.due == 105.0
    for probe in (first, second):
        answered, response = answer(layer, probe, 200, 100.2)
        probes.answered(answered.key, response, 100.2)
    probes.doubt(attrs.evolve(probed.trunk, name="plain"), probed.flow, 101.0)
    assert probed.due > 120.0
    probes.doubt(probed.trunk, probed.flow, 101.0)
    assert (probed.due, probes.deadline()) == (105.0, 105.0)
    probes.doubt(probed.trunk, probed.flow, 102.0)
    assert sent(probes.tick(layer, 104.9)) == []
    assert [send.flow for send in sent(probes.tick(layer, 105.0))] == [probed.flow]
