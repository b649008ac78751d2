"""What people have entered is forgotten in its time, and what it was folded into stays what it was."""

import datetime
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from b2bua.call import Record
from b2bua.cases import event
from b2bua.cases.block import blocks_of
from b2bua.cases.docket import Docket
from b2bua.cases.event import Asked
from b2bua.config import Retention
from b2bua.duties.clearing import Clearing
from b2bua.duties.desk import Days
from b2bua.duties.month import Month
from b2bua.duties.report import report
from b2bua.errors import RegisterError
from b2bua.evidence import segments_of, verify
from b2bua.evidence.forgetting import make_key
from b2bua.evidence.holds import hold, release
from b2bua.evidence.packing import pack_closed
from b2bua.register import Act, Action, Entries, Span, State
from b2bua.register.snapshot import made_of, publish, read
from b2bua.store import Store
from policy.register import civil_day
from tests.b2bua.duties.making import NOW, VICTIM, ago, salts, segment, verdict

TODAY = civil_day(NOW)
DAYS = 400
"""How long cases and entries stand after their end."""


@pytest.fixture
def clearing(tmp_path: Path) -> Clearing:
    """A desk of its own beside a journal whose evidence stands for 300 days at most."""
    key = tmp_path / "hashes.key"
    make_key(key, salts)
    terms = Retention(key_file=str(key), full_days=120, hashed_days=300, case_days=DAYS, entry_days=DAYS)
    return Clearing(tmp_path / "journal", terms)


def day(days: float) -> str:
    return civil_day(ago(days)).isoformat()


def added(entry: str, first: float, until: float | None = None, *, at: float | None = None, **more: Any) -> Record:
    """The addition of a blocked user, or of several; days are days ago."""
    span = Span.parse(entry)
    said = {"reference": "R", "number": VICTIM, "since": day(first), **({} if until is None else {"until": day(until)})}
    act = {"span": span, "action": Action.ADD, "by": "ann", "at": ago(first if at is None else at), "why": "a letter"}
    return Act(**{**act, "fields": (said,) * len(span), **more}).record()


def done(entry: str, action: Action, at: float, **more: Any) -> Record:
    told = {"span": Span.parse(entry), "action": action, "by": "bob", "at": ago(at), "why": "as agreed"}
    return Act(**{**told, **more}).record()


def opened(case: str, at: float) -> Record:
    asked = Asked(reference="BIPT/42", requested=ago(at), number=VICTIM, moment="2025-01-01", called="+3293330000")
    return event.opened(asked, "ann", ago(at), "by telephone").record(case)


def closed(case: str, at: float) -> Record:
    return event.closed("given up by Mr X", "ann", ago(at)).record(case)


def whole(clearing: Clearing, kind: str = "entry") -> list[str]:
    """Which entries or cases still say something of somebody."""
    return [line[kind] for line in clearing.desk.lines() if line["kind"] == kind and "personal" in line]


def written(clearing: Clearing, *records: Record) -> Clearing:
    for record in records:
        clearing.desk.write([record])
    return clearing


def folded(clearing: Clearing) -> Docket:
    return Docket.fold(clearing.desk.lines(), TODAY)


# Cases.


@pytest.mark.law("K31")
@pytest.mark.parametrize(("end", "goes"), [(DAYS + 1, True), (DAYS - 1, False), (None, False)], ids=str)
def test_a_case_forgets_so_long_after_it_was_closed(clearing: Clearing, end: float | None, goes: bool) -> None:
    written(clearing, opened("2024-0001", 900), event.noted("a neighbour", "ann", ago(890)).record("2024-0001"))
    if end is not None:
        written(clearing, closed("2024-0001", end))
    outcome = clearing.run("ann", NOW)
    assert (whole(clearing, "case") == []) is goes
    assert outcome.desk["case"] == (3 if goes else 0)
    assert verify(segments_of(clearing.desk.directory)) is None


def test_of_a_case_that_has_forgotten_the_course_stands(clearing: Clearing) -> None:
    known = event.identified({"name": "N", "address": "A", "data": "D"}, [], "ann", ago(899)).record("2024-0001")
    how = event.answered("mail", ago(898), "d" * 64, [], by="ann", now=ago(898)).record("2024-0001")
    ready = event.prepared(["a"], "d" * 64, [], language="fr", by="ann", now=ago(898.5)).record("2024-0001")
    written(clearing, opened("2024-0001", 900), known, ready, how, closed("2024-0001", 897))
    before = folded(clearing)["2024-0001"]
    clearing.run("ann", NOW)
    after = folded(clearing)["2024-0001"]
    assert (after.asked.number, after.note, after.identity.given) == ("", "", {})
    assert (after.state(NOW), after.clocks(NOW)) == (before.state(NOW), before.clocks(NOW))
    assert [one.name for one in after.history] == [one.name for one in before.history]
    assert b"Mr X" not in b"".join(path.read_bytes() for path in segments_of(clearing.desk.directory))


def test_a_case_that_was_opened_again_forgets_after_its_last_end(clearing: Clearing) -> None:
    again = event.disputed(["name"], "another name", "ann", ago(600)).record("2024-0001")
    written(clearing, opened("2024-0001", 900), closed("2024-0001", 800), again)
    clearing.run("ann", NOW)
    assert len(whole(clearing, "case")) == 3
    written(clearing, closed("2024-0001", DAYS - 1))
    clearing.run("ann", NOW)
    assert len(whole(clearing, "case")) == 4
    clearing.run("ann", NOW + datetime.timedelta(days=2))
    assert whole(clearing, "case") == []


def test_what_was_noted_after_the_end_keeps_the_case(clearing: Clearing) -> None:
    later = event.noted("a letter has come", "ann", ago(10)).record("2024-0001")
    written(clearing, opened("2024-0001", 900), closed("2024-0001", 800), later)
    clearing.run("ann", NOW)
    assert len(whole(clearing, "case")) == 3


@pytest.mark.parametrize(
    "held", [("case 2024-0001", "some-call"), ("court 12/4", "its-call"), ("court 12/4", "2024-0001")], ids=str
)
def test_a_case_that_is_held_or_whose_call_is_keeps_what_it_says(clearing: Clearing, held: tuple[str, str]) -> None:
    why, name = held
    found = event.found(["its-call"], 1, "ann", ago(899)).record("2024-0001")
    written(clearing, opened("2024-0001", 900), found, closed("2024-0001", 800), hold([name], "ann", why, ago(700)))
    clearing.run("ann", NOW)
    assert len(whole(clearing, "case")) == 2
    written(clearing, release(why, "ann", ago(1)))
    clearing.run("ann", NOW)
    assert whole(clearing, "case") == []


# Entries.


@pytest.mark.law("K31")
@pytest.mark.parametrize(
    ("lines", "goes"),
    [
        ([added("blocked_user-1", 900)], False),
        ([added("blocked_user-1", 900, until=-10)], False),
        ([added("blocked_user-1", 900, until=DAYS - 1)], False),
        ([added("blocked_user-1", 900, until=DAYS + 2)], True),
        ([added("blocked_user-1", 900), done("blocked_user-1", Action.END, 700, until=civil_day(ago(600)))], True),
        ([added("blocked_user-1", 900), done("blocked_user-1", Action.END, 700, until=civil_day(ago(10)))], False),
        ([added("blocked_user-1", 900), done("blocked_user-1", Action.WITHDRAW, 600)], True),
        ([added("blocked_user-1", 900), done("blocked_user-1", Action.WITHDRAW, 10)], False),
        ([added("blocked_user-1", 900, waits=True)], False),
        ([added("blocked_user-1", 900, waits=True), done("blocked_user-1", Action.REFUSE, 600)], True),
        ([added("blocked_user-1", 900, until=600, waits=True)], False),
        ([added("blocked_user-1", 900, until=600), done("blocked_user-1", Action.WITHDRAW, 550, waits=True)], False),
        ([added("blocked_user-1..3", 900, until=600)], True),
        ([added("blocked_user-1..2", 900), done("blocked_user-1", Action.WITHDRAW, 600)], False),
    ],
    ids=[
        *("in force", "ends later", "over for less", "over for long", "ended", "ended of late", "withdrawn"),
        *("withdrawn of late", "waits", "refused", "waits though over", "an act on it waits", "several", "one of two"),
    ],
)
def test_an_entry_forgets_so_long_after_its_last_day(clearing: Clearing, lines: list[Record], goes: bool) -> None:
    written(clearing, *lines)
    outcome = clearing.run("ann", NOW)
    assert (whole(clearing) == []) is goes
    assert outcome.desk["entry"] == int(goes)
    assert verify(segments_of(clearing.desk.directory)) is None


def test_what_was_replaced_was_in_force_until_the_other_was_approved(clearing: Clearing) -> None:
    written(
        clearing,
        added("blocked_user-1", 900),
        added("blocked_user-2", 800, at=800, replaces="blocked_user-1", waits=True),
        done("blocked_user-2", Action.APPROVE, 10),
    )
    clearing.run("ann", NOW)
    assert whole(clearing) == ["blocked_user-1", "blocked_user-2"]


def test_an_entry_stands_as_long_as_hashes_of_its_time_do(clearing: Clearing) -> None:
    clearing = attrs.evolve(clearing, terms=attrs.evolve(clearing.terms, entry_days=10))
    segment(clearing.journal, [verdict("hashed", ago(200))], begins=ago(200))
    segment(clearing.journal, [verdict("now", NOW)])
    written(clearing, added("blocked_user-1", 300, until=199))
    clearing.run("ann", NOW)
    assert whole(clearing) == ["blocked_user-1"]
    clearing.run("ann", NOW + datetime.timedelta(days=101))
    assert whole(clearing) == []


def changed(clearing: Clearing) -> Clearing:
    """Four in a row: the second took the place of the first on a later day, the third at once, and was ended; the
    fourth is in force."""
    return written(
        clearing,
        added("blocked_user-1", 1_500),
        added("blocked_user-2", 1_300, at=1_400, replaces="blocked_user-1", since=civil_day(ago(1_300))),
        added("blocked_user-3", 1_200, at=1_200, replaces="blocked_user-2", since=civil_day(ago(1_200))),
        done("blocked_user-3", Action.END, 1_100, until=civil_day(ago(1_000))),
        added("blocked_user-4", 1_100),
    )


def history(clearing: Clearing) -> list[tuple[Any, ...]]:
    items = Entries.fold(clearing.desk.lines()).items.values()
    return [(item.id, item.since, item.until, item.replaces, item.replaced_by, item.followed_by) for item in items]


def test_who_followed_whom_and_when_outlives_what_they_said(clearing: Clearing) -> None:
    before = history(changed(clearing))
    clearing.run("ann", NOW)
    assert whole(clearing) == ["blocked_user-4"]
    assert history(clearing) == before
    entries = Entries.fold(clearing.desk.lines())
    assert [entries[f"blocked_user-{number}"].state(TODAY) for number in (1, 2, 3, 4)] == [
        *(State.FORGOTTEN, State.REPLACED, State.FORGOTTEN, State.IN_FORCE)
    ]
    assert VICTIM not in str([line for line in clearing.desk.lines() if line.get("entry") != "blocked_user-4"])


def test_what_workers_read_is_the_same_before_and_after(clearing: Clearing) -> None:
    changed(clearing)
    before = publish(clearing.desk, NOW)
    clearing.run("ann", NOW)
    entries = Entries.fold(clearing.desk.lines())
    assert publish(clearing.desk, NOW) == before == made_of(entries, TODAY).digest
    made_of(entries, civil_day(ago(1_250)))  # a snapshot of a day on which a forgotten one was in force
    assert list(read(clearing.journal).names.values()) == [("blocked_user-4",)]


def test_an_entry_that_may_prove_a_verdict_stands_as_long_as_the_evidence_of_that(clearing: Clearing) -> None:
    """Of the day on which it was in force a call is held; of the other only days on which nothing stands."""
    segment(clearing.journal, [verdict("kept", ago(600))], begins=ago(600))
    segment(clearing.journal, [verdict("next", ago(599))], begins=ago(599))
    segment(clearing.journal, [verdict("now", NOW)])
    written(
        clearing,
        added("blocked_user-1", 900, until=595),
        added("blocked_user-2", 900, until=700),
        hold(["kept"], "ann", "court", ago(500)),
    )
    clearing.run("ann", NOW)
    assert whole(clearing) == ["blocked_user-1"]
    written(clearing, release("court", "ann", NOW))
    clearing.run("ann", NOW)
    assert whole(clearing) == []


def test_a_plan_foresees_what_the_run_does_with_the_desk(clearing: Clearing) -> None:
    segment(clearing.journal, [verdict("old", ago(600))], begins=ago(600))
    segment(clearing.journal, [verdict("now", NOW)])
    written(clearing, added("blocked_user-1", 900, until=595), opened("2024-0001", 900), closed("2024-0001", 800))
    plan = clearing.plan(NOW)
    assert len(whole(clearing)) == 1
    outcome = clearing.run("ann", NOW)
    assert plan.desk == outcome.desk == {"entry": 1, "case": 2}


@pytest.mark.parametrize("broken", [b"broken", b"{}"], ids=["no line", "no journal line"])
def test_evidence_that_cannot_be_read_keeps_the_entries_of_its_time(clearing: Clearing, broken: bytes) -> None:
    path = segment(clearing.journal, [verdict("old", ago(600))], begins=ago(600))
    segment(clearing.journal, [verdict("now", NOW)])
    path.write_bytes(broken + b"\n" + path.read_bytes())
    written(clearing, added("blocked_user-1", 900, until=595))
    outcome = clearing.run("ann", NOW)
    assert whole(clearing) == ["blocked_user-1"]
    assert [one.file for one in outcome.broken] == [path]


@pytest.mark.parametrize(
    "held",
    [("court", "blocked_user-1"), ("case 2024-0001", "any"), ("court", "2024-0001")],
    ids=["the entry", "for the case", "the case"],
)
def test_an_entry_that_is_held_or_made_for_a_case_that_is_keeps_what_it_says(
    clearing: Clearing, held: tuple[str, str]
) -> None:
    why, name = held
    made = added("blocked_user-1", 900, until=700, why="case 2024-0001: for the court")
    written(clearing, made, hold([name], "ann", why, NOW))
    clearing.run("ann", NOW)
    assert whole(clearing) == ["blocked_user-1"]


def test_since_when_a_user_was_blocked_for_a_case_outlives_who_it_was(clearing: Clearing) -> None:
    """Entered on one day, in force on a later, and over before the identity was found wrong again."""
    block = added("blocked_user-1", 890, until=880, at=899, why="case 2024-0001")
    written(clearing, opened("2024-0001", 900), block)
    before = folded(clearing)["2024-0001"]
    clearing.run("ann", NOW)
    after = folded(clearing)["2024-0001"]
    assert (after.blocks[0].user, before.blocks[0].user) == ({}, {"number": VICTIM})
    assert (after.blocks[0].since, after.blocks[0].ended) == (before.blocks[0].since, before.blocks[0].ended)
    assert (after.state(NOW), after.clocks(NOW)) == (before.state(NOW), before.clocks(NOW))


def test_a_block_that_was_changed_and_then_withdrawn_ended_when_it_was_withdrawn(clearing: Clearing) -> None:
    """What had taken its place was withdrawn too, so that the first is in force no more."""
    reason = "case 2026-0001"
    since = civil_day(ago(20))
    written(
        clearing,
        opened("2026-0001", 40),
        event.found(["c1"], 1, "ann", ago(40)).record("2026-0001"),
        added("blocked_user-1", 30, why=reason),
        added("blocked_user-2", 20, at=25, why=f"{reason}: other number", replaces="blocked_user-1", since=since),
        event.identified({"name": "N", "address": "A", "data": "D"}, [], "ann", ago(10)).record("2026-0001"),
        done("blocked_user-2", Action.WITHDRAW, 5, why=f"{reason}: identity known"),
    )
    case = folded(clearing)["2026-0001"]
    assert case.blocked == ago(30)
    assert case.blocks[0].ended == ago(5)
    assert case.blocks[0].release is not None
    assert case.blocks[0].release.why == f"{reason}: identity known"


def test_a_change_that_was_withdrawn_before_its_day_ends_no_block(clearing: Clearing) -> None:
    since = civil_day(ago(-10))
    written(
        clearing,
        opened("2026-0001", 40),
        added("blocked_user-1", 30, why="case 2026-0001"),
        added("blocked_user-2", -10, at=25, why="case 2026-0001", replaces="blocked_user-1", since=since),
        done("blocked_user-2", Action.WITHDRAW, 5),
    )
    assert folded(clearing)["2026-0001"].blocks[0].is_in_force


# All of it.


def random_acts(random: Random) -> list[Record]:
    """What people may have entered of blocked users within three hundred days: additions, of one or of three, changes,
    and all that can be done about them."""
    entries, found, days = Entries(), list[Record](), 300.0
    for _ in range(40):
        days -= random.random() * 7
        act = random_act(random, entries, days)
        if act is None:
            continue
        try:
            entries.enter(act)
        except RegisterError:
            continue  # not everything can be done about everything
        found.append(act.record())
    return found


def random_act(random: Random, entries: Entries, days: float) -> Act | None:
    action = random.choice([Action.ADD, *Action])
    told: dict[str, Any] = {"by": "ann", "at": ago(days), "why": "case 2024-0001: x", "waits": random.random() < 0.3}
    if action is not Action.ADD:
        if not entries.items:
            return None
        until = civil_day(ago(days - random.randint(0, 20))) if action is Action.END else None
        return Act(span=Span.parse(random.choice(list(entries.items))), action=action, until=until, **told)
    replaces = random.choice(["", *entries.items])
    first = days + random.randint(-25, 10)
    until = first - random.randint(1, 60) if random.random() < 0.4 else None
    said = {"reference": "R", "number": VICTIM, "since": day(first), **({} if until is None else {"until": day(until)})}
    span = entries.next("blocked_user", 1 if replaces else random.choice([1, 3]))
    since = civil_day(ago(first)) if replaces else None
    return Act(span=span, action=action, replaces=replaces, since=since, fields=(said,) * len(span), **told)


@pytest.mark.parametrize("seed", range(1, 13))
def test_whatever_people_have_entered_is_folded_alike_before_and_after(tmp_path: Path, seed: int) -> None:
    key = tmp_path / "hashes.key"
    make_key(key, salts)
    terms = Retention(key_file=str(key), full_days=5, hashed_days=10, case_days=20, entry_days=20)
    clearing = Clearing(tmp_path / "journal", terms)
    clearing.desk.write(random_acts(Random(seed)))

    def folds() -> tuple[object, ...]:
        entries = Entries.fold(clearing.desk.lines())
        of_cases = blocks_of(entries, TODAY)["case 2024-0001"]
        blocks = [(one.since, one.ended, one.release and one.release.at) for one in of_cases]
        return history(clearing), [one.waiting is None for one in entries.items.values()], blocks

    before, taken = folds(), 0
    for later in (0, 400):
        taken += clearing.run("ann", NOW + datetime.timedelta(days=later)).desk["entry"]
        assert folds() == before
        assert verify(segments_of(clearing.desk.directory)) is None
    assert taken > 0


def test_packed_segments_of_the_desk_are_purged_too(clearing: Clearing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b2bua.evidence.desk.SEGMENT", 1)
    written(clearing, added("blocked_user-1", 900, until=700), opened("2024-0001", 900), closed("2024-0001", 800))
    pack_closed(clearing.journal)
    assert clearing.run("ann", NOW).desk == {"entry": 1, "case": 2}
    assert (whole(clearing), whole(clearing, "case")) == ([], [])
    assert verify(segments_of(clearing.desk.directory)) is None
    assert clearing.run("ann", NOW).desk == {}


def test_the_desk_is_told_what_it_has_lost_before_and_after(clearing: Clearing) -> None:
    written(clearing, added("blocked_user-1..2", 900, until=700), opened("2024-0001", 900), closed("2024-0001", 800))
    clearing.run("ann", NOW)
    begun, lost = [line for line in clearing.desk.lines() if line["kind"] == "retention"]
    assert (begun["action"], begun["segments"]) == ("begun", [["desk", 1]])
    assert (lost["action"], lost["by"], lost["segment"]) == ("desk", "ann", 1)
    assert (lost["lines"], lost["names"]) == ({"case": 2, "entry": 1}, ["2024-0001", "blocked_user-1..2"])
    assert (lost["cases_before"], lost["entries_before"]) == tuple(
        ago(DAYS).isoformat().replace("+00:00", "Z") for _ in range(2)
    )


def test_a_case_that_is_opened_again_while_the_desk_is_purged_keeps_what_it_says(
    clearing: Clearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    from b2bua.duties import clearing as module

    written(clearing, opened("2024-0001", 900), closed("2024-0001", 800))
    real = module.begun

    def begun(*arguments: Any) -> Record:
        again = event.disputed(["name"], "another", "ann", NOW).record("2024-0001")
        clearing.desk.write([again])
        return real(*arguments)

    monkeypatch.setattr(module, "begun", begun)
    clearing.run("ann", NOW)
    assert len(whole(clearing, "case")) == 3


def test_a_segment_of_the_desk_that_does_not_hold_is_left_and_told_of(clearing: Clearing) -> None:
    written(clearing, added("blocked_user-1", 900, until=700))
    (path,) = segments_of(clearing.desk.directory)
    path.write_bytes(path.read_bytes().replace(b"a letter", b"a litter"))
    outcome = clearing.run("ann", NOW)
    assert [one.file for one in outcome.broken] == [path]
    assert whole(clearing) == ["blocked_user-1"]


def test_a_segment_of_the_desk_whose_first_line_tells_no_time_is_told_of_and_keeps_no_later_one(
    clearing: Clearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b2bua.evidence.desk.SEGMENT", 1)
    written(clearing, added("blocked_user-1", 900, until=700), opened("2024-0001", 900), closed("2024-0001", 800))
    first = segments_of(clearing.desk.directory)[0]
    _, *others = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join([b'{"kind":"segment","hash":""}\n', *others]))
    outcome = clearing.run("ann", NOW)
    assert [one.file for one in outcome.broken] == [first]
    assert outcome.desk == {"case": 2}
    assert whole(clearing) == ["blocked_user-1"]


@pytest.mark.parametrize("is_first", [False, True], ids=["after others", "as the first"])
def test_half_a_line_at_the_end_of_the_desk_is_no_damage(
    clearing: Clearing, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """Nobody was told that it stands, and whoever writes next takes it off."""
    written(clearing, opened("2024-0001", 900), closed("2024-0001", 800))
    last = segments_of(clearing.desk.directory)[-1]
    if is_first:
        last = last.with_name("journal-00000002.jsonl")
    with last.open("ab") as file:
        file.write(b'{"kind":"case","ca')
    outcome = clearing.run("ann", NOW)
    assert outcome.broken == ()
    assert whole(clearing, "case") == []
    assert verify(segments_of(clearing.desk.directory)) is None


def test_a_store_and_a_report_after_it_are_what_they_were(clearing: Clearing, tmp_path: Path) -> None:
    changed(clearing)
    written(clearing, opened("2024-0001", 900), closed("2024-0001", 800))
    month = Month.before(ago(770))
    with Store.open(f"sqlite:///{tmp_path}/store.db", clearing.journal) as store:
        store.rebuild()
        acts = store.acts()
        before = report(month, store, clearing.desk.lines(), NOW)
        clearing.run("ann", NOW)
        store.rebuild()
        assert [one for one in store.acts() if one.kind != "retention"] == acts
        assert report(month, store, clearing.desk.lines(), NOW) == before


# What repairs have cut off.


def torn(clearing: Clearing, days: float, text: str = "half a line") -> Path:
    """Beside a segment that old, which another follows."""
    path = segment(clearing.journal, [verdict(f"c{days}", ago(days))], begins=ago(days)).with_suffix(".torn")
    path.write_text(text)
    segment(clearing.journal, [verdict("now", NOW)])
    return path


@pytest.mark.law("K31")
@pytest.mark.parametrize(("days", "goes"), [(130, True), (110, False)])
def test_what_a_repair_cut_off_goes_with_the_last_line_of_its_segment(
    clearing: Clearing, days: float, goes: bool
) -> None:
    path = torn(clearing, days)
    plan = clearing.plan(NOW)
    assert ([one.path for one in plan.torn], [one.path for one in plan.kept]) == (
        ([path], []) if goes else ([], [path])
    )
    outcome = clearing.run("ann", NOW)
    assert (not path.exists()) is goes
    assert [one.path for one in outcome.torn] == ([path] if goes else [])
    lines = [line for line in clearing.desk.lines() if line.get("action") == "torn"]
    assert [line["segments"] for line in lines] == ([[["", 1]]] if goes else [])


def test_what_a_repair_cut_off_goes_though_its_segment_was_purged_before(clearing: Clearing) -> None:
    path = torn(clearing, 130)
    path.unlink()
    clearing.run("ann", NOW)
    path.write_text("found in a backup")
    clearing.run("ann", NOW)
    assert not path.exists()


def test_what_may_be_of_a_call_that_is_held_stands(clearing: Clearing) -> None:
    path = torn(clearing, 130, '{"call":"held-call","kind":"end"')
    written(clearing, hold(["held-call"], "ann", "court", NOW))
    clearing.run("ann", NOW)
    assert path.exists()
    written(clearing, release("court", "ann", NOW))
    clearing.run("ann", NOW)
    assert not path.exists()


def test_what_was_cut_off_a_segment_that_is_packed_or_gone_goes_too(clearing: Clearing) -> None:
    packed, alone = torn(clearing, 130), clearing.journal / "journal-00009999.torn"
    alone.write_text("of no segment")
    pack_closed(clearing.journal)
    clearing.run("ann", NOW)
    assert not packed.exists()
    assert alone.exists(), "by its own age"
    clearing.run("ann", NOW + datetime.timedelta(days=36_000))
    assert not alone.exists()


# Days.


@example([(0, 9), (1, 2)], 5, 0)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=8), st.integers(0, 70), st.integers(0, 9))
def test_days_touch_what_has_one_of_theirs(periods: list[tuple[int, int]], first: int, length: int) -> None:
    begin = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)

    def at(days: int) -> datetime.datetime:
        return begin + datetime.timedelta(days=days)

    theirs = {one for since, more in periods for one in range(since, since + more + 1)}
    days = Days.of((at(since), at(since + more)) for since, more in periods)
    assert days.touch(at(first).date(), at(first + length).date()) is bool(theirs & {*range(first, first + length + 1)})
    assert all(one[1] < other[0] for one, other in zip(days.spans, days.spans[1:], strict=False))
