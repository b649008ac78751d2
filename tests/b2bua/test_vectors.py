"""The vectors of the decree: each is a case of its own, and together they leave no cell of the decision table out."""

import datetime
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from b2bua.config import load
from b2bua.explain import Explanation, explain, message_of

ROOT = Path(__file__).parents[2]
FILE = ROOT / "examples/vectors/decree.json"
CONFIG = load(ROOT / "examples/vectors/b2bua.toml")
NOW = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
VECTORS: list[dict[str, Any]] = orjson.loads(FILE.read_bytes())["vectors"]
BY_ID = {vector["id"]: vector for vector in VECTORS}

LETTERS = {"pass": "P", "strip": "S", "withhold": "W", "block": "B"}
POSITIONS = ("presentation", "display", "network", "redirect")
CLASSES = {
    "INT-1": "INT",
    "NTR-X": "INT",  # its attestation has lapsed (¶32)
    "UNK": "INT",  # bound to no class (art. 2)
    "NTR-1": "NTR",
    "DER-CS": "DER",
    "DER-NOM": "DER",
    "DER-CONF": "DER",
    "DER-SUSP": "DER",
    "NAT-1": "NAT",
}


@cache
def explained(vector_id: str, trunk: str = "") -> Explanation:
    """What becomes of a vector's call, on its own trunk or another."""
    vector = BY_ID[vector_id]
    return explain(CONFIG, trunk or vector["trunk"], message_of(vector), NOW)


@pytest.mark.law("¶6", "¶8", "¶8 1°", "¶8 2°", "¶8 3°", "¶8 4°", "¶9", "¶11", "¶16", "¶17", "¶24", "¶25", "¶31", "¶32")
@pytest.mark.law("¶14.1", "¶14.1 i", "¶14.1 ii", "¶14.2", "¶15", "¶15 list")
@pytest.mark.law("L3", "L6", "L7", "L8", "L11", "L17")
@pytest.mark.parametrize("vector_id", BY_ID)
def test_the_call_becomes_what_the_law_makes_of_it_and_for_its_reason(vector_id: str) -> None:
    vector, explanation = BY_ID[vector_id], explained(vector_id)
    reasons = "; ".join(str(finding["why"]) for finding in explanation.findings)
    assert explanation.verdict == vector["verdict"], f"{vector['basis']} -- {reasons}"
    cited = articles(vector["basis"])
    if cited and vector["verdict"] in ("block", "withhold"):
        assert cited & articles(explanation.basis), f"{explanation.basis} -- {reasons}"


@pytest.mark.law("¶25", "¶28")
def test_a_call_is_refused_where_its_verdict_says_so_and_nowhere_else() -> None:
    refused = {vector_id for vector_id in BY_ID if explained(vector_id).status is not None}
    assert refused == {vector_id for vector_id, vector in BY_ID.items() if vector["verdict"] == "block"}


def articles(basis: str) -> set[str]:
    """The points of article 1, and the paragraphs of others, that a basis cites before it says why."""
    return set(re.findall(r"\d°|§\d", basis.partition(":")[0]))


# The file.


def test_no_two_vectors_are_one() -> None:
    assert len(BY_ID) == len(VECTORS)
    asked = [(v["trunk"], v["request_uri"], tuple(v["headers"]), v.get("body", "")) for v in VECTORS]
    assert len(set(asked)) == len(asked)


def test_each_vector_has_the_fields_of_a_vector_and_no_other() -> None:
    needed = {"id", "trunk", "request_uri", "headers", "verdict", "basis"}
    for vector in VECTORS:
        assert needed <= vector.keys() <= needed | {"body", "note"}
        assert vector["trunk"] in CLASSES
        assert vector["verdict"] in LETTERS


def test_each_vector_rests_on_a_paragraph_of_the_communication() -> None:
    for vector in VECTORS:
        paragraphs = [int(number) for number in re.findall(r"¶(\d+)", vector["basis"])]
        assert paragraphs, vector["id"]
        assert all(1 <= number <= 41 for number in paragraphs), vector["id"]


# What the file covers.

#: Which outcomes the vectors of a class show in each cell of the decision table: P pass, S strip, W withhold, B block.
#: Geographic passes by article 3 or a decision, mobile by its check, and by article 3 alone where it redirects on a
#: special interface; foreign blocks as a blocked user's number only.
TABLE = {
    "INT": {
        #                   presentation  display  network  redirect
        "geographic":      ("BP",         "BPS",   "BP",    "BP"),
        "non-geographic":  ("B",          "B",     "B",     "B"),
        "machine":         ("B",          "B",     "B",     "B"),
        "unallocated":     ("B",          "B",     "B",     "B"),
        "mobile":          ("BPW",        "S",     "BPW",   "PS"),
        "unopened mobile": ("B",          "B",     "B",     "B"),
        "short":           ("B",          "B",     "B",     "B"),
        "bad form":        ("B",          "S",     "B",     "BS"),
        "foreign":         ("BP",         "PS",    "BP",    "P"),
        "global service":  ("P",          "PS",    "P",     "P"),
        "none":            ("P",          "PS",    "P",     "P"),
    },
    "DER": {
        "geographic":      ("BP",         "BP",    "BP",    "BP"),
        "non-geographic":  ("B",          "B",     "B",     "B"),
        "machine":         ("B",          "B",     "B",     "B"),
        "unallocated":     ("B",          "B",     "B",     "B"),
        "mobile":          ("BPW",        "S",     "BPW",   "S"),
        "unopened mobile": ("B",          "B",     "B",     "B"),
        "short":           ("B",          "B",     "B",     "B"),
        "bad form":        ("B",          "S",     "B",     "B"),
        "foreign":         ("BP",         "PS",    "BP",    "P"),
        "global service":  ("P",          "PS",    "P",     "P"),
        "none":            ("P",          "PS",    "P",     "P"),
    },
}  # fmt: skip


@cache
def cells() -> Mapping[tuple[str, str, str], str]:
    """The outcomes that were found, by class, range and position."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for vector in VECTORS:
        for finding in explained(vector["id"]).findings:
            if tells(finding, vector["request_uri"]):
                key = (CLASSES[vector["trunk"]], finding["range"], finding["position"])
                found.setdefault(key, set()).add(LETTERS[finding["outcome"]])
    return {key: "".join(sorted(letters)) for key, letters in found.items()}


def tells(finding: Mapping[str, Any], request_uri: str) -> bool:
    """Whether a finding fills a cell: not one on the called number, on mere parameters, or given up before the end."""
    if "not asked about" in finding["why"] or finding["raw"].startswith(";"):
        return False
    return finding["position"] != "redirect" or finding["number"] is None or finding["number"] not in request_uri


@pytest.mark.law("¶8", "¶9")
@pytest.mark.parametrize(
    ("trunk_class", "span", "position", "letters"),
    [
        (trunk_class, span, position, letters)
        for trunk_class, rows in TABLE.items()
        for span, row in rows.items()
        for position, letters in zip(POSITIONS, row, strict=True)
    ],
)
def test_each_cell_of_the_table_is_shown_with_each_of_its_outcomes_and_no_other(
    trunk_class: str, span: str, position: str, letters: str
) -> None:
    assert cells().get((trunk_class, span, position), "") == letters


@pytest.mark.law("¶24", "¶31")
@pytest.mark.parametrize("trunk", ["NAT-1", "NTR-1"])
def test_what_an_international_trunk_would_stop_passes_on_a_national_one_in_each_class_of_number(trunk: str) -> None:
    stopped = [
        finding
        for vector in VECTORS
        if vector["trunk"] == trunk and vector["verdict"] == "pass"
        for finding in explained(vector["id"], "INT-1").findings
        if finding["outcome"] != "pass"
    ]
    untouched = {"geographic", "non-geographic", "machine", "unallocated", "mobile", "short", "none"}
    assert untouched <= {finding["range"] for finding in stopped}
    assert {finding["position"] for finding in stopped} >= set(POSITIONS)


ZONES = [
    "02", "03", "04", "09", "010", "011", "012", "013", "014", "015", "016", "019", "050", "051", "052", "053",
    "054", "055", "056", "057", "058", "059", "060", "061", "063", "064", "065", "067", "068", "069", "071",
    "080", "081", "082", "083", "084", "085", "086", "087", "089",
]  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_each_of_the_forty_zones_has_its_vector(zone: str) -> None:
    (vector,) = [v for v in VECTORS if v["id"].startswith(f"zone-{zone}-")]
    (blocked,) = [f for f in explained(vector["id"]).findings if f["outcome"] == "block"]
    assert blocked["range"] == "geographic"
    assert blocked["number"].startswith("+32" + zone.removeprefix("0"))


CARRIERS = [
    "from", "f", "p-asserted-identity", "p-preferred-identity", "remote-party-id", "diversion", "history-info",
    "identity", "y", "referred-by", "b", "reply-to", "call-info", "subject", "privacy", "p-called-party-id",
]  # fmt: skip


def test_each_header_that_may_carry_a_number_has_its_vector() -> None:
    seen = {header.partition(":")[0].strip().lower() for vector in VECTORS for header in vector["headers"]}
    assert set(CARRIERS) <= seen


@pytest.mark.parametrize(
    "breach",
    [
        "neither + nor 00",
        "keeps the national trunk zero",
        "wrong length",
        "more than 15 digits",
        "no country has its country code",
        "too few digits",
        "characters other than",
        "non-ASCII digits",
        "phone-context",
        "more than one number or more than one +",
        "one of its parameters",
    ],
)
def test_each_way_to_miss_the_form_of_e157_has_its_vector(breach: str) -> None:
    refused = [v for v in VECTORS if v["verdict"] == "block" and v["id"].startswith("form-")]
    assert any(breach in finding["why"] for v in refused for finding in explained(v["id"]).findings)


def test_each_answer_of_a_holder_has_its_vector() -> None:
    table = CONFIG.roaming
    assert table is not None
    shown = {f["number"] for v in VECTORS for f in explained(v["id"]).findings if f["position"] == "presentation"}
    assert set(table.table) <= shown
    for prefix in table.not_offered:
        assert any(number is not None and number.startswith(prefix) for number in shown)


@pytest.mark.parametrize("silence", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 17])
def test_each_silence_of_the_law_that_a_verdict_can_show_has_its_vector(silence: int) -> None:
    assert any(re.search(rf"\bL{silence}\b", vector.get("note", "")) for vector in VECTORS)


@pytest.mark.parametrize("trunk", CLASSES)
def test_each_trunk_has_vectors_that_pass_and_vectors_that_do_not(trunk: str) -> None:
    verdicts = {vector["verdict"] for vector in VECTORS if vector["trunk"] == trunk}
    assert {"pass", "block"} <= verdicts


@pytest.mark.law("¶11")
def test_the_vectors_fail_when_their_trunks_change_places() -> None:
    everywhere = ("blocked-", "dno-", "unreadable-from-")
    refused = [v["id"] for v in VECTORS if CLASSES[v["trunk"]] == "INT" and v["verdict"] != "pass"]
    moved = [vector_id for vector_id in refused if not vector_id.startswith(everywhere)]
    assert {explained(vector_id, "NAT-1").verdict for vector_id in moved} == {"pass"}
