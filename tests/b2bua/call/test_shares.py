from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call.shares import (
    FEWEST,
    FOREIGN_SHARE,
    HOUR,
    MONTH,
    MOST_NUMBERS,
    NOMADIC_SHARE,
    Share,
    Shares,
    nomadic_agreement,
)
from policy.register import Agreement, Register, Service

FOREIGN, NUMBER = ("foreign-caller",), "+3225551212"


def agreement(service: Service = Service.NOMADIC, trunk: str = "nomads") -> Agreement:
    return Agreement(
        reference="A-1",
        since=date(2026, 1, 1),
        trunk=trunk,
        service=service,
        holder="Somebody",
        numbers=frozenset({NUMBER}),
    )


def test_only_the_calls_of_the_window_count() -> None:
    share = Share(HOUR)
    for now in range(0, 7_200, 60):
        share.count(is_kind=now < 3_600, now=float(now))
    calls, kind = share.totals
    assert 55 <= calls <= 65
    assert kind <= 5
    share.count(is_kind=True, now=1e6)
    assert share.totals == (1, 1)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20_000)), max_size=60))
def test_a_share_never_forgets_what_is_in_its_window_and_never_counts_what_is_long_over(
    calls: list[tuple[bool, float]],
) -> None:
    share, ordered = Share(HOUR), sorted(calls, key=lambda call: call[1])
    for is_kind, now in ordered:
        share.count(is_kind=is_kind, now=now)
    last = ordered[-1][1] if ordered else 0.0
    every, kind = share.totals
    window = [is_kind for is_kind, now in ordered if now > last - HOUR * 11 / 12]
    longer = [is_kind for is_kind, now in ordered if now > last - HOUR * 13 / 12]
    assert len(window) <= every <= len(longer)
    assert sum(window) <= kind <= sum(longer)
    assert len(share._slices) <= 13


@pytest.mark.law("¶31", "¶32", "K26")
def test_a_transit_circuit_with_too_many_foreign_callers_is_told_of_once_an_hour() -> None:
    shares, told = Shares(), []
    for call in range(200):
        flags, alarms = shares.crossed("transit", FOREIGN if call % 2 else (), 0.2, 30.0 * call)
        assert flags == ((FOREIGN_SHARE,) if call >= FEWEST - 1 else ())
        told += [(30.0 * call, alarm) for alarm in alarms]
    assert [(at, alarm.name) for at, alarm in told] == [(570.0, FOREIGN_SHARE), (HOUR + 570.0, FOREIGN_SHARE)]
    assert told[0][1].text.startswith("transit: 10 of 20 callers in the last hour")
    assert 50 <= shares.counts()["transit"]["foreign or anonymous"] <= 65


@pytest.mark.law("¶32")
def test_a_share_at_its_setting_is_no_matter_and_anonymous_callers_count_like_foreign_ones() -> None:
    shares = Shares()
    for call in range(100):
        flags, alarms = shares.crossed("transit", ("anonymous-caller",) if call % 5 == 4 else (), 0.2, float(call))
        assert (flags, alarms) == ((), [])
    assert shares.crossed("transit", ("anonymous-caller",), 0.2, 100.0)[0] == (FOREIGN_SHARE,)


def test_few_calls_say_nothing_and_circuits_are_apart() -> None:
    shares = Shares()
    for call in range(FEWEST - 1):
        assert shares.crossed("a", FOREIGN, 0.2, float(call)) == ((), [])
        assert shares.crossed("b", FOREIGN, 0.2, float(call)) == ((), [])


@pytest.mark.law("¶15", "L14", "K22", "¶15 nomadic")
def test_a_nomadic_number_that_calls_more_from_abroad_than_from_home_is_told_of() -> None:
    shares, entry = Shares(), agreement()
    for call in range(30):
        assert shares.called(NUMBER, entry, is_abroad=call % 2 == 1, now=float(call)) == ((), [])
    flags, alarms = shares.called(NUMBER, entry, is_abroad=True, now=30.0)
    assert flags == (NOMADIC_SHARE,)
    assert [alarm.name for alarm in alarms] == [NOMADIC_SHARE]
    assert NUMBER not in alarms[0].text
    assert "A-1" in alarms[0].text
    flags, alarms = shares.called(NUMBER, entry, is_abroad=True, now=31.0)
    assert (flags, alarms) == ((NOMADIC_SHARE,), [])
    assert shares.called(NUMBER, entry, is_abroad=False, now=32.0) == ((), [])
    assert shares.called(NUMBER, entry, is_abroad=True, now=32.0 + 2 * MONTH) == ((), [])


def test_of_too_many_numbers_the_one_that_has_not_called_for_longest_is_forgotten() -> None:
    shares, entry = Shares(), agreement()
    for name in ("first", "second", "first"):
        shares.called(name, entry, is_abroad=True, now=0.0)
    for number in range(MOST_NUMBERS - 1):
        shares.called(f"+{number}", entry, is_abroad=False, now=1.0)
    assert len(shares.nomadic) == MOST_NUMBERS
    assert "first" in shares.nomadic
    assert "second" not in shares.nomadic


@pytest.mark.law("¶15 nomadic", "K22")
def test_only_a_nomadic_agreement_in_force_has_nomads() -> None:
    register = Register("r", (agreement(Service.CONFERENCE, "talks"), agreement()))
    day = date(2026, 2, 1)
    found = nomadic_agreement(register, NUMBER, day)
    assert found is not None
    assert found.trunk == "nomads"
    assert nomadic_agreement(register, NUMBER, day, "nomads") is found
    assert nomadic_agreement(register, NUMBER, day, "talks") is None
    assert nomadic_agreement(register, NUMBER, date(2025, 12, 31)) is None
    assert nomadic_agreement(register, "+3225551213", day) is None
