"""Entries that are put one in the place of another: whatever people do, of each row at most one holds on a day, and it
is the one that a plain list says."""

import datetime
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from b2bua import register as doing
from b2bua.config import FourEyes
from b2bua.errors import RegisterError
from b2bua.register import Act, Action, Entries, Span, State
from policy.register import civil_day
from tests.b2bua.register.making import DAY, NOW, TODAY, Office

AHEAD = 24
"""Days that are compared."""
ROWS = 2
"""That people work on at one time: few, so that they grow."""


@attrs.define
class Version:
    """One entry of a row, as somebody would note it on paper."""

    name: str
    since: datetime.date
    until: datetime.date | None
    cut: datetime.date | None = None
    """The last day before the next one began, once it has begun."""

    def last(self, behind: "Version | None") -> datetime.date | None:
        ends = [self.until, self.cut, None if behind is None else behind.since - DAY]
        return min((end for end in ends if end is not None), default=None)


@attrs.define
class Paper:
    """Who stands when: for each row its versions in order, those that are gone crossed out."""

    today: datetime.date = TODAY
    rows: list[list[Version]] = attrs.field(factory=list)
    proposed: dict[str, tuple[Version, str]] = attrs.field(factory=dict)
    """Additions that wait, with what each is put in the place of."""
    waiting: dict[str, datetime.date | None] = attrs.field(factory=dict)
    """Ends that wait, with their day, and withdrawals, with none."""

    def cut(self) -> None:
        """What another has begun in the place of never holds again."""
        for row in self.rows:
            for one, behind in pairwise(row):
                if behind.since <= self.today and one.cut is None:
                    one.cut = behind.since - DAY

    def row(self, name: str) -> list[Version]:
        return next((row for row in self.rows if any(one.name == name for one in row)), [])

    def behind(self, name: str) -> Version | None:
        row = self.row(name)
        return next((behind for one, behind in pairwise(row) if one.name == name), None)

    def is_free(self, name: str) -> bool:
        return bool(self.row(name)) and name not in self.waiting

    def is_changeable(self, name: str) -> bool:
        return self.is_free(name) and self.row(name)[-1].name == name

    def put(self, version: Version, place: str) -> None:
        self.cut()
        row = self.row(place)
        if not place:
            self.rows.append([version])
            return
        coming = self.today < version.since
        row[:] = [one for one in row if one.cut is not None or (coming and one.since < version.since)] + [version]

    def end(self, name: str, day: datetime.date) -> None:
        for one in self.row(name):
            if one.name == name:
                one.until = day if one.until is None else min(day, one.until)

    def withdraw(self, name: str) -> None:
        self.cut()
        row = self.row(name)
        row[:] = [one for one in row if one.name != name]

    def last(self, name: str) -> datetime.date | None:
        self.cut()
        return next(one for one in self.row(name) if one.name == name).last(self.behind(name))

    def holding(self, day: datetime.date) -> set[str]:
        self.cut()
        found = set()
        for row in self.rows:
            begun = [one for one in row if one.since <= day]
            last = begun[-1].last(None) if begun else None
            if begun and (last is None or day <= last):
                found.add(begun[-1].name)
        return found


which = st.integers(0, 6)
"""One of those that there are, counted from the last."""
firsts = st.integers(-1, 6)
lengths = st.sampled_from([None, None, 0, 2, 5, 9])
waits = st.sampled_from([False, False, False, True])


class People(RuleBasedStateMachine):
    """People at the register, and somebody who notes on paper what they do."""

    @initialize()
    def begin(self) -> None:
        self.now, self.entries, self.paper = NOW, Entries(), Paper()
        self.lines: list[dict[str, Any]] = []

    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        self.now += days * DAY
        self.paper.today = civil_day(self.now)

    @precondition(lambda self: len([row for row in self.paper.rows if row]) < ROWS)
    @rule(first=firsts, length=lengths, waits=waits)
    def add(self, first: int, length: int | None, waits: bool) -> None:
        self.put("", first, length, waits)

    @precondition(lambda self: any(self.paper.rows))
    @rule(row=which, later=st.integers(-1, 4), waits=waits)
    def change_the_last_of_a_row(self, row: int, later: int, waits: bool) -> None:
        """Mostly so that the row grows."""
        rows = [one for one in self.paper.rows if one]
        last = rows[row % len(rows)][-1]
        first = (max(last.since, self.paper.today) - self.paper.today) // DAY
        self.put(last.name, first + later, None, waits)

    @rule(place=which, first=firsts, length=lengths, waits=waits)
    def change(self, place: int, first: int, length: int | None, waits: bool) -> None:
        self.put(self.named(place), first, length, waits)

    @rule(one=which, ahead=st.integers(0, 5), waits=waits)
    def end(self, one: int, ahead: int, waits: bool) -> None:
        name = self.named(one)
        day, paper = self.paper.today + ahead * DAY, self.paper
        may = paper.is_free(name)
        if may:
            since, last = next(each.since for each in paper.row(name) if each.name == name), paper.last(name)
            may = since <= day and (last is None or day < last)
        if self.do(may, name, Action.END, waits=waits, until=day):
            if waits:
                paper.waiting[name] = day
            else:
                paper.end(name, day)

    @rule(one=which, waits=waits)
    def withdraw(self, one: int, waits: bool) -> None:
        name = self.named(one)
        is_new = name in self.paper.proposed
        if self.do((is_new and not waits) or self.paper.is_free(name), name, Action.WITHDRAW, waits=waits):
            self.paper.proposed.pop(name, None)
            if waits:
                self.paper.waiting[name] = None
            elif not is_new:
                self.paper.withdraw(name)

    @rule(one=which)
    def approve(self, one: int) -> None:
        name = self.named(one)
        paper = self.paper
        version, place = paper.proposed.get(name, (None, ""))
        may = name in paper.waiting or (version is not None and (not place or paper.is_changeable(place)))
        if not self.do(may, name, Action.APPROVE, by="bob"):
            return
        if version is not None:
            del paper.proposed[name]
            paper.put(version, place)
        elif (day := paper.waiting.pop(name)) is not None:
            paper.end(name, day)
        else:
            paper.withdraw(name)

    @rule(one=which)
    def refuse(self, one: int) -> None:
        name = self.named(one)
        paper = self.paper
        if self.do(name in paper.waiting or name in paper.proposed, name, Action.REFUSE, by="bob"):
            paper.waiting.pop(name, None)
            paper.proposed.pop(name, None)

    def named(self, one: int) -> str:
        """One of those that there are; the first where there is none yet."""
        count = max(1, len(self.entries.items))
        return f"consent-{count - one % count}"

    def put(self, place: str, first: int, length: int | None, waits: bool) -> None:
        since = self.paper.today + first * DAY
        until = None if length is None else since + length * DAY
        fields = {"since": since.isoformat(), **({} if until is None else {"until": until.isoformat()})}
        name = str(self.entries.next("consent"))
        may = not place or self.paper.is_changeable(place)
        more = {"replaces": place, "since": since} if place else {}
        if self.do(may, name, Action.ADD, waits=waits, fields=(fields,), **more):
            version = Version(name, since, until)
            if waits:
                self.paper.proposed[name] = (version, place)
            else:
                self.paper.put(version, place)

    def do(self, may: bool, name: str, action: Action, by: str = "ada", **more: Any) -> bool:
        """Does it, and says whether it could be done; which must be what the paper says."""
        act = Act(span=Span.parse(name), action=action, by=by, at=self.now, **more)
        try:
            self.entries.enter(act)
        except RegisterError:
            assert not may, act
            return False
        assert may, act
        record = act.record()
        personal = {key: {"value": value} for key, value in record.personal.items()}
        facts = {key: str(value) if key in ("since", "until") else value for key, value in record.facts.items()}
        self.lines.append({"kind": record.kind, "at": record.at.isoformat(), **facts, "personal": personal})
        return True

    @invariant()
    def those_hold_that_the_paper_says(self) -> None:
        for ahead in range(AHEAD):
            day = self.paper.today + ahead * DAY
            assert holding(self.entries, day) == self.paper.holding(day), day

    def teardown(self) -> None:
        if not self.lines:
            return
        assert told(Entries.fold(self.lines), self.paper.today) == told(self.entries, self.paper.today)
        # What is over may be purged, and then the rest is as it was.
        alive = (State.PROPOSED, State.COMING, State.IN_FORCE)
        over = {item.id for item in self.entries.items.values() if item.state(self.paper.today) not in alive}
        before = {name: one for name, one in told(self.entries, self.paper.today).items() if name not in over}
        for are_left in (True, False):
            purged = [purge(line, are_left) if line["entry"] in over else line for line in self.lines]
            after = told(Entries.fold(purged), self.paper.today)
            assert {name: one for name, one in after.items() if name not in over} == before


def purge(line: dict[str, Any], are_left: bool) -> dict[str, Any]:
    """A line without its fields; their days may be left."""
    told = line.get("personal", {}).get("entries", {}).get("value", ())
    days = [{key: value for key, value in said.items() if key in ("since", "until")} for said in told]
    return {**line, "personal": {}, **({"hashed": {"entries": days}} if days and are_left else {})}


def holding(entries: Entries, day: datetime.date) -> set[str]:
    return {item.id for item in entries.standing() if item.state(day) is State.IN_FORCE}


def told(entries: Entries, day: datetime.date) -> dict[str, object]:
    return {
        item.id: (item.state(day), item.said, item.replaced_by, item.followed_by, len(item.acts))
        for item in entries.items.values()
    }


TestWhateverPeopleDo = People.TestCase


# The same by hand.


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office.at(tmp_path)
    made.enter("agreement")
    return made


@pytest.fixture
def careful(tmp_path: Path) -> Office:
    return Office.at(tmp_path, FourEyes.ALL)


Change = Callable[[str, str], None]


@pytest.fixture
def change(office: Office) -> Change:
    """Puts another in the place of an entry, which says the same and begins on that day."""

    def change(name: str, since: str) -> None:
        doing.change(office.desk, office.config, name, {"since": since, "until": None}, by="bob", why="", now=NOW)

    return change


def withdraw(office: Office, name: str, days: int = 0) -> None:
    doing.withdraw(office.desk, office.config, name, by="bob", why="", now=NOW + days * DAY)


def days(office: Office, *ahead: int) -> list[set[str]]:
    return [holding(office.entries(), TODAY + one * DAY) for one in ahead]


def test_what_comes_can_be_changed_and_the_first_still_goes_for_it(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    change("agreement-2", "2026-04-10")
    with pytest.raises(RegisterError, match="agreement-3 comes in the place of agreement-1 already"):
        change("agreement-1", "2026-04-20")
    assert days(office, 0, 9, 10, 30) == [{"agreement-1"}, {"agreement-1"}, {"agreement-3"}, {"agreement-3"}]


@pytest.mark.parametrize(("since", "first"), [("2026-04-05", 5), ("2026-04-02", 2)])
def test_what_comes_earlier_than_it_was_to_lets_the_first_go_earlier(
    office: Office, change: Change, since: str, first: int
) -> None:
    change("agreement-1", "2026-04-10")
    change("agreement-2", since)
    assert days(office, first - 1, first, 10) == [{"agreement-1"}, {"agreement-3"}, {"agreement-3"}]


def test_what_comes_at_once_after_all_lets_the_first_go_at_once(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    change("agreement-2", "2026-03-31")
    assert days(office, 0, 10) == [{"agreement-3"}, {"agreement-3"}]
    assert office.entries()["agreement-1"].state(TODAY) is State.REPLACED


def test_a_changed_change_that_is_withdrawn_gives_the_first_its_time_back(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    change("agreement-2", "2026-04-05")
    withdraw(office, "agreement-3")
    assert days(office, 0, 30) == [{"agreement-1"}, {"agreement-1"}]
    change("agreement-1", "2026-04-20")
    assert days(office, 19, 20) == [{"agreement-1"}, {"agreement-4"}]


def test_of_three_the_second_may_be_withdrawn_and_the_first_holds_until_the_third(
    office: Office, change: Change
) -> None:
    change("agreement-1", "2026-04-10")
    change("agreement-2", "2026-04-20")
    withdraw(office, "agreement-2")
    assert days(office, 10, 19, 20) == [{"agreement-1"}, {"agreement-1"}, {"agreement-3"}]


def test_after_that_the_third_is_the_one_that_comes_in_the_place_of_the_first(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    change("agreement-2", "2026-04-20")
    withdraw(office, "agreement-2")
    with pytest.raises(RegisterError, match="agreement-3 comes in the place of agreement-1 already"):
        change("agreement-1", "2026-04-15")
    change("agreement-3", "2026-04-05")
    assert days(office, 4, 5, 20) == [{"agreement-1"}, {"agreement-4"}, {"agreement-4"}]


def test_a_coming_change_may_be_withdrawn_on_the_eve_of_its_first_day(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    withdraw(office, "agreement-2", days=9)
    assert days(office, 9, 10) == [{"agreement-1"}, {"agreement-1"}]


def test_what_goes_at_once_held_until_then_and_not_to_the_eve_of_a_day_that_was_over(careful: Office) -> None:
    def proposed(name: str, since: str) -> None:
        doing.change(careful.desk, careful.config, name, {"since": since}, by="ada", why="", now=NOW)

    def approve(name: str, days: int) -> None:
        doing.approve(careful.desk, name, by="bob", why="", now=NOW + days * DAY)

    careful.enter("agreement", since="2026-03-01")
    approve("agreement-1", 0)
    proposed("agreement-1", "2026-04-10")
    approve("agreement-2", 10)
    first = careful.entries()["agreement-1"]
    assert (first.state(TODAY), first.until) == (State.REPLACED, None), "it comes into force on its first day: at once"
    proposed("agreement-2", "2026-04-30")
    approve("agreement-3", 40)
    second = careful.entries()["agreement-2"]
    assert (second.state(TODAY), second.until) == (State.REPLACED, None)


def test_what_has_gone_may_be_put_again(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    withdraw(office, "agreement-2", days=15)
    doing.change(office.desk, office.config, "agreement-1", {"until": None}, by="b", why="", now=NOW + 15 * DAY)
    assert days(office, 15) == [{"agreement-3"}]
    first = office.entries()["agreement-1"]
    assert (first.state(TODAY + 15 * DAY), first.until) == (State.OVER, datetime.date(2026, 4, 9)), "as it was"
    withdraw(office, "agreement-3", days=16)
    assert office.entries().changeable("agreement-1").id == "agreement-1"


def test_what_stands_does_not_rest_on_what_a_purge_takes(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    withdraw(office, "agreement-2")
    lines = [
        purge(line, are_left=False) if line.get("entry") == "agreement-2" else line for line in office.desk.lines()
    ]
    assert holding(Entries.fold(lines), TODAY + 30 * DAY) == {"agreement-1"}
    change("agreement-1", "2026-04-20")
    lines = [
        purge(line, are_left=False) if line.get("entry") == "agreement-1" else line for line in office.desk.lines()
    ]
    assert holding(Entries.fold(lines), TODAY + 30 * DAY) == {"agreement-3"}


def test_what_has_gone_does_not_come_back_when_all_behind_it_is_withdrawn(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    change("agreement-2", "2026-04-20")
    withdraw(office, "agreement-2", days=15)
    withdraw(office, "agreement-3", days=15)
    assert days(office, 15, 30) == [set(), set()]


def test_a_change_is_refused_by_the_row_before_it_is_by_its_own_mistakes(office: Office, change: Change) -> None:
    change("agreement-1", "2026-04-10")
    with pytest.raises(RegisterError, match=r"^agreement-2 comes in the place"):
        doing.change(office.desk, office.config, "agreement-1", {"holder": ""}, by="bob", why="", now=NOW)


def test_two_changes_of_one_entry_cannot_be_approved_together() -> None:
    entries = Entries()

    def act(name: str, action: Action, by: str = "ada", **more: Any) -> None:
        entries.enter(Act(span=Span.parse(name), action=action, by=by, at=NOW, **more))

    since = TODAY + 10 * DAY
    act("consent-1", Action.ADD, fields=({"since": TODAY.isoformat()},))
    for name in ("consent-2", "consent-3"):
        said = ({"since": since.isoformat()},)
        act(name, Action.ADD, waits=True, replaces="consent-1", since=since, fields=said)
    with pytest.raises(RegisterError, match=r"of consent-2\.\.3 several would come in the place of one"):
        act("consent-2..3", Action.APPROVE, by="bob")
    act("consent-2", Action.APPROVE, by="bob")
    assert holding(entries, since) == {"consent-2"}


def test_about_what_has_been_purged_nothing_can_be_done() -> None:
    entries = Entries()
    entries.apply(Act(span=Span.parse("consent-1"), action=Action.ADD, by="ada", at=NOW))
    for act in (
        Act(span=Span.parse("consent-1"), action=Action.WITHDRAW, by="ada", at=NOW),
        Act(span=Span.parse("consent-2"), action=Action.ADD, by="ada", at=NOW, replaces="consent-1", fields=({},)),
    ):
        with pytest.raises(RegisterError, match="consent-1 has been purged"):
            entries.enter(act)
