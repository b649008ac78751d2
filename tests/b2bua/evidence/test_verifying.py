import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from b2bua.errors import JournalError
from b2bua.evidence import Desk, Place, chains_of, lines, segments_of
from b2bua.evidence.packing import pack_closed
from b2bua.evidence.signatures import Head, heads, heads_in, sign_closed, signature_of, signatures_in
from b2bua.evidence.signing import PublicKey, SigningKey, load_key, make_key, signed
from b2bua.evidence.verifying import Verified, verify_journal
from tests.b2bua.evidence.making import WHEN, crash, end, opened, verdict
from tests.b2bua.evidence.test_reading import several

LATER = WHEN + datetime.timedelta(minutes=1)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    make_key(tmp_path / "key")
    return load_key(tmp_path / "key")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of two workers and a desk; each worker has three closed segments."""
    folder = tmp_path / "journal"
    for worker in ("worker-1", "worker-2"):
        (folder / worker).mkdir(parents=True)
        several(folder / worker)
    Desk(folder).write([verdict("entered")])
    return folder


def problems(journal: Path, *keys: PublicKey, marks: list[Head] | None = None) -> list[str]:
    """Every problem, its file relative to the journal."""
    found = verify_journal(journal, keys, marks or [])
    return [str(one).removeprefix(f"{journal}/") for one in found.broken]


def edited(path: Path, **changes: object) -> None:
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), **changes}))


def rewritten(folder: Path, count: int) -> None:
    """The chain from its segment `count` on, written anew by somebody who knows how."""
    for path in segments_of(folder)[count - 1 :]:
        path.unlink()
    journal = opened(folder, 4_096)
    while journal.number < 6:
        journal.append([verdict("forged"), end("forged")])
    journal.close()


def purge(path: Path) -> None:
    whole = [orjson.loads(line) for line in lines(path)]
    bare = [{name: value for name, value in record.items() if name != "personal"} for record in whole]
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in bare))


# A journal that nobody touched.


def test_a_journal_that_nobody_touched_holds_and_is_counted(journal: Path, key: SigningKey) -> None:
    all_lines = sum(1 for chain in chains_of(journal) for path in chain for _ in lines(path))
    found = verify_journal(journal)
    assert (found.broken, found.chains, found.segments, found.lines) == ([], 3, 9, all_lines)
    assert (found.signed, len(found.unsigned)) == (0, 6)
    sign_closed(journal, key, LATER)
    found = verify_journal(journal, [key.public])
    assert (found.broken, found.signed, found.unsigned) == ([], 6, [])


def test_a_folder_without_a_journal_holds_nothing(tmp_path: Path) -> None:
    assert verify_journal(tmp_path) == Verified()


def test_a_journal_that_is_being_written_holds(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a")])
    assert verify_journal(tmp_path).broken == []
    journal.close()


# Lines and segments.


@pytest.mark.law("¶33", "K18")
def test_the_first_broken_line_of_each_chain_is_named(journal: Path) -> None:
    for worker, segment in (("worker-1", 2), ("worker-2", 1)):
        path = segments_of(journal / worker)[segment - 1]
        path.write_bytes(path.read_bytes().replace(b'"verdict":"pass"', b'"verdict":"drop"'))
    assert problems(journal) == [
        "worker-1/journal-00000002.jsonl:2: was changed after it was written",
        "worker-2/journal-00000001.jsonl:2: was changed after it was written",
    ]


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_segment_that_is_missing_is_named(journal: Path, gone: int) -> None:
    segments_of(journal / "worker-1")[gone - 1].unlink()
    assert problems(journal) == [f"worker-1/journal-0000000{gone}.jsonl: is missing"]


def test_a_missing_end_is_seen_by_the_signature_it_leaves(journal: Path, key: SigningKey) -> None:
    sign_closed(journal, key, LATER)
    for path in segments_of(journal / "worker-1")[2:]:
        path.unlink()
    assert problems(journal) == ["worker-1/journal-00000003.sig: signs a segment that is missing"]


def test_a_torn_last_line_is_told_from_one_that_was_changed(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a"), verdict("b")])
    crash(journal)
    (path,) = segments_of(tmp_path)
    whole = path.read_bytes().rstrip(b"\0")
    path.write_bytes(whole[:-30] + b"\0" * 100)
    told = "is torn: a crash has cut it, the next start takes it off and says so"
    assert problems(tmp_path) == [f"journal-00000001.jsonl:3: {told}"]
    path.write_bytes(whole[:-30] + b"x" * 29 + b"\n" + b"\0" * 100)
    assert problems(tmp_path) == ["journal-00000001.jsonl:3: is not a journal line"]
    opened(tmp_path).close()
    assert problems(tmp_path) == []


def test_a_line_that_was_only_half_there_when_it_was_read_is_not_held_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a")])
    (path,) = segments_of(tmp_path)
    whole, views = list(lines(path)), [0]

    def seen(_: Path) -> Any:
        views[0] += 1
        return iter([*whole[:-1], whole[-1][:40]] if views[0] == 1 else whole)

    monkeypatch.setattr("b2bua.evidence.verifying.lines", seen)
    found = verify_journal(tmp_path)
    assert (found.broken, found.lines) == ([], 1)
    journal.close()


def test_a_packed_journal_verifies_and_a_damaged_file_is_named(journal: Path, key: SigningKey) -> None:
    sign_closed(journal, key, LATER)
    made = pack_closed(journal)
    found = verify_journal(journal, [key.public])
    assert (found.broken, found.signed, found.segments) == ([], 6, 9)
    made[0].write_bytes(made[0].read_bytes()[:-9])
    (told,) = problems(journal, key.public)
    assert told.startswith("worker-1/journal-00000001.jsonl.gz:")
    assert told.endswith("cannot be unpacked: the file is damaged")


# Signatures.


def test_each_closed_segment_is_signed_once(journal: Path, key: SigningKey) -> None:
    made = sign_closed(journal, key, LATER)
    assert len(made) == 6
    assert made[:3] == signatures_in(journal / "worker-1")
    assert sign_closed(journal, key, LATER) == []
    assert not signature_of(segments_of(journal / "worker-1")[3]).exists()


def test_a_signature_names_chain_segment_lines_and_hashes(journal: Path, key: SigningKey) -> None:
    sign_closed(journal, key, LATER)
    second = segments_of(journal / "worker-2")[1]
    first, *_, last = (orjson.loads(line) for line in lines(second))
    document = orjson.loads(signature_of(second).read_bytes())
    del document["signature"]
    assert document == {
        "kind": "segment",
        "chain": "worker-2",
        "segment": 2,
        "previous": first["previous"],
        "first": first["hash"],
        "last": last["hash"],
        "lines": len(list(lines(second))),
        "at": "2026-01-31T12:01:00Z",
        "key": key.public.fingerprint,
    }


@pytest.mark.law("L16", "K31")
def test_a_signature_holds_when_its_segment_is_packed_and_purged(journal: Path, key: SigningKey) -> None:
    sign_closed(journal, key, LATER)
    for path in segments_of(journal / "worker-1")[:3]:
        purge(path)
    pack_closed(journal)
    found = verify_journal(journal, [key.public])
    assert (found.broken, found.signed) == ([], 6)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"last": "0" * 64}, "says something else of its segment than what that holds"),
        ({"previous": "1" * 64}, "says something else of its segment than what that holds"),
        ({"first": "1" * 64}, "says something else of its segment than what that holds"),
        ({"lines": 1}, "says something else of its segment than what that holds"),
        ({"chain": "worker-2"}, "says something else of its segment than what that holds"),
        ({"segment": 1}, "says something else of its segment than what that holds"),
        ({"kind": "heads"}, "says something else of its segment than what that holds"),
        ({"at": "2020-01-01T00:00:00Z"}, "was changed after it was signed"),
        ({"signature": "QUFB"}, "was changed after it was signed"),
        ({"key": "0"}, "is signed by another key: 0"),
    ],
)
def test_a_signature_that_is_not_good_is_named(
    journal: Path, key: SigningKey, changes: dict[str, object], told: str
) -> None:
    sign_closed(journal, key, LATER)
    edited(signature_of(segments_of(journal / "worker-1")[1]), **changes)
    assert problems(journal, key.public) == [f"worker-1/journal-00000002.sig: {told}"]


@pytest.mark.parametrize("text", [b"", b"garbage", b"[]", b"3"])
def test_a_signature_that_is_none_is_named(journal: Path, key: SigningKey, text: bytes) -> None:
    sign_closed(journal, key, LATER)
    signature_of(segments_of(journal / "worker-1")[0]).write_bytes(text)
    assert len(problems(journal, key.public)) == len(problems(journal)) == 1


@pytest.mark.law("¶33", "K18")
def test_a_journal_written_anew_needs_the_key(journal: Path, key: SigningKey, tmp_path: Path) -> None:
    sign_closed(journal, key, LATER)
    rewritten(journal / "worker-1", 2)
    assert problems(journal, key.public) == [
        "worker-1/journal-00000002.sig: says something else of its segment than what that holds"
    ]
    for path in signatures_in(journal / "worker-1")[1:]:
        path.unlink()
    make_key(tmp_path / "thief")
    sign_closed(journal, load_key(tmp_path / "thief"), LATER)
    assert problems(journal) == []
    (told,) = problems(journal, key.public)
    assert told.startswith("worker-1/journal-00000002.sig: is signed by another key: ")


def test_a_segment_that_does_not_hold_is_not_signed_and_the_others_are(journal: Path, key: SigningKey) -> None:
    path = segments_of(journal / "worker-1")[1]
    path.write_bytes(path.read_bytes().replace(b'"verdict":"pass"', b'"verdict":"drop"'))
    with pytest.raises(JournalError, match=f"not signed: {path}:2: was changed"):
        sign_closed(journal, key, LATER)
    assert len(signatures_in(journal / "worker-1")) == 2
    assert len(signatures_in(journal / "worker-2")) == 3


def test_a_signature_is_written_in_one_piece(journal: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            sign_closed(journal, key, LATER)
    assert list(journal.glob("*/*sig*")) == []
    assert len(sign_closed(journal, key, LATER)) == 6


# Heads.


def marks_of(journal: Path) -> list[Head]:
    return heads_in(heads(journal, LATER))


def test_heads_name_the_last_line_of_each_chain(journal: Path) -> None:
    document = heads(journal, LATER)
    found = heads_in(orjson.loads(orjson.dumps(document)))
    assert [head.place.chain for head in found] == ["worker-1", "worker-2", "desk"]
    last = segments_of(journal / "worker-1")[-1]
    own = [orjson.loads(line)["hash"] for line in lines(last)]
    assert found[0] == Head(Place("worker-1", 4, len(own)), own[-1])
    assert problems(journal, marks=found) == []


def test_a_head_of_a_journal_that_is_being_written_is_its_last_whole_line(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a")])
    before = marks_of(tmp_path)
    journal.append([end("a")])
    journal.close()
    assert problems(tmp_path, marks=before) == []
    opened(tmp_path).close()
    pack_closed(tmp_path)
    assert problems(tmp_path, marks=before) == []


@pytest.mark.law("¶33", "K18")
def test_an_end_that_was_cut_off_is_seen_by_a_head(journal: Path) -> None:
    kept = marks_of(journal)
    last = segments_of(journal / "worker-1")[-1]
    whole = last.read_bytes().splitlines(keepends=True)
    last.write_bytes(b"".join(whole[:-1]))
    gone = f"worker-1/journal-00000004.jsonl:{len(whole)}: is not there: a head names it, and the end has gone"
    assert problems(journal) == []
    assert problems(journal, marks=kept) == [gone]
    last.unlink()
    assert problems(journal) == []
    assert problems(journal, marks=kept) == [gone]


@pytest.mark.law("¶33", "K18")
def test_a_chain_written_anew_is_seen_by_a_head(journal: Path) -> None:
    kept = marks_of(journal)
    rewritten(journal / "worker-1", 2)
    place = kept[0].place
    assert problems(journal) == []
    assert problems(journal, marks=kept) == [
        f"worker-1/journal-00000004.jsonl:{place.line}: is another line than the one that a head names"
    ]


@pytest.mark.law("¶33", "K18")
@pytest.mark.parametrize("is_first", [True, False])
def test_heads_that_name_two_lines_in_one_place_are_told_whichever_comes_first(
    journal: Path, *, is_first: bool
) -> None:
    kept = marks_of(journal)
    rewritten(journal / "worker-1", 2)
    place = kept[0].place
    (now,) = [head for head in marks_of(journal) if head.place.chain == "worker-1"]
    forged = Head(place, now.hash)
    told = problems(journal, marks=[*kept, forged] if is_first else [forged, *kept])
    assert f"worker-1/journal-00000004.jsonl:{place.line}: is two different lines by the heads" in told


def test_a_head_that_is_given_twice_is_one(journal: Path) -> None:
    assert problems(journal, marks=marks_of(journal) * 2) == []


def test_a_chain_that_has_gone_altogether_is_seen_by_a_head(journal: Path) -> None:
    kept = marks_of(journal)
    for path in (journal / "worker-2").iterdir():
        path.unlink()
    assert problems(journal) == []
    assert problems(journal, marks=kept) == ["worker-2/journal-00000004.jsonl: is missing: a head names a line of it"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "segment"},
        {"kind": "heads"},
        {"kind": "heads", "chains": [{}]},
        {"kind": "heads", "chains": [{"chain": "", "segment": "x", "line": 1, "hash": ""}]},
        [],
        None,
    ],
)
def test_what_names_no_heads_is_a_journal_error(document: Any) -> None:
    with pytest.raises(JournalError, match="holds no heads"):
        heads_in(document)


def test_signed_heads_are_heads(journal: Path, key: SigningKey) -> None:
    assert heads_in(signed(heads(journal, LATER), key)) == marks_of(journal)
