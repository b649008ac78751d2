"""The machines against the RFC's figures: every history of four inputs, on both kinds of transport.

A figure is the set of its edges (state, input, what is done, next state). Reached edges must equal the figure, so a
missing edge fails as loudly as a wrong one; the laws are checked after every step of every history.
"""

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
        ("calling", "3xx", "send ACK, deliver", "completed"),
        ("proceeding", "1xx", "deliver", "proceeding"),
        ("proceeding", "2xx", "deliver", "accepted"),
        ("proceeding", "3xx", "send ACK, deliver", "completed"),
        ("proceeding", "64*T1 after CANCEL", "inform", "terminated"),  # §9.1, in prose only
        ("completed", "3xx", "send ACK", "completed"),
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
        ("calling", "3xx", "send ACK, deliver", "terminated"),
        ("proceeding", "1xx", "deliver", "proceeding"),
        ("proceeding", "2xx", "deliver", "accepted"),
        ("proceeding", "3xx", "send ACK, deliver", "terminated"),
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
        ("trying", "3xx", "deliver", "completed"),
        ("proceeding", "E", "send REQUEST", "proceeding"),
        ("proceeding", "F", "inform", "terminated"),
        ("proceeding", "transport error", "inform", "terminated"),
        ("proceeding", "1xx", "deliver", "proceeding"),
        ("proceeding", "2xx", "deliver", "completed"),
        ("proceeding", "3xx", "deliver", "completed"),
        ("completed", "K", "", "terminated"),
    }
)
FIGURE_6_RELIABLE = frozenset(
    {
        ("trying", "F", "inform", "terminated"),
        ("trying", "transport error", "inform", "terminated"),
        ("trying", "1xx", "deliver", "proceeding"),
        ("trying", "2xx", "deliver", "terminated"),
        ("trying", "3xx", "deliver", "terminated"),
        ("proceeding", "F", "inform", "terminated"),
        ("proceeding", "transport error", "inform", "terminated"),
        ("proceeding", "1xx", "deliver", "proceeding"),
        ("proceeding", "2xx", "deliver", "terminated"),
        ("proceeding", "3xx", "deliver", "terminated"),
    }
)
_FIGURE_7_BOTH = frozenset(
    {
        ("proceeding", "200 ms", "send 100", "proceeding"),
        ("proceeding", "INVITE", "send 100", "proceeding"),
        ("proceeding", "INVITE", "send 180", "proceeding"),
        ("proceeding", "user 1xx", "send 180", "proceeding"),
        ("proceeding", "user 2xx", "send 200", "accepted"),
        ("proceeding", "user 3xx", "send 300", "completed"),
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
        ("trying", "user 1xx", "send 180", "proceeding"),
        ("proceeding", "REQUEST", "send 180", "proceeding"),
        ("proceeding", "user 1xx", "send 180", "proceeding"),
        ("proceeding", "transport error", "inform", "proceeding"),
    }
)
FIGURE_8 = _FIGURE_8_BOTH | {
    ("trying", "user 2xx", "send 200", "completed"),
    ("trying", "user 3xx", "send 300", "completed"),
    ("proceeding", "user 2xx", "send 200", "completed"),
    ("proceeding", "user 3xx", "send 300", "completed"),
    ("completed", "REQUEST", "send 200", "completed"),
    ("completed", "REQUEST", "send 300", "completed"),
    ("completed", "transport error", "inform", "completed"),
    ("completed", "J", "", "terminated"),
}
FIGURE_8_RELIABLE = _FIGURE_8_BOTH | {
    ("trying", "user 2xx", "send 200", "terminated"),
    ("trying", "user 3xx", "send 300", "terminated"),
    ("proceeding", "user 2xx", "send 200", "terminated"),
    ("proceeding", "user 3xx", "send 300", "terminated"),
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

CLIENT_INPUTS = ("1xx", "2xx", "3xx", "transport error", "repeat", "expire", "wait")
INPUTS = {
    ClientInvite: (*CLIENT_INPUTS, "cancel"),
    Client: CLIENT_INPUTS,
    ServerInvite: ("INVITE", "ACK", "user 1xx", "user 2xx", "user 3xx", "transport error", "repeat", "expire", "wait"),
    Server: ("REQUEST", "user 1xx", "user 2xx", "user 3xx", "transport error", "repeat", "expire", "wait"),
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
        self.kind, self.reliable, self.now, self.finishes = kind, reliable, 100.0, 0
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
            assert notes == ()
            assert repr(machine) == was
        if not notes and machine.state.value == before:
            return None
        return before, label, ", ".join(filter(None, map(describe, notes))), machine.state.value

    def feed(self, name):
        machine = self.machine
        if name in ("repeat", "expire"):
            return self.tick_at(name)
        if name == "wait":
            due = machine.deadline()
            self.now += 0.01 if due is None else (due - self.now) / 2
            notes = machine.tick(self.now)
            assert notes == ()
            return name, notes
        if name == "transport error":
            return name, machine.transport_failed(self.now)
        if name == "cancel":
            return name, machine.cancelled(self.now)
        if name.startswith("user"):
            status = {"1": 180, "2": 200, "3": 300}[name[5]]
            return name, machine.respond(status, str(status).encode(), self.now)
        if name[0].isdigit():
            return name, machine.receive(SimpleNamespace(status=int(name[0]) * 100), self.now)
        return name, machine.receive(SimpleNamespace(method=name), self.now)

    def tick_at(self, name):
        machine = self.machine
        repeats, expires = TIMERS[self.kind].get(machine.state.value, (None, None))
        at, label = (machine.retransmit_at, repeats) if name == "repeat" else (machine.expires_at, expires)
        if at is None:
            return name, machine.tick(self.now)
        self.now = max(self.now, at)
        notes = machine.tick(self.now)
        if name == "repeat" and machine.state is State.TERMINATED:
            label = expires  # both were due; the end goes first
        due = machine.deadline()
        assert due is None or due > self.now, "a tick consumes its deadline"
        return label, notes

    def check(self, notes):
        machine = self.machine
        finishes = [note for note in notes if isinstance(note, Finish)]
        self.finishes += len(finishes)
        dead = machine.state is State.TERMINATED
        assert self.finishes == dead, "Finish once, and only with the end"
        if finishes:
            assert notes[-1] is finishes[0]
        if dead:
            assert machine.deadline() is None
            return
        repeats, expires = TIMERS[self.kind][machine.state.value]
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


@pytest.mark.parametrize(("kind", "reliable", "figure"), FIGURES)
def test_all_histories_of_four_inputs_reach_the_edges_of_the_figure_and_no_others(kind, reliable, figure):
    reached = set()
    for history in itertools.product(INPUTS[kind], repeat=4):
        run = Run(kind, reliable)
        reached.update(filter(None, map(run.step, history)))
    assert reached == figure


@pytest.mark.parametrize(("kind", "reliable", "figure"), FIGURES)
def test_a_machine_left_to_the_clock_ends_or_waits_for_its_user(kind, reliable, figure):
    for history in itertools.product(INPUTS[kind], repeat=2):
        run = Run(kind, reliable)
        for name in history:
            run.step(name)
        for _ in range(20):
            due = run.machine.deadline()
            if due is None:
                break
            run.now = max(due, run.now)
            run.check(run.machine.tick(run.now))
        else:
            pytest.fail(f"{run.machine!r} ticks on and on")
        state = run.machine.state.value
        assert state == "terminated" or (kind, state) in WAITS_FOR_ITS_USER
