"""A scene whose gateway is several workers: each message goes to the core that `owner_of` names, and to no other.

The cores draw their names from one source, so that what the gateway does is to be compared, step by step, with what a
single core does.
"""

from collections import ChainMap, Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import attrs

from b2bua.app import core_of
from b2bua.call import Core, Moment
from b2bua.call.context import Context
from b2bua.call.core import Output, Statistics
from b2bua.call.probing import Probing
from b2bua.config import Config
from b2bua.workers.marks import MarkedIds, mark_of
from b2bua.workers.owner import owner_of
from b2bua.workers.statistics import summed
from b2bua.workers.tallies import Tallies
from policy.ledger import Ledger
from policy.roaming import Answer
from sipstack.flow import Flow
from tests.world.scene import Scene

WORKERS = 3


@attrs.define(eq=False)
class Cores:
    """So many cores with the face of one."""

    all: tuple[Core, ...]
    tallies: Tallies

    @classmethod
    def of(cls, config: Config, seed: int) -> "Cores":
        random, ledger = Random(seed), Ledger()
        cores = [core_of(config, MarkedIds(random.randbytes, mark_of(slot)), ledger=ledger) for slot in range(WORKERS)]
        trunks = [core.context.trunks.all for core in cores]
        tallies = Tallies.make(2 * len(trunks[0]), WORKERS)
        for slot, own in enumerate(trunks):
            tallies.join(slot, [limit for trunk in own for limit in (trunk.inward, trunk.outward)])
        for core in cores[1:]:
            core.probing = Probing(core.context.ids, {})
            core.context.failures._until = cores[0].context.failures._until  # each worker has its own: a hint, no more
        return cls(tuple(cores), tallies)

    def receive(self, data: bytes, flow: Flow, moment: Moment) -> list[Output]:
        return self.all[owner_of(data, WORKERS)].receive(data, flow, moment)

    def transport_failed(self, flow: Flow, moment: Moment) -> list[Output]:
        return [output for core in self.all for output in core.transport_failed(flow, moment)]

    def answered(self, call: str, answers: Mapping[str, Answer], moment: Moment) -> list[Output]:
        return [output for core in self.all for output in core.answered(call, answers, moment)]

    def tick(self, moment: Moment) -> list[Output]:
        return [output for core in self.all for output in core.tick(moment)]

    def deadline(self) -> float | None:
        return min((due for core in self.all if (due := core.deadline()) is not None), default=None)

    def statistics(self) -> Statistics:
        said: Any = summed([attrs.asdict(core.statistics()) for core in self.all])
        return Statistics(**said)

    @property
    def context(self) -> Context:
        return self.all[0].context

    @property
    def layer(self) -> "Layers":
        return Layers(self.all)

    def __getattr__(self, name: str) -> Any:
        """Tables of all cores, for whoever counts what is left in them."""
        tables = [getattr(core, name) for core in self.all]
        return ChainMap(*tables) if isinstance(tables[0], dict) else [one for table in tables for one in table]


@attrs.frozen
class Layers:
    """Their transaction layers."""

    cores: tuple[Core, ...]

    def statistics(self) -> Any:
        said = [core.layer.statistics() for core in self.cores]
        drops = Counter[Any]()
        for one in said:
            for why, count in one.drops:
                drops[why] += count
        return attrs.evolve(said[0], deadlines=sum(one.deadlines for one in said), drops=tuple(drops.items()))


class Several(Scene):
    """A scene with a gateway of several workers."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        cores: Any = Cores.of(self.config, self.seed + 1)
        self.core = cores

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.core.tallies.close()  # type: ignore[attr-defined]

    def answering(self) -> Iterator[Core]:
        """The cores that hold a call."""
        cores: Sequence[Core] = self.core.all  # type: ignore[attr-defined]
        return (core for core in cores if core.statistics().calls)
