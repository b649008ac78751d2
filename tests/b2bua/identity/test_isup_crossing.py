"""What crosses of ISUP: after a verdict, in later messages, and past the egress guard."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call import Moment
from b2bua.call.bridge import crossing
from b2bua.config import Isup
from b2bua.identity.guard import leak
from b2bua.identity.later import LaterScreen
from b2bua.identity.redaction import Redacted, redact
from policy.claim import Claim, Position, TrunkClass
from policy.profile import Profile
from policy.register import Consent, Register
from policy.roaming import Answer, Roaming
from policy.verdict import Finding, Outcome, Verdict
from sipstack.message import Headers, Message, parse
from tests.b2bua.identity.making_isup import (
    CALLING,
    CONNECTED,
    DISPLAY,
    GENERIC,
    INTERNATIONAL,
    LOCATION,
    MULTIPART,
    NATIONAL,
    REDIRECTING,
    TYPE,
    UNKNOWN,
    Spoken,
    anm,
    iam,
    multipart,
    number,
    part,
    rel,
    signals,
    sip_i,
)

BELGIUM = Profile.load("belgium")
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
MOBILE, SECRET = "+32470123456", "470123456"
HONEST = iam(number(CALLING, "33612345678"))
CLAIM = Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL, called="+3293330000", assertions=())


def finding(outcome: Outcome, header: str, position: Position = Position.OTHER, digits: str = "") -> Finding:
    return Finding(
        position=position,
        header=header,
        index=0,
        raw="",
        number=None,
        range="mobile",
        rule="mobile",
        basis="art. 1 3°",
        outcome=outcome,
        why="",
        digits=digits,
    )


def redacted(body: bytes, *findings: Finding, kind: str = MULTIPART, isup: Isup = Isup.JUDGE) -> Redacted:
    verdict = Verdict(
        outcome=max((one.outcome for one in findings), default=Outcome.PASS),
        basis="",
        findings=findings,
        flags=(),
        profile="",
        register="",
        decided_at=NOW,
    )
    headers = Headers.of([("Diversion", "<tel:+33612345678>"), ("Content-Type", kind)])
    return redact("<sip:+33612345678@x>", headers, body, verdict, isup=isup)


# After the verdict.


@pytest.mark.law("¶28")
def test_what_passes_crosses_octet_by_octet() -> None:
    body = sip_i(SDP, HONEST)
    left = redacted(body)
    assert (left.body, left.removed) == (body, ())
    assert left.headers.first("content-type") == MULTIPART


@pytest.mark.law("L11")
@pytest.mark.parametrize(
    "found",
    [
        finding(Outcome.STRIP, "ISUP"),
        finding(Outcome.STRIP, "ISUP", Position.DISPLAY),
        finding(Outcome.STRIP, "ISUP", Position.REDIRECT),
        finding(Outcome.WITHHOLD, "ISUP", Position.NETWORK, SECRET),
        finding(Outcome.WITHHOLD, "From", Position.PRESENTATION, SECRET),
    ],
)
def test_what_may_not_be_seen_goes_with_the_whole_of_it(found: Finding) -> None:
    left = redacted(sip_i(SDP, HONEST), found)
    assert left.body == SDP
    assert left.headers.first("content-type") == "application/sdp"
    assert "ISUP" in left.removed


def test_a_redirecting_number_that_is_stripped_there_leaves_diversion_to_its_own_verdict() -> None:
    left = redacted(sip_i(SDP, HONEST), finding(Outcome.STRIP, "ISUP", Position.REDIRECT))
    assert "diversion" in left.headers


def test_what_is_stripped_elsewhere_does_not_stay_there() -> None:
    elsewhere = finding(Outcome.STRIP, "Subject", digits=SECRET)
    showing = iam(number(CALLING, "33612345678"), (0x20, b"\x00" + signals("0" + SECRET)))
    assert redacted(sip_i(SDP, showing), elsewhere).body == SDP
    assert redacted(sip_i(SDP, HONEST), elsewhere).body == sip_i(SDP, HONEST)


@pytest.mark.parametrize(("kind", "body", "left"), [(MULTIPART, sip_i(SDP, b"\xff"), SDP), (TYPE, b"\xff", b"")])
def test_the_setting_strips_what_nobody_reads(kind: str, body: bytes, left: bytes) -> None:
    found = redacted(body, kind=kind, isup=Isup.STRIP)
    assert (found.body, found.removed) == (left, ("ISUP",))


def test_the_setting_leaves_other_bodies_alone() -> None:
    found = redacted(SDP, kind="application/sdp", isup=Isup.STRIP)
    assert (found.body, found.removed) == (SDP, ())


# In later messages.

HEAD = (
    "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:+33612345678@x>;tag=1\r\nTo: <sip:+3293330000@x>;tag=2\r\n"
    "Call-ID: c\r\nCSeq: 2 {method}\r\n"
)


def message(
    body: bytes, kind: str, method: str = "INFO", status: int | None = None, *, lines: Sequence[str] = ()
) -> Message:
    start = f"{method} sip:a@x SIP/2.0\r\nMax-Forwards: 70" if status is None else f"SIP/2.0 {status} OK"
    ends = [*lines, f"Content-Type: {kind}", f"Content-Length: {len(body)}", "", ""]
    return parse((f"{start}\r\n{HEAD.format(method=method)}" + "\r\n".join(ends)).encode() + body)


def later(screen: LaterScreen, sent: Message) -> tuple[Outcome, bytes, list[str]]:
    headers = crossing(sent)
    outcome, left = screen.content(sent, headers, BELGIUM, Register(), Moment(0.0, NOW))
    return outcome, left, headers.keys


@pytest.mark.parametrize("octets", [HONEST, anm(number(CONNECTED, "3225551212", 4)), rel(), b"\xff"])
@pytest.mark.parametrize("isup", [Isup.STRIP, Isup.REFUSE])
def test_a_setting_that_takes_none_takes_it_out_of_what_nobody_can_refuse(octets: bytes, isup: Isup) -> None:
    screen = LaterScreen(claim=CLAIM, isup=isup)
    assert later(screen, message(sip_i(SDP, octets), MULTIPART, "INVITE", 200)) == (
        Outcome.PASS,
        SDP,
        ["content-type"],
    )
    assert later(screen, message(octets, TYPE, "BYE")) == (Outcome.PASS, b"", [])


@pytest.mark.parametrize("octets", [rel(), anm(number(CONNECTED, "442079460000")), HONEST])
def test_what_passes_in_mid_call_crosses_octet_by_octet(octets: bytes) -> None:
    assert later(LaterScreen(claim=CLAIM), message(octets, TYPE)) == (Outcome.PASS, octets, ["content-type"])


@pytest.mark.law("L11")
@pytest.mark.parametrize(
    ("octets", "outcome"),
    [
        (anm(number(CONNECTED, "3225551212")), Outcome.BLOCK),
        (anm(number(CONNECTED, "25551212", NATIONAL)), Outcome.BLOCK),
        (iam(number(CALLING, "32471000000")), Outcome.STRIP),
        (iam(number(LOCATION, "3225551212")), Outcome.STRIP),
        (HONEST[:-1], Outcome.STRIP),
    ],
)
def test_what_may_not_be_seen_in_mid_call_is_taken_out(octets: bytes, outcome: Outcome) -> None:
    sent = message(sip_i(SDP, octets), MULTIPART)
    assert later(LaterScreen(claim=CLAIM), sent) == (outcome, SDP, ["content-type"])


def test_a_mobile_number_keeps_its_answer() -> None:
    screen = LaterScreen(claim=CLAIM, answers={MOBILE: Answer(Roaming.ABROAD, "test")})
    octets = iam(number(CALLING, MOBILE[1:]))
    assert later(screen, message(octets, TYPE))[:2] == (Outcome.PASS, octets)


@pytest.mark.law("¶8 3°", "K11")
@pytest.mark.law("¶10", "L11")
@pytest.mark.parametrize(
    ("diverter", "outcome"), [("+33612345678", Outcome.PASS), (None, Outcome.PASS), ("+442079460000", Outcome.BLOCK)]
)
def test_who_redirected_is_told_alike_in_mid_call_too_or_proves_nothing(diverter: str | None, outcome: Outcome) -> None:
    """Whichever of the two brings the number, and whichever the one who redirected."""
    agreed = Consent(reference="C", since=date(2026, 1, 1), forwarding="+33612345678", called="+3293330000")
    told = [] if diverter is None else [f"Diversion: <tel:{diverter}>"]
    redirecting, screen = number(REDIRECTING, "33612345678"), LaterScreen(claim=CLAIM)
    for octets, lines in (
        (iam(number(CALLING, "3225551212"), redirecting), told),
        (iam(redirecting), ["P-Asserted-Identity: <tel:+3225551212>", *told]),
    ):
        sent = message(octets, TYPE, lines=lines)
        headers = crossing(sent)
        law, moment = (BELGIUM, Register("v", (agreed,))), Moment(0.0, NOW)
        found = max(screen.apply(sent, headers, *law, moment), screen.content(sent, headers, *law, moment)[0])
        assert found is outcome


def test_what_is_wrong_with_headers_beside_it_is_no_ground_against_it() -> None:
    octets, screen = anm(number(CONNECTED, "33612345678")), LaterScreen(claim=CLAIM)
    sent = message(octets, TYPE, lines=["Diversion: <sip:1707@carrier.example>"])
    headers = crossing(sent)
    assert screen.apply(sent, headers, BELGIUM, Register(), Moment(0.0, NOW)) is Outcome.BLOCK
    assert headers.keys == ["content-type"]
    assert later(screen, sent)[:2] == (Outcome.PASS, octets)


def test_of_a_caller_who_is_withheld_there_is_none_in_any_message() -> None:
    screen = LaterScreen(claim=CLAIM, withheld=True, secrets=(SECRET,))
    assert later(screen, message(rel(), TYPE, "BYE")) == (Outcome.PASS, b"", [])
    showing = iam(number(CALLING, "33612345678"), (0x20, signals("0" + SECRET)))
    assert later(LaterScreen(claim=CLAIM, secrets=(SECRET,)), message(showing, TYPE)) == (Outcome.STRIP, b"", [])


# Past the guard.


def printed(body: bytes) -> bytes:
    return b"INVITE sip:+3293330000@x SIP/2.0\r\nTo: <sip:+3293330000@x>\r\n\r\n" + body


@pytest.mark.parametrize(
    "parameter",
    [
        number(CALLING, "32" + SECRET),
        number(CALLING, SECRET, NATIONAL),
        number(CALLING, "0" + SECRET, UNKNOWN),
        number(CALLING, "0032" + SECRET, UNKNOWN),
        number(GENERIC, "32" + SECRET, INTERNATIONAL, 6),
        number(GENERIC, SECRET, NATIONAL, 6),
        number(REDIRECTING, "32" + SECRET),
        (CALLING, Spoken("32" + SECRET, presentation=1).content),
        (DISPLAY, b"\xb10470 12 34 56"),
        (0x20, b"\x00" + signals(SECRET)),
        (0x20, bytes.fromhex("00" + "0" + SECRET)),
    ],
)
def test_the_guard_reads_digits_that_stand_two_in_an_octet(parameter: tuple[int, bytes]) -> None:
    octets = iam(number(GENERIC, "33612345678", qualifier=6), parameter)
    assert leak(printed(octets), [SECRET], "+3293330000") == "body"
    assert leak(printed(sip_i(SDP, octets)), [SECRET], "+3293330000") == "body"
    assert leak(octets, [SECRET], "") is not None


@pytest.mark.law("K11")
@given(st.text("0123456789", min_size=7, max_size=11), st.sampled_from(["", "0", "32", "032", "0032"]))
def test_the_guard_reads_any_number_at_any_place(secret: str, before: str) -> None:
    octets = iam(number(CALLING, before + secret, UNKNOWN))
    assert leak(printed(sip_i(SDP, octets)), [secret], "") == "body"


def test_other_octets_are_no_secret() -> None:
    assert leak(printed(sip_i(SDP, HONEST)), [SECRET], "+3293330000") is None


def test_the_octets_of_a_text_are_no_number() -> None:
    # "1234" is 31 32 33 34, which would be 13 23 33 43 with its halves swapped.
    assert leak(printed(b"a=rtcp:1234\r\n"), ["13233343", "31323334"], "") is None
    other = b"a=rtcp:1234\r\n" + "a=note:Liège\r\n".encode()
    assert leak(printed(other), ["13233343", "31323334"], "") is None


def test_octets_may_be_printable_and_no_text_for_all_that() -> None:
    # Each octet of this number is a printable one; the nature before it is not UTF-8.
    octets = b"\x84" + signals("4272839354")
    assert leak(printed(octets), ["4272839354"], "") == "body"
    assert leak(printed(octets[1:]), ["4272839354"], "") is None


def test_the_guard_looks_past_every_part() -> None:
    octets = iam(number(CALLING, "32" + SECRET))
    body = multipart(part("application/sdp", SDP), part("application/octet-stream", octets))
    assert leak(printed(body), [SECRET], "") == "body"
