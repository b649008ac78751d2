"""How many calls a bad network lets through, and what it costs."""

from collections import Counter

import attrs

from tests.world.crowd import Crowd, Plan, Talk

NORMAL = Plan(name="normal", doings=[(70.0, Talk.caller_hangs_up)])


@attrs.frozen(kw_only=True)
class Outcome:
    """Of many calls that all should have been set up."""

    calls: int
    set_up: int
    ends: Counter[str]
    sent: float
    """Datagrams of the gateway a call."""

    @property
    def share(self) -> float:
        """Of the calls that were set up."""
        return self.set_up / self.calls


def outcome(
    calls: int, seed: int, *, loss: float = 0.0, doubled: float = 0.0, delay: tuple[float, float] = (0.01, 0.01)
) -> Outcome:
    """One call each quarter of a second, over such a network; every table is empty when they are over."""
    crowd = Crowd(seed)
    crowd.link.loss, crowd.link.doubled, crowd.link.delay = loss, doubled, delay
    for call in range(calls):
        crowd.after(call / 4, lambda: crowd.place(NORMAL))
    crowd.run(calls / 4)
    crowd.settle()
    talks = crowd.talks
    sent = crowd.datagrams["out"] / calls
    return Outcome(calls=talks.placed["normal"], set_up=talks.set_up["normal"], ends=crowd.ends, sent=sent)
