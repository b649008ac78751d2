"""Withholding, item by item: after it nothing in an INVITE tells who calls, by whichever way it is told."""

import base64
import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.identity.guard import leak
from b2bua.identity.redaction import ANONYMOUS, TELLING, Redacted, redact, remove_names, scrub_body
from policy.claim import Position
from policy.verdict import Finding, Outcome, Verdict
from sipstack.message import Headers
from sipstack.message import request as build

pytestmark = pytest.mark.law("art. 1 3°", "¶8 3°", "K11")

DIGITS = "470123456"
CALLER = f'"0470 12 34 56" <sip:+32{DIGITS}@abroad;user=phone;verstat=TN-Validation-Passed>'
NUMBER = f"<sip:+32{DIGITS}@abroad>"
WITHHELD = Verdict(
    outcome=Outcome.WITHHOLD,
    basis="art. 1 3°",
    findings=(
        Finding(
            position=Position.PRESENTATION,
            header="From",
            index=0,
            raw=f"+32{DIGITS}",
            number=f"+32{DIGITS}",
            range="mobile",
            rule="mobile",
            basis="art. 1 3°",
            outcome=Outcome.WITHHOLD,
            why="",
            digits=DIGITS,
        ),
    ),
    flags=(),
    profile="p",
    register="r",
    decided_at=datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC),
)
SDP = (
    f"v=0\r\no=+32{DIGITS} 1 1 IN IP4 203.0.113.9\r\ns=0470/12.34.56\r\ni=0032{DIGITS}\r\nu=http://x/{DIGITS}\r\n"
    f"e=a@x (+32 470 12 34 56)\r\np=+32-470-12-34-56\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
).encode()
CLEAN = b"v=0\r\no=- 1 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"


def withheld(*fields: tuple[str, str], body: bytes = b"", caller: str = CALLER) -> Redacted:
    return redact(caller, Headers.of(fields), body, WITHHELD)


def shown(left: Redacted) -> str | None:
    """Where the guard still finds the number in an INVITE of what is left."""
    sent = build("INVITE", "sip:+3293330000@home", [("From", left.caller)], left.body)
    sent.headers.extend(left.headers)
    return leak(sent.encode(), (DIGITS,), "+3293330000")


def passport() -> str:
    claims = json.dumps({"orig": {"tn": f"32{DIGITS}"}}).encode()
    return f"eyJ9.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln;info=<https://x/c.crt>"


@pytest.mark.parametrize(
    "field",
    [
        ("P-Asserted-Identity", NUMBER),
        ("P-Preferred-Identity", NUMBER),
        ("Remote-Party-ID", f"{NUMBER};party=calling"),
        ("Additional-Identity", NUMBER),
        ("Diversion", NUMBER),
        ("Cc-Diversion", NUMBER),
        ("History-Info", f"{NUMBER};index=1"),
        ("Referred-By", NUMBER),
        ("Reply-To", NUMBER),
        ("Call-Info", f"<https://x/{DIGITS}>;purpose=icon"),
        ("Identity", passport()),
        ("Identity-Info", "<https://x/c.crt>"),
        ("Charge-Info", NUMBER),
        ("P-Charge-Info", NUMBER),
        ("P-Associated-URI", NUMBER),
        ("P-Served-User", NUMBER),
        ("Subject", "Jan calls"),
        ("Organization", "Jan & co"),
    ],
)
def test_a_header_that_names_the_caller_goes_whether_it_shows_the_number_or_not(field: tuple[str, str]) -> None:
    for value in (field[1], "<sip:jan@abroad>"):
        left = withheld((field[0], value), ("X-Kept", "1"))
        assert list(left.headers) == [("x-kept", "1"), ("privacy", "id")]
        assert left.caller == ANONYMOUS
        assert field[0] in left.removed
        assert shown(left) is None


@pytest.mark.parametrize("key", TELLING)
def test_a_header_that_tells_where_the_caller_is_or_what_nobody_reads_goes(key: str) -> None:
    assert list(withheld((key, "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=20601")).headers) == [("privacy", "id")]


@pytest.mark.parametrize(
    "field",
    [
        ("P-Charging-Vector", f"icid-value={DIGITS}@x;orig-ioi=x"),
        ("Alert-Info", f"<https://x/ring/{DIGITS}.wav>"),
        ("Error-Info", f"<sip:{DIGITS}@x>"),
        ("P-Called-Party-ID", NUMBER),
        ("Geolocation-Error", f'100;code="{DIGITS}"'),
        ("Proxy-Authorization", f'Digest username="+32{DIGITS}"'),
        ("Reason", 'Q.850;cause=16;text="0470 12 34 56"'),
        ("Warning", '399 x "+32 (0)470/12.34.56"'),
        ("Accept-Contact", f'*;+sip.instance="{DIGITS}"'),
        ("X-Orig", f"tel:+32-{DIGITS[:3]}-{DIGITS[3:]}"),
        ("X-Hex", f"+32{DIGITS}".encode().hex()),
        ("X-Base64", base64.b64encode(f"+32{DIGITS}".encode()).decode()),
        ("X-Escaped", f"%2B32%34{DIGITS[1:]}"),
        ("X-Wide", "\uff10\uff14\uff17\uff10\uff11\uff12\uff13\uff14\uff15\uff16"),
        (f"X-{DIGITS}", "1"),
    ],
)
def test_any_other_header_goes_when_it_shows_the_number_and_stays_when_it_does_not(field: tuple[str, str]) -> None:
    left = withheld(field)
    assert list(left.headers) == [("privacy", "id")]
    assert shown(left) is None
    assert len(withheld((field[0].replace(DIGITS, "Other"), "harmless")).headers) == 2


@pytest.mark.parametrize("wish", ["none", "session", "critical;header", "id;history"])
def test_the_callee_is_told_that_it_was_meant_so(wish: str) -> None:
    assert list(withheld(("Privacy", wish), ("Privacy", "none")).headers) == [("privacy", "id")]


@pytest.mark.parametrize("kind", ["application/sdp", "Application/SDP ; x=1"])
def test_the_words_of_a_session_go_and_its_media_stay(kind: str) -> None:
    assert withheld(("Content-Type", kind), body=SDP).body == CLEAN


def multipart(*parts: tuple[bytes, bytes], boundary: bytes = b"b1", newline: bytes = b"\r\n") -> bytes:
    made = [b"--" + boundary + newline + kind + newline * 2 + body + newline for kind, body in parts]
    return b"".join(made) + b"--" + boundary + b"--" + newline


def test_the_words_of_a_session_that_is_one_part_of_several_go_too() -> None:
    kind, other = b"Content-Type: application/sdp", (b"Content-Type: text/plain", b"hello")
    left = withheld(
        ("Content-Type", 'multipart/mixed;boundary="b1"'), body=multipart((kind, SDP), other, (kind.upper(), SDP))
    )
    assert left.body == multipart((kind, CLEAN), other, (kind.upper(), CLEAN))
    assert shown(left) is None


def test_the_words_of_a_session_two_multiparts_deep_go_too() -> None:
    kind = b"Content-Type: application/sdp"
    nested = b"Content-Type: multipart/alternative;boundary=b2"

    def body(sdp: bytes) -> bytes:
        return multipart((nested, multipart((kind, sdp), (kind, sdp), boundary=b"b2")), (kind, sdp))

    left = withheld(("Content-Type", "multipart/mixed;boundary=b1"), body=body(SDP))
    assert left.body == body(CLEAN)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/mixed;boundary=b1", multipart((b"Content-Type: text/plain", f"call +32{DIGITS}".encode()))),
        ("multipart/mixed", multipart((b"Content-Type: application/sdp", SDP))),
        ("multipart/mixed;boundary=b1;boundary=b2", multipart((b"Content-Type: application/sdp", SDP))),
        ("multipart/mixed;boundary=b1", multipart((b"Content-Type: application sdp", SDP))),
        ("text/plain", SDP),
        ("nonsense", SDP),
        ("application/pidf+xml", f'<presence entity="pres:+32{DIGITS}@x"/>'.encode()),
    ],
)
def test_a_body_that_nobody_understands_is_left_to_the_guard_which_refuses_it(kind: str, body: bytes) -> None:
    left = withheld(("Content-Type", kind), body=body)
    assert left.body == body
    assert shown(left) == "body"


def test_a_body_without_the_number_is_left_byte_for_byte() -> None:
    body = multipart((b"Content-Type: application/sdp", b"v=0\no=jan 1 1 IN IP4 x\ns=talk\n"), newline=b"\n")
    headers = Headers.of([("Content-Type", "multipart/mixed;boundary=b1")])
    assert scrub_body(headers, body, (DIGITS,)) == body
    assert scrub_body(headers, b"", (DIGITS,)) == b""
    assert scrub_body(headers, multipart((b"Content-Type: application/sdp", SDP)), ()) != b""


@given(body=st.binary(max_size=400), kind=st.sampled_from(["multipart/mixed;boundary=b1", "application/sdp", "x"]))
def test_no_body_is_too_strange(body: bytes, kind: str) -> None:
    framed = multipart((b"Content-Type: application/sdp", body + SDP), (b"X: y", body))
    scrub_body(Headers.of([("Content-Type", kind)]), framed, (DIGITS,))


def test_display_names_go_from_every_header_that_names_somebody_and_nothing_else_does() -> None:
    named = Headers.of([
        ("P-Asserted-Identity", '"Jan" <tel:+331>, <sip:+332@x;user=phone>'),
        ("History-Info", '"A, B" <sip:a@x>;index=1, "C" <sip:c@x?Reason=x>;index=1.1'),
        ("Referred-By", "Jan <sip:jan@x>;cid=1"),
        ("Call-Info", "not an address"),
        ("Subject", '"Jan"'),
    ])  # fmt: skip
    removed: dict[str, None] = {}
    remove_names(named, removed)
    assert list(named) == [
        ("p-asserted-identity", "<tel:+331>, <sip:+332@x;user=phone>"),
        ("history-info", "<sip:a@x>;index=1, <sip:c@x?Reason=x>;index=1.1"),
        ("referred-by", "<sip:jan@x>;cid=1"),
        ("call-info", "not an address"),
        ("subject", '"Jan"'),
    ]
    assert set(removed) == {"P-Asserted-Identity", "History-Info", "Referred-By"}


def test_a_header_without_names_is_left_byte_for_byte() -> None:
    headers = Headers(["p-asserted-identity"], ["p-ASSERTED-identity :\t<tel:+331>,<sip:a@x>"])
    remove_names(headers, {})
    assert headers.lines == ["p-ASSERTED-identity :\t<tel:+331>,<sip:a@x>"]
