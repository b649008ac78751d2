"""What people do to the register, and what they may not: checked, written and in force, or none of it."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua import register as doing
from b2bua.config import FourEyes
from b2bua.errors import JournalError, RegisterError
from b2bua.evidence import Desk, segments_of, verify
from b2bua.register import Act, Action, Entries, Span, State, acts, snapshot
from b2bua.register.acts import must_wait
from b2bua.register.shape import kinds
from policy.register import Agreement, BlockedUser, Service
from tests.b2bua.register.making import AGREEMENT, BLOCK, CONSENT, DAY, NOW, TODAY, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office.at(tmp_path)


@pytest.fixture
def careful(tmp_path: Path) -> Office:
    """One where everything takes two."""
    return Office.at(tmp_path, FourEyes.ALL)


def state(office: Office, name: str, day: datetime.date = TODAY) -> State:
    return office.entries()[name].state(day)


def in_force(office: Office) -> list[str]:
    """What workers read."""
    return [name for names in snapshot.read(office.journal).names.values() for name in names]


# An entry.


@pytest.mark.law("K20", "¶16 block")
def test_an_entry_stands_with_who_made_it_and_why(office: Office) -> None:
    done = office.enter()
    assert (str(done.span), done.waits) == ("blocked_user-1", False)
    item = office.entries()["blocked_user-1"]
    assert (item.acts[0].by, item.acts[0].why, item.acts[0].at) == ("ada", "a test", NOW)
    assert item.fields == {**BLOCK, "since": "2026-03-31"}, "it begins today unless it says when"
    assert snapshot.read(office.journal).register.blocked_user == (
        BlockedUser(reference="B-1", since=TODAY, number="+442079460000"),
    )
    assert verify(segments_of(office.desk.directory)) is None


def test_an_agreement_is_what_its_fields_say(office: Office) -> None:
    office.enter("agreement", until="2027-03-31")
    (found,) = snapshot.read(office.journal).register.agreement
    assert found == Agreement(
        reference="A-1",
        since=TODAY,
        until=datetime.date(2027, 3, 31),
        trunk="special",
        service=Service.NOMADIC,
        holder="Operator",
        evidence="dms/1",
        numbers=frozenset(AGREEMENT["numbers"]),
    )


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("blocked_user", {"number": "0470"}, "number: '0470' is no number in the form"),
        ("blocked_user", {"number": None}, "says nothing of whose calls are meant"),
        ("blocked_user", {"reference": ""}, "reference: '' says nothing"),
        ("blocked_user", {"since": "31/3"}, "since: '31/3' is not a day"),
        ("blocked_user", {"until": "2026-03-30"}, "until: 2026-03-30 is before it begins"),
        ("blocked_user", {"trunk": "nowhere"}, "trunk: 'nowhere' is no trunk"),
        ("blocked_user", {"account": "anonymous"}, "account: 'anonymous' can be no user part"),
        ("blocked_user", {"colour": "red"}, "colour: is no key of this table"),
        ("agreement", {"trunk": "abroad"}, "trunk: 'abroad' is international"),
        ("agreement", {"numbers": ["+32470123456"]}, "no Belgian geographic number"),
        ("agreement", {"numbers": []}, "numbers: is empty"),
        ("agreement", {"service": "fun"}, "service: 'fun' is none of"),
        ("consent", {"forwarding": "+3225551212"}, "forwarding: "),
    ],
)
def test_what_a_file_of_the_register_could_not_say_cannot_be_entered(
    office: Office, kind: str, fields: dict[str, object], told: str
) -> None:
    with pytest.raises(RegisterError) as raised:
        office.enter(kind, **fields)
    assert told in str(raised.value)
    assert office.entries().items == {}
    assert not segments_of(office.desk.directory)


def test_every_mistake_is_told_at_once(office: Office) -> None:
    with pytest.raises(RegisterError) as raised:
        office.enter("agreement", holder="", trunk="abroad", numbers=["0470"])
    assert len(str(raised.value).splitlines()) == 3


def test_a_kind_that_there_is_not_is_told_with_those_that_there_are(office: Office) -> None:
    with pytest.raises(RegisterError, match=r"'blocked' is no kind of entry; one of dossier, .*blocked_user"):
        office.enter("blocked")


@pytest.mark.parametrize("by", ["", "  ", "ada\n"])
def test_nobody_enters_nothing(office: Office, by: str) -> None:
    with pytest.raises(RegisterError, match="names nobody"):
        office.enter(by=by)


def test_trials_that_follow_each_other_are_held_against_each_other(office: Office) -> None:
    trial = {"reference": "T", "trunk": "abroad", "owner": "o", "reason": "r"}
    office.enter("shadow", since="2026-04-01", until="2026-04-30", **trial)
    with pytest.raises(RegisterError, match="goes on without a day between"):
        office.enter("shadow", since="2026-05-01", until="2026-05-20", **trial)
    office.enter("shadow", since="2026-05-02", until="2026-05-20", **trial)


# Ended, withdrawn, changed.


def test_an_end_lets_it_hold_to_the_end_of_its_day(office: Office) -> None:
    office.enter("consent")
    doing.end(office.desk, office.config, "consent-1", by="bob", why="", now=NOW)
    assert state(office, "consent-1") is State.IN_FORCE
    assert state(office, "consent-1", TODAY + DAY) is State.OVER
    assert snapshot.read(office.journal).register.consent[0].until == TODAY


def test_a_withdrawal_holds_at_once(office: Office) -> None:
    office.enter()
    doing.withdraw(office.desk, office.config, "blocked_user-1", by="bob", why="mistaken", now=NOW)
    assert state(office, "blocked_user-1") is State.WITHDRAWN
    assert in_force(office) == []


@pytest.mark.parametrize(
    ("until", "told"),
    [
        ("2026-03-30", "is over"),
        ("2027-01-01", "ends on 2026-12-31 as it is; to prolong it"),
        ("2026-12-31", "prolong"),
    ],
)
def test_an_end_only_shortens_what_is_still_to_come(office: Office, until: str, told: str) -> None:
    office.enter("consent", until="2026-12-31")
    with pytest.raises(RegisterError, match=told):
        doing.end(
            office.desk,
            office.config,
            "consent-1",
            until=datetime.date.fromisoformat(until),
            by="b",
            why="",
            now=NOW,
        )


def test_what_has_gone_stays_as_it_is(office: Office) -> None:
    office.enter()
    doing.withdraw(office.desk, office.config, "blocked_user-1", by="bob", why="", now=NOW)
    for again in (
        lambda: doing.withdraw(office.desk, office.config, "blocked_user-1", by="b", why="", now=NOW),
        lambda: doing.end(office.desk, office.config, "blocked_user-1", by="b", why="", now=NOW),
        lambda: doing.change(office.desk, office.config, "blocked_user-1", {"reference": "x"}, by="b", why="", now=NOW),
    ):
        with pytest.raises(RegisterError, match="is withdrawn, and stays as it is"):
            again()
    assert len(office.entries()["blocked_user-1"].acts) == 2


def test_a_change_is_another_entry_in_its_place_and_the_first_stays_readable(office: Office) -> None:
    office.enter("agreement")
    doing.change(office.desk, office.config, "agreement-1", {"numbers": ["+3225551214"]}, by="bob", why="", now=NOW)
    assert in_force(office) == ["agreement-2"]
    first, second = office.entries()["agreement-1"], office.entries()["agreement-2"]
    assert (first.state(TODAY), first.replaced_by) == (State.REPLACED, "agreement-2")
    assert first.said["numbers"] == sorted(AGREEMENT["numbers"])
    assert second.said == {**AGREEMENT, "since": "2026-03-31", "numbers": ["+3225551214"]}


def test_a_change_that_begins_later_leaves_no_day_between(office: Office) -> None:
    office.enter("agreement")
    later = {"since": "2026-05-01"}
    doing.change(office.desk, office.config, "agreement-1", later, by="bob", why="", now=NOW)
    assert in_force(office) == ["agreement-1", "agreement-2"]
    for day, states in (
        (datetime.date(2026, 4, 30), (State.IN_FORCE, State.COMING)),
        (datetime.date(2026, 5, 1), (State.OVER, State.IN_FORCE)),
    ):
        assert (state(office, "agreement-1", day), state(office, "agreement-2", day)) == states


def later(office: Office, name: str, since: str, now: datetime.datetime = NOW) -> None:
    doing.change(office.desk, office.config, name, {"since": since, "until": None}, by="bob", why="", now=now)


def test_what_a_coming_entry_takes_the_place_of_can_be_changed_no_second_time(office: Office) -> None:
    office.enter("agreement")
    later(office, "agreement-1", "2026-05-01")
    for day in ("2026-03-31", "2026-04-15", "2026-06-01"):
        with pytest.raises(RegisterError, match="agreement-2 comes in the place of agreement-1 already; change or"):
            later(office, "agreement-1", day)
    assert in_force(office) == ["agreement-1", "agreement-2"]
    later(office, "agreement-2", "2026-06-01")
    assert in_force(office) == ["agreement-1", "agreement-2", "agreement-3"]


def test_of_two_changes_that_were_proposed_only_one_can_be_approved(careful: Office) -> None:
    careful.enter("agreement")
    doing.approve(careful.desk, "agreement-1", by="bob", why="", now=NOW)
    for day in ("2026-05-01", "2026-06-01"):
        doing.change(careful.desk, careful.config, "agreement-1", {"since": day}, by="ada", why="", now=NOW)
    doing.approve(careful.desk, "agreement-2", by="bob", why="", now=NOW)
    with pytest.raises(RegisterError, match="agreement-2 comes in the place of agreement-1 already"):
        doing.approve(careful.desk, "agreement-3", by="bob", why="", now=NOW)
    assert in_force(careful) == ["agreement-1", "agreement-2"]


@pytest.mark.parametrize("until", [None, "2026-12-31"])
def test_a_coming_change_that_is_withdrawn_gives_the_first_its_time_back(office: Office, until: str | None) -> None:
    office.enter("agreement", until=until)
    said = office.entries()["agreement-1"].until
    later(office, "agreement-1", "2026-05-01")
    doing.withdraw(office.desk, office.config, "agreement-2", by="bob", why="", now=NOW + 2 * DAY)
    assert office.entries()["agreement-1"].until == said
    assert in_force(office) == ["agreement-1"]
    assert state(office, "agreement-1", datetime.date(2026, 5, 2)) is State.IN_FORCE
    later(office, "agreement-1", "2026-06-01", NOW + 2 * DAY)
    assert state(office, "agreement-3", datetime.date(2026, 6, 1)) is State.IN_FORCE


def test_an_end_that_somebody_gave_the_first_stands_when_the_change_is_withdrawn(office: Office) -> None:
    office.enter("agreement")
    later(office, "agreement-1", "2026-05-01")
    ends = datetime.date(2026, 4, 10)
    doing.end(office.desk, office.config, "agreement-1", until=ends, by="bob", why="", now=NOW)
    doing.withdraw(office.desk, office.config, "agreement-2", by="bob", why="", now=NOW)
    assert office.entries()["agreement-1"].until == ends


def test_a_change_that_is_withdrawn_after_it_began_leaves_the_first_over(office: Office) -> None:
    office.enter("agreement")
    later(office, "agreement-1", "2026-05-01")
    doing.withdraw(office.desk, office.config, "agreement-2", by="bob", why="", now=NOW + 40 * DAY)
    assert office.entries()["agreement-1"].until == datetime.date(2026, 4, 30)


def test_an_entry_to_change_may_be_named_with_hyphens(office: Office) -> None:
    office.enter()
    doing.change(office.desk, office.config, "blocked-user-1", {"reference": "B-2"}, by="bob", why="", now=NOW)
    assert in_force(office) == ["blocked_user-2"]
    assert office.entries()["blocked_user-2"].replaces == "blocked_user-1"


def test_a_change_can_take_a_key_out_and_is_checked_whole(office: Office) -> None:
    office.enter("consent", until="2026-12-31")
    doing.change(office.desk, office.config, "consent-1", {"until": None}, by="b", why="", now=NOW)
    assert office.entries()["consent-2"].until is None
    with pytest.raises(RegisterError, match="called: "):
        doing.change(office.desk, office.config, "consent-2", {"called": "0470"}, by="b", why="", now=NOW)


def test_what_is_over_leaves_the_snapshot_with_the_next_act(office: Office) -> None:
    office.enter("consent", until="2026-04-01")
    office.enter(now=NOW + 2 * DAY)
    assert in_force(office) == ["blocked_user-1"]
    assert "consent-1" in office.entries().items


# Four eyes.


@pytest.mark.law("K20")
def test_with_four_eyes_an_entry_is_in_force_once_another_person_has_approved_it(careful: Office) -> None:
    assert careful.enter().waits
    assert (state(careful, "blocked_user-1"), in_force(careful)) == (State.PROPOSED, [])
    for same in ("ada", " Ada ", "ADA"):
        with pytest.raises(RegisterError, match="another person must approve it"):
            doing.approve(careful.desk, "blocked_user-1", by=same, why="", now=NOW)
    doing.approve(careful.desk, "blocked_user-1", by="bob", why="seen", now=NOW)
    assert (state(careful, "blocked_user-1"), in_force(careful)) == (State.IN_FORCE, ["blocked_user-1"])
    with pytest.raises(RegisterError, match="nothing about blocked_user-1 waits"):
        doing.approve(careful.desk, "blocked_user-1", by="bob", why="", now=NOW)


def test_what_is_refused_is_never_in_force(careful: Office) -> None:
    careful.enter()
    doing.refuse(careful.desk, "blocked_user-1", by="bob", why="wrong number", now=NOW)
    assert (state(careful, "blocked_user-1"), in_force(careful)) == (State.REFUSED, [])
    with pytest.raises(RegisterError):
        doing.approve(careful.desk, "blocked_user-1", by="bob", why="", now=NOW)


def test_whoever_proposed_may_take_it_back_alone(careful: Office) -> None:
    careful.enter()
    assert not doing.withdraw(careful.desk, careful.config, "blocked_user-1", by="ada", why="", now=NOW).waits
    assert state(careful, "blocked_user-1") is State.WITHDRAWN


@pytest.mark.parametrize("ending", [True, False])
def test_an_end_waits_too_and_until_then_nothing_has_changed(careful: Office, *, ending: bool) -> None:
    careful.enter()
    doing.approve(careful.desk, "blocked_user-1", by="bob", why="", now=NOW)
    act = doing.end if ending else doing.withdraw
    assert act(careful.desk, careful.config, "blocked_user-1", by="ada", why="", now=NOW).waits
    assert (state(careful, "blocked_user-1", TODAY + DAY), in_force(careful)) == (State.IN_FORCE, ["blocked_user-1"])
    with pytest.raises(RegisterError, match=r"by ada waits for an approval; approve or refuse that first"):
        act(careful.desk, careful.config, "blocked_user-1", by="bob", why="", now=NOW)
    doing.refuse(careful.desk, "blocked_user-1", by="ada", why="", now=NOW)
    assert state(careful, "blocked_user-1", TODAY + DAY) is State.IN_FORCE
    act(careful.desk, careful.config, "blocked_user-1", by="ada", why="", now=NOW)
    doing.approve(careful.desk, "blocked_user-1", by="bob", why="", now=NOW)
    assert state(careful, "blocked_user-1", TODAY + DAY) is (State.OVER if ending else State.WITHDRAWN)


def test_a_change_takes_the_place_of_the_first_when_it_is_approved(careful: Office) -> None:
    careful.enter()
    doing.approve(careful.desk, "blocked_user-1", by="bob", why="", now=NOW)
    doing.change(careful.desk, careful.config, "blocked_user-1", {"reference": "B-2"}, by="ada", why="", now=NOW)
    assert in_force(careful) == ["blocked_user-1"]
    doing.approve(careful.desk, "blocked_user-2", by="bob", why="", now=NOW)
    assert in_force(careful) == ["blocked_user-2"]


def test_a_change_of_what_has_gone_meanwhile_cannot_be_approved(careful: Office) -> None:
    careful.enter()
    doing.approve(careful.desk, "blocked_user-1", by="bob", why="", now=NOW)
    doing.change(careful.desk, careful.config, "blocked_user-1", {"reference": "B-2"}, by="ada", why="", now=NOW)
    doing.withdraw(careful.desk, careful.config, "blocked_user-1", by="ada", why="", now=NOW)
    doing.approve(careful.desk, "blocked_user-1", by="bob", why="", now=NOW)
    with pytest.raises(RegisterError, match="blocked_user-1 is withdrawn"):
        doing.approve(careful.desk, "blocked_user-2", by="bob", why="", now=NOW)
    assert in_force(careful) == []


def test_a_setting_that_changes_later_changes_nothing_that_stands(tmp_path: Path) -> None:
    Office.at(tmp_path).enter()
    careful = Office.at(tmp_path, FourEyes.ALL)
    careful.enter()
    assert (state(careful, "blocked_user-1"), state(careful, "blocked_user-2")) == (State.IN_FORCE, State.PROPOSED)
    free = Office.at(tmp_path)
    assert state(free, "blocked_user-2") is State.PROPOSED


@pytest.mark.law("¶17", "¶16 block")
def test_one_person_may_stop_calls_at_once_and_two_must_let_them_pass() -> None:
    relief = FourEyes.RELIEF
    stopping = {"suspension", "blocked_user", "do_not_originate"}
    assert {kind for kind in kinds() if not must_wait(relief, Action.ADD, kind)} == stopping
    assert {kind for kind in kinds() if must_wait(relief, Action.WITHDRAW, kind)} >= stopping
    assert not must_wait(relief, Action.END, "agreement")
    assert all(must_wait(FourEyes.ALL, action, kind) for action in Action for kind in kinds())
    assert not any(must_wait(FourEyes.NONE, action, kind) for action in Action for kind in kinds())


@pytest.mark.law("¶16 block")
def test_a_block_that_is_changed_needs_two_for_it_ends_another(tmp_path: Path) -> None:
    office = Office.at(tmp_path, FourEyes.RELIEF)
    assert not office.enter().waits
    changed = doing.change(office.desk, office.config, "blocked_user-1", {"trunk": "home"}, by="a", why="", now=NOW)
    assert changed.waits


# Many at once.


def test_thousands_of_consents_are_entered_and_approved_together(careful: Office) -> None:
    rows = [{**CONSENT, "called": f"+32470{number:06d}"} for number in range(5_000)]
    done = doing.add_all(careful.desk, careful.config, "consent", rows, by="ada", why="", now=NOW)
    assert str(done.span) == "consent-1..5000"
    assert in_force(careful) == []
    doing.approve(careful.desk, "consent-1..5000", by="bob", why="", now=NOW)
    assert len(in_force(careful)) == 5_000
    assert len([*careful.desk.lines()]) == 3, "an act is one line, whole or not there"


def test_of_many_with_one_mistake_none_is_entered_and_its_place_is_told(office: Office) -> None:
    rows = [CONSENT, {**CONSENT, "called": "0470"}]
    with pytest.raises(RegisterError, match=r"^line 3: called: '0470' is no number"):
        doing.add_all(office.desk, office.config, "consent", rows, places=("line 2", "line 3"), by="a", why="", now=NOW)
    assert office.entries().items == {}


@pytest.mark.parametrize("rows", [0, 3])
def test_how_much_is_entered_at_once_is_bounded(office: Office, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MOST", 2)
    with pytest.raises(RegisterError, match=r"there is no entry in it|enter them in parts"):
        doing.add_all(office.desk, office.config, "consent", [CONSENT] * rows, by="a", why="", now=NOW)


@pytest.mark.parametrize("text", ["consent", "consent-0", "consent-2..1", "consent-1..", "Consent 1", "-1", ""])
def test_what_names_no_entry_is_told(text: str) -> None:
    with pytest.raises(RegisterError, match="names no entry"):
        Span.parse(text)


@pytest.mark.parametrize("text", ["do_not_originate-7", "do-not-originate-7", "mobile_range-1..20"])
def test_a_kind_may_be_written_with_hyphens(text: str) -> None:
    assert str(Span.parse(text)) == text.replace("do-not-originate", "do_not_originate")


def test_what_there_is_not_cannot_be_done_anything_about(office: Office) -> None:
    office.enter()
    with pytest.raises(RegisterError, match="there is no entry 'blocked_user-2'"):
        doing.withdraw(office.desk, office.config, "blocked_user-1..2", by="a", why="", now=NOW)
    assert state(office, "blocked_user-1") is State.IN_FORCE, "all of them, or none"


def test_what_cannot_be_done_to_all_of_them_is_done_to_none(office: Office) -> None:
    for _ in range(2):
        office.enter()
    doing.withdraw(office.desk, office.config, "blocked_user-2", by="a", why="", now=NOW)
    entries = office.entries()
    with pytest.raises(RegisterError, match="blocked_user-2 is withdrawn"):
        entries.apply(Act(span=Span("blocked_user", 1, 2), action=Action.WITHDRAW, by="a", at=NOW))
    assert (entries["blocked_user-1"].stands, len(entries["blocked_user-1"].acts)) == (True, 1)


# Two at once, and failures between.


def test_of_two_who_approve_one_entry_the_second_is_told(careful: Office) -> None:
    careful.enter()

    def approve(by: str) -> bool:
        try:
            doing.approve(Desk(careful.journal), "blocked_user-1", by=by, why="", now=NOW)
        except RegisterError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(approve, ["bob", "eve", "dan", "kim"])) == 1
    assert len(careful.entries()["blocked_user-1"].acts) == 2


def test_entries_that_are_made_at_once_have_names_of_their_own(office: Office) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: str(office.enter().span), range(8)))
    assert sorted(made) == sorted(f"blocked_user-{number}" for number in range(1, 9))
    assert len(in_force(office)) == 8


def test_what_cannot_be_written_is_not_in_force(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    office.enter("consent")
    before = snapshot.path_of(office.journal).read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Desk, "_append", full)
        with pytest.raises(JournalError, match="No space left"):
            office.enter()
    assert snapshot.path_of(office.journal).read_bytes() == before
    assert [path.name for path in office.desk.directory.iterdir() if path.suffix == ".new"] == []


def test_what_workers_could_not_be_told_is_not_written(office: Office) -> None:
    office.enter("consent")
    snapshot.path_of(office.journal).with_suffix(".new").mkdir()  # no file can be made in its place
    with pytest.raises(JournalError, match="cannot be written"):
        office.enter()
    assert list(office.entries().items) == ["consent-1"]


def test_a_purged_entry_is_in_force_no_more_and_its_history_stands(office: Office) -> None:
    office.enter("consent")
    lines = [{key: value for key, value in line.items() if key != "personal"} for line in office.desk.lines()]
    item = Entries.fold(lines)["consent-1"]
    assert (item.state(TODAY), item.stands, item.acts[0].by) == (State.FORGOTTEN, False, "ada")


def test_a_line_that_does_not_follow_is_an_error_that_names_it(office: Office) -> None:
    office.enter("consent")
    line = next(line for line in office.desk.lines() if line["kind"] == "entry")
    for wrong in (
        {**line, "entry": "consent-9"},
        {**line, "action": "approve"},
        {**line, "by": None, "why": 3, "at": 1},
    ):
        with pytest.raises(JournalError, match="the desk's line of"):
            Entries.fold([line, wrong])


# Whatever people do.


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "approve", "refuse", "end", "withdraw", "change"]),
            st.integers(1, 4),
            st.sampled_from(["ada", "bob"]),
        ),
        max_size=14,
    ),
    st.sampled_from(FourEyes),
)
def test_nothing_is_in_force_that_two_had_to_see_and_one_has_and_no_history_is_lost(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]], four_eyes: FourEyes
) -> None:
    office = Office.at(tmp_path_factory.mktemp("office"), four_eyes)
    desk, config, done = office.desk, office.config, 0
    for step, number, by in steps:
        name = f"consent-{number}"
        before = {key: len(item.acts) for key, item in office.entries().items.items()}
        try:
            match step:
                case "add":
                    office.enter("consent", by=by)
                case "approve" | "refuse":
                    getattr(doing, step)(desk, name, by=by, why="", now=NOW)
                case "change":
                    doing.change(desk, config, name, {"reference": "C"}, by=by, why="", now=NOW)
                case _:
                    getattr(doing, step)(desk, config, name, by=by, why="", now=NOW)
        except RegisterError:
            assert {key: len(item.acts) for key, item in office.entries().items.items()} == before
            continue
        done += 1
        after = office.entries()
        assert all(len(after[key].acts) >= count for key, count in before.items())
        standing = [item.id for item in after.standing()]
        assert in_force(office) == standing
        for item in after.standing():
            adding = item.acts[0]
            assert not adding.waits or any(a.action is Action.APPROVE and a.by != adding.by for a in item.acts)
    assert sum(line["kind"] == "entry" for line in desk.lines()) == done
    assert verify(segments_of(desk.directory)) is None
