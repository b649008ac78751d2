"""When a command has returned, the next INVITE is judged by it: in a daemon of several workers, and in one that is
embedded; whatever becomes of the file that they read."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from b2bua import Gateway
from b2bua.app import App
from b2bua.commands import cli
from b2bua.config import load
from b2bua.evidence import segments_of
from b2bua.register import add, desk_of, publish, snapshot, withdraw
from b2bua.register.presence import living, wait
from tests.b2bua.evidence.making import read
from tests.b2bua.register.making import NOW
from tests.b2bua.test_amendments import BLOCKED, hears, refused
from tests.b2bua.test_app import PATIENCE, Stage
from tests.peers.waiting import until

CALLER = "+442079461111"
SHOWN = f"<sip:{CALLER}@x>"


def command(*words: object) -> int:
    code = cli(["register", *(str(word) for word in words)], result_action="return_value")
    assert code is None or isinstance(code, int)
    return code or 0


def block(stage: Stage) -> str:
    config = load(stage.path)
    return add(
        desk_of(config), config, "blocked_user", {"reference": "B", "number": CALLER}, by="ada", why="", now=NOW
    ).digest


# A daemon of two workers.


class Daemon:
    """`b2bua run` with two workers, in processes of its own."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder)
        self.path = self.stage.path
        self.path.write_text(f"workers = 2\n{self.path.read_text()}")
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.calls = 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "b2bua", "run", str(self.path)], stderr=log)
        until(lambda: b" ready\n" in self.log.read_bytes(), "it listens")

    def workers(self) -> list[int]:
        assert self.process is not None
        return [
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def refuses(self, calls: int = 8) -> set[bool]:
        """What becomes of so many calls at once; by their Call-IDs they come to both workers."""

        async def each() -> set[bool]:
            busy = asyncio.create_task(self._is_busy())
            found = {await self._status() == 603 for _ in range(calls)}
            busy.cancel()
            return found

        return asyncio.run(each())

    async def _is_busy(self) -> None:
        """The called side, which takes no call."""
        while True:
            request = await self.stage.national.receive()
            if request.method == "INVITE":
                self.stage.national.answer(request, 486)

    async def _status(self) -> int | None:
        """How one call ends: 603 where it is refused, 486 where it comes to whom it called."""
        self.calls += 1
        foreign, call_id = self.stage.foreign, f"call-{self.calls}"
        foreign.request("INVITE", SHOWN, call_id=call_id)
        while (wire := await foreign.receive()).first("call-id") != call_id:
            pass  # what was sent again of a call before
        foreign.request("ACK", SHOWN, wire.first("to"), call_id)
        assert wire.status in (486, 603)
        return wire.status

    def close(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        self.stage.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    made.close()


def of_each(daemon: Daemon, kind: str) -> list[list[dict[str, Any]]]:
    folders = sorted(daemon.stage.evidence.glob("worker-*"))
    return [[line for line in read(folder) if line["kind"] == kind] for folder in folders]


@pytest.mark.law("¶16 block", "¶17", "K20", "K21")
def test_what_a_command_has_entered_is_in_force_in_every_worker_when_it_returns(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.start()
    assert daemon.refuses(2) == {False}
    for number in range(1, 4):
        assert command("add", daemon.path, "blocked-user", "reference=B", f"number={CALLER}", "--by", "ada") == 0
        assert daemon.refuses() == {True}
        assert command("withdraw", daemon.path, f"blocked_user-{number}", "--by", "ada") == 0
        assert daemon.refuses() == {False}
    assert "from the next INVITE on worker-1, worker-2 goes by the register" in capsys.readouterr().out
    verdicts = of_each(daemon, "verdict")
    assert min(map(len, verdicts)) > 0, "both have judged"
    for verdict, lines in zip(verdicts, of_each(daemon, "register"), strict=True):
        assert len(lines) == 6
        taken = {line["version"] for line in lines}
        assert {line["register"] for line in verdict} <= {*taken, lines[0]["before"]}
    assert b"ERROR" not in daemon.log.read_bytes()


def test_a_worker_that_takes_the_place_of_another_begins_with_what_was_entered(daemon: Daemon) -> None:
    daemon.start()
    digest = block(daemon.stage)
    wait(daemon.stage.evidence, digest)
    before = daemon.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not {*before} & {*daemon.workers()} and len(living(daemon.stage.evidence)) == 2, "others begin")
    assert [one.digest for one in wait(daemon.stage.evidence, digest)] == [digest, digest]
    assert daemon.refuses() == {True}


def test_a_daemon_begins_with_what_was_entered_while_there_was_none(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("add", daemon.path, "blocked_user", "reference=B", f"number={CALLER}") == 0
    assert "no daemon runs on this journal" in capsys.readouterr().out
    snapshot.path_of(daemon.stage.evidence).unlink()  # as if the command had died before it
    daemon.start()
    assert daemon.refuses() == {True}
    (first, second) = of_each(daemon, "register")
    assert [(line["before"], line["entries"]) for line in first + second] == [("", {"blocked_user": 1})] * 2


# In the loop of a test.


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


async def is_refused(stage: Stage, call_id: str) -> bool:
    return await refused(stage.foreign, stage.national, SHOWN, call_id)


async def entered(stage: Stage) -> str:
    return await asyncio.to_thread(block, stage)


async def waited(stage: Stage, digest: str) -> list[tuple[bool, str]]:
    found = await asyncio.to_thread(wait, stage.evidence, digest)
    return [(one.digest == digest, one.problem) for one in found]


def test_a_gateway_in_another_program_goes_by_it_and_by_what_that_program_amends(stage: Stage) -> None:
    async def story() -> None:
        async with Gateway(stage.config) as gateway:
            assert not await is_refused(stage, "one")
            assert await waited(stage, await entered(stage)) == [(True, "")]
            assert await is_refused(stage, "two")
            await gateway.amend(stage.config.register)
            assert await is_refused(stage, "three"), "its own register stands beside what was entered"
        assert living(stage.evidence) == []
        async with gateway:
            assert await is_refused(stage, "four")

    asyncio.run(story())
    lines = [line for line in read(stage.evidence) if line["kind"] == "register"]
    assert [line["entered"] for line in lines] == [snapshot.read(stage.evidence).digest] * 2


def test_what_files_say_is_read_again_beside_what_was_entered(stage: Stage) -> None:
    async def story(app: App) -> None:
        assert await waited(stage, await entered(stage)) == [(True, "")]
        stage.path.write_text(stage.path.read_text() + BLOCKED.replace(CALLER, "+33612345678"))
        async with hears(" in place of "):
            app.amendments.reread(stage.path)
        assert str(app.statistics()["register"]).startswith("2 entries")
        assert await is_refused(stage, "one")

    stage.play(story)


@pytest.mark.law("K32")
@pytest.mark.parametrize("ruin", ["changed", "cut", "gone"])
def test_what_cannot_be_read_changes_nothing_and_whoever_waits_is_told(
    stage: Stage, ruin: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = snapshot.path_of(stage.evidence)

    async def story(app: App) -> None:
        assert await waited(stage, await entered(stage)) == [(True, "")]
        version = app.statistics()["register"]
        whole = path.read_bytes()
        async with hears("alarm: register: "):
            if ruin == "gone":
                path.unlink()
            else:
                path.write_bytes(whole.replace(CALLER.encode(), b"+442079462222") if ruin == "changed" else whole[:-9])
        assert (app.statistics()["register"], await is_refused(stage, "one")) == (version, True)
        ((taken, problem),) = await waited(stage, "another")
        assert not taken
        assert "register.jsonl" in problem
        config = load(stage.path)
        await asyncio.to_thread(withdraw, desk_of(config), config, "blocked_user-1", by="a", why="", now=NOW)
        assert await waited(stage, "") == [(True, "")]
        assert not await is_refused(stage, "two")

    stage.play(story)
    assert "442079462222" not in caplog.text


def test_what_is_published_again_and_says_the_same_is_no_news(stage: Stage) -> None:
    async def story(app: App) -> None:
        digest = await entered(stage)
        assert await waited(stage, digest) == [(True, "")]
        assert await asyncio.to_thread(publish, desk_of(stage.config), NOW) == digest
        mark = snapshot.mark(stage.evidence)
        await asyncio.to_thread(
            until, lambda: [one.seen for one in living(stage.evidence)] == [mark], "it is looked at"
        )
        assert await waited(stage, digest) == [(True, "")]

    stage.play(story)
    assert len([line for line in read(stage.evidence) if line["kind"] == "register"]) == 1


def test_what_was_entered_ends_on_its_day_though_nobody_publishes_anything(stage: Stage) -> None:
    async def story(app: App) -> None:
        await waited(stage, await entered(stage))
        (entry,) = app.core.context.register.entries
        assert entry.holds(entry.since)
        assert not entry.holds(entry.since.replace(year=2020))

    stage.play(story)


def test_a_register_that_cannot_be_told_keeps_a_gateway_from_beginning_and_frees_the_journal(stage: Stage) -> None:
    block(stage)
    snapshot.path_of(stage.evidence).write_bytes(b"{}")
    (segment,) = segments_of(stage.evidence / "desk")
    whole = segment.read_bytes()
    segment.write_bytes(b"spilt ink\n" + whole)

    async def begin() -> None:
        async with Gateway(stage.config):
            pass

    with pytest.raises(Exception, match="is not a journal line"):
        asyncio.run(begin())
    segment.write_bytes(whole)
    asyncio.run(begin())
