"""The daemon between two carriers and a holder: what becomes of a call while the holder is slow, fails, flaps or lies.

Real sockets on the loopback interface: SIP, HTTP and the journal. Every call shows a Belgian mobile number from abroad.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua.app import App
from b2bua.config import Own, Roaming
from b2bua.demo.holder import served
from b2bua.evidence import segments_of, verify
from b2bua.gateway import Gateway
from b2bua.roaming import Told
from policy.roaming import Roaming as Outcome
from tests.b2bua.evidence.making import read
from tests.b2bua.roaming.serving import ABROAD, AT_HOME, SHIP, holder
from tests.b2bua.roaming.serving import stub as made
from tests.b2bua.test_app import Stage, one_call

NOBODY = "+32470999999"
PATIENCE = 20.0
DEADLINE = 0.4


@attrs.define(eq=False)
class World:
    """A gateway, its carriers and its holder."""

    stage: Stage
    app: App
    stub: Any

    async def passes(self, number: str, call_id: str, shows: bool = True) -> None:
        """A call that reaches the callee, with its number or without."""
        foreign, national = self.stage.foreign, self.stage.national
        foreign.request("INVITE", f"<sip:{number}@x>", call_id=call_id)
        invite = await national.receive()
        assert invite.method == "INVITE"
        assert (number[1:] in str(invite.fields)) is shows
        national.answer(invite, 486)
        assert (await foreign.receive()).status == 486
        foreign.request("ACK", f"<sip:{number}@x>", call_id=call_id)
        assert (await national.receive()).method == "ACK"

    async def is_withheld(self, number: str, call_id: str) -> None:
        """A call that reaches the callee without its number."""
        await self.passes(number, call_id, shows=False)

    async def is_blocked(self, number: str, call_id: str) -> None:
        """A call that is refused, and of which the callee has seen nothing."""
        foreign, national = self.stage.foreign, self.stage.national
        foreign.request("INVITE", f"<sip:{number}@x>", call_id=call_id)
        assert (await foreign.receive()).status == 603
        assert await national.is_served()
        assert national.is_empty()

    def lines(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in read(self.stage.evidence) if line["kind"] == kind]

    def statistics(self) -> Any:
        told: Any = self.app.statistics()["roaming"]
        return told["holders"]["stub"]


@asynccontextmanager
async def world(stage: Stage, stub: Any, **bounds: Any) -> AsyncIterator[World]:
    async with served(stub) as address:
        terms = {"timeout_ms": 250, "failures": 0, **bounds}
        asked = Roaming(camara=(holder(address, **terms),), deadline_ms=int(DEADLINE * 1_000))
        stage.config = attrs.evolve(stage.config, roaming=asked)
        async with stage.running() as app:
            yield World(stage, app, stub)


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    made = Stage(tmp_path)
    yield made
    made.close()


def play(stage: Stage, story: Callable[[World], Awaitable[None]], does: str = "answers", **bounds: Any) -> None:
    async def played() -> None:
        stub = made(does, delay=2.0)
        async with asyncio.timeout(PATIENCE), world(stage, stub, **bounds) as there:
            await story(there)

    asyncio.run(played())
    assert verify(segments_of(stage.evidence)) is None


@pytest.mark.law("¶8 3°", "K10")
def test_a_mobile_number_passes_while_its_holder_says_that_it_is_abroad(stage: Stage) -> None:
    async def story(there: World) -> None:
        await there.passes(ABROAD, "a")
        await there.is_blocked(AT_HOME, "b")
        await there.is_blocked(NOBODY, "c")
        verdicts = [(line["call_id"], line["verdict"]) for line in there.lines("verdict")]
        assert verdicts == [("a", "pass"), ("b", "block"), ("c", "block")]

    play(stage, story)


def test_a_whole_call_goes_on_after_its_question(stage: Stage) -> None:
    async def story(there: World) -> None:
        await one_call(stage, caller=f"<sip:{ABROAD}@x>")
        assert await stage.national.is_served()
        assert there.app.core.counters["end: BYE"] == 1

    play(stage, story)


@pytest.mark.law("¶8 3°", "L4", "K11")
@pytest.mark.parametrize(
    "does",
    [
        "failing",
        "hangs up",
        "stops halfway",
        "slow",
        "drips",
        "slow tokens",
        "leads elsewhere",
        "is endless",
        "is packed",
        "is no JSON",
        "says an error with 200",
        "says it of another",
        "contradicts itself",
        "knows the future",
    ],
)
def test_a_holder_that_fails_or_lies_costs_the_call_its_number_and_no_more_than_the_deadline(
    stage: Stage, does: str
) -> None:
    async def story(there: World) -> None:
        began = time.monotonic()
        await there.is_withheld(ABROAD, "a")
        assert time.monotonic() - began < DEADLINE + 1.5  # of which the call itself takes some milliseconds
        (line,) = there.lines("roaming")
        assert (line["holder"], line["outcome"]) == ("stub", "failed")
        assert line["why"]
        (verdict,) = there.lines("verdict")
        assert (verdict["verdict"], "roaming-failed" in verdict["flags"]) == ("withhold", True)
        assert there.stub.seen["elsewhere"] == 0

    play(stage, story, does)


@pytest.mark.law("¶8 3°", "K11")
@pytest.mark.parametrize("does", ["refuses", "has had enough", "wants no number"])
def test_a_question_of_ours_that_is_not_taken_is_no_ground_to_withhold(stage: Stage, does: str) -> None:
    async def story(there: World) -> None:
        await there.is_blocked(ABROAD, "a")
        (verdict,) = there.lines("verdict")
        assert "roaming-limit" in verdict["flags"]
        (line,) = [line for line in there.lines("roaming") if "outcome" in line]
        assert line["outcome"] == "not asked"

    play(stage, story, does)


@pytest.mark.law("L5")
def test_a_holder_without_such_a_service_needs_a_dossier(stage: Stage) -> None:
    async def story(there: World) -> None:
        await there.is_blocked(ABROAD, "a")

    play(stage, story, "has no such service")


@pytest.mark.law("L4", "K10", "K11")
def test_of_a_flapping_holder_each_call_has_the_verdict_of_its_own_answer(stage: Stage) -> None:
    async def story(there: World) -> None:
        there.app.asking.inquiries.cache.most = 0
        for at in range(3):
            await there.is_withheld(ABROAD, f"w{at}")
            await there.passes(ABROAD, f"p{at}")
        assert there.statistics()["breaker"] == {"open": 0, "opened": 0}

    play(stage, story, "flapping", attempts=1, failures=2)


@pytest.mark.law("L4", "K10", "K11")
def test_a_holder_that_is_down_is_left_alone_and_asked_again_when_it_is_back(stage: Stage) -> None:
    async def story(there: World) -> None:
        await there.is_withheld(ABROAD, "a")
        await there.is_withheld(ABROAD, "b")
        assert there.statistics()["breaker"] == {"open": 1, "opened": 1}
        asked = there.stub.seen["retrieve"]
        await there.is_blocked(ABROAD, "c")
        assert there.stub.seen["retrieve"] == asked
        (opened,) = [line for line in there.lines("roaming") if line.get("breaker") == "open"]
        assert (opened["holder"], opened["why"]) == ("stub", "status 503")
        there.stub.does = "answers"
        there.app.asking.inquiries.holders["stub"].breaker._until = 0.0  # its pause is over
        await there.passes(ABROAD, "d")
        assert there.statistics()["breaker"] == {"open": 0, "opened": 1}
        assert there.statistics()["counters"] == {"asked": 3, "failed": 2, "left alone": 1, "abroad": 1}

    play(stage, story, "failing", failures=2, attempts=1)


@pytest.mark.law("K10")
def test_calls_of_one_number_wait_for_one_question(stage: Stage) -> None:
    async def story(there: World) -> None:
        foreign, national = stage.foreign, stage.national
        for at in range(5):
            foreign.request("INVITE", f"<sip:{ABROAD}@x>", call_id=f"c{at}")
        assert await foreign.is_served()
        there.stub.release.set()
        invites = [await national.receive() for _ in range(5)]
        assert {invite.method for invite in invites} == {"INVITE"}
        assert there.stub.seen["retrieve"] == 1

    play(stage, story, "waits")


def test_after_an_answer_the_clock_is_set_for_what_the_call_wants_next(stage: Stage) -> None:
    async def story(there: World) -> None:
        stage.foreign.request("INVITE", f"<sip:{ABROAD}@x>", call_id="a")
        assert (await stage.national.receive()).method == "INVITE"
        due, driver = there.app.core.deadline(), there.app.driver
        assert due is not None
        assert driver is not None
        assert driver._armed_at is not None
        assert driver._armed_at <= due  # the copy of the INVITE, and not what the question was waited for

    play(stage, story)


def test_a_caller_who_takes_his_call_back_is_let_go_at_once_and_the_answer_harms_nobody(stage: Stage) -> None:
    async def story(there: World) -> None:
        foreign = stage.foreign
        foreign.request("INVITE", f"<sip:{ABROAD}@x>", call_id="a")
        branch = foreign._branch
        while not there.stub.open:  # noqa: ASYNC110 - the question is on its way
            await asyncio.sleep(0.01)
        foreign._branch = branch - 1
        foreign.request("CANCEL", f"<sip:{ABROAD}@x>", call_id="a")
        assert {(await foreign.receive()).status, (await foreign.receive()).status} == {200, 487}
        there.stub.release.set()
        await there.passes(ABROAD, "b")
        assert [line["verdict"] for line in there.lines("verdict")] == ["undecided", "pass"]

    play(stage, story, "waits")


def test_a_gateway_that_stops_leaves_no_question_open(stage: Stage) -> None:
    async def story(there: World) -> None:
        stage.foreign.request("INVITE", f"<sip:{ABROAD}@x>", call_id="a")
        while not there.stub.open:  # noqa: ASYNC110 - the question is on its way
            await asyncio.sleep(0.01)

    play(stage, story, "waits")
    assert not [line for line in read(stage.evidence) if line["kind"] == "verdict"]


def test_national_and_foreign_callers_ask_nobody(stage: Stage) -> None:
    async def story(there: World) -> None:
        await one_call(stage)
        stage.national.request("INVITE", f"<sip:{ABROAD}@x>", call_id="home")
        assert (await stage.foreign.receive()).method == "INVITE"
        assert not there.stub.seen

    play(stage, story)


def test_an_embedding_program_may_bring_its_own_way_to_ask(stage: Stage) -> None:
    class Ours:
        async def ask(self, number: str, correlator: str) -> Told:
            return Told(outcome=Outcome.ABROAD if number == ABROAD else Outcome.NOT_ABROAD)

        async def close(self) -> None:
            pass

    async def story() -> None:
        config = attrs.evolve(stage.config, roaming=Roaming(own=(Own(name="ours", prefixes=("+32",)),)))
        async with Gateway(config, holders={"ours": Ours()}):
            await one_call(stage, caller=f"<sip:{ABROAD}@x>")
            stage.foreign.request("INVITE", f"<sip:{AT_HOME}@x>", call_id="d")
            assert (await stage.foreign.receive()).status == 603

    asyncio.run(story())


@pytest.mark.law("¶8 3°")
def test_the_visited_country_is_nowhere_in_the_evidence(stage: Stage) -> None:
    async def story(there: World) -> None:
        await there.passes(ABROAD, "a")
        await there.passes(SHIP, "b")

    play(stage, story)
    for path in segments_of(stage.evidence):
        written = path.read_bytes()
        assert b'"DE"' not in written
        assert b"countryCode" not in written
