import datetime
from pathlib import Path

from b2bua.duties.access import looks_in
from b2bua.evidence import Desk
from b2bua.evidence.desk import look
from tests.b2bua.duties.making import NOW, VICTIM, salts


def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path, salts)
    look(made, "ann", "victim calls", {"number": VICTIM}, calls=3, why="letter 7", now=NOW)
    look(made, "bob", "case show", {}, calls=1, why="case 1", now=NOW + datetime.timedelta(hours=1))
    return made


def test_who_looked_at_what_and_why_is_told(tmp_path: Path) -> None:
    first, second = looks_in(desk(tmp_path).lines())
    assert (first.at, first.by, first.what, first.why, first.calls) == (NOW, "ann", "victim calls", "letter 7", 3)
    assert first.asked == {"number": VICTIM}
    assert (second.by, second.asked) == ("bob", None)


def test_some_people_or_a_time_may_be_asked_for(tmp_path: Path) -> None:
    lines = list(desk(tmp_path).lines())
    assert [one.by for one in looks_in(lines, who=["bob"])] == ["bob"]
    assert [one.by for one in looks_in(lines, since=NOW + datetime.timedelta(minutes=1))] == ["bob"]


def test_a_look_whose_question_has_been_forgotten_is_told_without_it(tmp_path: Path) -> None:
    bare = [{key: value for key, value in line.items() if key != "personal"} for line in desk(tmp_path).lines()]
    assert [one.asked for one in looks_in(bare)] == [None, None]


def test_a_number_that_was_asked_for_stands_only_where_it_can_be_forgotten(tmp_path: Path) -> None:
    for line in desk(tmp_path).lines():
        assert VICTIM not in str({**line, "personal": None})
