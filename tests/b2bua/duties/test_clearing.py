import datetime
import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua.config import Retention
from b2bua.duties import clearing as module
from b2bua.duties.clearing import Clearing, chore
from b2bua.duties.meter import Decision
from b2bua.errors import JournalError, StoreError
from b2bua.evidence import Desk, Journal, lines, segments_of, verify
from b2bua.evidence.desk import look
from b2bua.evidence.forgetting import make_key, pseudonym
from b2bua.evidence.holds import hold, release
from b2bua.evidence.packing import pack_closed
from b2bua.evidence.purging import tending
from b2bua.store import Store, Wanted
from tests.b2bua.duties.making import CALLED, NOW, VICTIM, ago, end, national, salts, segment, told, verdict

DAY = datetime.timedelta(days=1)


@attrs.define
class Index:
    asked: list[tuple[str, datetime.datetime, frozenset[str]]] = attrs.field(factory=list)

    def forget(self, before: datetime.datetime, key: bytes, held: frozenset[str]) -> int:
        assert len(key) == 32
        self.asked.append(("forget", before, held))
        return 3

    def drop(self, before: datetime.datetime, held: frozenset[str]) -> int:
        self.asked.append(("drop", before, held))
        return 2


@pytest.fixture
def clearing(tmp_path: Path) -> Clearing:
    key = tmp_path / "hashes.key"
    make_key(key, salts)
    return Clearing(tmp_path / "journal", Retention(key_file=str(key), full_days=120, hashed_days=365))


@pytest.fixture
def journal(clearing: Clearing) -> Path:
    """Three closed segments, 400, 200 and 10 days old, and one that is written to."""
    for call, days in (("old", 400), ("mid", 200), ("new", 10)):
        segment(clearing.journal, [verdict(call, ago(days)), end(call, ago(days))])
    segment(clearing.journal, [verdict("now", NOW)])
    return clearing.journal


def personal(journal: Path) -> dict[str, str]:
    """What each call still has of its numbers."""
    found = {}
    for path in segments_of(journal):
        for line in told(path):
            if line["kind"] == "verdict":
                found[line["call"]] = next((name for name in ("personal", "hashed") if name in line), "bare")
    return found


def acts(clearing: Clearing) -> list[Mapping[str, Any]]:
    return [line for line in clearing.desk.lines() if line["kind"] == "retention"]


# What goes, and what stays.


@pytest.mark.law("K31")
def test_the_oldest_is_bare_the_old_is_hashed_and_the_rest_is_whole(clearing: Clearing, journal: Path) -> None:
    outcome = clearing.run("ann", NOW)
    assert personal(journal) == {"old": "bare", "mid": "hashed", "new": "personal", "now": "personal"}
    assert (outcome.lines, outcome.broken, outcome.postponed) == (2, (), ())


@pytest.mark.law("K31")
def test_the_chain_holds_afterwards(clearing: Clearing, journal: Path) -> None:
    clearing.run("ann", NOW)
    assert verify(segments_of(journal)) is None
    assert verify(segments_of(journal / "desk")) is None


def test_packed_segments_are_purged_in_the_same_way(clearing: Clearing, journal: Path) -> None:
    pack_closed(journal)
    clearing.run("ann", NOW)
    assert personal(journal) == {"old": "bare", "mid": "hashed", "new": "personal", "now": "personal"}
    assert [path.name.endswith(".gz") for path in segments_of(journal)] == [True, True, True, False]
    assert verify(segments_of(journal)) is None


def test_no_number_is_left_in_any_file_of_what_was_purged(clearing: Clearing, journal: Path) -> None:
    (journal / "journal-00000002.torn").write_text(f"torn {VICTIM}")
    clearing.run("ann", NOW)
    for path in segments_of(journal)[:2]:
        assert VICTIM.encode() not in path.read_bytes()
    assert not [path for path in journal.iterdir() if path.suffix == ".torn" or path.name.startswith(".")]


def test_the_pseudonyms_are_those_of_the_key(clearing: Clearing, journal: Path) -> None:
    clearing.run("ann", NOW)
    key = Path(clearing.terms.key_file).read_bytes()
    (line,) = [line for line in told(segments_of(journal)[1]) if line["kind"] == "verdict"]
    assert [number[0] for number in line["hashed"]["numbers"]] == [pseudonym(key, VICTIM), pseudonym(key, CALLED)]


def test_within_a_segment_each_line_goes_at_its_own_time(clearing: Clearing) -> None:
    segment(clearing.journal, [verdict("a", ago(121)), verdict("b", ago(119))])
    segment(clearing.journal, [verdict("now", NOW)])
    clearing.run("ann", NOW)
    assert personal(clearing.journal) == {"a": "hashed", "b": "personal", "now": "personal"}
    clearing.run("ann", NOW + 2 * DAY)
    assert personal(clearing.journal) == {"a": "hashed", "b": "hashed", "now": "personal"}


def test_what_is_hashed_is_bare_in_its_turn(clearing: Clearing, journal: Path) -> None:
    clearing.run("ann", NOW)
    clearing.run("ann", NOW + 200 * DAY)
    assert personal(journal)["mid"] == "bare"
    assert personal(journal)["new"] == "hashed"


def test_every_chain_of_calls_is_purged(clearing: Clearing) -> None:
    for worker in ("worker-1", "worker-2"):
        segment(clearing.journal / worker, [verdict(worker, ago(200))])
        segment(clearing.journal / worker, [verdict("now", NOW)])
    clearing.run("ann", NOW)
    assert personal(clearing.journal / "worker-1")["worker-1"] == "hashed"
    assert personal(clearing.journal / "worker-2")["worker-2"] == "hashed"


def test_without_the_table_nothing_is_ever_forgotten(clearing: Clearing) -> None:
    from b2bua.config import Config
    from b2bua.config import Journal as Settings

    assert Clearing.of(Config(journal=Settings(directory="x"), trunk=())) is None
    with_it = Config(journal=Settings(directory="x"), trunk=(), retention=clearing.terms)
    assert Clearing.of(with_it) == Clearing(Path("x"), clearing.terms)


def test_a_missing_key_stops_it_before_anything_is_touched(clearing: Clearing, journal: Path) -> None:
    Path(clearing.terms.key_file).unlink()
    with pytest.raises(JournalError, match="key"):
        clearing.run("ann", NOW)
    assert set(personal(journal).values()) == {"personal"}


# Holds.


@pytest.mark.law("K31", "¶16 identity")
def test_a_call_that_is_held_keeps_its_evidence_whatever_its_age(clearing: Clearing, journal: Path) -> None:
    clearing.desk.write([hold(["old"], "ann", "case 2026-0001", NOW)])
    clearing.run("ann", NOW)
    assert personal(journal)["old"] == "personal"
    assert personal(journal)["mid"] == "hashed"


def test_what_is_released_goes_the_next_time(clearing: Clearing, journal: Path) -> None:
    clearing.desk.write([hold(["old", "mid"], "ann", "case 2026-0001", NOW)])
    clearing.run("ann", NOW)
    assert set(personal(journal).values()) == {"personal"}
    clearing.desk.write([release("case 2026-0001", "ann", NOW)])
    clearing.run("ann", NOW)
    assert personal(journal)["old"] == "bare"
    assert personal(journal)["mid"] == "hashed"


def test_a_call_that_is_held_while_its_segment_is_rewritten_keeps_its_evidence(
    clearing: Clearing, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, has_held = module.rewriting, []

    def rewriting(path: Path, choice: Any) -> Any:
        if path.name.startswith("journal-00000002") and not has_held:
            has_held.append(True)
            clearing.desk.write([hold(["mid"], "bob", "case 2026-0002", NOW)])
        return real(path, choice)

    monkeypatch.setattr(module, "rewriting", rewriting)
    outcome = clearing.run("ann", NOW)
    assert [piece.segment for piece in outcome.postponed] == [2]
    assert personal(journal) == {"old": "bare", "mid": "personal", "new": "personal", "now": "personal"}
    clearing.run("ann", NOW)
    assert personal(journal)["mid"] == "personal"


# What is still written to.


def test_a_segment_that_is_written_to_waits_and_is_named(clearing: Clearing) -> None:
    segment(clearing.journal, [verdict("a", ago(200)), verdict("b", ago(1))])
    assert [piece.segment for piece in clearing.plan(NOW).waiting] == [1]
    clearing.run("ann", NOW)
    assert personal(clearing.journal) == {"a": "personal", "b": "personal"}


@pytest.mark.parametrize("days", [200, 0], ids=["old", "packed or purged today"])
def test_a_chain_that_nobody_goes_on_with_is_purged_to_its_end_however_young_its_file_is(
    clearing: Clearing, days: int
) -> None:
    path = segment(clearing.journal / "worker-4", [verdict("a", ago(200))])
    os.utime(path, (ago(days).timestamp(), ago(days).timestamp()))
    assert clearing.plan(NOW).waiting == ()
    clearing.run("ann", NOW)
    assert personal(clearing.journal / "worker-4") == {"a": "hashed"}


def test_a_silent_chain_that_somebody_holds_is_left_alone(clearing: Clearing) -> None:
    segment(clearing.journal, [verdict("a", ago(200))])
    writer = Journal.open(clearing.journal, 1 << 16, salts, ago(199))
    for path in segments_of(clearing.journal):
        os.utime(path, (ago(199).timestamp(), ago(199).timestamp()))
    clearing.run("ann", NOW)
    assert personal(clearing.journal) == {"a": "hashed"}, "the segment before it is closed"
    assert [piece.segment for piece in clearing.plan(NOW).waiting] == [2]
    writer.close()


def test_while_the_end_of_a_silent_chain_is_rewritten_nobody_begins_to_write_it(
    clearing: Clearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = segment(clearing.journal, [verdict("a", ago(200))])
    os.utime(path, (ago(200).timestamp(), ago(200).timestamp()))
    real, seen = module.rewriting, []

    def rewriting(path: Path, choice: Any) -> Any:
        if path.parent == clearing.journal:
            with pytest.raises(JournalError, match="another process"):
                Journal.open(clearing.journal, 1 << 16, salts, NOW)
            seen.append(path)
        return real(path, choice)

    monkeypatch.setattr(module, "rewriting", rewriting)
    clearing.run("ann", NOW)
    assert seen
    Journal.open(clearing.journal, 1 << 16, salts, NOW).close()
    assert verify(segments_of(clearing.journal)) is None


# What is told, and what is done once.


def test_the_desk_knows_who_purged_what(clearing: Clearing, journal: Path) -> None:
    clearing.run("ann", NOW)
    begun, done = acts(clearing)
    assert (begun["action"], begun["segments"]) == ("begun", [["", 1], ["", 2]])
    assert (done["action"], done["by"], done["lines"]) == ("purged", "ann", 2)
    assert done["segments"] == [["", 1, 1, 0, 0], ["", 2, 1, 0, 1]]
    assert len(personal(journal)) == 4


def test_nothing_is_told_where_nothing_was_done(clearing: Clearing, journal: Path) -> None:
    clearing.run("ann", NOW)
    before = acts(clearing)
    outcome = clearing.run("ann", NOW)
    assert (acts(clearing), outcome.lines, outcome.purged) == (before, 0, {})
    assert len(segments_of(journal)) == 4


def test_a_segment_that_is_done_is_not_read_again(
    clearing: Clearing, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clearing.run("ann", NOW)
    seen: list[Path] = []
    monkeypatch.setattr(module, "rewriting", lambda path, choice: seen.append(path))
    clearing.run("ann", NOW)
    assert seen == []
    assert len(segments_of(journal)) == 4


def test_a_plan_says_what_would_be_done_and_does_nothing(clearing: Clearing, journal: Path) -> None:
    before = personal(journal)
    Path(clearing.terms.key_file).unlink()
    plan = clearing.plan(NOW)
    assert (plan.lines, len(plan.due), plan.broken) == (2, 2, ())
    assert personal(journal) == before
    assert acts(clearing) == []


def test_whoever_died_in_the_middle_goes_on(clearing: Clearing, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = module.rewriting, []

    def rewriting(path: Path, choice: Any) -> Any:
        count.append(path)
        if len(count) == 2:
            raise KeyboardInterrupt
        return real(path, choice)

    with monkeypatch.context() as patched:
        patched.setattr(module, "rewriting", rewriting)
        with pytest.raises(KeyboardInterrupt):
            clearing.run("ann", NOW)
    (journal / ".purging-journal-00000003.jsonl").write_text(VICTIM)
    clearing.run("ann", NOW)
    assert personal(journal) == {"old": "bare", "mid": "hashed", "new": "personal", "now": "personal"}
    assert verify(segments_of(journal)) is None
    assert not list(journal.glob(".purging*"))


def test_two_at_once_take_turns(clearing: Clearing, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "tending", lambda folder: tending(folder, patience=0))
    with (journal / "tending.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(JournalError, match="by another"):
            clearing.run("ann", NOW)
    clearing.run("ann", NOW)


def test_a_segment_that_does_not_hold_is_left_and_the_others_are_purged(clearing: Clearing, journal: Path) -> None:
    path = segments_of(journal)[0]
    path.write_bytes(path.read_bytes().replace(b'"verdict":"block"', b'"verdict":"pass"'))
    outcome = clearing.run("ann", NOW)
    assert [broken.file for broken in outcome.broken] == [path]
    assert personal(journal) == {"old": "personal", "mid": "hashed", "new": "personal", "now": "personal"}
    assert [broken.file for broken in clearing.plan(NOW).broken] == [path]


def test_the_clerk_raises_an_alarm_for_what_it_cannot_purge(clearing: Clearing, journal: Path) -> None:
    daily = chore(clearing)
    daily.run(NOW)
    assert personal(journal)["old"] == "bare"
    assert [line["by"] for line in acts(clearing)] == ["clerk", "clerk"]
    path = segments_of(journal)[2]
    path.write_bytes(path.read_bytes().replace(b'"verdict":"block"', b'"verdict":"pass"'))
    with pytest.raises(JournalError, match="1 segments do not hold"):
        daily.run(NOW + 200 * DAY)


# The desk.


def test_whom_somebody_looked_at_is_forgotten_after_the_last_period(clearing: Clearing) -> None:
    for days in (400, 200):
        look(clearing.desk, "ann", "victim", {"number": VICTIM}, calls=days, why="a letter", now=ago(days))
    outcome = clearing.run("ann", NOW)
    looks = [line for line in clearing.desk.lines() if line["kind"] == "look"]
    assert [("personal" in line, line["calls"]) for line in looks] == [(False, 400), (True, 200)]
    assert outcome.desk == {"look": 1}
    assert verify(segments_of(clearing.desk.directory)) is None
    assert clearing.run("ann", NOW).desk == {}


def test_what_was_decided_of_a_number_is_forgotten_after_the_last_period(clearing: Clearing) -> None:
    made = Decision(number=VICTIM, is_occasional=True, by="ann", why="on leave", until=ago(10).date())
    clearing.desk.write([made.record(ago(400)), made.record(ago(200))])
    assert clearing.run("ann", NOW).desk == {"nomadic": 1}
    found = ["personal" in line for line in clearing.desk.lines() if line["kind"] == "nomadic"]
    assert found == [False, True]


# The store.


def test_the_store_forgets_and_drops_what_the_journal_does(clearing: Clearing) -> None:
    index = Index()
    clearing = attrs.evolve(clearing, index=index)
    clearing.desk.write([hold(["a"], "ann", "case 1", NOW)])
    outcome = clearing.run("ann", NOW)
    assert index.asked == [("drop", ago(365), {"a"}), ("forget", ago(120), {"a"})]
    assert (outcome.forgotten, outcome.dropped) == (3, 2)
    (line,) = acts(clearing)
    assert (line["action"], line["forgotten"], line["dropped"]) == ("store", 3, 2)


def test_a_store_that_is_away_keeps_nothing_in_the_journal(clearing: Clearing, journal: Path) -> None:
    class Away(Index):
        def drop(self, before: datetime.datetime, held: frozenset[str]) -> int:
            raise StoreError("the database is away")

    with pytest.raises(StoreError):
        attrs.evolve(clearing, index=Away()).run("ann", NOW)
    assert personal(journal)["old"] == "bare"
    index = Index()
    attrs.evolve(clearing, index=index).run("ann", NOW)
    assert [what for what, *_ in index.asked] == ["drop", "forget"]


def test_a_store_after_retention_finds_by_pseudonym_and_equals_one_that_is_made_again(
    clearing: Clearing, journal: Path, tmp_path: Path
) -> None:
    segment(journal, [national("home", ago(150), "+32470123456"), verdict("kept", ago(150))])
    segment(journal, [verdict("now-2", NOW)])
    clearing.desk.write([hold(["kept"], "ann", "case 1", NOW)])
    key = Path(clearing.terms.key_file).read_bytes()
    with Store.open(f"sqlite:///{tmp_path}/store.db", journal) as store:
        store.rebuild()
        attrs.evolve(clearing, index=store).run("ann", NOW)
        found = store.search(Wanted(number=pseudonym(key, VICTIM)))
        assert [call.call for call in found] == ["mid"]
        assert [call.call for call in store.search(Wanted(number=pseudonym(key, "+32470123456")))] == ["home"]
        assert [call.call for call in store.search(Wanted(number=VICTIM))] == ["kept", "new", "now", "now-2"]
        assert store.call("old") is None
        before = store.search(Wanted(since=ago(365)))
        store.rebuild()
        assert store.search(Wanted(since=ago(365))) == before


def test_an_empty_desk_and_an_empty_journal_are_nothing_to_do(clearing: Clearing) -> None:
    clearing.journal.mkdir()
    assert clearing.run("ann", NOW).lines == 0
    assert list(Desk(clearing.journal).lines()) == []
    assert not [line for path in segments_of(clearing.journal) for line in lines(path)]
