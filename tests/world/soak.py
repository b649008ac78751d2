"""A day of calls in virtual time: what the gateway holds rises with its load, and not with the hours.

    python -m tests.world.soak --hours 24 --seed 1

Normal, cancelled, failed, re-invited and abandoned calls from both sides, over a link that loses and doubles, and that
is cut for ten seconds each hour. One line at a time: tables, resident memory, with `--trace` what Python has allocated.
"""

import argparse
import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from b2bua.config import Config
from tests.world.crowd import SDP, Crowd, Plan, Talk
from tests.world.scene import CONFIG

RINGS = (0.05, 180, b"")
TIMER = (("Supported", "timer"), ("Session-Expires", "120;refresher=uac"), ("Allow", "UPDATE"))
PLANS = (
    Plan(name="normal", doings=[(20.0, Talk.caller_hangs_up)]),
    Plan(name="normal, the callee hangs up", doings=[(35.0, Talk.callee_hangs_up)]),
    Plan(name="cancelled", script=[RINGS], doings=[(6.0, Talk.caller_cancels)]),
    Plan(name="cancelled as it is answered", script=[RINGS, (3.0, 200, SDP)], doings=[(3.06, Talk.caller_cancels)]),
    Plan(name="failed: busy", script=[RINGS, (2.0, 486, b"")]),
    Plan(name="failed: 503", script=[(0.02, 503, b"")]),
    Plan(name="failed: silence", script=[]),
    Plan(name="failed: only rings", script=[RINGS]),
    Plan(name="failed: blocked", caller="<sip:+3225551212@abroad>"),
    Plan(
        name="re-invited",
        doings=[
            (5.0, lambda talk: talk.caller_says("INVITE")),
            (9.0, lambda talk: talk.callee_says("INVITE")),
            (12.0, lambda talk: talk.caller_says("UPDATE")),
            (14.0, lambda talk: talk.callee_says("INFO")),
            (30.0, Talk.callee_hangs_up),
        ],
    ),
    Plan(
        name="re-invited by both at once",
        doings=[
            (5.0, lambda talk: talk.caller_says("INVITE")),
            (5.0, lambda talk: talk.callee_says("INVITE")),
            (60.0, Talk.caller_hangs_up),
        ],
    ),
    Plan(
        name="refreshed",
        headers=TIMER,
        doings=[
            *[(float(at), lambda talk: talk.caller_says("UPDATE", TIMER)) for at in range(50, 300, 50)],
            (300.0, Talk.callee_hangs_up),
        ],
    ),
    Plan(
        name="abandoned: never refreshed",
        headers=TIMER,
    ),
    Plan(
        name="transferred",
        doings=[
            (8.0, lambda talk: talk.callee_says("REFER", [("Refer-To", "<sip:+3293339999@198.51.100.1>")])),
            (9.0, Talk.caller_hangs_up),
        ],
    ),
    Plan(name="failed: redirected", script=[(0.02, 302, b"")]),
    Plan(name="asked", caller="<sip:+32470123456@abroad>", doings=[(25.0, Talk.caller_hangs_up)]),
    Plan(name="abandoned: no ACK", acks=False),
    Plan(name="abandoned: the caller dies as it rings", script=[RINGS], doings=[(2.0, Talk.caller_dies)]),
    Plan(
        name="abandoned: both die in the call",
        doings=[(10.0, Talk.caller_dies), (10.0, Talk.callee_dies)],
    ),
    Plan(
        name="abandoned: the callee dies in a re-INVITE",
        doings=[(8.0, Talk.callee_dies), (8.5, lambda talk: talk.caller_says("INVITE"))],
    ),
)
HOUR = 3_600.0


@attrs.frozen(kw_only=True)
class Sample:
    """What is held at one moment."""

    at: float
    """Virtual seconds since the start."""
    tables: dict[str, int]
    resident_kib: int
    traced_kib: int | None
    """What Python has allocated, when it is traced."""

    def __str__(self) -> str:
        tables = " ".join(f"{name}={size}" for name, size in self.tables.items())
        traced = "" if self.traced_kib is None else f" traced {self.traced_kib} KiB"
        return f"{self.at / HOUR:7.2f} h  RSS {self.resident_kib} KiB{traced}  {tables}"


@attrs.define(eq=False, kw_only=True)
class Soak:
    """Calls at a steady rate through one gateway, looked at at steady intervals."""

    seed: int = 1
    rate: float = 1.0
    """Calls a second."""
    every: float = 600.0
    """Seconds between two samples."""
    config: Config = attrs.field(default=CONFIG, repr=False)
    crowd: Crowd = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.crowd = Crowd(self.seed, config=self.config)
        self.crowd.link.loss, self.crowd.link.doubled, self.crowd.link.delay = 0.02, 0.02, (0.005, 0.2)

    def samples(self, hours: float) -> Iterator[Sample]:
        """One each interval; nobody calls any more when the last has been given."""
        crowd, began = self.crowd, self.crowd.now
        end = began + hours * HOUR
        crowd.after(0.0, lambda: self._call(end))
        crowd.after(HOUR / 2, lambda: self._cut(end))
        while crowd.now < end:
            crowd.run(min(self.every, end - crowd.now))
            yield self.sample(crowd.now - began)

    def _call(self, end: float) -> None:
        crowd = self.crowd
        if crowd.now < end:
            crowd.place(crowd.random.choice(PLANS), from_home=crowd.random.random() < 0.3)
            crowd.after(crowd.random.expovariate(self.rate), lambda: self._call(end))

    def _cut(self, end: float) -> None:
        link = self.crowd.link
        link.loss, before = 1.0, link.loss

        def mend() -> None:
            link.loss = before

        self.crowd.after(10.0, mend)
        if self.crowd.now + HOUR < end:
            self.crowd.after(HOUR, lambda: self._cut(end))

    def sample(self, at: float) -> Sample:
        gc.collect()
        traced = tracemalloc.get_traced_memory()[0] // 1024 if tracemalloc.is_tracing() else None
        return Sample(at=at, tables=self.crowd.tables(), resident_kib=resident_kib(), traced_kib=traced)


def resident_kib() -> int:
    """The resident memory of this process."""
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])


def main(say: Callable[[str], object] = sys.stdout.write) -> None:
    """Plays as long as asked for; an error when anything is left at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1.0, help="calls a second")
    parser.add_argument("--every", type=float, default=600.0, help="seconds between two lines")
    parser.add_argument("--trace", action="store_true", help="follow what Python allocates; three times as slow")
    options = parser.parse_args()
    if options.trace:
        tracemalloc.start()
    soak = Soak(seed=options.seed, rate=options.rate, every=options.every)
    for sample in soak.samples(options.hours):
        say(f"{sample}\n")
        sys.stdout.flush()
    soak.crowd.settle()
    say(f"settled: {soak.sample(0.0)}\n")
    told = {
        name: f"{soak.crowd.talks.set_up[name]} of {count}" for name, count in sorted(soak.crowd.talks.placed.items())
    }
    say("\n".join(f"{count:>16} set up  {name}" for name, count in told.items()) + "\n")
    say("\n".join(f"{count:8} {cause}" for cause, count in soak.crowd.ends.most_common()) + "\n")


if __name__ == "__main__":
    main()
