"""What goes wrong at the edge of media: ports that are taken, processes that die, too much at once."""

import asyncio
import errno
import os
import resource
import socket
import subprocess
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from b2bua.config import Latch, Media, Way
from b2bua.media.carriage import Carriage
from b2bua.media.flow import Count, Flow, Reply, encode_reply
from b2bua.media.orders import Face, Open, Point
from b2bua.media.process import Process
from b2bua.media.relay import End, Relay
from b2bua.media.rules import Rules
from b2bua.media.userspace import Userspace
from b2bua.media.wire import LARGEST, Told, decode_told
from bench.processes import free_ports


def _open(channel: int, one: int, other: int) -> Open:
    return Open(channel, (Face("127.0.0.1", one, Latch.NEVER), Face("127.0.0.1", other, Latch.NEVER)))


async def _until(is_so: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


def test_a_port_that_the_process_of_a_dead_worker_still_has_is_tried_for_again() -> None:
    async def scenario() -> None:
        alarms: list[str] = []
        one, other = free_ports(2)
        relay = Userspace(60.0, lambda _: None, alarms.append)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as former,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far,
        ):
            former.bind(("127.0.0.1", one))
            for sock in (peer, far):
                sock.bind(("127.0.0.1", 0))
            far.setblocking(False)
            relay.start()
            try:
                targets = [Point(1, 0, peer.getsockname()), Point(1, 1, far.getsockname())]
                relay.carry_out([_open(1, one, other), *targets])
                await asyncio.sleep(0.3)
                former.close()
                await asyncio.sleep(0.5)
                peer.sendto(b"heard", ("127.0.0.1", one))
                async with asyncio.timeout(5):
                    assert await asyncio.get_running_loop().sock_recv(far, 100) == b"heard"
                assert not alarms
            finally:
                relay.stop()

    asyncio.run(scenario())


def test_a_process_that_begins_anew_gets_more_channels_than_descriptors_are_left() -> None:
    async def scenario() -> None:
        alarms: list[str] = []
        relay = Userspace(60.0, lambda _: None, alarms.append)
        relay.start()
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            ports = free_ports(400)
            held = len(os.listdir("/proc/self/fd"))
            resource.setrlimit(resource.RLIMIT_NOFILE, (held + 150, limits[1]))
            for at in range(200):
                relay.carry_out([_open(at, ports[2 * at], ports[2 * at + 1])])
            before = relay.pid
            assert before is not None
            os.kill(before, 9)
            await _until(lambda: relay.pid not in {before, None})
            await _until(lambda: len(os.listdir(f"/proc/{relay.pid}/fd")) >= 400)
            assert len(alarms) == 1, alarms[1:3]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            relay.stop()

    asyncio.run(scenario())


def test_too_many_descriptors_on_their_way_do_not_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        alarms: list[str] = []
        left, send_fds = [3], socket.send_fds

        def refused(*arguments: object) -> int:
            if left[0]:
                left[0] -= 1
                raise OSError(errno.ETOOMANYREFS, os.strerror(errno.ETOOMANYREFS))
            return send_fds(*arguments)  # type: ignore[arg-type]

        relay = Userspace(60.0, lambda _: None, alarms.append)
        relay.start()
        try:
            before = relay.pid
            monkeypatch.setattr(socket, "send_fds", refused)
            one, other = free_ports(2)
            relay.carry_out([_open(1, one, other)])
            await asyncio.sleep(1.0)
            assert (relay.pid, alarms) == (before, [])
            assert not left[0]
        finally:
            relay.stop()

    asyncio.run(scenario())


def test_a_process_that_cannot_be_started_again_is_tried_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        alarms: list[str] = []
        relay = Userspace(60.0, lambda _: None, alarms.append)
        relay.start()
        try:
            before, begin, left = relay.pid, subprocess.Popen, [1]
            assert before is not None

            def no_process(*arguments: object, **named: object) -> object:
                if left[0]:
                    left[0] -= 1
                    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
                return begin(*arguments, **named)  # type: ignore[call-overload]

            monkeypatch.setattr(subprocess, "Popen", no_process)
            os.kill(before, 9)
            await _until(lambda: relay.pid not in {before, None})
            assert len(alarms) == 2
        finally:
            relay.stop()

    asyncio.run(scenario())


def test_rules_whose_process_cannot_be_started_again_try_later(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        lost: list[str] = []
        rules = Rules("b2bua_test", 1, lambda _: None, lost.append)

        def no_process(*_: object, **__: object) -> object:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

        monkeypatch.setattr(subprocess, "Popen", no_process)
        rules._pause = 0.05
        rules._has_ended("has ended")
        await asyncio.sleep(0.5)
        rules.stop()
        assert len(lost) > 2

    asyncio.run(scenario())


def test_what_had_fallen_silent_before_a_new_process_does_not_end_a_live_call() -> None:
    async def scenario() -> None:
        silent: list[str] = []
        carriage = Carriage(
            media=Media(way=Way.RELAY),
            clock=time.monotonic,
            report=lambda *_: None,
            fell_silent=silent.append,
            alarm=lambda _: None,
        )
        relay = carriage.carriers[Way.RELAY]
        assert isinstance(relay, Userspace)
        carriage.start()
        try:
            one, other, third, fourth = free_ports(4)
            carriage.carry_out("call", Way.RELAY, [_open(1, one, other), _open(2, third, fourth)])
            relay.hear(Told(silent=(1,)))
            before = relay.pid
            assert before is not None
            os.kill(before, 9)
            await _until(lambda: relay.pid not in {before, None})
            relay.hear(
                Told(silent=(2,))
            )  # its RTCP: of channel 1, the new process has nothing to tell, for it is alive
            assert not silent
        finally:
            carriage.stop()

    asyncio.run(scenario())


def test_many_channels_that_fall_silent_at_once_are_told_of_in_packets_that_can_be_read() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        for sock in (ours, theirs):
            sock.setblocking(False)
        process = Process(theirs, 60.0)
        stub: Any = SimpleNamespace(silent=lambda _: range(1_000_000, 1_012_000))
        process.relay = stub
        process._look(1_000.0)
        told: list[int] = []
        while True:
            process._go_on_telling()
            try:
                told += decode_told(ours.recv(LARGEST)).silent
            except BlockingIOError:
                break
        assert told == list(range(1_000_000, 1_012_000))


def test_silence_begins_with_the_last_description_and_not_with_the_ringing() -> None:
    now = [0.0]
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    relay = Relay(lambda: now[0])
    relay.open(1, (End(socks[0], Latch.NEVER), End(socks[1], Latch.NEVER)))
    relay.point(1, 0, ("127.0.0.1", 9))
    now[0] = 59.9
    relay.point(1, 1, ("127.0.0.1", 10))  # it has rung for so long, and is answered
    assert relay.silent(60.5 - 60.0) == []
    assert relay.silent(120.0 - 60.0) == [1]
    relay.close(1)


def test_an_answer_that_was_there_while_the_loop_was_held_up_is_read() -> None:
    async def scenario() -> None:
        lost: list[str] = []
        got: list[Reply] = []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            ours.setblocking(False)
            rules = Rules("b2bua_test", 1, lambda _: None, lost.append)
            rules._control, rules.versions = ours, frozenset({4})
            flow = Flow(1, ("192.0.2.1", 1), ("192.0.2.2", 2), ("192.0.2.3", 3), ("192.0.2.4", 4))
            rules.ask(Count((flow,)), got.append)
            theirs.send(encode_reply(Reply(counts={1: (5, 500)})))
            rules._is_late()  # as uvloop calls it after a reader that took long
            assert (lost, [reply.counts for reply in got]) == ([], [{1: (5, 500)}])
            rules.stop()

    asyncio.run(scenario())
