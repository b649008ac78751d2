"""What the regulator is told: signed, complete, and checkable."""

import hashlib
from pathlib import Path

import attrs
import orjson
import pytest

from b2bua.cases import event
from b2bua.cases.answer import Answer, answer_of
from b2bua.cases.block import Block
from b2bua.cases.case import Case
from b2bua.cases.finding import Search
from b2bua.cases.origin import origin_of
from b2bua.config import Cases
from b2bua.evidence.signing import PublicKey, SigningKey, fault_of, load_key, make_key
from b2bua.register import State
from tests.b2bua.cases.making import NOW, PLAN, after, asked, call, case_of, identified, sealed

pytestmark = pytest.mark.law("¶16 identity", "K19")

WHO = Cases(operator="Voorbeeld NV", contact="regulatory@example.be")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    path: Path = tmp_path_factory.mktemp("key") / "journal.key"
    make_key(path)
    return load_key(path)


def answer(key: SigningKey, case: Case | None = None, at: float = 2) -> Answer:
    case = case or case_of(identified(1, name="N", address="A", data="D"), event.found(["c1"], 1, "anna", NOW))
    origins = [origin_of("c1", sealed(*call("c1")), ())]
    return answer_of(case, origins, WHO, key, after(at))


def test_its_signature_holds_for_whoever_has_the_public_key(key: SigningKey) -> None:
    assert fault_of(orjson.loads(answer(key).data), [key.public]) == ""


@pytest.mark.parametrize("path", [("user", "name"), ("request", "reference"), ("case",), ("calls", 0, "peer")])
def test_nothing_of_it_can_be_changed_unseen(key: SigningKey, path: tuple[str | int, ...]) -> None:
    document = orjson.loads(answer(key).data)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = "somebody else"
    assert fault_of(document, [key.public])


def test_another_key_is_not_ours(key: SigningKey, tmp_path: Path) -> None:
    make_key(tmp_path / "other.key")
    other: PublicKey = load_key(tmp_path / "other.key").public
    assert "another key" in fault_of(orjson.loads(answer(key).data), [other])


def test_it_tells_the_request_the_user_and_the_call(key: SigningKey) -> None:
    document = answer(key).document
    assert document["request"]["reference"] == "BIPT/42"
    assert document["user"] == {"name": "N", "address": "A", "data": "D"}
    assert document["calls"][0]["call_id"] == "c1@carrier"
    assert document["operator"]["name"] == "Voorbeeld NV"
    assert (document["missing"], document["late_seconds"]) == ([], 0)


def test_it_holds_the_sealed_lines_of_the_call(key: SigningKey) -> None:
    lines = answer(key).document["calls"][0]["lines"]
    assert [line["kind"] for line in lines] == ["verdict", "answer", "end"]
    assert lines[1]["previous"] == lines[0]["hash"]


def test_it_tells_by_how_much_it_is_late(key: SigningKey) -> None:
    assert answer(key, at=26).document["late_seconds"] == 2 * 3_600


def test_it_tells_what_is_missing_and_when_the_block_is_due(key: SigningKey) -> None:
    found = event.found(["c1"], 1, "anna", NOW)
    document = answer(key, case_of(found, identified(1, "data", name="N", address="A"))).document
    assert document["missing"] == ["data"]
    assert document["block_due"] == after(25).isoformat().replace("+00:00", "Z")


def test_it_tells_what_blocks_the_user(key: SigningKey) -> None:
    entry = Block(entry="blocked_user-1", user={}, acts=(), since=NOW, state=State.IN_FORCE)
    told = answer(key, attrs.evolve(case_of(), blocks=(entry,))).document["blocks"]
    assert [(one["entry"], one["in_force"]) for one in told] == [("blocked_user-1", True)]


def test_of_no_call_it_names_no_user_and_says_what_was_looked_for(key: SigningKey) -> None:
    search = Search.of(asked(called="09 333 00 00"), PLAN, 0)
    case = case_of(identified(1, "data", name="N", address="A"))
    document = orjson.loads(answer_of(case, [], WHO, key, after(2), search=search).data)
    assert (document["user"], document["missing"], document["calls"]) == ({}, [], [])
    assert document["search"] == {
        "number": ["+32470123456", "0470123456"],
        "called": ["+3293330000", "093330000"],
        "spans": [{"since": "2026-11-22T12:58:00Z", "until": "2026-11-22T13:09:00Z"}],
        "matches": 0,
    }


def test_its_digest_is_that_of_its_file(key: SigningKey) -> None:
    made = answer(key)
    assert made.digest == hashlib.sha256(made.data).hexdigest()
