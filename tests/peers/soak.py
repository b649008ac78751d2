"""Half an hour of SIPp on both sides of the daemon: what it holds rises with its load, and not with the minutes.

    python -m tests.peers.soak --minutes 30

Each minute: normal calls in both directions, cancelled, refused, blocked and re-invited ones, some whose caller never
acknowledges, and some whose two ends vanish without a word and are hung up by the maximum duration. Then one line with
resident memory and tables. Exit code 1 when a call did not go as written or anything is left.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from tests.peers.box import Box
from tests.peers.ports import free_ports
from tests.peers.rig import DEFAULTS
from tests.peers.sipp import Sipp

HOST = "127.0.0.1"
LONGEST = 60
"""Seconds a call may last: those that vanish in one minute are hung up in the next."""


@attrs.frozen(kw_only=True)
class Kind:
    """One kind of call: the two scenarios, and what they are told."""

    name: str
    calling: str
    called: str | None = "b-answers"
    values: dict[str, str] = attrs.field(factory=dict)
    from_home: bool = False


KINDS = (
    Kind(name="normal", calling="a-calls", values={"TALK": "3000"}),
    Kind(name="normal, from home", calling="a-calls", values={"TALK": "3000"}, from_home=True),
    Kind(name="cancelled", calling="a-cancels-ringing", called="b-is-cancelled"),
    Kind(name="refused", calling="a-is-refused", called="b-refuses", values={"STATUS": "486", "CODE": "486"}),
    Kind(name="blocked", calling="a-is-refused", called=None,
         values={"STATUS": "603", "CALLER": "<sip:+3225551212@foreign.example>"}),
    Kind(name="re-invited", calling="a-changes-the-session", called="b-hears-a-new-offer"),
    Kind(name="never acknowledged", calling="a-never-acknowledges"),
)  # fmt: skip
VANISHING = Kind(name="vanished", calling="a-vanishes", called="b-vanishes")
#: One process hears of its vanished calls again when they are hung up, and would take that for a new one; so the next
#: to play at its port does so after they are all gone.
TURNS = 3


@attrs.frozen(kw_only=True)
class Line:
    """A kind of call with its own prefix, and its own port on each side."""

    kind: Kind
    serial: int
    caller: int
    callee: int

    @property
    def number(self) -> str:
        """The number called; abroad it is another country's."""
        return f"+33{self.serial:02d}0000000" if self.kind.from_home else f"+329{self.serial:02d}00000"


@attrs.define(eq=False)
class Soak:
    """A daemon with a national trunk for each kind of call."""

    folder: Path
    rate: int = 40
    """New calls a second, of all kinds together."""
    box: Box = attrs.field(init=False)
    lines: list[Line] = attrs.field(init=False)
    listens: tuple[int, int] = attrs.field(init=False)
    """Abroad and at home."""
    failed: list[str] = attrs.field(factory=list, init=False)
    placed: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        kinds = [*KINDS, *[VANISHING] * TURNS]
        abroad, home, *ports = free_ports(HOST, 2 + 2 * len(kinds))
        self.listens = abroad, home
        self.lines = [
            Line(kind=kind, serial=serial, caller=ports[2 * serial], callee=ports[2 * serial + 1])
            for serial, kind in enumerate(kinds)
        ]
        self.box = Box(self.folder)

    def start(self) -> None:
        """Returns when the daemon listens. T1 is a tenth of a second, so that what lingers does so for six."""
        text = [
            f"[sip]\nt1_ms = 100\nt2_ms = 800\nt4_ms = 1000\nmax_call_seconds = {LONGEST}",
            '[journal]\ndirectory = "journal"\nsegment_mib = 16',
        ]
        (inward,) = [line for line in self.lines if line.kind.from_home]
        callers = [line.caller for line in self.lines if not line.kind.from_home]
        text.append(_trunk("foreign", "international", self.listens[0], [*callers, inward.callee], inward.callee))
        for line in self.lines:
            name, own = f"national-{line.serial}", line.caller if line.kind.from_home else line.callee
            text.append(_trunk(name, "national", self.listens[1], [own], own))
            if line.kind.from_home:
                text.append(f'[[route]]\nfrom = "{name}"\nto = "foreign"')
            else:
                text.append(f'[[route]]\nfrom = "foreign"\nprefix = "{line.number[:6]}"\nto = "{name}"')
        self.box.config.write_text("\n".join(text) + "\n")
        self.box.start()

    def minute(self, minute: int, seconds: int) -> None:
        """Plays each kind at its share of the rate; returns when all have played to their end."""
        vanishing = [line for line in self.lines if line.kind is VANISHING]
        lines = [line for line in self.lines if line.kind is not VANISHING] + [vanishing[minute % TURNS]]
        rate = max(1, self.rate // len(lines))
        peers = [peer for line in lines for peer in self._play(line, minute, rate * seconds, rate)]
        try:
            for peer in peers:
                if peer.wait() != 0:
                    self.failed.append(f"minute {minute}: {peer.report}")
        finally:
            for peer in peers:
                peer.close()
        self.placed += len(lines) * rate * seconds

    def _play(self, line: Line, minute: int, calls: int, rate: int) -> Iterator[Sipp]:
        abroad, home = self.listens
        kind = line.kind
        near, far = (home, abroad) if kind.from_home else (abroad, home)
        plays = [(kind.called, line.callee, far)] if kind.called else []
        for scenario, own, remote in [*plays, (kind.calling, line.caller, near)]:
            yield Sipp.start(
                scenario,
                DEFAULTS | {"CALLED": line.number} | kind.values,
                side="national" if remote == home else "foreign",
                local=(HOST, own),
                remote=(HOST, remote),
                folder=self.folder / f"{minute:03d}-{line.serial}-{scenario}",
                calls=calls,
                rate=rate,
            )

    def told(self) -> dict[str, Any]:
        """What the daemon holds, by its own word."""
        return self.box.statistics()


def _trunk(name: str, trunk_class: str, listen: int, peers: list[int], target: int) -> str:
    admitted = ", ".join(f'"{HOST}:{port}"' for port in peers)
    return (
        f'[[trunk]]\nname = "{name}"\nclass = "{trunk_class}"\nlisten = ["{HOST}:{listen}"]\n'
        f'peers = [{admitted}]\ntargets = ["{HOST}:{target}"]'
    )


def main() -> int:
    """Plays as long as asked for, and says how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--rate", type=int, default=40, help="new calls a second")
    parser.add_argument("--seconds", type=int, default=55, help="of new calls in a minute; the rest is for their ends")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), options.rate)
        soak.start()
        try:
            first = 0
            for minute in range(options.minutes):
                began = time.monotonic()
                soak.minute(minute, options.seconds)
                told, resident = soak.told(), soak.box.resident_kib
                first = first or resident
                held = " ".join(f"{name}={told[name]}" for name in ("calls", "transactions", "dialogs"))
                print(
                    f"minute {minute + 1:3}  RSS {resident} KiB  {held}  placed={soak.placed} failed={len(soak.failed)}"
                    f"  ({time.monotonic() - began:.0f} s)",
                    flush=True,
                )
            left = soak.box.drained(within=3 * LONGEST)
            resident = soak.box.resident_kib
            print(f"drained     RSS {resident} KiB, {first} KiB after the first minute")
            print("\n".join(f"{count:8} {name}" for name, count in sorted(left["counters"].items())))
            ends = sum(count for name, count in left["counters"].items() if name.startswith("end: "))
            print(f"{soak.placed} calls placed, {ends} ended; {len(soak.failed)} peers did not play as written")
            print("\n".join(soak.failed[:3]), end="")
            return 0 if ends == soak.placed and not soak.failed and not soak.box.alarms else 1
        finally:
            soak.box.close()


if __name__ == "__main__":
    sys.exit(main())
