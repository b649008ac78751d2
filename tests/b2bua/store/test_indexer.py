"""Each line counts once, whatever happens between."""

import logging
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b2bua.call import Record
from b2bua.errors import JournalError, StoreError
from b2bua.evidence.packing import pack
from b2bua.evidence.reading import Place, segments_of
from b2bua.store import Store, Wanted
from b2bua.store.indexer import Indexer
from b2bua.store.schema import PROGRESS
from tests.b2bua.store.making import (
    ABROAD,
    CALLED,
    KEY,
    NOON,
    answer,
    broken_line,
    damaged_chain,
    differing,
    end,
    indexed,
    minutes,
    opened,
    purged,
    verdict,
    whole,
    written,
)


def test_a_call_is_found_with_all_that_its_lines_say(store: Store, journal: Path) -> None:
    written(journal, whole("one"))
    (call,) = indexed(store).search(Wanted())
    assert (call.call, call.caller, call.called) == ("one", ABROAD, CALLED)
    assert (call.trunk, call.trunk_class, call.peer) == ("INT-1", "international", "192.0.2.7:5060")
    assert (call.call_id, call.b_call_id, call.to_trunk) == ("one@192.0.2.7", "b-one", "NAT-1")
    assert (call.at, call.answered_at, call.ended_at) == (NOON, NOON, minutes(1))
    assert (call.status, call.cause, call.seconds) == (200, "BYE", 60.0)
    assert (call.verdict, call.basis, call.enforced, call.forgotten) == ("pass", "¶25", True, False)
    assert call.place == Place("", 1, 2)


def test_an_end_that_comes_a_batch_later_finds_its_call(store: Store, journal: Path) -> None:
    lines, indexer = opened(journal), store.indexer()
    for record in whole("one"):
        lines.append([record])
        assert indexer.catch_up() >= 1
    lines.close()
    (call,) = store.search(Wanted())
    assert (call.b_call_id, call.cause, call.ended_at) == ("b-one", "BYE", minutes(1))


def test_a_call_that_nobody_answered_says_where_it_went(store: Store, journal: Path) -> None:
    lines, indexer = opened(journal), store.indexer()
    lines.append([verdict("one")])
    indexer.catch_up()
    lines.append([end("one", cause="no answer", status=408, seconds=None, to="NAT-2", b_call_id="b2")])
    indexer.catch_up()
    lines.close()
    (call,) = store.search(Wanted())
    assert (call.to_trunk, call.b_call_id, call.seconds) == ("NAT-2", "b2", None)


def test_nothing_is_read_twice_and_nothing_is_new_when_nothing_is(store: Store, journal: Path) -> None:
    written(journal, whole("one"))
    assert store.indexer().catch_up() == 4
    assert store.indexer().catch_up() == 0
    assert store.progress() == {"": Place("", 1, 4)}


def test_the_same_lines_twice_change_nothing(store: Store, journal: Path, tmp_path: Path) -> None:
    written(journal, *(whole(f"c{number}") for number in range(9)))
    before = indexed(store).search(Wanted())
    with store.database.writing() as connection:
        connection.execute(sa.delete(PROGRESS))
    assert indexed(store).search(Wanted()) == before
    assert differing(store, tmp_path / "anew") == []


def test_the_same_verdict_again_does_not_take_back_the_end(store: Store, journal: Path) -> None:
    lines = opened(journal)
    lines.append(whole("one"))
    indexed(store)
    with store.database.writing() as connection:
        connection.execute(sa.update(PROGRESS).values(line=1))
    Indexer(store.database, journal).step(upto={"": Place("", 1, 2)})
    (call,) = store.search(Wanted())
    assert call.cause == "BYE"
    lines.close()


def test_two_who_index_at_a_time_do_not_count_anything_twice(store: Store, journal: Path, tmp_path: Path) -> None:
    one, other = store.indexer(), store.indexer()
    lines = opened(journal)
    for number in range(20):
        lines.append(whole(f"c{number}"))
        (one if number % 3 else other).catch_up()
    other.catch_up()
    one.catch_up()
    lines.close()
    assert len(store.search(Wanted())) == 20
    assert differing(store, tmp_path / "anew") == []


def test_one_that_has_been_overtaken_writes_nothing_and_goes_on_from_there(store: Store, journal: Path) -> None:
    lines, one, other = opened(journal), store.indexer(), store.indexer()
    lines.append(whole("one"))
    assert (one.step(), other.step()) == (4, 0), "the first lines"
    assert other.step() == 0, "there is nothing new"
    lines.append(whole("two"))
    assert one.step() == 3
    lines.append(whole("three"))
    assert other.step() == 0, "it has read six lines, of which three are known"
    assert store.progress() == {"": Place("", 1, 7)}
    assert other.step() == 3
    lines.close()


def test_every_chain_is_read_and_the_desk_too(store: Store, journal: Path) -> None:
    written(journal / "worker-0", whole("one"))
    written(journal / "worker-1", whole("two"), whole("three"))
    entered = {"entry": "e1", "action": "add", "what": "consent", "by": "anna", "why": "letter"}
    written(journal / "desk", Record("entry", "", NOON, entered, {"fields": {"called": CALLED}}))
    indexed(store)
    assert [call.call for call in store.search(Wanted())] == ["one", "three", "two"]
    (act,) = store.acts("entry")
    assert (act.subject, act.act, act.by, act.place) == ("e1", "add", "anna", Place("desk", 1, 2))
    assert set(store.progress()) == {"worker-0", "worker-1", "desk"}


@pytest.mark.parametrize("broken", ["worker-0", "worker-1", "desk"])
def test_a_chain_that_cannot_be_read_is_told_and_holds_up_no_other(store: Store, journal: Path, broken: str) -> None:
    calls = {"": "none", "worker-0": "zero", "worker-1": "one", "desk": "desk"}
    for chain, call in calls.items():
        written(journal / chain, whole(call))
    (segment,) = segments_of(journal / broken)
    pack(segment)
    (packed,) = segments_of(journal / broken)
    whole_file = packed.read_bytes()
    packed.write_bytes(whole_file[:40])
    indexer = store.indexer()
    with pytest.raises(JournalError, match="cannot be unpacked"):
        indexer.catch_up()
    assert set(store.progress()) == calls.keys() - {broken}
    packed.write_bytes(whole_file)
    for _ in range(2):  # where the store stands is looked up again first
        indexer.catch_up()
    assert set(store.progress()) == calls.keys()


def test_it_goes_from_segment_to_segment_packed_or_not(store: Store, journal: Path, tmp_path: Path) -> None:
    lines, indexer = opened(journal, size=4_096), store.indexer()
    for number in range(40):
        lines.append(whole(f"c{number:02d}"))
        if number % 7 == 0:
            indexer.catch_up()
        if number == 20:
            for path in segments_of(journal)[:-1]:
                pack(path)
    lines.close()
    assert len(segments_of(journal)) > 5
    assert len(indexed(store).search(Wanted())) == 40
    assert differing(store, tmp_path / "anew") == []


def test_a_segment_that_is_packed_while_it_is_read_is_read_on(store: Store, journal: Path, tmp_path: Path) -> None:
    written(journal, *(whole(f"c{number:02d}") for number in range(40)))
    written(journal, whole("last"))
    with store.database.writing() as connection:
        connection.execute(sa.insert(PROGRESS).values(chain="", segment=1, line=50))
    indexer = store.indexer()
    pack(segments_of(journal)[0])
    indexer.catch_up()
    assert len(store.search(Wanted())) == 24
    assert store.progress()[""].segment == 2


def test_a_segment_that_is_purged_while_it_is_read_is_read_on(
    store: Store, journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b2bua.store.indexer.BATCH", 10)
    written(journal, *(whole(f"c{number:02d}") for number in range(10)))
    indexer = store.indexer()
    assert indexer.step() == 10
    purged(journal)
    while indexer.step():
        pass
    assert [call.forgotten for call in store.search(Wanted())] == [False] * 3 + [True] * 7
    assert [len(store.places(f"c{number:02d}")) for number in range(10)] == [3] * 10
    store.forget(minutes(1), KEY)
    assert differing(store, tmp_path / "anew") == []


def test_a_line_that_is_none_is_named_and_the_rest_is_indexed(
    store: Store, journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(journal, whole("one"))
    broken_line(journal)
    with caplog.at_level(logging.ERROR):
        indexed(store)
    assert len(store.search(Wanted())) == 1
    assert [record.getMessage()[:14] for record in caplog.records] == ["alarm: store: "] * 2


def test_what_is_wrong_with_one_chain_is_told_once_and_makes_no_other_wait(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("b2bua.store.indexer.BATCH", 10)
    written(journal / "worker-1", *(whole(f"c{number:02d}") for number in range(40)))
    damaged_chain(journal / "worker-2")
    indexer = store.indexer()
    for _ in range(2):
        with pytest.raises(JournalError, match="cannot be unpacked"):
            indexer.catch_up()
        assert len(store.search(Wanted(limit=99))) >= 40
        assert [record.getMessage()[:14] for record in caplog.records] == ["alarm: store: "]


def test_what_is_wrong_with_one_chain_is_raised_though_the_others_have_more_than_was_asked_for(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b2bua.store.indexer.BATCH", 10)
    written(journal / "worker-1", *(whole(f"c{number:02d}") for number in range(40)))
    damaged_chain(journal / "worker-2")
    indexer = store.indexer()
    for done in (20, 40):
        with pytest.raises(JournalError, match="cannot be unpacked"):
            indexer.catch_up(20)
        assert store.progress()["worker-1"].line == done


def test_a_store_is_rebuilt_of_all_chains_that_can_be_read(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b2bua.store.indexer.BATCH", 10)
    written(journal / "worker-1", *(whole(f"c{number:02d}") for number in range(40)))
    damaged_chain(journal / "worker-2")
    with pytest.raises(JournalError, match="cannot be unpacked"):
        store.rebuild()
    assert len(store.search(Wanted(limit=99))) >= 40


def test_lines_that_a_loss_of_power_took_back_are_told(
    store: Store, journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(journal, whole("one"), whole("two"))
    indexed(store)
    (segment,) = segments_of(journal)
    segment.write_bytes(b"".join(line + b"\n" for line in segment.read_bytes().splitlines()[:5]))
    written(journal, whole("three"))
    with caplog.at_level(logging.ERROR):
        store.indexer().catch_up()
    assert "2 lines that were indexed are no longer" in caplog.text
    assert [call.call for call in store.search(Wanted())] == ["one", "three", "two"]


def test_half_a_line_waits_for_its_other_half(store: Store, journal: Path) -> None:
    written(journal, verdict("one"), verdict("two"))
    (segment,) = segments_of(journal)
    data = segment.read_bytes()
    segment.write_bytes(data[:-40] + bytes(4_096))
    indexer = store.indexer()
    indexer.catch_up()
    assert [call.call for call in store.search(Wanted())] == ["one"]
    segment.write_bytes(data)
    indexer.catch_up()
    assert [call.call for call in store.search(Wanted())] == ["one", "two"]


def test_a_transaction_that_fails_leaves_nothing_and_is_done_again(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexer = store.indexer()
    indexer.catch_up()
    written(journal, whole("one"))

    def fails(*_: object) -> None:
        raise StoreError("no more")

    monkeypatch.setattr("b2bua.store.indexer._of_numbers", fails)
    with pytest.raises(StoreError):
        indexer.catch_up()
    assert store.progress() == {}
    assert store.search(Wanted()) == []
    monkeypatch.undo()
    assert indexer.catch_up() == 4
    assert len(store.search(Wanted())) == 1


Act = st.one_of(
    st.tuples(st.just("calls"), st.integers(1, 4)),
    st.tuples(st.just("index"), st.integers(1, 6)),
    st.tuples(st.just("die"), st.just(0)),
    st.tuples(st.just("end"), st.integers(0, 30)),
    st.tuples(st.just("pack"), st.just(0)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(acts=st.lists(Act, max_size=30))
def test_whatever_the_order_the_store_is_what_a_rebuild_is(
    acts: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("order")
    journal, lines = folder / "journal", opened(folder / "journal", size=8_192)
    with Store.open(f"sqlite:///{folder / 'store.sqlite'}", journal) as store:
        indexer, begun = store.indexer(), 0
        for act, count in acts:
            if act == "calls":
                lines.append([verdict(f"c{begun + one}", at=minutes(begun + one)) for one in range(count)])
                begun += count
            elif act == "index":
                indexer.catch_up(count)
            elif act == "die":
                indexer = store.indexer()
            elif act == "end" and count < begun:
                lines.append([answer(f"c{count}"), end(f"c{count}")])
            elif act == "pack":
                for path in segments_of(journal)[:-1]:
                    if path.suffix == ".jsonl":
                        pack(path)
        lines.close()
        indexer.catch_up()
        assert len(store.search(Wanted())) == begun
        assert differing(store, folder / "anew") == []
