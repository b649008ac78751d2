"""The shell: what has arrived counts before timers, failures come in a turn of their own, one timer serves all."""

import asyncio
import socket
import time
from collections.abc import Iterable, Sequence

import attrs
import pytest

from sipstack.effects import Incoming, Key, Send
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Request, parse, response_to
from sipstack.net import Driver, StreamLimits
from sipstack.net.driver import GRAIN
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer
from tests.sipstack.net.ends import Ends, Recorder, closed_port, message, play, stream_end, udp_end


def test_one_driver_serves_udp_and_streams_alike(loop: str) -> None:
    async def story() -> None:
        udp, stream = udp_end(), stream_end()
        both = Recorder(answer=lambda data: data)
        driver = Driver(both, {"u": udp.udp, "s": stream.stream})
        async with Ends(udp_end(), stream_end()) as (by_udp, by_stream):
            driver.start()
            by_udp.send(udp.address, message(1))
            by_stream.send(stream.address, message(2))
            await by_udp.recorder.until(lambda: by_udp.recorder.messages == [message(1)])
            await by_stream.recorder.until(lambda: by_stream.recorder.messages == [message(2)])
            assert {flow.transport for _, flow in both.received} == {"UDP", "TCP"}
            driver.stop()
            driver.stop()

    play(loop, story())


def test_the_deadline_is_kept_and_not_missed(loop: str) -> None:
    async def story() -> None:
        one = udp_end()
        one.recorder.due = due = time.monotonic() + 0.05
        async with Ends(one):
            await one.recorder.until(lambda: len(one.recorder.ticks) == 1)
            assert due <= one.recorder.ticks[0]
            one.recorder.due = due = time.monotonic() + 5.0
            one.driver.rearm()
            one.recorder.due = due = time.monotonic()  # an earlier one takes its place
            one.driver.rearm()
            await one.recorder.until(lambda: len(one.recorder.ticks) == 2)
            assert due <= one.recorder.ticks[1] < due + 5.0

    play(loop, story())


def test_a_message_at_which_the_endpoint_fails_costs_no_other_its_effects(loop: str) -> None:
    def answer(data: bytes) -> bytes:
        if data == message(2):
            raise RuntimeError("ours")
        return data

    async def story() -> None:
        one, other = udp_end(answer=answer), udp_end()
        faults: list[BaseException] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
        async with Ends(one, other):
            one.driver.received([(message(number), one.flow(other.address)) for number in (1, 2, 3)])
            await other.recorder.until(lambda: len(other.recorder.messages) == 2)
            assert other.recorder.messages == [message(1), message(3)]
            assert [str(fault) for fault in faults] == ["ours"]

    play(loop, story())


@attrs.define(eq=False)
class Order:
    """An endpoint that notes the order in which it is told things."""

    told: list[str] = attrs.field(factory=list)

    def receive(self, data: bytes, flow: Flow, now: float) -> Sequence[object]:
        self.told.append(flow.transport)
        return []

    def transport_failed(self, flow: Flow, now: float) -> Sequence[object]:
        return []

    def tick(self, now: float) -> Sequence[object]:
        self.told.append("tick")
        return []

    def deadline(self) -> float | None:
        return None


def test_after_a_pause_what_has_arrived_counts_before_the_timer(loop: str) -> None:
    async def story() -> None:
        udp, stream = udp_end(), stream_end()
        order = Order()
        driver = Driver(order, {"u": udp.udp, "s": stream.stream})
        driver.start()
        with socket.create_connection(stream.address) as peer, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            while not stream.counters["accepted"]:
                stream.counters.changed.clear()
                await stream.counters.changed.wait()
            order.told.clear()
            peer.sendall(message())
            datagrams.sendto(message(), udp.address)
            driver._fire()  # as by a loop that looks at its timers first
        assert sorted(order.told[:2]) == ["TCP", "UDP"]
        assert order.told[2:] == ["tick"]
        driver.stop()

    play(loop, story())


def test_a_failure_is_told_once_however_often_it_is_met_and_after_the_batch(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=StreamLimits(connections=0))) as (one,):
            flow = one.flow(("127.0.0.1", 5060))
            one.driver.send_all([Send(flow, b"1"), Send(flow, b"2"), Send(flow, b"3")])
            assert one.recorder.failed == []
            await one.recorder.until(lambda: len(one.recorder.failed) > 0)
            await asyncio.sleep(0)
            assert one.recorder.failed == [flow]

    play(loop, story())


def test_an_endpoint_that_answers_each_failure_by_sending_again_does_not_stop_the_loop(loop: str) -> None:
    async def story() -> None:
        one = stream_end(limits=StreamLimits(connections=0))
        stubborn = one.recorder
        tell = stubborn.transport_failed

        class Stubborn(Recorder):
            def transport_failed(self, flow: Flow, now: float) -> Sequence[object]:
                tell(flow, now)
                return [Send(flow, b"again")]

        one.driver.endpoint = Stubborn()
        async with Ends(one):
            one.send(("127.0.0.1", 5060), b"once")
            await stubborn.until(lambda: len(stubborn.failed) >= 20)

    play(loop, story())


def test_a_stopped_driver_tells_and_arms_nothing(loop: str) -> None:
    async def story() -> None:
        one = udp_end()
        async with Ends(one):
            one.driver.failed(one.flow(("127.0.0.1", 1)))
            one.recorder.due = 0.0
            one.driver.rearm()
        one.driver.failed(one.flow(("127.0.0.1", 1)))
        one.driver.rearm()
        await asyncio.sleep(3 * GRAIN)  # nothing to wait for: that nothing comes is what is tried
        assert (one.recorder.failed, one.recorder.ticks) == ([], [])

    play(loop, story())


def test_perform_gets_the_effects_of_a_batch_together(loop: str) -> None:
    async def story() -> None:
        batches: list[list[object]] = []
        async with Ends(stream_end(recorder={"answer": lambda data: data}), stream_end()) as (one, other):

            def perform(effects: Iterable[object]) -> None:
                batches.append(list(effects))
                one.driver.send_all(batches[-1])

            one.driver.perform = perform
            other.send(one.address, message(1) + message(2))
            await other.recorder.until(lambda: len(other.recorder.received) == 2)
            assert [len(batch) for batch in batches] == [2]

    play(loop, story())


class Layered(Recorder):
    """A bare transaction user, to see failures reach its requests."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = TransactionLayer(Timing(), Ids(lambda count: b"7" * count))
        self.ended: list[str] = []

        self.asked: list[Key] = []

    def _noted(self, effects: Iterable[object]) -> Sequence[object]:
        noted = list(effects)
        self.asked += [effect.key for effect in noted if isinstance(effect, Incoming) and effect.key]
        self.ended += [type(effect).__name__ for effect in noted if not isinstance(effect, Send)]
        self.changed.set()
        return noted

    def receive(self, data: bytes, flow: Flow, now: float) -> Sequence[object]:
        return self._noted(self.layer.receive(data, flow, now))

    def transport_failed(self, flow: Flow, now: float) -> Sequence[object]:
        return self._noted(self.layer.transport_failed(flow, now))

    def tick(self, now: float) -> Sequence[object]:
        return self._noted(self.layer.tick(now))

    def deadline(self) -> float | None:
        return self.layer.deadline()


@pytest.mark.parametrize("kind", ["UDP", "TCP"])
def test_a_request_nobody_takes_fails_long_before_its_timer(loop: str, host: str, kind: str) -> None:

    async def story() -> None:
        one = udp_end(host) if kind == "UDP" else stream_end(host)
        user = Layered()
        one.driver.endpoint = user
        nobody = host, closed_port(host, socket.SOCK_DGRAM if kind == "UDP" else socket.SOCK_STREAM)
        async with Ends(one):
            request = parse(message())
            assert isinstance(request, Request)
            _, effects = user.layer.request(request, one.flow(nobody), time.monotonic())
            one.driver.perform(effects)
            one.driver.rearm()
            await user.until(lambda: user.ended == ["Failed", "Ended"])

    play(loop, story())


def test_the_response_of_a_transaction_finds_the_sent_by_port_when_its_connection_is_gone(loop: str) -> None:
    async def story() -> None:
        one, other = stream_end(), stream_end()
        user = Layered()
        one.driver.endpoint = user
        async with Ends(one, other):
            asked = message(via=f"SIP/2.0/TCP 127.0.0.1:{other.address[1]}")
            with socket.create_connection(one.address) as peer:
                peer.sendall(asked)
                await user.until(lambda: len(user.asked) == 1)
            await one.counters.until("closed by peer")
            request = parse(asked)
            assert isinstance(request, Request)
            one.driver.perform(user.layer.respond(user.asked[0], response_to(request, 200), time.monotonic()))
            await other.recorder.until(lambda: len(other.recorder.received) == 1)
            assert other.recorder.messages[0].startswith(b"SIP/2.0 200 OK\r\n")

    play(loop, story())
