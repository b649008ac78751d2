import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import OAuth, Password
from b2bua.roaming.camara import LONGEST, Page, Token, question, read, read_token, token_request
from b2bua.roaming.told import Told
from policy.roaming import Roaming

NUMBER, NOW = "+32470123456", datetime(2026, 1, 31, 12, tzinfo=UTC)
HOME = frozenset({206})
TRUE: dict[str, Any] = {
    "lastStatusTime": "2026-01-31T11:59:00.5Z",
    "roaming": True,
    "countryCode": 262,
    "countryName": ["DE"],
}
AT = datetime(2026, 1, 31, 11, 59, 0, 500_000, tzinfo=UTC)
#: What could be taken for an answer by who reads loosely.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
VALUE = JSON | st.sampled_from([206, 262, 901, NUMBER, {"phoneNumber": NUMBER}, "2026-01-31T11:59:00Z", "true"])


def told(said: object, status: int = 200, **more: Any) -> Told:
    return read(Page(status, orjson.dumps(said), **more), NUMBER, HOME, NOW)


def test_the_question_is_as_the_specification_has_it() -> None:
    assert orjson.loads(question(NUMBER)) == {"device": {"phoneNumber": NUMBER}}


@pytest.mark.law("¶8 3°", "K10")
@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({}, Roaming.ABROAD),
        ({"countryCode": 901, "countryName": []}, Roaming.ABROAD),
        ({"countryCode": None}, Roaming.ABROAD),
        ({"countryCode": 206, "countryName": ["BE"]}, Roaming.NOT_ABROAD),
        ({"roaming": False, "countryCode": None}, Roaming.NOT_ABROAD),
        ({"roaming": False, "countryCode": 206}, Roaming.NOT_ABROAD),
        ({"device": {"phoneNumber": NUMBER}}, Roaming.ABROAD),
    ],
)
def test_who_roams_is_abroad_unless_it_is_in_a_network_of_his_own_country(
    said: dict[str, Any], outcome: Roaming
) -> None:
    assert told({**TRUE, **said}) == Told(outcome=outcome, at=AT)


def test_version_1_0_need_not_say_when_it_was_true() -> None:
    assert told({"roaming": True}) == Told(outcome=Roaming.ABROAD)


@pytest.mark.law("L4", "K11")
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"roaming": None}, "status 200 that does not say whether the subscriber roams"),
        ({"roaming": "true"}, "status 200 that does not say whether the subscriber roams"),
        ({"roaming": 1}, "status 200 that does not say whether the subscriber roams"),
        ({"device": {"phoneNumber": "+32470123457"}}, "an answer about another subscriber"),
        ({"device": {"ipv4Address": "192.0.2.1"}}, "an answer about another subscriber"),
        ({"device": "x"}, "an answer about another subscriber"),
        ({"roaming": False}, "a contradiction: not roaming, and in another country"),
        ({"countryCode": "262"}, "a country code that is none"),
        ({"countryCode": True}, "a country code that is none"),
        ({"countryCode": 32}, "a country code that is none"),
        ({"countryCode": 206.0}, "a country code that is none"),
        ({"lastStatusTime": "yesterday"}, "a time that is none"),
        ({"lastStatusTime": "2026-01-31T11:59:00"}, "a time that is none"),
        ({"lastStatusTime": 1769860740}, "a time that is none"),
        ({"lastStatusTime": "0001-01-01T00:00:00+23:59"}, "a time that is none"),
        ({"lastStatusTime": "2026-01-31T12:05:01Z"}, "a time that is yet to come"),
    ],
)
def test_what_is_not_whole_or_contradicts_itself_is_a_failure_of_the_holder_s(said: dict[str, Any], why: str) -> None:
    assert told({**TRUE, **said}) == Told.failed(why)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[true]", b"true", b"{", b"<html>", b'{"roaming": tru', b"[" * 5_000])
def test_what_is_no_json_object_says_nothing(body: bytes) -> None:
    assert read(Page(200, body), NUMBER, HOME, NOW).outcome is Roaming.FAILED


def test_what_is_packed_is_not_unpacked() -> None:
    assert told(TRUE, is_encoded=True) == Told.failed("an answer that is packed, which nobody has asked for")
    assert told({"code": "IDENTIFIER_NOT_FOUND"}, 404, is_encoded=True).outcome is Roaming.NOT_ASKED


def test_a_clock_that_is_a_little_ahead_is_forgiven() -> None:
    at = NOW + timedelta(minutes=5)
    assert told({**TRUE, "lastStatusTime": at.isoformat()}) == Told(outcome=Roaming.ABROAD, at=at)


def test_how_old_a_status_may_be_is_a_setting() -> None:
    page = Page(200, orjson.dumps({**TRUE, "lastStatusTime": "2026-01-01T00:00:00Z"}))
    assert read(page, NUMBER, HOME, NOW).outcome is Roaming.ABROAD
    assert read(page, NUMBER, HOME, NOW, 3_600) == Told.failed("a status that is older than 3600 s")


@pytest.mark.law("L4", "L5", "K11")
@pytest.mark.parametrize(
    ("status", "code", "outcome", "may_repeat"),
    [
        (404, "IDENTIFIER_NOT_FOUND", Roaming.UNKNOWN_SUBSCRIBER, False),
        (422, "SERVICE_NOT_APPLICABLE", Roaming.NOT_OFFERED, False),
        (422, "UNSUPPORTED_IDENTIFIER", Roaming.NOT_OFFERED, False),
        (500, "INTERNAL", Roaming.FAILED, True),
        (503, "UNAVAILABLE", Roaming.FAILED, True),
        (504, "TIMEOUT", Roaming.FAILED, True),
        (408, "TIMEOUT", Roaming.FAILED, True),
        (301, "", Roaming.FAILED, False),
        (307, "", Roaming.FAILED, False),
        (202, "", Roaming.FAILED, False),
        (204, "", Roaming.FAILED, False),
        (400, "INVALID_ARGUMENT", Roaming.NOT_ASKED, False),
        (401, "UNAUTHENTICATED", Roaming.NOT_ASKED, False),
        (403, "PERMISSION_DENIED", Roaming.NOT_ASKED, False),
        (404, "NOT_FOUND", Roaming.NOT_ASKED, False),
        (400, "IDENTIFIER_NOT_FOUND", Roaming.NOT_ASKED, False),
        (404, "SERVICE_NOT_APPLICABLE", Roaming.NOT_ASKED, False),
        (404, ["IDENTIFIER_NOT_FOUND"], Roaming.NOT_ASKED, False),
        (405, "", Roaming.NOT_ASKED, False),
        (422, "UNNECESSARY_IDENTIFIER", Roaming.NOT_ASKED, False),
        (422, "MISSING_IDENTIFIER", Roaming.NOT_ASKED, False),
        (429, "TOO_MANY_REQUESTS", Roaming.NOT_ASKED, False),
        (429, "QUOTA_EXCEEDED", Roaming.NOT_ASKED, False),
    ],
)
def test_a_status_says_whose_fault_it_is(status: int, code: object, outcome: Roaming, may_repeat: bool) -> None:
    found = told({"status": status, "code": code, "message": "+32470123456 is in Spain"}, status)
    assert (found.outcome, found.may_repeat) == (outcome, may_repeat)
    assert "Spain" not in found.why
    assert bool(found.why) is not found.is_answer


def test_the_code_counts_only_with_its_own_status() -> None:
    assert told({"code": "IDENTIFIER_NOT_FOUND"}, 503).outcome is Roaming.FAILED
    assert told({"code": "IDENTIFIER_NOT_FOUND"}).outcome is Roaming.FAILED


@pytest.mark.parametrize(
    ("written", "pause"), [("60", 60.0), (" 7 ", 7.0), ("soon", None), ("-1", None), ("9" * 400, None), ("٣", None)]
)
def test_a_holder_that_asks_for_patience_is_not_asked_again_at_once(written: str, pause: float | None) -> None:
    found = told({}, 503, retry_after=written)
    assert (found.pause, found.may_repeat) == (pause, pause is None)
    assert told({}, 429, retry_after=written).pause == pause


@given(
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["roaming", "countryCode", "device", "lastStatusTime", "code", "x"]), VALUE) | JSON,
)
def test_whatever_it_says_nobody_is_abroad_but_who_is_said_to_roam_outside_his_country(status: int, said: Any) -> None:
    found = read(Page(status, orjson.dumps(said, option=orjson.OPT_NON_STR_KEYS, default=str)), NUMBER, HOME, NOW)
    if found.outcome is Roaming.ABROAD:
        assert status == 200
        assert said["roaming"] is True
        assert said.get("countryCode") not in HOME
        assert said.get("device") in (None, {"phoneNumber": NUMBER})
    if found.outcome is Roaming.NOT_ABROAD:
        assert status == 200
        assert said["roaming"] is False or said["countryCode"] in HOME


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda noise: orjson.dumps(TRUE)[:-1] + noise))
def test_octets_of_any_kind_are_read_or_are_a_failure(body: bytes) -> None:
    read(Page(200, body), NUMBER, HOME, NOW)
    read_token(Page(200, body), 0.0)


# Tokens.

OAUTH = OAuth(token_url="https://x/token", client_id="b2bua: us", client_secret=Password("open sesame+"))


def test_a_token_is_asked_for_by_client_credentials_with_the_secret_in_the_header() -> None:
    body, headers = token_request(OAUTH)
    assert body == b"grant_type=client_credentials&scope=device-roaming-status%3Aread"
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"b2bua%3A+us:open+sesame%2B"


def test_or_in_the_form_where_a_server_wants_it_so() -> None:
    body, headers = token_request(OAuth(**{**_fields(OAUTH), "secret_in_body": True, "scope": ""}))
    assert body == b"grant_type=client_credentials&client_id=b2bua%3A+us&client_secret=open+sesame%2B"
    assert "Authorization" not in headers


def _fields(oauth: OAuth) -> dict[str, Any]:
    return {name: getattr(oauth, name) for name in ("token_url", "client_id", "client_secret")}


def token(status: int = 200, **said: Any) -> Token | Told:
    page = Page(status, orjson.dumps({"access_token": "abc", "token_type": "Bearer", **said}))
    return read_token(page, 1_000.0)


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ({"expires_in": 3_600}, 4_570.0),
        ({"expires_in": 60}, 1_054.0),
        ({"expires_in": 0.5}, 1_000.45),
        ({}, 1_054.0),
        ({"expires_in": 10**9}, 87_370.0),
        ({"token_type": "bearer", "expires_in": 3_600}, 4_570.0),
    ],
)
def test_a_token_is_used_for_its_time_less_the_way_it_has_to_go(said: dict[str, Any], until: float) -> None:
    assert token(**said) == Token("abc", until)


@pytest.mark.parametrize(
    "said",
    [
        {"access_token": ""},
        {"access_token": None},
        {"access_token": "a b"},
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": "é"},
        {"access_token": "a" * LONGEST},
        {"token_type": "mac"},
        {"token_type": None},
        {"expires_in": 0},
        {"expires_in": -5},
        {"expires_in": "3600"},
    ],
)
def test_what_is_no_token_that_could_be_shown_is_a_failure_of_the_holder_s(said: dict[str, Any]) -> None:
    found = token(**said)
    assert isinstance(found, Told)
    assert found.outcome is Roaming.FAILED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Roaming.NOT_ASKED),
        (401, Roaming.NOT_ASKED),
        (403, Roaming.NOT_ASKED),
        (500, Roaming.FAILED),
        (302, Roaming.FAILED),
    ],
)
def test_credentials_that_are_not_taken_show_nothing_of_the_holder_s_side(status: int, outcome: Roaming) -> None:
    found = token(status, error="invalid_client", error_description="open sesame+ is wrong")
    assert isinstance(found, Told)
    assert found.outcome is outcome
    assert "sesame" not in found.why


def test_no_secret_shows_itself() -> None:
    assert "abc" not in repr(token())
    assert "sesame" not in repr(OAUTH)
