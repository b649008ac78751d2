import pytest

from policy.roaming import Roaming
from tests.world.party import Fields
from tests.world.scene import CONFIG, HOME, Scene
from tests.world.wire import Wire

GEOGRAPHIC = "<sip:+3225551212@carrier.example>"
MOBILE = "<sip:+32470123456@carrier.example>"
RANG = [(0.05, 180, b"")]
OFFER = b"v=0\r\no=x 1 1 IN IP4 203.0.113.9\r\ns=-\r\nm=audio 40000 RTP/AVP 8\r\n\x00\xff odd bytes\n"


def invite_at_callee(scene: Scene) -> Wire:
    (invite,) = scene.callee.requests("INVITE")
    return invite


# Set-up.


def test_a_call_rings_is_answered_and_ended_by_its_caller() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.statuses == [100, 180, 200]
        scene.caller.bye(session)
    assert scene.callee.sessions[0].is_over
    assert scene.callee.sessions[0].acked == {1}
    assert scene.record("end").facts == {"cause": "BYE", "status": 200, "seconds": pytest.approx(3.93), "by": "abroad"}


def test_a_call_is_ended_by_its_callee() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.callee.bye(scene.callee.sessions[0])
    assert session.is_over
    assert scene.record("end").facts["by"] == "home"


def test_a_call_from_home_goes_abroad() -> None:
    with Scene(from_home=True) as scene:
        session = scene.caller.invite("+33612345678")
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)
    assert scene.record("verdict").facts["verdict"] == "pass"


def test_the_legs_share_no_name() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        theirs, ours = session.invite, invite_at_callee(scene)
        assert theirs.call_id != ours.call_id
        assert theirs.from_tag != ours.from_tag
        assert theirs.branch != ours.branch
        assert (theirs.contact, ours.contact) == ("sip:caller@192.0.2.1:5060", "sip:198.51.100.10:5060")
        assert len(ours.all("via")) == 1
        assert "192.0.2" not in ours.first("via") + ours.first("contact") + ours.start
        (answer,) = [wire for wire in scene.caller.responses() if wire.status == 200]
        assert answer.contact == "sip:192.0.2.10:5060"
        scene.caller.bye(session)


def test_headers_and_body_cross_byte_for_byte_in_their_order() -> None:
    crossing: Fields = [
        ("Subject", "a;b  c"),
        ("X-Strange", "\udcff  é \r\n\t folded"),
        ("s", "compact"),
        ("P-Asserted-Identity", "<tel:+33612345678>"),
        ("user-agent", "peer/1"),
        ("X-Strange", "again"),
    ]
    with Scene() as scene:
        scene.callee.headers = [("Server", "callee/2"), ("X-Back", "\udcfe one")]
        scene.callee.script = [(0.1, 200, OFFER)]
        session = scene.caller.invite(headers=crossing, body=OFFER)
        scene.run(5)
        sent = invite_at_callee(scene)
        assert sent.body == OFFER
        printed = "\r\n".join(f"{name}: {value}" for name, value in crossing).encode("utf-8", "surrogateescape")
        assert printed in sent.data
        (answer,) = [wire for wire in scene.caller.responses() if wire.status == 200]
        assert answer.body == OFFER
        assert b"\r\nServer: callee/2\r\nX-Back: \xfe one\r\n" in answer.data
        scene.caller.bye(session)


@pytest.mark.law("¶24")
def test_a_national_call_crosses_with_all_its_identities() -> None:
    identities: Fields = [
        ("P-Asserted-Identity", '"A" <sip:+3225551212@x>, <tel:1207>'),
        ("Remote-Party-ID", "<sip:025551212@x>;party=calling"),
        ("Diversion", "<tel:+3293330001>"),
        ("P-Preferred-Identity", "<tel:+32470999999>"),
        ("History-Info", "not even < an address"),
    ]
    with Scene(from_home=True) as scene:
        scene.caller.invite("+33612345678", '"02 555 12 12" <sip:0470;verstat=No@x>', identities)
        scene.run(1)
        sent = invite_at_callee(scene)
        assert sent.first("from").startswith('"02 555 12 12" <sip:0470;verstat=No@x>;tag=')
        printed = "\r\n".join(f"{name}: {value}" for name, value in identities).encode()
        assert printed in sent.data
        assert not scene.asked


@pytest.mark.parametrize(("given", "left"), [("70", "69"), ("1", "0"), (None, "69")])
def test_max_forwards_counts_down(given: str | None, left: str) -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        data = session.invite.data.replace(b"Max-Forwards: 70", f"Max-Forwards: {given}".encode())
        scene.deliver(scene.caller, data if given else session.invite.data)
        scene.run(5)
        assert invite_at_callee(scene).first("max-forwards") == left
        scene.caller.bye(session)


def test_no_hops_left_is_483_and_has_its_record() -> None:
    with Scene() as scene:
        data = scene.caller.invite().invite.data.replace(b"Max-Forwards: 70", b"Max-Forwards: 0")
        scene.deliver(scene.caller, data)
        scene.run(5)
    assert scene.caller.responses()[0].status == 483
    assert not scene.callee.seen
    assert scene.record("end").facts["cause"] == "too many hops"


def test_a_called_number_without_a_route_is_404() -> None:
    with Scene() as scene:
        session = scene.caller.invite("+4930123456")
    assert session.statuses == [404]
    assert not scene.callee.seen
    assert scene.record("end").facts["cause"] == "no route"


def test_the_callee_sees_the_called_user_at_its_own_host() -> None:
    with Scene() as scene:
        session = scene.caller.invite("+3293330000;npdi")
        scene.run(5)
        assert invite_at_callee(scene).start == "INVITE sip:+3293330000;npdi@198.51.100.1:5060 SIP/2.0"
        scene.caller.bye(session)


def test_the_ways_of_the_two_legs_never_mix() -> None:
    with Scene() as scene:
        near = [("Record-Route", "<sip:192.0.2.1:5060;lr>"), ("Record-Route", "<sip:edge.abroad.example;lr>")]
        scene.callee.headers = [
            ("Record-Route", "<sip:core.home.example;lr>"),
            ("Record-Route", "<sip:198.51.100.1:5060;lr>"),
        ]
        session = scene.caller.invite(headers=near)
        scene.run(5)
        assert not invite_at_callee(scene).all("record-route")
        (answer,) = [wire for wire in scene.caller.responses() if wire.status == 200]
        assert answer.all("record-route") == [value for _, value in near]
        scene.caller.bye(session)
        scene.run(1)
        (bye,) = scene.callee.requests("BYE")
        assert bye.all("route") == ["<sip:198.51.100.1:5060;lr>", "<sip:core.home.example;lr>"]


# Refusals of the law.


@pytest.mark.law("¶7", "L12")
def test_a_blocked_call_gets_603_at_once_and_the_other_side_never_sees_a_packet() -> None:
    with Scene() as scene:
        outputs = scene.deliver(scene.caller, scene.caller.invite(caller=GEOGRAPHIC).invite.data)
        assert len(outputs) == 3  # the verdict, the refusal, the end: nothing waits
        scene.run(5)
    (answer,) = scene.caller.responses()
    assert answer.status == 603
    assert answer.first("reason") == 'Q.850;cause=21;text="Call rejected"'
    assert not scene.callee.seen
    assert str(scene.record("verdict").facts["basis"]).startswith("art. 1 2°")
    assert [record.kind for record in scene.records] == ["verdict", "end"]


@pytest.mark.law("L12")
@pytest.mark.parametrize(
    ("caller", "headers"),
    [
        (GEOGRAPHIC, []),
        ("<sip:1207@x>", []),
        ("<sip:+320470123456@x>", []),
        (MOBILE, []),
        ("<sip:anonymous@anonymous.invalid>", [("P-Asserted-Identity", "<tel:+3280012345>")]),
        ("<sip:+33612345678@x>", [("Diversion", "<tel:+3225551212>")]),
    ],
)
def test_every_refusal_says_the_same(caller: str, headers: Fields) -> None:
    with Scene() as scene:
        scene.caller.invite(caller=caller, headers=headers)
    answer = scene.caller.responses()[-1]
    assert answer.start == "SIP/2.0 603 Decline"
    assert {name for name, _ in answer.fields} == {"via", "from", "to", "call-id", "cseq", "reason", "content-length"}
    assert not scene.callee.seen


@pytest.mark.law("¶8", "K18", "L19")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("P-Asserted-Identity", "<sip:+33612345678@x")], 400),
        ([("Identity", "no token")], 400),
        ([("Content-Type", "application/isup")], 415),
    ],
)
def test_an_identity_that_nobody_can_judge_is_refused_with_its_record(headers: Fields, status: int) -> None:
    with Scene() as scene:
        scene.caller.invite(headers=headers, body=b"")
    assert scene.caller.responses()[-1].status == status
    assert not scene.callee.seen
    verdict = scene.record("verdict")
    assert (verdict.facts["verdict"], verdict.facts["flags"]) == ("block", ["unreadable"])


def test_an_invite_without_contact_is_400() -> None:
    with Scene() as scene:
        scene.caller.is_silent = True
        wire = scene.caller.invite().invite
        scene.deliver(scene.caller, wire.data.replace(b"Contact:", b"X-Contact:"))
        scene.run(1)
    assert scene.caller.responses()[0].status == 400


@pytest.mark.law("¶25", "L1")
def test_a_call_without_a_number_stays_as_it_is() -> None:
    with Scene() as scene:
        session = scene.caller.invite(caller='"Privé" <sip:anonymous@anonymous.invalid>', headers=[("Privacy", "id")])
        scene.run(5)
        sent = invite_at_callee(scene)
        assert sent.first("from").startswith('"Privé" <sip:anonymous@anonymous.invalid>;tag=')
        assert sent.first("privacy") == "id"
        scene.caller.bye(session)


# The roaming question.


def test_a_question_holds_the_call_with_100_until_it_is_answered() -> None:
    with Scene(answers={"+32470123456": Roaming.ABROAD}, thinking=1.0) as scene:
        session = scene.caller.invite(caller=MOBILE)
        scene.run(0.5)
        assert session.statuses == [100]
        assert not scene.callee.seen
        assert not scene.records
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)
    assert scene.record("verdict").personal["roaming"] == {"+32470123456": "abroad"}


@pytest.mark.law("¶8 3°")
@pytest.mark.parametrize("said", [Roaming.NOT_ABROAD, Roaming.UNKNOWN_SUBSCRIBER, Roaming.NOT_OFFERED])
def test_a_mobile_number_that_is_not_abroad_is_refused(said: Roaming) -> None:
    with Scene(answers={"+32470123456": said}) as scene:
        session = scene.caller.invite(caller=MOBILE)
    assert session.final == 603
    assert not scene.callee.seen


@pytest.mark.law("¶8 3°", "L4")
def test_a_failed_check_withholds_the_number() -> None:
    with Scene(answers={"+32470123456": Roaming.FAILED}) as scene:
        session = scene.caller.invite(caller=MOBILE, headers=[("P-Asserted-Identity", "<tel:+32470123456>")])
        scene.run(5)
        assert session.final == 200
        assert all(b"470123456" not in wire.data for wire in scene.callee.seen)
        sent = invite_at_callee(scene)
        assert sent.first("from").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=')
        assert sent.first("privacy") == "id"
        scene.caller.bye(session)
    assert scene.record("verdict").facts["verdict"] == "withhold"


@pytest.mark.law("L4", "K10")
def test_a_call_that_is_brought_no_word_in_two_seconds_was_not_asked_about_and_goes_no_further() -> None:
    with Scene(answers={"+32470123456": None}) as scene:
        session = scene.caller.invite(caller=MOBILE)
        scene.run(1.9)
        assert not scene.records
        scene.run(5)
        assert session.final == 603
        assert not scene.callee.seen
    assert scene.record("verdict").facts["verdict"] == "block"
    assert [alarm.name for alarm in scene.alarms] == ["roaming-limit"]


def test_an_answer_that_comes_late_changes_nothing() -> None:
    with Scene(answers={"+32470123456": Roaming.ABROAD}, thinking=3.0) as scene:
        session = scene.caller.invite(caller=MOBILE)
        scene.run(10)
        assert session.final == 603
        assert not scene.callee.seen
    assert scene.record("verdict").facts["verdict"] == "block"


def test_several_numbers_are_asked_at_once() -> None:
    answers = {"+32470123456": Roaming.ABROAD, "+32475111111": Roaming.ABROAD}
    with Scene(answers=answers) as scene:
        session = scene.caller.invite(caller=MOBILE, headers=[("Diversion", "<tel:+32475111111>")])
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)
    (ask,) = scene.asked
    assert ask.questions.numbers == ("+32470123456", "+32475111111")


# Responses.


@pytest.mark.parametrize("status", [404, 480, 486, 600, 603])
def test_a_failure_crosses_with_its_headers(status: int) -> None:
    with Scene() as scene:
        scene.callee.script = [*RANG, (1, status, b"")]
        scene.callee.headers = [("Warning", '399 x "why"'), ("Reason", "Q.850;cause=17")]
        session = scene.caller.invite()
    assert session.statuses == [100, 180, status]
    answer = scene.caller.responses()[-1]
    assert (answer.first("warning"), answer.first("reason")) == ('399 x "why"', "Q.850;cause=17")
    assert scene.callee.sessions[0].acked == {1}
    assert scene.record("end").facts["status"] == status
    assert not [record for record in scene.records if record.kind == "answer"]


def test_their_503_is_our_500_and_keeps_its_retry_after_to_itself() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.1, 503, b"")]
        scene.callee.headers = [("Retry-After", "3600")]
        session = scene.caller.invite()
    assert session.final == 500
    assert not scene.caller.responses()[-1].all("retry-after")


def test_a_redirection_does_not_show_where_to() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.1, 302, b"")]
        scene.callee.headers = [("Contact", "<sip:secret@198.51.100.7>")]
        session = scene.caller.invite()
    assert session.final == 480
    assert all(b"198.51.100" not in wire.data for wire in scene.caller.seen)


def test_a_100_of_the_callee_stays_on_its_hop() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.01, 100, b""), (0.1, 183, OFFER), (0.1, 180, b""), (0.5, 200, OFFER)]
        session = scene.caller.invite()
        scene.run(5)
        assert [wire.status for wire in scene.caller.responses()] == [100, 183, 180, 200]
        scene.caller.bye(session)


def test_a_caller_has_a_dialog_for_each_branch_and_goes_on_in_that_of_the_2xx() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(1)
        invite = invite_at_callee(scene)
        for status, tag in ((180, "one"), (183, "two"), (200, "two")):
            scene.callee.respond(invite, status, tag=tag)
            scene.run(0.1)
        scene.callee.sessions[0].tag = "two"
        assert session.final == 200
        _, one, two, accepted = [wire.to_tag for wire in scene.caller.responses()]
        assert one != two == accepted
        scene.caller.bye(session)
        scene.run(1)
        (bye,) = scene.callee.requests("BYE")
        assert bye.to_tag == "two"


def test_a_second_fork_that_answers_is_acked_and_hung_up_and_the_caller_never_knows() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(1)
        invite = invite_at_callee(scene)
        scene.callee.respond(invite, 200, tag="one")
        scene.run(0.1)
        scene.callee.respond(invite, 200, tag="two")
        scene.run(0.1)
        assert [wire.to_tag for wire in scene.callee.requests("ACK")] == ["one", "two"]
        assert [wire.to_tag for wire in scene.callee.requests("BYE")] == ["two"]
        assert [wire.status for wire in scene.caller.responses()] == [100, 200]
        scene.callee.sessions[0].tag = "one"
        scene.caller.bye(session)


def test_any_number_of_forks_may_answer() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(1)
        invite = invite_at_callee(scene)
        for tag in ("one", "two", "three", "four"):
            scene.callee.respond(invite, 200, tag=tag)
            scene.run(0.1)
        scene.run(5)
        assert [wire.to_tag for wire in scene.callee.requests("BYE")] == ["two", "three", "four"]
        scene.callee.sessions[0].tag = "one"
        scene.caller.bye(session)


def test_a_callee_that_says_nothing_at_all_is_given_up_without_a_cancel() -> None:
    with Scene() as scene:
        scene.callee.is_silent = True
        session = scene.caller.invite()
        scene.run(40)
    assert session.statuses == [100, 408]
    assert {wire.method for wire in scene.callee.seen} == {"INVITE"}
    assert len(scene.callee.seen) == 7
    assert scene.record("end").facts["cause"] == "target: timeout"


@pytest.mark.parametrize("status", [100, 180])
def test_a_call_that_rings_too_long_is_cancelled(status: int) -> None:
    with Scene() as scene:
        scene.callee.script = [(0.1, status, b"")]
        session = scene.caller.invite()
        scene.run(CONFIG.sip.no_answer_seconds - 0.1)
        assert session.final is None
        scene.run(1)
        assert session.final == 408
    assert len(scene.callee.requests("CANCEL")) == 1
    assert scene.record("end").facts["cause"] == "no answer"


def test_a_call_that_lasts_too_long_ends_on_both_sides_with_a_reason() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(CONFIG.sip.max_call_seconds + 5)
        assert session.is_over
        assert scene.callee.sessions[0].is_over
    assert scene.record("end").facts["cause"] == "maximum duration"
    for party in (scene.caller, scene.callee):
        assert 'text="maximum duration"' in party.requests("BYE")[0].first("reason")


# ACK.


def test_a_2xx_is_repeated_until_its_ack_comes_and_not_after() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, OFFER)]
        session = scene.caller.invite()
        scene.run(1.8)  # T1 and 2*T1 after the first
        answers = [wire for wire in scene.caller.seen if wire.status == 200]
        assert len(answers) == 3
        scene.caller.acks = True
        scene.run(3)
        copies = len([wire for wire in scene.caller.seen if wire.status == 200])
        scene.run(20)
        assert len([wire for wire in scene.caller.seen if wire.status == 200]) == copies == 4
        scene.caller.bye(session)


def test_an_answer_that_is_never_acked_ends_the_call_on_both_sides() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        session = scene.caller.invite()
        scene.run(40)
        assert session.is_over
        assert scene.callee.sessions[0].is_over
    assert scene.record("end").facts["cause"] == "no ACK"


def test_a_repeated_2xx_of_the_callee_gets_the_same_ack_again() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(1)
        scene.callee.respond(invite_at_callee(scene), 200)
        answer = scene.callee._replies[invite_at_callee(scene).branch, "INVITE"][0]
        scene.run(1)
        for _ in range(3):
            scene.deliver(scene.callee, answer)
        scene.run(1)
        acks = [wire.data for wire in scene.callee.seen if wire.method == "ACK"]
        assert len(acks) == 4
        assert len(set(acks)) == 1
        assert [wire.status for wire in scene.caller.responses()] == [100, 200]
        scene.caller.bye(session)


def test_a_late_offer_waits_for_the_ack_that_answers_it() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, OFFER)]
        session = scene.caller.invite(body=b"")
        scene.run(2.5)
        assert not scene.callee.requests("ACK")
        answer = scene.caller._in_dialog(session, "ACK", 1, (), b"v=0\r\nanswer\r\n")
        scene.send(scene.caller, answer)
        scene.run(1)
        (ack,) = scene.callee.requests("ACK")
        assert ack.body == b"v=0\r\nanswer\r\n"
        assert ack.first("content-type") == "application/sdp"
        scene.caller.bye(session)


def test_a_late_offer_that_nobody_answers_is_acked_and_then_hung_up() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, OFFER)]
        scene.caller.invite(body=b"")
        scene.run(40)
        kinds = [wire.method for wire in scene.callee.seen if wire.status is None]
        assert kinds[0] == "INVITE"
        assert kinds.index("ACK") < kinds.index("BYE")


def test_a_caller_may_hang_up_before_it_acks_a_late_offer() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, OFFER)]
        session = scene.caller.invite(body=b"")
        scene.run(1)
        scene.caller.bye(session)
        scene.run(1)
        assert [wire.method for wire in scene.callee.seen if wire.status is None] == ["INVITE", "ACK", "BYE"]


def test_a_callee_who_hangs_up_before_its_late_offer_is_answered_gets_its_ack() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        scene.callee.script = [(0.1, 200, OFFER)]
        scene.caller.invite(body=b"")
        scene.run(1)
        scene.callee.bye(scene.callee.sessions[0])
        scene.run(1)
        assert len(scene.callee.requests("ACK")) == 1


# CANCEL.


def test_a_cancel_before_any_response_waits_for_one_and_the_caller_does_not() -> None:
    with Scene() as scene:
        scene.callee.script = [(2.0, 180, b"")]
        session = scene.caller.invite()
        scene.run(0.5)
        scene.caller.cancel(session)
        scene.run(0.5)
        assert session.final == 487
        assert not scene.callee.requests("CANCEL")
        scene.run(3)
        assert len(scene.callee.requests("CANCEL")) == 1
    assert [record.facts.get("cause") for record in scene.records if record.kind == "end"] == ["cancelled"]


def test_a_cancel_carries_its_reason_across() -> None:
    with Scene() as scene:
        scene.callee.script = RANG
        session = scene.caller.invite()
        scene.run(1)
        scene.caller.cancel(session, [("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
        scene.run(2)
        assert session.final == 487
        (cancel,) = scene.callee.requests("CANCEL")
        assert cancel.first("reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_a_2xx_that_crosses_the_cancel_is_acked_and_hung_up() -> None:
    with Scene() as scene:
        scene.callee.script = RANG
        scene.callee.heeds_cancel = False
        session = scene.caller.invite()
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(0.015)
        scene.callee.respond(invite_at_callee(scene), 200, OFFER)
        scene.run(5)
        assert session.statuses == [100, 180, 487]
        assert [wire.method for wire in scene.callee.seen if wire.status is None][-2:] == ["ACK", "BYE"]
        assert scene.callee.sessions[0].is_over
    assert not [record for record in scene.records if record.kind == "answer"]


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.caller.cancel(session)
        scene.run(1)
        assert session.statuses == [100, 180, 200]
        assert scene.caller.responses("CANCEL")[0].status == 200
        assert not scene.callee.requests("CANCEL")
        scene.caller.bye(session)


def test_a_callee_that_ignores_the_cancel_is_forgotten_after_64_t1() -> None:
    with Scene() as scene:
        scene.callee.script = RANG
        scene.callee.heeds_cancel = False
        session = scene.caller.invite()
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(31)
        assert scene.core.statistics().calls == 1
        scene.run(2)
        assert scene.core.statistics().calls == 0


# BYE.


def test_a_bye_of_the_caller_while_it_rings_cancels_the_call() -> None:
    with Scene() as scene:
        scene.callee.script = RANG
        session = scene.caller.invite()
        scene.run(1)
        scene.caller.bye(session)
        scene.run(1)
        assert session.final == 487
        assert len(scene.callee.requests("CANCEL")) == 1


def test_a_bye_of_the_callee_while_it_rings_does_no_harm() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.1, 180, b""), (2, 200, OFFER)]
        session = scene.caller.invite()
        scene.run(1)
        scene.callee.bye(scene.callee.sessions[0])
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)


def test_byes_that_cross_are_both_answered_200_and_recorded_once() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.caller.bye(session)
        scene.callee.bye(scene.callee.sessions[0])
        scene.run(5)
    assert {wire.status for wire in scene.caller.responses("BYE")} <= {200, 481}
    assert {wire.status for wire in scene.callee.responses("BYE")} <= {200, 481}


def test_a_bye_may_overtake_the_ack() -> None:
    with Scene() as scene:
        scene.caller.acks = False
        session = scene.caller.invite()
        scene.run(1.2)
        scene.caller.bye(session)
        scene.run(2)
        assert scene.caller.responses("BYE")[0].status == 200
        assert scene.callee.sessions[0].acked == {1}
        assert scene.callee.sessions[0].is_over


def test_headers_of_a_bye_cross() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.caller.bye(session, [("Reason", "Q.850;cause=16"), ("X-Bill", "7")])
        scene.run(1)
        (bye,) = scene.callee.requests("BYE")
        assert (bye.first("reason"), bye.first("x-bill")) == ("Q.850;cause=16", "7")


# The evidence.


@pytest.mark.law("¶16 identity", "K18")
def test_the_verdict_line_holds_what_was_claimed_and_what_was_found() -> None:
    with Scene() as scene:
        session = scene.caller.invite(
            caller='"A" <sip:+33612345678@x>', headers=[("P-Asserted-Identity", "<tel:+33612345678>"), ("Subject", "x")]
        )
        scene.run(5)
        scene.caller.bye(session)
    verdict = scene.record("verdict")
    assert verdict.at == scene.records[0].at
    facts = {key: verdict.facts[key] for key in ("trunk", "class", "peer", "call_id", "verdict", "basis", "removed")}
    assert facts == {
        "trunk": "abroad",
        "class": "international",
        "peer": "192.0.2.1:5060",
        "call_id": session.call_id,
        "verdict": "pass",
        "basis": "¶25",
        "removed": [],
    }
    assert verdict.personal["called"] == "sip:+3293330000@192.0.2.10:5060"
    identity = verdict.personal["identity"]
    lines = [f"From: {session.invite.first('from')}", "P-Asserted-Identity: <tel:+33612345678>", "Subject: x"]
    assert identity == lines
    assert not any("+336" in str(value) for value in verdict.facts.values())


def test_the_answer_line_names_the_other_leg() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        b_call_id = invite_at_callee(scene).call_id
        assert scene.record("answer").facts == {"to": "home", "b_call_id": b_call_id, "b_peer": HOME}
        scene.caller.bye(session)


@pytest.mark.law("L13")
def test_a_call_to_112_is_neither_blocked_nor_withheld() -> None:
    with Scene() as scene:
        session = scene.caller.invite("112", GEOGRAPHIC)
        scene.run(5)
        assert session.final == 200
        assert invite_at_callee(scene).first("from").startswith(GEOGRAPHIC)
        scene.caller.bye(session)
    assert scene.record("verdict").facts["flags"] == ["emergency"]


def test_a_second_fork_that_answers_after_the_cancel_is_hung_up_too() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b"")]
        scene.callee.heeds_cancel = False
        session = scene.caller.invite()
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(0.015)
        invite = scene.callee.requests("INVITE")[0]
        for tag in ("one", "two"):
            scene.callee.respond(invite, 200, tag=tag)
            scene.run(0.1)


def test_a_call_cancelled_while_its_number_is_asked_about_has_its_verdict_line() -> None:
    with Scene(answers={"+32470123456": None}) as scene:
        session = scene.caller.invite(caller="<sip:+32470123456@x>")
        scene.run(0.5)
        scene.caller.cancel(session)


def test_a_call_hung_up_while_its_number_is_asked_about_has_its_verdict_line() -> None:
    with Scene(answers={"+32470123456": None}) as scene:
        session = scene.caller.invite(caller="<sip:+32470123456@x>")
        scene.run(0.5)
        session.remote = "<sip:x@y>;tag=" + next(iter(scene.core._dialogs))[1]
        scene.caller.bye(session)


def test_without_evidence_an_emergency_call_goes_on() -> None:
    with Scene() as scene:
        scene.core.may_record = False
        session = scene.caller.invite("112")
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)


def test_their_503_is_our_500_in_words_too() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.1, 503, b"")]
        scene.caller.invite()
    assert scene.caller.responses()[-1].start == "SIP/2.0 500 Server Internal Error"


def test_a_bye_with_a_strangers_tag_ends_nothing() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(3)
        scene.deliver(
            scene.caller, scene.caller._in_dialog(session, "BYE", 9, (), b"").replace(b"tag=caller-1", b"tag=stranger")
        )
        scene.run(1)
        assert scene.core.statistics().calls == 1
        assert scene.caller.responses("BYE")[0].status == 481
        scene.caller.bye(session)
        session.cseq = 9


def test_a_question_answered_gives_no_second_100() -> None:
    with Scene(answers={"+32470123456": Roaming.ABROAD}, thinking=0.3) as scene:
        session = scene.caller.invite(caller="<sip:+32470123456@x>")
        scene.run(5)
        scene.caller.bye(session)
        assert [w.status for w in scene.caller.seen].count(100) == 1


@pytest.mark.law("¶33")
def test_the_evidence_of_a_refusal_is_whole_before_the_refusal_leaves() -> None:
    with Scene() as scene:
        data = scene.caller.invite(caller="<sip:+3225551212@x>").invite.data
        kinds = [getattr(output, "kind", "send") for output in scene.deliver(scene.caller, data)]
        assert kinds[:3] == ["verdict", "end", "send"]


def test_a_199_of_a_branch_that_has_said_nothing_else_ends_nothing_and_stays_behind() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.1, 199, b""), (0.1, 180, b""), (0.1, 200, b"")]
        session = scene.caller.invite()
        scene.run(3)
        assert session.statuses == [100, 180, 200]
        scene.caller.bye(session)


def test_a_branch_that_speaks_again_goes_on_counting() -> None:
    with Scene() as scene:
        scene.callee.script = []
        session = scene.caller.invite()
        scene.run(1)
        invite = scene.callee.requests("INVITE")[0]
        for tag, status in (("one", 183), ("two", 180), ("one", 200)):
            scene.callee.respond(invite, status, tag=tag)
            scene.run(0.2)
            if status == 183:
                scene.caller.request(session, "INFO")
                scene.run(0.2)
        scene.callee.sessions[0].tag = "one"
        scene.caller.bye(session)
        scene.run(1)
        assert [wire.cseq for wire in scene.callee.requests("BYE")] == [3]


def test_an_invite_without_a_contact_has_its_evidence() -> None:
    with Scene() as scene:
        data = scene.caller.invite().invite.data
        scene._events.clear()
        scene.deliver(scene.caller, b"\r\n".join(line for line in data.split(b"\r\n") if line[:8] != b"Contact:"))
        assert (scene.record("verdict").facts["verdict"], scene.record("end").facts["cause"]) == (
            "undecided",
            "malformed",
        )
