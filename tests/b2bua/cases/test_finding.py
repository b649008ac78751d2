"""The calls that a request may mean, in a real store."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from b2bua.cases.finding import find, wanted
from b2bua.errors import CaseError
from b2bua.evidence.forgetting import pseudonym
from b2bua.store import Store
from tests.b2bua.cases.making import CALLED_AT, NOW, PLAN, asked, call, journal

pytestmark = pytest.mark.law("¶16 identity", "K19")

MINUTE = datetime.timedelta(minutes=1)
KEY = bytes(32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "journal").mkdir()
    journal(
        tmp_path,
        call("there"),
        call("six minutes later", at=CALLED_AT + 6 * MINUTE),
        call("two minutes earlier", at=CALLED_AT - 2 * MINUTE),
        call("another caller", "+32470999999"),
        call("another called", called="+3293331111"),
        call("short", "1207"),
        call("badly written", "0470123456", headers=["From: <sip:0470123456@carrier>"]),
        call("in the night", "+3225551212", at=datetime.datetime(2026, 11, 22, 23, 2, tzinfo=datetime.UTC)),
        call("when summer ends", "+3225551213", at=datetime.datetime(2026, 10, 25, 1, 30, tzinfo=datetime.UTC)),
    )
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{folder}/store.db", folder / "journal") as opened:
        opened.indexer().catch_up()
        yield opened


def found(store: Store, **other: object) -> list[str]:
    return [one.call for one in find(store, asked(**other), PLAN)]


@pytest.mark.parametrize("number", ["0470 12 34 56", "+32 (0)470 123 456", "0032470123456", "32470123456"])
def test_a_call_is_found_by_every_spelling_of_its_callers_number(store: Store, number: str) -> None:
    assert "there" in found(store, number=number)


def test_the_nearest_to_the_moment_comes_first(store: Store) -> None:
    names = found(store, called="093330000")
    assert names.index("there") < names.index("two minutes earlier")


def test_a_call_outside_the_error_of_the_clock_is_not_found(store: Store) -> None:
    assert "six minutes later" not in found(store)
    assert "six minutes later" in found(store, error_seconds=600)


def test_other_callers_are_not_found(store: Store) -> None:
    assert "another caller" not in found(store)


def test_the_called_number_narrows_it_down(store: Store) -> None:
    assert "another called" in found(store)
    assert "another called" not in found(store, called="09 333 00 00")


def test_by_the_called_number_alone_a_call_is_found_whose_caller_saw_fit_to_show_none(store: Store) -> None:
    assert found(store, number="", called="09 333 11 11") == ["another called"]


def test_a_short_number_is_found(store: Store) -> None:
    assert found(store, number="1207") == ["short"]


def test_a_number_that_was_badly_written_on_the_wire_is_found_as_it_was_shown(store: Store) -> None:
    assert "badly written" in found(store, number="0470 12 34 56")


def test_a_call_after_midnight_is_found_by_a_clock_that_was_slow(store: Store) -> None:
    # 00:02 of the 23rd in Brussels, by a telephone that showed 23:58.
    assert found(store, number="02 555 12 12", moment="2026-11-22T23:58") == ["in the night"]


def test_a_call_in_the_hour_that_comes_twice_is_found(store: Store) -> None:
    assert found(store, number="02 555 12 13", moment="2026-10-25T02:30") == ["when summer ends"]


def test_of_a_day_the_whole_day_is_looked_through(store: Store) -> None:
    assert {"there", "six minutes later"} <= set(found(store, moment="22/11/2026"))


def test_each_call_is_found_once(store: Store) -> None:
    names = found(store)
    assert len(names) == len(set(names))


def test_a_call_whose_numbers_were_forgotten_is_found_by_whoever_has_the_key(store: Store) -> None:
    store.forget(NOW, KEY)
    assert found(store, number="0470 99 99 99") == []
    by_key = find(store, asked(number="0470 99 99 99"), PLAN, lambda number: pseudonym(KEY, number))
    assert [one.call for one in by_key] == ["another caller"]


def test_without_any_number_there_is_nothing_to_look_for() -> None:
    with pytest.raises(CaseError, match="neither a caller's nor a called number"):
        wanted(asked(number=""), PLAN)


def test_both_numbers_are_looked_for_in_clear_or_both_by_their_pseudonyms() -> None:
    pairs = [(one.number, one.called) for one in wanted(asked(called="09 333 00 00"), PLAN, lambda n: f"#{n}")]
    assert {(str(n).startswith("#"), str(c).startswith("#")) for n, c in pairs} == {(False, False), (True, True)}


def test_too_many_to_choose_from_are_said_to_be_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b2bua.cases.finding.MOST", 2)
    with pytest.raises(CaseError, match="2 calls or more agree; tell both numbers"):
        found(store)
