"""Ways out that were once open, and honest calls that were once harmed: each by its own message."""

import base64
import json

import pytest

from tests.safety.countries import FRANCE
from tests.safety.oracle import leaks
from tests.safety.stand import CALLED, FOREIGN, NATIONAL, SDP, Invite, Stand
from tests.safety.wire import Seen, octets, read, text

FORBIDDEN = "25551212"
WITHHELD = "470666666"  # its holder's check fails
HONEST = "<sip:+33612345678@carrier.example>;tag=caller"
HIDDEN = f"<sip:+32{WITHHELD}@carrier.example>;tag=caller"
SDP_TYPE = "Content-Type: application/sdp"


def invite(
    *more: str, caller: str = HONEST, body: bytes = SDP, kind: str = SDP_TYPE, number: str = CALLED, home: bool = False
) -> Invite:
    host = NATIONAL.remote[0] if home else FOREIGN.remote[0]
    via = f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bKcaller"
    called = f"<sip:{number}@b2bua.example>"
    own = (via, f"From: {caller}", f"To: {called}", "Call-ID: one", "CSeq: 1 INVITE", f"Contact: <sip:{host}:5060>")
    return Invite(
        uri=f"sip:{number}@b2bua.example",
        lines=(*own, kind, *more),
        body=body,
        via=via,
        caller=caller,
        called=called,
        call_id="one",
    )


def passport(claims: str | dict[str, object]) -> str:
    written = claims if isinstance(claims, str) else json.dumps(claims)
    parts = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in ('{"alg":"ES256"}', written)]
    return f"Identity: {'.'.join(parts)}.c2ln;info=<https://certs.example/a.crt>"


def shown(stand: Stand, digits: str) -> list[str]:
    return [place for seen in map(read, stand.sent) for place in leaks(seen, digits, CALLED)]


def answered(stand: Stand, made: Invite) -> Seen:
    """A call from its INVITE to its ACK; the INVITE as it arrived."""
    arrived = stand.invite(made)
    assert arrived is not None
    stand.answer(arrived, "200 OK", [SDP_TYPE], SDP)
    stand.request(made, "ACK")
    return arrived


# The set-up.


@pytest.mark.law("¶9")
@pytest.mark.parametrize("caller", ["<sip:025551212>", "<sip:0032-2-555-12-12>", "sip:0032.2.555.12.12", "<sip:112>"])
def test_a_host_that_is_a_number_is_read_as_one(caller: str) -> None:
    stand = Stand()
    assert stand.invite(invite(caller=f"{caller};tag=caller")) is None
    assert stand.verdict == "block"


@pytest.mark.law("¶28")
@pytest.mark.parametrize("host", ["192.0.2.1", "[2001:db8::1]", "sbc1.carrier.example"])
def test_a_host_that_is_an_address_is_no_number(host: str) -> None:
    stand = Stand()
    assert stand.invite(invite(caller=f"<sip:{host}>;tag=caller")) is not None
    assert stand.verdict == "pass"


@pytest.mark.law("L11")
@pytest.mark.parametrize("claims", [
    {"orig": {"tn": "33612345678"}, "rcd": {"nam": "Tel 02 555 12 12"}},
    {"orig": {"tn": "33612345678"}, "rcd": {"jcd": ["vcard", [["tel", {}, "uri", "tel:+32-2-555-12-12"]]]}},
    {"orig": {"tn": "33612345678"}, "dest": {"tn": ["3225551212"]}},
    {"orig": {"tn": "33612345678"}, "+3225551212": "x"},
    '{"orig":{"tn":"3225551212"},"orig":{"tn":"33612345678"}}',
    '{"orig":{"tn":"33612345678","tn":"3225551212"}}',
])  # fmt: skip
def test_a_passport_shows_nothing_in_its_other_claims(claims: str | dict[str, object]) -> None:
    stand = Stand()
    stand.invite(invite(passport(claims)))
    assert not shown(stand, FORBIDDEN)


@pytest.mark.law("¶28")
def test_a_shaken_passport_of_an_honest_call_crosses() -> None:
    line = passport({
        "attest": "A", "dest": {"tn": [CALLED[1:]]}, "iat": 1782900000, "orig": {"tn": "33612345678"},
        "origid": "02555121-2032-4255-9512-003225551212",
    })  # fmt: skip
    left = Stand().invite(invite(line))
    assert left is not None
    assert line in left.crossing()


@pytest.mark.parametrize("kind", ["application/ISUP", "application / isup", "application/QSIG;x=y"])
def test_another_networks_signalling_is_refused_however_its_type_is_written(kind: str) -> None:
    stand = Stand()
    assert stand.invite(invite(body=b"\x01\x00", kind=f"Content-Type: {kind}")) is None
    assert read(stand.got[-1]).status == 415


@pytest.mark.parametrize("part", [b"Content-Type: application/ISUP", b"content-type:application/\r\n isup;base=itu"])
def test_a_part_that_is_signalling_is_refused(part: bytes) -> None:
    body = b"--x\r\n" + part + b"\r\n\r\n\x01\r\n--x--\r\n"
    assert Stand().invite(invite(body=body, kind="Content-Type: multipart / mixed;boundary=x")) is None


@pytest.mark.parametrize("name", ["Content-Encoding", "Content-Encoding ", "e", "E\t"])
def test_a_body_that_is_encoded_does_not_go_unread(name: str) -> None:
    assert Stand().invite(invite(f"{name}: gzip")) is None


@pytest.mark.law("¶8 3°", "K11")
@pytest.mark.parametrize("along", [
    "User-to-User: 2b3332343730363636363636;encoding=hex",
    "X-Who: Y2FsbCArMzI0NzA2NjY2NjY=",
    "X-Who: <tel:666666;phone-context=+32470>",
    "X-Who: <sip:666666;phone-context=+32470@carrier.example>",
    r'X-Who: {"who": "\u002b3247\u00306\u003666666"}',
    "X-Who: 047\u24ea-66.66 66",
    f"X-0{WITHHELD}: yes",
])  # fmt: skip
def test_a_number_that_is_hidden_is_hidden_from_whoever_decodes(along: str) -> None:
    stand = Stand()
    left = stand.invite(invite(along, caller=HIDDEN))
    assert left is not None
    assert not shown(stand, WITHHELD)


@pytest.mark.law("¶8 3°", "K11")
@pytest.mark.parametrize("kind", ["application/sdp", "Application / SDP ;x=y"])
def test_a_session_description_loses_the_words_that_show_a_hidden_number(kind: str) -> None:
    body = SDP.replace(b"o=-", b"o=+32470666666").replace(b"s=-", b"s=Tel 0470 66 66 66")
    left = Stand().invite(invite(caller=HIDDEN, body=body, kind=f"Content-Type: {kind}"))
    assert left is not None
    assert left.body == SDP


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_body_line_ends_where_sip_says_and_nowhere_else(separator: str) -> None:
    body = f"call 0470{separator}66{separator}66{separator}66".encode()
    stand = Stand()
    stand.invite(invite(caller=HIDDEN, body=body, kind="Content-Type: text/plain"))
    assert not shown(stand, WITHHELD)


# After the set-up.


@pytest.mark.law("L11")
@pytest.mark.parametrize("beside", [
    "P-Asserted-Identity: <sip:unreadable",
    "P-Asserted-Identity: <sip:+32471000000@x.example>",
    "Diversion: <sip:+3225551212@x.example>",
])  # fmt: skip
@pytest.mark.parametrize("line", ["Subject: 02 555 12 12", "Organization: +32 2 555 12 12"])
def test_a_later_text_does_not_slip_through_beside_a_worse_identity(beside: str, line: str) -> None:
    stand, made = Stand(), invite()
    answered(stand, made)
    stand.request(made, "INFO", [beside, line])
    assert read(stand.sent[-1]).method == "INFO"
    assert not shown(stand, FORBIDDEN)


@pytest.mark.law("L11")
def test_a_number_that_is_new_in_a_later_message_is_taken_out_of_all_its_headers() -> None:
    stand, made = Stand(), invite()
    answered(stand, made)
    for identity, digits in (("+3225551212", FORBIDDEN), ("+32471000000", "471000000")):
        stand.request(made, "INFO", [f"P-Asserted-Identity: <sip:{identity}@x.example>", f"X-Who: {identity}"])
        assert read(stand.sent[-1]).method == "INFO"
        assert not shown(stand, digits)


@pytest.mark.law("K11")
def test_the_reason_of_a_cancel_shows_no_hidden_number() -> None:
    stand, made = Stand(), invite(caller=HIDDEN)
    arrived = stand.invite(made)
    assert arrived is not None
    stand.answer(arrived, "180 Ringing")
    stand.request(made, "CANCEL", ['Reason: SIP;cause=487;text="0470 66 66 66 gave up"'])
    assert read(stand.sent[-1]).method == "CANCEL"
    assert not shown(stand, WITHHELD)


@pytest.mark.law("K11")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO"])
def test_a_callers_response_shows_no_hidden_number_beside_its_headers(method: str) -> None:
    stand, made = Stand(), invite(caller=HIDDEN)
    arrived = answered(stand, made)
    stand.callee_request(arrived, method, [SDP_TYPE], SDP)
    asked = read(stand.got[-1])
    assert asked.method == method
    body = SDP.replace(b"s=-", b"s=+32470666666")
    stand.caller_answer(asked, "200 from 0470 66 66 66", [SDP_TYPE], body)
    answer = read(stand.sent[-1])
    assert answer.status == 200
    assert answer.body == SDP
    assert not shown(stand, WITHHELD)


@pytest.mark.parametrize("method", ["INFO", "PRACK", "NOTIFY"])
def test_signalling_of_another_network_is_refused_in_mid_call_too(method: str) -> None:
    stand, made = Stand(), invite()
    answered(stand, made)
    before = len(stand.sent)
    stand.request(made, method, ["Content-Type: application/isup", "RAck: 1 1 INVITE"], b"\x2c\x00")
    assert len(stand.sent) == before
    assert read(stand.got[-1]).status == 415


# Honest calls.


@pytest.mark.law("¶28")
def test_a_withheld_call_whose_session_names_its_number_can_be_refreshed() -> None:
    body = SDP.replace(b"o=-", b"o=+32470666666")
    stand, made = Stand(), invite(caller=HIDDEN, body=body)
    answered(stand, made)
    stand.request(made, "INVITE", [SDP_TYPE], body)
    refresh = read(stand.sent[-1])
    assert refresh.method == "INVITE"
    assert refresh.body == SDP


def test_a_withheld_call_to_ones_own_mailbox_lives_on() -> None:
    own = f"+32{WITHHELD}"
    stand, made = Stand(), invite(caller=HIDDEN, number=own)
    arrived = answered(stand, made)
    assert WITHHELD not in arrived.get("from")
    stand.request(made, "INFO", ["Content-Type: application/dtmf-relay"], b"Signal=1\r\n")
    assert read(stand.sent[-1]).method == "INFO"


@pytest.mark.law("¶28")
@pytest.mark.parametrize("number", ["+3225551212", "0033140000000", "33140000000", "1207"])
def test_a_callee_abroad_may_refresh_whatever_number_the_national_caller_dialled(number: str) -> None:
    stand = Stand(caller=NATIONAL)
    made = invite(caller="<sip:+3223456789@home.example>;tag=caller", number=number, home=True)
    arrived = answered(stand, made)
    for method in ("UPDATE", "INVITE"):
        stand.callee_request(arrived, method, [SDP_TYPE], SDP)
        asked = read(stand.got[-1])
        assert asked.is_request
        assert asked.method == method
        stand.caller_answer(asked, "200 OK", [SDP_TYPE], SDP)


def test_undecodable_octets_in_an_identity_can_be_kept_as_evidence() -> None:
    stand = Stand()
    name = text(b"\xff\xfe Ren\xe9")
    assert stand.invite(invite(caller=f'"{name}" {HONEST}')) is not None
    [verdict] = [record for record in stand.records if record.kind == "verdict"]
    assert octets(str(verdict.personal["identity"]))


@pytest.mark.law("K27")
@pytest.mark.parametrize("found", ["P-Charge-Info: <sip:00508789264@x>", "P-Asserted-Identity: <tel:+508789264>"])
def test_a_number_of_six_digits_is_searched_for_with_its_country_code(found: str) -> None:
    stand = Stand(country=FRANCE)
    copies = ("Error-Info: +508789264", "User-to-User: 00 508 78-92-64", "X-Note: 789264")
    caller = f"<sip:{FRANCE.caller}@carrier.example>;tag=caller"
    left = stand.invite(invite(found, *copies, caller=caller, number=FRANCE.called))
    assert left is not None
    assert leaks(left, "508789264", FRANCE.called) == []
    assert left.get("x-note") == "789264", "any six digits would be it"


@pytest.mark.law("¶9")
def test_a_mobile_number_is_not_lost_among_many_others() -> None:
    many = " ".join(f"+322555{number:04}" for number in range(40))
    stand = Stand()
    left = stand.invite(invite(f"Subject: {many} +32470777777", "X-Note: 0470777777"))
    assert left is not None
    assert shown(stand, "470777777") == []
