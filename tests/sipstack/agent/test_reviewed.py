"""What a second reader found: peers that do what they may, or may not, and applications that err."""

import pytest

from sipstack.agent import (
    Abilities,
    Binding,
    Concluded,
    Context,
    Established,
    Invited,
    Listener,
    Progressed,
    Reanswered,
    Reoffered,
    Reply,
    Requested,
    UserAgent,
)
from sipstack.auth import Account, Secret
from sipstack.errors import ParseError, StateError
from sipstack.ids import Ids
from sipstack.locate import Preferences, Target
from sipstack.message import Response, parse
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer
from tests.sipstack.agent.link import SDP, Link, nothing
from tests.sipstack.agent.wire import Wire, laws, script_of

SUPPORTED = (("Supported", "100rel"),)
RELIABLE = (("Require", "100rel"), ("RSeq", "1"))
BROKEN = [("X", "a\r\nEvil: 1")]
answering = script_of(Invited=lambda event, now: event.call.answer(SDP, now))
ringing_and_answering = script_of(
    Invited=lambda event, now: [*event.call.ring(now, 183, SDP, reliable=True), *event.call.answer(b"", now)]
)


def established(**options: object) -> Wire:
    """The agent has taken a call."""
    wire = Wire.of(answering, **options)
    wire.call()
    wire.ack()
    return wire


def rack(wire: Wire) -> tuple[tuple[str, str], ...]:
    response = wire.response("INVITE")
    return (("RAck", f"{response.headers.first('rseq')} {response.cseq}"),)


# A 2xx to our INVITE.


def test_a_2xx_with_the_offer_that_comes_again_waits_on_for_the_application() -> None:
    wire = Wire.of()
    call = wire.place(b"")
    for _ in range(3):
        wire.respond(200, body=SDP)
    assert not wire.requests("ACK")
    wire.do(call.acknowledge(SDP))
    wire.respond(200, body=SDP)
    assert [ack.body for ack in wire.requests("ACK")] == [SDP, SDP]
    assert len(wire.told(Established)) == 1
    assert not wire.releases


def test_a_2xx_that_comes_again_while_its_ack_looks_for_its_way_is_no_second_call() -> None:
    wire = Wire.of()
    wire.place()
    contact = (("Contact", "<sip:bob@bob.example>"),)
    wire.link.names["bob.example"] = (Target("UDP", "127.0.0.2", 5060, host="bob.example"),)
    wire.respond(200, headers=contact, body=SDP)
    wire.respond(200, headers=contact, body=SDP)
    assert len(wire.told(Established)) == 1
    assert not wire.requests("ACK")
    wire.run(0.1)
    assert len(wire.requests("ACK")) == 1


def test_an_ack_whose_way_was_not_found_looks_again_when_the_2xx_comes_again() -> None:
    wire = Wire.of()
    wire.place()
    contact = (("Contact", "<sip:bob@bob.example>"),)
    wire.respond(200, headers=contact, body=SDP)
    wire.run(0.1)
    assert not wire.requests("ACK")
    wire.link.names["bob.example"] = (Target("UDP", "127.0.0.2", 5060, host="bob.example"),)
    wire.respond(200, headers=contact, body=SDP)
    wire.run(0.1)
    assert len(wire.requests("ACK")) == 1
    assert wire.agent.agent.domains["127.0.0.2", 5060] == "bob.example"


def test_a_2xx_whose_route_cannot_be_read_ends_the_call_once() -> None:
    wire = Wire.of()
    wire.place()
    for _ in range(2):
        wire.respond(200, headers=(("Record-Route", "<sip:["),), body=SDP)
    assert wire.releases == ["lost"]
    assert len(wire.requests("ACK")) == 2
    assert len(wire.requests("BYE")) == 1


def test_two_2xx_of_a_fork_after_a_hang_up_are_both_ended_and_told_once() -> None:
    wire = Wire.of()
    call = wire.place()
    wire.respond(180)
    wire.do(call.hang_up(0.0))
    for tag in ("one", "two"):
        wire.respond(200, tag, body=SDP)
    assert [request.to.tag for request in wire.requests("BYE")] == ["one", "two"]
    assert wire.releases == ["hung up"]


def test_a_fork_without_end_leaves_nothing_in_the_call() -> None:
    wire = Wire.of()
    call = wire.place()
    for number in range(100):
        wire.respond(200, f"tag{number}", body=SDP)
    wire.answer_all()
    assert len(wire.requests("ACK")) == len(wire.requests("BYE")) + 1 == 65
    assert len(call.sessions) == 1
    assert call.session.dialog.remote_tag == "tag0"


def test_a_bye_in_a_dialog_that_lost_does_not_end_the_call_and_after_its_end_nothing_is_offered() -> None:
    wire = Wire.of()
    wire.place()
    for tag in ("one", "other"):
        wire.respond(180, tag)
    wire.respond(200, "two", body=SDP)
    wire.within("BYE")
    assert not wire.releases
    theirs = "<sip:bob@127.0.0.2>;tag="
    wire.within("BYE", origin=theirs + "two")
    assert wire.releases == ["bye"]
    wire.within("UPDATE", SDP, origin=theirs + "other")
    assert wire.responses("UPDATE") == [481]
    assert not wire.told(Reoffered)


def test_an_offer_in_an_early_dialog_can_be_answered() -> None:
    wire = Wire.of(script_of(Reoffered=lambda event, now: event.call.accept(SDP, now)))
    wire.place()
    wire.respond(183, headers=RELIABLE, body=SDP)
    wire.within("UPDATE", SDP)
    assert wire.responses("UPDATE") == [200]


def test_a_2xx_with_an_offer_that_nobody_answers_is_acknowledged_and_ended_in_time() -> None:
    wire = Wire.of(session_interval=None)
    wire.place(b"")
    wire.respond(200, body=SDP)
    wire.run(29.9)
    assert not wire.requests("ACK")
    wire.run(0.2)
    assert [m.method for m in wire.sent] == ["INVITE", "ACK", "BYE"]
    assert wire.releases == ["lost"]
    wire.run(100.0)
    laws(wire)


def test_the_ack_that_is_due_goes_before_the_bye() -> None:
    wire = Wire.of()
    call = wire.place(b"")
    wire.respond(200, body=SDP)
    wire.do(call.hang_up(0.0))
    assert [m.method for m in wire.sent] == ["INVITE", "ACK", "BYE"]


# Provisional responses.


def test_a_second_reliable_offer_before_the_answer_to_the_first_gets_no_prack() -> None:
    wire = Wire.of()
    call = wire.place(b"")
    wire.respond(183, headers=RELIABLE, body=SDP)
    wire.respond(183, headers=(RELIABLE[0], ("RSeq", "2")), body=SDP)
    assert not wire.requests("PRACK")
    with pytest.raises(StateError):
        call.prack(wire.told(Progressed)[0].response, b"")
    wire.do(call.prack(wire.told(Progressed)[0].response, SDP))
    assert [prack.headers.first("rack") for prack in wire.requests("PRACK")] == ["1 1 INVITE"]


def test_what_a_challenged_invite_has_opened_is_over_when_it_goes_out_again() -> None:
    wire = Wire.of(accounts=(Account("alice", Secret.of_password("x")),))
    call = wire.place()
    wire.respond(183, headers=RELIABLE, body=SDP)
    wire.respond(401, headers=(("WWW-Authenticate", 'Digest realm="a", nonce="n"'),))
    assert not call.sessions
    wire.invite = wire.requests("INVITE")[-1]
    wire.respond(183, headers=RELIABLE, body=SDP)
    assert len(wire.requests("PRACK")) == 2
    wire.respond(200, body=SDP)
    assert len(wire.told(Established)) == 1


def test_nobody_can_ask_for_credentials_for_ever() -> None:
    wire = Wire.of(accounts=(Account("alice", Secret.of_password("x")),))
    wire.place()
    for number in range(50):
        wire.invite = wire.requests("INVITE")[-1]
        wire.respond(407, headers=(("Proxy-Authenticate", f'Digest realm="{number}", nonce="n"'),))
    assert len(wire.requests("INVITE")) == 9
    assert wire.releases == ["refused"]


@pytest.mark.parametrize(("contact", "shown"), [("sip:x@127.0.0.2", True), ("sip:x@127.0.0.2;maddr=127.0.0.9", False)])
def test_credentials_are_shown_to_who_has_asked_and_not_where_he_is_only_named(contact: str, shown: bool) -> None:
    wire = Wire.of(accounts=(Account("alice", Secret.of_password("x")),))
    call = wire.place()
    wire.respond(407, headers=(("Proxy-Authenticate", 'Digest realm="a", nonce="n"'),))
    wire.invite = wire.requests("INVITE")[-1]
    wire.respond(200, headers=(("Contact", f"<{contact}>"),), body=SDP)
    wire.do(call.request("INFO"))
    assert ("proxy-authorization" in wire.requests("INFO")[0].headers) is shown


def test_a_registration_is_made_for_the_accounts_of_the_agent() -> None:
    wire = Wire.of(accounts=(Account("alice", Secret.of_password("x")),))
    binding = Binding(registrar="sip:127.0.0.2", aor="sip:alice@example", contact="sip:alice@127.0.0.1")
    _, acts = wire.agent.agent.register(binding, 0.0)
    wire.do(acts)
    challenge = (("WWW-Authenticate", 'Digest realm="a", nonce="n"'),)
    wire.respond(401, headers=challenge, request=wire.requests("REGISTER")[0])
    assert "authorization" in wire.requests("REGISTER")[1].headers


def test_credentials_that_the_application_wrote_stay_until_others_are_asked_for() -> None:
    wire = Wire.of(accounts=(Account("alice", Secret.of_password("x")),))
    wire.place(headers=[("Authorization", "Bearer x")])
    assert wire.requests("INVITE")[0].headers.first("authorization") == "Bearer x"


# A call that comes in.


def test_a_bye_while_the_2xx_waits_for_a_prack_ends_the_invite_too() -> None:
    wire = Wire.of(ringing_and_answering)
    wire.call(headers=SUPPORTED)
    wire.within("BYE")
    assert wire.responses("INVITE") == [183, 487]
    wire.ack()
    wire.run(100.0)
    assert wire.releases == ["bye"]
    laws(wire)


def test_a_hang_up_while_the_2xx_waits_for_a_prack_refuses_the_call() -> None:
    wire = Wire.of(ringing_and_answering)
    wire.call(headers=SUPPORTED)
    wire.do(wire.told(Invited)[0].call.hang_up(0.0))
    assert wire.responses("INVITE") == [183, 603]
    assert wire.releases == ["hung up"]


def test_no_bye_goes_out_before_the_ack_has_come() -> None:
    wire = Wire.of(answering)
    wire.call()
    wire.do(wire.told(Invited)[0].call.hang_up(0.0))
    assert not wire.requests("BYE")
    wire.ack()
    assert len(wire.requests("BYE")) == 1
    assert [type(event).__name__ for event in wire.agent.events] == ["Invited", "Released"]


def test_a_prack_that_lacks_the_answer_ends_the_call() -> None:
    wire = Wire.of(ringing_and_answering)
    wire.call(b"", SUPPORTED)
    wire.within("PRACK", headers=rack(wire))
    assert wire.responses("PRACK") == [400]
    assert wire.responses("INVITE") == [183, 500]
    assert wire.releases == ["lost"]


@pytest.mark.parametrize("header", [("Supported", '"x'), ("Session-Expires", "x"), ("Expires", "x"), ("Min-SE", "x")])
def test_an_invite_with_a_header_that_would_be_missed_later_is_refused_at_once(header: tuple[str, str]) -> None:
    wire = Wire.of(answering)
    wire.call(headers=(header,))
    assert wire.responses("INVITE") == [400]
    assert not wire.told(Invited)


def test_a_call_that_brings_more_than_its_session_is_taken() -> None:
    wire = Wire.of(answering)
    parts = b"--b\r\nContent-Type: application/sdp\r\n\r\n%s\r\n--b\r\nContent-Type: application/pidf+xml\r\n\r\n<x/>"
    wire.call(parts % SDP + b"\r\n--b--\r\n", [("content-type", "multipart/mixed;boundary=b")])
    assert wire.responses("INVITE") == [200]


def test_a_to_that_ends_in_a_semicolon_gets_its_tag_once() -> None:
    wire = Wire.of(answering)
    wire.call(to="<sip:alice@127.0.0.1>;")
    wire.ack()
    wire.do(wire.told(Established)[0].call.hang_up(0.0))
    assert wire.requests("BYE")[0].headers.first("from") == wire.response("INVITE").headers.first("to")


@pytest.mark.parametrize("header", [("Record-Route", "<sips:p.example;lr>"), ("Contact", "<sips:bob@127.0.0.2>")])
def test_our_contact_is_a_sips_uri_where_the_way_back_is_one(header: tuple[str, str]) -> None:
    wire = Wire.of(answering, transports=("UDP", "TLS"))
    fields = [header] if header[0] == "Contact" else [("Contact", "<sip:bob@127.0.0.2>"), header]
    wire.invite = wire.ask("INVITE", SDP, fields)
    response = wire.response("INVITE")
    assert response.contact is not None
    assert str(response.contact.uri).startswith("sips:")


def test_our_contact_is_a_sips_uri_when_the_outbound_proxy_is_one() -> None:
    wire = Wire.of(transports=("UDP", "TLS"))
    call = wire.place(proxy="sips:127.0.0.2;lr")
    assert call.invite.headers.first("contact").startswith("<sips:")


def test_an_agent_that_takes_every_method_says_nothing_of_them() -> None:
    wire = Wire.of(
        script_of(Invited=lambda event, now: [*event.call.ring(now), *event.call.answer(SDP, now)]),
        abilities=Abilities(methods=None, extensions=()),
    )
    wire.call()
    wire.ack()
    wire.within("OPTIONS")
    assert all("allow" not in m.headers for m in wire.sent)
    assert all(m.headers.first("supported") != "" for m in wire.sent)


def test_who_takes_his_time_says_so_every_minute() -> None:
    wire = Wire.of(script_of(Invited=lambda event, now: event.call.ring(now)))
    wire.call()
    wire.run(200.0)
    assert wire.responses("INVITE") == [180, 180, 180, 180]
    wire.do(wire.told(Invited)[0].call.answer(SDP, wire.link.now))
    wire.ack()
    wire.run(100.0)
    assert wire.responses("INVITE") == [180] * 4 + [200]


def test_a_caller_who_requires_it_hears_that_every_minute_reliably() -> None:
    wire = Wire.of(script_of(Invited=lambda event, now: event.call.ring(now)))
    wire.call(headers=(("Require", "100rel"),))
    wire.within("PRACK", headers=rack(wire))
    wire.run(60.1)
    first, second = [int(m.headers.first("rseq")) for m in wire.sent if m.cseq.method == "INVITE"]
    assert second == first + 1


def test_where_a_reliable_response_would_need_an_offer_that_is_not_there_nothing_rings() -> None:
    wire = Wire.of(script_of(Invited=lambda event, now: [*event.call.ring(now), *event.call.answer(SDP, now)]))
    wire.call(b"", (("Require", "100rel"),))
    assert wire.responses("INVITE") == [200]


@pytest.mark.parametrize(("headers", "after", "status"), [([("Expires", "5")], 5.0, 487), ([], 600.0, 480)])
def test_a_call_that_nobody_answers_ends_by_itself(headers: list[tuple[str, str]], after: float, status: int) -> None:
    wire = Wire.of()
    wire.call(headers=headers)
    wire.run(after - 0.1)
    assert wire.responses("INVITE") == [100]
    wire.run(0.2)
    assert wire.responses("INVITE") == [100, status]
    wire.ack()
    wire.run(100.0)
    laws(wire)


def test_an_update_that_gets_no_answer_while_it_rings_leaves_the_call_to_be_answered() -> None:
    wire = Wire.of(script_of(Invited=lambda event, now: event.call.ring(now, 183, SDP, reliable=True)))
    wire.call(headers=SUPPORTED)
    wire.within("PRACK", headers=rack(wire))
    call = wire.told(Invited)[0].call
    wire.do(call.reoffer(SDP, 0.0, method="UPDATE"))
    wire.respond(200, None, request=wire.requests("UPDATE")[0])
    assert not wire.releases
    assert not wire.requests("BYE")
    wire.do(call.answer(b"", 0.0))
    assert wire.responses("INVITE") == [183, 200]


def test_a_session_timer_that_an_update_has_set_ends_nothing_that_only_rings() -> None:
    wire = Wire.of(script_of(Invited=lambda event, now: event.call.ring(now)))
    wire.call(headers=SUPPORTED)
    wire.within("UPDATE", headers=(("Supported", "timer"), ("Session-Expires", "90;refresher=uac")))
    assert wire.responses("UPDATE") == [200]
    wire.run(100.0)
    assert not wire.releases
    assert not wire.requests("BYE")
    wire.do(wire.told(Invited)[0].call.answer(SDP, wire.link.now))
    assert wire.responses("INVITE")[-1] == 200


# In a call.


def test_a_refresh_by_reinvite_says_again_what_was_said() -> None:
    wire = Wire.of(session_interval=90)
    wire.place()
    wire.respond(200, headers=(("Session-Expires", "90;refresher=uac"),), body=SDP)
    wire.run(45.1)
    assert [(m.body, m.content_type) for m in wire.requests("INVITE")] == [(SDP, "application/sdp")] * 2


def test_a_refresh_does_not_say_again_what_was_refused() -> None:
    wire = Wire.of(session_interval=90)
    call = wire.place()
    wire.respond(200, headers=(("Session-Expires", "90;refresher=uac"),), body=SDP)
    wire.do(call.reoffer(SDP + b"a=inactive\r\n", 0.0))
    wire.respond(488, None, request=wire.requests("INVITE")[-1])
    wire.run(45.1)
    assert wire.requests("INVITE")[-1].body == SDP


def test_a_refresh_does_not_take_the_place_of_a_reinvite_that_waits() -> None:
    wire = Wire.of(session_interval=90)
    call = wire.place()
    updates = (("Session-Expires", "90;refresher=uac"), ("Allow", "UPDATE"))
    wire.respond(200, headers=updates, body=SDP)
    wire.run(43.5)
    wire.do(call.reoffer(SDP, wire.link.now))
    wire.respond(491, None, request=wire.requests("INVITE")[-1])
    wire.run(4.1)
    assert [m.cseq.number for m in wire.requests("INVITE")][:3] == [1, 2, 3]
    assert not wire.requests("UPDATE")


def test_an_update_with_a_body_of_another_type_that_is_refused_leaves_the_way_free() -> None:
    wire = established()
    call = wire.told(Established)[0].call
    wire.do(call.reoffer(b"x", 0.0, method="UPDATE", headers=[("Content-Type", "text/plain")]))
    wire.respond(488, None, request=wire.requests("UPDATE")[0])
    wire.do(call.reoffer(SDP, 0.0))
    assert len(wire.requests("INVITE")) == 1


def test_a_callee_refreshes_with_his_answer() -> None:
    wire = Wire.of(answering, session_interval=90)
    wire.call(headers=[("Supported", "timer"), ("Session-Expires", "90;refresher=uas")])
    wire.ack()
    wire.run(45.1)
    assert [m.body for m in wire.requests("INVITE")] == [SDP]


def test_a_body_whose_type_the_application_names_has_one_type() -> None:
    mixed = ("Content-Type", "multipart/mixed;boundary=b")
    wire = Wire.of(script_of(Invited=lambda event, now: event.call.answer(b"--b\r\n" + SDP, now, [mixed])))
    wire.call()
    assert wire.response("INVITE").headers.all("content-type") == [mixed[1]]
    wire.place(b"--b\r\n" + SDP, headers=[mixed])
    assert wire.requests("INVITE")[-1].headers.all("content-type") == [mixed[1]]


def test_a_refused_reinvite_waits_while_theirs_is_under_way_and_goes_then() -> None:
    wire = established()
    call = wire.told(Established)[0].call
    wire.do(call.reoffer(SDP, 0.0, headers=[("X-Mine", "1")]))
    wire.respond(491, None, request=wire.requests("INVITE")[-1])
    wire.within("INVITE", SDP)
    wire.run(10.0)
    assert len(wire.requests("INVITE")) == 1
    wire.do(call.accept(SDP, wire.link.now))
    wire.within("ACK", number=wire.numbers)
    wire.run(2.1)
    assert len({m.cseq.number for m in wire.requests("INVITE")}) == 2
    assert wire.requests("INVITE")[-1].headers.first("x-mine") == "1"


def test_a_reinvite_that_is_always_refused_by_491_is_told_in_the_end() -> None:
    wire = established()
    wire.do(wire.told(Established)[0].call.reoffer(SDP, 0.0))
    for _ in range(20):
        wire.respond(491, None, request=wire.requests("INVITE")[-1])
        wire.run(4.1)
    assert len({m.cseq.number for m in wire.requests("INVITE")}) == 4
    assert [event.response.status for event in wire.told(Reanswered)] == [491]


def test_reinvites_that_are_never_acknowledged_do_not_pile_up() -> None:
    wire = Wire.of(
        script_of(
            Invited=lambda event, now: event.call.answer(SDP, now),
            Reoffered=lambda event, now: event.call.accept(SDP, now),
        )
    )
    wire.call()
    for _ in range(5):
        wire.within("INVITE", SDP)
    assert wire.responses("INVITE") == [200, 200, 500, 500, 500, 500]


def test_a_bye_is_a_bye_whatever_it_brings() -> None:
    wire = established()
    wire.within("BYE", b"x", (("content-type", "application/isup"),))
    assert wire.responses("BYE") == [200]
    assert wire.releases == ["bye"]


def test_a_request_that_the_application_passes_over_is_answered_in_the_end() -> None:
    wire = established()
    wire.within("INFO")
    wire.ask("INFO", call_id="other")
    wire.run(31.9)
    assert wire.responses("INFO") == []
    wire.run(0.2)
    assert wire.responses("INFO") == [500, 500]
    assert wire.response("INFO").to.tag == wire.told(Requested)[0].to_tag


def test_a_request_that_the_application_has_answered_is_not_answered_again() -> None:
    wire = Wire.of(script_of(Requested=lambda event, now: [Reply(event.key, event.response(202))]))
    wire.ask("INFO")
    wire.run(100.0)
    assert wire.responses("INFO") == [202]
    assert wire.is_empty


def test_a_response_that_ends_the_call_is_told_once() -> None:
    wire = established()
    wire.do(wire.told(Established)[0].call.request("INFO"))
    wire.respond(481, None, request=wire.requests("INFO")[0])
    assert [type(event).__name__ for event in wire.agent.events] == ["Invited", "Established", "Released"]


def test_who_requires_100rel_gets_nothing_else() -> None:
    wire = Wire.of()
    wire.call(headers=(("Require", "100rel"),))
    with pytest.raises(StateError):
        wire.told(Invited)[0].call.ring(0.0, reliable=False)
    wire.do(wire.told(Invited)[0].call.ring(0.0))
    assert wire.response("INVITE").headers.first("require") == "100rel"


# Mistakes of the application's, which change nothing.


@pytest.mark.parametrize(
    "mistake",
    [
        lambda call: call.answer(b"", 0.0),
        lambda call: call.answer(SDP, 0.0, BROKEN),
        lambda call: call.ring(0.0, headers=BROKEN),
        lambda call: call.ring(0.0, 200),
        lambda call: call.ring(0.0, 100),
        lambda call: call.refuse(200, 0.0),
        lambda call: call.refuse(486, 0.0, headers=BROKEN),
        lambda call: call.refuse(486, 0.0, "Busy\r\nEvil: 1"),
        lambda call: call.refuse(486, 0.0, "\ud800"),
        lambda call: call.answer(SDP, 0.0, [("X", "\ud800")]),
        lambda call: call.hang_up(0.0, BROKEN),
        lambda call: call.request("INFO"),
    ],
)
def test_a_mistake_while_it_rings_leaves_the_call_to_be_answered(mistake) -> None:
    wire = Wire.of(nothing)
    wire.call()
    call = wire.told(Invited)[0].call
    with pytest.raises(StateError):
        mistake(call)
    wire.do(call.answer(SDP, 0.0))
    assert wire.responses("INVITE") == [200]


@pytest.mark.parametrize(
    "mistake",
    [
        lambda call: call.reoffer(SDP, 0.0, headers=BROKEN),
        lambda call: call.reoffer(SDP, 0.0, method="INFO"),
        lambda call: call.reoffer(b"", 0.0, method="BYE"),
        lambda call: call.request("INFO", BROKEN),
        lambda call: call.request("BYE"),
        lambda call: call.request("INVITE"),
        lambda call: call.request("ACK"),
        lambda call: call.hang_up(0.0, BROKEN),
        lambda call: call.accept(SDP, 0.0),
        lambda call: call.refuse_offer(),
        lambda call: call.acknowledge(SDP),
    ],
)
def test_a_mistake_in_a_call_leaves_it_standing(mistake) -> None:
    wire = established()
    call = wire.told(Established)[0].call
    with pytest.raises(StateError):
        mistake(call)
    wire.do(call.reoffer(SDP, 0.0))
    assert [m.method for m in wire.sent if not isinstance(m, Response)] == ["INVITE"]


@pytest.mark.parametrize(
    "mistake",
    [
        lambda call: call.accept(SDP, 0.0, BROKEN),
        lambda call: call.accept(b"", 0.0),
        lambda call: call.refuse_offer(200),
        lambda call: call.refuse_offer(488, BROKEN),
    ],
)
def test_a_mistake_before_an_offer_leaves_it_to_be_answered(mistake) -> None:
    wire = established()
    wire.within("INVITE", SDP)
    call = wire.told(Reoffered)[0].call
    with pytest.raises(StateError):
        mistake(call)
    wire.do(call.accept(SDP, 0.0))
    assert wire.responses("INVITE") == [200, 200]


def test_a_hang_up_with_a_broken_header_cancels_nothing() -> None:
    wire = Wire.of()
    call = wire.place()
    with pytest.raises(StateError):
        call.hang_up(0.0, BROKEN)
    wire.respond(180)
    assert not wire.requests("CANCEL")
    wire.do(call.hang_up(0.0))
    assert len(wire.requests("CANCEL")) == 1


def test_a_request_to_what_is_no_uri_leaves_nothing_behind() -> None:
    wire = Wire.of()
    ask = wire.agent.agent.request("OPTIONS", "sip:bob@127.0.0.2", caller="<sip:alice@127.0.0.1>")
    ask.hop = "not a uri"
    with pytest.raises(ParseError):
        wire.do([ask])
    assert len(wire.agent.agent) == 0


@pytest.mark.parametrize("transports", [(), ("TCP",)])
def test_an_agent_without_a_listener_for_what_it_prefers_is_refused(transports: tuple[str, ...]) -> None:
    ids = Ids(lambda count: b"x" * count)
    listeners = tuple(Listener(name=name, transport=name, host="127.0.0.1", port=5060) for name in transports)
    with pytest.raises(StateError):
        UserAgent(
            context=Context(ids=ids, dice=lambda: 0.5),
            layer=TransactionLayer(Timing(), ids),
            listeners=listeners,
            application=nothing,
            preferences=Preferences(),
        )


# Next hops that lead nowhere.


@pytest.mark.parametrize("uri", ["tel:+32212345678", "sip:bob@127.0.0.2;transport=sctp", "sips:bob@127.0.0.2"])
def test_a_contact_that_cannot_be_reached_does_no_harm(uri: str) -> None:
    wire = Wire.of(answering)
    wire.invite = wire.ask("INVITE", SDP, [("Contact", f"<{uri}>")])
    wire.ack()
    wire.do(wire.told(Established)[0].call.hang_up(0.0))
    wire.run(100.0)
    laws(wire)
    wire = Wire.of()
    wire.place()
    wire.respond(200, headers=(("Contact", f"<{uri}>"),), body=SDP)
    wire.run(100.0)
    assert not wire.requests("ACK")
    wire.do(wire.told(Established)[0].call.hang_up(100.0))
    wire.run(100.0)
    laws(wire)


def test_what_may_not_stand_in_a_request_uri_is_left_out_of_the_target() -> None:
    odd = (("Contact", "<sip:bob@127.0.0.2;method=INFO;x=1?Subject=a>"),)
    wire = Wire.of()
    call = wire.place()
    wire.respond(200, headers=odd, body=SDP)
    wire.do(call.reoffer(SDP, 0.0))
    wire.respond(200, None, headers=odd, body=SDP, request=wire.requests("INVITE")[-1])
    wire.do(call.hang_up(0.0))
    uris = [m.uri for m in wire.requests("ACK") + wire.requests("BYE")]
    assert uris == ["sip:bob@127.0.0.2;x=1"] * 3
    wire = established()
    wire.ask("INVITE", SDP, odd, to=wire.response("INVITE").headers.first("to"))
    wire.do(wire.told(Reoffered)[0].call.accept(SDP, 0.0))
    wire.do(wire.told(Established)[0].call.request("INFO"))
    assert wire.requests("INFO")[0].uri == "sip:bob@127.0.0.2;x=1"


def test_a_wildcard_contact_is_none() -> None:
    wire = Wire.of(answering)
    wire.invite = wire.ask("INVITE", SDP, [("Contact", "*")])
    assert wire.responses("INVITE") == [400]


def test_a_request_outside_a_call_that_leads_nowhere_is_concluded() -> None:
    link = Link()
    alice = link.peer("alice")
    link.do(alice, [alice.agent.request("OPTIONS", "tel:+32212345678", caller="<sip:alice@127.0.0.1>")])
    assert [event.response.status for event in alice.told(Concluded)] == [416]
    assert parse(alice.told(Concluded)[0].response.encode()).status == 416
