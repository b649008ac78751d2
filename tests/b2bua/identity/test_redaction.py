import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from b2bua.identity import redaction
from b2bua.identity.guard import shows
from b2bua.identity.redaction import (
    ANONYMOUS,
    Redacted,
    clean,
    redact,
    scrub_sdp,
    secrets_of,
    sweep,
    untagged,
    withhold,
)
from policy.claim import Position
from policy.verdict import Finding, Outcome, Verdict
from sipstack.message import Headers
from tests.world.scene import EPOCH

CALLER = '"A" <sip:+33612345678@x;verstat=No-TN-Validation>'
DIGITS = "32470123456"


def finding(outcome: Outcome, position: Position = Position.NETWORK, header: str = "From", digits: str = "") -> Finding:
    return Finding(
        position=position,
        header=header,
        index=0,
        raw="",
        number=None,
        range="mobile",
        rule="mobile",
        basis="",
        outcome=outcome,
        why="",
        digits=digits,
    )


def verdict(*findings: Finding) -> Verdict:
    outcome = max((f.outcome for f in findings), default=Outcome.PASS)
    return Verdict(outcome=outcome, basis="", findings=findings, flags=(), profile="p", register="r", decided_at=EPOCH)


def redacted(*findings: Finding, caller: str = CALLER, body: bytes = b"", headers: list[tuple[str, str]]) -> Redacted:
    return redact(caller, Headers.of(headers), body, verdict(*findings))


@pytest.mark.parametrize(
    ("value", "bare"),
    [
        ("<sip:a@x>;tag=1", "<sip:a@x>"),
        ('"a;tag=2" <sip:a@x;tag=3>;x=1;TAG = 4;y', '"a;tag=2" <sip:a@x;tag=3>;x=1;y'),
        ("sip:a@x;tag=1", "sip:a@x"),
        ("<sip:a@x>", "<sip:a@x>"),
    ],
)
def test_a_tag_is_taken_off_and_nothing_else(value: str, bare: str) -> None:
    assert untagged(value) == bare


def test_a_call_that_passes_loses_what_no_peer_may_assert() -> None:
    result = redacted(
        headers=[
            ("P-Preferred-Identity", "<tel:+331>"),
            ("Remote-Party-ID", "<tel:+331>"),
            ("P-Asserted-Identity", "<tel:+331;verstat=TN-Validation-Passed>, <sip:a@x>"),
            ("Diversion", "<tel:+331>"),
        ]
    )
    assert result.caller == '"A" <sip:+33612345678@x>'
    assert result.headers.keys == ["p-asserted-identity", "diversion"]
    assert result.headers.first("p-asserted-identity") == "<tel:+331>, <sip:a@x>"
    assert set(result.removed) == {"P-Preferred-Identity", "Remote-Party-ID", "verstat"}


@pytest.mark.law("¶28")
def test_a_call_that_passes_clean_is_left_byte_for_byte() -> None:
    headers = Headers(["p-asserted-identity"], ["p-ASSERTED-identity :\t<tel:+331>"])
    result = redact("<sip:+331@x>", headers, b"v=0", verdict())
    assert result.headers.lines == ["p-ASSERTED-identity :\t<tel:+331>"]
    assert (result.caller, result.body, result.removed) == ("<sip:+331@x>", b"v=0", ())


@pytest.mark.law("L3")
@pytest.mark.parametrize("header", ["Diversion", "History-Info"])
def test_a_stripped_redirection_goes_from_both_headers_that_tell_it(header: str) -> None:
    result = redacted(
        finding(Outcome.STRIP, Position.REDIRECT, header),
        headers=[("Diversion", "<tel:+331>"), ("History-Info", "<tel:+332>;index=1"), ("X-K", "1")],
    )
    assert result.headers.keys == ["x-k"]
    assert set(result.removed) >= {"Diversion", "History-Info"}


def test_a_stripped_name_leaves_its_address() -> None:
    result = redacted(
        finding(Outcome.STRIP, Position.DISPLAY, "From"),
        caller='"Police 101" <sip:+331@x>',
        headers=[("P-Asserted-Identity", '"Police" <tel:+331>')],
    )
    assert result.caller == "<sip:+331@x>"
    assert result.headers.first("p-asserted-identity") == '"Police" <tel:+331>'
    assert result.removed == ("From",)


def test_a_stripped_name_of_a_list_leaves_every_address() -> None:
    result = redacted(
        finding(Outcome.STRIP, Position.DISPLAY, "P-Asserted-Identity"),
        headers=[("P-Asserted-Identity", '"a" <tel:+331>, "b" <sip:+332@x>')],
    )
    assert result.headers.first("p-asserted-identity") == "<tel:+331>, <sip:+332@x>"


def test_a_stripped_header_goes_whole() -> None:
    headers = [("Referred-By", "<tel:+331>"), ("b", "<tel:+332>"), ("X-K", "1")]
    result = redacted(finding(Outcome.STRIP, Position.OTHER, "Referred-By"), headers=headers)
    assert result.headers.keys == ["x-k"]


@pytest.mark.law("¶8 3°", "K11")
def test_withholding_takes_all_that_names_the_caller() -> None:
    result = redacted(
        finding(Outcome.WITHHOLD, digits=DIGITS),
        headers=[
            ("P-Asserted-Identity", "<tel:+32470123456>"),
            ("Identity", "x"),
            ("Call-Info", "<http://x>"),
            ("Referred-By", "<sip:a@x>"),
            ("Diversion", "<sip:a@x>"),
            ("Privacy", "none"),
            ("X-Seen", "0470 12 34 56 and +32 470 12 34 56"),
            ("X-Kept", "1"),
        ],
    )
    assert result.caller == ANONYMOUS
    assert list(result.headers) == [("privacy", "id"), ("x-kept", "1")]
    assert {"From", "P-Asserted-Identity", "X-Seen"} <= set(result.removed)


@pytest.mark.law("K11")
def test_privacy_is_said_even_where_nobody_said_it() -> None:
    headers = Headers.of([("X-K", "1")])
    withhold(headers, {})
    assert headers.first("privacy") == "id"


def test_cleaning_twice_is_cleaning_once() -> None:
    headers = Headers.of([("P-Asserted-Identity", "<tel:+331;verstat=x>")])
    clean(headers, {})
    again: dict[str, None] = {}
    clean(headers, again)
    assert again == {}


def test_secrets_are_the_digits_of_what_may_not_pass() -> None:
    found = secrets_of(
        verdict(
            finding(Outcome.PASS, digits="33612345678"),
            finding(Outcome.STRIP, digits=DIGITS),
            finding(Outcome.WITHHOLD, digits=DIGITS),
            finding(Outcome.STRIP, digits="1207"),
        )
    )
    assert found == (DIGITS,)


@pytest.mark.law("K11")
@pytest.mark.parametrize("value", ["+32470123456", "<sip:%2B32470123456@x>", "0032/470-12.34.56", "x+32 470 12 34 56y"])
def test_a_secret_is_swept_out_of_any_header(value: str) -> None:
    headers, removed = Headers.of([("X-One", value), ("X-Two", "3247012345")]), dict[str, None]()
    sweep(headers, (DIGITS,), removed)
    assert headers.keys == ["x-two"]
    assert list(removed) == ["X-One"]


SDP = (
    b"v=0\r\no=+32470123456 1 1 IN IP4 203.0.113.9\r\ns=call of 0032470123456\r\ni=+32 470 12 34 56\r\n"
    b"u=http://x/32470123456\r\ne=a@x (32470123456)\r\np=+32-470-123456\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 8\r\na=x-note:nothing\r\n"
)


@pytest.mark.law("K11")
def test_words_of_a_session_lose_the_secret_and_its_media_stay() -> None:
    assert scrub_sdp(SDP, (DIGITS,)) == (
        b"v=0\r\no=- 1 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n"
        b"m=audio 40000 RTP/AVP 8\r\na=x-note:nothing\r\n"
    )


def test_a_session_without_the_secret_is_left_byte_for_byte() -> None:
    body = b"v=0\no=x 1 1 IN IP4 1.2.3.4\r\ns=\xff\r\n\r\nrest"
    assert scrub_sdp(body, (DIGITS,)) == body


def test_the_body_of_a_withheld_call_is_scrubbed_only_when_it_is_a_session() -> None:
    found = finding(Outcome.WITHHOLD, digits=DIGITS)
    assert redacted(found, body=SDP, headers=[("Content-Type", "application/sdp")]).body != SDP
    assert redacted(found, body=SDP, headers=[("Content-Type", "application/SDP;x=1")]).body != SDP
    assert redacted(found, body=SDP, headers=[("Content-Type", "text/plain")]).body == SDP


@pytest.mark.law("¶8 3°", "K11")
@given(
    st.lists(
        st.tuples(st.sampled_from(["X-A", "Subject", "Privacy", "Diversion"]), st.text("0123456789 +-.%x", max_size=30))
    )
)
def test_nothing_that_shows_a_secret_is_left(headers: list[tuple[str, str]]) -> None:
    result = redacted(finding(Outcome.WITHHOLD, digits="123456"), headers=headers)
    assert not [value for _, value in result.headers if shows(value, "123456")]


pieces = st.sampled_from(
    [
        *('"A" ', '"<a>;tag=1" ', '"', "A ", "<", ">", "sip:+33612345678@x", ";tag=", "x.1", ";", ",", " ", "=", "\\"),
        *(";verstat=No-TN-Validation", ";VERSTAT = x", ";ver\u017ftat=x", "\udcff", ";user=phone", ";tag=x>;tag=y"),
    ]
)
written = st.lists(pieces, max_size=9).map("".join)


@given(written)
@example("a;tag=1;x <sip:x>;tag=2")
@example('<a;tag=1;"x">;tag=2')
def test_a_tag_is_taken_off_as_a_search_through_the_whole_value_takes_it(value: str) -> None:
    searched = redaction._TAG.sub(lambda found: "" if found[1] else found[0], value).rstrip("; \t")
    assert untagged(value) == searched


@given(written)
def test_a_verification_of_others_is_taken_out_as_a_search_through_the_whole_value_takes_it(value: str) -> None:
    removed: dict[str, None] = {}
    searched = redaction._VERSTAT.sub(lambda found: "" if found[1] else found[0], value)
    assert redaction._without_verstat(value, removed) == searched
    assert ("verstat" in removed) is (searched != value)


@given(
    st.lists(st.tuples(st.sampled_from(["Diversion", "P-Asserted-Identity", "Subject", "X-A"]), written), max_size=4)
)
def test_a_call_that_passes_takes_no_short_way_to_another_end(headers: list[tuple[str, str]]) -> None:
    def ended() -> Redacted:
        return redacted(finding(Outcome.PASS), headers=headers, body=b"v=0\r\ns=+33612345678\r\n")

    quick = ended()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_lets_pass", lambda verdict: False)
        whole = ended()
    assert (quick.caller, quick.body, quick.removed) == (whole.caller, whole.body, whole.removed)
    assert quick.headers.lines == whole.headers.lines
