"""The shell around the rules: deadlines, attempts, tasks and files, with holders that the test plays itself."""

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme

from b2bua.call import Alarm, Record
from b2bua.config import Camara, NumberList, Own, Roaming
from b2bua.errors import ConfigError
from b2bua.moment import Moment
from b2bua.roaming import Asking, Told
from b2bua.roaming import asking as shell
from b2bua.roaming.inquiries import Note
from policy.profile import Profile
from policy.roaming import Answer, Questions
from policy.roaming import Roaming as Outcome
from tests.world.scene import EPOCH

ONE, TWO = "+32470000001", "+32470000002"
PLAN = Profile.load("belgium").plan
ABROAD = Told(outcome=Outcome.ABROAD)
BROKEN = Told.failed("status 503", may_repeat=True)
PATIENCE = 10.0
NOW = Moment(0.0, EPOCH)


async def never() -> Told:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


@attrs.define(eq=False)
class Played:
    """A holder that does one thing after the other, and the last of them for ever."""

    doings: list[Told | BaseException | Callable[[], Awaitable[Told]]]
    asked: list[tuple[str, str]] = attrs.field(factory=list)
    is_asked: asyncio.Event = attrs.field(factory=asyncio.Event)
    is_closed: bool = False

    async def ask(self, number: str, correlator: str) -> Told:
        assert not self.is_closed
        self.asked.append((number, correlator))
        self.is_asked.set()
        doing = self.doings.pop(0) if len(self.doings) > 1 else self.doings[0]
        if isinstance(doing, BaseException):
            raise doing
        return doing if isinstance(doing, Told) else await doing()

    async def close(self) -> None:
        self.is_closed = True


def config(**bounds: Any) -> Roaming:
    terms = {"timeout_ms": 1_000, "prefixes": ("+32",), **bounds}
    return Roaming(own=(Own(name="played", **terms),), deadline_ms=1_900)


def play(
    holder: Played,
    story: Callable[[Asking, list[Note]], Coroutine[Any, Any, None]],
    terms: Roaming | None = None,
    deadline: float | None = None,
) -> None:
    async def played() -> None:
        asking, notes = Asking.open(terms or config(), PLAN, {"played": holder}), list[Note]()
        if deadline is not None:
            asking.deadline = deadline
        asking.start(notes.append)
        try:
            await story(asking, notes)
        finally:
            await asking.close()
        assert holder.is_closed

    asyncio.run(played())


async def answer(asking: Asking, *numbers: str) -> dict[str, Answer]:
    later: asyncio.Future[dict[str, Answer]] = asyncio.get_running_loop().create_future()
    known = asking.ask(Questions(numbers), NOW, later.set_result)
    return await asyncio.wait_for(later, PATIENCE) if known is None else known


@pytest.mark.law("¶8 3°", "K10")
def test_a_question_goes_to_its_holder_and_its_answer_comes_back_and_is_kept() -> None:
    holder = Played([ABROAD])

    async def story(asking: Asking, _: list[Note]) -> None:
        first = await answer(asking, ONE, TWO)
        assert {number: one.outcome for number, one in first.items()} == {ONE: Outcome.ABROAD, TWO: Outcome.ABROAD}
        assert (await answer(asking, ONE))[ONE].source == "played, kept"
        assert sorted(number for number, _ in holder.asked) == [ONE, TWO]

    play(holder, story)


@pytest.mark.law("L4", "K10")
def test_what_may_fare_better_is_tried_again_under_the_same_name() -> None:
    holder = Played([BROKEN, ABROAD])

    async def story(asking: Asking, notes: list[Note]) -> None:
        assert (await answer(asking, ONE))[ONE].outcome is Outcome.ABROAD
        (first, again) = holder.asked
        assert first == again
        assert not notes

    play(holder, story)


@pytest.mark.parametrize(
    ("told", "attempts"), [(BROKEN, 3), (Told.failed("nonsense"), 1), (Told.kept_back("status 401"), 1), (ABROAD, 1)]
)
def test_no_more_often_than_it_may_be_and_not_where_it_is_of_no_use(told: Told, attempts: int) -> None:
    holder = Played([told])

    async def story(asking: Asking, _: list[Note]) -> None:
        assert (await answer(asking, ONE))[ONE].outcome is told.outcome
        assert len(holder.asked) == attempts

    play(holder, story, config(attempts=3))


@pytest.mark.law("L4", "K11")
def test_a_holder_that_never_answers_has_failed_when_the_time_of_an_attempt_is_over() -> None:
    holder = Played([never])

    async def story(asking: Asking, notes: list[Note]) -> None:
        assert (await answer(asking, ONE))[ONE] == Answer(Outcome.FAILED, "played: no answer in 20 ms", _at(notes))
        assert len(holder.asked) == 2

    play(holder, story, config(timeout_ms=20))


def _at(notes: list[Note]) -> Any:
    (line,) = [note for note in notes if isinstance(note, Record)]
    return line.at


def test_all_attempts_together_take_no_longer_than_the_deadline() -> None:
    holder = Played([never])

    async def story(asking: Asking, _: list[Note]) -> None:
        assert (await answer(asking, ONE))[ONE].source == "played: no answer in 50 ms"
        assert len(holder.asked) == 1

    play(holder, story, deadline=0.05)


@attrs.define(eq=False)
class HeldUp(Played):
    """One whose answer comes over a socket, and comes while our loop does nothing at all."""

    seconds: float = 0.06
    """By how much longer than an attempt may take the loop is held up: more than a deadline is ever late by itself."""

    async def ask(self, number: str, correlator: str) -> Told:
        await super().ask(number, correlator)
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            loop.call_soon(self._hold_up, theirs)
            await loop.sock_recv(ours, 1)
        return ABROAD

    def _hold_up(self, theirs: socket.socket) -> None:
        theirs.send(b"!")
        threading.Event().wait(self.seconds + SHORT)


SHORT = 0.02


@pytest.mark.law("¶8 3°", "K11")
@pytest.mark.parametrize(("timeout_ms", "deadline"), [(SHORT * 1_000, None), (1_000, SHORT)], ids=["attempt", "in all"])
def test_an_answer_that_came_while_our_loop_was_held_up_is_read_and_is_no_failure_of_the_holder(
    timeout_ms: float, deadline: float | None
) -> None:
    holder = HeldUp([ABROAD])

    async def story(asking: Asking, notes: list[Note]) -> None:
        assert (await answer(asking, ONE))[ONE].outcome is Outcome.ABROAD
        assert len(holder.asked) == 1
        assert not notes

    play(holder, story, config(timeout_ms=int(timeout_ms)), deadline)


def test_a_holder_that_said_nothing_while_our_loop_was_held_up_has_failed_all_the_same() -> None:
    async def held_up() -> Told:
        asyncio.get_running_loop().call_soon(threading.Event().wait, SHORT + 0.06)
        return await never()

    async def story(asking: Asking, notes: list[Note]) -> None:
        assert (await answer(asking, ONE))[ONE] == Answer(Outcome.FAILED, "played: no answer in 20 ms", _at(notes))

    play(Played([held_up]), story, config(timeout_ms=int(SHORT * 1_000), attempts=1))


def test_a_slow_answer_holds_up_no_other_number() -> None:
    holder = Played([never, ABROAD])

    async def story(asking: Asking, _: list[Note]) -> None:
        slow = asyncio.get_running_loop().create_task(answer(asking, ONE))
        await holder.is_asked.wait()
        assert (await answer(asking, TWO))[TWO].outcome is Outcome.ABROAD
        assert not slow.done()
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)

    play(holder, story)


def test_a_fault_of_ours_is_no_failure_of_the_holder_s(caplog: pytest.LogCaptureFixture) -> None:
    holder = Played([ZeroDivisionError()])

    async def story(asking: Asking, notes: list[Note]) -> None:
        assert (await answer(asking, ONE))[ONE].outcome is Outcome.NOT_ASKED
        assert [note.text for note in notes if isinstance(note, Alarm) and note.name == "bug"] == [
            "on asking holder played"
        ]

    play(holder, story)
    assert "alarm: bug: on asking played" in caplog.text


def test_who_takes_an_answer_badly_harms_nobody_beside_him(caplog: pytest.LogCaptureFixture) -> None:
    holder = Played([ABROAD])

    async def story(asking: Asking, _: list[Note]) -> None:
        assert asking.ask(Questions((ONE,)), NOW, lambda _: 1 // 0) is None  # type: ignore[func-returns-value]
        assert (await answer(asking, ONE))[ONE].outcome is Outcome.ABROAD

    play(holder, story)
    assert "alarm: bug: on roaming answers" in caplog.text


def test_closing_gives_up_what_is_open_and_leaves_no_task() -> None:
    holder = Played([never])

    async def story(asking: Asking, _: list[Note]) -> None:
        later = list[Any]()
        assert asking.ask(Questions((ONE,)), NOW, later.append) is None
        await holder.is_asked.wait()
        await asking.close()
        assert not later
        assert len(asyncio.all_tasks()) == 1

    play(holder, story)


def test_an_adapter_that_does_not_close_keeps_nothing_else_open(caplog: pytest.LogCaptureFixture) -> None:
    class Stuck(Played):
        async def close(self) -> None:
            await super().close()
            raise OSError

    async def story(asking: Asking, _: list[Note]) -> None:
        await answer(asking, ONE)

    play(Stuck([ABROAD]), story)
    assert "alarm: bug: on closing a holder" in caplog.text


@pytest.mark.parametrize("own", [{}, {"other": Played([ABROAD])}])
def test_an_adapter_without_a_table_or_the_other_way_round_is_told(own: Any) -> None:
    with pytest.raises(ConfigError, match=r"roaming\.own: (other, )?played"):
        Asking.open(config(), PLAN, own)


# Lists.


def listed(folder: Path, numbers: str = f"{ONE}\n", ported: str | None = None) -> Roaming:
    put(folder / "abroad.csv", numbers)
    if ported is not None:
        put(folder / "ported.csv", ported)
    return Roaming(
        portability=None if ported is None else str(folder / "ported.csv"),
        without_check=("silent",),
        list=(NumberList(name="lists", prefixes=("+32",), file=str(folder / "abroad.csv")),),
    )


def put(path: Path, text: str) -> None:
    """In one piece."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


async def becomes(asking: Asking, number: str, outcome: Outcome) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await answer(asking, number))[number].outcome is not outcome:  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)


def follow(terms: Roaming, story: Callable[[Asking, list[Note]], Coroutine[Any, Any, None]]) -> None:
    async def played() -> None:
        asking, notes = Asking.open(terms, PLAN), list[Note]()
        asking.start(notes.append)
        try:
            await story(asking, notes)
        finally:
            await asking.close()

    asyncio.run(played())


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "LOOK", 0.01)


@pytest.mark.law("K10")
def test_a_list_that_is_replaced_counts_from_then_on(tmp_path: Path) -> None:
    async def story(asking: Asking, notes: list[Note]) -> None:
        await becomes(asking, TWO, Outcome.NOT_ABROAD)
        put(tmp_path / "abroad.csv", f"{TWO}\n")
        await becomes(asking, TWO, Outcome.ABROAD)
        before: Any = asking.statistics()["holders"]
        await becomes(asking, ONE, Outcome.NOT_ABROAD)
        after: Any = asking.statistics()["holders"]
        assert after["lists"]["counters"]["not abroad"] > before["lists"]["counters"]["not abroad"] > 0
        assert not notes

    follow(listed(tmp_path), story)


def test_so_does_the_list_of_ported_numbers(tmp_path: Path) -> None:
    async def story(asking: Asking, _: list[Note]) -> None:
        await becomes(asking, ONE, Outcome.NOT_OFFERED)
        put(tmp_path / "ported.csv", f"{TWO},silent\n")
        await becomes(asking, ONE, Outcome.ABROAD)

    follow(listed(tmp_path, ported=f"{ONE},silent\n"), story)


@pytest.mark.parametrize("text", ["", "nonsense\nnonsense\n", None], ids=["empty", "nonsense", "gone"])
def test_a_list_that_cannot_be_read_any_more_leaves_the_last_one_in_force_and_is_alarmed_once(
    tmp_path: Path, text: str | None
) -> None:
    async def story(asking: Asking, notes: list[Note]) -> None:
        path = tmp_path / "abroad.csv"
        if text is None:
            path.unlink()
        else:
            put(path, text)
        async with asyncio.timeout(PATIENCE):
            while not notes:  # noqa: ASYNC110 - nor has a file that is not read
                await asyncio.sleep(0.01)
        await becomes(asking, ONE, Outcome.ABROAD)
        for _ in range(10):  # it is looked at on and on
            await asyncio.sleep(shell.LOOK)
        (alarm,) = notes
        assert isinstance(alarm, Alarm)
        assert alarm.name == "roaming-list"
        assert alarm.text.endswith("; the list before it goes on")
        put(path, f"{TWO}\n")
        await becomes(asking, TWO, Outcome.ABROAD)

    follow(listed(tmp_path), story)


@pytest.mark.parametrize("missing", ["abroad.csv", "ported.csv"])
def test_nothing_starts_without_its_lists(tmp_path: Path, missing: str) -> None:
    terms = listed(tmp_path, ported=f"{ONE},lists\n")
    (tmp_path / missing).unlink()
    with pytest.raises(ConfigError, match=f"{missing}: No such file or directory"):
        Asking.open(terms, PLAN)


@pytest.mark.law("K10")
@pytest.mark.parametrize("text", ["nonsense\nnonsense\n", None], ids=["nonsense", "gone"])
@pytest.mark.parametrize("name", ["abroad.csv", "ported.csv"])
def test_a_successor_starts_without_a_list_asks_nobody_about_its_numbers_and_reads_it_when_it_is_mended(
    tmp_path: Path, name: str, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    terms = listed(tmp_path, ported=f"{ONE},lists\n")
    path = tmp_path / name
    mended = path.read_text()
    if text is None:
        path.unlink()
    else:
        put(path, text)

    async def played() -> None:
        asking, notes = Asking.open(terms, PLAN, again=True), list[Note]()
        assert [alarm.startswith(f"alarm: roaming-list: {path}") for alarm in caplog.messages] == [True]
        asking.start(notes.append)
        try:
            assert (await answer(asking, ONE))[ONE].outcome is Outcome.NOT_ASKED
            put(path, mended)
            await becomes(asking, ONE, Outcome.ABROAD)
        finally:
            await asking.close()

    asyncio.run(played())


def test_what_was_opened_again_and_can_be_read_counts_though_another_list_cannot(tmp_path: Path) -> None:
    other = NumberList(name="others", prefixes=("+3248",), file=str(tmp_path / "nowhere.csv"))
    terms = listed(tmp_path)

    async def played() -> None:
        asking = Asking.open(attrs.evolve(terms, list=(*terms.list, other)), PLAN, again=True)
        assert (await answer(asking, ONE))[ONE].outcome is Outcome.ABROAD
        assert (await answer(asking, "+32480000001"))["+32480000001"].outcome is Outcome.NOT_ASKED
        await asking.close()

    asyncio.run(played())


# Certificates and keys.


def certified(folder: Path, url: str = "https://127.0.0.1:1") -> Roaming:
    """A holder that asks for a certificate of ours, which is not there."""
    mine = str(folder / "mine.pem")
    return Roaming(camara=(Camara(name="strict", prefixes=("+3247",), url=url, certificate_file=mine),))


def test_nothing_starts_with_a_certificate_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"roaming\.camara strict: certificate_file: \S+mine\.pem: No such file"):
        Asking.open(certified(tmp_path), PLAN)


@pytest.mark.law("K10")
def test_a_successor_starts_without_a_certificate_and_asks_when_it_is_mended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Our own fault shows nothing of the holder's side: the call is blocked, and somebody is told."""

    async def played() -> None:
        asking, notes = Asking.open(certified(tmp_path), PLAN, again=True), list[Note]()
        assert [alarm.startswith("alarm: roaming-holder: roaming.camara strict") for alarm in caplog.messages] == [True]
        asking.start(notes.append)
        try:
            (told,) = (await answer(asking, ONE)).values()
            assert (told.outcome, "certificate" in told.source) == (Outcome.NOT_ASKED, True)
            assert [note.name for note in notes if isinstance(note, Alarm)] == ["roaming-holder"]
            ours = trustme.CA().issue_cert("ours")
            ours.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "mine.pem"))
            (told,) = (await answer(asking, ONE)).values()
            assert told.outcome is Outcome.FAILED, "nobody listens there: it has been asked"
        finally:
            await asking.close()

    asyncio.run(played())


def test_a_certificate_that_is_never_mended_counts_as_failing(tmp_path: Path) -> None:
    async def played() -> None:
        asking = Asking.open(certified(tmp_path), PLAN, again=True)
        for number in range(9):
            await answer(asking, f"+324700000{number:02d}")
        holders: Any = asking.statistics()["holders"]
        assert holders["strict"]["breaker"] == {"open": 1, "opened": 1}
        await asking.close()

    asyncio.run(played())
