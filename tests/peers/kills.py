"""The daemon killed at random moments under SIPp's load: every call that somebody heard answered or refused has its
record, each call ends once, and the journal verifies, signatures included.

    python -m tests.peers.kills --times 200
    python -m tests.peers.kills --times 200 --workers 2

With workers, now one of them is killed and now the parent. With `--store` there is a clerk, and the store must be what
a rebuild of it is. Closed segments are signed and packed meanwhile, as the
clerk does it. Exit code 1 when anything is missing.
"""

import argparse
import datetime
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from b2bua.evidence import chains_of, records
from b2bua.evidence.packing import pack_closed
from b2bua.evidence.signatures import sign_closed
from b2bua.evidence.signing import SigningKey, load_key, make_key
from b2bua.evidence.verifying import Verified, verify_journal
from b2bua.store import Store
from tests.peers.rig import DEFAULTS, Rig
from tests.peers.sipp import compose
from tests.peers.waiting import until

#: Seconds that a daemon lives, at most, from where it listens.
LONGEST = 1.2
#: How often closed segments are signed and packed, in kills.
TEND_EVERY = 5
BLOCKED = "<sip:+3225551212@foreign.example>"


@attrs.define
class Told:
    """What the journal says of the calls, by their Call-ID as the caller has it."""

    kinds: dict[str, Counter[str]] = attrs.field(factory=lambda: defaultdict(Counter))
    """How many lines of each kind a call has, by its name in the evidence."""
    names: dict[str, list[str]] = attrs.field(factory=lambda: defaultdict(list))
    verdicts: dict[str, str] = attrs.field(factory=dict)
    lines: Counter[str] = attrs.field(factory=Counter)

    @classmethod
    def of(cls, journal: Path) -> "Told":
        """All of it."""
        told = cls()
        for chain in chains_of(journal):
            for path in chain:
                for _, record in records(path):
                    told._add(record)
        return told

    def _add(self, record: dict[str, Any]) -> None:
        kind, call = record["kind"], record["call"]
        self.lines[kind] += 1
        if call:
            self.kinds[call][kind] += 1
        if kind == "verdict":
            self.names[record["call_id"]].append(call)
            self.verdicts[call] = record["verdict"]

    def has(self, heard: str, call_id: str) -> bool:
        """Whether what a caller heard is on record."""
        calls = self.names[call_id]
        if heard == "answered":
            return any(self.kinds[call]["answer"] and self.verdicts[call] == "pass" for call in calls)
        return any(self.kinds[call]["end"] and self.verdicts[call] == "block" for call in calls)

    def odd(self) -> list[str]:
        """Calls that have not exactly one verdict and one end, and at most one answer."""
        return [
            call
            for call, kinds in self.kinds.items()
            if (kinds["verdict"], kinds["end"]) != (1, 1) or kinds["answer"] > 1
        ]


@attrs.define(eq=False)
class Load:
    """SIPp on both sides, which goes on whatever becomes of the daemon."""

    rig: Rig
    rate: int
    running: list[subprocess.Popen[bytes]] = attrs.field(factory=list)

    def start(self) -> None:
        """Callees, then callers: two calls that pass for each that is refused."""
        foreign, national = self.rig.foreign, self.rig.national
        self._play("b-answers", national.peer, national.listen)
        self._play("a-calls-and-notes", foreign.caller, foreign.listen, self.rate * 2 // 3, TALK="400")
        self._play("a-is-refused-and-notes", foreign.odd, foreign.listen, self.rate // 3, CALLER=BLOCKED)

    def _play(self, scenario: str, own: int, remote: int, rate: int = 0, **values: str) -> None:
        folder, host = self.rig.folder / scenario, self.rig.foreign.host
        folder.mkdir()
        (folder / "scenario.xml").write_text(compose(scenario, DEFAULTS | values))
        command = ["sipp", "-sf", "scenario.xml", "-i", host, "-p", str(own), "-nostdin", "-max_socket", "16"]
        command += ["-trace_logs", "-log_file", "heard.log", "-max_log_size", str(1 << 30)]
        if rate:
            command += ["-r", str(rate), "-l", "5000", f"{host}:{remote}"]
        with (folder / "screen.log").open("wb") as screen:
            self.running.append(
                subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen)
            )

    def is_alive(self) -> bool:
        """Whether all of them still play."""
        return all(sipp.poll() is None for sipp in self.running)

    def stop(self) -> None:
        """At once: calls in the middle stay so."""
        for sipp in self.running:
            sipp.kill()
        for sipp in self.running:
            sipp.wait()

    def heard(self) -> Iterator[tuple[str, str]]:
        """What callers heard, each with its Call-ID; a line that SIPp was writing when it was stopped is none."""
        for path in self.rig.folder.glob("a-*/heard.log"):
            for line in path.read_text().rpartition("\n")[0].splitlines():
                word, _, call_id = line.partition(" ")
                yield word, call_id


@attrs.define(eq=False)
class Kills:
    """One run."""

    rig: Rig
    workers: int
    dice: random.Random
    key: SigningKey
    load: Load
    store: str | None = None
    """The lines of `[store]`: with them the daemon has a clerk, which is killed like its workers."""
    signed: int = 0
    packed: int = 0

    @classmethod
    def on(cls, folder: Path, workers: int, rate: int, seed: int, store: str | None = None) -> "Kills":
        """Ready to begin."""
        rig = Rig.on(folder, "127.0.0.1")
        make_key(folder / "key")
        return cls(rig, workers, random.Random(seed), load_key(folder / "key"), Load(rig, rate), store)

    def run(self, times: int, say: bool = False) -> "Outcome":
        """So many kills; what stands in the journal after the last, a clean end and one more start."""
        box = self.rig.box
        try:
            self.rig.start(t1_ms=500, workers=self.workers, store=self.store)
            self.load.start()
            for number in range(1, times + 1):
                time.sleep(self.dice.uniform(0.0, LONGEST))
                self._kill()
                assert self.load.is_alive(), "SIPp has ended"
                if number % TEND_EVERY == 0:
                    self._tend()
                if say and number % 20 == 0:
                    print(f"{number} kills", flush=True)
            self.load.stop()
            box.end()
            box.start()
            assert box.end() == 0
            self._tend()
        finally:
            self.load.stop()
            self.rig.close()
        return Outcome.of(self)

    def _kill(self) -> None:
        """The daemon, or one of its workers; whoever comes after it listens when this returns."""
        box = self.rig.box
        assert box.process is not None
        children = _children(box.process.pid)
        if children and self.dice.random() < 0.5:
            _kill(self.dice.choice(children))
            return
        box.end(signal.SIGKILL)
        until(lambda: not any(map(_lives, children)), "its workers are gone")
        box.start()

    def _tend(self) -> None:
        """What the clerk does."""
        journal = self.rig.box.journal_folder
        self.signed += len(sign_closed(journal, self.key, datetime.datetime.now(datetime.UTC)))
        self.packed += len(pack_closed(journal))


@attrs.frozen
class Outcome:
    """What came of a run."""

    heard: Counter[str]
    missing: list[tuple[str, str]]
    """What callers heard of which there is no record."""
    odd: list[str]
    verified: Verified
    lines: Counter[str]
    signed: int
    packed: int
    differing: list[str]
    """Rows of the store that are not what a rebuild has; none where there is no store."""

    @classmethod
    def of(cls, run: Kills) -> "Outcome":
        """Compares what was heard with what was written."""
        journal, heard = run.rig.box.journal_folder, list(run.load.heard())
        told = Told.of(journal)
        return cls(
            Counter(word for word, _ in heard),
            [one for one in heard if not told.has(*one)],
            told.odd(),
            verify_journal(journal, [run.key.public]),
            told.lines,
            run.signed,
            run.packed,
            [] if run.store is None else _differing(journal),
        )

    @property
    def is_good(self) -> bool:
        """Nothing is missing, odd or broken, and there was something to be found."""
        both = self.heard["answered"] and self.heard["refused"]
        return bool(both) and not (self.missing or self.odd or self.verified.broken or self.differing)

    def __str__(self) -> str:
        heard = ", ".join(f"{count} {word}" for word, count in sorted(self.heard.items()))
        lines = ", ".join(f"{count} {kind}" for kind, count in sorted(self.lines.items()))
        broken = "; ".join(map(str, self.verified.broken)) or "nothing broken"
        return (
            f"heard: {heard}; without a record: {len(self.missing)} {self.missing[:3]}\n"
            f"calls that did not begin and end once: {len(self.odd)} {self.odd[:3]}\n"
            f"lines: {lines}\n"
            f"{self.verified.segments} segments in {self.verified.chains} chains, {self.signed} signed, "
            f"{self.packed} packed: {broken}\n"
            f"rows of the store that are not a rebuild's: {len(self.differing)} {self.differing[:3]}"
        )


def _differing(journal: Path) -> list[str]:
    with Store.open(f"sqlite:///{journal / 'store.sqlite'}", journal) as store, tempfile.TemporaryDirectory() as folder:
        waiting = [f"{chain.waiting} lines of {chain.chain} wait" for chain in store.standing() if chain.waiting]
        return waiting + [str(one) for one in store.compare(Path(folder))]


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it was killed a moment ago, and nobody has taken its place yet


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def main() -> int:
    """Kills as often as asked for, and says what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rate", type=int, default=60, help="new calls a second")
    parser.add_argument("--store", action="store_true", help="with a clerk, and a store that must be what a rebuild is")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Kills.on(Path(folder), options.workers, options.rate, options.seed, "" if options.store else None)
        outcome = run.run(options.times, say=True)
    print(outcome)
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
