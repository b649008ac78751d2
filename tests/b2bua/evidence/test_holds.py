import datetime
from pathlib import Path

from b2bua.call import Record
from b2bua.evidence import Desk
from b2bua.evidence.holds import Held, hold, release
from tests.b2bua.evidence.making import WHEN, salts


def folded(tmp_path: Path, *records: Record) -> Held:
    desk = Desk(tmp_path, salts)
    desk.write(records)
    return Held.fold(desk.lines())


def test_nothing_is_held_at_first() -> None:
    assert Held.fold([]).calls == frozenset()


def test_a_call_is_held_until_its_reason_is_released(tmp_path: Path) -> None:
    assert folded(tmp_path, hold(["a", "b"], "ann", "case 1", WHEN)).calls == {"a", "b"}
    assert folded(tmp_path, release("case 1", "ann", WHEN)).calls == frozenset()


def test_a_call_that_two_cases_hold_is_free_after_both(tmp_path: Path) -> None:
    both = (hold(["a"], "ann", "case 1", WHEN), hold(["a", "b"], "bob", "case 2", WHEN))
    assert folded(tmp_path, *both, release("case 1", "ann", WHEN)).calls == {"a", "b"}
    assert folded(tmp_path, release("case 2", "ann", WHEN)).calls == frozenset()


def test_a_reason_may_grow(tmp_path: Path) -> None:
    told = folded(tmp_path, hold(["a"], "ann", "case 1", WHEN), hold(["b"], "bob", "case 1", WHEN))
    assert told.reasons == {"case 1": {"a", "b"}}


def test_what_was_never_held_may_be_released(tmp_path: Path) -> None:
    assert folded(tmp_path, release("case 9", "ann", WHEN)).reasons == {}


def test_other_lines_of_the_desk_are_passed_over(tmp_path: Path) -> None:
    other = Record("look", "", WHEN + datetime.timedelta(1), {"action": "hold", "why": "x", "calls": 7})
    assert folded(tmp_path, other, hold(["a"], "ann", "case 1", WHEN)).calls == {"a"}
