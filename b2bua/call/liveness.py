"""Whether one side of a call is still there: its session timer (RFC 4028), or an OPTIONS where it has none.

Session timers belong to one leg: `Session-Expires`, `Min-SE` and the option tag `timer` in Require speak of two
neighbours and do not cross. `timer` in Supported is as true of us as of whoever wrote it, and stays where it stands.

Here is the machine of one leg; the requests that it wants are made in `upkeep.py`.
"""

import enum
from collections.abc import Collection
from functools import lru_cache
from typing import Final

import attrs

from b2bua.call.description import Description
from b2bua.call.times import earliest
from sipstack.dialog import Due, IntervalTooSmall, SessionTimer
from sipstack.dialog.options import supports
from sipstack.errors import ParseError
from sipstack.message import Message, Request
from sipstack.values.grammar import split_list

Fields = list[tuple[str, str]]

#: Why a call ends whose side is not there any more, as evidence names it.
EXPIRED: Final = "session expired"
GONE: Final = "peer gone"
#: How many probes in a row may come to nothing.
_MOST_MISSES: Final = 2
#: The longest list that is remembered, in characters; none that is meant so is as long.
_MEMORABLE: Final = 256


class Duty(enum.Enum):
    """What `Liveness.tick` wants."""

    REFRESH = "refresh"
    """A re-INVITE or UPDATE, so that the session goes on."""
    OFFER = "offer"
    """A re-INVITE with what is `owed`."""
    PROBE = "probe"
    """An OPTIONS: nothing has been heard for long."""
    WITHDRAW = "withdraw"
    """A CANCEL: a re-INVITE of ours only rings."""
    END = "end"
    """No refresh has come, or ours has had no success."""


@attrs.define(eq=False, kw_only=True)
class Liveness:
    """What one side has said of itself, and when it must say something again. Plain data."""

    timer: SessionTimer = attrs.field(factory=SessionTimer)
    updates: bool = False
    """Whether its Allow names UPDATE."""
    may_be_probed: bool = True
    """Whether its Allow names OPTIONS, or has not been seen: who does not know a method need not answer it (§20.5)."""
    said: Description | None = attrs.field(default=None, repr=False)
    """The session description that we said here last and that stands: a refresh by re-INVITE repeats it."""
    heard: bytes = attrs.field(default=b"", repr=False)
    """The one that this side said last."""
    owed: Description | None = attrs.field(default=None, repr=False)
    """One that the other side has changed in its answer to a refresh, and this side has yet to hear."""
    asked: Request | None = attrs.field(default=None, repr=False)
    """A request of our own here that waits for its final response; there is one at a time."""
    probe_seconds: int = 0
    """After how much silence it is probed while it has no session timer; 0: never."""
    probe_at: float | None = None
    offer_at: float | None = None
    """When what is owed may be said."""
    answer_by: float | None = None
    """When our re-INVITE has rung long enough."""
    refusals: int = 0
    """How many 491 have come in a row."""
    misses: int = 0
    """How many probes in a row have come to nothing."""
    lost: str = ""
    """Why the call must end, once it must."""

    # What the messages say.

    def say(self, description: Description) -> None:
        """A session description has gone to this side and stands; what was owed before it is out of date."""
        self.said, self.owed, self.offer_at = description, None, None

    def learn(self, message: Message) -> None:
        """An INVITE, an UPDATE, or a response to one has come from this side."""
        lines = message.headers.all("allow")
        if lines:
            try:
                allowed = [method for line in lines for method in _listed(line)]
            except ParseError:
                self.updates, self.may_be_probed = False, True
                return
            self.updates, self.may_be_probed = "UPDATE" in allowed, "OPTIONS" in allowed

    def begin(self, now: float, probe_seconds: int) -> None:
        """The call is answered."""
        self.probe_seconds = probe_seconds
        self.hear(now)

    def hear(self, now: float) -> None:
        """Something of the dialog has come from this side."""
        self.misses = 0
        self.probe_at = now + self.probe_seconds if self.probe_seconds else None

    def rest(self, now: float) -> None:
        """It is asked for no sign of life any more. Refreshes that are ours go on, or the peer, who may only have been
        out of reach for a while, would hang up for want of them (RFC 4028 §10)."""
        self.timer.put_off(now)
        self.lost, self.probe_seconds, self.probe_at = "", 0, None
        self.owed, self.offer_at = None, None

    def too_small(self, request: Request) -> Fields:
        """The Min-SE of a 422, where the request asks for an interval below ours; [] where it may go on.

        A line that cannot be read counts as missing: a timer is no reason to lose a call.
        """
        try:
            self.timer.judge(request)
        except IntervalTooSmall as error:
            return error.fields
        except ParseError:
            return []
        return []

    def accept(self, request: Request, now: float) -> Fields:
        """What our 2xx to an INVITE or UPDATE of this side says of the session timer (RFC 4028 §9).

        A side that neither knows timers nor has a proxy that asks for one gets none: refreshes would offer it its
        session anew for nothing, where an OPTIONS tells as much.
        """
        try:
            if "session-expires" in request.headers or supports(request, "timer"):
                return self.timer.accept(request, now)
        except ParseError:
            pass
        self.timer.stop()
        return []

    # What the clock does.

    def deadline(self) -> float | None:
        """When `tick` is due."""
        timer = self.timer
        due = self._due_probe() if timer.agreed is None else earliest(timer.refresh_at, timer.expire_at)
        if self.offer_at is None and self.answer_by is None:
            return due
        return earliest(due, self.offer_at, self.answer_by)

    def tick(self, now: float) -> Duty | None:
        """What is due, one thing at a time; call it until it says None."""
        if self.answer_by is not None and now >= self.answer_by:
            self.answer_by = None
            return Duty.WITHDRAW
        if self.offer_at is not None and now >= self.offer_at:
            self.offer_at = None
            return Duty.OFFER
        probe_at = self._due_probe()
        if probe_at is not None and now >= probe_at:
            self.probe_at = None
            return Duty.PROBE
        match self.timer.tick(now):
            case Due.EXPIRE:
                return Duty.END
            case Due.REFRESH:
                return Duty.REFRESH
            case None:
                return None

    def _due_probe(self) -> float | None:
        if self.probe_at is None or self.timer.agreed is not None:
            return None
        return self.probe_at if self.may_be_probed and self.asked is None else None

    def missed(self, now: float, pause: float) -> None:
        """A probe has come to nothing, which may be a restart on the other side: it gets another, after the pause."""
        self.misses += 1
        if self.misses >= _MOST_MISSES:
            self.lost = GONE
        else:
            self.probe_at = now + pause


def _listed(line: str) -> Collection[str]:
    """What a value of Allow or Supported names: a peer's is the same for ever, and remembered. Raises ParseError."""
    return _remembered(line) if len(line) <= _MEMORABLE else split_list(line)


@lru_cache(maxsize=256)
def _remembered(line: str) -> frozenset[str]:
    return frozenset(split_list(line))


def state(message: Message, fields: Fields) -> None:
    """Writes the lines of a session timer into a message of ours."""
    for name, value in fields:
        if name != "Supported" or not _says_timer(message):
            message.headers.add(name, value)


def _says_timer(message: Message) -> bool:
    try:
        return any(tag.lower() == "timer" for line in message.headers.all("supported") for tag in _listed(line))
    except ParseError:
        return False
