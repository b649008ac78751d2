"""Entries from files that people and programs make, and to them."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.errors import RegisterError
from b2bua.register import add_all, table
from b2bua.register.shape import entry_of, fields_of, kinds
from b2bua.register.table import listed, read_csv, read_file, read_json, typed, write_csv
from tests.b2bua.register.making import AGREEMENT, CONSENT, NOW, Office


def test_a_row_is_an_entry_and_an_empty_cell_is_no_key() -> None:
    text = "reference,since,until,forwarding,called\nC-1,2026-01-01,,+33612345678,+32470123456\n\nC-2,,,+331,+32\n"
    rows = read_csv("consent", text)
    assert rows.fields == (
        {"reference": "C-1", "since": "2026-01-01", "forwarding": "+33612345678", "called": "+32470123456"},
        {"reference": "C-2", "forwarding": "+331", "called": "+32"},
    )
    assert rows.places == ("line 2", "line 4")


def test_rows_that_agree_in_all_but_the_number_are_one_entry_wherever_they_stand() -> None:
    text = 'reference,numbers,holder\nA-1,+321,"X, Y"\nA-2,+322,Z\nA-1,+323,"X, Y"\n'
    rows = read_csv("agreement", text)
    assert rows.fields == (
        {"reference": "A-1", "numbers": ["+321", "+323"], "holder": "X, Y"},
        {"reference": "A-2", "numbers": ["+322"], "holder": "Z"},
    )
    assert rows.places == ("line 2", "line 3")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_spreadsheet_may_write_semicolons_a_mark_of_order_and_its_own_line_ends(tmp_path: Path, end: str) -> None:
    path = tmp_path / "list.CSV"
    path.write_bytes(b"\xef\xbb\xbf" + end.join(["reference;number", "B-1;+442079460000", ""]).encode())
    assert read_file("blocked_user", path).fields == ({"reference": "B-1", "number": "+442079460000"},)


def test_truth_is_written_as_people_write_it() -> None:
    for text, value in (("yes", True), ("TRUE", True), ("0", False), ("no", False), ("maybe", "maybe")):
        assert typed("attestation", "total_control", text) == value
    assert typed("agreement", "numbers", "+321, +322;+323 +324") == ["+321", "+322", "+323", "+324"]
    assert typed("consent", "called", "yes") == "yes"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the first line: no key of consent"),
        ("reference,colour\n", "'colour' in the first line: no key of consent"),
        ("reference,reference\n", "a key stands twice"),
        ("reference,called\nC-1\n", "line 2 has 1 cells, and the first line 2"),
        ("reference,called\nC-1," + "1" * 200_000 + "\n", "line 2: field larger than field limit"),
    ],
)
def test_what_is_no_table_of_that_kind_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(RegisterError) as raised:
        read_csv("consent", text)
    assert told in str(raised.value)


@pytest.mark.parametrize("text", ["{", "{}", "[1]", '"a"', "[" * 3_000])
def test_what_is_no_array_of_objects_is_told(text: str) -> None:
    with pytest.raises(RegisterError, match=r"is not JSON|is no array of objects"):
        read_json(text)


@pytest.mark.parametrize(
    ("data", "told"), [(None, "cannot be read"), (b"reference\n\xff", "byte 10 is not UTF-8"), (b"a\n", "no key of")]
)
def test_a_file_that_cannot_be_used_is_told_by_its_name(tmp_path: Path, data: bytes | None, told: str) -> None:
    path = tmp_path / "list.csv"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(RegisterError, match=told) as raised:
        read_file("consent", path)
    assert str(path) in str(raised.value)


def test_a_file_is_read_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "LARGEST", 1024 * 1024)
    (tmp_path / "list.csv").write_bytes(bytes(1024 * 1024 + 1))
    with pytest.raises(RegisterError, match="larger than 1 MiB"):
        read_file("consent", tmp_path / "list.csv")


def test_a_list_of_numbers_is_a_line_each_or_a_first_column(tmp_path: Path) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text('numbers,owner\n+321,"a"\n\n# a note\n"+322";b\n+323\n')
    assert listed(path) == ["+321", "+322", "+323"]


def test_a_hundred_thousand_numbers_go_out_and_come_in_again(tmp_path: Path) -> None:
    office = Office.at(tmp_path)
    numbers = [f"+322{number:07d}" for number in range(5_000_000, 5_100_000)]
    office.enter("agreement", numbers=numbers)
    item = office.entries()["agreement-1"]
    path = tmp_path / "agreement.csv"
    path.write_text("".join(write_csv("agreement", [item.said])))
    (said,) = read_file("agreement", path).fields
    assert said == item.said
    add_all(office.desk, office.config, "agreement", [said], by="bob", why="", now=NOW)
    assert office.entries()["agreement-2"].fields == item.fields


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=12).map(str.strip)


@given(st.lists(st.tuples(texts, texts, st.frozensets(st.from_regex(r"\A\+[0-9]{6,9}\Z"), min_size=1)), max_size=4))
def test_what_is_written_as_csv_is_read_as_it_was(entries: list[tuple[str, str, frozenset[str]]]) -> None:
    told: list[dict[str, Any]] = [
        {"reference": f"{index}{one}", "holder": f"x{other}", "numbers": sorted(numbers)}
        for index, (one, other, numbers) in enumerate(entries)
    ]
    assert list(read_csv("agreement", "".join(write_csv("agreement", told))).fields) == told


def test_what_is_written_as_json_is_read_as_it_was() -> None:
    told = [{**CONSENT, "since": "2026-01-01"}, {**AGREEMENT, "since": "2026-01-01"}]
    assert list(read_json(orjson.dumps(told).decode()).fields) == told


# Every kind.

SAMPLES: dict[str, dict[str, Any]] = {
    "dossier": {"prefix": "+32456", "holder": "H"},
    "mobile_range": {"prefix": "+3248699"},
    "consent": {"forwarding": "+33612345678", "called": "+32470123456"},
    "agreement": {key: AGREEMENT[key] for key in ("trunk", "service", "holder", "evidence", "numbers")},
    "attestation": {
        "trunk": "T",
        "operator": "O",
        "dedicated_circuits": True,
        "total_control": False,
        "evidence": "e",
    },
    "suspension": {"derogation": "article-4", "trunk": "special"},
    "decision": {"number": "+3225551212", "trunk": "abroad", "action": "pass", "until": "2026-12-31"},
    "blocked_user": {"account": "acme-7", "peer": "192.0.2.0/24", "trunk": "abroad"},
    "do_not_originate": {"number": "+3225551212"},
    "caller_list": {"trunk": "home", "numbers": ["+3225551212"]},
    "node": {"network": "2001:db8::/32", "country": "FR", "evidence": "e"},
    "shadow": {"trunk": "abroad", "owner": "o", "reason": "r", "until": "2026-04-02"},
}


def test_there_is_a_sample_of_each_kind() -> None:
    assert SAMPLES.keys() == kinds().keys()


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_entry_of_each_kind_says_the_same_to_people_and_to_the_rules(kind: str) -> None:
    fields = {"reference": "R", "since": "2026-01-01", **SAMPLES[kind]}
    entry = entry_of(kind, fields)
    assert type(entry) is kinds()[kind]
    assert fields_of(entry) == fields
    (row,) = read_csv(kind, "".join(write_csv(kind, [fields]))).fields
    assert entry_of(kind, row) == entry


@pytest.mark.parametrize("kind", [kind for kind in SAMPLES if kind != "attestation"])
def test_an_entry_of_each_kind_can_be_entered(tmp_path: Path, kind: str) -> None:
    office = Office.at(tmp_path)
    row = {"reference": "R", "since": "2026-04-01", **SAMPLES[kind]}
    add_all(office.desk, office.config, kind, [row], by="ada", why="", now=NOW)
    assert office.entries()[f"{kind}-1"].fields == row
