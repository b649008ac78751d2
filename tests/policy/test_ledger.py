"""The ledger of our own legs: short, bounded, and it never says more than it has seen."""

from datetime import UTC, datetime, timedelta

import pytest

from policy import Ledger
from policy import ledger as ledger_module

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
A, B, PARIS, LONDON = "+3225551212", "+3225553333", "+33612345678", "+442079460000"


@pytest.mark.law("¶14.1 ii", "K13")
def test_a_leg_is_found_by_all_its_callers_and_its_number_until_it_is_too_old() -> None:
    ledger = Ledger()
    ledger.sent([A, B], PARIS, NOW)
    for callers in ({A}, {B}, {A, B}):
        assert ledger.leg(frozenset(callers), PARIS, NOW + timedelta(minutes=5)) is not None
    assert ledger.leg(frozenset({A}), LONDON, NOW) is None
    assert ledger.leg(frozenset({A, "+3225550000"}), PARIS, NOW) is None
    assert ledger.leg(frozenset({A}), PARIS, NOW + timedelta(minutes=5, seconds=1)) is None


def test_a_caller_is_found_without_a_number_while_its_last_leg_is_young() -> None:
    ledger = Ledger()
    ledger.sent([A], PARIS, NOW)
    assert ledger.leg(frozenset({A}), None, NOW + timedelta(minutes=4)) is not None
    assert ledger.leg(frozenset({A, B}), None, NOW) is None
    assert ledger.leg(frozenset({A}), None, NOW + timedelta(minutes=6)) is None


def test_the_latest_of_several_legs_counts() -> None:
    ledger = Ledger()
    ledger.sent([A], PARIS, NOW)
    ledger.sent([B], PARIS, NOW + timedelta(minutes=4))
    assert ledger.leg(frozenset({B}), PARIS, NOW + timedelta(minutes=8)) is not None
    assert ledger.leg(frozenset({A}), PARIS, NOW + timedelta(minutes=8)) is None


@pytest.mark.law("K31")
def test_old_legs_and_forwardings_leave_nothing_behind() -> None:
    ledger = Ledger()
    for second in range(500):
        ledger.sent([A, B], f"+3361234{second:04}", NOW + timedelta(seconds=second))
        ledger.forwarded(PARIS, NOW + timedelta(seconds=second))
    ledger.sent([A], LONDON, NOW + timedelta(days=1))
    ledger.forwarded(LONDON, NOW + timedelta(days=1))
    assert list(ledger._legs) == [(LONDON, frozenset({A}))]
    assert list(ledger._called) == [LONDON]
    assert list(ledger._callers) == [A]
    assert list(ledger._forwarded) == [LONDON]


@pytest.mark.law("K32")
def test_the_same_call_again_takes_no_more_room() -> None:
    ledger = Ledger()
    for second in range(200):
        ledger.sent([A], PARIS, NOW + timedelta(seconds=second))
    assert len(ledger._legs) == len(ledger._called[PARIS]) == 1
    assert ledger.leg(frozenset({A}), PARIS, NOW + timedelta(seconds=490)) is not None


def test_it_never_holds_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "MOST", 10)
    ledger = Ledger()
    for n in range(100):
        ledger.sent([f"+322555{n:04}"], f"+3361234{n:04}", NOW)
        ledger.forwarded(f"+3361234{n:04}", NOW)
    assert len(ledger._legs) == len(ledger._callers) == len(ledger._forwarded) == 10
    assert ledger.leg(frozenset({"+3225550099"}), "+33612340099", NOW) is not None


@pytest.mark.law("¶10")
def test_forwardings_are_counted_within_the_last_hour() -> None:
    ledger = Ledger()
    for minute in (0, 30, 59):
        ledger.forwarded(PARIS, NOW + timedelta(minutes=minute))
    assert ledger.forwardings(PARIS, NOW + timedelta(minutes=59)) == 3
    assert ledger.forwardings(PARIS, NOW + timedelta(minutes=61)) == 2
    assert ledger.forwardings(LONDON, NOW) == 0
