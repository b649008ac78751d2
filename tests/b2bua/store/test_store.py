"""Finding calls, reading their evidence, counting them."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import pytest

from b2bua.call import Record
from b2bua.errors import JournalError, StoreError
from b2bua.evidence.reading import Place, segments_of
from b2bua.store import Store, Wanted
from b2bua.store.store import asked
from b2bua.store.tail import Tail
from tests.b2bua.store.making import (
    ABROAD,
    CALLED,
    GEOGRAPHIC,
    MOBILE,
    NOON,
    answer,
    end,
    finding,
    indexed,
    lines_of,
    minutes,
    national,
    verdict,
    whole,
    written,
)


def found(store: Store, **wanted: object) -> list[str]:
    return [call.call for call in store.search(Wanted(**wanted))]  # type: ignore[arg-type]


@pytest.fixture
def several(store: Store, journal: Path) -> Store:
    """a: blocked, b: redirected, c: from home, d: in another hour."""
    blocked = finding(GEOGRAPHIC, "network", "block", header="P-Asserted-Identity", rule="geographic")
    written(
        journal,
        verdict("a", findings=[finding(ABROAD), blocked], verdict="block", basis="art. 1 2°"),
        end("a", cause="blocked", status=603, seconds=None),
        verdict("b", MOBILE, minutes(1), trunk="INT-2"),
        answer("b", minutes(2), called="sip:+3270111111@elsewhere.example"),
        national("c", ["From: <sip:025551212@home.example>", "P-Asserted-Identity: <tel:+32470123456>"], minutes(3)),
        whole("d", GEOGRAPHIC, minutes(60)),
    )
    return indexed(store)


def test_a_number_is_found_in_whatever_position_it_stood(several: Store) -> None:
    assert found(several, number=GEOGRAPHIC) == ["a", "c", "d"]
    assert found(several, number=MOBILE) == ["b", "c"]
    assert found(several, number="+32000") == []


def test_a_number_that_was_called_is_no_callers(several: Store) -> None:
    assert found(several, number=CALLED) == []
    assert found(several, called=CALLED) == ["a", "b", "c", "d"]
    assert found(several, called=CALLED, number=MOBILE) == ["b", "c"]


def test_who_was_called_after_a_redirection_is_found_too(several: Store) -> None:
    assert found(several, called="+3270111111") == ["b"]


def test_a_period_has_its_first_moment_and_not_its_last(several: Store) -> None:
    assert found(several, since=NOON, until=minutes(1)) == ["a"]
    assert found(several, since=minutes(1), until=minutes(3)) == ["b"]
    assert found(several, number=GEOGRAPHIC, since=minutes(3)) == ["c", "d"]
    assert found(several, number=GEOGRAPHIC, until=minutes(3)) == ["a"]


def test_a_moment_in_another_zone_is_the_same_moment(several: Store) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert found(several, since=minutes(60).astimezone(zone)) == ["d"]
    assert all(call.at.tzinfo is datetime.UTC for call in several.search(Wanted()))


def test_trunk_call_id_and_verdict_narrow_it_down(several: Store) -> None:
    assert found(several, trunk="INT-2") == ["b"]
    assert found(several, call_id="a@192.0.2.7") == ["a"]
    assert found(several, call_id="b-d") == ["d"]
    assert found(several, verdict="block") == ["a"]
    assert found(several, verdict="block", number=MOBILE) == []


@pytest.mark.parametrize("call_id", ["\N{SNOWMAN}" * 8_000, "a\0b", "\0"], ids=["long", "NUL", "NUL alone"])
def test_a_call_id_that_no_index_takes_is_shortened_and_found(store: Store, journal: Path, call_id: str) -> None:
    written(journal, verdict("a", call_id=call_id), end("a"), verdict("b"))
    (call,) = indexed(store).search(Wanted(call_id=call_id))
    assert (call.call, call.cause) == ("a", "BYE")
    assert len(call.call_id) <= 600
    assert found(store) == ["a", "b"]


def test_a_caller_behind_64_redirecting_numbers_is_found_and_so_is_whom_he_called(store: Store, journal: Path) -> None:
    many = [finding(f"+32255{number:05d}", "redirect", header="Diversion") for number in range(64)]
    written(journal, verdict("a", findings=[*many, finding(MOBILE)]))
    assert found(indexed(store), number=MOBILE) == ["a"]
    assert found(store, called=CALLED) == ["a"]
    (call,) = store.search(Wanted())
    assert (call.caller, call.called) == (MOBILE, CALLED)


def test_a_circuit_is_looked_for_like_a_trunk(store: Store, journal: Path) -> None:
    written(journal, verdict("a", circuit="VC-1"), verdict("b"))
    assert found(indexed(store), trunk="VC-1") == ["a"]
    assert found(store, trunk="INT-1") == ["a", "b"]


def test_a_number_in_a_period_is_found_by_one_index_and_no_table_is_read_whole(tmp_path: Path) -> None:
    """As SQLite plans it that knows nothing yet of how many there are; `bench.evidence` has the times."""
    wanted = Wanted(number=GEOGRAPHIC, since=NOON, until=minutes(10))
    with Store.open(f"sqlite:///{tmp_path / 'plan.sqlite'}") as store, store.database.reading() as connection:
        query = asked(wanted).compile(connection, compile_kwargs={"literal_binds": True})
        plan = [str(row.detail) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert any("ix_numbers_number_at (number=? AND at>? AND at<?)" in step for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan


def test_there_are_no_more_than_are_wanted_and_the_oldest_come_first(several: Store) -> None:
    assert found(several, limit=2) == ["a", "b"]


def test_a_call_is_had_by_its_name(several: Store) -> None:
    call = several.call("b")
    assert call is not None
    assert call.trunk == "INT-2"
    assert several.call("nobody") is None


def test_the_caller_is_whom_from_names_or_else_the_network(store: Store, journal: Path) -> None:
    written(
        journal,
        verdict("a", findings=[finding(MOBILE, "network"), finding(ABROAD)]),
        verdict("b", findings=[finding(GEOGRAPHIC, "redirect"), finding(MOBILE, "network")]),
        verdict("c", findings=[finding(None, raw="anonymous")]),
    )
    assert [call.caller for call in indexed(store).search(Wanted())] == [ABROAD, MOBILE, None]


def test_numbers_tell_where_they_stood_and_what_came_of_it(several: Store) -> None:
    told = [(one.number, one.position, one.header, one.outcome, one.rule) for one in several.numbers("a")]
    assert told == [
        (ABROAD, "presentation", "From", "pass", "foreign"),
        (GEOGRAPHIC, "network", "P-Asserted-Identity", "block", "geographic"),
        (CALLED, "called", "", "", ""),
    ]


def test_the_evidence_is_the_sealed_lines_of_the_journal(several: Store, journal: Path) -> None:
    assert several.evidence("a") == [line for line in lines_of(journal) if line["call"] == "a"]
    assert [line["kind"] for line in several.evidence("a")] == ["verdict", "end"]
    assert several.evidence("nobody") == []


def test_evidence_that_is_no_longer_in_its_place_is_not_passed_off(several: Store, journal: Path) -> None:
    (segment,) = segments_of(journal)
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([lines[0], *lines[2:]]))
    with pytest.raises(StoreError, match="b2bua store rebuild"):
        several.evidence("a")
    segment.unlink()
    with pytest.raises(JournalError):
        several.evidence("a")


def test_calls_are_counted_by_what_is_asked(several: Store) -> None:
    since, until = NOON, minutes(30)
    assert several.tally(since, until, ("trunk", "verdict")) == {
        ("INT-1", "block"): 1,
        ("INT-2", "pass"): 1,
        ("NAT-1", "pass"): 1,
    }
    assert several.tally(since, minutes(90), ("caller",), trunks=["INT-1"]) == {(ABROAD,): 1, (GEOGRAPHIC,): 1}
    assert several.tally(since, minutes(90), ("caller",), callers=[MOBILE, GEOGRAPHIC]) == {
        (MOBILE,): 1,
        (GEOGRAPHIC,): 2,
    }
    assert several.tally(since, until, ("basis", "cause"))["art. 1 2°", "blocked"] == 1


def test_numbers_are_counted_once_a_call(store: Store, journal: Path) -> None:
    twice = [finding(ABROAD, "network", header=header) for header in ("Remote-Party-ID", "P-Asserted-Identity")]
    written(journal, verdict("a", findings=twice), verdict("b", findings=twice))
    tally = indexed(store).tally_numbers(NOON, minutes(1), ("number", "position", "trunk"))
    assert tally[ABROAD, "network", "INT-1"] == 2


def test_what_cannot_be_counted_by_is_named(several: Store) -> None:
    with pytest.raises(StoreError, match="counted by peer"):
        several.tally(NOON, minutes(1), ("peer",))


def test_acts_of_the_desk_are_found_by_kind_subject_and_time(store: Store, journal: Path) -> None:
    written(
        journal / "desk",
        Record("entry", "", NOON, {"entry": "e1", "action": "add", "by": "anna"}),
        Record("entry", "", minutes(1), {"entry": "e1", "action": "approve", "by": "bob"}),
        Record("case", "", minutes(2), {"case": "k1", "event": "opened", "by": "anna"}),
        Record("look", "", minutes(3), {"by": "eve", "what": "store search", "calls": 3, "why": "k1"}),
    )
    indexed(store)
    assert [(act.subject, act.act, act.by) for act in store.acts("entry")] == [
        ("e1", "add", "anna"),
        ("e1", "approve", "bob"),
    ]
    assert [act.kind for act in store.acts(since=minutes(2))] == ["case", "look"]
    assert [act.act for act in store.acts(subject="k1")] == ["opened"]
    assert [act.act for act in store.acts("look")] == ["store search"]


def test_it_tells_how_far_it_has_come(several: Store, journal: Path) -> None:
    written(journal, whole("e"))  # in a new segment, after two that nobody had ended
    written(journal / "worker-0", whole("f"))
    told = {chain.chain: (chain.segment, chain.line, chain.waiting) for chain in several.standing()}
    assert told == {"": (1, 9, 6), "worker-0": (0, 0, 4)}
    assert all(chain.waiting == 0 for chain in indexed(several).standing())


def test_a_rebuild_is_what_was_there(several: Store, journal: Path) -> None:
    before = several.search(Wanted())
    assert several.rebuild() == len(lines_of(journal))
    assert several.search(Wanted()) == before
    assert several.progress() == {"": Place("", 1, 9)}


def test_a_rebuild_misses_nothing_that_a_clerk_indexes_meanwhile(
    store: Store, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b2bua.store.indexer.BATCH", 4)
    written(journal, *(whole(f"c{number:02d}") for number in range(12)))
    clerk, before, turns = store.indexer(), indexed(store).search(Wanted()), list[int]()
    read = Tail.read

    def overtaken(tail: Tail, segments: Sequence[Path], most: int) -> list[tuple[Place, bytes]]:
        lines = read(tail, segments, most)
        if len(turns) < 3 and tail not in clerk._tails.values():
            turns.append(0)
            monkeypatch.setattr(Tail, "read", read)
            turns[-1] = clerk.step()
            monkeypatch.setattr(Tail, "read", overtaken)
        return lines

    monkeypatch.setattr(Tail, "read", overtaken)
    store.rebuild()
    assert any(turns), "the clerk was there first"
    assert store.search(Wanted()) == before
    assert store.progress() == {"": Place("", 1, len(lines_of(journal)))}


def test_a_later_identity_is_found_at_its_own_time(store: Store, journal: Path) -> None:
    late = Record(
        "later",
        "a",
        minutes(20),
        {"trunk": "INT-1", "method": "UPDATE", "found": "block", "enforced": True},
        {"called": "sip:us@192.0.2.1", "identity": ["P-Asserted-Identity: <sip:+3225551212@abroad.example>"]},
    )
    written(journal, verdict("a"), late)
    indexed(store)
    assert found(store, number=GEOGRAPHIC, since=minutes(20), until=minutes(21)) == ["a"]
    assert found(store, number=GEOGRAPHIC, until=minutes(20)) == []
