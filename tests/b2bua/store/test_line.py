"""What one line says for the index."""

from pathlib import Path
from typing import Any

import pytest

from b2bua.call import Record
from b2bua.store.line import numbers_in, pseudonymised
from tests.b2bua.store.making import CALLED, KEY, NOON, finding, lines_of, national, verdict, written


def read(folder: Path, record: Record) -> dict[str, Any]:
    """As it stands in a journal."""
    return lines_of(written(folder, record))[1]


def said(folder: Path, record: Record) -> list[tuple[str, str, str]]:
    return [(one.number, one.position, one.header) for one in numbers_in(read(folder, record))]


def test_a_call_from_home_is_read_from_its_headers(tmp_path: Path) -> None:
    headers = [
        'f: "Bob 42" <sip:025551212@home.example;user=phone>;tag=7',
        "P-Asserted-Identity: <tel:+3225551213>, <sip:003225551214@home.example>",
        "Subject: call +3225551215",
    ]
    assert said(tmp_path, national("a", headers)) == [
        ("+3225551212", "presentation", "f"),
        ("+3225551213", "network", "P-Asserted-Identity"),
        ("+3225551214", "network", "P-Asserted-Identity"),
        (CALLED, "called", ""),
    ]


def test_the_entry_of_a_history_that_is_the_target_is_no_redirecting_number(tmp_path: Path) -> None:
    history = f"History-Info: <sip:+3270111111@home.example>;index=1, <sip:{CALLED}@home.example>;index=1.1"
    assert said(tmp_path, national("a", [history])) == [
        ("+3270111111", "redirect", "History-Info"),
        (CALLED, "called", ""),
    ]


def test_a_number_that_was_judged_is_read_from_its_finding_alone(tmp_path: Path) -> None:
    found = [finding("+3225551212", "display"), finding(None, raw="0032 2 555 12 13"), finding(None, raw="anonymous")]
    assert said(tmp_path, verdict("a", "025550000", findings=found)) == [
        ("+3225551212", "display", "From"),
        ("+3225551213", "presentation", "From"),
        (CALLED, "called", ""),
    ]


def test_who_was_called_is_as_the_rules_took_it(tmp_path: Path) -> None:
    plain = verdict("a", findings=[])
    ported = Record("verdict", "a", NOON, plain.facts, {**plain.personal, "identity": [], "called_as": "+3270000000"})
    assert said(tmp_path, ported) == [("+3270000000", "called", "")]


def test_a_request_within_a_call_calls_nobody(tmp_path: Path) -> None:
    personal = {"called": "sip:+3293330000@192.0.2.1", "identity": ["P-Asserted-Identity: <sip:+3225551212@x>"]}
    late = Record("later", "a", NOON, {"trunk": "INT-1"}, personal)
    assert said(tmp_path, late) == [("+3225551212", "network", "P-Asserted-Identity")]


def test_numbers_beyond_measure_are_not_kept(tmp_path: Path) -> None:
    many = ", ".join(f"<sip:+32255{number:05d}@x>" for number in range(500))
    assert len(said(tmp_path, national("a", [f"P-Asserted-Identity: {many}"]))) == 64


def test_a_caller_and_whom_he_calls_are_kept_behind_however_many_redirecting_numbers(tmp_path: Path) -> None:
    many = [finding(f"+32255{number:05d}", "redirect", header="Diversion") for number in range(64)]
    callers = [finding("+33142345678", "network", header="P-Asserted-Identity"), finding("+33142345679")]
    kept = said(tmp_path, verdict("a", findings=[*many, *callers]))
    assert len(kept) == 64
    assert {number for number, position, _ in kept if position != "redirect"} == {
        "+33142345678",
        "+33142345679",
        CALLED,
    }


def test_what_stays_of_a_line_has_no_number_in_it(tmp_path: Path) -> None:
    line = read(tmp_path, verdict("a"))
    left = pseudonymised(line, KEY)
    assert "+3" not in str(left)
    again = numbers_in({**line, "hashed": left})
    assert [(one.position, one.outcome, one.rule) for one in again] == [
        (one.position, one.outcome, one.rule) for one in numbers_in(line)
    ]
    assert all(one.number.startswith("#") for one in again)


@pytest.mark.parametrize("kind", ["end", "answer"])
def test_a_line_that_named_nobody_keeps_nothing(tmp_path: Path, kind: str) -> None:
    line = read(tmp_path, Record(kind, "a", NOON, {"to": "NAT-1"}))
    assert pseudonymised(line, KEY) == {}
