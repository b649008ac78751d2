"""What happens in a gateway, to read along: evidence and alarms, at the reader's own pace."""

import asyncio
from collections import deque
from typing import Self

import attrs

from b2bua.call import Alarm, Record


@attrs.define(eq=False)
class Watch:
    """An async iterator over what comes after it was made; it ends when the gateway has stopped.

    It is a queue and no callback, so that a reader who is slow, or raises, does so in his own time and never in the
    middle of a call.
    """

    limit: int = attrs.field(validator=attrs.validators.ge(1))
    """How many notes may wait; beyond it the oldest make room."""
    missed: int = attrs.field(default=0, init=False)
    """How many had to make room, unread. The journal has them all the same."""
    _waiting: deque[Record | Alarm] = attrs.field(factory=deque, init=False, repr=False)
    _news: asyncio.Event = attrs.field(factory=asyncio.Event, init=False, repr=False)
    _is_over: bool = attrs.field(default=False, init=False)

    def tell(self, note: Record | Alarm) -> None:
        """The gateway's side: one more."""
        if len(self._waiting) >= self.limit:
            self._waiting.popleft()
            self.missed += 1
        self._waiting.append(note)
        self._news.set()

    def end(self) -> None:
        """The gateway's side: nothing more will come. What waits can still be read."""
        self._is_over = True
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Record | Alarm:
        while not self._waiting:
            if self._is_over:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()
