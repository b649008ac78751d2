"""A store that is not what the journal says is found out, row by row."""

from pathlib import Path

import pytest

from b2bua.store import Store
from tests.b2bua.store.making import GEOGRAPHIC, differing, indexed, minutes, whole, written

TAMPERED = {
    "a call is gone": ("DELETE FROM calls WHERE call = 'c1'", "calls c1: is missing"),
    "a call is made up": (
        "UPDATE calls SET call = 'c9' WHERE call = 'c2'",
        "calls c9: is nowhere in the journal",
    ),
    "a verdict is another": ("UPDATE calls SET verdict = 'block' WHERE call = 'c1'", "calls c1: verdict differ"),
    "an end is missing": (
        "UPDATE calls SET cause = NULL, ended_at = NULL WHERE call = 'c1'",
        "calls c1: cause, ended_at differ",
    ),
    "a number is another": ("UPDATE numbers SET number = '+32' WHERE call = 'c1'", "numbers  1 5 0: number differ"),
    "a line is missing": ("DELETE FROM lines WHERE kind = 'end' AND call = 'c1'", "lines  1 7: is missing"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_differs_is_named_and_no_number_with_it(store: Store, journal: Path, tmp_path: Path, what: str) -> None:
    written(journal, *(whole(f"c{number}", GEOGRAPHIC, minutes(number)) for number in range(3)))
    indexed(store)
    statement, told = TAMPERED[what]
    with store.database.writing() as connection:
        connection.exec_driver_sql(statement)
    found = differing(store, tmp_path / "anew")
    assert told in found
    assert GEOGRAPHIC not in " ".join(found)


def test_lines_that_have_come_meanwhile_are_no_difference(store: Store, journal: Path, tmp_path: Path) -> None:
    written(journal, whole("c1"))
    indexed(store)
    written(journal, whole("c2"))
    written(journal / "worker-0", whole("c3"))
    assert differing(store, tmp_path / "anew") == []
