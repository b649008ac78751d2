"""Whether the targets of a trunk are up, damped both ways: one answer lost takes none away, one heard brings none back.

What counts is what became of the probes that the gateway sends (`b2bua.call.probing`), and nothing else. A call that
gets no answer is told apart: what its INVITE looks like is the choice of whoever calls, and nobody abroad may take a
target away from the others by calls that it will not answer.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Self

import attrs

from b2bua.config import Probe
from sipstack.locate import Target

Place = tuple[str, int]
"""Address and port, as `Target.remote` and `Flow.remote` have them."""


class State(enum.StrEnum):
    """What is known of a target."""

    UNKNOWN = "unknown"
    """Nothing yet; it counts as up."""
    UP = "up"
    DOWN = "down"


@attrs.define
class Standing:
    """One target: its state, and what speaks against it."""

    state: State = State.UNKNOWN
    against: int = 0
    """Probes in a row that contradict the state: failures of one that is not down, successes of one that is."""


@attrs.define(eq=False)
class Health:
    """The states of a trunk's targets. Without `probe` none is kept, and all of them count as up."""

    probe: Probe | None = None
    standings: dict[Place, Standing] = attrs.field(factory=dict)

    @classmethod
    def of(cls, places: Iterable[Place], probe: Probe | None) -> Self:
        """Of targets that nothing is known of yet."""
        return cls(probe, {} if probe is None else {place: Standing() for place in places})

    def answered(self, place: Place) -> bool:
        """A probe was answered; whether the target, which was down, is up from now on."""
        standing, probe = self.standings[place], self._probe
        if standing.state is not State.DOWN:
            standing.state, standing.against = State.UP, 0
            return False
        return self._contradicted(standing, probe.up_after, State.UP)

    def missed(self, place: Place) -> bool:
        """A probe failed; whether the target, which was up or unknown, is down from now on."""
        standing, probe = self.standings[place], self._probe
        if standing.state is State.DOWN:
            standing.against = 0
            return False
        return self._contradicted(standing, probe.down_after, State.DOWN)

    def hear(self, place: Place, *, is_down: bool) -> None:
        """Somebody else, who sends the probes, has found that."""
        self.standings[place] = Standing(State.DOWN if is_down else State.UP)

    def is_down(self, place: Place) -> bool:
        """Whether so many probes have failed that a call had better begin elsewhere."""
        standing = self.standings.get(place)
        return standing is not None and standing.state is State.DOWN

    def worth_trying(self, targets: tuple[Target, ...], *, last_resort: bool = False) -> tuple[Target, ...]:
        """Those a call may be tried at, their order kept: the targets that are not down; all, when all are down.

        A probe may be wrong, by a filter that drops OPTIONS or a peer that is too proud to answer it, and the only
        certain way to lose a call is not to send it: suspicion chooses among targets, and never refuses. Beside one
        that is up, those that are down are left out, for a caller whose call was refused at once can go another way,
        and one who waits out a dead target's 64*T1 cannot; with `last_resort`, as for an emergency call that has no
        other way, they stand behind the others.
        """
        if not self.standings:
            return targets
        up = tuple([target for target in targets if not self.is_down(target.remote)])
        if not up:
            return targets
        if not last_resort:
            return up
        return up + tuple([target for target in targets if self.is_down(target.remote)])

    def states(self) -> Mapping[Place, State]:
        """A snapshot, by place."""
        return {place: standing.state for place, standing in self.standings.items()}

    @property
    def _probe(self) -> Probe:
        assert self.probe is not None, "a target with a standing is probed"
        return self.probe

    def _contradicted(self, standing: Standing, enough: int, otherwise: State) -> bool:
        standing.against += 1
        if standing.against < enough:
            return False
        standing.state, standing.against = otherwise, 0
        return True
