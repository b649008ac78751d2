from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.evidence import GENESIS, Broken, seal, segments_of, verify
from b2bua.evidence.chain import salt_size
from tests.b2bua.evidence.making import WHEN, salts

Tamper = Callable[[list[bytes]], None]
PERSONAL = {"called": "+3293330000", "identity": ["From: <sip:a@x>"], "roaming": {}}


def chain(count: int, personal: dict[str, object] | None = None) -> list[bytes]:
    held = PERSONAL if personal is None else personal
    lines, previous = [], GENESIS
    for number in range(count):
        facts = {"kind": "verdict", "call": f"c{number}", "at": WHEN, "number": number}
        line, previous = seal(facts, held, previous, salts(salt_size(held)))
        lines.append(line)
    return lines


def broken(folder: Path, *segments: list[bytes]) -> Broken | None:
    paths = []
    for number, lines in enumerate(segments, start=1):
        paths.append(folder / f"journal-{number:08d}.jsonl")
        paths[-1].write_bytes(b"".join(lines))
    return verify(paths)


def edited(line: bytes, **changes: object) -> bytes:
    return orjson.dumps({**orjson.loads(line), **changes}, option=orjson.OPT_SORT_KEYS) + b"\n"


def test_a_chain_that_nobody_touched_holds(tmp_path: Path) -> None:
    lines = chain(9)
    assert broken(tmp_path, lines) is None
    assert broken(tmp_path, lines[:4], lines[4:]) is None
    assert broken(tmp_path, lines[:4], [], lines[4:]) is None


def test_a_line_is_one_json_object_that_names_the_line_before(tmp_path: Path) -> None:
    first, second = (orjson.loads(line) for line in chain(2))
    assert first["previous"] == GENESIS
    assert second["previous"] == first["hash"]
    assert first["personal"]["called"]["value"] == "+3293330000"
    assert set(first["digests"]) == set(PERSONAL)


def swap(lines: list[bytes]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


def change_fact(lines: list[bytes]) -> None:
    lines[3] = edited(lines[3], number=99)


def add_fact(lines: list[bytes]) -> None:
    lines[3] = edited(lines[3], extra=1)


def drop_fact(lines: list[bytes]) -> None:
    record = orjson.loads(lines[3])
    del record["number"]
    lines[3] = orjson.dumps(record) + b"\n"


def change_personal(lines: list[bytes]) -> None:
    record = orjson.loads(lines[3])
    record["personal"]["called"]["value"] = "+3293330001"
    lines[3] = orjson.dumps(record) + b"\n"


def change_salt(lines: list[bytes]) -> None:
    record = orjson.loads(lines[3])
    record["personal"]["called"]["salt"] = "00" * 16
    lines[3] = orjson.dumps(record) + b"\n"


def add_personal(lines: list[bytes]) -> None:
    record = orjson.loads(lines[3])
    record["personal"]["more"] = {"salt": "00", "value": 1}
    lines[3] = orjson.dumps(record) + b"\n"


def change_digest(lines: list[bytes]) -> None:
    lines[3] = edited(lines[3], digests={"called": "0" * 64})


def change_hash(lines: list[bytes]) -> None:
    lines[3] = edited(lines[3], hash="0" * 64)


def say_it_twice(lines: list[bytes]) -> None:
    lines[3] = lines[3].replace(b'"number":3', b'"number":4,"number":3')


def forge(lines: list[bytes]) -> None:
    record = orjson.loads(lines[3])
    facts = {key: record[key] for key in ("kind", "call", "at")} | {"number": 99}
    lines[3], _ = seal(facts, {}, record["previous"], b"")


def make_garbage(lines: list[bytes]) -> None:
    lines[3] = b"garbage\n"


def make_list(lines: list[bytes]) -> None:
    lines[3] = b"[]\n"


def make_deep(lines: list[bytes]) -> None:
    lines[3] = b"[" * 100_000 + b"\n"


def make_blank(lines: list[bytes]) -> None:
    lines[3] = b"\n"


def wipe(lines: list[bytes]) -> None:
    lines[3] = b"\0" * (len(lines[3]) - 1) + b"\n"


def tear(lines: list[bytes]) -> None:
    lines[3:] = [lines[3][:40]]


def take_out(lines: list[bytes]) -> None:
    del lines[3]


def put_in(lines: list[bytes]) -> None:
    lines.insert(3, lines[1])


def double(lines: list[bytes]) -> None:
    lines.insert(4, lines[3])


@pytest.mark.law("¶33", "K18")
@pytest.mark.parametrize(
    ("tamper", "line", "problem"),
    [
        (take_out, 4, "does not name"),
        (put_in, 4, "does not name"),
        (double, 5, "does not name"),
        (swap, 4, "does not name"),
        (change_fact, 4, "was changed"),
        (add_fact, 4, "was changed"),
        (drop_fact, 4, "was changed"),
        (change_digest, 4, "was changed"),
        (change_hash, 4, "was changed"),
        (change_personal, 4, "its personal field 'called' was changed"),
        (change_salt, 4, "its personal field 'called' was changed"),
        (add_personal, 4, "is not a journal line"),
        (say_it_twice, 4, "is not a journal line"),
        (forge, 5, "does not name"),  # a line that is forged whole is as good as any; the next one knows better
        (make_garbage, 4, "is not a journal line"),
        (make_list, 4, "is not a journal line"),
        (make_deep, 4, "is not a journal line"),
        (make_blank, 4, "is not a journal line"),
        (wipe, 4, "is not a journal line"),
        (tear, 4, "is not a journal line"),
    ],
)
@pytest.mark.parametrize("first", [0, 2])
def test_tampering_is_found_with_its_line(tmp_path: Path, tamper: Tamper, line: int, problem: str, first: int) -> None:
    lines = chain(9)
    tamper(lines)
    found = broken(tmp_path, lines[:first], lines[first:])
    assert found is not None
    assert (found.file.name, found.line) == ("journal-00000002.jsonl", line - first)
    assert problem in found.problem
    assert str(found).startswith(f"{tmp_path}/journal-00000002.jsonl:{line - first}: ")


def test_a_segment_that_is_taken_away_is_found(tmp_path: Path) -> None:
    lines = chain(9)
    assert broken(tmp_path, lines[3:]) == Broken(
        tmp_path / "journal-00000001.jsonl", 1, "does not name the line before it"
    )
    assert broken(tmp_path, lines[:3], lines[6:]) is not None


@pytest.mark.law("L16", "K31")
def test_personal_fields_can_be_taken_away_all_or_some(tmp_path: Path) -> None:
    lines = chain(5)
    for number, gone in enumerate((["called"], ["called", "identity"], list(PERSONAL))):
        record = orjson.loads(lines[number])
        for name in gone:
            del record["personal"][name]
        lines[number] = orjson.dumps(record) + b"\n"
    record = orjson.loads(lines[3])
    del record["personal"]
    lines[3] = orjson.dumps(record) + b"\n"
    assert broken(tmp_path, lines) is None


def test_equal_values_have_unlike_digests() -> None:
    first, second = (orjson.loads(line)["digests"]["called"] for line in chain(2))
    assert first != second


def test_a_line_without_personal_fields_has_none() -> None:
    assert "personal" not in orjson.loads(chain(1, {})[0])


def test_zeros_allocated_ahead_are_no_lines(tmp_path: Path) -> None:
    assert broken(tmp_path, [*chain(3), b"\0" * 4096]) is None
    assert broken(tmp_path, [*chain(3), b"\0" * 100, b"after"]) is not None


def test_segments_are_found_in_their_order_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("journal-00000010.jsonl", "journal-00000002.jsonl", "journal-00000001.torn", "journal-old.jsonl", "x"):
        (tmp_path / name).touch()
    assert [path.name for path in segments_of(tmp_path)] == ["journal-00000002.jsonl", "journal-00000010.jsonl"]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.law("K18")
@given(personal=st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=4), note=VALUES)
def test_whatever_was_sealed_verifies(
    tmp_path_factory: pytest.TempPathFactory, personal: dict[str, object], note: object
) -> None:
    line, _ = seal({"kind": "x", "note": note}, personal, GENESIS, salts(salt_size(personal)))
    assert line.count(b"\n") == 1
    path = tmp_path_factory.getbasetemp() / "one.jsonl"
    path.write_bytes(line)
    assert verify([path]) is None
