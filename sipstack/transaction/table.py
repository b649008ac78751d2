"""The living transactions, and the four ways to find one: by key, by flow, by datagram, by request.

Each index forgets a transaction with the transaction itself, so what bounds their number bounds all four.
"""

from collections import Counter
from collections.abc import Iterator

import attrs

from sipstack.effects import Key
from sipstack.flow import Flow
from sipstack.message import Request
from sipstack.transaction.client import Client
from sipstack.transaction.client_invite import ClientInvite
from sipstack.transaction.key import Copy
from sipstack.transaction.server import Server
from sipstack.transaction.server_invite import ServerInvite

Machine = ClientInvite | Client | ServerInvite | Server


@attrs.define(eq=False)
class Entry:
    """A machine with what the layer knows about it."""

    key: Key
    machine: Machine
    flow: Flow
    """Where its bytes go; for a server transaction not always where the request came from (§18.2.2)."""
    known: bool = attrs.field(default=True, kw_only=True)
    """Whether the user has the key; the transactions of CANCEL and of a merged request are ours and the peer's."""
    otherwise: Flow | None = attrs.field(default=None, kw_only=True)
    """Where a response goes when the connection is gone."""
    to_tag: str = attrs.field(default="", kw_only=True)
    """The To tag of a server transaction's responses: the one offered, then the one its user answered with."""
    copy: Copy | None = attrs.field(default=None, kw_only=True)
    """The datagram that opened a server transaction."""
    merge: str | None = attrs.field(default=None, kw_only=True)
    """The request that opened it, as it would also come by another way."""
    invite: Request | None = attrs.field(default=None, kw_only=True)
    """A client INVITE without a final response: what a CANCEL would be made of."""
    smaller: tuple[Request, Flow] | None = attrs.field(default=None, kw_only=True)
    """An unanswered request that goes by a stream for its size alone, and the UDP flow left to it (§18.1.1)."""
    cancel: tuple[tuple[str, str], ...] | None = attrs.field(default=None, init=False)
    """The headers for a CANCEL that waits for the first provisional response (§9.1)."""
    is_final: bool = attrs.field(default=False, init=False)
    """Whether a client's user has had its final response, so that a later fault is no failure of the request."""
    queued: float | None = attrs.field(default=None, init=False)
    """The time of its live entry in the heap."""


@attrs.define(eq=False, repr=False)
class Table:
    """All entries of a layer."""

    _entries: dict[Key, Entry] = attrs.field(factory=dict, init=False)
    _flows: dict[Flow, dict[Key, None]] = attrs.field(factory=dict, init=False)
    _copies: dict[Copy, Entry] = attrs.field(factory=dict, init=False)
    _merges: dict[str, Entry] = attrs.field(factory=dict, init=False)
    _sockets: Counter[str] = attrs.field(factory=Counter, init=False)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __getitem__(self, key: Key) -> Entry:
        return self._entries[key]

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def count(self, socket: str) -> int:
        """How many send by that socket of ours."""
        return self._sockets[socket]

    def get(self, key: Key) -> Entry | None:
        """The transaction of that key, while it lives."""
        return self._entries.get(key)

    def copy_of(self, copy: Copy) -> Entry | None:
        """The server transaction which this very datagram opened."""
        return self._copies.get(copy)

    def merge_of(self, merge: str) -> Entry | None:
        """The server transaction of the same request, come by another way."""
        return self._merges.get(merge)

    def on(self, flow: Flow) -> tuple[Entry, ...]:
        """Those whose messages go by `flow`, or would if their connection were gone; the oldest first."""
        return tuple([self._entries[key] for key in self._flows.get(flow, ())])

    def sizes(self) -> tuple[int, int, int]:
        """How many flows, datagrams and requests lead to a transaction."""
        return len(self._flows), len(self._copies), len(self._merges)

    def add(self, entry: Entry) -> None:
        """A transaction has begun."""
        self._entries[entry.key] = entry
        self._join(entry)
        if entry.copy is not None:
            self._copies[entry.copy] = entry
        if entry.merge is not None:
            self._merges[entry.merge] = entry

    def move(self, entry: Entry, flow: Flow) -> None:
        """From now on it sends by `flow`."""
        self._leave(entry)
        entry.flow = flow
        self._join(entry)

    def forget_merge(self, entry: Entry) -> None:
        """The same request may come again by another way."""
        if entry.merge is not None and self._merges.get(entry.merge) is entry:
            del self._merges[entry.merge]

    def remove(self, entry: Entry) -> None:
        """A transaction is over."""
        del self._entries[entry.key]
        self._leave(entry)
        self.forget_merge(entry)
        if entry.copy is not None:
            del self._copies[entry.copy]

    def _join(self, entry: Entry) -> None:
        self._sockets[entry.flow.socket] += 1
        for flow in _ways(entry):
            mates = self._flows.get(flow)
            if mates is None:
                mates = self._flows[flow] = {}
            mates[entry.key] = None

    def _leave(self, entry: Entry) -> None:
        self._sockets[entry.flow.socket] -= 1
        for flow in _ways(entry):
            mates = self._flows[flow]
            del mates[entry.key]
            if not mates:
                del self._flows[flow]


def _ways(entry: Entry) -> tuple[Flow, ...]:
    if entry.otherwise is None or entry.otherwise == entry.flow:
        return (entry.flow,)
    return (entry.flow, entry.otherwise)
