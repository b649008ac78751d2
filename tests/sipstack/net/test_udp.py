"""Datagrams over real sockets, and what ICMP says of those that nobody takes."""

import asyncio
import socket

import pytest

from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.net import udp
from tests.sipstack.net.ends import Ends, closed_port, message, play, udp_end


def test_a_datagram_reaches_the_endpoint_with_its_flow(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(udp_end(host), udp_end(host)) as (one, other):
            one.send(other.address, b"hello")
            await other.recorder.until(lambda: len(other.recorder.received) == 1)
            assert other.recorder.received == [(b"hello", other.flow(one.address))]

    play(loop, story())


def test_the_largest_datagram_crosses_whole(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(udp_end(host), udp_end(host)) as (one, other):
            data = message(body=bytes(64_000))
            one.send(other.address, data)
            await other.recorder.until(lambda: other.recorder.messages == [data])

    play(loop, story())


def test_a_datagram_that_is_too_large_for_udp_fails_its_flow_and_no_other(loop: str) -> None:
    async def story() -> None:
        async with Ends(udp_end(), udp_end()) as (one, other):
            flow = one.send(other.address, bytes(70_000))
            await one.recorder.until(lambda: one.recorder.failed == [flow])
            one.send(other.address, b"still here")
            await other.recorder.until(lambda: other.recorder.messages == [b"still here"])
            assert one.counters["send failed: Message too long"] == 1

    play(loop, story())


def test_an_unknown_source_is_counted_and_not_read(loop: str) -> None:
    async def story() -> None:
        stranger, friend = udp_end(), udp_end()
        async with Ends(udp_end(admits=lambda _, port: port == friend.address[1]), stranger, friend) as (one, *_):
            stranger.send(one.address, b"let me in")
            friend.send(one.address, b"it is me")
            await one.recorder.until(lambda: one.recorder.messages == [b"it is me"])
            assert one.counters["unknown source"] == 1

    play(loop, story())


def test_a_closed_port_fails_its_flow(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(udp_end(host)) as (one,):
            flow = one.send((host, closed_port(host, socket.SOCK_DGRAM)), b"anybody?")
            await one.recorder.until(lambda: one.recorder.failed == [flow])
            assert one.counters["ICMP: unreachable"] == 1

    play(loop, story())


def test_a_socket_goes_on_reading_after_each_of_many_errors(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(udp_end(host), udp_end(host)) as (one, other):
            nobody = host, closed_port(host, socket.SOCK_DGRAM)
            for count in range(1, 8):
                one.send(nobody, b"anybody?")
                await one.recorder.until(lambda count=count: len(one.recorder.failed) == count)  # type: ignore[misc]
                other.send(one.address, b"%d" % count)
                await one.recorder.until(lambda count=count: len(one.recorder.received) == count)  # type: ignore[misc]

    play(loop, story())


def test_an_error_that_a_send_meets_loses_nothing_of_another_peer(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(udp_end(host), udp_end(host)) as (one, other):
            nobody = host, closed_port(host, socket.SOCK_DGRAM)
            flows = [Send(one.flow(nobody), b"-"), Send(one.flow(other.address), b"+")] * 20
            one.driver.send_all(flows)  # the refusal of each first waits when its second is sent
            await other.recorder.until(lambda: len(other.recorder.received) == 20)
            await one.recorder.until(lambda: len(one.recorder.failed) >= 1)
            assert set(one.recorder.failed) == {one.flow(nobody)}

    play(loop, story())


def test_an_error_heard_before_the_loop_tells_of_it_does_not_deafen_the_socket(loop: str) -> None:
    async def story() -> None:
        async with Ends(udp_end(), udp_end()) as (one, other):
            nobody = "127.0.0.1", closed_port("127.0.0.1", socket.SOCK_DGRAM)
            running = asyncio.get_running_loop()
            for count in range(1, 10):
                # Two sends in one turn: the second hears the first one's error while the loop has yet to report it.
                running.call_soon(one.send, nobody, b"-")
                running.call_soon(one.send, other.address, b"+")
                await other.recorder.until(lambda count=count: len(other.recorder.received) == count)  # type: ignore[misc]
                other.send(one.address, b"!")
                await one.recorder.until(lambda count=count: len(one.recorder.received) == count)  # type: ignore[misc]

    play(loop, story())


def test_errors_without_a_listening_driver_are_counted_only() -> None:
    sock = udp.bind_udp("127.0.0.1", 0)
    one = udp.UdpSocket("u", sock, lambda _host, _port: True)
    one.send(Send(Flow("u", ("127.0.0.1", 0)), b"port 0 is nobody's"))
    assert sum(one.counters.values()) == 1
    one.stop()
    one.stop()


@pytest.mark.parametrize(
    ("origin", "kind", "code", "told"),
    [
        (udp._ICMP, 3, 0, True),  # network unreachable
        (udp._ICMP, 3, 1, True),  # host
        (udp._ICMP, 3, 2, True),  # protocol
        (udp._ICMP, 3, 3, True),  # port
        (udp._ICMP, 12, 0, True),  # parameter problem
        (udp._ICMP, 3, 4, False),  # fragmentation needed: the next copy will fit
        (udp._ICMP, 4, 0, False),  # source quench
        (udp._ICMP, 11, 0, False),  # time exceeded
        (udp._ICMP6, 1, 4, True),  # port
        (udp._ICMP6, 4, 0, True),  # parameter problem
        (udp._ICMP6, 2, 0, False),  # packet too big
        (udp._ICMP6, 3, 0, False),  # time exceeded
    ],
)
def test_only_the_errors_of_18_4_are_told(origin: int, kind: int, code: int, told: bool) -> None:
    flows: list[Flow] = []

    class Inbox:
        def received(self, messages: object) -> None: ...
        def failed(self, flow: Flow) -> None:
            flows.append(flow)

    one = udp.UdpSocket("u", udp.bind_udp("127.0.0.1", 0), lambda _host, _port: True)
    one._inbox = Inbox()
    data = udp._EXTENDED_ERROR.pack(111, origin, kind, code, 0, 0)
    assert one._hear_error(data, ("192.0.2.1", 5060))
    assert not one._hear_error(udp._EXTENDED_ERROR.pack(90, udp._LOCAL, 0, 0, 0, 0), ("192.0.2.1", 5060))
    assert flows == ([Flow("u", ("192.0.2.1", 5060))] if told else [])
    one.stop()


def test_a_burst_larger_than_a_batch_is_read_to_its_end(loop: str) -> None:
    async def story() -> None:
        async with Ends(udp_end(), udp_end()) as (one, other):
            for number in range(udp.BATCH * 3):
                one.send(other.address, b"%d" % number)
            await other.recorder.until(lambda: len(other.recorder.received) == udp.BATCH * 3)
            assert other.recorder.messages == [b"%d" % number for number in range(udp.BATCH * 3)]

    play(loop, story())
