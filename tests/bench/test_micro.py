import gc

import orjson
import pytest

from bench.__main__ import run
from bench.figures import Report, tables
from bench.micro import (
    CALIBRATION,
    LIBRARY,
    Sample,
    Subject,
    ask,
    compare,
    cut,
    ratios,
    receive,
    receive_again,
    reprint,
    ring,
    sample,
    serve,
    take,
)
from bench.story import brussels, ghent, invite, london, tell
from sipstack.effects import Incoming, Send
from sipstack.message import parse
from sipstack.transaction import TransactionLayer

SUBJECTS = {
    "calibration": "",
    "phonenumbers.parse": "calibration",
    "find the lines of an INVITE of 15 headers": "calibration",
    "parse an INVITE of 15 headers": "calibration",
    "print it, untouched": "calibration",
    "make and print its 180": "calibration",
    "cut it out of a stream": "calibration",
    "receive it: a new transaction": "calibration",
    "receive it again": "calibration",
    "an INVITE's server transaction, all its life": "calibration",
    "an INVITE's client transaction, all its life": "calibration",
    "parse it and read its claim": "calibration",
    "decide: foreign caller": "phonenumbers.parse",
    "decide: five dirty headers": "phonenumbers.parse",
    "one call through Core": "calibration",
    "one that is refused": "one call through Core",
    "an INVITE through Core": "calibration",
    "the same again": "an INVITE through Core",
    "one with a malformed CSeq": "an INVITE through Core",
    "journal: append a verdict": "calibration",
}


@pytest.fixture(scope="module")
def report() -> Report:
    return run(("micro",), True, lambda _: None)


def test_a_quick_run_has_every_figure_with_its_ratio_in_table_and_json(report, tmp_path) -> None:
    report.write(tmp_path / "latest.json")
    read = orjson.loads((tmp_path / "latest.json").read_bytes())
    (table,) = tables(report.figures)

    assert {figure["subject"]: figure["to"] for figure in read["figures"]} == SUBJECTS
    assert all(figure["bench"] == "micro" and figure["unit"] == "us" for figure in read["figures"])
    assert all(figure["value"] > 0 for figure in read["figures"])
    assert all((figure["ratio"] or 0) > 0 for figure in read["figures"] if figure["to"])
    assert table.row_count == len(SUBJECTS)
    assert read["quick"] is True
    assert {"python", "b2bua", "attrs", "uvloop"} <= read["versions"].keys()


def test_a_part_that_does_much_more_costs_more_in_the_same_run(report) -> None:
    figures = {CALIBRATION: 1.0}
    for figure in report.figures[1:]:
        figures[figure.subject] = figure.ratio * figures[figure.to]

    assert figures["print it, untouched"] < figures["parse an INVITE of 15 headers"] < figures["one call through Core"]
    assert figures["parse an INVITE of 15 headers"] < figures["an INVITE through Core"]
    assert figures["decide: foreign caller"] < figures["decide: five dirty headers"]
    # Repetitions come in floods just when a server is late with its answers: they must stay cheap.
    assert figures["receive it again"] < figures["parse an INVITE of 15 headers"] / 2
    assert figures["the same again"] < figures["an INVITE through Core"] / 5
    # What a stranger may send as he likes must cost less than what a carrier pays for.
    assert figures["one with a malformed CSeq"] < figures["an INVITE through Core"]
    assert figures["one that is refused"] < figures["one call through Core"]


def test_the_parts_of_the_stack_do_what_they_are_named_after() -> None:
    calls = [invite(number) for number in range(3)]

    assert cut(calls)() == calls
    assert [[type(effect) for effect in effects] for effects in receive(calls)()] == [[Incoming]] * 3
    assert [[type(effect) for effect in effects] for effects in receive_again(calls)()] == [[Send]] * 3
    assert reprint(calls)() == calls
    assert [parse(ringing).status for ringing in ring(calls)()] == [180] * 3


@pytest.mark.parametrize("side", [serve, ask])
def test_the_life_of_a_transaction_ends_when_its_last_timer_has_run_out(side) -> None:
    layer = side([invite(number) for number in range(3)])()

    assert isinstance(layer, TransactionLayer)
    assert len(layer) == 0
    assert layer.deadline() is None
    assert not layer.statistics().drops


def test_the_parts_of_the_core_do_what_they_are_named_after() -> None:
    story, calls = tell(1), [invite(number) for number in range(1, 4)]
    malformed = [data.replace(b"\r\nCSeq: 1 ", b"\r\nCSeq: one ") for data in calls]

    def sent(out: object) -> list[list[str]]:
        return [[one.data.decode()[:11] for one in effects if isinstance(one, Send)] for effects in out]

    assert sent(take(story, calls)()) == [["SIP/2.0 100", "INVITE sip:"]] * 3
    assert sent(take(story, calls, again=True)()) == [["SIP/2.0 100"]] * 3
    assert sent(take(story, malformed)()) == [["SIP/2.0 400"]] * 3


def test_a_sample_does_its_work_as_often_as_it_says() -> None:
    done: list[int] = []
    subject = Subject.over("work", int, done.append, times=7, to=LIBRARY)

    subject.nanoseconds()

    assert len(done) == 7
    assert (subject.operations, subject.to) == (7, LIBRARY)


def test_no_sample_is_of_the_things_of_another_nor_of_another_subject() -> None:
    done: list[int] = []
    subjects = [Subject.over(name, int, done.append, times=3) for name in ("work", "other work")]

    for _ in range(3):
        for subject in subjects:
            subject.nanoseconds()

    assert len(set(done)) == len(done) == 18


def test_no_two_calls_that_are_measured_have_a_message_in_common() -> None:
    stories = [tell(2, first=first) for first in (0, 2)]

    messages = [given.data for story in stories for given in story.inputs if given.data]

    assert len(set(messages)) == len(messages)
    for number_of in (london, ghent, brussels):
        assert len({number_of(number) for number in range(1_000)}) == 1_000
    assert all(number_of(7).encode() in invite(7) for number_of in (london, ghent))


def test_the_collector_is_off_while_a_sample_runs_and_on_afterwards() -> None:
    seen: list[bool] = []

    Subject.over("work", int, lambda _: seen.append(gc.isenabled()), times=3).nanoseconds()

    assert seen == [False] * 3
    assert gc.isenabled()


def test_what_prepares_a_sample_does_not_count() -> None:
    def prepare():
        sum(range(2_000_000))
        return lambda: None

    subject = Subject(name="nothing", prepare=prepare, operations=1, to=CALIBRATION)

    assert subject.nanoseconds() < 1_000_000


class Said(Subject):
    """A subject whose samples are known."""

    def nanoseconds(self) -> float:
        return float(self.operations)


def said(name: str, nanoseconds: int, to: str = CALIBRATION) -> Subject:
    return Said(name=name, prepare=lambda: lambda: None, operations=nanoseconds, to=to)


def test_a_ratio_is_to_what_the_subject_names() -> None:
    subjects = [said(CALIBRATION, 2_000), said(LIBRARY, 3_000), said("decide", 12_000, LIBRARY)]
    figures = compare(subjects, 3, lambda _: None)

    assert [(figure.value, figure.ratio, figure.to) for figure in figures] == [
        (2.0, None, ""),
        (3.0, 1.5, CALIBRATION),
        (12.0, 4.0, LIBRARY),
    ]


class Drifting(Subject):
    """One on a machine that gets slower with each sample that is taken."""

    def nanoseconds(self) -> float:
        clock.append(self.name)
        return float(self.operations * len(clock))


clock: list[str] = []


def test_a_sample_is_compared_with_the_loop_before_it_and_after_it() -> None:
    clock.clear()
    subjects = [
        Drifting(name=name, prepare=lambda: lambda: None, operations=cost)
        for name, cost in ((CALIBRATION, 10), ("a", 30), ("b", 50))
    ]

    found = ratios(sample(subjects, 4, lambda _: None))

    assert (found["a"], found["b"]) == (3.0, 5.0)
    assert clock[3:8] == [CALIBRATION, "a", CALIBRATION, "b", CALIBRATION]


def test_the_ratio_of_a_part_is_the_lower_quartile_of_its_rounds() -> None:
    rounds = [Sample(ratio * 10.0, 10.0) for ratio in (9, 3, 5, 7, 4)]

    assert ratios({"a": rounds}) == {"a": 4.0}
