import contextlib
import datetime
import time
from decimal import Decimal

import pytest
from hypothesis import given

from sipstack.errors import ParseError
from sipstack.message import Headers, Request, Response, parse, request
from sipstack.message.fields import ContentFields, Fields
from sipstack.message.typed import Field
from sipstack.values import Address, CSeq, MediaType, Methods, OptionTags, RAck, RetryAfter, Timestamp
from sipstack.values.registry import COMPACT, SINGLE, canonical, key
from tests.sipstack.values.laws import junk

NAMES = [name for kind in (ContentFields, Fields) for name, field in vars(kind).items() if isinstance(field, Field)]

FULL = b"""INVITE sip:c@d SIP/2.0\r
Via: SIP/2.0/UDP a;branch=z9hG4bK1\r
From: <sip:a@b>;tag=1\r
To: <sip:c@d>\r
Call-ID: x@y\r
CSeq: 7 INVITE\r
Contact: <sip:a@h>;expires=60;q=0.5\r
Max-Forwards: 70\r
Require: 100rel\r
Proxy-Require: sec-agree\r
k: timer,\r
 replaces\r
Supported: path\r
Unsupported: foo\r
Allow: INVITE, ACK\r
u: refer, presence.winfo\r
Accept: application/sdp, text/*;q=0.5\r
Accept-Encoding: gzip\r
Accept-Language: en, da;q=0.1\r
Expires: 120\r
Min-Expires: 60\r
x: 1800;refresher=uac\r
Min-SE: 90;lr\r
Retry-After: 5 (busy)\r
Date: Sat, 13 Nov 2010 23:29:00 GMT\r
Timestamp: 54.21 0.5\r
RSeq: 988789\r
RAck: 776656 1 INVITE\r
Replaces: a@b;to-tag=1;from-tag=2\r
Join: c;to-tag=3;from-tag=4\r
Target-Dialog: d;local-tag=5;remote-tag=6\r
r: <sip:x@y?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>\r
b: <sip:r@x>;cid="1@x"\r
o: refer;id=1\r
Subscription-State: active;expires=60\r
In-Reply-To: 70710@x, 17320<@x\r
P-Asserted-Identity: "A" <sip:+3224001000@x>, <tel:+3224001000>\r
P-Preferred-Identity: <sip:p@x>\r
Remote-Party-ID: <sip:q@x>;screen=yes\r
y: ..c2ln;info=<https://c.example/a>;ppt=shaken\r
Privacy: id\r
Privacy: history\r
Diversion: <sip:d@x>;reason=user-busy\r
History-Info: <sip:h@x>;index=1, <sip:i@x>;index=1.1;mp=1\r
Reply-To: <sip:back@x>\r
Reason: Q.850;cause=16, SIP;cause=200\r
Warning: 399 h "no"\r
WWW-Authenticate: Digest realm="a", nonce="n", Digest realm="a", nonce="n", algorithm=SHA-256\r
Proxy-Authenticate: Digest realm="p", nonce="n"\r
Authorization: Digest username="u", realm="a"\r
Proxy-Authorization: Digest username="u", realm="p"\r
Proxy-Authorization: Digest username="u", realm="q"\r
Authentication-Info: nextnonce="m"\r
Proxy-Authentication-Info: nextnonce="o"\r
Path: <sip:p1;lr>, <sip:p2;lr>\r
Service-Route: <sip:s1;lr>\r
Alert-Info: <http://www.example.com/sounds/moo.wav>\r
Call-Info: <http://www.example.com/alice/photo.jpg>;purpose=icon, <http://a>;purpose=info\r
Error-Info: <sip:not-in-service-recording@x>\r
s: Need more boxes\r
Organization: Boxes by Bob\r
Priority: urgent\r
User-Agent: Softphone Beta1.5 (x)\r
Server: HomeServer v2\r
c: Multipart/Mixed;boundary="b"\r
Content-Disposition: session;handling=optional\r
e: GZIP, tar\r
Content-Language: FR\r
Content-ID: <1@x>\r
MIME-Version: 1.0\r
l: 0\r
\r
"""


def full() -> Request:
    message = parse(FULL)
    assert isinstance(message, Request)
    return message


def test_what_each_side_can_do_is_read() -> None:
    message = full()
    assert message.require == OptionTags.of("100rel")
    assert message.proxy_require == OptionTags.of("sec-agree")
    assert message.supported == OptionTags.of("timer", "replaces", "path")
    assert message.unsupported == OptionTags.of("foo")
    assert message.allow == Methods.of("INVITE", "ACK")
    assert message.allow_events == ("refer", "presence.winfo")
    assert message.accept is not None
    assert [(media_type.name, media_type.q) for media_type in message.accept] == [
        ("application/sdp", 1),
        ("text/*", 0.5),
    ]
    assert [coding.name for coding in message.accept_encodings or ()] == ["gzip"]
    assert [language.q for language in message.accept_languages or ()] == [1, 0.1]


def test_times_are_read() -> None:
    message = full()
    assert (message.expires, message.min_expires, message.min_se) == (120, 60, 90)
    assert message.session_expires is not None
    assert (message.session_expires.seconds, message.session_expires.refresher) == (1800, "uac")
    assert message.retry_after == RetryAfter(5, "busy")
    assert message.date is not None
    assert message.date.at == datetime.datetime(2010, 11, 13, 23, 29, tzinfo=datetime.UTC)
    assert message.timestamp == Timestamp(Decimal("54.21"), Decimal("0.5"))


def test_order_and_dialogs_are_read() -> None:
    message = full()
    assert (message.rseq, message.rack) == (988789, RAck(776656, CSeq(1, "INVITE")))
    assert message.replaces is not None
    assert message.join is not None
    assert message.target_dialog is not None
    assert (message.replaces.to_tag, message.join.to_tag, message.target_dialog.local_tag) == ("1", "3", "5")
    assert message.refer_to is not None
    assert message.refer_to.replaces is not None
    assert message.refer_to.replaces.call_id == "a"
    assert message.referred_by is not None
    assert message.referred_by.cid == "1@x"
    assert message.event is not None
    assert (message.event.package, message.event.id) == ("refer", "1")
    assert message.subscription_state is not None
    assert message.subscription_state.expires == 60
    assert message.in_reply_to == ("70710@x", "17320<@x")


def test_identities_are_read() -> None:
    message = full()
    assert [identity.display_name for identity in message.asserted_identities] == ["A", ""]
    assert [str(identity.uri) for identity in message.preferred_identities] == ["sip:p@x"]
    assert [party.screen for party in message.remote_party_ids] == [True]
    assert [identity.ppt for identity in message.identities] == ["shaken"]
    assert message.privacy is not None
    assert list(message.privacy) == ["id", "history"]
    assert [diversion.reason for diversion in message.diversions] == ["user-busy"]
    assert [entry.index for entry in message.history] == [(1,), (1, 1)]
    assert message.reply_to == Address.parse("<sip:back@x>")


def test_causes_and_proofs_are_read() -> None:
    message = full()
    assert [reason.cause for reason in message.reasons] == [16, 200]
    assert [warning.code for warning in message.warnings] == [399]
    assert [challenge.algorithm for challenge in message.challenges] == [None, "SHA-256"]
    assert [challenge.realm for challenge in message.proxy_challenges] == ["p"]
    assert [credentials.realm for credentials in message.authorizations] == ["a"]
    assert [credentials.realm for credentials in message.proxy_authorizations] == ["p", "q"]
    assert message.authentication_info is not None
    assert message.authentication_info.nextnonce == "m"
    assert message.proxy_authentication_info is not None
    assert message.proxy_authentication_info.nextnonce == "o"


def test_ways_and_words_are_read() -> None:
    message = full()
    assert [str(path.uri) for path in message.paths] == ["sip:p1;lr", "sip:p2;lr"]
    assert [str(route.uri) for route in message.service_routes] == ["sip:s1;lr"]
    assert [str(info.uri) for info in message.alert_infos] == ["http://www.example.com/sounds/moo.wav"]
    assert [info.parameters.get("purpose") for info in message.call_infos] == ["icon", "info"]
    assert [str(info.uri) for info in message.error_infos] == ["sip:not-in-service-recording@x"]
    assert (message.subject, message.organization, message.priority) == ("Need more boxes", "Boxes by Bob", "urgent")
    assert (message.user_agent, message.server) == ("Softphone Beta1.5 (x)", "HomeServer v2")


def test_the_body_is_described() -> None:
    message = full()
    assert message.media_type == MediaType.parse('multipart/mixed;boundary="b"')
    assert message.disposition is not None
    assert not message.disposition.is_required
    assert (message.content_encodings, message.content_languages) == (("gzip", "tar"), ("fr",))
    assert (message.content_id, message.mime_version) == ("<1@x>", "1.0")


def test_a_contact_has_its_life_and_its_rank() -> None:
    contact = full().contact
    assert contact is not None
    assert (contact.expires, contact.q) == (60, 0.5)


def test_no_header_stays_untested_here() -> None:
    present = set(full().headers.keys)
    assert {getattr(Fields, name).key for name in NAMES} <= present


@pytest.mark.parametrize("name", NAMES)
def test_what_is_absent_is_no_fault(name: str) -> None:
    assert not getattr(Response(200, "OK"), name)


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_the_registrys(name: str) -> None:
    field = getattr(Fields, name)
    assert key(canonical(field.key)) == field.key
    assert field.key not in COMPACT


@pytest.mark.parametrize("name", [name for name in NAMES if getattr(Fields, name).key in SINGLE])
def test_what_may_stand_once_is_not_chosen_from_two(name: str) -> None:
    field = getattr(Fields, name)
    value = full().headers.first(field.key)
    assert value is not None
    message = request("OPTIONS", "sip:a", [(canonical(field.key), value)] * 2)
    with pytest.raises(ParseError):
        getattr(message, name)


@given(junk("Digest realm=a", "a;b=c", '"A" <sip:a@b?c=d>;x="y"', "120 (a);b=c", "a/b;c=d", "a;to-tag=1;from-tag=2"))
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in NAMES:
        key_ = getattr(Fields, name).key
        message = Request("OPTIONS", "sip:a", Headers([key_, key_], [f"X: {text}", "X: a"]))
        with contextlib.suppress(ParseError):
            getattr(message, name)


HOSTILE = {
    "quotes": '"',
    "escapes": '\\"',
    "parentheses": "(",
    "brackets": "<",
    "blanks": " ",
    "commas": " ,",
    "words": "a ",
    "words in a list": "a,",
    "parameters": ";a=b",
    "auth-params": "a=b,",
    "escaped headers": "%41=a&",
    "dots": "1.",
}
PREFIXES = ("", "Digest ", "120 (", "<sip:a@b?", '"a" <sip:a@b>;x=', "a/b")


def seconds(name: str, text: str) -> float:
    message = Request("OPTIONS", "sip:a", Headers([getattr(Fields, name).key], [f"X: {text}"]))
    begun = time.process_time()
    with contextlib.suppress(ParseError):
        getattr(message, name)
    return time.process_time() - begun


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_field_takes_more_than_linear_time(piece: str) -> None:
    for name in NAMES:
        for prefix in PREFIXES:
            # Eight times the text costs eight times as much; quadratic work would cost 64 times. Noise gets tries.
            for _ in range(5):
                short, long = [seconds(name, prefix + piece * size + "\0") for size in (500, 4000)]
                if long <= 32 * max(short, 200e-6):
                    break
            else:
                pytest.fail(f"{name} takes too long")
