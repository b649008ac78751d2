import datetime
from pathlib import Path
from typing import Any

import pytest

from b2bua.call import Record
from b2bua.config import Retention
from b2bua.duties.retention import Done, Limits, Piece, begun, chooser, purged, rows
from b2bua.evidence import Desk
from b2bua.evidence.purging import Survey
from tests.b2bua.duties.making import NOW, ago, salts

TERMS = Retention(key_file="hashes.key", full_days=120, hashed_days=365)
LIMITS = Limits.at(NOW, TERMS)


def piece(days: float, segment: int = 1, chain: str = "") -> Piece:
    return Piece(chain, segment, ago(days), Path(f"journal-{segment:08d}.jsonl"))


def line(days: float, call: str = "a", **fields: Any) -> dict[str, Any]:
    return {"kind": "verdict", "call": call, "at": ago(days).isoformat(), "personal": {}, **fields}


def choose(told: dict[str, Any], *held: str) -> Any:
    return chooser(LIMITS, held, lambda _: {"numbers": ["#"]})(told)


def folded(tmp_path: Path, *records: Record) -> Done:
    desk = Desk(tmp_path, salts)
    desk.write(records)
    return Done.fold(desk.lines())


def test_the_periods_run_back_from_now() -> None:
    terms = Retention(key_file="k", full_days=120, hashed_days=365, case_days=400, entry_days=500)
    limits = Limits(whole=ago(120), hashed=ago(365), cases=ago(400), entries=ago(500))
    assert Limits.at(NOW, terms) == limits
    assert limits.of_the_desk == ago(365)


@pytest.mark.parametrize(
    ("days", "left"),
    [(0, None), (119.99, None), (120, None), (120.01, {"numbers": ["#"]}), (365, {"numbers": ["#"]}), (365.01, {})],
)
def test_a_line_is_whole_then_hashed_then_bare(days: float, left: object) -> None:
    assert choose(line(days)) == left


@pytest.mark.parametrize(("days", "left"), [(121, None), (364, None), (366, {})])
def test_a_line_that_is_hashed_stays_so_until_its_time(days: float, left: object) -> None:
    hashed = line(days, hashed={"numbers": ["#"]})
    del hashed["personal"]
    assert choose(hashed) == left


def test_hashes_beside_what_is_personal_do_not_save_it() -> None:
    assert choose(line(121, hashed={"numbers": ["#x"]})) == {"numbers": ["#"]}


@pytest.mark.parametrize("days", [121, 366, 4_000])
def test_a_call_that_is_held_keeps_all_it_has(days: float) -> None:
    assert choose(line(days), "a") is None
    assert choose(line(days), "b") is not None


def test_a_line_written_in_another_offset_is_as_old_as_it_is() -> None:
    at = LIMITS.whole.astimezone(datetime.timezone(datetime.timedelta(hours=14)))
    assert choose(line(0, at=at.isoformat())) is None
    assert choose(line(0, at=(at - datetime.timedelta(seconds=1)).isoformat())) is not None


def test_a_segment_is_due_once_its_first_line_is() -> None:
    assert Done().due([piece(119), piece(121, 2), piece(366, 3)], LIMITS) == [piece(121, 2), piece(366, 3)]


@pytest.mark.parametrize(
    ("found", "due"),
    [
        (Survey(taken=9, whole=0, hashed=9), [False, True]),
        (Survey(taken=9, whole=1, hashed=8), [True, True]),
        (Survey(taken=9, whole=0, hashed=0), [False, False]),
        (Survey(taken=0, whole=4, hashed=0), [True, True]),
    ],
)
def test_a_segment_that_has_nothing_more_to_lose_is_not_opened_again(
    tmp_path: Path, found: Survey, due: list[bool]
) -> None:
    done = folded(tmp_path, purged({piece(121): found}, LIMITS, "ann", NOW))
    assert [bool(done.due([piece(days)], LIMITS)) for days in (121, 366)] == due


def test_what_is_known_of_a_segment_is_what_was_found_last(tmp_path: Path) -> None:
    first, last = Survey(5, 2, 5), Survey(2, 0, 7)
    done = folded(
        tmp_path, purged({piece(121): first}, LIMITS, "ann", NOW), purged({piece(121): last}, LIMITS, "ann", NOW)
    )
    assert done.found == {("", 1): last}


def test_segments_of_one_number_in_two_chains_are_two(tmp_path: Path) -> None:
    over = Survey(1, 0, 0)
    done = folded(tmp_path, purged({piece(121, chain="worker-1"): over}, LIMITS, "ann", NOW))
    assert done.due([piece(121, chain="worker-1"), piece(121, chain="worker-2")], LIMITS) == [
        piece(121, chain="worker-2")
    ]


def test_that_a_purge_has_begun_says_nothing_of_its_end(tmp_path: Path) -> None:
    done = folded(tmp_path, begun([piece(121)], LIMITS, "ann", NOW), rows(5, 6, LIMITS, "ann", NOW))
    assert done.found == {}


def test_a_look_that_finds_what_was_known_is_no_news(tmp_path: Path) -> None:
    done = folded(tmp_path, purged({piece(121): Survey(3, 2, 1)}, LIMITS, "ann", NOW))
    assert not done.is_news(piece(121), Survey(0, 2, 1))
    assert done.is_news(piece(121), Survey(1, 2, 1))
    assert done.is_news(piece(121), Survey(0, 1, 1))
    assert done.is_news(piece(121, 2), Survey(0, 2, 1))


def test_the_desk_is_told_what_was_purged_and_no_number(tmp_path: Path) -> None:
    folded(tmp_path, purged({piece(121, 2): Survey(3, 0, 3), piece(121): Survey(4, 1, 2)}, LIMITS, "ann", NOW))
    (told,) = [each for each in Desk(tmp_path).lines() if each["kind"] == "retention"]
    assert (told["by"], told["action"], told["lines"]) == ("ann", "purged", 7)
    assert told["segments"] == [["", 1, 4, 1, 2], ["", 2, 3, 0, 3]]
    assert told["whole_before"] == "2026-07-26T12:00:00Z"
    assert "personal" not in told
