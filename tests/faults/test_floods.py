"""More than anybody should send: of calls, of rubbish, of octets."""

import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from random import Random

import attrs
import pytest

from b2bua.call import Core
from b2bua.config import Config
from b2bua.trunk import Trunks
from b2bua.trunk.trunks import REMEMBERED
from sipstack.effects import Send
from sipstack.transaction import TransactionLayer
from tests.faults.bare import FORBIDDEN, HONEST, Bare, allocated, invite, quickest
from tests.fuzz.mutation import mutated
from tests.world.scene import ABROAD_SOCKET, CONFIG
from tests.world.wire import Wire

GIVE_UP = 32.0
"""64*T1, and with it timers B, F, H and J."""


@pytest.fixture
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@cache
def rubbish(many: int) -> tuple[bytes, ...]:
    """Noise, and INVITEs damaged beyond reading."""
    dice, bare = Random(1), Bare()
    sound = [invite(number) for number in range(20)]

    def is_rubbish(data: bytes) -> bool:
        # A core without a memory of the one before, which this one may repeat.
        bare.core = Core(bare.core.context, TransactionLayer(bare.core.context.timing, bare.core.context.ids))
        bare.hear(data)
        return not len(bare.core.layer)

    noise = [dice.randbytes(dice.randrange(1, 1_400)) for _ in range(many // 4)]
    found = [mutated(dice.choice(sound), dice, sound) for _ in range(many)]
    return (*noise, *filter(is_rubbish, found))


# 17: a malformed flood.


def test_rubbish_is_kept_nowhere_and_answered_with_fewer_octets_than_it_has() -> None:
    bare = Bare()
    for data in rubbish(800):
        bare.hear(data)
    held = bare.core.statistics()
    assert (held.calls, held.transactions, held.dialogs) == (0, 0, 0)
    assert bare.octets_out < bare.octets_in


def test_what_has_no_via_is_not_answered() -> None:
    bare = Bare()
    for data in rubbish(800):
        if b"via:" not in data.lower() and b"\nv:" not in data.lower():
            bare.hear(data)
    assert bare.octets_in > 0
    assert bare.octets_out == 0


def test_rubbish_costs_less_than_a_call() -> None:
    bad, good = rubbish(800)[:400], Bare()
    heard = Bare()
    cost = quickest(lambda _: heard.hear_all(bad))
    call = quickest(lambda turn: good.hear_all(invite(1_000 * turn + number) for number in range(300)))
    assert cost / len(bad) < call / 300


# 18 and 19: INVITEs without end.


def limited(calls: int | None = None, rate: float | None = None) -> Config:
    abroad, home = CONFIG.trunk
    return attrs.evolve(CONFIG, trunk=(attrs.evolve(abroad, max_calls_in=calls, max_calls_in_per_second=rate), home))


def statuses(sent: list[Send]) -> list[int]:
    return [wire.status for wire in (Wire.read(send.data) for send in sent) if wire.status is not None]


def test_beyond_its_limit_a_trunk_gets_503_and_calls_take_no_more_room() -> None:
    bare = Bare(limited(calls=50), keep=True)
    for number in range(500):
        bare.hear(invite(number))
    assert bare.core.statistics().calls == 50
    assert statuses(bare.sent).count(503) == 450
    assert all(b"Retry-After:" in send.data for send in bare.sent if b"SIP/2.0 503" in send.data)


def test_a_flood_beyond_the_rate_leaves_room_for_the_next_second() -> None:
    bare = Bare(limited(rate=10.0), keep=True)
    for number in range(500):
        bare.hear(invite(number))
    bare.wait(1.0)
    bare.sent.clear()
    bare.hear(invite(1_000))
    assert 503 not in statuses(bare.sent)


def test_ten_thousand_sources_that_are_nobodys_peer_are_told_apart_in_bounded_memory() -> None:
    trunks = Trunks.of(CONFIG)
    for number in range(2 * REMEMBERED):
        assert trunks.find(ABROAD_SOCKET, f"203.0.{number >> 8 & 255}.{number & 255}", 5060) is None
        assert len(trunks._remembered) <= REMEMBERED


@pytest.mark.usefixtures("_traced")
def test_a_refused_invite_that_is_never_acknowledged_takes_little_and_gives_it_back() -> None:
    many, bare = 1_000, Bare()
    bare.hear(invite(10**6, FORBIDDEN))
    before = allocated()
    for number in range(many):
        bare.hear(invite(number, FORBIDDEN))
    each = (allocated() - before) / many
    assert len(bare.core.layer) == many + 1
    assert each <= 4_096 + MEMORY_OF_TEXTS
    bare.wait(GIVE_UP + 5.0)
    held = bare.core.statistics()
    assert (held.calls, held.transactions, len(bare.core._heap)) == (0, 0, 0)
    assert bare.core.layer.statistics().deadlines == 0


MEMORY_OF_TEXTS = 1_600
"""Octets each that the memories of addresses and URIs take until they are full, some thousand texts later."""


# 20: amplification.


@pytest.mark.parametrize("caller", [HONEST, FORBIDDEN])
def test_an_invite_from_nobody_brings_at_most_twelve_times_its_octets(caller: str) -> None:
    bare = Bare()
    bare.hear(invite(1, caller))
    bare.wait(300.0)
    assert bare.octets_out <= 12 * bare.octets_in


def test_an_answer_that_is_never_acknowledged_brings_at_most_twelve_times_the_octets_and_then_a_bye() -> None:
    bare = Bare(keep=True)
    bare.hear(invite(1))
    (placed,) = [send for send in bare.sent if send.data.startswith(b"INVITE")]
    wire = Wire.read(placed.data)
    kept = [(name, wire.first(name.lower())) for name in ("Via", "From", "To", "Call-ID", "CSeq")]
    kept = [(name, value + ";tag=b" if name == "To" else value) for name, value in kept]
    head = "\r\n".join(
        ["SIP/2.0 200 OK", *(f"{name}: {value}" for name, value in kept), "Contact: <sip:b@198.51.100.1>"]
    )
    octets, bare.octets_in = bare.octets_in, 0
    bare.hear(head.encode() + b"\r\nContent-Length: 0\r\n\r\n", placed.flow)
    bare.wait(300.0)
    finals = [send for send in bare.sent if send.data.startswith(b"SIP/2.0 200")]
    assert len(finals) == 11
    assert sum(len(send.data) for send in finals) <= 12 * octets
    # §13.3.1.4 asks for the BYE, which nobody answers either: eleven copies of something shorter.
    assert bare.octets_out <= 18 * octets


# 21: what is huge.

LARGEST = 65_000
HUGE: dict[str, Callable[[int], bytes]] = {
    "one long line": lambda size: invite(size, headers=[("X-Long", "a" * size)]),
    "many Via": lambda size: invite(size, headers=[("Via", "SIP/2.0/UDP a;branch=z9hG4bKx")] * (size // 35)),
    "many headers": lambda size: invite(size, headers=[("A", "b")] * (size // 6)),
    "many URI parameters": lambda size: invite(
        size, headers=[("P-Asserted-Identity", f"<sip:a@b{';c=d' * (size // 4)}>")]
    ),
    "many commas in Contact": lambda size: invite(size, headers=[("Contact", "," * size)]),
    "many values of Contact": lambda size: invite(size, headers=[("Contact", ",".join(["<sip:a@b>"] * (size // 10)))]),
    "a deep comment": lambda size: invite(size, headers=[("Server", "(" * size)]),
    "a quoted string of backslashes": lambda size: invite(size, '"' + "\\\\" * (size // 2) + '" <sip:+33612345678@a>'),
    "a quoted string without an end": lambda size: invite(size, '"' + "a" * size),
    "many identities": lambda size: invite(
        size, headers=[("History-Info", f"<sip:+336123{n:05d}@a>;index=1") for n in range(size // 50)]
    ),
    "many forbidden identities": lambda size: invite(
        size, headers=[("Diversion", f"<sip:+322555{n:04d}@a>;reason=unknown") for n in range(size // 50)]
    ),
    "many folds": lambda size: invite(size, headers=[("Subject", "a\r\n " * (size // 4))]),
    "a long body": lambda size: invite(size, body=b"v=0\r\n" + b"a=x\r\n" * (size // 5)),
    # The rest stays below the bounds of a header and of their number, and is read to its end.
    "long lines": lambda size: invite(size, headers=[("X-Long", "a" * 4_000)] * (size // 4_010)),
    "histories of many entries": lambda size: invite(
        size, headers=[("History-Info", ",".join([f"<sip:+33612{size:06d}@a>;index=1"] * 100))] * (size // 3_900)
    ),
    "diversions of many numbers": lambda size: invite(
        size, headers=[("Diversion", ",".join([f"<sip:+3225{size:06d}@a>;x=y"] * 100))] * (size // 3_000)
    ),
    "identities with many parameters": lambda size: invite(
        size, headers=[("Remote-Party-ID", f"<sip:+336{size}@a{';c=d' * 900}>{';e=f' * 100}")] * (size // 4_100)
    ),
    "digits without end": lambda size: invite(size, f"<sip:+{'3' * size}@a>"),
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_huge_datagram_takes_time_in_proportion_to_its_size(kind: str) -> None:
    bare, turns = Bare(), count()

    def hear(size: int) -> Callable[[int], object]:
        # Another text each time, since what was read is remembered.
        made = [HUGE[kind](size - next(turns)) for _ in range(5)]
        return lambda turn: bare.hear(made[turn])

    ratios = []
    for _ in range(8):
        half, whole = quickest(hear(LARGEST // 2)), quickest(hear(LARGEST))
        ratios.append(whole / max(half, 0.001))
        if ratios[-1] <= 2.2:
            return
    assert min(ratios) <= 2.2, ratios
