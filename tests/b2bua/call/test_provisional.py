"""RSeq and RAck of a forked INVITE (RFC 3262)."""

import pytest

from b2bua.call.leg import Leg
from b2bua.call.provisional import REMEMBERED, number, turn_to_branch
from b2bua.trunk import Trunks
from sipstack.dialog import Dialog
from sipstack.flow import Flow
from sipstack.message import Headers, Request, parse
from sipstack.message import Response as Reply
from tests.world.scene import CONFIG

TRUNK = Trunks.of(CONFIG).by_name["home"]
FLOW = Flow("198.51.100.10:5060", ("198.51.100.1", 5060))


def a_leg() -> Leg:
    return Leg(trunk=TRUNK, flow=FLOW, socket=TRUNK.sockets[0], call_id="c", tag="a")


def heard(tag: str, rseq: str | None) -> Reply:
    """A 183 of a branch."""
    to = f"<sip:b@c>;tag={tag}" if tag else "<sip:b@c>"
    lines = ["SIP/2.0 183 Going On", "Via: SIP/2.0/UDP x;branch=z9hG4bKx", "From: <sip:a@x>;tag=a", f"To: {to}"]
    lines += ["Call-ID: c", "CSeq: 1 INVITE", "Contact: <sip:b@c>"]
    lines += [] if rseq is None else ["Require: 100rel", f"RSeq: {rseq}"]
    message = parse("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode())
    assert isinstance(message, Reply)
    return message


def told(leg: Leg, tag: str, rseq: str | None) -> str | None:
    """The RSeq that the caller hears."""
    response, reply = heard(tag, rseq), heard(tag, rseq)
    number(leg, response, reply)
    return reply.headers.first("rseq")


def asked(leg: Leg, rack: str) -> str | None:
    """The RAck that crosses."""
    headers = Headers.of([("RAck", rack)])
    turn_to_branch(leg, headers)
    return headers.first("rack")


def test_the_numbers_of_one_branch_cross_as_they_are_in_whatever_order() -> None:
    leg = a_leg()
    assert [told(leg, "one", rseq) for rseq in ("7", "8", "5", "8", "4294967295")] == ["7", "8", "5", "8", "4294967295"]


def test_from_the_second_branch_on_each_new_response_is_one_higher_than_the_last() -> None:
    leg = a_leg()
    heard_ = [("one", "7"), ("two", "7"), ("one", "8"), ("two", "900"), ("three", "1")]
    assert [told(leg, *each) for each in heard_] == ["7", "8", "9", "10", "11"]


def test_a_repeated_response_keeps_the_number_it_was_told_by() -> None:
    leg = a_leg()
    heard_ = [("one", "7"), ("two", "7"), ("one", "7"), ("two", "7")]
    assert [told(leg, *each) for each in heard_] == ["7", "8", "7", "8"]


@pytest.mark.parametrize("rseq", [None, "", "x", "1 2", "99999999999"])
def test_what_is_no_number_is_nobodys_and_crosses(rseq: str | None) -> None:
    leg = a_leg()
    assert told(leg, "one", rseq) == rseq
    assert not leg.told


def test_a_peer_that_says_ever_more_costs_no_more_than_the_limit() -> None:
    leg = a_leg()
    for rseq in range(1, 1_000):
        told(leg, "one", str(rseq))
    assert len(leg.told) == REMEMBERED
    assert told(leg, "two", "1") == "1000"


def branches(leg: Leg, *tags: str) -> None:
    invite = Request(
        "INVITE", "sip:b@c", Headers.of([("From", "<sip:a@x>;tag=a"), ("Call-ID", "c"), ("CSeq", "1 INVITE")])
    )
    for tag in tags:
        leg.open(tag, Dialog.as_caller(invite, heard(tag, None)))
    leg.dialog = leg.branches[tags[-1]]


def test_a_prack_goes_to_the_branch_it_names_by_the_number_it_has_there() -> None:
    leg = a_leg()
    branches(leg, "one", "two")
    told(leg, "one", "7")
    told(leg, "two", "7")
    assert asked(leg, "7  1 INVITE") == "7  1 INVITE"
    assert leg.dialog is leg.branches["one"]
    assert asked(leg, "8 1 INVITE") == "7 1 INVITE"
    assert leg.dialog is leg.branches["two"]


@pytest.mark.parametrize("rack", ["9 1 INVITE", "", "8", "x 1 INVITE", "8 x INVITE", "99999999999 1 INVITE"])
def test_a_prack_of_nothing_stays_where_the_last_word_was_and_as_it_is(rack: str) -> None:
    leg = a_leg()
    branches(leg, "one", "two")
    told(leg, "one", "7")
    told(leg, "two", "7")
    assert asked(leg, rack) == rack
    assert leg.dialog is leg.branches["two"]


def test_a_branch_that_was_forgotten_is_not_turned_to() -> None:
    leg = a_leg()
    branches(leg, "two")
    told(leg, "gone", "7")
    assert asked(leg, "7 1 INVITE") == "7 1 INVITE"
    assert leg.dialog is leg.branches["two"]
