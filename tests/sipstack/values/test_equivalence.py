import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.values import Uri, parse_uri, same_uri

# Every part twice over, so that pairs of them differ in one part, in several and in none.
SIP_URIS = st.builds(
    "{}:{}{}{}{}".format,
    st.sampled_from(["sip", "SIP", "sips"]),
    st.sampled_from(["", "alice@", "Alice@", "%61lice@", "alice:pw@", "+32-2;ext=1@"]),
    st.sampled_from(["h.example", "H.Example", "h.example:5060", "[::1]", "[0:0::1]"]),
    st.lists(st.sampled_from([";lr", ";LR", ";transport=udp", ";Transport=UDP", ";user=phone", ";x=1", ";x=2"])).map(
        "".join
    ),
    st.sampled_from(["", "?subject=a", "?Subject=A", "?s=a", "?to=sip:b%40c", "?a=1&b=2", "?b=2&a=1", "?broken"]),
).map(parse_uri)
TEL_URIS = st.builds(
    "tel:{}{}".format,
    st.sampled_from(["+32-2", "+322", "322", "abc", "ABC"]),
    st.lists(st.sampled_from([";ext=1", ";ext=1-", ";phone-context=+3-2", ";phone-context=+32", ";x"])).map("".join),
).map(parse_uri)
URIS = SIP_URIS | TEL_URIS | st.just(parse_uri("urn:service:sos"))


@given(URIS, URIS)
def test_sameness_is_reflexive_and_symmetric(one: Uri, other: Uri) -> None:
    assert same_uri(one, one)
    assert same_uri(one, other) == same_uri(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # The examples of section 19.1.4.
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        # Its rules, and those of section 20 for the headers.
        ("SIP:a@b", "sip:a@B"),
        ("sip:a@b;x=%61", "sip:a@b;X=A"),
        ("sip:a@b?Subject=Hello", "sip:a@b?s=hello"),
        ("sip:a@b?to=%22A%22%20%3Csip:x%40Y%3E", "sip:a@b?t=sip:x%40y"),
        ("sip:a@b?to=%3Csip:x%40y%3E;n=1", "sip:a@b?to=%3Csip:x%40y%3E"),
        ("sip:a@b?to=tel:%2B3-2", "sip:a@b?to=tel:%2B32"),
        # RFC 5954: an IPv6 address is the same however it is written.
        ("sip:a@[2001:db8::9:1]", "sip:a@[2001:DB8::9:01]"),
        ("sip:a@[::ffff:192.0.2.1]", "sip:a@[::ffff:c000:201]"),
        # RFC 3966 section 4.
        ("tel:+1-201-555-0123", "TEL:+12015550123"),
        ("tel:7042;phone-context=Example.com", "tel:70-42;phone-context=example.COM"),
        ("tel:863-1234;phone-context=+1-914-555", "tel:8631234;phone-context=+1914(555)"),
        ("tel:+32;ext=1.2;isub=9", "tel:+32;isub=9;ext=12"),
        ("tel:7042;phone-context=a.b-c", "tel:7042;phone-context=a.b-c"),
        ("urn:service:sos", "URN:service:sos"),
    ],
)
def test_these_are_the_same(one: str, other: str) -> None:
    assert same_uri(parse_uri(one), parse_uri(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # The examples of section 19.1.4.
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        # Its rules.
        ("sip:a@b", "sips:a@b"),
        ("sip:a@b", "sip:b"),
        ("sip:a:b@c", "sip:a:B@c"),
        ("sip:a@b", "sip:a:@b"),
        ("sip:a%3Bb@c", "sip:a;b@c"),
        ("sip:+32;ext=a@b", "sip:+32;ext=A@b"),
        ("sip:+3-2@b", "sip:+32@b"),
        ("sip:a@b;user=phone", "sip:a@b"),
        ("sip:a@b;user=ip", "sip:a@b"),
        ("sip:a@b;ttl=1", "sip:a@b"),
        ("sip:a@b;method=INVITE", "sip:a@b"),
        ("sip:a@b;maddr=b", "sip:a@b"),
        ("sip:a@b;lr", "sip:a@b;lr=on"),
        ("sip:a@b?x=1&x=2", "sip:a@b?x=1"),
        ("sip:a@b?call-id=A", "sip:a@b?call-id=a"),
        ("sip:a@b?body=A", "sip:a@b?body=a"),
        ("sip:a@b?subject=%22A%22", "sip:a@b?subject=%22a%22"),
        ("sip:a@b?to=sip:X%40y", "sip:a@b?to=sip:x%40y"),
        ("sip:a@b?to=%3Csip:x%40y%3E;tag=1", "sip:a@b?to=%3Csip:x%40y%3E"),
        ("sip:a@b?to=sip:x%40y", "sip:a@b?to=tel:1"),
        ("sip:a@b?to=x", "sip:a@b?to=y"),
        ("sip:a@b?broken", "sip:a@b?Broken"),
        ("sip:a@[::1:zz]".replace("zz", "1:1:1:1:1:1:1:1:1"), "sip:a@[::1]"),
        ("sip:a@b.", "sip:a@b"),
        # RFC 3966 section 4.
        ("tel:+32", "tel:32"),
        ("tel:+32", "tel:+32;x"),
        ("tel:32;phone-context=a.b", "tel:32;phone-context=ab"),
        ("tel:+32;ext=1", "tel:+32;ext=2"),
        ("tel:+32", "sip:+32@b;user=phone"),
        ("urn:a", "urn:b"),
    ],
)
def test_these_are_not_the_same(one: str, other: str) -> None:
    assert not same_uri(parse_uri(one), parse_uri(other))


def test_sameness_is_not_transitive() -> None:
    one, none, two = parse_uri("sip:a@b;x=1"), parse_uri("sip:a@b"), parse_uri("sip:a@b;x=2")
    assert same_uri(one, none)
    assert same_uri(none, two)
    assert not same_uri(one, two)


def test_equality_stays_textual() -> None:
    assert parse_uri("sip:%61@b") != parse_uri("sip:a@b")
