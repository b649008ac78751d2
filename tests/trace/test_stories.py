"""The stories of `b2bua demo`, on real sockets, keep the invariants too."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from b2bua.call import Core, Moment
from b2bua.demo.stage import staged
from b2bua.demo.stories import STORIES
from sipstack.effects import Send
from sipstack.flow import Flow
from tests.trace.invariants import check
from tests.trace.reading import Packet
from tests.trace.trace import Trace

#: Seconds by which the loop may be late with a timer.
SLACK = 0.05


def tap(monkeypatch: pytest.MonkeyPatch) -> list[Packet]:
    """All that goes into the core and comes out of it, from now on."""
    packets: list[Packet] = []

    def packet(flow: Flow, data: bytes, moment: Moment, *, ours: bool) -> Packet:
        return Packet(moment.tick, ours, flow.socket, peer=f"{flow.remote[0]}:{flow.remote[1]}", data=data)

    def tapped(name: str) -> Callable[..., Sequence[object]]:
        untapped = getattr(Core, name)

        def run(core: Core, *given: object) -> Sequence[object]:
            *_, moment = given
            assert isinstance(moment, Moment)
            if name == "receive":
                data, flow, _ = given
                assert isinstance(data, bytes)
                assert isinstance(flow, Flow)
                packets.append(packet(flow, data, moment, ours=False))
            outputs: Sequence[object] = untapped(core, *given)
            packets.extend(packet(out.flow, out.data, moment, ours=True) for out in outputs if isinstance(out, Send))
            return outputs

        return run

    for name in ("receive", "answered", "transport_failed", "tick"):
        monkeypatch.setattr(Core, name, tapped(name))
    return packets


def test_every_story_keeps_the_invariants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packets = tap(monkeypatch)

    async def play() -> None:
        async with staged(tmp_path) as stage:
            for story in STORIES:
                assert (await stage.play(story)).faults == ()

    asyncio.run(play())
    assert len(packets) > 10 * len(STORIES)
    check(Trace.of(packets, slack=SLACK, is_whole=False))
