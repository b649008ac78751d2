"""The ten lines of `examples/ua.py`, and `examples/caller.py`, with every peer over every transport it has."""

import sys

import pytest

from tests.sipstack.peers import ladders
from tests.sipstack.peers.baresip import Baresip
from tests.sipstack.peers.example import EXAMPLES, Example
from tests.sipstack.peers.process import HOST, PATIENCE, Process, free_pairs
from tests.sipstack.peers.stage import TRANSPORTS, Stage

over_sipps_transports = pytest.mark.parametrize("transport", ["udp", "tcp"])
over_each_transport = pytest.mark.parametrize("transport", TRANSPORTS)
by_each_way = pytest.mark.parametrize(
    "by_kamailio", [False, pytest.param(True, marks=pytest.mark.peer("kamailio"))], ids=["straight", "kamailio"]
)


def dial(stage: Stage, example: Example, transport: str, by_kamailio: bool) -> Baresip:
    """baresip calls the example; by Kamailio, that goes on over the transport."""
    if by_kamailio:
        stage.behind.dial(example.uri(transport), "udp")
        return stage.behind
    stage.baresip.dial(example.uri(transport))
    return stage.baresip


@pytest.mark.peer("sipp")
@over_sipps_transports
def test_sipp_calls_the_ua_and_holds_and_hangs_up(stage: Stage, transport: str) -> None:
    example = stage.example()
    stage.sipp(transport, ladders.calls_and_asks_again(example.uri(transport)), example.port).finishes()


@pytest.mark.peer("sipp")
@over_sipps_transports
def test_sipp_takes_its_call_to_the_ua_back(stage: Stage, transport: str) -> None:
    example = stage.example(rings=True)
    stage.sipp(transport, ladders.calls_and_cancels(example.uri(transport)), example.port).finishes()


@pytest.mark.peer("baresip")
@over_each_transport
@by_each_way
def test_baresip_calls_the_ua_and_holds_and_hangs_up(stage: Stage, transport: str, by_kamailio: bool) -> None:
    baresip = dial(stage, stage.example(), transport, by_kamailio)
    baresip.tells("CALL_ESTABLISHED")
    baresip.hold()
    baresip.traces("ACK", times=2)
    baresip.hang_up()
    baresip.traces("SIP/2.0 200", "BYE")
    if by_kamailio:
        stage.kamailio.hears(transport, "SIP/2.0 200 BYE")


@pytest.mark.peer("baresip")
@over_each_transport
@by_each_way
def test_baresip_takes_its_call_to_the_ua_back(stage: Stage, transport: str, by_kamailio: bool) -> None:
    baresip = dial(stage, stage.example(rings=True), transport, by_kamailio)
    baresip.tells("CALL_RINGING")
    baresip.hang_up()
    baresip.traces("SIP/2.0 487", "INVITE")
    if by_kamailio:
        stage.kamailio.hears(transport, "SIP/2.0 487 INVITE")


@pytest.mark.peer("sipp")
@over_sipps_transports
def test_the_caller_calls_sipp_and_hangs_up(stage: Stage, transport: str) -> None:
    sipp = stage.sipp(transport, ladders.answers_and_is_hung_up())
    (port,) = free_pairs(1)
    addresses = (f"udp:{HOST}:{port}", f"tcp:{HOST}:{port}")
    caller = Process.start(
        [sys.executable, str(EXAMPLES / "caller.py"), sipp.uri(), *addresses], stage.folder / "caller"
    )
    try:
        sipp.finishes()
        assert caller.popen.wait(PATIENCE) == 0, caller.said
        assert caller.said.split() == ["Progressed", "Established", "Released"]
    finally:
        caller.close()
