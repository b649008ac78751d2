"""The figures of RFC 3261 §17, as RFC 6026 changed them: what each machine may do, and what it is seen to do.

A figure is the set of its edges (state, input, what is done, next state). `FIGURES` holds those of the RFC, written
down by hand; `reached` plays every history of four inputs, checks the laws after every step and returns the
edges taken. `mermaid` draws the latter, for the documentation.
"""

import functools
import itertools
from types import SimpleNamespace

import pytest

from sipstack.effects import Cause, Deliver, Finish, Transmit, Unsent
from sipstack.timing import Timing
from sipstack.transaction import Client, ClientInvite, Server, ServerInvite, State

FIGURE_5 = frozenset(
    {
        ("calling", "A", "send INVITE", "calling"),
        ("calling", "B", "inform", "terminated"),
        ("calling", "transport error", "inform", "terminated"),
        ("calling", "1xx", "deliver", "proceeding"),
        ("calling", "2xx", "deliver", "accepted"),
        ("calling", "300-699", "send ACK, deliver", "completed"),
        ("proceeding", "1xx", "deliver", "proceeding"),
        ("proceeding", "2xx", "deliver", "accepted"),
        ("proceeding", "300-699", "send ACK, deliver", "completed"),
        ("proceeding", "64*T1 after CANCEL", "inform", "terminated"),  # §9.1, in prose only
        ("completed", "300-699", "send ACK", "completed"),
        ("completed", "transport error", "inform", "terminated"),
        ("completed", "D", "", "terminated"),
        ("accepted", "2xx", "deliver", "accepted"),
        ("accepted", "M", "", "terminated"),
    }
)
FIGURE_5_RELIABLE = frozenset(
    {
        ("calling", "B", "inform", "terminated"),
        ("calling", "transport error", "inform", "terminated"),
        ("calling", "1xx", "deliver", "proceeding"),
        ("calling", "2xx", "deliver", "accepted"),
        ("calling", "300-699", "send ACK, deliver", "terminated"),
        ("proceeding", "1xx", "deliver", "proceeding"),
        ("proceeding", "2xx", "deliver", "accepted"),
        ("proceeding", "300-699", "send ACK, deliver", "terminated"),
        ("proceeding", "64*T1 after CANCEL", "inform", "terminated"),
        ("accepted", "2xx", "deliver", "accepted"),
        ("accepted", "M", "", "terminated"),
    }
)
FIGURE_6 = frozenset(
    {
        ("trying", "E", "send REQUEST", "trying"),
        ("trying", "F", "inform", "terminated"),
        ("trying", "transport error", "inform", "terminated"),
        ("trying", "1xx", "deliver", "proceeding"),
        ("trying", "2xx", "deliver", "completed"),
        ("trying", "300-699", "deliver", "completed"),
        ("proceeding", "E", "send REQUEST", "proceeding"),
        ("proceeding", "F", "inform", "terminated"),
        ("proceeding", "transport error", "inform", "terminated"),
        ("proceeding", "1xx", "deliver", "proceeding"),
        ("proceeding", "2xx", "deliver", "completed"),
        ("proceeding", "300-699", "deliver", "completed"),
        ("completed", "K", "", "terminated"),
    }
)
FIGURE_6_RELIABLE = frozenset(
    {
        ("trying", "F", "inform", "terminated"),
        ("trying", "transport error", "inform", "terminated"),
        ("trying", "1xx", "deliver", "proceeding"),
        ("trying", "2xx", "deliver", "terminated"),
        ("trying", "300-699", "deliver", "terminated"),
        ("proceeding", "F", "inform", "terminated"),
        ("proceeding", "transport error", "inform", "terminated"),
        ("proceeding", "1xx", "deliver", "proceeding"),
        ("proceeding", "2xx", "deliver", "terminated"),
        ("proceeding", "300-699", "deliver", "terminated"),
    }
)
_FIGURE_7_BOTH = frozenset(
    {
        ("proceeding", "200 ms", "send 100", "proceeding"),
        ("proceeding", "INVITE", "send 100", "proceeding"),
        ("proceeding", "INVITE", "send 180", "proceeding"),
        ("proceeding", "user 101-199", "send 180", "proceeding"),
        ("proceeding", "user 2xx", "send 200", "accepted"),
        ("proceeding", "user 300-699", "send 300", "completed"),
        ("proceeding", "transport error", "inform", "proceeding"),
        ("completed", "INVITE", "send 300", "completed"),
        ("completed", "transport error", "inform", "completed"),
        ("completed", "H", "inform", "terminated"),
        ("accepted", "ACK", "deliver", "accepted"),
        ("accepted", "user 2xx", "send 200", "accepted"),
        ("accepted", "transport error", "inform", "accepted"),
        ("accepted", "L", "", "terminated"),
    }
)
FIGURE_7 = _FIGURE_7_BOTH | {
    ("completed", "G", "send 300", "completed"),
    ("completed", "ACK", "", "confirmed"),
    ("confirmed", "I", "", "terminated"),
}
FIGURE_7_RELIABLE = _FIGURE_7_BOTH | {("completed", "ACK", "", "terminated")}
_FIGURE_8_BOTH = frozenset(
    {
        ("trying", "user 101-199", "send 180", "proceeding"),
        ("proceeding", "REQUEST", "send 180", "proceeding"),
        ("proceeding", "user 101-199", "send 180", "proceeding"),
        ("proceeding", "transport error", "inform", "proceeding"),
    }
)
FIGURE_8 = _FIGURE_8_BOTH | {
    ("trying", "user 2xx", "send 200", "completed"),
    ("trying", "user 300-699", "send 300", "completed"),
    ("proceeding", "user 2xx", "send 200", "completed"),
    ("proceeding", "user 300-699", "send 300", "completed"),
    ("completed", "REQUEST", "send 200", "completed"),
    ("completed", "REQUEST", "send 300", "completed"),
    ("completed", "transport error", "inform", "completed"),
    ("completed", "J", "", "terminated"),
}
FIGURE_8_RELIABLE = _FIGURE_8_BOTH | {
    ("trying", "user 2xx", "send 200", "terminated"),
    ("trying", "user 300-699", "send 300", "terminated"),
    ("proceeding", "user 2xx", "send 200", "terminated"),
    ("proceeding", "user 300-699", "send 300", "terminated"),
}

# Which timers may run in a state: the one that sends again, the one that ends the state.
TIMERS = {
    ClientInvite: {
        "calling": ("A", "B"),
        "proceeding": (None, "64*T1 after CANCEL"),
        "completed": (None, "D"),
        "accepted": (None, "M"),
    },
    Client: {"trying": ("E", "F"), "proceeding": ("E", "F"), "completed": (None, "K")},
    ServerInvite: {
        "proceeding": ("200 ms", None),
        "completed": ("G", "H"),
        "confirmed": (None, "I"),
        "accepted": (None, "L"),
    },
    Server: {"trying": (None, None), "proceeding": (None, None), "completed": (None, "J")},
}
WAITS_FOR_ITS_USER = {
    (ClientInvite, "proceeding"),
    (ServerInvite, "proceeding"),
    (Server, "trying"),
    (Server, "proceeding"),
}
RELIABLE_TOO = {"200 ms"}  # not a repetition

CLOCK = ("repeat", "expire", "wait", "pause")
CLIENT_INPUTS = ("1xx", "2xx", "300-699", "transport error", *CLOCK)
USER_INPUTS = ("user 101-199", "user 2xx", "user 300-699", "transport error", *CLOCK)
INPUTS = {
    ClientInvite: (*CLIENT_INPUTS, "cancel"),
    Client: CLIENT_INPUTS,
    ServerInvite: ("INVITE", "ACK", *USER_INPUTS),
    Server: ("REQUEST", *USER_INPUTS),
}
STATUS = {
    "1xx": 100,
    "2xx": 200,
    "300-699": 300,
    "user 101-199": 180,
    "user 2xx": 200,
    "user 300-699": 300,
}
FIGURES = [
    (ClientInvite, False, FIGURE_5),
    (ClientInvite, True, FIGURE_5_RELIABLE),
    (Client, False, FIGURE_6),
    (Client, True, FIGURE_6_RELIABLE),
    (ServerInvite, False, FIGURE_7),
    (ServerInvite, True, FIGURE_7_RELIABLE),
    (Server, False, FIGURE_8),
    (Server, True, FIGURE_8_RELIABLE),
]
TIMING = Timing()


class Run:
    """One history of one machine, with the laws."""

    def __init__(self, kind, reliable):
        self.kind, self.reliable, self.now = kind, reliable, 100.0
        self.finishes, self.finals = 0, []
        if kind is ClientInvite:
            self.machine = ClientInvite(TIMING, reliable, b"INVITE", lambda response: b"ACK")
            self.check(self.machine.start(self.now))
        elif kind is Client:
            self.machine = Client(TIMING, reliable, b"REQUEST")
            self.check(self.machine.start(self.now))
        else:
            self.machine = (
                ServerInvite(TIMING, reliable, lambda: b"100") if kind is ServerInvite else Server(TIMING, reliable)
            )
            self.check(self.machine.start(SimpleNamespace(method="INVITE"), self.now))

    def step(self, name):
        """Feed one input; the edge it took, or None when nothing happened."""
        machine, before, was = self.machine, self.machine.state.value, repr(self.machine)
        label, notes = self.feed(name)
        self.check(notes)
        if before == "terminated":
            assert notes == (), "no output after Finish"
            assert repr(machine) == was
        if not notes and machine.state.value == before:
            return None
        return before, label, ", ".join(filter(None, map(describe, notes))), machine.state.value

    def feed(self, name):
        machine = self.machine
        if name in CLOCK:
            return self.tick(name)
        if name == "transport error":
            return name, machine.transport_failed(self.now)
        if name == "cancel":
            return name, machine.cancelled(self.now)
        if name.startswith("user"):
            return name, machine.respond(STATUS[name], str(STATUS[name]).encode(), self.now)
        if name in STATUS:
            return name, machine.receive(SimpleNamespace(status=STATUS[name]), self.now)
        if name == "ACK":
            return name, machine.acknowledged(SimpleNamespace(method="ACK"), self.now)
        return name, machine.again(self.now)

    def tick(self, name):
        """The clock moves: to a deadline, to half-way before it, or past many of them at once."""
        machine = self.machine
        repeats, expires = TIMERS[self.kind].get(machine.state.value, (None, None))
        due = machine.deadline()
        if name == "wait":
            self.now += 0.01 if due is None else (due - self.now) / 2
            assert machine.tick(self.now) == (), "nothing is due yet"
            return name, ()
        if name == "pause":
            self.now += 7.3
        else:
            at = machine.retransmit_at if name == "repeat" else machine.expires_at
            self.now = self.now if at is None else max(self.now, at)
        notes = machine.tick(self.now)
        assert machine.tick(self.now) == (), "what is due is done at once, and what a pause let pass is left out"
        return expires if machine.state is State.TERMINATED else repeats, notes

    def check(self, notes):
        machine = self.machine
        finishes = [note for note in notes if isinstance(note, Finish)]
        self.finishes += len(finishes)
        dead = machine.state is State.TERMINATED
        assert self.finishes == dead, "Finish once, and only with the end"
        if finishes:
            assert notes[-1] is finishes[0]
        assert sum(isinstance(note, Transmit) for note in notes) <= 1, "never a burst"
        self.check_deliveries(notes)
        if dead:
            assert machine.deadline() is None
        else:
            self.check_deadlines()

    def check_deliveries(self, notes):
        """A client's user has one final response, or one fault, or several 2xx to an INVITE (§13.2.2.4)."""
        if self.kind not in (ClientInvite, Client):
            return
        self.finals += [
            note.message.status for note in notes if isinstance(note, Deliver) and note.message.status >= 200
        ]
        assert len(self.finals) <= 1 or (self.kind is ClientInvite and set(self.finals) == {200})
        state = self.machine.state.value
        if state in ("calling", "trying", "proceeding"):
            assert not self.finals
        elif state != "terminated":
            assert self.finals
        for note in notes:
            if isinstance(note, Finish):
                assert bool(self.finals) or note.cause is not Cause.NORMAL, "an end without an answer says why"

    def check_deadlines(self):
        machine = self.machine
        repeats, expires = TIMERS[self.kind][machine.state.value]
        due = machine.deadline()
        assert due is None or due > self.now, "a deadline in the past would be a tick without end"
        if machine.retransmit_at is not None:
            assert repeats, f"nothing is sent again in {machine!r}"
            assert not self.reliable or repeats in RELIABLE_TOO
        if machine.expires_at is not None:
            assert expires
        elif (self.kind, machine.state.value) not in WAITS_FOR_ITS_USER:
            pytest.fail(f"{machine!r} would stay for ever")


def describe(note):
    if isinstance(note, Transmit):
        return f"send {note.wire.decode()}"
    if isinstance(note, Deliver):
        return "deliver"
    if isinstance(note, Unsent):
        return "inform"
    return "" if note.cause is Cause.NORMAL else "inform"


@functools.cache
def reached(kind, reliable):
    """The edges taken in all histories of four inputs."""
    edges = set()
    for history in itertools.product(INPUTS[kind], repeat=4):
        edges.update(filter(None, map(Run(kind, reliable).step, history)))
    return frozenset(edges)


def mermaid(kind):
    """The figure of a machine as it is seen to work, as the text of a Mermaid state diagram."""
    datagrams, streams = reached(kind, reliable=False), reached(kind, reliable=True)
    begin = {ClientInvite: "calling", ServerInvite: "proceeding"}.get(kind, "trying")
    lines = ["---", f"title: {kind.__name__}", "---", "stateDiagram-v2", f"    [*] --> {begin}"]
    for edge in sorted(datagrams | streams, key=_in_order):
        before, cause, done, after = edge
        where = "" if edge in datagrams & streams else " (UDP)" if edge in datagrams else " (stream)"
        lines.append(f"    {before} --> {after}: {cause}{where}{' / ' if done else ''}{done}")
    return "\n".join([*lines, "    terminated --> [*]", ""])


def _in_order(edge):
    """As a call goes, then by the alphabet: the same text in every run."""
    order = [state.value for state in State]
    return order.index(edge[0]), order.index(edge[3]), edge
