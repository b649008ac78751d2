"""A scene whose core forgets every call after every input, and goes on from what was saved of it."""

from collections.abc import Sequence

import orjson

from b2bua.call import Carry
from b2bua.call.core import Output
from tests.world.scene import Scene


class Forgetful(Scene):
    """Puts down every call after every input, and takes it up again from what JSON kept of it."""

    def _perform(self, outputs: Sequence[Output]) -> None:
        anew: list[Output] = []
        for name in tuple(self.core._calls):
            saved = orjson.dumps(self.core.put_down(name, self.moment))
            anew += self.core.take_up(orjson.loads(saved), self.moment)
        assert all(isinstance(output, Carry) for output in anew), (
            "a call that goes on says nothing, and only begins anew"
        )
        super()._perform([*outputs, *anew])
