import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Nomadic
from b2bua.duties.meter import Decision, Decisions, Standing, Use
from b2bua.evidence import Desk
from tests.b2bua.duties.making import NOW, salts

TERMS = Nomadic(window_days=90, max_share=0.25, min_calls=20)
DAY = NOW.date()


def use(abroad: int, home: int, number: str = "+3222345678") -> Use:
    return Use(number=number, agreement="A-1", trunk="NOMAD", abroad=abroad, home=home)


def decision(*, is_occasional: bool, days: int = 10, **fields: Any) -> Decision:
    until = DAY + datetime.timedelta(days=days)
    made = Decision(number="+3222345678", is_occasional=is_occasional, by="ann", why="letter of 3 May", until=until)
    return attrs.evolve(made, **fields)


def folded(tmp_path: Path, *made: Decision) -> Decisions:
    desk = Desk(tmp_path, salts)
    desk.write([one.record(NOW) for one in made])
    return Decisions.fold(desk.lines())


@pytest.mark.law("¶15 nomadic", "K22")
@pytest.mark.parametrize(
    ("abroad", "home", "standing"),
    [
        (0, 0, Standing.OCCASIONAL),
        (0, 500, Standing.OCCASIONAL),
        (25, 75, Standing.OCCASIONAL),
        (26, 75, Standing.EXCESSIVE),
        (20, 0, Standing.EXCESSIVE),
        (19, 0, Standing.FEW),
        (1_000, 2_999, Standing.EXCESSIVE),
        (1_000, 3_000, Standing.OCCASIONAL),
    ],
)
def test_use_from_abroad_is_measured_against_use_from_home(abroad: int, home: int, standing: Standing) -> None:
    assert use(abroad, home).measured(TERMS) is standing


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_more_calls_from_home_never_make_it_worse(abroad: int, home: int, more: int) -> None:
    before, after = use(abroad, home), use(abroad, home + more)
    assert 0 <= after.share <= before.share <= 1
    if before.measured(TERMS) is Standing.OCCASIONAL:
        assert after.measured(TERMS) is Standing.OCCASIONAL


def test_a_person_may_find_it_occasional_all_the_same_until_a_day(tmp_path: Path) -> None:
    decisions = folded(tmp_path, decision(is_occasional=True))
    assert decisions.standing(use(50, 0), TERMS, DAY) is Standing.ACCEPTED
    assert decisions.standing(use(50, 0), TERMS, DAY + datetime.timedelta(days=10)) is Standing.ACCEPTED
    assert decisions.standing(use(50, 0), TERMS, DAY + datetime.timedelta(days=11)) is Standing.EXCESSIVE


def test_a_person_may_find_it_not_occasional_whatever_the_figures(tmp_path: Path) -> None:
    decisions = folded(tmp_path, decision(is_occasional=False))
    assert decisions.standing(use(1, 99), TERMS, DAY) is Standing.REJECTED


def test_the_last_decision_counts_and_only_for_its_number(tmp_path: Path) -> None:
    decisions = folded(tmp_path, decision(is_occasional=False), decision(is_occasional=True))
    assert decisions.standing(use(50, 0), TERMS, DAY) is Standing.ACCEPTED
    assert decisions.standing(use(50, 0, "+3229999999"), TERMS, DAY) is Standing.EXCESSIVE


def test_a_decision_is_kept_with_who_made_it_and_why(tmp_path: Path) -> None:
    made = decision(is_occasional=True)
    assert folded(tmp_path, made).last == {made.number: made}
    (line,) = [each for each in Desk(tmp_path).lines() if each["kind"] == "nomadic"]
    assert (line["by"], line["why"], line["occasional"]) == ("ann", "letter of 3 May", True)
    assert "+3222345678" not in str({**line, "personal": None})


def test_a_decision_whose_number_has_been_forgotten_decides_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, salts)
    desk.write([decision(is_occasional=False).record(NOW)])
    bare = [{key: value for key, value in line.items() if key != "personal"} for line in desk.lines()]
    assert Decisions.fold(bare).last == {}
