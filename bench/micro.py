"""The parts, in one process: each as a ratio to a calibration loop that runs before and after it.

Process time, not wall time; samples of a few milliseconds, of which many find the core to themselves; and the lower
quartile over rounds. No two operations are given the same message: what is remembered of one must help the next no more
than it does between the calls of a carrier.
"""

import gc
import os
import random
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TypeVar

import attrs
import phonenumbers

from b2bua.call import Moment, Record
from b2bua.evidence import Journal
from b2bua.identity.screening import claim_of
from bench.figures import Figure
from bench.processes import SCRATCH
from bench.story import ALL_TIMERS, CALLER, SEED, UTC, Story, dirty_invite, invite, london, tell
from policy import Claim, Profile, Register, TrunkClass, decide
from sipstack.effects import Incoming
from sipstack.ids import Ids
from sipstack.message import Request, parse, response_to
from sipstack.message.framing import Framer
from sipstack.message.parse import parse_structure
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer

CALIBRATION = "calibration"
LIBRARY = "phonenumbers.parse"
CALL = "one call through Core"
FIRST = "an INVITE through Core"
_MIB = 1024 * 1024
#: Octets a TCP segment brings, on Ethernet.
_SEGMENT = 1448
#: Calls that differ from each other in every number.
_NUMBERS = 1_000_000
#: Calls in one sample of a core.
_CALLS = 6

Say = Callable[[str], None]
Work = Callable[[], object]
T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Subject:
    """Something whose cost is asked for."""

    name: str
    prepare: Callable[[], Work]
    """Makes what one sample runs; its own cost does not count."""
    operations: int
    """How many times a sample does it."""
    to: str = CALIBRATION
    """The subject that a reader compares it with."""

    @classmethod
    def over(
        cls, name: str, make: Callable[[int], T], work: Callable[[T], object], *, times: int, to: str = CALIBRATION
    ) -> "Subject":
        """One that is done to things made by number, so many of them in a sample and others in the next."""

        def prepare(things: Sequence[T]) -> Work:
            def sample() -> None:
                for thing in things:
                    work(thing)

            return sample

        return cls.upon(name, make, prepare, times=times, to=to)

    @classmethod
    def upon(
        cls,
        name: str,
        make: Callable[[int], T],
        prepare: Callable[[Sequence[T]], Work],
        *,
        times: int,
        to: str = CALIBRATION,
    ) -> "Subject":
        """One whose every sample is prepared upon things made by number, so many of them."""
        # Its own numbers, as far apart from those of other subjects as chance has it.
        numbers = count(zlib.crc32(name.encode()) % _NUMBERS)

        def sample() -> Work:
            return prepare([make(next(numbers)) for _ in range(times)])

        return cls(name=name, prepare=sample, operations=times, to=to)

    def nanoseconds(self) -> float:
        """Of one operation, in one sample. The collector is off: when it would come is chance, and calls make no
        cycles."""
        work = self.prepare()
        gc.disable()
        try:
            begin = time.process_time_ns()
            work()
            return (time.process_time_ns() - begin) / self.operations
        finally:
            gc.enable()


_LINES = tuple(f"X-Header-{number}: value {number} of the calibration loop" for number in range(50))


def calibrate() -> int:
    """The unit: fifty lines split, folded and looked up, work of the kind that text protocols are."""
    table: dict[str, str] = {}
    for line in _LINES:
        name, _, value = line.partition(":")
        table[name.lower()] = value.strip()
    return len(table)


def measure(rounds: int, say: Say) -> tuple[Figure, ...]:
    """Every part, over so many rounds."""
    say(f"micro: {rounds} rounds")
    with subjects() as found:
        return compare(found, rounds, say)


@attrs.frozen
class Sample:
    """What one operation of a subject cost, nanoseconds, and one of the calibration loop, just before it and after."""

    subject: float
    calibration: float

    @property
    def ratio(self) -> float:
        return self.subject / self.calibration


Samples = dict[str, list[Sample]]


def compare(subjects: Sequence[Subject], rounds: int, say: Say) -> tuple[Figure, ...]:
    """Each subject beside the one it is to be compared with; the first is the calibration loop."""
    samples = sample(subjects, rounds, say)
    found = ratios(samples)
    return tuple(
        Figure(
            bench="micro",
            subject=subject.name,
            quantity="CPU",
            value=statistics.median(one.subject for one in samples[subject.name]) / 1e3,
            unit="us",
            ratio=None if subject.name == subject.to else found[subject.name] / found[subject.to],
            to="" if subject.name == subject.to else subject.to,
        )
        for subject in subjects
    )


def ratios(samples: Samples) -> dict[str, float]:
    """Of each subject to the calibration loop: the lower quartile of its rounds, since a disturbance adds more to what
    works with much memory than to the loop, and hardly ever takes away. Each round has its own ratio: the least times
    of subject and loop, or the quartiles of both, come from different rounds and stray twice as far."""
    return {name: _lower_quartile([one.ratio for one in taken]) for name, taken in samples.items()}


def _lower_quartile(values: Sequence[float]) -> float:
    return sorted(values)[(len(values) - 1) // 4]


def sample(subjects: Sequence[Subject], rounds: int, say: Say) -> Samples:
    """Every subject in turn, with the calibration loop, which comes first among them, between any two."""
    unit, *others = subjects
    samples: Samples = {subject.name: [] for subject in subjects}
    with _frozen():
        for subject in subjects:
            subject.nanoseconds()  # memories and pages are paid for by the first
        for number in range(1, rounds + 1):
            before = unit.nanoseconds()
            samples[unit.name].append(Sample(before, before))
            for subject in others:
                taken, after = subject.nanoseconds(), unit.nanoseconds()
                samples[subject.name].append(Sample(taken, (before + after) / 2))
                before = after
            gc.collect()
            if number % 5 == 0:
                say(f"micro: round {number} of {rounds}")
    return samples


@contextmanager
def _frozen() -> Iterator[None]:
    """What exists now is no concern of the collector's, as in the daemon."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def subjects() -> Iterator[list[Subject]]:
    """All parts, the calibration loop first."""
    with _journal() as journal:
        yield [
            *_of_others(),
            *_of_the_stack(),
            *_of_the_policy(),
            *_of_the_core(),
            _of_the_journal(journal),
        ]


def _of_others() -> Iterator[Subject]:
    yield Subject.over(CALIBRATION, int, lambda _: calibrate(), times=200)
    yield Subject.over(LIBRARY, london, phonenumbers.parse, times=150)


def _of_the_stack() -> Iterator[Subject]:
    yield Subject.over("find the lines of an INVITE of 15 headers", invite, parse_structure, times=100)
    yield Subject.over("parse an INVITE of 15 headers", invite, parse, times=100)
    yield Subject.upon("print it, untouched", invite, reprint, times=300)
    yield Subject.upon("make and print its 180", invite, ring, times=200)
    yield Subject.upon("cut it out of a stream", invite, cut, times=200)
    yield Subject.upon("receive it: a new transaction", invite, receive, times=50)
    yield Subject.upon("receive it again", invite, receive_again, times=100)
    yield Subject.upon("an INVITE's server transaction, all its life", invite, serve, times=50)
    yield Subject.upon("an INVITE's client transaction, all its life", invite, ask, times=50)


def _of_the_policy() -> Iterator[Subject]:
    profile, register = Profile.load("belgium"), Register("none", ())

    def foreign(number: int) -> Claim:
        return _claim(invite(number))

    def dirty(number: int) -> Claim:
        return _claim(dirty_invite(number))

    def judged(claim: Claim) -> object:
        return decide(claim, profile, register, UTC, {})

    yield Subject.over("parse it and read its claim", invite, _claim, times=50)
    yield Subject.over("decide: foreign caller", foreign, judged, times=100, to=LIBRARY)
    yield Subject.over("decide: five dirty headers", dirty, judged, times=20, to=LIBRARY)


def _of_the_core() -> Iterator[Subject]:
    story = tell(0)

    def passed(number: int) -> Story:
        return tell(_CALLS, story.config, first=number * _CALLS)

    def refused(number: int) -> Story:
        return tell(_CALLS, story.config, first=number * _CALLS, refused=True)

    def malformed(number: int) -> bytes:
        return invite(number).replace(b"\r\nCSeq: 1 ", b"\r\nCSeq: one ")

    def first(datagrams: Sequence[bytes]) -> Work:
        return take(story, datagrams)

    def again(datagrams: Sequence[bytes]) -> Work:
        return take(story, datagrams, again=True)

    yield attrs.evolve(Subject.upon(CALL, passed, replay, times=1), operations=_CALLS)
    yield attrs.evolve(Subject.upon("one that is refused", refused, replay, times=1, to=CALL), operations=_CALLS)
    yield Subject.upon(FIRST, invite, first, times=10)
    yield Subject.upon("the same again", invite, again, times=50, to=FIRST)
    yield Subject.upon("one with a malformed CSeq", malformed, first, times=30, to=FIRST)


def _of_the_journal(journal: Journal) -> Subject:
    verdicts = [record for record in tell(20, refused=True).records if record.kind == "verdict"]

    def verdict(number: int) -> Record:
        return verdicts[number % len(verdicts)]

    return Subject.over("journal: append a verdict", verdict, lambda one: journal.append([one]), times=50)


def _request(data: bytes) -> Request:
    request = parse(data)
    assert isinstance(request, Request), "the story's INVITE"
    return request


def _claim(data: bytes) -> Claim:
    return claim_of(_request(data), Claim(trunk="foreign", trunk_class=TrunkClass.INTERNATIONAL))


def _layer() -> TransactionLayer:
    return TransactionLayer(Timing(), Ids(random.Random(SEED).randbytes))


# The work of one sample.


def reprint(wires: Sequence[bytes]) -> Work:
    """Each as it came."""
    requests = [_request(wire) for wire in wires]
    return lambda: [request.encode() for request in requests]


def ring(wires: Sequence[bytes]) -> Work:
    """A 180 to each."""
    requests = [_request(wire) for wire in wires]
    return lambda: [response_to(request, 180, to_tag="b").encode() for request in requests]


def cut(messages: Sequence[bytes]) -> Work:
    """Framing: they come in the segments of one connection."""
    stream = b"".join(messages)
    segments = [stream[at : at + _SEGMENT] for at in range(0, len(stream), _SEGMENT)]
    framer = Framer()
    return lambda: [frame for segment in segments for frame in framer.feed(segment)]


def receive(invites: Sequence[bytes]) -> Work:
    """Each opens a transaction and reaches the user."""
    layer = _layer()
    return lambda: [layer.receive(data, CALLER, 0.0) for data in invites]


def receive_again(invites: Sequence[bytes]) -> Work:
    """Each has its 100 already, which a repetition gets again."""
    layer = _layer()
    for data in invites:
        layer.receive(data, CALLER, 0.0)
    layer.tick(1.0)
    return lambda: [layer.receive(data, CALLER, 1.0) for data in invites]


def serve(invites: Sequence[bytes]) -> Work:
    """180 and 200, made here, and the 64*T1 after which the transaction is gone (RFC 6026 §7.1)."""
    layer = _layer()

    def live() -> TransactionLayer:
        for data in invites:
            (incoming,) = layer.receive(data, CALLER, 0.0)
            assert isinstance(incoming, Incoming)
            assert incoming.key is not None
            for status in (180, 200):
                layer.respond(incoming.key, response_to(incoming.request, status, to_tag="b"), 0.0)
        layer.tick(ALL_TIMERS)
        return layer

    return live


def ask(invites: Sequence[bytes]) -> Work:
    """The other side of the same: 100, 180 and 200 come in."""
    layer = _layer()
    requests = [_request(data) for data in invites]
    answers = [[response_to(one, status, to_tag="b").encode() for status in (100, 180, 200)] for one in requests]

    def live() -> TransactionLayer:
        for request, responses in zip(requests, answers, strict=True):
            layer.request(request, CALLER, 0.0)
            for data in responses:
                layer.receive(data, CALLER, 0.0)
        layer.tick(ALL_TIMERS)
        return layer

    return live


def replay(stories: Sequence[Story]) -> Work:
    """Whole calls, each story in a core of its own."""
    cores = [(story, story.core()) for story in stories]

    def call() -> None:
        for story, core in cores:
            story.replay(core)

    return call


def take(story: Story, datagrams: Sequence[bytes], *, again: bool = False) -> Work:
    """A core's share of datagrams that a caller sends, for the first time or `again`."""
    core, now = story.core(), Moment(0.0, UTC)
    if again:
        for data in datagrams:
            core.receive(data, CALLER, now)
    return lambda: [core.receive(data, CALLER, now) for data in datagrams]


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
