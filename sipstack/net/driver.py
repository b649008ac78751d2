"""Sockets to endpoint, effects to sockets, and one timer: the shell of everything sans-IO.

driver = Driver(endpoint, {udp.name: udp, tls.name: tls})
driver.start()                      # inside a running loop, asyncio's own or uvloop
driver.perform(effects)             # after an input of your own to the endpoint ...
driver.rearm()                      # ... which may have moved its deadline
driver.stop()
"""

import asyncio
import math
import time  # noqa: TID251 - this is the shell: the one place where the stack reads the clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import attrs

from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.net.transport import Transport

#: Seconds a deadline may wait for others to come due, so that one wake-up serves them all. Without it the timer fired
#: 6,300 times for 1,000 calls at 100 a second, twice as often as the sockets woke us (2026-11-22); SIP's shortest
#: interval, T1, is fifty times as long.
GRAIN = 0.01


class Endpoint(Protocol):
    """What the driver drives: inputs carry `now` (monotonic seconds) and return effects."""

    def receive(self, data: bytes, flow: Flow, now: float) -> Sequence[object]:
        """One datagram, or one framed message of a stream, has come in on `flow`."""

    def transport_failed(self, flow: Flow, now: float) -> Sequence[object]:
        """What was sent on `flow` does not arrive: unreachable, refused, connection lost (RFC 3261 §18.4)."""

    def tick(self, now: float) -> Sequence[object]:
        """The deadline has come."""

    def deadline(self) -> float | None:
        """When `tick` wants to be called next."""


@attrs.define(eq=False)
class Driver:
    """Runs an endpoint on the loop that is running, over the transports it is given, each under its name.

    `perform` may be replaced: it gets the effects of a whole batch of messages at once, in order, and is where an
    application puts what must happen before messages leave (`b2bua` writes its journal there). The default sends.
    """

    endpoint: Endpoint
    transports: Mapping[str, Transport]
    perform: Callable[[Iterable[object]], None] = attrs.field()
    _loop: asyncio.AbstractEventLoop | None = attrs.field(default=None, repr=False)
    _timer: asyncio.TimerHandle | None = attrs.field(default=None, repr=False)
    _armed_at: float | None = None
    _failed: dict[Flow, None] = attrs.field(factory=dict, repr=False)
    """Flows whose failure the endpoint is still to hear of, each once, in order."""

    @perform.default
    def _sends(self) -> Callable[[Iterable[object]], None]:
        return self.send_all

    def send_all(self, effects: Iterable[object]) -> None:
        """Sends every `Send` among the effects and passes over the rest."""
        transports = self.transports
        for effect in effects:
            if type(effect) is Send:
                transports[effect.flow.socket].send(effect)

    def start(self) -> None:
        """Begins to read; call from inside a running loop."""
        self._loop = asyncio.get_running_loop()
        for transport in self.transports.values():
            transport.start(self._loop, self)
        self.rearm()

    def stop(self) -> None:
        """Stops reading and closes the transports; idempotent."""
        if self._loop is None:
            return
        for transport in self.transports.values():
            transport.stop()
        if self._timer is not None:
            self._timer.cancel()
        self._loop = self._timer = self._armed_at = None
        self._failed.clear()

    def rearm(self) -> None:
        """Puts the one timer at the endpoint's next deadline; call after any input given to the endpoint directly.

        A timer that is armed earlier than needed is left to fire: most deadlines move later, and re-arming costs
        more than one idle tick (3.1 us against 0.5 us, uvloop 0.23).
        """
        due = self.endpoint.deadline()
        if due is None or self._loop is None:
            return
        if self._armed_at is None or due < self._armed_at:
            if self._timer is not None:
                self._timer.cancel()
            self._armed_at = due
            self._timer = self._loop.call_later(max(0.0, due - time.monotonic()) + GRAIN, self._fire)

    # The transports' inbox.

    def received(self, messages: Iterable[tuple[bytes, Flow]]) -> None:
        """A transport has these messages; their effects are carried out together.

        A fault of the endpoint's goes to the loop's exception handler and costs that message alone: those around it
        are of other calls.
        """
        now = time.monotonic()
        effects: list[object] = []
        receive = self.endpoint.receive
        try:
            for data, flow in messages:
                try:
                    effects += receive(data, flow, now)
                except Exception as fault:
                    self._report(fault)
            if effects:
                self.perform(effects)
        finally:
            self.rearm()

    def failed(self, flow: Flow) -> None:
        """A transport cannot deliver to `flow`; the endpoint hears of it in the loop's next turn.

        Not at once: a send may fail in the middle of a batch of effects, and an endpoint that answers a failure by
        sending again would else never come back.
        """
        if self._loop is None:
            return
        if not self._failed:
            self._loop.call_soon(self._tell_failures)
        self._failed[flow] = None

    def _report(self, fault: Exception) -> None:
        loop = self._loop or asyncio.get_running_loop()
        loop.call_exception_handler({"message": "the endpoint has failed at a message", "exception": fault})

    def _tell_failures(self) -> None:
        flows, self._failed = self._failed, {}
        now = time.monotonic()
        effects: list[object] = []
        try:
            for flow in flows:
                effects += self.endpoint.transport_failed(flow, now)
            if effects:
                self.perform(effects)
        finally:
            self.rearm()

    # The timer.

    def _fire(self) -> None:
        # An early wake-up must not be lost: time is at least what the timer was armed for.
        now = max(time.monotonic(), self._armed_at or 0.0)
        # Until the tick is over there is no sense in arming for what it will do.
        self._timer, self._armed_at = None, -math.inf
        # What has already arrived counts before any timer does: after a pause of the process, a retransmission or
        # an expiry that a queued message forbids must not happen.
        try:
            for transport in self.transports.values():
                transport.poll()
            effects = () if self._loop is None else self.endpoint.tick(now)
            if effects:
                self.perform(effects)
        finally:
            self._armed_at = None
            self.rearm()
