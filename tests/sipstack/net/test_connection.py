"""One connection without a loop: what it keeps, what it owes, and when its time is over."""

import socket
from collections.abc import Iterator

import attrs
import pytest

from sipstack.errors import ParseError
from sipstack.flow import Flow
from sipstack.net.connection import Connection, LostError, State, StreamLimits
from tests.sipstack.net.ends import message

LIMITS = StreamLimits(
    connect=1.0, handshake=2.0, message=3.0, idle=50.0, drain=5.0, linger=6.0, ping=20.0, pong=7.0, slow=1_000
)


@attrs.define(eq=False)
class Wire:
    """A connection and, in our hand, its peer's socket."""

    connection: Connection
    peer: socket.socket

    def receives(self, data: bytes, now: float) -> list[bytes]:
        self.peer.sendall(data)
        return list(self.connection.receive(now))

    def stuff(self, now: float) -> None:
        """Sends until something waits."""
        while not self.connection.unsent:
            self.connection.send(bytes(500_000), now)


@pytest.fixture(params=[True, False], ids=["ours", "theirs"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    near, far = socket.socketpair()
    near.setblocking(False)
    far.settimeout(5.0)  # a test that fails must not wait for ever
    connection = Connection(
        Flow("s", ("192.0.2.1", 5060), "TCP"),
        near,
        LIMITS,
        is_ours=request.param,
        trusts=lambda _: True,
        state=State.CONNECTING,
        changed_at=0.0,
    )
    with near, far:
        yield Wire(connection, far)


def test_messages_wait_until_it_is_open(wire: Wire) -> None:
    wire.connection.send(b"one", 0.0)
    wire.connection.send(b"two", 0.0)
    assert (wire.connection.unsent, wire.connection.wants_output, wire.connection.wants_input) == (6, True, False)
    wire.connection.connected(0.5)
    assert wire.peer.recv(100) == b"onetwo"
    assert (wire.connection.unsent, wire.connection.wants_output, wire.connection.wants_input) == (0, False, True)


def test_each_state_has_its_time(wire: Wire) -> None:
    connection = wire.connection
    assert [connection.overdue(1.0), connection.overdue(1.1)] == [None, "connect timed out"]
    connection.begin(10.0)
    assert [connection.overdue(60.0), connection.overdue(60.1)] == [None, "idle"]
    connection.close(70.0)
    assert [connection.overdue(76.0), connection.overdue(76.1)] == [None, "closed"]


def test_messages_and_keepalives_either_way_keep_it(wire: Wire) -> None:
    wire.connection.begin(0.0)
    assert wire.receives(message(), 40.0) == [message()]
    assert wire.connection.overdue(90.0) is None
    assert wire.receives(b"\r\n", 80.0) == []
    assert wire.connection.overdue(130.0) is None
    wire.connection.send(b"x", 120.0)
    assert wire.connection.overdue(170.0) is None
    assert wire.connection.overdue(170.1) == "idle"


def test_a_message_has_its_time_from_its_first_octet(wire: Wire) -> None:
    wire.connection.begin(0.0)
    wire.receives(message()[:1], 10.0)
    wire.receives(message()[1:-1], 12.9)
    assert [wire.connection.overdue(13.0), wire.connection.overdue(13.1)] == [None, "message too slow"]
    wire.receives(message()[-1:] + message()[:1], 13.0)
    assert [wire.connection.overdue(16.0), wire.connection.overdue(16.1)] == [None, "message too slow"]
    wire.receives(message()[1:], 16.0)
    assert wire.connection.overdue(20.0) is None


def test_who_takes_nothing_has_his_time_from_when_he_last_took(wire: Wire) -> None:
    wire.connection.begin(0.0)
    wire.stuff(10.0)
    assert (wire.connection.wants_output, wire.connection.wants_input) == (True, False)
    assert [wire.connection.overdue(15.0), wire.connection.overdue(15.1)] == [None, "peer reads nothing"]
    wire.peer.recv(200_000)
    wire.connection.flush(14.0)
    assert wire.connection.overdue(19.0) is None


def test_it_is_read_again_when_half_of_what_may_wait_is_gone(wire: Wire) -> None:
    wire.connection.begin(0.0)
    wire.stuff(0.0)
    while wire.connection.unsent > LIMITS.slow // 2:
        assert not wire.connection.wants_input
        wire.peer.recv(100_000)
        wire.connection.flush(0.0)
    assert wire.connection.wants_input


def test_what_waits_for_a_connection_is_bounded(wire: Wire) -> None:
    wire.connection.send(bytes(LIMITS.unsent), 0.0)
    with pytest.raises(LostError, match="reads too slowly"):
        wire.connection.send(b"x", 0.0)


def test_what_waits_for_a_peer_is_bounded(wire: Wire) -> None:
    wire.connection.begin(0.0)
    wire.stuff(0.0)
    with pytest.raises(LostError, match="reads too slowly"):
        wire.connection.send(bytes(LIMITS.unsent), 0.0)


def test_only_our_own_connections_ping_and_any_sign_of_life_will_do(wire: Wire) -> None:
    connection = wire.connection
    connection.keep_alive(100.0)
    connection.begin(100.0)
    connection.send(b"x", 119.0)  # what we say is no sign of life
    connection.keep_alive(120.0)
    assert wire.peer.recv(100) == b"x"
    connection.keep_alive(120.1)
    connection.keep_alive(121.0)
    if not connection.is_ours:
        assert connection.overdue(128.0) is None
        return
    assert wire.peer.recv(100) == b"\r\n\r\n"
    assert [connection.overdue(127.1), connection.overdue(127.2)] == [None, "no pong"]
    wire.receives(b"\r\n", 127.0)
    assert connection.overdue(130.0) is None


def test_a_closing_connection_flushes_and_hears_no_more(wire: Wire) -> None:
    connection = wire.connection
    connection.begin(0.0)
    wire.stuff(0.0)
    connection.close(1.0)
    connection.close(1.0)
    with pytest.raises(LostError):
        connection.send(b"late", 1.0)
    assert wire.receives(message(), 1.0) == []
    taken = 0
    while piece := wire.peer.recv(1_000_000):
        taken += len(piece)
        connection.flush(2.0)
    assert taken % 500_000 == 0
    wire.peer.close()
    with pytest.raises(LostError, match="closed by peer"):
        list(connection.receive(3.0))


def test_closing_what_was_never_open_ends_it(wire: Wire) -> None:
    with pytest.raises(LostError):
        wire.connection.close(0.0)


def test_frames_before_a_fault_are_given(wire: Wire) -> None:
    wire.connection.begin(0.0)
    wire.peer.sendall(message() + b"\n")
    messages = wire.connection.receive(0.0)
    assert next(messages) == message()
    with pytest.raises(ParseError):
        next(messages)


def test_nothing_to_read_is_no_end(wire: Wire) -> None:
    wire.connection.begin(0.0)
    assert list(wire.connection.receive(0.0)) == []


def test_its_repr_states_its_condition(wire: Wire) -> None:
    way = "to" if wire.connection.is_ours else "from"
    assert repr(wire.connection) == f"<Connection {way} ('192.0.2.1', 5060) TCP connecting unsent=0>"
