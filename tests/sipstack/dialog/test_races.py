"""The races of RFC 5407, each where these machines decide it; the section stands in the test's name."""

import pytest

from sipstack.dialog import (
    Carrier,
    Dialog,
    EarlyDialogs,
    Glare,
    Heard,
    Offers,
    ReliableProvisionals,
    Role,
    SentAcks,
    SessionTimer,
    UnackedAnswer,
)
from sipstack.errors import ProtocolError
from sipstack.message import parse, response_to
from sipstack.message import request as build
from sipstack.timing import Timing

INVITE = parse(
    build(
        "INVITE",
        "sip:b@b.example",
        [
            ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
            ("From", "<sip:a@a>;tag=a"),
            ("To", "<sip:b@b>"),
            ("Call-ID", "c"),
            ("CSeq", "7 INVITE"),
            ("Contact", "<sip:a@192.0.2.9>"),
        ],
    ).encode()
)


def answer(status=200, request=INVITE, tag="b"):
    return parse(response_to(request, status, to_tag=tag, headers=[("Contact", "<sip:b@192.0.2.1>")]).encode())


@pytest.fixture
def caller():
    return Dialog.as_caller(INVITE, answer())


@pytest.fixture
def callee():
    dialog = Dialog.as_callee(INVITE, "b")
    dialog.confirm(answer())
    return dialog


def ask(dialog, method):
    return dialog.request(method, via="SIP/2.0/UDP x;branch=z9hG4bKx", contact="<sip:x@192.0.2.7>")


def open_session(*, late_offer=False, acknowledged=True):
    """Offers and Glare of both sides once the 2xx has gone; its ACK has come or not."""
    callers, callees = (Offers(), Glare(owns_call_id=True)), (Offers(), Glare(owns_call_id=False))
    callers[1].send("INVITE")
    callees[1].receive("INVITE")
    callers[0].send(Carrier.INVITE, description=not late_offer)
    callees[0].receive(Carrier.INVITE, description=not late_offer)
    callees[0].send(Carrier.INVITE_OK, description=True)
    callees[1].reply("INVITE", 200)
    callers[0].receive(Carrier.INVITE_OK, description=True)
    callers[1].answered("INVITE", 200, 0.0, 0.5)
    callers[0].send(Carrier.ACK, description=late_offer)
    if acknowledged:
        callees[0].receive(Carrier.ACK, description=late_offer)
        callees[1].acknowledged()
    return callers, callees


def refused(act):
    with pytest.raises(ProtocolError) as caught:
        act()
    return caught.value.status


def test_3_1_1_a_repeated_initial_invite_after_the_2xx_is_not_out_of_order(callee):
    unacked = UnackedAnswer(b"200", Timing(), 0.0)
    callee.receive(INVITE)
    assert callee.remote_cseq == 7
    assert unacked.tick(0.5) == b"200"


def test_3_1_2_a_cancel_that_crosses_the_2xx_leaves_a_call_to_be_acknowledged_and_ended():
    dialogs = EarlyDialogs(invite=INVITE)
    dialogs.receive(answer(180), 0.0)
    heard, dialog = dialogs.receive(answer(200), 1.0)
    assert heard is Heard.CONFIRMED
    assert str(dialog.ack(7, via="v").cseq) == "7 ACK"
    assert str(ask(dialog, "BYE").cseq) == "8 BYE"


def test_3_1_3_an_early_bye_that_crosses_the_2xx_is_in_order_and_the_ack_still_comes(callee):
    caller = Dialog.as_caller(INVITE, answer(180))
    unacked = UnackedAnswer(b"200", Timing(), 0.0)
    callee.receive(ask(caller, "BYE"))
    caller.confirm(answer(200))
    assert str(caller.ack(7, via="v").cseq) == "7 ACK"
    unacked.acknowledged()
    assert unacked.deadline() is None


def test_3_1_4_a_re_invite_before_the_ack_is_taken_when_offer_and_answer_are_done():
    (caller_offers, caller_glare), (callee_offers, callee_glare) = open_session(acknowledged=False)
    caller_glare.send("INVITE")
    caller_offers.send(Carrier.INVITE, description=True)
    callee_glare.receive("INVITE")
    assert callee_offers.receive(Carrier.INVITE, description=True) is Role.OFFER
    callee_glare.acknowledged()
    callee_offers.send(Carrier.INVITE_OK, description=True)
    callee_glare.reply("INVITE", 200)
    assert not callee_glare.may_send("INVITE")


def test_3_1_5_a_re_invite_before_the_ack_gets_491_when_that_ack_has_the_answer():
    (caller_offers, caller_glare), (callee_offers, callee_glare) = open_session(late_offer=True, acknowledged=False)
    caller_glare.send("INVITE")
    caller_offers.send(Carrier.INVITE, description=True)
    callee_glare.receive("INVITE")
    assert refused(lambda: callee_offers.receive(Carrier.INVITE, description=True)) == 491
    callee_glare.reply("INVITE", 491)
    caller_offers.refused(Carrier.INVITE)
    caller_glare.answered("INVITE", 491, 0.0, 0.5)
    assert callee_offers.receive(Carrier.ACK, description=True) is Role.ANSWER
    callee_glare.acknowledged()
    assert caller_glare.tick(caller_glare.deadline())
    callee_glare.receive("INVITE")
    assert callee_offers.receive(Carrier.INVITE, description=True) is Role.OFFER


def test_3_1_6_a_bye_that_overtakes_the_ack_is_in_order_and_the_ack_keeps_its_number(caller, callee):
    ack = caller.ack(7, via="v")
    callee.receive(ask(caller, "BYE"))
    assert callee.remote_cseq == 8
    assert ack.cseq.number == 7


def test_3_2_1_byes_that_cross_are_both_in_order(caller, callee):
    ours, theirs = ask(caller, "BYE"), ask(callee, "BYE")
    callee.receive(ours)
    caller.receive(theirs)


@pytest.mark.parametrize("method", ["INVITE", "REFER"])
def test_3_2_2_and_3_3_3_a_request_that_crosses_our_bye_is_in_order_and_leaves_no_deadline(caller, callee, method):
    timer, glare = SessionTimer(), Glare(owns_call_id=False)
    glare.send("INVITE")
    glare.answered("INVITE", 491, 0.0, 0.5)
    ask(callee, "BYE")
    timer.stop()
    glare.stop()
    callee.receive(ask(caller, method))
    assert (timer.deadline(), glare.deadline()) == (None, None)


def test_3_2_3_the_2xx_to_our_re_invite_after_our_bye_is_acknowledged_with_the_invites_number(caller):
    re_invite = ask(caller, "INVITE")
    ask(caller, "BYE")
    acks = SentAcks()
    ok = answer(200, re_invite)
    ack = caller.ack(ok.cseq.number, via="v")
    acks.remember(ok, ack.encode())
    assert (ack.cseq.number, caller.local_cseq) == (8, 9)
    assert acks.repeat(ok) == ack.encode()


def test_3_2_4_an_ack_after_our_bye_only_ends_the_repetitions(callee):
    unacked = UnackedAnswer(b"200", Timing(), 0.0)
    ask(callee, "BYE")
    unacked.acknowledged()
    assert unacked.deadline() is None
    assert not unacked.given_up


def test_3_3_1_re_invites_that_cross_both_get_491():
    sides = open_session()
    for offers, glare in sides:
        glare.send("INVITE")
        offers.send(Carrier.INVITE, description=True)
    for _, glare in sides:
        assert refused(lambda glare=glare: glare.receive("INVITE")) == 491


def test_3_3_2_an_update_with_an_offer_and_a_re_invite_that_cross_both_get_491():
    (caller_offers, caller_glare), (callee_offers, callee_glare) = open_session()
    caller_glare.send("INVITE")
    caller_offers.send(Carrier.INVITE, description=True)
    callee_glare.send("UPDATE")
    callee_offers.send(Carrier.UPDATE, description=True)
    caller_glare.receive("UPDATE")
    assert refused(lambda: caller_offers.receive(Carrier.UPDATE, description=True)) == 491
    callee_glare.receive("INVITE")
    assert refused(lambda: callee_offers.receive(Carrier.INVITE, description=True)) == 491


def test_3_3_2_an_update_without_an_offer_and_a_re_invite_that_cross_both_succeed():
    (caller_offers, caller_glare), (callee_offers, callee_glare) = open_session()
    caller_glare.send("INVITE")
    caller_offers.send(Carrier.INVITE, description=True)
    callee_glare.send("UPDATE")
    callee_offers.send(Carrier.UPDATE, description=False)
    caller_glare.receive("UPDATE")
    assert caller_offers.receive(Carrier.UPDATE, description=False) is Role.NOTHING
    callee_glare.receive("INVITE")
    assert callee_offers.receive(Carrier.INVITE, description=True) is Role.OFFER


def test_appendix_a_forked_2xx_that_come_together_are_one_call_and_one_to_end():
    dialogs = EarlyDialogs(invite=INVITE)
    heard = [dialogs.receive(answer(200, tag=tag), 0.0)[0] for tag in ("x", "y", "x", "y")]
    assert heard == [Heard.CONFIRMED, Heard.SECOND, Heard.AGAIN, Heard.AGAIN]


def test_a_prack_that_crosses_the_final_response_is_still_taken():
    called = ReliableProvisionals(invite_cseq=7, rseq=1)
    called.send(b"18x", 0.0, description=False)
    called.stop()
    called.acknowledge(build("PRACK", "sip:b@b", [("RAck", "2 7 INVITE")]))


def test_a_refresh_that_crosses_a_re_invite_is_put_off_and_not_lost():
    timer = SessionTimer()
    timer.accepted(response_to(INVITE, 200, headers=[("Session-Expires", "90;refresher=uac")]), 0.0)
    timer.tick(45.0)
    timer.put_off(45.0)
    assert timer.deadline() == 52.5
