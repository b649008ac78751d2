"""Media carried by the kernel: two peers and the box between them, each in a network namespace of its own.

What one peer hears is compared with what the other has sent, and what leaves the box is looked at on the wire.
"""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import attrs
import pytest

from b2bua.config import Latch
from b2bua.media.flow import Add, Flow, Reply, Take
from b2bua.media.kernel import FIRST_MARK, MARKS, Kernel
from b2bua.media.orders import A, B, Close, Face, Open, Order, Place, Point
from b2bua.media.relay import Figures
from b2bua.media.rules import Rules
from b2bua.media.wire import Told
from tests.peers.namespaces import Net, apart, ip, ruleset, set_up, within

pytestmark = pytest.mark.peer("nft")

FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
PATIENCE = 60.0
#: An RTP packet of G.711, one of T.38 over UDPTL with its redundancy, and others of sizes that mean something.
AUDIO = b"\x80\x08" + bytes(range(170))
SIZES = (0, 1, 12, 172, 391, 1_200, 1_232, 1_252)
BEYOND = (1_253, 1_400, 4_000)
"""Longer than 1,280 octets with their headers, or more than one packet."""


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    if os.geteuid() != 0:
        if os.environ.get("REQUIRE_PEERS") == "1":
            pytest.fail("REQUIRE_PEERS=1 and this is not root, who alone has network namespaces")
        pytest.skip("network namespaces need root")
    with apart() as made:
        yield made


@pytest.fixture(autouse=True)
def _set_up(net: Net) -> None:
    set_up(net)


class Party:
    """A peer's socket, in its namespace."""

    def __init__(self, net: Net, side: str, version: int, port: int = 0) -> None:
        with within({"a": net.a, "b": net.b}[side]):
            self.sock = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
        self.sock.bind((net.host(side, version), port))
        self.sock.setblocking(False)
        self.place: Place = self.sock.getsockname()[:2]

    def send(self, data: bytes, to: Place) -> None:
        self.sock.sendto(data, to)

    def heard(self) -> list[tuple[bytes, Place]]:
        """All that has come, and where from."""
        found = []
        while True:
            try:
                data, sender = self.sock.recvfrom(65_535)
            except BlockingIOError:
                return found
            found.append((data, sender[:2]))


@attrs.define(eq=False)
class Box:
    """The kernel's way of media, in the box."""

    net: Net
    kernel: Kernel
    told: list[Told]
    alarms: list[str]
    made: ExitStack
    port: int = 20_000

    def party(self, side: str, version: int, port: int = 0) -> Party:
        party = Party(self.net, side, version, port)
        self.made.callback(party.sock.close)
        return party

    def opened(self, channel: int, parties: tuple[Party, Party], versions: tuple[int, int] = (4, 4)) -> "Call":
        faces = tuple((self.net.face(side, version), self.port) for side, version in zip("ab", versions, strict=True))
        self.port += 2
        call = Call(self, channel, parties, faces)  # type: ignore[arg-type]
        call.open()
        return call

    def figures(self, channel: int) -> tuple[Figures, Figures] | None:
        return next((both for told in self.told for number, both in told.closed if number == channel), None)


@attrs.define(eq=False)
class Call:
    """A channel, its peers, and where they send to."""

    box: Box
    channel: int
    parties: tuple[Party, Party]
    faces: tuple[Place, Place]

    def open(self) -> None:
        faces = [Face(host, port, Latch.SAME_HOST) for host, port in self.faces]
        points = [Point(self.channel, side, self.parties[side].place) for side in (A, B)]
        self.box.kernel.carry_out([Open(self.channel, (faces[A], faces[B])), *points])

    async def carried(self, by_all: int = 1) -> "Call":
        """Its peers talk until the kernel carries it; of so many channels in all."""

        def talk() -> bool:
            for side in (A, B):
                self.parties[side].send(b"hello", self.faces[side])
            return self.box.kernel.carried >= by_all

        await until(talk)
        await self.box.kernel.done()
        await self.quiet()
        return self

    async def quiet(self) -> None:
        """Until nothing more comes to either."""
        is_quiet = False
        while not is_quiet:
            await asyncio.sleep(0.05)
            is_quiet = not any(party.heard() for party in self.parties)

    async def crosses(self, side: int, payloads: list[bytes]) -> None:
        """They come to the other side as they were, in order, from our port there."""
        other = self.parties[1 - side]
        came: list[tuple[bytes, Place]] = []
        for payload in payloads:
            self.parties[side].send(payload, self.faces[side])
        await until(lambda: came.extend(other.heard()) or len(came) >= len(payloads))
        assert came == [(payload, self.faces[1 - side]) for payload in payloads]


async def until(fact: Callable[[], object]) -> None:
    while not fact():  # noqa: ASYNC110 - it is seen, not told
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(net: Net, silence: float = 60.0) -> AsyncIterator[Box]:
    told: list[Told] = []
    alarms: list[str] = []
    with ExitStack() as made:
        made.enter_context(within(net.box))
        kernel = Kernel(silence, told.append, alarms.append)
        kernel.start()
        made.callback(kernel.stop)
        async with asyncio.timeout(PATIENCE):
            yield Box(net, kernel, told, alarms, made)


def run(story: Coroutine[object, object, None]) -> None:
    asyncio.run(story)


def is_there(pid: int | None) -> bool:
    """Whether that process is."""
    return Path(f"/proc/{pid}").exists()


def elements(net: Net) -> int:
    """Those of the maps of flows."""
    return ruleset(net).count("counter packets")


def counted(net: Net) -> int:
    """Packets that the kernel has carried, of flows that stand."""
    return sum(int(after.split()[0]) for after in ruleset(net).split("counter packets ")[1:])


@pytest.mark.parametrize("version", [4, 6])
def test_every_payload_crosses_octet_for_octet_both_ways_and_past_the_relay(net: Net, version: int) -> None:
    async def story() -> None:
        async with running(net) as box:
            parties = (box.party("a", version), box.party("b", version))
            call = await box.opened(1, parties, (version, version)).carried()
            before = counted(net)
            payloads = [bytes((at * 7 + size) % 256 for at in range(size)) for size in SIZES] + [AUDIO] * 20
            if version == 6:
                payloads = [payload for payload in payloads if len(payload) <= 1_232]
            for side in (A, B):
                await call.crosses(side, payloads)
            assert counted(net) - before == 2 * len(payloads)

    run(story())


@pytest.mark.parametrize("version", [4, 6])
def test_what_is_long_or_in_fragments_crosses_by_the_relay(net: Net, version: int) -> None:
    async def story() -> None:
        async with running(net) as box:
            call = await box.opened(1, (box.party("a", version), box.party("b", version)), (version, version)).carried()
            before = counted(net)
            for side in (A, B):
                await call.crosses(side, [os.urandom(size) for size in BEYOND])
            assert counted(net) == before

    run(story())


def test_between_families_the_relay_carries(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            call = box.opened(1, (box.party("a", 4), box.party("b", 6)), (4, 6))
            other = await box.opened(2, (box.party("a", 4), box.party("b", 4))).carried()
            await until(lambda: [call.parties[A].send(b"hello", call.faces[A])] and call.parties[B].heard())
            call.parties[B].send(b"hello", call.faces[B])
            await call.quiet()
            await call.crosses(A, [AUDIO])
            await call.crosses(B, [AUDIO])
            await other.crosses(A, [AUDIO])
            assert box.kernel.carried == 1

    run(story())


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("side", ["a", "b"])
def test_checksums_on_the_wire_are_right(net: Net, version: int, side: str) -> None:
    """A makes those of its own, B leaves that to its device: the kernel has both to bring up to date."""

    async def story() -> None:
        async with running(net) as box:
            call = await box.opened(1, (box.party("a", version), box.party("b", version)), (version, version)).carried()
            with within(net.a if side == "a" else net.b):
                wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
                wire.bind(("up", {4: 0x0800, 6: 0x86DD}[version]))
            wire.setblocking(False)
            for party in call.parties:
                hops = (socket.IPPROTO_IP, socket.IP_TTL) if version == 4 else (socket.IPPROTO_IPV6, 16)
                party.sock.setsockopt(*hops, 9)
            before = counted(net)
            await call.crosses(B if side == "a" else A, [AUDIO, b"odd", b""])
            assert counted(net) - before == 3
            seen = [packet for packet in sniffed(wire, version) if packet.sender == call.faces["ab".index(side)][0]]
            wire.close()
            assert [packet.is_right for packet in seen] == [True] * 3
            assert {packet.hops for packet in seen} == {63}, "as if the box had sent it one router away"

    run(story())


def test_a_packet_without_a_checksum_crosses_by_the_relay(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            call = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            call.parties[A].sock.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
            before = counted(net)
            await call.crosses(A, [AUDIO])
            assert counted(net) == before

    run(story())


@attrs.frozen
class Sniffed:
    """An IP packet with UDP in it."""

    sender: str
    hops: int
    is_right: bool
    """Whether the checksums of UDP and of an IPv4 header are."""


def sniffed(wire: socket.socket, version: int) -> list[Sniffed]:
    found = []
    while True:
        try:
            packet = wire.recv(65_535)
        except BlockingIOError:
            return found
        if packet[9 if version == 4 else 6] != socket.IPPROTO_UDP:
            continue
        start, at, width = (20, 12, 4) if version == 4 else (40, 8, 16)
        addresses, udp = packet[at : at + 2 * width], packet[start:]
        whole = addresses + struct.pack(">HH", 17, len(udp)) + udp
        is_right = total(whole) == 0xFFFF and (version == 6 or total(packet[:20]) == 0xFFFF)
        sender = socket.inet_ntop(FAMILY[version], addresses[:width])
        found.append(Sniffed(sender, packet[8 if version == 4 else 7], is_right))


def total(data: bytes) -> int:
    """In ones' complement (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    value = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


@pytest.mark.parametrize("version", [4, 6])
def test_after_a_re_offer_no_packet_goes_to_the_old_party(net: Net, version: int) -> None:
    async def story() -> None:
        async with running(net) as box:
            a, old, new = box.party("a", version), box.party("b", version), box.party("b", version)
            call = await box.opened(1, (a, old), (version, version)).carried()
            box.kernel.carry_out([Point(1, B, new.place)])
            await until(lambda: [a.send(AUDIO, call.faces[A])] and new.heard())
            old.heard()
            moved = attrs.evolve(call, parties=(a, new))
            await moved.quiet()
            await moved.crosses(A, [AUDIO] * 50)
            old.send(b"still there", call.faces[B])
            await moved.carried()
            before = counted(net)
            await moved.crosses(A, [AUDIO] * 50)
            await moved.crosses(B, [AUDIO] * 50)
            assert counted(net) - before == 100
            assert old.heard() == []

    run(story())


def test_a_party_on_hold_is_sent_nothing(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            call = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            box.kernel.carry_out([Point(1, B, None)])
            await until(lambda: elements(net) == 0 and not box.kernel._held)
            await call.quiet()
            for _ in range(20):
                call.parties[A].send(AUDIO, call.faces[A])
            await asyncio.sleep(0.1)
            assert call.parties[B].heard() == []

    run(story())


def test_ports_that_are_used_again_at_once_never_lead_to_the_old_party(net: Net) -> None:
    """The next call has the same ports, and its caller is the last one's very socket."""

    async def story() -> None:
        async with running(net) as box:
            a = box.party("a", 4)
            last = await box.opened(1, (a, box.party("b", 4))).carried()
            for channel in range(2, 12):
                old, new = last.parties[B], box.party("b", 4)
                box.kernel.carry_out([Close(last.channel)])
                await until(lambda last=last: box.figures(last.channel))  # type: ignore[misc]
                again = attrs.evolve(last, channel=channel, parties=(a, new))
                again.open()
                await until(lambda again=again, new=new: [a.send(AUDIO, again.faces[A])] and new.heard())  # type: ignore[misc]
                old.heard()
                await again.carried()
                await again.crosses(A, [AUDIO] * 20)
                assert old.heard() == []
                last = again
            assert box.alarms == []

    run(story())


def test_strangers_never_reach_a_peer(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            call = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            for side in "ab":
                stranger = box.party(side, 4)
                for face in call.faces:
                    stranger.send(b"false", face)
            await asyncio.sleep(0.2)
            assert [party.heard() for party in call.parties] == [[], []]
            await call.crosses(A, [AUDIO])

    run(story())


def test_figures_have_what_the_kernel_carried(net: Net) -> None:
    async def story() -> None:
        async with running(net, silence=1.0) as box:
            call = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            relayed = box.kernel.carried
            assert relayed == 1
            before = counted(net)
            for _ in range(6):
                await call.crosses(A, [AUDIO] * 10)
                await asyncio.sleep(0.1)
            assert counted(net) - before == 60
            box.kernel.carry_out([Close(1)])
            await until(lambda: box.figures(1))
            (a, b) = box.figures(1)  # type: ignore[misc]
            assert a.packets - b.packets == 60
            assert a.octets - b.octets == 60 * len(AUDIO)
            assert (a.lost, b.lost) == (0, 0)

    run(story())


def test_a_channel_that_the_kernel_carries_is_silent_only_when_its_peers_are(net: Net) -> None:
    async def story() -> None:
        async with running(net, silence=2.0) as box:
            call = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            until_then = time.monotonic() + 5.0
            while time.monotonic() < until_then:
                await call.crosses(A, [AUDIO])
                await asyncio.sleep(0.1)
            assert not any(told.silent for told in box.told)
            await until(lambda: any(1 in told.silent for told in box.told))

    run(story())


def test_a_peer_that_cannot_be_reached_is_not_named_to_the_other(net: Net) -> None:
    """The kernel would tell in ICMP where a packet could not go."""

    async def story() -> None:
        async with running(net) as box:
            call = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            with within(net.a):
                icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            icmp.setblocking(False)
            ip("-n", net.box, "route", "add", "prohibit", f"{net.host('b', 4)}/32")
            try:
                for _ in range(20):
                    call.parties[A].send(AUDIO, call.faces[A])
                    await asyncio.sleep(0.01)
                with pytest.raises(BlockingIOError):
                    icmp.recv(65_535)
            finally:
                ip("-n", net.box, "route", "delete", "prohibit", f"{net.host('b', 4)}/32")
                icmp.close()

    run(story())


def test_nothing_is_left_when_it_stops(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            pids = (box.kernel.pid, box.kernel.rules_pid)
        assert ruleset(net) == ""
        assert not any(is_there(pid) for pid in pids)

    run(story())


@pytest.mark.parametrize("which", ["pid", "rules_pid"])
def test_a_process_that_is_killed_costs_the_call_nothing_but_a_moment(net: Net, which: str) -> None:
    async def story() -> None:
        async with running(net) as box:
            call = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            victim = getattr(box.kernel, which)
            os.kill(victim, signal.SIGKILL)
            await until(lambda: box.alarms)
            if which == "rules_pid":
                assert ruleset(net) == "", "its table goes with it"
                await call.crosses(A, [AUDIO])
            else:
                assert elements(net) == 2, "what the kernel carries does not need the relay"
                await call.crosses(A, [AUDIO])
            await until(lambda: getattr(box.kernel, which) not in {None, victim} and elements(net) == 2)
            await call.quiet()
            before = counted(net)
            await call.crosses(A, [AUDIO] * 10)
            await call.crosses(B, [AUDIO] * 10)
            assert counted(net) - before == 20

    run(story())


def test_a_process_that_does_not_answer_is_ended_and_the_order_carried_out(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            a, old, new = box.party("a", 4), box.party("b", 4), box.party("b", 4)
            call = await box.opened(1, (a, old)).carried()
            assert box.kernel.rules_pid is not None
            os.kill(box.kernel.rules_pid, signal.SIGSTOP)
            box.kernel.carry_out([Point(1, B, new.place)])
            await until(lambda: box.alarms)
            assert "does not answer" in box.alarms[0]
            assert ruleset(net) == ""
            await until(lambda: [a.send(AUDIO, call.faces[A])] and new.heard())
            old.heard()
            await attrs.evolve(call, parties=(a, new)).carried()
            assert old.heard() == []

    run(story())


def test_a_daemon_that_is_killed_leaves_nothing_and_may_start_at_once(net: Net) -> None:
    program = Path(__file__).with_name("kernel_box.py")
    with within(net.box):
        daemon = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert daemon.stdout is not None
    pids = [int(word) for word in daemon.stdout.readline().split()]
    assert "table inet b2bua" in ruleset(net)
    daemon.kill()
    daemon.wait()
    daemon.stdout.close()

    async def story() -> None:
        async with running(net) as box:
            await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            assert elements(net) == 2
            await until(lambda: not any(is_there(pid) for pid in pids))
            assert elements(net) == 2
        assert ruleset(net) == ""

    run(story())


def test_a_table_without_an_owner_is_cleared_at_the_start(net: Net) -> None:
    command = ["ip", "netns", "exec", net.box, "nft", "add table inet b2bua; add chain inet b2bua somebody"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    async def story() -> None:
        async with running(net) as box:
            await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            assert "somebody" not in ruleset(net)

    run(story())


def test_whoever_flushes_all_rules_does_not_reach_ours(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            call = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            ip("netns", "exec", net.box, "nft", "flush", "ruleset")
            assert elements(net) == 2
            await call.crosses(A, [AUDIO])

    run(story())


@pytest.mark.parametrize(
    ("name", "version", "other"),
    [("net.ipv4.ip_forward", 4, 6), ("net.ipv4.fwmark_reflect", 4, 6), ("net.ipv6.fwmark_reflect", 6, 4)],
)
def test_a_setting_that_is_missing_is_named_and_the_relay_carries_its_family(
    net: Net, name: str, version: int, other: int
) -> None:
    set_up(net, **{name: "0"})

    async def story() -> None:
        async with running(net) as box:
            await box.opened(1, (box.party("a", other), box.party("b", other)), (other, other)).carried()
            call = box.opened(2, (box.party("a", version), box.party("b", version)), (version, version))
            await until(lambda: [call.parties[A].send(AUDIO, call.faces[A])] and call.parties[B].heard())
            call.parties[B].send(AUDIO, call.faces[B])
            await call.quiet()
            await call.crosses(A, [AUDIO])
            assert box.kernel.carried == 1
            (alarm,) = box.alarms
            assert f"IPv{version} needs sysctl -w {name}=1" in alarm

    run(story())


def test_without_rights_one_alarm_names_them_and_the_relay_carries(net: Net) -> None:
    program = Path(__file__).with_name("kernel_box.py")
    with within(net.box):
        done = subprocess.run(
            ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", sys.executable, str(program), "once"],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
    assert "CAP_NET_ADMIN" in done.stdout, done
    assert ruleset(net) == ""


def test_workers_have_a_table_and_marks_each(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            other = Kernel(60.0, box.told.append, box.alarms.append, "b2bua-1", FIRST_MARK + MARKS)
            other.start()
            box.made.callback(other.stop)
            first = await box.opened(1, (box.party("a", 4), box.party("b", 4))).carried()
            second = (
                await attrs.evolve(box, kernel=other, port=21_000)
                .opened(1, (box.party("a", 4), box.party("b", 4)))
                .carried()
            )
            for call in (first, second):
                for side in (A, B):
                    await call.crosses(side, [AUDIO] * 5)
            assert ruleset(net).count("table inet b2bua") == 2

    run(story())


def test_the_flows_of_ten_thousand_channels_come_and_go_and_nothing_is_left(net: Net) -> None:
    """All at once, without sockets."""

    async def story() -> None:
        with within(net.box):
            ready, done = asyncio.Event(), asyncio.Event()
            rules = Rules("b2bua", FIRST_MARK, lambda _: ready.set(), pytest.fail)
            rules.start()
            await ready.wait()
            pid = rules.pid
            refused: list[Reply] = []
            counts = 0

            def taken(reply: Reply) -> None:
                nonlocal counts
                counts += 1
                if counts == 10_000:
                    done.set()

            for channel in range(10_000):
                flows = flows_of(net, channel)
                rules.ask(Add(flows), lambda reply: refused.append(reply) if reply.refused else None)
                rules.ask(Take(flows), taken)
            await done.wait()
            assert refused == []
            assert elements(net) == 0
            assert "elements" not in ruleset(net)
            assert len(os.listdir(f"/proc/{pid}/fd")) < 12
            rules.stop()
            assert ruleset(net) == ""

    run(story())


def flows_of(net: Net, channel: int) -> tuple[Flow, Flow]:
    mark, port = FIRST_MARK + 2 * channel, 2 * channel
    a, b = (("192.0.2.77", 1_024 + port), ("198.51.100.77", 1_024 + port))
    face_a, face_b = ((net.face(side, 4), 2_000 + port) for side in "ab")
    return Flow(mark, a, face_a, b, face_b), Flow(mark + 1, b, face_b, a, face_a)


def test_ten_times_a_thousand_channels_are_carried_and_closed_and_nothing_is_left(net: Net) -> None:
    async def story() -> None:
        async with running(net) as box:
            a, b = box.party("a", 4), box.party("b", 4)
            descriptors = len(os.listdir("/proc/self/fd"))
            for already in range(0, 10_000, 1_000):
                calls = [box.opened(already + number, (a, b)) for number in range(1, 1_001)]
                await until(lambda calls=calls: all_talk(calls, box))  # type: ignore[misc]
                await box.kernel.done()
                assert elements(net) == 2 * len(calls)
                orders: list[Order] = [Close(call.channel) for call in calls]
                box.kernel.carry_out(orders)
                everybody = already + len(calls)
                await until(lambda n=everybody: sum(len(told.closed) for told in box.told) == n)  # type: ignore[misc]
            assert "elements" not in ruleset(net)
            assert (box.kernel.channels, box.kernel.carried) == (0, 0)
            assert len(os.listdir("/proc/self/fd")) <= descriptors
            assert len(os.listdir(f"/proc/{box.kernel.pid}/fd")) < 20
            assert box.alarms == []

    run(story())


def all_talk(calls: list[Call], box: Box) -> bool:
    """Both sides of all say something; whether the kernel carries them all."""
    for call in calls:
        for party, face in zip(call.parties, call.faces, strict=True):
            party.send(AUDIO, face)
            party.heard()
    return box.kernel.carried == len(calls)
