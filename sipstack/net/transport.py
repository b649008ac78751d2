"""What the driver and its sockets are to each other, whatever they carry (RFC 3261 §18).

A `Transport` is one of our own addresses under a name, the `socket` of every `Flow` that uses it. It tells an `Inbox`
what has come and what could not be delivered; the driver is the inbox.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from sipstack.effects import Send
from sipstack.flow import Flow


class Inbox(Protocol):
    """Where a transport leaves what it has for the endpoint."""

    def received(self, messages: Iterable[tuple[bytes, Flow]]) -> None:
        """Whole messages (datagrams, or framed ones of a stream), in the order of their arrival; read to the end."""

    def failed(self, flow: Flow) -> None:
        """What was or will be sent on `flow` does not arrive: ICMP says so, or its connection is gone (§18.4).

        May be called at any moment, also from within `Transport.send`: the endpoint is told later, in a turn of its
        own.
        """


class Transport(Protocol):
    """One of our own sockets or listeners, with its connections."""

    name: str
    """What `Flow.socket` says."""
    counters: Counter[str]
    """What came to nothing and why, by name, since the start."""

    def start(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        """Begins to read."""

    def poll(self) -> None:
        """Hands to the inbox what has arrived and was not yet read, without waiting for the loop to say so."""

    def send(self, send: Send) -> None:
        """Puts the bytes on their way; never raises, never waits. What cannot leave is counted or told as failed."""

    def stop(self) -> None:
        """Stops reading, hands what is queued to the kernel as far as it takes it, and closes; idempotent."""
