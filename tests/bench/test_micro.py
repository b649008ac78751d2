import orjson
import pytest

from bench.__main__ import run
from bench.figures import Report, tables
from bench.micro import CALIBRATION, LIBRARY, Subject, compare, cut, receive, receive_again
from bench.story import invite
from sipstack.effects import Incoming, Send

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
    "parse it and read its claim": "calibration",
    "decide: foreign caller": "phonenumbers.parse",
    "decide: five dirty headers": "phonenumbers.parse",
    "one call through Core": "calibration",
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


def test_a_part_that_does_more_costs_more_in_the_same_run(report) -> None:
    figures = {figure.subject: figure.value or 0 for figure in report.figures}

    assert figures["print it, untouched"] < figures["parse an INVITE of 15 headers"] < figures["one call through Core"]
    assert figures["parse an INVITE of 15 headers"] < figures["parse it and read its claim"]
    assert figures["find the lines of an INVITE of 15 headers"] < figures["parse an INVITE of 15 headers"]
    assert figures["parse an INVITE of 15 headers"] < figures["receive it: a new transaction"]
    # Repetitions come in floods just when a server is late with its answers: they must stay cheap.
    assert figures["receive it again"] < figures["parse an INVITE of 15 headers"] / 2
    assert figures["decide: foreign caller"] < figures["decide: five dirty headers"]


def test_the_parts_of_the_stack_do_what_they_are_named_after() -> None:
    calls = [invite(number) for number in range(3)]

    assert cut(calls)() == calls
    assert [[type(effect) for effect in effects] for effects in receive(calls)()] == [[Incoming]] * 3
    assert [[type(effect) for effect in effects] for effects in receive_again(calls)()] == [[Send]] * 3


def test_a_sample_does_its_work_as_often_as_it_says() -> None:
    done: list[int] = []
    subject = Subject.repeated("work", lambda: done.append(1), 7, to=LIBRARY)

    subject.nanoseconds()

    assert len(done) == 7
    assert (subject.operations, subject.to) == (7, LIBRARY)


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


def test_a_ratio_is_to_what_the_subject_names_in_the_same_round() -> None:
    def said(name: str, nanoseconds: int, to: str) -> Subject:
        return Said(name=name, prepare=lambda: lambda: None, operations=nanoseconds, to=to)

    subjects = [
        said(CALIBRATION, 2_000, CALIBRATION),
        said(LIBRARY, 3_000, CALIBRATION),
        said("decide", 12_000, LIBRARY),
    ]
    figures = compare(subjects, 3, lambda _: None)

    assert [(figure.value, figure.ratio, figure.to) for figure in figures] == [
        (2.0, None, ""),
        (3.0, 1.5, CALIBRATION),
        (12.0, 4.0, LIBRARY),
    ]
