import datetime
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from b2bua.config import Config, Endpoint, Journal, Nomadic, Register, Trunk
from b2bua.duties.meter import Decision, Standing
from b2bua.duties.nomadic import chore, metered
from b2bua.evidence import Desk
from b2bua.register import add, desk_of
from b2bua.store import Store
from policy.claim import TrunkClass
from policy.register import Agreement, Service
from tests.b2bua.duties.making import NOW, ago, national, salts, segment, verdict

ONE, TWO, UNLISTED = "+3222345678", "+3222345679", "+3222340000"


def trunk(name: str, trunk_class: TrunkClass, host: str) -> Trunk:
    endpoint = Endpoint.parse(f"{host}:5060")
    return Trunk(name=name, declared_class=trunk_class, listen=(endpoint,), peers=(), targets=())


def agreement(reference: str = "A-1", **fields: Any) -> Agreement:
    terms = {
        "trunk": "NOMAD",
        "service": Service.NOMADIC,
        "holder": "Nomad NV",
        "numbers": frozenset({ONE, TWO}),
        "since": datetime.date(2026, 1, 1),
        **fields,
    }
    return Agreement(reference=reference, **terms)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        journal=Journal(directory=str(tmp_path / "journal")),
        register=Register(agreement=(agreement(),)),
        nomadic=Nomadic(window_days=30, max_share=0.25, min_calls=3),
        trunk=(
            trunk("NOMAD", TrunkClass.ARTICLE_4, "127.0.0.2"),
            trunk("INT-1", TrunkClass.INTERNATIONAL, "127.0.0.3"),
            trunk("NAT-1", TrunkClass.NATIONAL, "127.0.0.4"),
            trunk("TRANSIT", TrunkClass.NATIONAL_TRANSIT, "127.0.0.5"),
        ),
    )


@pytest.fixture
def store(config: Config, tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db", Path(config.journal.directory)) as opened:
        yield opened


def from_abroad(number: str, calls: int, outcome: str = "pass", days: float = 1, trunk: str = "NOMAD") -> list[Any]:
    facts = {"trunk": trunk, "class": "article-4", "basis": "art. 4 §1"}
    names = (f"abroad-{number}-{outcome}-{days}-{trunk}-{call}" for call in range(calls))
    return [verdict(name, ago(days), caller=number, outcome=outcome, **facts) for name in names]


def from_home(number: str, calls: int, days: float = 1, **facts: object) -> list[Any]:
    return [national(f"home-{number}-{days}-{facts}-{call}", ago(days), number, **facts) for call in range(calls)]


def filled(store: Store, *lines: list[Any]) -> Store:
    segment(store.journal, [line for some in lines for line in some], ago(300))
    store.rebuild()
    return store


def found(config: Config, store: Store) -> dict[str, tuple[int, int, Standing]]:
    return {one.use.number: (one.use.abroad, one.use.home, one.standing) for one in metered(config, store, NOW)}


@pytest.mark.law("¶15 nomadic", "K22")
def test_calls_by_the_interface_are_set_against_calls_from_home(config: Config, store: Store) -> None:
    filled(store, from_abroad(ONE, 4), from_home(ONE, 2), from_abroad(TWO, 3), from_home(TWO, 40))
    assert found(config, store) == {ONE: (4, 2, Standing.EXCESSIVE), TWO: (3, 40, Standing.OCCASIONAL)}


def test_the_greatest_share_comes_first(config: Config, store: Store) -> None:
    filled(store, from_abroad(ONE, 3), from_home(ONE, 9), from_abroad(TWO, 3), from_home(TWO, 1))
    assert [one.use.number for one in metered(config, store, NOW)] == [TWO, ONE]


def test_calls_in_transit_from_home_are_from_home(config: Config, store: Store) -> None:
    filled(store, from_abroad(ONE, 3), from_home(ONE, 20, trunk="TRANSIT", **{"class": "national-transit"}))
    assert found(config, store) == {ONE: (3, 20, Standing.OCCASIONAL)}


def test_what_others_pretend_on_international_trunks_is_no_use(config: Config, store: Store) -> None:
    filled(store, from_abroad(ONE, 1), from_abroad(ONE, 50, "block", trunk="INT-1"))
    assert found(config, store) == {ONE: (1, 0, Standing.FEW)}


@pytest.mark.law("¶15 nomadic", "K22")
def test_what_is_occasional_is_the_use_of_a_number_and_not_that_of_one_agreement(config: Config, store: Store) -> None:
    """40 of 100 calls by two interfaces, a fifth by each beside those from home."""
    import attrs

    second = agreement("A-2", trunk="NOMAD-2")
    both = attrs.evolve(
        config,
        register=Register(agreement=(agreement(), second, agreement("A-3"))),
        trunk=(*config.trunk, trunk("NOMAD-2", TrunkClass.ARTICLE_4, "127.0.0.6")),
    )
    filled(store, from_abroad(ONE, 20), from_abroad(ONE, 20, trunk="NOMAD-2"), from_home(ONE, 60))
    told = {one.use.agreement: (one.use.abroad, one.use.elsewhere, one.standing) for one in metered(both, store, NOW)}
    assert told == dict.fromkeys(("A-1", "A-2", "A-3"), (20, 20, Standing.EXCESSIVE))
    only = attrs.evolve(both, register=Register(agreement=(agreement(), agreement("A-3"))))
    assert {one.standing for one in metered(only, store, NOW)} == {Standing.OCCASIONAL}, "one interface, counted once"


def test_calls_by_all_interfaces_together_say_enough(config: Config, store: Store) -> None:
    import attrs

    both = attrs.evolve(
        config,
        register=Register(agreement=(agreement(), agreement("A-2", trunk="NOMAD-2"))),
        trunk=(*config.trunk, trunk("NOMAD-2", TrunkClass.ARTICLE_4, "127.0.0.6")),
    )
    filled(store, from_abroad(ONE, 2), from_abroad(ONE, 2, trunk="NOMAD-2"))
    assert {one.standing for one in metered(both, store, NOW)} == {Standing.EXCESSIVE}


def test_calls_that_were_taken_back_while_a_holder_was_asked_are_no_use(config: Config, store: Store) -> None:
    filled(store, from_abroad(ONE, 1), from_abroad(ONE, 50, "undecided"))
    assert found(config, store) == {ONE: (1, 0, Standing.FEW)}


def test_refused_calls_are_no_use(config: Config, store: Store) -> None:
    filled(store, from_abroad(ONE, 1), from_abroad(ONE, 50, "block"))
    assert found(config, store) == {ONE: (1, 0, Standing.FEW)}


def test_calls_before_the_window_count_on_neither_side(config: Config, store: Store) -> None:
    filled(store, from_abroad(ONE, 3), from_abroad(ONE, 5, days=31), from_home(ONE, 9, days=31))
    assert found(config, store) == {ONE: (3, 0, Standing.EXCESSIVE)}


def test_calls_to_the_number_are_none_of_its_own(config: Config, store: Store) -> None:
    called = [national(f"to-{call}", ago(1), "+32470123456") for call in range(9)]
    for record in called:
        record.personal = {**record.personal, "called": f"sip:{ONE}@192.0.2.1"}
    filled(store, from_abroad(ONE, 3), called)
    assert found(config, store) == {ONE: (3, 0, Standing.EXCESSIVE)}


def test_a_number_that_is_not_listed_is_not_metered(config: Config, store: Store) -> None:
    filled(store, from_abroad(UNLISTED, 9))
    assert found(config, store) == {}


@pytest.mark.parametrize(
    "fields",
    [{"service": Service.CONFERENCE}, {"until": datetime.date(2026, 6, 30)}, {"since": datetime.date(2027, 1, 1)}],
)
def test_only_agreements_for_nomadic_calls_that_are_in_force_are_metered(
    config: Config, store: Store, fields: dict[str, Any]
) -> None:
    import attrs

    filled(store, from_abroad(ONE, 9))
    assert found(attrs.evolve(config, register=Register(agreement=(agreement(**fields),))), store) == {}


def test_an_agreement_that_a_person_has_entered_is_metered_too(config: Config, store: Store) -> None:
    import attrs

    bare = attrs.evolve(config, register=Register())
    filled(store, from_abroad(UNLISTED, 4))
    assert found(bare, store) == {}
    fields = {
        "reference": "A-2",
        "trunk": "NOMAD",
        "service": "nomadic",
        "holder": "Nomad NV",
        "numbers": [UNLISTED],
        "since": "2026-01-01",
        "evidence": "file 7",
    }
    add(desk_of(bare), bare, "agreement", fields, by="ann", why="signed", now=NOW)
    assert found(bare, store) == {UNLISTED: (4, 0, Standing.EXCESSIVE)}


def test_more_numbers_than_one_question_holds_are_all_counted(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from b2bua.duties import nomadic as module

    monkeypatch.setattr(module, "_MOST", 1)
    filled(store, from_abroad(ONE, 3), from_home(ONE, 1), from_abroad(TWO, 3), from_home(TWO, 2))
    assert {number: home for number, (_, home, _) in found(config, store).items()} == {ONE: 1, TWO: 2}


def test_the_clerk_raises_an_alarm_until_a_person_has_decided(
    config: Config, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    filled(store, from_abroad(ONE, 4))
    daily = chore(config, store)
    with caplog.at_level(logging.ERROR, "b2bua"):
        daily.run(NOW)
        assert caplog.messages == [
            "alarm: nomadic: 1 numbers of A-1 are used from abroad more than occasionally; `b2bua nomadic show`"
        ]
        caplog.clear()
        decision = Decision(
            number=ONE, is_occasional=True, by="ann", why="on leave", until=NOW.date() + datetime.timedelta(days=9)
        )
        Desk(store.journal, salts).write([decision.record(NOW)])
        daily.run(NOW)
        assert caplog.messages == []


def test_what_was_found_excessive_is_told_until_it_is_off_the_list(
    config: Config, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    filled(store, from_abroad(ONE, 1), from_home(ONE, 99))
    decision = Decision(number=ONE, is_occasional=False, by="ann", why="a call centre", until=datetime.date.max)
    Desk(store.journal, salts).write([decision.record(NOW)])
    with caplog.at_level(logging.ERROR, "b2bua"):
        chore(config, store).run(NOW)
    (message,) = caplog.messages
    assert "must come off its list" in message
    assert ONE not in message
