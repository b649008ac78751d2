"""When things are sent, as literal lists: RFC 3261 table 4 at its default times."""

from types import SimpleNamespace

import pytest

from sipstack.effects import Cause, Finish, Transmit
from sipstack.errors import StateError
from sipstack.timing import Timing
from sipstack.transaction import Client, ClientInvite, Server, ServerInvite

BY_T2 = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
"""Doubling from T1 up to T2."""


def response(status):
    return SimpleNamespace(status=status)


def play(machine):
    """All that the clock alone makes happen: (times of sending, time and cause of the end)."""
    sent = []
    for _ in range(1000):
        if (due := machine.deadline()) is None:
            return sent, None
        for note in machine.tick(due):
            if isinstance(note, Transmit):
                sent.append(due)
            if isinstance(note, Finish):
                return sent, (due, note.cause)
    pytest.fail(f"{machine!r} ticks on and on")


def client_invite(reliable=False):
    machine = ClientInvite(Timing(), reliable, b"INVITE", lambda failure: b"ACK")
    machine.start(0.0)
    return machine


def client(reliable=False):
    machine = Client(Timing(), reliable, b"OPTIONS")
    machine.start(0.0)
    return machine


def server_invite(reliable=False):
    machine = ServerInvite(Timing(), reliable, lambda: b"100")
    machine.start(SimpleNamespace(method="INVITE"), 0.0)
    return machine


def server(reliable=False):
    machine = Server(Timing(), reliable)
    machine.start(SimpleNamespace(method="OPTIONS"), 0.0)
    return machine


def test_an_unanswered_invite_doubles_without_limit_and_gives_up_after_64_t1():
    assert play(client_invite()) == ([0.5, 1.5, 3.5, 7.5, 15.5, 31.5], (32.0, Cause.TIMEOUT))


def test_an_unanswered_invite_on_a_reliable_transport_only_gives_up():
    assert play(client_invite(reliable=True)) == ([], (32.0, Cause.TIMEOUT))


def test_an_unanswered_request_doubles_up_to_t2():
    assert play(client()) == (BY_T2, (32.0, Cause.TIMEOUT))


def test_an_unanswered_request_on_a_reliable_transport_only_gives_up():
    assert play(client(reliable=True)) == ([], (32.0, Cause.TIMEOUT))


def test_a_provisional_response_slows_a_request_to_t2_and_does_not_prolong_it():
    machine = client()
    machine.tick(0.5)
    machine.receive(response(100), 1.0)
    assert play(machine) == ([1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5], (32.0, Cause.TIMEOUT))


def test_a_ringing_invite_has_no_deadline():
    machine = client_invite()
    machine.receive(response(180), 0.3)
    assert machine.deadline() is None


def test_a_cancelled_ringing_invite_ends_64_t1_after_its_cancel_even_when_it_rings_on():
    machine = client_invite()
    machine.receive(response(180), 0.3)
    machine.cancelled(10.0)
    machine.receive(response(180), 20.0)
    machine.cancelled(20.0)
    assert play(machine) == ([], (42.0, Cause.TIMEOUT))


@pytest.mark.parametrize(("reliable", "status", "end"), [(False, 486, 34.0), (False, 200, 34.0), (True, 200, 34.0)])
def test_an_answered_invite_lingers_for_timer_d_or_m(reliable, status, end):
    machine = client_invite(reliable)
    machine.receive(response(status), 2.0)
    assert play(machine) == ([], (end, Cause.NORMAL))


def test_an_answered_request_lingers_for_t4():
    machine = client()
    machine.receive(response(404), 2.0)
    assert play(machine) == ([], (7.0, Cause.NORMAL))


def test_a_failure_response_to_an_invite_is_repeated_up_to_t2_until_timer_h():
    machine = server_invite()
    machine.respond(486, b"486", 0.0)
    assert play(machine) == (BY_T2, (32.0, Cause.TIMEOUT))


def test_a_failure_response_to_an_invite_is_not_repeated_on_a_reliable_transport_yet_waits_for_its_ack():
    machine = server_invite(reliable=True)
    machine.respond(486, b"486", 0.0)
    assert play(machine) == ([], (32.0, Cause.TIMEOUT))


def test_an_acknowledged_failure_lingers_for_t4():
    machine = server_invite()
    machine.respond(486, b"486", 0.0)
    machine.acknowledged(SimpleNamespace(method="ACK"), 0.1)
    assert play(machine) == ([], (5.1, Cause.NORMAL))


@pytest.mark.parametrize("reliable", [False, True])
def test_an_accepted_invite_lingers_for_timer_l_and_repeats_nothing_itself(reliable):
    machine = server_invite(reliable)
    machine.respond(200, b"200", 1.0)
    assert play(machine) == ([], (33.0, Cause.NORMAL))


@pytest.mark.parametrize("reliable", [False, True])
def test_a_silent_user_gets_its_100_after_200_milliseconds_and_only_once(reliable):
    assert play(server_invite(reliable)) == ([0.2], None)


def test_a_user_that_answers_in_time_gets_no_100():
    machine = server_invite()
    machine.respond(180, b"180", 0.1)
    assert play(machine) == ([], None)


def test_an_answered_request_of_theirs_lingers_for_timer_j():
    machine = server()
    machine.respond(200, b"200", 1.0)
    assert play(machine) == ([], (33.0, Cause.NORMAL))


def test_ticks_that_are_always_late_do_not_stretch_the_schedule():
    machine, sent = client(), []
    while (due := machine.deadline()) is not None:
        sent += [due for note in machine.tick(due + 0.09) if isinstance(note, Transmit)]
    assert sent == BY_T2


@pytest.mark.parametrize(("make", "following"), [(client_invite, 15.5), (client, 11.5), (server_invite, 11.5)])
def test_what_a_pause_has_let_pass_is_left_out_and_the_schedule_goes_on(make, following):
    machine = make()
    if make is server_invite:
        machine.respond(486, b"486", 0.0)
    assert [type(note) for note in machine.tick(10.0)] == [Transmit]
    assert machine.tick(10.0) == ()
    assert machine.deadline() == following


def test_a_tick_after_the_end_of_everything_sends_nothing_more():
    machine = client()
    assert machine.tick(1000.0) == (Finish(Cause.TIMEOUT),)


def test_other_times_scale_the_schedule():
    machine = Client(Timing(t1=0.1, t2=0.4), False, b"OPTIONS")
    machine.start(0.0)
    sent, end = play(machine)
    assert sent[:5] == pytest.approx([0.1, 0.3, 0.7, 1.1, 1.5])
    assert end == (pytest.approx(6.4), Cause.TIMEOUT)


def test_a_transaction_keeps_no_bytes_it_cannot_need_again():
    ringing = client_invite()
    ringing.receive(response(180), 0.1)
    assert ringing.wire == b""
    ringing.receive(response(200), 0.2)
    assert ringing.acknowledge is None
    accepted = server_invite()
    accepted.respond(180, b"180", 0.1)
    accepted.respond(200, b"200", 0.2)
    assert (accepted.wire, accepted.trying) == (b"", None)


def test_its_repr_tells_its_state_and_what_is_due():
    assert repr(client_invite()) == "<ClientInvite calling, due at 0.5>"
    assert repr(server()) == "<Server trying>"


@pytest.mark.parametrize(
    "wrong", [{"t1": 0.0}, {"t1": -1.0}, {"t2": 0.0}, {"t2": float("nan")}, {"t4": -1.0}, {"trying": -0.1}]
)
def test_what_is_no_time_is_our_fault(wrong):
    with pytest.raises(StateError):
        Timing(**wrong)


def test_a_network_that_holds_nothing_back_makes_nobody_linger():
    machine = Client(Timing(t4=0.0), False, b"OPTIONS")
    machine.start(0.0)
    assert machine.receive(response(200), 0.1)[-1] == Finish(Cause.NORMAL)
