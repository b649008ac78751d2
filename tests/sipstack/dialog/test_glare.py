"""Requests that cross: every reachable state, and the pause after a 491."""

import itertools

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.dialog import Glare, RetryLater, back_off, retry_after
from sipstack.errors import ProtocolError, StateError

DICE = st.floats(0, 1, exclude_max=True)


@given(DICE)
def test_the_owner_of_the_call_id_waits_2_1_to_4_seconds_in_steps_of_10_ms(dice):
    wait = back_off(dice, owns_call_id=True)
    assert 2.1 <= wait <= 4.0
    assert round(wait * 100) == pytest.approx(wait * 100)


@given(DICE)
def test_the_other_side_waits_0_to_2_seconds_in_steps_of_10_ms(dice):
    wait = back_off(dice, owns_call_id=False)
    assert 0.0 <= wait <= 2.0
    assert round(wait * 100) == pytest.approx(wait * 100)


def test_both_ends_of_the_pauses_are_possible():
    last = 1 - 2**-53
    assert [back_off(dice, owns_call_id=True) for dice in (0.0, last)] == [2.1, 4.0]
    assert [back_off(dice, owns_call_id=False) for dice in (0.0, last)] == [0.0, 2.0]


@given(DICE)
def test_retry_after_is_a_whole_number_from_0_to_10(dice):
    assert retry_after(dice) in range(11)


def test_retry_after_can_be_0_and_10():
    assert (retry_after(0.0), retry_after(0.9999)) == (0, 10)


def test_a_re_invite_while_ours_is_pending_gets_491_and_is_not_noted():
    glare = Glare(owns_call_id=True)
    glare.send("INVITE")
    with pytest.raises(ProtocolError) as caught:
        glare.receive("INVITE")
    assert caught.value.status == 491
    assert not glare.invite_received


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_second_request_before_our_answer_to_the_first_is_for_later(method):
    glare = Glare(owns_call_id=True)
    glare.receive(method)
    with pytest.raises(RetryLater) as caught:
        glare.receive(method)
    assert caught.value.status == 500
    glare.reply(method, 488)
    glare.receive(method)


def test_our_invite_waits_for_theirs_and_for_its_ack():
    glare = Glare(owns_call_id=True)
    glare.receive("INVITE")
    assert not glare.may_send("INVITE")
    glare.reply("INVITE", 200)
    assert not glare.may_send("INVITE")
    with pytest.raises(StateError):
        glare.send("INVITE")
    glare.acknowledged()
    assert glare.may_send("INVITE")


def test_a_refused_invite_needs_no_ack():
    glare = Glare(owns_call_id=True)
    glare.receive("INVITE")
    glare.reply("INVITE", 486)
    assert glare.may_send("INVITE")


def test_two_2xx_need_two_acks():
    glare = Glare(owns_call_id=True)
    for _ in range(2):
        glare.receive("INVITE")
        glare.reply("INVITE", 200)
    glare.acknowledged()
    assert not glare.may_send("INVITE")
    glare.acknowledged()
    assert glare.may_send("INVITE")


def test_an_update_may_go_while_an_invite_is_pending_on_either_side():
    glare = Glare(owns_call_id=True)
    glare.send("INVITE")
    assert glare.may_send("UPDATE")
    glare.send("UPDATE")
    assert not glare.may_send("UPDATE")


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_after_a_491_the_request_is_due_again_once_the_pause_is_over(method):
    glare = Glare(owns_call_id=True)
    glare.send(method)
    glare.answered(method, 491, 100.0, 0.0)
    assert glare.deadline() == 102.1
    assert not glare.tick(102.0)
    assert glare.tick(102.1)
    assert glare.deadline() is None
    assert not glare.tick(102.1)


@pytest.mark.parametrize("status", [200, 408, 481, 500])
def test_no_other_final_response_makes_a_pause(status):
    glare = Glare(owns_call_id=True)
    glare.send("INVITE")
    glare.answered("INVITE", status, 100.0, 0.0)
    assert glare.deadline() is None
    assert glare.may_send("INVITE")


def test_a_request_sent_in_the_meantime_takes_the_place_of_the_refused_one():
    glare = Glare(owns_call_id=False)
    glare.send("INVITE")
    glare.answered("INVITE", 491, 0.0, 0.5)
    glare.send("UPDATE")
    assert glare.deadline() is None


def test_the_end_of_the_session_ends_the_pause():
    glare = Glare(owns_call_id=False)
    glare.send("INVITE")
    glare.answered("INVITE", 491, 0.0, 0.5)
    glare.stop()
    assert glare.deadline() is None


def test_other_methods_are_none_of_its_business():
    glare = Glare(owns_call_id=True)
    before = attrs.astuple(glare)
    for _ in range(2):
        glare.send("INFO")
        glare.receive("INFO")
    glare.answered("INFO", 491, 0.0, 0.5)
    glare.reply("INFO", 200)
    assert attrs.astuple(glare) == before


def test_its_repr_tells_what_it_waits_for():
    glare = Glare(owns_call_id=True)
    assert repr(glare) == "<Glare waits for nothing, retry at None>"
    glare.send("INVITE")
    glare.receive("UPDATE")
    assert repr(glare) == "<Glare waits for our INVITE, their UPDATE, retry at None>"


# All histories of length 4.


def inputs():
    for method in ("INVITE", "UPDATE"):
        yield f"send {method}", lambda g, m=method: g.send(m)
        yield f"receive {method}", lambda g, m=method: g.receive(m)
        for status in (200, 491):
            yield f"answered {method} {status}", lambda g, m=method, s=status: g.answered(m, s, 0.0, 0.5)
            yield f"reply {method} {status}", lambda g, m=method, s=status: g.reply(m, s)
    yield "acknowledged", lambda g: g.acknowledged()
    yield "tick", lambda g: g.tick(1e9)
    yield "stop", lambda g: g.stop()


def test_in_all_histories_of_length_4_one_invite_is_under_way_and_a_refused_step_changes_nothing():
    for history in itertools.product(list(inputs()), repeat=4):
        glare = Glare(owns_call_id=True)
        for name, act in history:
            before = attrs.astuple(glare)
            asked = glare.may_send(name.partition(" ")[2])
            try:
                act(glare)
            except StateError:
                assert name.startswith("send")
                assert not asked
                assert attrs.astuple(glare) == before
            except ProtocolError:
                assert name.startswith("receive")
                assert attrs.astuple(glare) == before
            else:
                assert asked or not name.startswith("send")
            assert not (glare.invite_sent and glare.invite_received)
            assert glare.unacknowledged >= 0
            if name in ("tick", "stop"):
                assert glare.deadline() is None


def test_when_two_re_invites_cross_both_get_491_and_the_next_tries_do_not_meet():
    sides = [Glare(owns_call_id=True), Glare(owns_call_id=False)]
    for side in sides:
        side.send("INVITE")
    for side in sides:
        with pytest.raises(ProtocolError):
            side.receive("INVITE")
    for side in sides:
        side.answered("INVITE", 491, 0.0, 0.999)
    first, second = sorted(sides, key=lambda side: side.deadline())
    assert first.owns_call_id is False
    assert second.deadline() - first.deadline() >= 0.1
    assert first.tick(first.deadline())
    first.send("INVITE")
    second.receive("INVITE")
