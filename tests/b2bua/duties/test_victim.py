from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from b2bua.duties import victim as module
from b2bua.duties.victim import Account, Fate, account, masked
from b2bua.evidence.forgetting import pseudonym
from b2bua.store import Store
from tests.b2bua.duties.making import CALLED, NOW, VICTIM, ago, answer, end, finding, national, segment, verdict

KEY = bytes(32)
MOBILE = "+32470123456"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db", tmp_path / "journal") as opened:
        yield opened


def told(store: Store, *lines: Any, names: tuple[str, ...] = (VICTIM,)) -> Account:
    segment(store.journal, lines, ago(300))
    store.rebuild()
    return account(store, names, ago(30), NOW)


def fates(found: Account) -> list[Fate]:
    return [one.fate for one in found.calls]


@pytest.mark.parametrize(
    ("outcome", "facts", "fate"),
    [
        ("pass", {}, Fate.SHOWN),
        ("withhold", {}, Fate.HIDDEN),
        ("block", {}, Fate.REFUSED),
        ("undecided", {}, Fate.REFUSED),
        ("strip", {}, Fate.HIDDEN),
        ("block", {"enforced": False}, Fate.SHOWN),
        ("strip", {"enforced": False}, Fate.SHOWN),
    ],
)
def test_what_became_of_a_call_follows_from_its_verdict(
    store: Store, outcome: str, facts: dict[str, Any], fate: Fate
) -> None:
    line = verdict("a", ago(1), outcome=outcome, findings=[finding(VICTIM, outcome)], **facts)
    assert fates(told(store, line)) == [fate]


def test_a_number_that_was_taken_out_of_one_header_and_left_in_another_was_shown(store: Store) -> None:
    found = [finding(VICTIM, "strip", "redirect"), finding(VICTIM, "pass")]
    assert fates(told(store, verdict("a", ago(1), outcome="strip", findings=found))) == [Fate.SHOWN]


def test_that_another_number_was_left_shows_nothing_of_this_one(store: Store) -> None:
    found = [finding(VICTIM, "strip", "redirect"), finding("+442071838750", "pass")]
    assert fates(told(store, verdict("a", ago(1), outcome="strip", findings=found))) == [Fate.HIDDEN]


def test_that_the_number_itself_was_called_shows_it_to_nobody(store: Store) -> None:
    line = verdict("a", ago(1), called=VICTIM, outcome="strip", findings=[finding(VICTIM, "strip", "redirect")])
    assert fates(told(store, line)) == [Fate.HIDDEN]


def test_a_number_is_found_wherever_it_stood(store: Store) -> None:
    positions = ("presentation", "network", "display", "redirect", "other")
    lines = [
        verdict(each, ago(1), caller=MOBILE, findings=[finding(MOBILE, "pass"), finding(VICTIM, "block", each)])
        for each in positions
    ]
    assert {one.call for one in told(store, *lines).calls} == {*positions}


def test_calls_to_the_number_do_not_bear_it(store: Store) -> None:
    assert told(store, verdict("a", ago(1), caller=MOBILE, called=VICTIM)).calls == ()


def test_only_calls_of_the_period_count(store: Store) -> None:
    lines = [verdict(f"{days}", ago(days)) for days in (31, 30, 1, 0)]
    assert [one.call for one in told(store, *lines).calls] == ["30", "1"]


def test_the_owners_own_calls_are_told_apart(store: Store) -> None:
    found = told(store, verdict("a", ago(2)), national("b", ago(1), VICTIM))
    assert (len(found.calls), found.from_home, fates(found)) == (2, 1, [Fate.REFUSED, Fate.SHOWN])


def test_the_account_adds_up(store: Store) -> None:
    found = told(
        store,
        verdict("a", ago(3)),
        end("a", ago(3)),
        verdict("b", ago(2), outcome="pass", trunk="INT-2"),
        answer("b", ago(2)),
        verdict("c", ago(1)),
    ).as_dict()
    assert (found["calls"], found["answered"], found["from_home"], found["partial"]) == (3, 1, 0, False)
    assert found["fates"] == {"shown": 1, "hidden": 0, "refused": 2}
    assert found["trunks"] == [
        {"trunk": "INT-1", "class": "international", "fate": "refused", "calls": 2},
        {"trunk": "INT-2", "class": "international", "fate": "shown", "calls": 1},
    ]
    assert [one["fate"] for one in found["list"]] == ["refused", "shown", "refused"]
    assert orjson.loads(orjson.dumps(found))["list"][1]["answered"] is True


def test_nobody_elses_number_is_told_whole(store: Store) -> None:
    found = told(store, verdict("a", ago(1), findings=[finding(VICTIM), finding(MOBILE, "pass", "network")]))
    printed = orjson.dumps(found.as_dict()).decode()
    assert CALLED not in printed
    assert MOBILE not in printed
    assert found.calls[0].called == "+3293******"


@pytest.mark.parametrize(
    ("number", "shown"), [("+3293330000", "+3293******"), ("112", "112"), (None, ""), ("#5e1f", "")]
)
def test_of_a_third_party_the_beginning_is_shown(number: str | None, shown: str) -> None:
    assert masked(number) == shown


def test_calls_whose_numbers_have_gone_are_found_by_the_pseudonym(store: Store) -> None:
    segment(store.journal, [verdict("old", ago(20)), verdict("new", ago(1))], ago(300))
    store.rebuild()
    store.forget(ago(10), KEY)
    assert [one.call for one in account(store, (VICTIM,), ago(30), NOW).calls] == ["new"]
    both = account(store, (VICTIM, pseudonym(KEY, VICTIM)), ago(30), NOW)
    assert [(one.call, one.called) for one in both.calls] == [("old", ""), ("new", "+3293******")]
    assert both.number == VICTIM


def test_more_calls_than_an_account_holds_are_said_to_be_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    found = told(store, *(verdict(f"c{number}", ago(10 - number)) for number in range(4)))
    assert ([one.call for one in found.calls], found.is_partial) == (["c0", "c1"], True)


def test_an_account_of_exactly_as_many_is_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    assert not told(store, *(verdict(f"c{number}", ago(10 - number)) for number in range(2))).is_partial
