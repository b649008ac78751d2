"""OPTIONS to the targets of trunks that want it: whether anybody is there (RFC 3261 §11), before a call finds out.

Any final response says that somebody is, even a 404 or a 501: what answers can take a call. But a 503 says that it
will not, and a 408 that somebody else gave up waiting for whoever is behind. What the answers make of a target is in
`b2bua.trunk.health`; here is when it is asked, and what became of it.

A probe that has failed stays in the transaction layer until its timer F, as every request does that nobody answers;
its late response then counts no more.
"""

from collections.abc import Mapping
from typing import Self

import attrs

from b2bua.call.acts import Alarm
from b2bua.call.bridge import HOPS
from b2bua.config import Endpoint, Probe
from b2bua.trunk import Trunk, Trunks
from sipstack.effects import Cause, Effect, Key
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Request, Response
from sipstack.message import request as build
from sipstack.transaction import TransactionLayer

#: The final responses that count as none.
FAILURES = (408, 503)
#: By how much an interval may differ from what is set, either way, so that probes of many targets do not stay together.
JITTER = 0.1


@attrs.define(eq=False)
class Watched:
    """One target of one trunk, and how far its probes are."""

    trunk: Trunk
    flow: Flow
    probe: Probe
    due: float = attrs.field(default=0.0, kw_only=True)
    """When the next probe goes, or, while there is a `key`, when the one under way has failed."""
    asked_at: float = attrs.field(default=0.0, kw_only=True)
    key: Key | None = attrs.field(default=None, kw_only=True)
    """The probe under way; one at most."""

    @property
    def place(self) -> str:
        """For people: `198.51.100.1:5060`."""
        return str(Endpoint(*self.flow.remote))

    def options(self, ids: Ids) -> Request:
        """A probe: a request of its own each time, out of any dialog, which asks for what §11.1 says it should."""
        socket = self.trunk.socket(self.flow.socket)
        uri = f"sip:{self.place}"
        headers = [
            ("Via", socket.via(ids.branch())),
            ("Max-Forwards", str(HOPS)),
            ("From", f"<sip:{socket.shown}>;tag={ids.tag()}"),
            ("To", f"<{uri}>"),
            ("Call-ID", ids.call_id()),
            ("CSeq", "1 OPTIONS"),
            ("Accept", "application/sdp"),
        ]
        return build("OPTIONS", uri, headers)


@attrs.define(eq=False)
class Probing:
    """All probes of a gateway. Its own transactions are told from calls' by their keys."""

    ids: Ids = attrs.field(repr=False)
    watched: dict[tuple[str, Flow], Watched]
    """By trunk and flow."""
    _under_way: dict[Key, Watched] = attrs.field(factory=dict, init=False, repr=False)
    _due: float | None = attrs.field(init=False)
    """No later than the first `due` of them all."""

    @_due.default
    def _at_once(self) -> float | None:
        return 0.0 if self.watched else None

    @classmethod
    def of(cls, trunks: Trunks, ids: Ids) -> Self:
        """Every target of every trunk that wants it; the first probes are due at once."""
        return cls(
            ids,
            {
                (trunk.name, flow): Watched(trunk, flow, trunk.health.probe)
                for trunk in trunks.all
                if trunk.health.probe is not None
                for flow in trunk.targets.flows.values()
            },
        )

    def states(self) -> Mapping[str, Mapping[str, str]]:
        """What is known of each target, by trunk and address."""
        states: dict[str, dict[str, str]] = {}
        for watched in self.watched.values():
            state = watched.trunk.health.states()[watched.flow.remote]
            states.setdefault(watched.trunk.name, {})[watched.place] = str(state)
        return states

    def deadline(self) -> float | None:
        """When `tick` is due next."""
        return self._due

    def tick(self, layer: TransactionLayer, now: float) -> list[Effect | Alarm]:
        """Counts the probes that have waited long enough as failed, and sends those that are due."""
        if self._due is None or now < self._due:
            return []
        out: list[Effect | Alarm] = []
        for watched in self.watched.values():
            if watched.due <= now and watched.key is not None:
                out += self._missed(watched, "no response", now)
            if watched.due <= now:
                out += self._ask(watched, layer, now)
        self._due = min(watched.due for watched in self.watched.values())
        return out

    def answered(self, key: Key, response: Response, now: float) -> list[Alarm]:
        """A response has come to a request of ours that no call waits for."""
        watched = self._under_way.get(key)
        if watched is None or response.status < 200:
            return []
        if response.status in FAILURES:
            return self._missed(watched, f"{response.status}", now)
        is_news = watched.trunk.health.answered(watched.flow.remote)
        self._over(watched, now)
        what = f"{watched.probe.up_after} probes in a row were answered"
        return [_alarm("target up", watched, what)] if is_news else []

    def failed(self, key: Key, cause: Cause, now: float) -> list[Alarm]:
        """The same of a failure."""
        watched = self._under_way.get(key)
        return [] if watched is None else self._missed(watched, str(cause), now)

    def doubt(self, trunk: Trunk, flow: Flow, now: float) -> None:
        """A call got no answer there: the next probe goes sooner, though no sooner than after a probe's patience.

        That is all a call does (`b2bua.trunk.health` says why), and the pause keeps a short trouble with many calls
        from being as many failures in a row.
        """
        watched = self.watched.get((trunk.name, flow))
        if watched is None:
            return
        watched.due = min(watched.due, max(now, watched.asked_at + watched.probe.timeout_seconds))
        self._is_due(watched)

    def _ask(self, watched: Watched, layer: TransactionLayer, now: float) -> list[Effect]:
        key, effects = layer.request(watched.options(self.ids), watched.flow, now)
        self._under_way[key] = watched
        watched.key, watched.asked_at, watched.due = key, now, now + watched.probe.timeout_seconds
        return effects

    def _missed(self, watched: Watched, why: str, now: float) -> list[Alarm]:
        is_news = watched.trunk.health.missed(watched.flow.remote)
        self._over(watched, now)
        what = f"{watched.probe.down_after} probes in a row failed, the last one by: {why}"
        return [_alarm("target down", watched, what)] if is_news else []

    def _over(self, watched: Watched, now: float) -> None:
        """Nothing is under way; the next one's time is counted from the last one's beginning."""
        if watched.key is not None:
            del self._under_way[watched.key]
            watched.key = None
        is_down = watched.trunk.health.is_down(watched.flow.remote)
        pause = watched.probe.interval(is_down=is_down) * self._jitter()
        watched.due = max(now, watched.asked_at + pause)
        self._is_due(watched)

    def _is_due(self, watched: Watched) -> None:
        self._due = watched.due if self._due is None else min(self._due, watched.due)

    def _jitter(self) -> float:
        return 1 - JITTER + 2 * JITTER * int.from_bytes(self.ids.randbytes(2)) / 0xFFFF


def _alarm(name: str, watched: Watched, why: str) -> Alarm:
    return Alarm(name, f"trunk {watched.trunk.name}: {watched.place}: {why}")
