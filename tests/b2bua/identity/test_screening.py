from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.identity.screening import CARRIERS, IDENTITY, TEXTS, assertions_of, claim_of, is_unread, user_of
from policy.claim import Claim, Notation, Position, TrunkClass
from sipstack.errors import ParseError
from sipstack.message import Request, parse

HEAD = (
    "INVITE sip:+3293330000@x;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    "To: <sip:+3293330000@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:+3225551212@x>\r\n"
)


def invite(*lines: str, body: bytes = b"") -> Request:
    names = {line.partition(":")[0].strip().lower() for line in lines}
    given_ = lines if names & {"from", "f"} else ("From: <sip:anonymous@anonymous.invalid>;tag=1", *lines)
    text = HEAD + "".join(f"{line}\r\n" for line in given_) + f"Content-Length: {len(body)}\r\n\r\n"
    request = parse(text.encode("utf-8", "surrogateescape") + body)
    assert isinstance(request, Request)
    return request


def said(*lines: str) -> list[tuple[str, str, int, str]]:
    """Position, header, index and text of each assertion, but that of the plain From of `invite`."""
    found = [(str(a.position), a.header, a.index, a.raw) for a in assertions_of(invite(*lines))]
    return [one for one in found if one != ("presentation", "From", 0, "anonymous")]


@pytest.mark.law("¶9", "L2")
def test_from_is_presentation_and_its_name_is_display() -> None:
    assert said('From: "02 555 12 12" <sip:+33612345678@x>;tag=1') == [
        ("presentation", "From", 0, "+33612345678"),
        ("display", "From", 0, "02 555 12 12"),
    ]


@pytest.mark.law("¶9")
@pytest.mark.parametrize(
    "line",
    [
        "f: <sip:+3225551212@x>;tag=1",
        "FROM : <sip:+3225551212@x>;tag=1",
        "From:<SIP:+3225551212@x>;tag=1",
        "From:\r\n <sip:+3225551212@x>\r\n ;tag=1",
        "From: sip:+3225551212@x;tag=1",
    ],
)
def test_a_header_is_found_in_every_form(line: str) -> None:
    assert said(line) == [("presentation", "From", 0, "+3225551212")]


@pytest.mark.law("¶9")
@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("P-Asserted-Identity", "network"),
        ("P-Preferred-Identity", "network"),
        ("Remote-Party-ID", "network"),
        ("Additional-Identity", "network"),
        ("Diversion", "redirect"),
        ("History-Info", "redirect"),
        ("Referred-By", "other"),
        ("b", "other"),
        ("Reply-To", "other"),
        ("Call-Info", "other"),
        ("P-Charge-Info", "other"),
        ("P-Served-User", "other"),
    ],
)
def test_each_carrier_has_its_position(name: str, position: str) -> None:
    ((found, _, _, raw),) = said(f"{name}: <tel:+3225551212>")
    assert (found, raw) == (position, "+3225551212")


@pytest.mark.law("¶9", "K7")
def test_every_value_of_every_line_is_heard_in_order() -> None:
    found = said(
        "P-Asserted-Identity: <sip:+331@x>, <tel:+332>",
        "X-Between: 1",
        "p-asserted-identity: <sip:+333@x>",
    )
    assert found == [
        ("network", "P-Asserted-Identity", 0, "+331"),
        ("network", "P-Asserted-Identity", 1, "+332"),
        ("network", "P-Asserted-Identity", 2, "+333"),
    ]


def test_a_comma_in_a_quoted_name_splits_nothing() -> None:
    found = said('P-Asserted-Identity: "a, <sip:+32@x>" <sip:+331@x>')
    assert found[0] == ("network", "P-Asserted-Identity", 0, "+331")
    assert found[1] == ("display", "P-Asserted-Identity", 0, "a, <sip:+32@x>")


@pytest.mark.law("¶9")
@pytest.mark.parametrize(("party", "heard"), [("calling", True), ("called", False), ("CALLED", False), (None, True)])
def test_a_remote_party_is_the_caller_unless_it_says_otherwise(party: str | None, heard: bool) -> None:
    line = "Remote-Party-ID: <sip:+331@x>" + (f";party={party}" if party else "")
    assert bool([one for one in said(line) if one[3] == "+331"]) == heard


@pytest.mark.law("¶9")
@pytest.mark.parametrize(
    ("value", "rest"),
    [
        ("<sip:a:+3225551212@x>", "+3225551212"),
        ("<sip:a@x;number=+3225551212>", "number=+3225551212"),
        ("<sip:a@x?P-Asserted-Identity=%2B3225551212>", "P-Asserted-Identity=%2B3225551212"),
        ("<sip:a@x>;cpn=+3225551212", "cpn=+3225551212"),
    ],
)
def test_a_number_has_nowhere_to_hide_in_an_address(value: str, rest: str) -> None:
    texts = [raw for _, _, _, raw in said(f"P-Asserted-Identity: {value}")]
    assert any(rest in text for text in texts)


def test_parameters_without_digits_are_not_worth_a_word() -> None:
    assert said("Diversion: <sip:a@x>;reason=unconditional;privacy=off") == [("redirect", "Diversion", 0, "a")]


def test_the_tag_is_nobodys_number() -> None:
    assert said("From: <sip:a@x>;tag=3225551212") == [("presentation", "From", 0, "a")]


@pytest.mark.parametrize("name", ["Subject", "Organization", "s"])
def test_free_text_is_heard(name: str) -> None:
    ((position, _, _, raw),) = said(f"{name}: call +32 2 555 12 12")
    assert (position, raw) == ("other", "call +32 2 555 12 12")


def test_a_tel_uri_keeps_its_parameters_for_the_judge() -> None:
    (assertion, *_) = assertions_of(invite("From: <TEL:1207;phone-context=+32>;tag=1"))
    assert (assertion.raw, assertion.notation) == ("1207;phone-context=+32", Notation.TEL)


@pytest.mark.parametrize(
    ("uri", "is_phone"), [("sip:1@x;user=phone", True), ("sip:1@x;user=PHONE", True), ("sip:1@x", False)]
)
def test_user_phone_is_told(uri: str, is_phone: bool) -> None:
    (assertion, *_) = assertions_of(invite(f"From: <{uri}>;tag=1"))
    assert assertion.user_phone is is_phone


def passport(text: str) -> str:
    return f"e30.{urlsafe_b64encode(text.encode()).decode().rstrip('=')}.s;info=<https://x>"


@pytest.mark.law("¶9", "L11")
@pytest.mark.parametrize("name", ["Identity", "y"])
def test_a_passport_shows_its_numbers(name: str) -> None:
    claims = '{"orig":{"tn":"3225551212"},"div":{"tn":"33612345678"}}'
    found = said(f"{name}: {passport(claims)}")
    assert found == [("network", "Identity", 0, "+3225551212"), ("redirect", "Identity", 0, "+33612345678")]


@pytest.mark.law("¶8", "K32", "L19")
@pytest.mark.parametrize(
    "line",
    [
        "P-Asserted-Identity: <sip:+331@x",
        'P-Asserted-Identity: "open <sip:+331@x>',
        "Diversion: <>;reason=unknown",
        "History-Info: <>;index=1",
        "Identity: nothing",
        f"Identity: {passport('[]')}",
    ],
)
def test_an_identity_that_cannot_be_read_is_an_error(line: str) -> None:
    with pytest.raises(ParseError):
        said(line)


def test_what_is_not_a_cli_may_be_unreadable_and_is_judged_as_text() -> None:
    assert said("Call-Info: <>;x=+3225551212") == [("other", "Call-Info", 0, "<>;x=+3225551212")]


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["Content-Type: application/ISUP;version=etsi"], b"\x01"),
        (["c: application / qsig"], b"\x01"),
        (
            ["Content-Type: multipart/mixed;boundary=x"],
            b"--x\r\nContent-Type:\r\n application/isup\r\n\r\n\x01\r\n--x--\r\n",
        ),
        (["Content-Type: text/plain", "e: gzip"], b"\x1f\x8b"),
    ],
)
def test_a_body_that_nobody_here_reads_is_415(lines: list[str], body: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        claim_of(invite(*lines, body=body), Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL))
    assert caught.value.status == 415
    assert is_unread(invite(*lines, body=body))
    assert claim_of(invite(*lines, body=body), Claim(trunk="home", trunk_class=TrunkClass.NATIONAL)).assertions == ()


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("Content-Type: application/sdp", b"v=0\r\n"),
        ("Content-Type: text/plain", b"application/isup"),
        ("Content-Encoding: identity", b"x"),
        ("Content-Encoding: gzip", b""),
    ],
)
def test_other_bodies_are_let_through(line: str, body: bytes) -> None:
    assert not is_unread(invite(line, body=body))


@pytest.mark.law("¶28")
def test_contact_to_and_the_request_uri_are_no_claims() -> None:
    assert said("X-Number: +3225551212", "P-Called-Party-ID: <sip:+3225551212@x>") == []


def test_a_claim_names_the_called_number_and_the_trunk() -> None:
    claim = claim_of(invite("From: <sip:+331@x>;tag=1"), Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL))
    assert (claim.called, claim.trunk, claim.emergency) == ("+3293330000", "abroad", False)
    assert [a.raw for a in claim.assertions] == ["+331"]


@pytest.mark.law("¶10")
@pytest.mark.parametrize(
    ("uri", "called"),
    [
        ("sip:+3293330000;npdi;rn=C00001@x", "+3293330000;npdi;rn=C00001"),
        ("sip:+3293330000@x;npdi;rn=C00001", "+3293330000;npdi;rn=C00001"),
        ("tel:+3293330000;npdi;rn=C00001", "+3293330000;npdi;rn=C00001"),
        ("sip:+3293330000;rn=C1@x;user=phone;RN=%2B3227654321;lr", "+3293330000;rn=C1;RN=%2B3227654321"),
        ("sip:+3293330000@x;%72n=+3227654321", "+3293330000;%72n=+3227654321"),
        ("sip:93330000@x;phone-context=+32;user=phone", "93330000;phone-context=+32"),
        ("sip:+3293330000@x;rn=1;rn-context=+32", "+3293330000;rn=1;rn-context=+32"),
        ("sip:+3293330000@x;transport=udp;tgrp=be1;cic=1", "+3293330000"),
        ("sip:x;rn=+3293330000", ""),
        ("urn:service:sos", ""),
        ("sip:", ""),
    ],
)
def test_what_leads_a_ported_number_on_is_heard_in_the_user_part_and_behind_the_host(uri: str, called: str) -> None:
    assert user_of(uri) == called


@pytest.mark.law("L13")
def test_a_call_to_an_emergency_service_asserts_nothing_however_broken_its_identities() -> None:
    broken = invite("P-Asserted-Identity: <sip:+331@x", "Content-Type: application/isup")
    claim = claim_of(broken, Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL), emergency=True)
    assert claim.emergency
    assert claim.assertions == ()


@pytest.mark.parametrize("parameters", [";epid=1234567890", ";gr=urn:uuid:12345678-7dec-11d0-a765-00a0c91e6bf6"])
def test_opaque_digits_in_a_parameter_are_judged_as_parameters(parameters: str) -> None:
    claim = claim_of(
        invite(f"From: <sip:+331@x>{parameters};tag=1"), Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL)
    )
    assert [a.notation for a in claim.assertions] == [Notation.SIP, Notation.PARAMETERS]


@pytest.mark.law("¶9")
def test_a_tag_is_no_hiding_place_but_in_from() -> None:
    made = invite("From: <sip:+331@x>;tag=+3225551212", "Diversion: <sip:+332@x>;tag=+3225551212")
    texts = [a.raw for a in claim_of(made, Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL)).assertions]
    assert [text for text in texts if "25551212" in text] == [";tag=+3225551212 x"]


@pytest.mark.law("¶9")
def test_a_number_as_a_host_is_read() -> None:
    made = invite("From: <sip:anonymous@3225551212.x>;tag=1")
    assert "3225551212.x" in [
        a.raw for a in claim_of(made, Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL)).assertions
    ]


@pytest.mark.law("¶24")
def test_a_national_claim_asserts_nothing_however_broken_its_identities() -> None:
    claim = claim_of(invite("P-Asserted-Identity: <sip:+331@x"), Claim(trunk="home", trunk_class=TrunkClass.NATIONAL))
    assert claim.assertions == ()


@pytest.mark.law("¶11")
@pytest.mark.parametrize("trunk_class", [TrunkClass.INTERNATIONAL, TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4])
def test_every_other_class_is_screened(trunk_class: TrunkClass) -> None:
    assert claim_of(invite("From: <sip:+331@x>;tag=1"), Claim(trunk="t", trunk_class=trunk_class)).assertions


def test_headers_left_out_are_not_heard() -> None:
    found = assertions_of(invite("From: <sip:+331@x>;tag=1"), without=frozenset({"from"}))
    assert list(found) == []


def test_withholding_takes_every_carrier_but_from() -> None:
    assert set(CARRIERS) - {"from"} < IDENTITY
    assert "from" not in IDENTITY
    assert not set(TEXTS) & IDENTITY


@pytest.mark.law("K32")
@given(
    name=st.sampled_from(sorted([*CARRIERS, "identity", *TEXTS])),
    value=st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=80),
)
def test_only_parse_errors_come_of_any_value(name: str, value: str) -> None:
    try:
        request = invite(f"{name}: {value}")
        for assertion in assertions_of(request):
            assert isinstance(assertion.raw, str)
            assert assertion.position in Position
    except ParseError:
        pass


@pytest.mark.law("¶24", "K28")
def test_a_national_call_is_read_only_where_the_register_lists_callers_and_never_refused_for_what_it_holds() -> None:
    home = Claim(trunk="home", trunk_class=TrunkClass.NATIONAL)
    made = invite("From: <sip:025551212@x>;tag=1", "P-Asserted-Identity: <sip:+331@x", "Diversion: <sip:+3225550000@x>")
    assert claim_of(made, home).assertions == ()
    assert {a.raw for a in claim_of(made, home, is_listed=True).assertions} == {"025551212"}
    assert claim_of(made, home, is_listed=True, emergency=True).assertions == ()


@pytest.mark.law("¶31")
def test_a_call_in_attested_transit_is_read_and_not_refused_for_what_nobody_can_read() -> None:
    origin = Claim(trunk="transit", trunk_class=TrunkClass.NATIONAL_TRANSIT)
    made = invite("From: <sip:+3225551212@x>;tag=1", "P-Asserted-Identity: <sip:+331@x")
    claim = claim_of(made, origin, stands=TrunkClass.NATIONAL_TRANSIT)
    assert [a.raw for a in claim.assertions] == ["+3225551212"]
    with pytest.raises(ParseError):
        claim_of(made, origin, stands=TrunkClass.INTERNATIONAL)
