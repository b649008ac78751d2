import errno
import fcntl
import gzip
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call import Record
from b2bua.errors import JournalError
from b2bua.evidence import Broken, lines, purging, seal, segments_of, verify
from b2bua.evidence.packing import pack
from b2bua.evidence.purging import Left, Rewriting, Survey, clear, rewriting, survey, tending
from tests.b2bua.evidence.making import WHEN, opened, salts


def all_of(_: Mapping[str, Any]) -> Left | None:
    return {}


def none_of(_: Mapping[str, Any]) -> Left | None:
    return None


def hashed(_: Mapping[str, Any]) -> Left | None:
    return {"numbers": [["#1", "called", "", "", ""]]}


def only(*calls: str, left: Left | None = None) -> Callable[[Mapping[str, Any]], Left | None]:
    return lambda line: (left or {}) if line["call"] in calls else None


@pytest.fixture(params=["plain", "packed"])
def segment(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Closed, with three calls that have personal fields and three lines that have none."""
    journal = opened(tmp_path)
    for call in ("a", "b", "c"):
        personal = {"called": f"sip:+32{call}", "identity": ["From: \\udc80 é"]}
        journal.append([Record("verdict", call, WHEN, {"verdict": "pass"}, personal)])
        journal.append([Record("end", call, WHEN, {"seconds": 1.5, "status": 200})])
    journal.close()
    opened(tmp_path).close()
    path = segments_of(tmp_path)[0]
    return pack(path) if request.param == "packed" else path


def purge(path: Path, choice: Callable[[Mapping[str, Any]], Left | None]) -> Survey:
    with rewriting(path, choice) as made:
        assert isinstance(made, Rewriting)
        made.replace()
        return made.survey


def read(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in lines(path)]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_chosen_loses_what_is_personal_and_nothing_else(segment: Path) -> None:
    before = read(segment)
    assert purge(segment, only("b")) == Survey(taken=1, whole=2, hashed=0)
    after = read(segment)
    for old, new in zip(before, after, strict=True):
        if old["call"] == "b":
            old.pop("personal", None)
        assert new == old


def test_pseudonyms_may_stand_in_its_place(segment: Path) -> None:
    assert purge(segment, hashed) == Survey(taken=3, whole=0, hashed=3)
    assert [line["hashed"] for line in read(segment) if line["kind"] == "verdict"] == [hashed({})] * 3


def test_pseudonyms_go_in_their_turn(segment: Path) -> None:
    purge(segment, hashed)
    assert purge(segment, all_of) == Survey(taken=3, whole=0, hashed=0)
    assert not [line for line in read(segment) if {"hashed", "personal"} & line.keys()]


@pytest.mark.parametrize("choice", [all_of, hashed, only("a", "c")])
def test_the_chain_holds_as_before_with_the_same_hashes(
    segment: Path, choice: Callable[[Mapping[str, Any]], Left | None]
) -> None:
    hashes = [line["hash"] for line in read(segment)]
    purge(segment, choice)
    assert [line["hash"] for line in read(segment)] == hashes
    assert verify(segments_of(segment.parent)) is None


def test_a_segment_keeps_its_form(segment: Path) -> None:
    purge(segment, all_of)
    assert segments_of(segment.parent)[0] == segment
    assert files(segment.parent) == [segment.name, "journal-00000002.jsonl"]


def test_a_segment_keeps_who_may_read_it(segment: Path) -> None:
    segment.chmod(0o604)
    purge(segment, all_of)
    assert segment.stat().st_mode & 0o777 == 0o604


def test_what_loses_nothing_is_not_touched(segment: Path) -> None:
    before = segment.stat()
    with rewriting(segment, none_of) as made:
        assert isinstance(made, Rewriting)
        assert made.survey == Survey(taken=0, whole=3, hashed=0)
    assert segment.stat() == before


def test_until_it_is_put_in_its_place_the_old_form_stands(segment: Path) -> None:
    before = segment.read_bytes()
    with rewriting(segment, all_of):
        assert segment.read_bytes() == before
        assert len(segments_of(segment.parent)) == 2, "the new form is no segment yet"
    assert segment.read_bytes() == before
    assert files(segment.parent) == [segment.name, "journal-00000002.jsonl"]


def test_a_survey_says_what_would_be_done_and_does_nothing(segment: Path) -> None:
    before = segment.read_bytes()
    assert survey(segment, only("a", left={"numbers": []})) == Survey(taken=1, whole=2, hashed=1)
    assert segment.read_bytes() == before


@pytest.mark.parametrize("change", [(b'"seconds":1.5', b'"seconds":2.5'), (b"sip:+32a", b"sip:+32x")])
def test_what_somebody_has_changed_is_left_as_it_is(segment: Path, change: tuple[bytes, bytes]) -> None:
    data = b"".join(line + b"\n" for line in lines(segment)).replace(*change, 1)
    segment.write_bytes(gzip.compress(data) if segment.suffix == ".gz" else data)
    before = segment.read_bytes()
    with rewriting(segment, all_of) as made:
        assert isinstance(made, Broken)
    assert isinstance(survey(segment, all_of), Broken)
    assert segment.read_bytes() == before


@pytest.mark.parametrize("name", ["fsync", "fchmod"])
def test_a_full_disk_leaves_it_as_it_is(segment: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = segment.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, name, full)
    with pytest.raises(OSError, match="No space"), rewriting(segment, all_of):
        pass
    assert segment.read_bytes() == before
    assert files(segment.parent) == [segment.name, "journal-00000002.jsonl"]


def test_a_new_form_that_would_not_hold_never_takes_its_place(segment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = segment.read_bytes(), purging._chosen
    for wrong in (lambda line, choice: real(line, choice).replace(b"pass", b"stop"), lambda *_: b"{}"):
        monkeypatch.setattr(purging, "_chosen", wrong)
        with pytest.raises(JournalError, match="left as it was"), rewriting(segment, all_of):
            pass
        assert segment.read_bytes() == before
        assert files(segment.parent) == [segment.name, "journal-00000002.jsonl"]


class Killed(BaseException):
    """What no code catches: the process is gone."""


def calls_of_the_system(segment: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int) -> int:
    """Purges, and dies before that call of the system; returns how many there were."""
    count = 0

    def wrapped(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            if count == dies_at:
                raise Killed
            count += 1
            return real(*arguments, **named)

        return called

    with monkeypatch.context() as patched:
        for name in ("fsync", "fchmod", "replace", "rename", "unlink", "open"):
            patched.setattr(os, name, wrapped(name))
        with suppress(Killed):
            purge(segment, all_of)
    return count


def test_whoever_dies_on_the_way_leaves_the_old_form_or_the_new_one(
    segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, old = segment.read_bytes(), read(segment)
    new = [{key: value for key, value in line.items() if key != "personal"} for line in old]
    seen = []
    for dies_at in range(30):
        segment.write_bytes(data)
        done = calls_of_the_system(segment, monkeypatch, dies_at)
        clear(segment.parent)
        assert read(segment) in (old, new)
        seen.append(read(segment) == new)
        assert verify(segments_of(segment.parent)) is None
        if done < dies_at:
            break
    assert (seen[0], seen[-1]) == (False, True)
    assert seen == sorted(seen), "once it is done it stays done"
    assert len(seen) < 30


def test_what_a_dead_purge_has_left_is_taken_away(segment: Path) -> None:
    (segment.parent / f".purging-{segment.name}").write_bytes(b"half a line")
    clear(segment.parent)
    assert files(segment.parent) == [segment.name, "journal-00000002.jsonl"]


def test_a_packed_form_that_was_half_made_does_not_bring_it_back(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([Record("verdict", "a", WHEN, {}, {"called": "sip:+32470"})])
    journal.close()
    opened(tmp_path).close()
    path = segments_of(tmp_path)[0]
    plain = path.read_bytes()
    packed = pack(path)
    path.write_bytes(plain)
    purge(segments_of(tmp_path)[0], all_of)
    assert not packed.exists()
    assert b"+32470" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_a_line_may_have_any_text_any_number_and_still_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    value = st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=6,
    )
    path = tmp_path / "journal-00000001.jsonl"

    @given(st.lists(st.dictionaries(st.text(), value, max_size=4), min_size=1, max_size=4), st.booleans())
    def holds(fields: list[dict[str, Any]], packed: bool) -> None:
        previous, written = "0" * 64, b""
        for each in fields:
            facts = {"kind": "verdict", "call": "a", "at": WHEN, "said": each}
            try:
                line, previous = seal(facts, {"said": each}, previous, salts(16))
            except orjson.JSONEncodeError:
                continue  # lone surrogates, which the journal's writer makes printable first
            written += line
        path.write_bytes(written)
        segment = pack(path) if packed else path
        purge(segment, hashed)
        assert verify([segment]) is None
        assert not any("personal" in line for line in read(segment))
        segment.unlink()

    holds()


def test_those_who_pack_and_those_who_purge_take_turns(tmp_path: Path) -> None:
    with tending(tmp_path):
        with pytest.raises(JournalError, match="packed or purged by another"), tending(tmp_path, patience=0):
            pass
        with (tmp_path / "tending.lock").open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with tending(tmp_path, patience=0):
        pass
