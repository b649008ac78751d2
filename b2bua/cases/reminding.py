"""Somebody is told when 12, 20 and 23 hours of a clock have passed, and when all 24 have: in the log, and by a webhook.

What has been told is a line of the desk, so that a clerk that was away tells the latest mark and none twice. Where the
desk cannot be written it is told all the same, and once: the line follows when it can. A webhook that fails is tried
again as often as the chore is done, and each failure is an alarm: somebody relies on it. What it is sent names the case
and nobody.
"""

import asyncio
import datetime
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import attrs
import orjson

from b2bua.cases.case import Case
from b2bua.cases.clock import Duty
from b2bua.cases.docket import Docket
from b2bua.cases.filing import docket_of, remind
from b2bua.cases.sheet import spell
from b2bua.chore import Chore
from b2bua.config import Config
from b2bua.errors import CaseError, JournalError
from b2bua.evidence import Desk, segments_of
from policy.register import civil_day

log = logging.getLogger("b2bua")

LOG: Final = "log"
WEBHOOK: Final = "webhook"
CLERK: Final = "clerk"
"""Who acts, in the desk's lines."""
_EVERY: Final = 30.0
_PATIENCE: Final = 10.0
"""Seconds for a webhook's answer."""


@attrs.frozen
class Reminder:
    """That so much of a clock has passed with nothing done."""

    case: str
    reference: str
    duty: Duty
    hours: int
    due: datetime.datetime

    def text(self, now: datetime.datetime) -> str:
        """For the log."""
        left = self.due - now
        when = f"is late by {spell(left)}" if left < datetime.timedelta() else f"is due in {spell(left)}"
        return f"{self.case} ({self.reference}): the {self.duty} {when}"

    def payload(self, now: datetime.datetime) -> dict[str, object]:
        """For the webhook; `text` is what chat servers show."""
        return {**attrs.asdict(self), "late": now > self.due, "text": f"case {self.text(now)}"}


def due(case: Case, way: str, now: datetime.datetime) -> list[Reminder]:
    """What has to be told of a case in that way: the last mark of each clock, unless it or a later one was told."""
    if case.closed is not None:
        return []
    found = []
    for clock in case.clocks(now):
        mark = clock.mark(now)
        told = [hours for duty, hours, by in case.told if (duty, by) == (clock.duty, way)]
        if mark is not None and mark > max(told, default=0):
            found.append(Reminder(case.id, case.asked.reference, clock.duty, mark, clock.due))
    return found


def counts(cases: Iterable[Case], now: datetime.datetime) -> dict[str, int]:
    """For the statistics: how many cases there are in each state, and how many duties are late."""
    found: dict[str, int] = {"late": 0}
    for case in cases:
        state = str(case.state(now))
        found[state] = found.get(state, 0) + 1
        if case.closed is None:
            found["late"] += sum(clock.met is None and clock.is_late(now) for clock in case.clocks(now))
    return found


@attrs.define(eq=False)
class Reminding:
    """The chore: looks at all cases, tells, and writes down what it has told."""

    desk: Desk
    webhook: str | None = attrs.field(default=None, repr=False)
    post: Callable[[str, bytes], str] = attrs.field(default=lambda url, body: asyncio.run(_post(url, body)), repr=False)
    """Sends a body to an address; returns what went wrong, "" when nothing did."""
    _counted: Mapping[str, int] = attrs.field(factory=dict, init=False)
    _known: tuple[object, Docket] | None = attrs.field(default=None, init=False, repr=False)
    """The cases as they were last read, and what would be otherwise if they had changed."""
    _unwritten: dict[tuple[str, Reminder], None] = attrs.field(factory=dict, init=False, repr=False)
    """What has been told, by its way, and has no line yet."""

    def run(self, now: datetime.datetime) -> None:
        """Once. Raises JournalError where the desk fails, and CaseError where the webhook has failed."""
        docket = self._docket(now)
        self._count(docket, now)
        for reminder in self._due(docket, LOG, now):
            log.error("alarm: case: %s", reminder.text(now))
            self._unwritten[LOG, reminder] = None
        to_send = self._due(docket, WEBHOOK, now) if self.webhook else []
        self._write_down(now)  # before the webhook, which may take its time
        failures = [self._send(one, now) for one in to_send]
        fault = self._write_down(now)
        failed = [failure for failure in failures if failure]
        sending = f"{len(failed)} reminders could not be sent by the webhook: {failed[0]}" if failed else ""
        if fault is not None:
            raise JournalError(f"{fault}; {sending}" if failed else str(fault)) from fault
        if failed:
            raise CaseError(sending)

    def _due(self, docket: Docket, way: str, now: datetime.datetime) -> list[Reminder]:
        return [one for case in docket for one in due(case, way, now) if (way, one) not in self._unwritten]

    def _write_down(self, now: datetime.datetime) -> JournalError | None:
        try:
            for way, one in [*self._unwritten]:
                remind(self.desk, one.case, one.duty, one.hours, way, by=CLERK, now=now)
                del self._unwritten[way, one]
        except JournalError as fault:
            return fault
        return None

    def _docket(self, now: datetime.datetime) -> Docket:
        """All cases; the desk, where a register of thousands of entries may stand too, is read when it has grown."""
        mark = (civil_day(now), [(path.name, path.stat().st_size) for path in segments_of(self.desk.directory)])
        if self._known is None or self._known[0] != mark:
            self._known = (mark, docket_of(self.desk, now))
        return self._known[1]

    def _send(self, reminder: Reminder, now: datetime.datetime) -> str:
        assert self.webhook is not None, "whoever sends has looked"
        failure = self.post(self.webhook, orjson.dumps(reminder.payload(now), option=orjson.OPT_UTC_Z))
        if not failure:
            self._unwritten[WEBHOOK, reminder] = None
        return failure

    def _count(self, docket: Docket, now: datetime.datetime) -> None:
        counted = counts(docket, now)
        if counted != self._counted:
            self._counted = counted
            log.info("statistics %s", orjson.dumps({"cases": counted}).decode())


def reminders(config: Config) -> Chore:
    """The chore of a gateway. It may wait for a server, and nothing else may wait for it."""
    reminding = Reminding(Desk(Path(config.journal.directory)), config.cases.webhook)
    return Chore("case reminders", _EVERY, reminding.run, lane="cases")


async def _post(url: str, body: bytes) -> str:
    host = urlsplit(url).hostname
    try:
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        async with (
            aiohttp.ClientSession(timeout=timeout, headers={"Content-Type": "application/json"}) as session,
            # What follows the host may be a secret: it goes nowhere else.
            session.post(url, data=body, allow_redirects=False) as response,
        ):
            return "" if 200 <= response.status < 300 else f"{host} answers {response.status}"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return f"{host} cannot be reached: {type(error).__name__}"
