"""The figures of docs/faults.md, measured here and now.

python -m tests.faults                     all of them, some minutes
python -m tests.faults network --many 1000
"""

import argparse
import sys
import tracemalloc
from collections.abc import Callable, Iterator

from tests.faults.bare import FORBIDDEN, HONEST, Bare, allocated, invite, quickest
from tests.faults.network import outcome
from tests.faults.test_floods import HUGE, LARGEST, rubbish


def network(many: int) -> Iterator[str]:
    """1, 2, 4: so many calls through each network."""
    for loss in (0.0, 0.01, 0.05, 0.2, 0.5):
        result = outcome(many, seed=1, loss=loss)
        yield f"loss {loss:4.0%}: {result.share:.1%} set up, {result.sent:.1f} datagrams a call, {dict(result.ends)}"
    result = outcome(many, seed=1, doubled=1.0)
    yield f"all doubled: {result.share:.1%} set up, {dict(result.ends)}"
    for seconds in (1.0, 5.0, 8.0, 20.0):
        result = outcome(many // 10, seed=1, delay=(seconds, seconds))
        yield f"delay {seconds:g} s: {result.share:.1%} set up, {dict(result.ends)}"


def memory(many: int) -> Iterator[str]:
    """15, 18, 19: so many INVITEs that nobody ever acknowledges or answers."""
    for name, caller in (("refused", FORBIDDEN), ("ringing", HONEST)):
        bare = Bare()
        bare.hear(invite(10**9, caller))
        before = allocated()
        for number in range(many):
            bare.hear(invite(number, caller))
        held = (allocated() - before) / many
        bare.wait(400.0)
        left, sizes = (allocated() - before) / many, bare.core.statistics()
        rest = sizes.calls + sizes.transactions
        yield f"{many} {name}: {held:.0f} octets each; when all timers are over {left:.0f}, and {rest} of them"


def floods(many: int) -> Iterator[str]:
    """17, 21: what rubbish and huge datagrams cost beside a call."""
    bad, heard, good = rubbish(max(800, many // 10)), Bare(), Bare()
    cost = quickest(lambda _: heard.hear_all(bad)) / len(bad)
    call = quickest(lambda turn: good.hear_all(invite(1_000 * turn + number) for number in range(300))) / 300
    octets = heard.octets_out / heard.octets_in
    yield f"rubbish: {cost / call:.2f} of the CPU of a good INVITE; {octets:.2f} octets answered for each one heard"
    for kind, make in HUGE.items():
        spent = [_spent(make, size) for size in (LARGEST // 2, LARGEST)]
        yield f"{kind}: {spent[1] / call:.1f} good INVITEs; {spent[1] / max(spent[0], 1e-3):.1f} times half its size"


def _spent(make: Callable[[int], bytes], size: int) -> float:
    bare, made = Bare(), [make(size - less) for less in range(5)]
    return quickest(lambda turn: bare.hear(made[turn]))


KINDS: dict[str, tuple[Callable[[int], Iterator[str]], int]] = {
    "network": (network, 1_000),
    "memory": (memory, 20_000),
    "floods": (floods, 8_000),
}


def main(say: Callable[[str], object] = sys.stdout.write) -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="?", choices=KINDS)
    parser.add_argument("--many", type=int)
    options = parser.parse_args()
    for kind, (measure, usual) in KINDS.items():
        if options.kind not in (None, kind):
            continue
        if kind == "memory":
            tracemalloc.start()
        for line in measure(options.many or usual):
            say(f"{kind}: {line}\n")
        tracemalloc.stop()


if __name__ == "__main__":
    main()
