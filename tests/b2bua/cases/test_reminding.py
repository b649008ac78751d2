"""Somebody is told at 12, 20, 23 and 24 hours, in the log and by a webhook, and once."""

import asyncio
import datetime
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from b2bua.cases import filing, reminding
from b2bua.cases.clock import Duty
from b2bua.cases.docket import Docket
from b2bua.cases.reminding import Reminding, counts, due
from b2bua.config import Cases
from b2bua.errors import CaseError, JournalError
from b2bua.evidence import Desk
from tests.b2bua.cases.making import after, answered, case_of, config_of, desk_in, identified, open_case

pytestmark = pytest.mark.law("¶16 identity", "¶16")

WHOLE = {"name": "N", "address": "A", "data": "D"}
HOOK = "https://chat.example.be/hooks/secret"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


class Hook:
    """A webhook that remembers, and fails as it is told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.failure = ""

    def __call__(self, url: str, body: bytes) -> str:
        assert url == HOOK
        if not self.failure:
            self.bodies.append(orjson.loads(body))
        return self.failure


# What is due.


def test_nothing_is_told_before_twelve_hours() -> None:
    assert due(case_of(), "log", after(11.9)) == []


def test_the_last_mark_is_told_and_none_before_it() -> None:
    (reminder,) = due(case_of(), "log", after(21))
    assert (reminder.duty, reminder.hours, reminder.due) == (Duty.ANSWER, 20, after(24))


def test_both_clocks_are_told_of() -> None:
    case = case_of(identified(2, "data", name="N", address="A"))
    assert [(one.duty, one.hours) for one in due(case, "log", after(23.5))] == [(Duty.ANSWER, 23), (Duty.BLOCK, 20)]


def test_what_is_done_is_told_of_no_more() -> None:
    assert due(case_of(identified(1, **WHOLE), answered(2)), "log", after(30)) == []


def test_it_names_the_case_and_what_is_left_of_the_time() -> None:
    (reminder,) = due(case_of(), "log", after(20))
    assert reminder.text(after(20)) == "2026-0001 (BIPT/42): the answer is due in 4 h 00 min"
    assert reminder.text(after(25)) == "2026-0001 (BIPT/42): the answer is late by 1 h 00 min"


# The log.


def test_each_mark_is_logged_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    open_case(desk)
    for hours in (11, 12, 12.1, 19, 20, 20.5, 23, 23.5):
        Reminding(desk).run(after(hours))
    texts = told(caplog)
    assert [text.split("due in ")[1] for text in texts] == ["12 h 00 min", "4 h 00 min", "1 h 00 min"]
    assert all(text.startswith("alarm: case: ") for text in texts)


def test_when_it_is_too_late_that_is_told_of_both_duties(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    open_case(desk)
    Reminding(desk).run(after(48.5))
    assert sorted(text.split(": the ")[1] for text in told(caplog)) == [
        "answer is late by 24 h 30 min",
        "block is late by 30 min",
    ]


def test_no_number_and_no_name_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    open_case(desk)
    filing.identify(desk, "2026-0001", {"name": "Nowak"}, by="anna", now=after(1))
    Reminding(desk).run(after(24))
    assert "0470" not in caplog.text
    assert "Nowak" not in caplog.text


def test_a_closed_case_is_silent(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    open_case(desk)
    filing.close(desk, "2026-0001", "taken back", keep_hold=False, by="anna", now=after(1))
    Reminding(desk).run(after(30))
    assert told(caplog) == []


def test_a_desk_that_cannot_be_written_keeps_no_case_from_being_told(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise JournalError("no space left")

    open_case(desk)
    open_case(desk)
    monkeypatch.setattr(reminding, "remind", full)
    with pytest.raises(JournalError, match="no space left"):
        Reminding(desk).run(after(12))
    assert [text.split()[2] for text in told(caplog)] == ["2026-0001", "2026-0002"]


def test_a_desk_that_cannot_be_written_keeps_neither_log_nor_webhook_from_telling_and_both_tell_once(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise JournalError("no space left")

    open_case(desk)
    hook = Hook()
    reminding_ = Reminding(desk, HOOK, hook)
    with monkeypatch.context() as patched:
        patched.setattr(reminding, "remind", full)
        for hours in (12, 12.1, 12.2, 20, 20.1):
            with pytest.raises(JournalError, match="no space left"):
                reminding_.run(after(hours))
    assert [body["hours"] for body in hook.bodies] == [12, 20]
    assert [text.split("due in ")[1] for text in told(caplog)] == ["12 h 00 min", "4 h 00 min"]
    reminding_.run(after(20.2))
    case = filing.docket_of(desk, after(20.3))["2026-0001"]
    assert case.told == {(Duty.ANSWER, hours, way) for hours in (12, 20) for way in ("log", "webhook")}
    with monkeypatch.context() as patched:
        patched.setattr(reminding, "remind", full)
        reminding_.run(after(20.35))  # what has its line is not written again
    Reminding(desk, HOOK, hook).run(after(20.4))
    assert len(hook.bodies) == 2


def test_a_desk_and_a_webhook_that_both_fail_are_both_told_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise JournalError("no space left")

    open_case(desk)
    hook = Hook()
    hook.failure = "chat.example.be answers 500"
    monkeypatch.setattr(reminding, "remind", full)
    with pytest.raises(JournalError, match=r"no space left; 1 reminders .* answers 500"):
        Reminding(desk, HOOK, hook).run(after(12))


# The webhook.


def test_the_webhook_gets_each_mark_once_without_a_number(desk: Desk) -> None:
    open_case(desk)
    hook = Hook()
    for hours in (12, 12.1, 20):
        Reminding(desk, HOOK, hook).run(after(hours))
    assert [body["hours"] for body in hook.bodies] == [12, 20]
    assert hook.bodies[0]["case"] == "2026-0001"
    assert hook.bodies[0]["text"] == "case 2026-0001 (BIPT/42): the answer is due in 12 h 00 min"
    assert "0470" not in repr(hook.bodies)


def test_a_webhook_that_fails_is_an_alarm_and_is_tried_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    open_case(desk)
    hook = Hook()
    hook.failure = "chat.example.be answers 500"
    reminding = Reminding(desk, HOOK, hook)
    for hours in (12, 12.1):
        with pytest.raises(CaseError, match=r"chat\.example\.be answers 500") as failed:
            reminding.run(after(hours))
        assert "secret" not in str(failed.value)
    hook.failure = ""
    reminding.run(after(12.2))
    reminding.run(after(12.3))
    assert [body["hours"] for body in hook.bodies] == [12]
    assert len(told(caplog)) == 1


def test_a_webhook_named_later_is_told_what_the_log_was_told(desk: Desk) -> None:
    open_case(desk)
    Reminding(desk).run(after(12))
    hook = Hook()
    Reminding(desk, HOOK, hook).run(after(13))
    assert [body["hours"] for body in hook.bodies] == [12]


def test_its_address_is_shown_nowhere() -> None:
    assert "secret" not in repr(Reminding(Desk(Path("journal")), HOOK))
    assert "secret" not in repr(Cases(webhook=HOOK))


@contextmanager
def served(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """A web server on this machine that answers so; where it is, and what it was sent."""
    bodies: list[bytes] = []
    ready, stop = threading.Event(), asyncio.Event()
    where: list[str] = []
    loop = asyncio.new_event_loop()

    async def take(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"} if status == 302 else {})

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/hook", take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        where.append(f"http://127.0.0.1:{runner.addresses[0][1]}/hook")
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield where[0], bodies
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.mark.parametrize(("status", "is_sent"), [(204, True), (500, False), (302, False)])
def test_a_real_server_is_believed_when_it_says_that_it_has_taken_it(desk: Desk, status: int, is_sent: bool) -> None:
    open_case(desk)
    with served(status) as (url, bodies):
        reminding = Reminding(desk, url)
        if is_sent:
            reminding.run(after(12))
        else:
            with pytest.raises(CaseError, match=f"127.0.0.1 answers {status}"):
                reminding.run(after(12))
    assert orjson.loads(bodies[0])["duty"] == "answer"
    told = filing.docket_of(desk, after(12))["2026-0001"].told
    assert ((Duty.ANSWER, 12, "webhook") in told) is is_sent


def test_a_server_that_is_not_there_is_told_as_such(desk: Desk) -> None:
    open_case(desk)
    with pytest.raises(CaseError, match=r"127\.0\.0\.1 cannot be reached"):
        Reminding(desk, "http://127.0.0.1:1/hook").run(after(12))


# The statistics.


def test_cases_are_counted_by_their_state_and_by_what_is_late() -> None:
    done = case_of(identified(1, **WHOLE), answered(2))
    assert counts([case_of(), done], after(3)) == {"late": 0, "open": 1, "answered": 1}
    assert counts([case_of(), done], after(49)) == {"late": 2, "to block": 1, "answered": 1}


def test_they_are_logged_when_they_change(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    open_case(desk)
    chore = Reminding(desk)
    for hours in (1, 2, 3):
        chore.run(after(hours))
    assert [one.getMessage() for one in caplog.records] == ['statistics {"cases":{"late":0,"open":1}}']


def test_the_desk_is_read_again_when_it_has_grown_and_not_before(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[datetime.datetime] = []
    real = filing.docket_of

    def counted(desk: Desk, now: datetime.datetime) -> Docket:
        reads.append(now)
        return real(desk, now)

    open_case(desk)
    monkeypatch.setattr(reminding, "docket_of", counted)
    chore = Reminding(desk)
    for hours in (1, 1.1, 1.2):
        chore.run(after(hours))
    assert len(reads) == 1
    open_case(desk, requested=after(-13))
    chore.run(after(1.3))
    assert len(reads) == 2
    assert len(told(caplog)) == 1


def test_the_chore_waits_for_nobody_but_its_own(tmp_path: Path) -> None:
    chore = reminding.reminders(config_of(tmp_path))
    assert (chore.name, chore.lane) == ("case reminders", "cases")
    assert chore.every_seconds <= 60
    chore.run(after(1))
