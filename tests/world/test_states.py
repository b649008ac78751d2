"""The states of a call as docs/call.md draws them."""

import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from b2bua.call.core import Output
from tests.world import anything
from tests.world.scene import Scene

PAGE = Path(__file__).parents[2] / "docs" / "call.md"
BEGIN, END = "[*]", "ended"
Edge = tuple[str, str]


@attrs.define(eq=False)
class Watched(Scene):
    """Notes how the states of its calls change from one input to the next."""

    edges: set[Edge] = attrs.field(factory=set, init=False)
    _before: dict[str, str] = attrs.field(factory=dict, init=False)

    def _perform(self, outputs: Sequence[Output]) -> None:
        now = {name: held.call.state.value for name, held in self.core._calls.items()}
        for name in self._before.keys() | now.keys():
            was, state = self._before.get(name, BEGIN), now.get(name, END)
            if was != state:
                self.edges.add((was, state))
        self._before = now
        super()._perform(outputs)


def test_the_figure_has_the_edges_that_calls_take_and_no_others() -> None:
    drawn = set(re.findall(r"^ {4}(\S+) --> (\w+):", PAGE.read_text(), re.MULTILINE))
    assert len(drawn) == 11
    taken: set[Edge] = set()
    for seed in range(1_000):
        taken |= anything.play(seed, Watched).edges
        if taken == drawn:
            break
    assert taken == drawn
