"""Requests inside the dialogs of a call, from either side."""

import pytest

from tests.peers.byhand import Caller
from tests.peers.rig import NATIONAL, Rig

pytestmark = pytest.mark.peer("sipp")

METHODS = pytest.mark.parametrize("method", ["INFO", "UPDATE", "MESSAGE", "OPTIONS", "NOTIFY", "BREW"])


def test_a_late_offer_is_answered_by_the_callers_ack_and_not_before(rig: Rig) -> None:
    a, b = rig.call("a-offers-nothing", "b-offers")
    assert len(b.said("SIP/2.0 200 OK")) > 2, "the callee has repeated its answer meanwhile"
    assert b.heard("ACK")[0].datagram.at > a.said("ACK")[0].datagram.at
    assert all(ack.body == a.said("ACK")[0].body for ack in b.heard("ACK"))


def test_the_caller_changes_the_session(rig: Rig) -> None:
    a, b = rig.call("a-changes-the-session", "b-hears-a-new-offer")
    assert b.heard("INVITE")[1].body == a.said("INVITE")[1].body


def test_the_callee_changes_the_session(rig: Rig) -> None:
    a, b = rig.call("a-hears-a-new-offer", "b-changes-the-session")
    assert a.heard("INVITE")[0].body == b.said("INVITE")[0].body


@METHODS
def test_a_request_of_the_caller_crosses(rig: Rig, method: str) -> None:
    rig.call("a-sends-in-the-dialog", "b-hears-in-the-dialog", method=method)


@METHODS
def test_a_request_of_the_callee_crosses(rig: Rig, method: str) -> None:
    rig.call("a-hears-in-the-dialog", "b-sends-in-the-dialog", method=method)


def test_a_prack_crosses_and_names_the_other_legs_invite(rig: Rig) -> None:
    rig.call("a-acknowledges-ringing", "b-rings-reliably", extra="Supported: 100rel")


def test_a_number_lower_than_the_last_is_refused_and_the_call_stands(rig: Rig) -> None:
    b = rig.play("b-answers", NATIONAL)
    with Caller(rig.foreign) as caller:
        caller.say("INVITE", 7)
        caller.take_tag(caller.hear_to(7, "INVITE", 200))
        caller.say("ACK", 7)
        caller.say("INFO", 6)
        caller.hear_to(6, "INFO", 500)
        caller.say("BYE", 8)
        caller.hear_to(8, "BYE", 200)
    rig.finish(b)
    assert not b.heard("INFO")
