"""The parts, in one process: each as a ratio to a calibration loop that runs in turn with it.

Process time, not wall time, and the median over rounds: a round that another process disturbed counts as one of many.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import attrs
import phonenumbers

from b2bua.evidence import Journal
from b2bua.identity.screening import claim_of
from bench.figures import Figure
from bench.processes import SCRATCH
from bench.story import CALLER, LONDON, UTC, Story, dirty_invite, invite, tell
from policy import Claim, Profile, Register, TrunkClass, decide
from sipstack.ids import Ids
from sipstack.message import Request, parse, response_to
from sipstack.message.framing import Framer
from sipstack.message.parse import parse_structure
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer

CALIBRATION = "calibration"
LIBRARY = "phonenumbers.parse"
_MIB = 1024 * 1024
#: Octets a TCP segment brings, on Ethernet.
_SEGMENT = 1448

Say = Callable[[str], None]
Work = Callable[[], object]


@attrs.frozen(kw_only=True)
class Subject:
    """Something whose cost is asked for."""

    name: str
    prepare: Callable[[], Work]
    """Makes what one sample runs; its own cost does not count."""
    operations: int
    """How many times a sample does it."""
    to: str = CALIBRATION

    @classmethod
    def repeated(cls, name: str, work: Work, operations: int, to: str = CALIBRATION) -> "Subject":
        """One that can be done over and over."""

        def sample() -> None:
            for _ in repeat(None, operations):
                work()

        return cls(name=name, prepare=lambda: sample, operations=operations, to=to)

    def nanoseconds(self) -> float:
        """Of one operation, in one sample."""
        work = self.prepare()
        begin = time.process_time_ns()
        work()
        return (time.process_time_ns() - begin) / self.operations


_LINES = tuple(f"X-Header-{number}: value {number} of the calibration loop" for number in range(50))


def calibrate() -> int:
    """The unit: fifty lines split, folded and looked up, work of the kind that text protocols are."""
    table: dict[str, str] = {}
    for line in _LINES:
        name, _, value = line.partition(":")
        table[name.lower()] = value.strip()
    return len(table)


def measure(rounds: int, say: Say) -> tuple[Figure, ...]:
    """Every part, medians over so many rounds."""
    say(f"micro: {rounds} rounds")
    with _subjects() as subjects:
        return compare(subjects, rounds, say)


def compare(subjects: Sequence[Subject], rounds: int, say: Say) -> tuple[Figure, ...]:
    """Each subject beside the one it is to be compared with, sampled in turn."""
    samples: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    ratios: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for number in range(1, rounds + 1):
        taken = {subject.name: subject.nanoseconds() for subject in subjects}
        for subject in subjects:
            samples[subject.name].append(taken[subject.name])
            ratios[subject.name].append(taken[subject.name] / taken[subject.to])
        if number % 5 == 0:
            say(f"micro: round {number} of {rounds}")
    return tuple(_figure(subject, samples[subject.name], ratios[subject.name]) for subject in subjects)


def _figure(subject: Subject, samples: list[float], ratios: list[float]) -> Figure:
    itself = subject.name == subject.to
    return Figure(
        bench="micro",
        subject=subject.name,
        quantity="CPU",
        value=statistics.median(samples) / 1e3,
        unit="us",
        ratio=None if itself else statistics.median(ratios),
        to="" if itself else subject.to,
    )


@contextmanager
def _subjects() -> Iterator[list[Subject]]:
    story = tell(200)
    wire, parsed = invite(), parse(invite())
    assert isinstance(parsed, Request), "the story's INVITE"
    calls = [invite(number) for number in range(200)]
    profile, register = Profile.load("belgium"), Register("none", ())
    foreign, dirty = _claim(invite()), _claim(dirty_invite())
    verdict = next(record for record in story.records if record.kind == "verdict")
    with _journal() as journal:
        yield [
            Subject.repeated(CALIBRATION, calibrate, 200),
            Subject.repeated(LIBRARY, lambda: phonenumbers.parse(LONDON), 200),
            Subject.repeated("find the lines of an INVITE of 15 headers", lambda: parse_structure(wire), 600),
            Subject.repeated("parse an INVITE of 15 headers", lambda: parse(wire), 300),
            Subject.repeated("print it, untouched", parsed.encode, 600),
            Subject.repeated("make and print its 180", lambda: response_to(parsed, 180, to_tag="b").encode(), 300),
            Subject(name="cut it out of a stream", prepare=lambda: cut(calls), operations=len(calls)),
            Subject(name="receive it: a new transaction", prepare=lambda: receive(calls), operations=len(calls)),
            Subject(name="receive it again", prepare=lambda: receive_again(calls), operations=len(calls)),
            Subject.repeated("parse it and read its claim", lambda: _claim(wire), 200),
            Subject.repeated(
                "decide: foreign caller", lambda: decide(foreign, profile, register, UTC, {}), 200, to=LIBRARY
            ),
            Subject.repeated(
                "decide: five dirty headers", lambda: decide(dirty, profile, register, UTC, {}), 100, to=LIBRARY
            ),
            Subject(name="one call through Core", prepare=lambda: _replay(story), operations=story.calls),
            Subject.repeated("journal: append a verdict", lambda: journal.append([verdict]), 100),
        ]


def _claim(data: bytes) -> Claim:
    request = parse(data)
    assert isinstance(request, Request), "the story's INVITE"
    return claim_of(request, Claim(trunk="foreign", trunk_class=TrunkClass.INTERNATIONAL))


def cut(messages: Sequence[bytes]) -> Work:
    """Framing: they come in the segments of one connection."""
    stream = b"".join(messages)
    segments = [stream[at : at + _SEGMENT] for at in range(0, len(stream), _SEGMENT)]
    framer = Framer()
    return lambda: [frame for segment in segments for frame in framer.feed(segment)]


def receive(invites: Sequence[bytes]) -> Work:
    """Each opens a transaction and reaches the user."""
    layer = TransactionLayer(Timing(), Ids(random.Random(3261).randbytes))
    return lambda: [layer.receive(data, CALLER, 0.0) for data in invites]


def receive_again(invites: Sequence[bytes]) -> Work:
    """Each has its 100 already, which a repetition gets again."""
    layer = TransactionLayer(Timing(), Ids(random.Random(3261).randbytes))
    for data in invites:
        layer.receive(data, CALLER, 0.0)
    layer.tick(1.0)
    return lambda: [layer.receive(data, CALLER, 1.0) for data in invites]


def _replay(story: Story) -> Work:
    core = story.core()
    return lambda: story.replay(core)


@contextmanager
def _journal() -> Iterator[Journal]:
    """Where a daemon's would stand: in the checkout, not in a memory file system."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        journal = Journal.open(Path(folder), 64 * _MIB, os.urandom, UTC)
        try:
            yield journal
        finally:
            journal.close()
