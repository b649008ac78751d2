"""What the decree does to a call, as the callee's SIPp sees it; and what becomes of a call that the callee refuses."""

import pytest

from tests.peers.ports import bound
from tests.peers.rig import FOREIGN, NATIONAL, Rig

pytestmark = pytest.mark.peer("sipp")

GEOGRAPHIC = '"Ada" <sip:+3225551212@foreign.example>'
UNVERIFIABLE = "<sip:+32470666666@foreign.example>"


def matches(header: str, regexp: str) -> str:
    """SIPp fails the call unless the header shows that."""
    return f'<ereg regexp="{regexp}" search_in="hdr" header="{header}:" check_it="true" assign_to="seen"/>'


def lacks(regexp: str) -> str:
    """SIPp fails the call if the message shows that anywhere."""
    return f'<ereg regexp="{regexp}" search_in="msg" check_it_inverse="true" assign_to="seen"/>'


#: What the callee says, with which headers; what the caller hears, and what SIPp wants to see in it.
FAILURES = [
    (404, "", 404, ""),
    (480, "", 480, ""),
    (486, "", 486, ""),
    (488, 'Warning: 304 b.example "no codec"', 488, matches("Warning", "no codec")),
    (500, "", 500, ""),
    (503, "Retry-After: 30", 500, lacks("Retry-After")),
    (302, "", 480, lacks("Contact")),
    (407, 'Proxy-Authenticate: Digest realm="b", nonce="n"', 407, matches("Proxy-Authenticate", "realm=.b")),
]


@pytest.mark.law("¶7")
def test_a_blocked_call_is_refused_at_once_and_the_callee_sees_no_packet(rig: Rig) -> None:
    b = rig.play("b-answers", NATIONAL, seen=matches("From", "442079460000"))
    seen = matches("Reason", "Q.850;cause=21")
    a = rig.play("a-is-refused-at-once", FOREIGN, status="603", caller=GEOGRAPHIC, seen=seen)
    rig.finish(a)
    # A call that may pass comes after it: if the blocked one had sent anything, it would stand before.
    rig.finish(rig.play("a-calls", FOREIGN), b)
    assert len(b.heard("INVITE")) == 1
    assert not [datagram for datagram in b.messages if b"3225551212" in datagram.data]
    assert [line["verdict"] for line in rig.box.journal("verdict")] == ["block", "pass"]
    assert rig.box.causes() == ["blocked", "BYE"]


@pytest.mark.law("¶24")
def test_the_same_call_from_the_national_side_is_none_of_the_decrees_business(rig: Rig) -> None:
    rig.call("a-calls", "b-answers", NATIONAL, caller=GEOGRAPHIC, seen=matches("From", "3225551212"))


@pytest.mark.law("¶8 3°", "K11")
def test_a_withheld_call_shows_its_number_in_no_message_and_no_place(rig: Rig) -> None:
    extra = "\n".join(
        (
            f"P-Asserted-Identity: {UNVERIFIABLE}",
            "P-Preferred-Identity: <tel:+32-470-66-66-66>",
            f"Remote-Party-ID: {UNVERIFIABLE};party=calling;screen=yes",
            "X-Caller: %2B32%34%370666666",
        )
    )
    seen = matches("From", "sip:anonymous@anonymous.invalid") + lacks("470666666") + lacks("470-66-66-66")
    _, b = rig.call("a-calls", "b-answers", caller=UNVERIFIABLE, extra=extra, who="+32470666666", seen=seen)
    assert not [d for d in b.messages if d.emitted and b"0666666" in d.data.replace(b"-", b"").replace(b"%37", b"7")]
    assert [line["verdict"] for line in rig.box.journal("verdict")] == ["withhold"]


def test_a_stripped_call_loses_the_field_and_keeps_its_caller(rig: Rig) -> None:
    extra = "Diversion: <sip:+32470999999@foreign.example>;reason=no-answer\nX-Other: stays"
    seen = matches("From", "442079460000") + matches("X-Other", "stays") + lacks("470999999") + lacks("Diversion")
    _, b = rig.call("a-calls", "b-answers", extra=extra, seen=seen)
    assert not [datagram for datagram in b.messages if b"470999999" in datagram.data]
    assert [line["verdict"] for line in rig.box.journal("verdict")] == ["strip"]


@pytest.mark.law("L13")
def test_an_emergency_call_passes_with_its_number_whatever_the_number(rig: Rig) -> None:
    seen = matches("From", "3225551212")
    rig.call("a-calls", "b-answers", caller=GEOGRAPHIC, called="112", seen=seen)
    assert [line["verdict"] for line in rig.box.journal("verdict")] == ["pass"]


@pytest.mark.parametrize(("code", "more", "status", "seen"), FAILURES, ids=[str(row[0]) for row in FAILURES])
def test_a_failure_of_the_callee_reaches_the_caller(rig: Rig, code: int, more: str, status: int, seen: str) -> None:
    b = rig.play("b-refuses", NATIONAL, code=str(code), more=more)
    a = rig.play("a-is-refused", FOREIGN, status=str(status), seen=seen)
    rig.finish(a, b)
    assert [(line["cause"], line["status"]) for line in rig.box.journal("end")] == [
        ("redirected" if code == 302 else "failed", status)
    ]


def test_a_silent_callee_gets_the_invite_again_and_again_and_the_caller_408(fresh: Rig) -> None:
    with bound(fresh.national.host, fresh.national.peer) as silent:
        fresh.start(t1_ms=20).finish(fresh.play("a-is-refused", FOREIGN, status="408"))
        silent.setblocking(False)
        arrived = []
        while True:
            try:
                arrived.append(silent.recv(65_535))
            except BlockingIOError:
                break
    # Seven is what the doubling of T1 leaves room for; at a T1 this short each late wake-up costs some of it.
    assert 4 <= len(arrived) <= 7
    assert {data.split(b" ", 1)[0] for data in arrived} == {b"INVITE"}, "no CANCEL where no response came (§9.1)"
    assert len(set(arrived)) == 1
    assert fresh.box.causes() == ["target: timeout"]
