"""Asks for what a search lacks (RFC 3263), without ever holding up the loop.

An answer that the cache or the hosts file knows costs no task, no timer and no turn of the loop: `locate` then returns
what was found at once. Otherwise it returns None, and `deliver` gets it later. One task lives for each question that is
on its way to the name servers, however many searches wait for it; one timer serves all searches.
"""

import asyncio
import os
import time  # noqa: TID251 - this is the shell: the one place where the stack reads the clock
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import attrs

from sipstack.locate import (
    FAILED,
    Answer,
    Cache,
    Findings,
    Hosts,
    Locate,
    Located,
    Miss,
    Outcome,
    Preferences,
    Question,
    known,
    parse_hosts,
    search,
)
from sipstack.net.dns_servers import NameServers

#: Random bytes that decide about the weights of one search.
DICE = 16


def system_hosts(path: str = "/etc/hosts") -> Hosts:
    """What the machine's hosts file says, read now and not again; without the file, only `localhost`."""
    try:
        return parse_hosts(Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return parse_hosts("")


class Servers(Protocol):
    """Who answers questions: `NameServers`, or what stands for them in a test."""

    async def ask(self, question: Question) -> Answer:
        """The answer; `FAILED` for whatever goes wrong, in bounded time."""


@attrs.define(eq=False)
class _Errand:
    """One `Locate` under way."""

    locate: Locate
    preferences: Preferences
    dice: bytes
    deadline: float
    known: dict[Question, Answer] = attrs.field(factory=dict, init=False)
    """What it goes by: an answer counts for this search even when its time is over before the search is."""
    waiting: set[Question] = attrs.field(factory=set, init=False)


@attrs.define(eq=False)
class _Asking:
    """One question under way, or waiting for its turn."""

    searches: list[_Errand] = attrs.field(factory=list, init=False)
    task: asyncio.Task[None] | None = attrs.field(default=None, init=False)


@attrs.define(eq=False)
class Resolver:
    """Runs searches on the loop that is running.

    `deliver` is called with what `locate` could not return at once, in a turn of the loop of its own; it must not
    raise. After `stop` it is not called any more.
    """

    deliver: Callable[[Located], None]
    servers: Servers = attrs.field(factory=NameServers)
    preferences: Preferences = attrs.field(factory=Preferences)
    cache: Cache = attrs.field(factory=Cache, kw_only=True)
    hosts: Hosts = attrs.field(factory=system_hosts, kw_only=True, repr=False)
    """Names that are not asked for."""
    patience: float = attrs.field(default=6.0, kw_only=True)
    """Seconds for one search: what is not answered by then counts as failed."""
    concurrency: int = attrs.field(default=32, kw_only=True)
    """Questions under way at one time; others wait for their turn."""
    backlog: int = attrs.field(default=1024, kw_only=True)
    """Questions that may wait; further ones fail at once, and are counted."""
    searches: int = attrs.field(default=4096, kw_only=True)
    """Searches that may be under way; further ones fail at once, and are counted."""
    randbytes: Callable[[int], bytes] = attrs.field(default=os.urandom, kw_only=True, repr=False)
    counters: Counter[str] = attrs.field(factory=Counter, init=False)
    _running: dict[_Errand, None] = attrs.field(factory=dict, init=False, repr=False)
    """Oldest first, so also by deadline."""
    _asking: dict[Question, _Asking] = attrs.field(factory=dict, init=False, repr=False)
    _queue: deque[Question] = attrs.field(factory=deque, init=False, repr=False)
    _timer: asyncio.TimerHandle | None = attrs.field(default=None, init=False, repr=False)
    _stopped: bool = attrs.field(default=False, init=False)

    def locate(self, locate: Locate) -> Located | None:
        """What was found, or None when it must be asked for and will be delivered. Call from inside the loop.

        Raises `StateError` when `locate.transports` are none.
        """
        preferences = self.preferences
        if locate.transports is not None:
            preferences = attrs.evolve(preferences, transports=locate.transports)
        if self._stopped:
            return Located(locate.token, (), Miss.UNAVAILABLE)
        now = time.monotonic()
        return self._advance(_Errand(locate, preferences, self.randbytes(DICE), now + self.patience), now)

    def stop(self) -> None:
        """Ends all that is under way; nothing is delivered any more. Idempotent."""
        self._stopped = True
        for asking in self._asking.values():
            if asking.task is not None:
                asking.task.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._asking.clear()
        self._queue.clear()
        self._running.clear()

    def _advance(self, errand: _Errand, now: float) -> Located | None:
        """As far as it goes without waiting. What could not even be asked counts as failed, so the loop ends: each
        round answers at least one question, and their number is bounded."""
        while True:
            findings = self._findings(errand, now)
            if not findings.questions:
                self._running.pop(errand, None)
                return Located(errand.locate.token, findings.targets, findings.miss)
            if self._wait(errand, findings.questions):
                return None

    def _findings(self, errand: _Errand, now: float) -> Findings:
        def look(question: Question) -> Answer | None:
            answer = errand.known.get(question) or self.cache.get(question, now) or known(question, self.hosts)
            if answer is not None:
                errand.known[question] = answer
            return answer

        return search(errand.locate.wanted, look, errand.preferences, errand.dice)

    def _wait(self, errand: _Errand, questions: tuple[Question, ...]) -> bool:
        """Ask them all; whether there is anything to wait for."""
        if errand not in self._running and len(self._running) >= self.searches:
            self.counters["too many searches"] += 1
            errand.known.update(dict.fromkeys(questions, FAILED))
            return False
        for question in questions:
            asking = self._asking.get(question) or self._ask(question)
            if asking is None:
                errand.known[question] = FAILED
            else:
                asking.searches.append(errand)
                errand.waiting.add(question)
        if errand.waiting:
            self._running[errand] = None
            self._rearm()
        return bool(errand.waiting)

    def _ask(self, question: Question) -> _Asking | None:
        """Begin to ask, or queue for it; None when there is no room."""
        asking = _Asking()
        if len(self._asking) - len(self._queue) < self.concurrency:
            self._begin(question, asking)
        elif len(self._queue) < self.backlog:
            self._queue.append(question)
        else:
            self.counters["too many questions"] += 1
            return None
        self._asking[question] = asking
        return asking

    def _begin(self, question: Question, asking: _Asking) -> None:
        self.counters["asked"] += 1
        # A task for each question, not for each message: what the cache knows is not asked.
        asking.task = asyncio.get_running_loop().create_task(self._run(question))

    async def _run(self, question: Question) -> None:
        try:
            answer = await self.servers.ask(question)
        except Exception as error:  # whatever it is: those who wait must hear of it, and the place be free again
            fault = {"message": f"asking for {question} failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(fault)
            answer = FAILED
        if self._stopped:  # a cancellation can be lost when the answer comes in the same turn (asyncio.wait_for)
            return
        if answer.outcome is Outcome.FAILED:
            self.counters["failed"] += 1
        now = time.monotonic()
        answer = self.cache.put(question, answer, now)
        asking = self._asking.pop(question)
        if self._queue:
            following = self._queue.popleft()
            self._begin(following, self._asking[following])
        self._answered(question, answer, asking.searches, now)

    def _answered(self, question: Question, answer: Answer, searches: list[_Errand], now: float) -> None:
        for errand in searches:
            errand.known[question] = answer
            errand.waiting.discard(question)
            if not errand.waiting and errand in self._running:
                located = self._advance(errand, now)
                if located is not None:
                    self.deliver(located)

    def _rearm(self) -> None:
        if self._timer is None:
            first = next(iter(self._running))
            delay = max(0.0, first.deadline - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._late)

    def _late(self) -> None:
        """Searches whose patience is over go by what they have."""
        self._timer = None
        now = time.monotonic()
        late = []
        for errand in self._running:
            if errand.deadline > now:
                break
            late.append(errand)
        for errand in late:
            del self._running[errand]
        if self._running:
            self._rearm()
        for errand in late:
            self.counters["out of patience"] += 1
            self.deliver(self._abandoned(errand, now))

    def _abandoned(self, errand: _Errand, now: float) -> Located:
        findings = self._findings(errand, now)
        while findings.questions:
            errand.known.update(dict.fromkeys(findings.questions, FAILED))
            findings = self._findings(errand, now)
        return Located(errand.locate.token, findings.targets, findings.miss)
