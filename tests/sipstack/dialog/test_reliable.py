"""Reliable provisional responses, from both sides (RFC 3262)."""

import itertools

import attrs
import pytest

from sipstack.dialog import Arrival, Provisionals, ReliableProvisionals, Want, rack, want
from sipstack.errors import ParseError, ProtocolError, StateError
from sipstack.message import parse
from sipstack.message import request as build
from sipstack.timing import Timing


def ringing(rseq=1, *, tag="b", status=180, require="100rel", cseq=7):
    fields = [] if rseq is None else [f"RSeq: {rseq}"]
    fields += [] if require is None else [f"Require: {require}"]
    to = f"<sip:b@b>;tag={tag}" if tag else "<sip:b@b>"
    return parse(
        "\r\n".join(
            [
                f"SIP/2.0 {status} X",
                "Via: SIP/2.0/UDP a;branch=z9hG4bK1",
                "From: <sip:a@a>;tag=a",
                f"To: {to}",
                "Call-ID: c",
                f"CSeq: {cseq} INVITE",
                *fields,
                "",
                "",
            ]
        ).encode()
    )


def prack(*values):
    return build("PRACK", "sip:b@b", [("RAck", value) for value in values])


def waiting(*, description=False, rseq=41):
    called = ReliableProvisionals(invite_cseq=7, rseq=rseq)
    called.send(b"18x", 0.0, description=description)
    return called


# What the INVITE wants.


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ([("Require", "100rel")], Want.REQUIRED),
        ([("Require", "100rel"), ("Supported", "100rel")], Want.REQUIRED),
        ([("Supported", "timer, 100Rel")], Want.SUPPORTED),
        ([("Supported", "timer")], Want.NO),
        ([], Want.NO),
    ],
)
def test_an_invite_requires_supports_or_ignores_100rel(fields, wanted):
    assert want(build("INVITE", "sip:b@b", fields)) is wanted


# The called side.


def test_an_unacknowledged_response_is_repeated_doubling_without_bound_and_given_up_after_64_t1():
    called = waiting()
    times = []
    while (due := called.deadline()) is not None:
        times.append((due, called.tick(due)))
    assert times == [*((at, b"18x") for at in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)), (32.0, None)]
    assert called.given_up
    assert not called.may_send


def test_its_timing_is_an_argument():
    called = ReliableProvisionals(timing=Timing(0.1), invite_cseq=7, rseq=1)
    called.send(b"18x", 10.0, description=False)
    assert called.deadline() == 10.1


def test_a_late_tick_repeats_once_and_the_schedule_does_not_drift():
    called = waiting()
    assert called.tick(0.6) == b"18x"
    assert called.deadline() == 1.5
    assert called.tick(20.0) == b"18x"
    assert called.deadline() == 22.0
    assert called.tick(20.0) is None


def test_the_first_response_has_the_next_rseq_and_each_further_one_counts():
    called = ReliableProvisionals(invite_cseq=7, rseq=41)
    assert called.fields() == [("Require", "100rel"), ("RSeq", "42")]
    called.send(b"183", 0.0, description=False)
    called.acknowledge(prack("42 7 INVITE"))
    assert called.fields() == [("Require", "100rel"), ("RSeq", "43")]


def test_a_further_response_waits_for_the_prack_of_the_last():
    called = waiting()
    assert not called.may_send
    with pytest.raises(StateError):
        called.fields()
    with pytest.raises(StateError):
        called.send(b"183", 1.0, description=False)
    called.acknowledge(prack("42 7 INVITE"))
    assert called.may_send


def test_its_prack_makes_it_quiet():
    called = waiting()
    called.acknowledge(prack("42 7 INVITE"))
    assert called.deadline() is None
    assert called.tick(100.0) is None
    assert not called.given_up


@pytest.mark.parametrize("value", ["41 7 INVITE", "43 7 INVITE", "42 8 INVITE", "42 7 UPDATE", "42 7 invite"])
def test_a_prack_for_something_else_is_answered_481_and_changes_nothing(value):
    called = waiting()
    with pytest.raises(ProtocolError) as caught:
        called.acknowledge(prack(value))
    assert caught.value.status == 481
    assert called.deadline() == 0.5


def test_a_second_prack_for_the_same_response_is_answered_481():
    called = waiting()
    called.acknowledge(prack("42 7 INVITE"))
    with pytest.raises(ProtocolError):
        called.acknowledge(prack("42 7 INVITE"))


@pytest.mark.parametrize("values", [[], ["42 7 INVITE", "42 7 INVITE"], ["42 7"], ["x 7 INVITE"], ["-1 7 INVITE"]])
def test_a_prack_whose_rack_cannot_be_read_is_refused(values):
    called = waiting()
    with pytest.raises(ParseError) as caught:
        called.acknowledge(prack(*values))
    assert caught.value.status == 400
    assert called.deadline() == 0.5


@pytest.mark.parametrize("description", [True, False])
def test_a_2xx_waits_for_the_prack_of_a_response_with_a_description_only(description):
    called = waiting(description=description)
    assert called.may_answer is not description
    called.acknowledge(prack("42 7 INVITE"))
    assert called.may_answer


def test_after_the_final_response_nothing_is_repeated_but_a_prack_is_still_taken():
    called = waiting()
    called.stop()
    assert called.deadline() is None
    assert not called.may_send
    called.acknowledge(prack("42 7 INVITE"))
    assert not called.may_send


def test_a_number_beyond_32_bits_is_not_wrapped():
    called = ReliableProvisionals(invite_cseq=7, rseq=2**32 - 1)
    with pytest.raises(StateError):
        called.fields()


def test_its_fields_are_plain_data():
    called = waiting(description=True)
    again = ReliableProvisionals(**{field.name: getattr(called, field.name) for field in attrs.fields(type(called))})
    assert (again.deadline(), again.may_answer) == (0.5, False)
    again.acknowledge(prack("42 7 INVITE"))


def test_its_repr_tells_its_state():
    called = waiting()
    assert repr(called) == "<ReliableProvisionals RSeq 42 waits, due at 0.5>"
    called.tick(32.0)
    assert repr(called) == "<ReliableProvisionals RSeq 42 given up>"


def test_in_all_histories_of_length_4_it_is_quiet_when_nothing_waits():
    inputs = {
        "send": lambda c, now: c.send(b"18x", now, description=True),
        "prack": lambda c, now: c.acknowledge(prack(f"{c.rseq} 7 INVITE")),
        "stray": lambda c, now: c.acknowledge(prack("9 9 INVITE")),
        "tick": lambda c, now: c.tick(c.deadline() or now),
        "late": lambda c, now: c.tick(now + 1000),
        "stop": lambda c, now: c.stop(),
    }
    for history in itertools.product(inputs.items(), repeat=4):
        called = ReliableProvisionals(invite_cseq=7, rseq=0)
        for now, (name, act) in enumerate(history):
            before = attrs.astuple(called)
            try:
                act(called, float(now))
            except (StateError, ProtocolError):
                assert attrs.astuple(called) == before
                assert name in ("send", "prack", "stray")
            due = called.deadline()
            assert due is None or called.wire is not None
            assert due is None or not (called.stopped or called.given_up)
            assert not called.given_up or called.stopped
            assert called.may_answer or called.wire is not None


# The calling side.


def test_responses_come_once_each_and_in_order():
    calling = Provisionals()
    arrivals = [calling.receive(ringing(rseq)) for rseq in (10, 10, 12, 9, 11, 12, 11)]
    assert arrivals == [
        Arrival.NEW,
        Arrival.REPEATED,
        Arrival.EARLY,
        Arrival.REPEATED,
        Arrival.NEW,
        Arrival.NEW,
        Arrival.REPEATED,
    ]


def test_each_branch_of_a_fork_has_numbers_of_its_own():
    calling = Provisionals()
    assert calling.receive(ringing(10, tag="x")) is Arrival.NEW
    assert calling.receive(ringing(500, tag="y")) is Arrival.NEW
    assert calling.receive(ringing(11, tag="x")) is Arrival.NEW


def test_a_peer_that_forks_without_end_is_not_followed():
    calling = Provisionals(limit=2)
    arrivals = [calling.receive(ringing(1, tag=tag)) for tag in ("x", "y", "z")]
    assert arrivals == [Arrival.NEW, Arrival.NEW, Arrival.EARLY]
    assert len(calling.last) == 2
    assert calling.receive(ringing(2, tag="y")) is Arrival.NEW


@pytest.mark.parametrize(
    "response",
    [
        ringing(None, require=None),
        ringing(5, require=None),
        ringing(5, require="timer"),
        ringing(5, status=100),
        ringing(5, status=200),
        ringing(5, tag=None),
    ],
)
def test_without_require_number_or_tag_there_is_nothing_to_acknowledge(response):
    assert Provisionals().receive(response) is Arrival.UNRELIABLE


@pytest.mark.parametrize("rseq", [None, "x", "0", str(2**32), "1, 2"])
def test_a_reliable_response_without_a_readable_number_is_the_peers_fault(rseq):
    calling = Provisionals()
    with pytest.raises(ParseError):
        calling.receive(ringing(rseq))
    assert calling.last == {}


def test_the_rack_repeats_number_and_cseq():
    assert rack(ringing(776656, cseq=1)) == "776656 1 INVITE"


def test_an_unreliable_response_has_no_rack():
    with pytest.raises(StateError):
        rack(ringing(5, require=None))


def test_both_sides_understand_each_other():
    called, calling = ReliableProvisionals(invite_cseq=7, rseq=99), Provisionals()
    for at in range(3):
        (_, option), (_, number) = called.fields()
        called.send(b"18x", float(at), description=False)
        response = ringing(number, require=option)
        assert calling.receive(response) is Arrival.NEW
        called.acknowledge(prack(rack(response)))
