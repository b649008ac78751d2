"""TCP over real sockets: framing under torture, limits, back-pressure, and connections that are gone."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator

import pytest

from sipstack.errors import StateError
from sipstack.net import Clients, StreamLimits, StreamSocket, Tls, bind_tcp, stream
from tests.sipstack.net.ends import Ends, closed_port, in_thread, message, play, stream_end

QUICK = StreamLimits(sweep=0.01)
"""Limits whose sweep comes often; each test shortens the one time it is about."""
RESET = struct.pack("ii", 1, 0)


def echo(data: bytes) -> bytes:
    """An answer that is as long as what it answers, and a message too."""
    return data


def quick(**limits: object) -> StreamLimits:
    return StreamLimits(sweep=0.01, **limits)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def caller(address: tuple[str, int]) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A peer of plain asyncio streams."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


# Messages.


def test_a_message_reaches_the_endpoint_and_its_answer_comes_back(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(host, recorder={"answer": echo})) as (one,), caller(one.address) as (reader, writer):
            writer.write(message())
            assert await reader.readexactly(len(message())) == message()
            [(data, flow)] = one.recorder.received
            assert data == message()
            assert flow == one.flow(writer.get_extra_info("sockname")[:2])
            assert flow.transport == "TCP"

    play(loop, story())


def test_a_send_without_a_connection_opens_one_from_our_address(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(host), stream_end(host)) as (one, other):
            for number in range(3):
                one.send(other.address, message(number))
            await other.recorder.until(lambda: len(other.recorder.received) == 3)
            assert other.recorder.messages == [message(0), message(1), message(2)]
            assert other.recorder.received[0][1].remote[0] == host
            assert one.counters["opened"] == other.counters["accepted"] == 1

    play(loop, story())


def test_the_answer_to_a_message_goes_by_its_own_connection(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(), stream_end(recorder={"answer": echo})) as (one, other):
            one.send(other.address, message())
            await one.recorder.until(lambda: one.recorder.messages == [message()])
            assert one.recorder.received[0][1] == one.flow(other.address)
            assert other.counters["opened"] == 0

    play(loop, story())


def test_a_name_without_a_listener_connects_out(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(None), stream_end(host, recorder={"answer": echo})) as (one, other):
            one.send(other.address, message())
            await one.recorder.until(lambda: one.recorder.messages == [message()])

    play(loop, story())


def test_a_byte_by_byte_sender_is_understood(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(recorder={"answer": echo})) as (one,), caller(one.address) as (reader, writer):
            wire = message(1, b"body") + message(2)
            for octet in wire:
                writer.write(bytes([octet]))
                await writer.drain()
                await asyncio.sleep(0)
            assert await reader.readexactly(len(wire)) == wire

    play(loop, story())


def test_a_thousand_messages_in_a_segment_arrive_in_order(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (one,), caller(one.address) as (_, writer):
            writer.write(b"".join(message(number) for number in range(1_000)))
            await one.recorder.until(lambda: len(one.recorder.received) == 1_000)
            assert one.recorder.messages == [message(number) for number in range(1_000)]

    play(loop, story())


def test_a_ping_is_answered_and_line_ends_are_passed_over(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (one,), caller(one.address) as (reader, writer):
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"
            writer.write(b"\r\n" + message())
            await one.recorder.until(lambda: one.recorder.messages == [message()])

    play(loop, story())


@pytest.mark.parametrize(
    ("broken", "status"),
    [
        (message().replace(b"Content-Length: 0\r\n", b""), b"400 Missing Content-Length"),
        (message().replace(b"Length: 0", b"Length: 0\r\nl: 0"), b"400 Two Content-Length"),
        (message().replace(b"Length: 0", b"Length: -1"), b"400 Bad Content-Length"),
        (message().replace(b"Length: 0", b"Length: 99999999"), b"513 Message Too Large"),
    ],
)
def test_a_message_without_a_sure_end_is_answered_and_ends_the_connection(
    loop: str, broken: bytes, status: bytes
) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (one,):
            async with caller(one.address) as (reader, writer):
                writer.write(message(7) + broken + message(8))
                answer = await reader.read()
                assert answer.startswith(b"SIP/2.0 " + status + b"\r\n")
                assert b"received" not in answer  # the sent-by is the source
                assert one.recorder.messages == [message(7)]
            await one.counters.until("closed by peer")

    play(loop, story())


@pytest.mark.parametrize(
    "broken",
    [b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\nHost: x\n\n", b"\n", b"ACK sip:x SIP/2.0\r\nCSeq: 1 ACK\r\n\r\n"],
)
def test_what_cannot_be_answered_ends_the_connection_in_silence(loop: str, broken: bytes) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (one,):
            async with caller(one.address) as (reader, writer):
                writer.write(broken)
                assert await reader.read() == b""
            assert one.recorder.received == []

    play(loop, story())


# Connections that end.


def test_a_half_close_still_gets_the_answers_to_what_came_before(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(recorder={"answer": echo})) as (one,):
            async with caller(one.address) as (reader, writer):
                writer.write(message())
                writer.write_eof()
                assert await reader.read() == message()
            await one.counters.until("closed by peer")
            assert len(one.recorder.failed) == 1

    play(loop, story())


def test_an_end_within_a_message_is_counted_by_its_own_name(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (one,):
            async with caller(one.address) as (_, writer):
                writer.write(message()[:-1])
            await one.counters.until("closed by peer within a message")

    play(loop, story())


def test_a_reset_fails_the_flow(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (one,):
            peer = socket.create_connection(one.address)
            peer.sendall(message())
            await one.recorder.until(lambda: len(one.recorder.received) == 1)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            peer.close()
            await one.counters.until("connection failed: Connection reset by peer")
            await one.recorder.until(lambda: one.recorder.failed == [one.recorder.received[0][1]])
            assert one.stream.statistics().connections == 0

    play(loop, story())


def test_a_refused_connection_fails_the_flow(loop: str, host: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(host)) as (one,):
            flow = one.send((host, closed_port(host, socket.SOCK_STREAM)), message())
            await one.recorder.until(lambda: one.recorder.failed == [flow])
            assert one.counters["connect failed: Connection refused"] == 1

    play(loop, story())


@pytest.mark.parametrize("remote", [("localhost", 5060), ("127.0.0.1", 99_999), ("::1", 5060), ("", 1)])
def test_an_address_that_cannot_be_connected_to_fails_at_once(loop: str, remote: tuple[str, int]) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (one,):
            flow = one.send(remote, message())
            assert one.recorder.failed == []  # not in the middle of a send
            await one.recorder.until(lambda: one.recorder.failed == [flow])

    play(loop, story())


def test_a_response_goes_to_the_advertised_port_when_its_connection_is_gone(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(), stream_end()) as (one, other):
            async with caller(one.address) as (_, writer):
                writer.write(message())
                await one.recorder.until(lambda: len(one.recorder.received) == 1)
            await one.recorder.until(lambda: len(one.recorder.failed) == 1)
            gone = one.recorder.received[0][1].remote
            one.send(gone, message(2), otherwise=other.address)
            await other.recorder.until(lambda: other.recorder.messages == [message(2)])

    play(loop, story())


def test_a_response_goes_by_its_own_connection_while_that_stands(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(), stream_end()) as (one, other):
            async with caller(one.address) as (reader, writer):
                writer.write(message())
                await one.recorder.until(lambda: len(one.recorder.received) == 1)
                one.send(one.recorder.received[0][1].remote, message(2), otherwise=other.address)
                assert await reader.readexactly(len(message(2))) == message(2)
            assert other.counters["accepted"] == 0

    play(loop, story())


def test_a_response_that_finds_no_way_fails_the_flow_it_was_meant_for(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (one,):
            nobody = "127.0.0.1", closed_port("127.0.0.1", socket.SOCK_STREAM)
            flow = one.send(("127.0.0.1", 1), message(), otherwise=nobody)
            await one.recorder.until(lambda: flow in one.recorder.failed)

    play(loop, story())


def test_the_application_may_end_a_connection_gracefully(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(), stream_end()) as (one, other):
            flow = one.send(other.address, message())
            await other.recorder.until(lambda: len(other.recorder.received) == 1)
            one.send(other.address, message(2))
            one.stream.close(flow)
            one.stream.close(flow)
            await other.counters.until("closed by peer")
            assert other.recorder.messages == [message(), message(2)]
            await one.counters.until("closed by peer")
            one.send(other.address, message(3))
            await other.recorder.until(lambda: len(other.recorder.received) == 3)

    play(loop, story())


def test_what_waits_is_sent_before_a_graceful_end(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=StreamLimits(unsent=50_000_000))) as (one,):
            with socket.create_connection(one.address) as peer:
                peer.sendall(message())
                await one.recorder.until(lambda: len(one.recorder.received) == 1)
                flow = one.recorder.received[0][1]
                one.send(flow.remote, bytes(20_000_000))
                one.stream.close(flow)
                assert one.stream.statistics().unsent > 0
                assert len(await in_thread(lambda: _read(peer, 20_000_000))) == 20_000_000  # type: ignore[arg-type]
                assert await in_thread(lambda: peer.recv(1)) == b""

    play(loop, story())


def test_stopping_sends_what_waits_and_closes_all(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end()) as (other,):
            async with Ends(stream_end()) as (one,):
                one.send(other.address, message())
                await other.recorder.until(lambda: len(other.recorder.received) == 1)
                one.send(other.address, message(2))
            one.driver.stop()
            one.stream.send(other.recorder.received)  # type: ignore[arg-type]
            assert one.counters["send failed: stopped"] == 1
            await other.counters.until("closed by peer")
            assert other.recorder.messages == [message(), message(2)]
            with pytest.raises(StateError):
                one.driver.start()

    play(loop, story())


# Limits.


def test_an_unknown_source_is_refused_before_anything_is_read(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(admits=lambda *_: False)) as (one,):
            with contextlib.suppress(ConnectionResetError):
                async with caller(one.address) as (reader, writer):
                    writer.write(message())
                    assert await reader.read() == b""
            await one.counters.until("unknown source")
            assert one.recorder.received == []

    play(loop, story())


def test_a_flood_of_connections_stops_at_the_limit_of_a_peer_and_leaves_room_for_others(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end("127.0.0.1", limits=quick(per_peer=5, connections=8))) as (one,):
            flood = [socket.create_connection(one.address) for _ in range(20)]
            await one.counters.until("too many connections of one peer", 15)
            others = [socket.create_connection(one.address, source_address=(f"127.0.0.{n}", 0)) for n in range(2, 7)]
            await one.counters.until("too many connections", 2)
            assert one.stream.statistics().connections == one.stream.statistics().accepted == 8
            for peer in flood:
                peer.close()
            await one.counters.until("closed by peer", 5)
            assert one.stream.statistics().connections == 3
            async with caller(one.address) as (_, writer):
                writer.write(message())
                await one.recorder.until(lambda: len(one.recorder.received) == 1)
            for peer in others:
                peer.close()

    play(loop, story())


def test_our_own_connections_count_for_the_total(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=quick(connections=1)), stream_end()) as (one, other):
            one.send(other.address, message())
            flow = one.send(("127.0.0.1", 1), message())
            await one.recorder.until(lambda: one.recorder.failed == [flow])
            assert one.counters["connect failed: too many connections"] == 1

    play(loop, story())


@pytest.mark.parametrize(
    ("limits", "sent", "why"),
    [
        (quick(idle=0.05), b"", "idle"),
        (quick(message=0.05), message()[:20], "message too slow"),
        (quick(message=0.05), message() + b"\r\n" + message()[:-1], "message too slow"),
    ],
)
def test_who_is_silent_too_long_is_closed(loop: str, limits: StreamLimits, sent: bytes, why: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=limits)) as (one,), caller(one.address) as (reader, writer):
            writer.write(sent)
            assert await reader.read() == b""
            assert one.counters[why] == 1

    play(loop, story())


def test_a_message_that_dribbles_is_closed_however_steadily_it_comes(loop: str) -> None:
    async def story() -> None:
        async with (
            Ends(stream_end(limits=quick(message=0.1, idle=100.0))) as (one,),
            caller(one.address) as (reader, writer),
        ):

            async def dribble() -> None:
                for octet in message(body=bytes(60_000)):
                    writer.write(bytes([octet]))
                    await asyncio.sleep(0.001)

            dribbling = asyncio.ensure_future(dribble())
            with contextlib.suppress(OSError):
                assert await reader.read() == b""
            dribbling.cancel()
            assert one.counters["message too slow"] == 1

    play(loop, story())


def test_a_connection_nobody_takes_times_out(loop: str) -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            address = full.getsockname()
            with contextlib.ExitStack() as stack:
                for _ in range(4):  # the queue of those waiting to be accepted is full, so the kernel stays silent
                    peer = stack.enter_context(socket.socket())
                    peer.setblocking(False)
                    peer.connect_ex(address)
                async with Ends(stream_end(limits=quick(connect=0.05))) as (one,):
                    flow = one.send(address, message())
                    await one.recorder.until(lambda: one.recorder.failed == [flow])
                    assert one.counters["connect timed out"] == 1

    play(loop, story())


def test_what_waits_for_a_connection_is_bounded(loop: str) -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
            for _ in range(4):
                peer = stack.enter_context(socket.socket())
                peer.setblocking(False)
                peer.connect_ex(full.getsockname())
            async with Ends(stream_end(limits=quick(unsent=10_000))) as (one,):
                flow = one.send(full.getsockname(), bytes(6_000))
                one.send(full.getsockname(), bytes(6_000))
                await one.recorder.until(lambda: one.recorder.failed == [flow])
                assert one.counters["peer reads too slowly"] == 1

    play(loop, story())


def test_a_slow_reader_is_read_no_further_until_it_has_read_itself(loop: str) -> None:
    async def story() -> None:
        limits = StreamLimits(slow=10_000, unsent=50_000_000)
        async with Ends(stream_end(limits=limits, recorder={"answer": echo})) as (one,):
            wire = message(body=bytes(60_000))
            with socket.create_connection(one.address) as peer:
                peer.setblocking(False)
                await asyncio.sleep(0)
                sent = 0
                while True:  # until neither side takes more: we do not read, so it must stop to
                    try:
                        sent += peer.send((wire * 20)[sent % len(wire) :])
                    except BlockingIOError:
                        before = len(one.recorder.received)
                        for _ in range(50):
                            await asyncio.sleep(0)
                        if before == len(one.recorder.received):
                            break
                assert one.stream.statistics().unsent < limits.slow + 3 * len(wire)
                assert len(one.recorder.received) < sent // len(wire)
                peer.setblocking(True)
                wanted = sent // len(wire) * len(wire)
                assert len(await in_thread(lambda: _read(peer, wanted))) == wanted  # type: ignore[arg-type]
                assert len(one.recorder.received) == sent // len(wire)

    play(loop, story())


def _read(peer: socket.socket, wanted: int) -> bytes:
    data = bytearray()
    while len(data) < wanted:
        data += peer.recv(wanted - len(data))
    return bytes(data)


def test_who_never_reads_is_closed_at_the_bound(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=quick(unsent=200_000))) as (one,):
            with socket.create_connection(one.address) as peer:
                peer.sendall(message())
                await one.recorder.until(lambda: len(one.recorder.received) == 1)
                flow = one.recorder.received[0][1]
                while not one.counters["peer reads too slowly"]:
                    one.send(flow.remote, bytes(50_000))
                await one.recorder.until(lambda: one.recorder.failed == [flow])

    play(loop, story())


def test_who_takes_nothing_of_what_waits_is_closed_in_time(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=quick(unsent=100_000_000, drain=0.05))) as (one,):
            with socket.create_connection(one.address) as peer:
                peer.sendall(message())
                await one.recorder.until(lambda: len(one.recorder.received) == 1)
                while not one.stream.statistics().unsent:
                    one.send(one.recorder.received[0][1].remote, bytes(500_000))
                await one.counters.until("peer reads nothing")

    play(loop, story())


def test_who_does_not_close_after_us_is_closed(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=quick(linger=0.05))) as (one,):
            with socket.create_connection(one.address) as peer:
                peer.sendall(b"\x00")
                await one.counters.until("closed")
                assert one.stream.statistics().connections == 0

    play(loop, story())


def test_running_out_of_descriptors_stops_accepting_until_the_sweep(loop: str) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=QUICK)) as (one,):
            listener = one.stream.listener

            class Exhausted:
                def accept(self) -> None:
                    one.stream.listener = listener
                    raise OSError(24, "Too many open files")

                def fileno(self) -> int:
                    assert listener is not None
                    return listener.fileno()

            one.stream.listener = Exhausted()  # type: ignore[assignment]
            assert listener is not None
            async with caller(listener.getsockname()) as (_, writer):
                writer.write(message())
                await one.recorder.until(lambda: one.recorder.messages == [message()])
            assert one.counters["accept failed: Too many open files"] == 1

    play(loop, story())


def test_after_a_pause_of_the_process_no_peer_is_called_late_before_it_was_read(
    loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with Ends(stream_end(limits=quick(idle=0.2))) as (one,), caller(one.address) as (reader, writer):
            writer.write(message())
            await one.recorder.until(lambda: len(one.recorder.received) == 1)
            real = time.monotonic
            one.stream._sweep_due -= stream.PAUSE
            monkeypatch.setattr(time, "monotonic", lambda: real() + 100.0)
            one.stream._sweep()
            monkeypatch.undo()
            assert one.stream.statistics().connections == 1
            assert await reader.read() == b""  # the next sweep is in time
            assert one.counters["idle"] == 1

    play(loop, story())


def test_the_sweep_looks_at_all_in_turns_of_a_bounded_size(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SLICE", 3)
    monkeypatch.setattr(stream, "GAP", 0.0)
    looks: list[int] = []
    real = StreamSocket._sweep

    def sweep(one: StreamSocket) -> None:
        before = one.counters["idle"]
        real(one)
        looks.append(one.counters["idle"] - before)

    monkeypatch.setattr(StreamSocket, "_sweep", sweep)

    async def story() -> None:
        async with Ends(stream_end(limits=quick(idle=0.05))) as (one,):
            peers = [socket.create_connection(one.address) for _ in range(10)]
            await one.counters.until("idle", 10)
            assert max(looks) <= 3
            for peer in peers:
                peer.close()

    play(loop, story())


def test_a_bug_of_the_endpoint_leaves_no_connection_behind(loop: str) -> None:
    def bug(data: bytes) -> bytes:
        raise RuntimeError(data[:1])

    async def story() -> None:
        async with Ends(stream_end(recorder={"answer": bug})) as (one,):
            with socket.create_connection(one.address) as peer:
                peer.sendall(message() + b"\n")
                peer.shutdown(socket.SHUT_WR)
                await one.recorder.until(lambda: len(one.recorder.received) == 1)
            await one.counters.until("stream fault: Not a SIP Message")
            await one.counters.until("closed by peer")
            assert one.stream.statistics().connections == 0

    with pytest.raises(AssertionError, match="RuntimeError"):
        play(loop, story())


# Keep-alive.


def test_our_pings_keep_a_connection_that_answers_and_end_one_that_does_not(loop: str) -> None:
    async def story() -> None:
        pinging = quick(ping=0.02, pong=0.3, idle=100.0)
        async with Ends(stream_end(limits=pinging), stream_end()) as (one, other):
            with socket.create_server(("127.0.0.1", 0)) as mute:
                one.send(other.address, message())
                flow = one.send(mute.getsockname(), message())
                await one.counters.until("no pong")
                await one.recorder.until(lambda: one.recorder.failed == [flow])
                assert one.stream.statistics().connections == 1
                assert other.counters.total() == 1  # accepted, never lost

    play(loop, story())


def test_accepted_connections_are_not_pinged(loop: str) -> None:
    async def story() -> None:
        async with (
            Ends(stream_end(limits=quick(ping=0.01, pong=0.01, idle=0.1))) as (one,),
            caller(one.address) as (reader, _),
        ):
            assert await reader.read() == b""
            assert one.counters["idle"] == 1

    play(loop, story())


def test_a_socket_that_was_never_started_can_be_stopped() -> None:
    one = stream_end().stream
    one.stop()
    one.stop()
    assert one.listener is not None
    assert one.listener.fileno() == -1


def test_a_tls_listener_without_a_certificate_does_not_start(loop: str) -> None:
    async def story() -> None:
        one = StreamSocket("s", bind_tcp("127.0.0.1", 0), lambda *_: True, tls=Tls.load(clients=Clients.ANONYMOUS))
        with pytest.raises(StateError):
            one.start(asyncio.get_running_loop(), None)  # type: ignore[arg-type]
        assert one.listener is not None
        one.listener.close()
        one.stop()

    play(loop, story())
