"""The table of docs/pains.md is true: every pain stands once, every test it names exists, none is forgotten."""

import pytest

from tests.tables import ROOT, Row, rows, unknown, unnamed

TEXT = (ROOT / "docs" / "pains.md").read_text()
ROWS = rows(TEXT)


def test_each_pain_stands_once_and_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, 43))


def test_every_test_that_is_named_exists() -> None:
    assert unknown(ROWS) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_each_pain_has_a_test_or_the_reason_why_not(row: Row) -> None:
    pain, here = row.cells
    assert pain
    assert len(row.tests) == here.count("tests/")
    assert row.tests or len(here) > 40


def test_no_test_of_a_pain_is_missing() -> None:
    assert unnamed(ROWS, "tests/pains") == set()
