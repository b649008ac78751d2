"""The register of a gateway that runs: amended, read again, without a call noticing but those it is about."""

import asyncio
import datetime
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua import Alarm, ConfigError, Gateway, amendments
from b2bua import app as shell
from b2bua.app import App
from b2bua.config import Config, Register, load
from b2bua.config.due import due
from b2bua.config.finding import Finding
from b2bua.evidence import segments_of, verify
from policy.register import BlockedUser, Derogation, Shadow, Suspension, civil_day
from tests.b2bua.evidence.making import read
from tests.b2bua.test_app import PATIENCE, Peer, Stage

FOREIGN, SUPPORT = "<sip:+442079461111@x>", "<sip:+3225551212@x>"
AGREEMENT = """
[[register.agreement]]
reference = "A-1"
since = 2024-09-01
trunk = "abroad"
service = "customer-support"
holder = "Undertaking"
established_in = "BE"
company_number = "0123.456.749"
numbers = ["+3225551212"]
"""
SUSPENSION = """
[[register.suspension]]
reference = "S-1"
since = 2024-09-01
derogation = "article-4"
"""
BLOCKED = """
[[register.blocked_user]]
reference = "B-1"
since = 2024-09-01
number = "+442079461111"
"""
SHADOW = (
    '\n[[register.shadow]]\nreference = "T-1"\nsince = {}\nuntil = {}\ntrunk = "abroad"\nowner = "O"\nreason = "r"\n'
)


class Special(Stage):
    """Its foreign side calls by an article 4 interface, and its register is in a file of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.register = folder / "register.toml"
        self.register.write_text(AGREEMENT)
        text = self.path.read_text().replace('class = "international"', 'class = "article-4"')
        self.path.write_text(f'{text}\n[register]\nfile = "register.toml"\n')
        self.config = load(self.path)

    def add(self, text: str) -> None:
        self.register.write_text(self.register.read_text() + text)

    async def is_refused(self, caller: str, call_id: str) -> bool:
        """Whether a call of that number is; one that is not is left ringing."""
        return await refused(self.foreign, self.national, caller, call_id)


async def refused(foreign: Peer, national: Peer, caller: str, call_id: str) -> bool:
    foreign.request("INVITE", caller, call_id=call_id)
    answer = asyncio.create_task(foreign.receive())
    invite = asyncio.create_task(national.receive())
    done, waiting = await asyncio.wait({answer, invite}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    (first,) = done
    wire = first.result()
    assert wire.status in (None, 603)
    return wire.status == 603


class _Listening(logging.Handler):
    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.heard = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self.words in record.getMessage():
            self.heard.set()


@asynccontextmanager
async def hears(words: str) -> AsyncIterator[None]:
    """What is done inside has the gateway say these words."""
    logger = logging.getLogger("b2bua")
    handler, level = _Listening(words), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
        await asyncio.wait_for(handler.heard.wait(), PATIENCE)
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Special]:
    made = Special(tmp_path)
    yield made
    made.close()


def kept(stage: Special) -> list[dict[str, object]]:
    return [line for line in read(stage.evidence) if line["kind"] == "register"]


# Read again.


@pytest.mark.law("¶17", "¶16 block")
def test_a_suspension_that_is_written_takes_effect_at_the_next_invite_and_leaves_evidence(stage: Special) -> None:
    async def story(app: App) -> None:
        before = app.statistics()["register"]
        assert not await stage.is_refused(SUPPORT, "one")
        stage.add(SUSPENSION)
        assert not await stage.is_refused(SUPPORT, "two"), "nobody has asked for it to be read"
        async with hears(" in place of "):
            app.amendments.reread(stage.path)
        assert app.statistics()["register"] != before
        assert await stage.is_refused(SUPPORT, "three")
        assert not await stage.is_refused(FOREIGN, "four"), "no other call is touched"
        stage.add(BLOCKED)
        async with hears(" in place of "):
            app.amendments.reread(stage.path)
        assert await stage.is_refused(FOREIGN, "five")

    stage.play(story)
    lines = {line["call_id"]: line for line in read(stage.evidence) if line["kind"] == "verdict"}
    first, second = kept(stage)
    assert first["before"] == lines["one"]["register"] == lines["two"]["register"]
    assert first["version"] == lines["three"]["register"] == second["before"]
    assert second["version"] == lines["five"]["register"]
    assert second["entries"] == {"agreement": 1, "suspension": 1, "blocked_user": 1}
    assert verify(segments_of(stage.evidence)) is None


@pytest.mark.law("K32")
@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("register.toml", BLOCKED.replace("+442079461111", "0470123456"), 15),
        ("register.toml", "a = \nb = 1", 11),
        ("gateway.toml", "\n[[register.suspension]]\nreference = 5\n", None),
        ("gateway.toml", None, None),
    ],
)
def test_a_register_that_cannot_be_used_changes_nothing_and_is_told_without_its_numbers(
    stage: Special, caplog: pytest.LogCaptureFixture, *, name: str, text: str | None, line: int | None
) -> None:
    path = stage.path.with_name(name)
    good = path.read_text()
    place = f"{path}:{line}" if line else f"{path}"

    async def story(app: App) -> None:
        version = app.statistics()["register"]
        path.unlink() if text is None else path.write_text(good + text)
        async with hears("alarm: register:"):
            app.amendments.reread(stage.path)
        assert f"alarm: register: {place}" in caplog.text
        assert f"the register stays as it is, {version}" in caplog.text
        assert app.statistics()["register"] == version
        assert not await stage.is_refused(SUPPORT, "one")
        path.write_text(good)
        stage.add(SUSPENSION)
        async with hears(" in place of "):
            app.amendments.reread(stage.path)
        assert await stage.is_refused(SUPPORT, "two")

    stage.play(story)
    assert "0470123456" not in caplog.text
    assert len(kept(stage)) == 1


def test_what_was_not_changed_is_read_again_without_a_line_of_evidence(
    stage: Special, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(app: App) -> None:
        async with hears("nothing has changed"):
            app.amendments.reread(stage.path)

    with caplog.at_level(logging.INFO):
        stage.play(story)
    assert kept(stage) == []


def test_a_register_is_read_again_however_the_rest_of_the_file_stands(stage: Special) -> None:
    async def story(app: App) -> None:
        stage.path.write_text(stage.path.read_text().replace('name = "home"', 'name = "elsewhere"'))
        stage.add(SUSPENSION)
        async with hears(" in place of "):
            app.amendments.reread(stage.path)
        assert await stage.is_refused(SUPPORT, "one")

    stage.play(story)


def test_a_bug_in_reading_it_is_told_and_the_next_one_is_read(
    stage: Special, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def story(app: App) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(amendments, "reread", broken)
            async with hears("alarm: bug: on reading the register again"):
                app.amendments.reread(stage.path)
        stage.add(SUSPENSION)
        async with hears(" in place of "):
            app.amendments.reread(stage.path)

    stage.play(story)


def test_calls_that_stand_go_on_as_they_were_judged(stage: Special) -> None:
    async def story(app: App) -> None:
        foreign, national = stage.foreign, stage.national
        foreign.request("INVITE", SUPPORT)
        invite = await national.receive()
        stage.add(SUSPENSION)
        async with hears(" in place of "):
            app.amendments.reread(stage.path)
        national.answer(invite, 200)
        assert (await national.receive()).method == "ACK"
        answer = await foreign.receive()
        assert answer.status == 200
        foreign.request("ACK", SUPPORT, answer.first("to"))
        foreign.request("BYE", SUPPORT, answer.first("to"), cseq=2)
        assert (await foreign.receive()).status == 200

    stage.play(story)


# A process and its signal.


@pytest.mark.law("¶17")
def test_sighup_has_the_running_daemon_read_the_register(stage: Special, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with hears("ready"):
            serving = asyncio.ensure_future(shell._serve(stage.config, stage.path))
        assert not await stage.is_refused(SUPPORT, "one")
        stage.add(SUSPENSION)
        async with hears("register 2 entries"):
            os.kill(os.getpid(), signal.SIGHUP)
        assert await stage.is_refused(SUPPORT, "two")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(serving, PATIENCE)

    with caplog.at_level(logging.INFO):
        try:
            asyncio.run(story())
        finally:
            gc.unfreeze()
    assert len(kept(stage)) == 1


@pytest.mark.law("K32")
def test_the_process_survives_a_register_that_cannot_be_used_and_takes_the_next(stage: Special) -> None:
    command = [sys.executable, "-m", "b2bua", "run", str(stage.path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said: list[str] = []

    def hear(words: str) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if words in line:
                return
        raise AssertionError("".join(said))

    try:
        hear("ready")
        good = stage.register.read_text()
        stage.register.write_text(good + "broken")
        process.send_signal(signal.SIGHUP)
        hear("alarm: register: ")
        stage.register.write_text(good + SUSPENSION)
        process.send_signal(signal.SIGHUP)
        hear("in place of")
        assert asyncio.run(refused(stage.foreign, stage.national, SUPPORT, "one"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


# Embedded.


def play(gateway: Gateway, story: Callable[[], Awaitable[None]]) -> None:
    async def played() -> None:
        async with asyncio.timeout(PATIENCE):
            await story()

    asyncio.run(played())


def suspended(gateway: Gateway) -> Register:
    entry = Suspension(reference="S", since=datetime.date(2024, 9, 1), derogation=Derogation.ARTICLE_4)
    return Register(agreement=gateway.config.register.agreement, suspension=(entry,))


@pytest.mark.law("¶17")
def test_an_embedding_program_amends_the_register_and_it_stays_amended_after_a_restart(stage: Special) -> None:
    gateway = Gateway(stage.config)

    async def story() -> None:
        async with gateway:
            assert not await stage.is_refused(SUPPORT, "one")
            await gateway.amend(suspended(gateway))
            assert await stage.is_refused(SUPPORT, "two")
        async with gateway:
            assert await stage.is_refused(SUPPORT, "three")

    play(gateway, story)
    assert len(kept(stage)) == 1


def test_a_register_may_be_amended_before_the_start(stage: Special) -> None:
    gateway = Gateway(stage.config)

    async def story() -> None:
        await gateway.amend(suspended(gateway))
        async with gateway:
            assert await stage.is_refused(SUPPORT, "one")

    play(gateway, story)


def test_a_register_that_could_not_be_right_is_refused_whole(stage: Special) -> None:
    gateway = Gateway(stage.config)
    wrong = BlockedUser(reference="B", since=datetime.date(2024, 9, 1), number="0470")

    async def story() -> None:
        async with gateway:
            version = gateway.statistics()["register"]
            with pytest.raises(ConfigError, match=r"register\.blocked_user\[0\]\.number: '0470' is no number"):
                await gateway.amend(Register(blocked_user=(wrong,)))
            assert gateway.statistics()["register"] == version
            assert not await stage.is_refused(SUPPORT, "one")

    play(gateway, story)


# What ends.


def alarms(stage: Special, text: str, seen: int, monkeypatch: pytest.MonkeyPatch | None = None) -> list[str]:
    """The first alarms of a gateway with these entries as well."""
    if monkeypatch is not None:
        monkeypatch.setattr(amendments, "DAY", 0.01)
    stage.add(text)
    gateway = Gateway(load(stage.path))

    async def story() -> list[str]:
        watch, found = gateway.watch(), list[str]()
        async with gateway, asyncio.timeout(PATIENCE):
            async for note in watch:
                assert isinstance(note, Alarm)
                found.append(f"{note.name}: {note.text}")
                if len(found) == seen:
                    break
        return found

    return asyncio.run(story())


@pytest.mark.law("¶32", "¶33")
def test_a_trial_and_what_ends_soon_are_told_at_the_start(stage: Special) -> None:
    today = civil_day(datetime.datetime.now(datetime.UTC))
    last = today + datetime.timedelta(days=10)
    found = alarms(stage, f"until = {last}\n{SHADOW.format(today, last)}", 2)
    assert found == [
        f"register: register.agreement[0].until: A-1 ends on {last}",
        f"shadow: register.shadow[0]: 'abroad' is judged and nothing is enforced until {last} (T-1)",
    ]


def test_what_a_new_register_has_that_ends_soon_is_told_after_the_change(stage: Special) -> None:
    last = civil_day(datetime.datetime.now(datetime.UTC)) + datetime.timedelta(days=10)

    async def story(app: App) -> None:
        stage.add(f"{SUSPENSION}until = {last}\n")
        async with hears(f"alarm: register: register.suspension[0].until: S-1 ends on {last}"):
            app.amendments.reread(stage.path)

    stage.play(story)


def test_a_bug_in_looking_for_what_ends_keeps_no_register_from_being_read(
    stage: Special, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def story(app: App) -> None:
        async with hears("on looking for what ends"):
            app.amendments.reread(stage.path)
        stage.add(SUSPENSION)
        async with hears(" in place of "):
            app.amendments.reread(stage.path)

    monkeypatch.setattr(amendments, "due", broken)
    stage.play(story)


def test_a_register_that_changes_while_one_looks_ahead_does_not_end_the_looking(
    stage: Special, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = civil_day(datetime.datetime.now(datetime.UTC))
    stage.add(SHADOW.format(today, today))
    gateway = Gateway(load(stage.path))
    looking, changed, again = threading.Event(), threading.Event(), threading.Event()

    def slow(config: Config, *others: Any) -> list[Finding]:
        found = due(config, *others)
        (looking if config.register.shadow else again).set()
        assert changed.wait(PATIENCE)
        return found

    async def story() -> None:
        watch = gateway.watch()
        async with gateway:
            await asyncio.to_thread(looking.wait, PATIENCE)
            await gateway.amend(attrs.evolve(gateway.config.register, shadow=()))
            changed.set()
            told = [await anext(watch), await anext(watch)]
            (alarm,) = [note for note in told if isinstance(note, Alarm)]
            assert alarm.text.startswith("register.shadow[0]: 'abroad' is judged")
            assert await asyncio.to_thread(again.wait, PATIENCE), "it looks again, by the new one"

    monkeypatch.setattr(amendments, "DAY", 0.01)
    monkeypatch.setattr(amendments, "due", slow)
    play(gateway, story)


def test_they_are_told_again_each_day(stage: Special, monkeypatch: pytest.MonkeyPatch) -> None:
    today = civil_day(datetime.datetime.now(datetime.UTC))
    found = alarms(stage, SHADOW.format(today, today), 3, monkeypatch)
    assert len(set(found)) == 1
    assert len(found) == 3


def test_a_shadow_is_what_the_policy_knows_it_as(stage: Special) -> None:
    stage.add(SHADOW.format("2026-06-01", "2026-06-30"))
    (shadow,) = load(stage.path).register.shadow
    assert isinstance(shadow, Shadow)
