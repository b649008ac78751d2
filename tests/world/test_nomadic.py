"""Nomadic use (art. 4 §1): a listed number may call from abroad, occasionally beside its calls from home."""

import datetime

import attrs
import pytest

from b2bua.call.shares import NOMADIC_SHARE
from b2bua.config import Config, Register
from policy.claim import TrunkClass
from policy.register import Agreement, Service
from tests.world.party import Fields
from tests.world.scene import CONFIG, Scene

LISTED, OTHER = "+3225551212", "+3225553333"
pytestmark = pytest.mark.law("¶15", "¶15 nomadic", "L14", "K22")


def config(service: Service = Service.NOMADIC, *numbers: str) -> Config:
    abroad, home = CONFIG.trunk
    agreement = Agreement(
        reference="AGR-7",
        since=datetime.date(2026, 1, 1),
        trunk="abroad",
        service=service,
        holder="Operator",
        numbers=frozenset(numbers or (LISTED, OTHER)),
    )
    abroad = attrs.evolve(abroad, declared_class=TrunkClass.ARTICLE_4)
    return attrs.evolve(CONFIG, trunk=(abroad, home), register=Register(agreement=(agreement,)))


def call(world: Scene, caller: str, headers: Fields = (), *, from_home: bool = False) -> int | None:
    """A call that nobody answers; the scene's caller stands abroad, its callee at home."""
    party = world.callee if from_home else world.caller
    session = party.invite("+33612345678" if from_home else "+3293330000", f"<sip:{caller}@x>", headers)
    world.run(2)
    return session.final


def busy(made: Config) -> Scene:
    world = Scene(config=made)
    world.caller.script = world.callee.script = [(0.01, 486, b"")]
    return world


def test_a_number_that_calls_more_from_abroad_than_from_home_raises_an_alarm_and_still_calls() -> None:
    with busy(config()) as world:
        for _ in range(8):
            assert call(world, "025551212", from_home=True) == 486
        for _ in range(13):
            assert call(world, LISTED) == 486
    assert [alarm.name for alarm in world.alarms] == [NOMADIC_SHARE]
    assert "AGR-7 (abroad)" in world.alarms[0].text
    assert LISTED[3:] not in world.alarms[0].text
    flagged = [NOMADIC_SHARE in record.facts["flags"] for record in world.records if record.kind == "verdict"]  # type: ignore[operator]
    assert flagged == [False] * 19 + [True] * 2


def test_a_number_that_calls_mostly_from_home_raises_none() -> None:
    with busy(config()) as world:
        for _ in range(12):
            call(world, "+3225551212", from_home=True)
            assert call(world, LISTED) == 486
    assert not world.alarms


def test_numbers_are_measured_apart() -> None:
    with busy(config()) as world:
        for _ in range(15):
            call(world, OTHER, from_home=True)
            assert call(world, LISTED) == 486
    assert not world.alarms  # fifteen calls of one, fifteen of the other


def test_what_is_refused_is_no_use() -> None:
    with busy(config(Service.NOMADIC, OTHER)) as world:
        for _ in range(25):
            assert call(world, LISTED) == 603
            assert call(world, OTHER, [("P-Asserted-Identity", "<tel:+32800123456>")]) == 603
    assert not world.alarms


@pytest.mark.law("¶24", "K16")
def test_national_callers_are_read_for_nobody_but_the_holders_of_nomadic_numbers() -> None:
    with busy(config(Service.CONFERENCE)) as world:
        for _ in range(3):
            call(world, LISTED, from_home=True)
            assert call(world, LISTED) == 486
    assert not world.core.context.anomalies.shares.nomadic
    with busy(config()) as world:
        call(world, "+3225550000", from_home=True)
    assert not world.core.context.anomalies.shares.nomadic
