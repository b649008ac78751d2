import pytest

from sipstack.dialog import SentAcks, UnackedAnswer
from sipstack.message import parse
from sipstack.timing import Timing


def ok(tag="b", cseq=7):
    return parse(
        f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=a\r\nTo: <sip:b@b>;tag={tag}\r\n"
        f"Call-ID: c\r\nCSeq: {cseq} INVITE\r\n\r\n".encode()
    )


def test_an_unacknowledged_2xx_is_repeated_up_to_t2_and_given_up_after_64_t1():
    answer = UnackedAnswer(b"200", Timing(), 0.0)
    times = []
    while (due := answer.deadline()) is not None:
        assert due <= 32.0
        assert not answer.given_up
        times.append((due, answer.tick(due)))
        assert answer.deadline() != due
    sent = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert times == [*((at, b"200") for at in sent), (32.0, None)]
    assert answer.given_up


def test_a_2xx_that_somebody_else_waits_for_is_given_up_as_early_as_told():
    answer = UnackedAnswer(b"200", Timing(), 5.0, patience=2.0)
    times = []
    while (due := answer.deadline()) is not None:
        times.append((due, answer.tick(due)))
    assert times == [(5.5, b"200"), (6.5, b"200"), (7.0, None)]
    assert answer.given_up


def test_an_acknowledged_2xx_is_quiet_and_not_given_up():
    answer = UnackedAnswer(b"200", Timing(), 0.0)
    answer.acknowledged()
    assert answer.deadline() is None
    assert answer.tick(100.0) is None
    assert not answer.given_up


def test_an_acknowledgement_after_giving_up_comes_too_late():
    answer = UnackedAnswer(b"200", Timing(), 0.0)
    answer.tick(32.0)
    answer.acknowledged()
    assert answer.given_up
    assert answer.tick(33.0) is None


def test_a_tick_before_the_deadline_sends_nothing():
    answer = UnackedAnswer(b"200", Timing(), 0.0)
    assert answer.tick(0.4) is None
    assert answer.deadline() == 0.5


def test_a_late_tick_repeats_once():
    answer = UnackedAnswer(b"200", Timing(), 0.0)
    assert answer.tick(10.0) == b"200"
    assert answer.deadline() == 11.0


def test_ticks_that_come_a_little_late_do_not_stretch_the_schedule():
    answer = UnackedAnswer(b"200", Timing(), 0.0)
    sent = []
    while (due := answer.deadline()) is not None:
        if answer.tick(due + 0.05) is not None:
            sent.append(due)
    assert sent == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_what_a_long_pause_has_missed_is_not_made_up_for():
    answer = UnackedAnswer(b"200", Timing(), 0.0)
    assert answer.tick(20.0) == b"200"
    assert answer.tick(20.0) is None
    assert answer.deadline() == 21.0


@pytest.mark.parametrize(("now", "state"), [(0.0, "due at 0.5"), (0.5, "due at 1.5"), (32.0, "given up")])
def test_its_repr_tells_what_is_due(now, state):
    answer = UnackedAnswer(b"200", Timing(), 0.0)
    answer.tick(now)
    assert repr(answer) == f"<UnackedAnswer {state}>"


def test_an_ack_is_found_again_by_tag_and_number():
    acks = SentAcks()
    acks.remember(ok(), b"ack")
    assert acks.repeat(ok()) == b"ack"
    assert acks.repeat(ok("fork")) is None
    assert acks.repeat(ok(cseq=8)) is None


def test_acks_of_an_ended_invite_are_forgotten_and_those_of_another_are_not():
    acks = SentAcks()
    acks.remember(ok(), b"first")
    acks.remember(ok(cseq=8), b"second")
    acks.forget(7)
    assert (acks.repeat(ok()), acks.repeat(ok(cseq=8)), len(acks)) == (None, b"second", 1)


def test_a_peer_that_forks_without_end_costs_no_more_than_the_limit():
    acks = SentAcks(limit=2)
    for tag in ("x", "y", "z"):
        acks.remember(ok(tag), tag.encode())
    assert (acks.repeat(ok("x")), acks.repeat(ok("y")), acks.repeat(ok("z"))) == (None, b"y", b"z")
    assert repr(acks) == "<SentAcks 2>"
