"""One message, tried at one target after the other until one takes it (RFC 3263 section 4.3)."""

import attrs

from sipstack.errors import ParseError
from sipstack.locate.failures import FailureMemory
from sipstack.locate.target import Target
from sipstack.message import Response


@attrs.define(eq=False)
class Hunt:
    """The targets of one request, and how far it got.

    Begin with `start`; then tell it of every response, of the time-out and of transport errors of the try that runs.
    Each of these returns the target to try next, by a new transaction: the same request with a new branch (section
    4.3), after the ACK that a 503 to INVITE is due. None means that there is nothing to try: either the try goes on, or
    the hunt `is_over` and what came last is the outcome. A hunt never goes on after a final response other than 503,
    after `stop`, or after a time-out of a target that had answered provisionally.
    """

    targets: tuple[Target, ...]
    memory: FailureMemory
    target: Target | None = attrs.field(default=None, init=False)
    """The one being tried."""
    is_over: bool = attrs.field(default=False, init=False)
    _tried: int = attrs.field(default=0, init=False)
    _heard: bool = attrs.field(default=False, init=False)
    """Whether the target being tried has answered anything."""
    _free_at: float | None = attrs.field(default=None, init=False)

    @classmethod
    def start(cls, targets: tuple[Target, ...], memory: FailureMemory, now: float) -> "Hunt":
        """The hunt, its first `target` set: those that failed lately come last. Without targets it is over at once."""
        hunt = cls(memory.ordered(targets, now), memory)
        hunt._next()
        return hunt

    def answered(self, status: int, now: float, retry_after: float | None = None) -> Target | None:
        """A response came. 503 means the next target; with `retry_after`, in seconds, the memory keeps it.

        A 503 without Retry-After says nothing about the next request (RFC 3261 section 21.5.4): it is not remembered.
        """
        if self.is_over or self.target is None:
            return None
        if status != 503:
            self._heard = True
            if status >= 200:
                self.is_over = True
                self.memory.forget(self.target)
            return None
        if retry_after is not None:
            self._hold(self.target, now, retry_after)
        return self._next()

    def timed_out(self, now: float) -> Target | None:
        """Timer B or F fired. It is a failure only when nothing was heard, "provisional or final"."""
        if self.is_over or self.target is None:
            return None
        if self._heard:
            self.is_over = True
            return None
        self._hold(self.target, now, None)
        return self._next()

    def unreachable(self, now: float) -> Target | None:
        """The transport reported an error: no connection, or one that broke, or an ICMP error."""
        if self.is_over or self.target is None:
            return None
        self._hold(self.target, now, None)
        return self._next()

    def stop(self) -> None:
        """No target is tried any more: the caller has cancelled."""
        self.is_over = True

    def retry_after(self, now: float) -> float | None:
        """In how many seconds the first target that failed may be tried again; None when none has failed so."""
        return None if self._free_at is None else max(0.0, self._free_at - now)

    def _hold(self, target: Target, now: float, seconds: float | None) -> None:
        self.memory.note(target, now, seconds)
        until = self.memory.until(target, now)
        if until is not None:
            self._free_at = until if self._free_at is None else min(self._free_at, until)

    def _next(self) -> Target | None:
        if self._tried == len(self.targets):
            self.is_over = True
            return None
        self.target = self.targets[self._tried]
        self._tried += 1
        self._heard = False
        return self.target


def retry_after(response: Response) -> float | None:
    """For how many seconds a 503 asks to be left alone; None when it does not say so readably, or is none.

    Other responses are not looked at: a hunt asks of every one, and only a 503 sends it on.
    """
    if response.status != 503:
        return None
    try:
        retry = response.retry_after
    except ParseError:
        return None
    return None if retry is None else float(retry.seconds)
