import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import ReferredBy, ReferTo, Replaces, SipUri, parse_uri
from tests.sipstack.values.laws import TOKENS, junk, read_or_refused


@given(st.builds(Replaces, TOKENS, TOKENS, TOKENS, early_only=st.booleans()))
def test_a_dialog_to_take_over_survives_the_uri(replaces: Replaces) -> None:
    made = ReferTo.of(SipUri("sip", "a", "b", headers="Subject=x"), replaces=replaces)
    assert ReferTo.parse(str(made)) == made
    assert made.replaces == replaces
    assert isinstance(made.uri, SipUri)
    assert made.uri.header_fields()[0] == ("Subject", "x")


@given(junk("<sip:a@b;method=BYE?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>"))
def test_any_text_is_a_refer_to_or_a_parse_error(text: str) -> None:
    read_or_refused(ReferTo.parse, text)
    with contextlib.suppress(ParseError):
        _ = ReferTo.parse(text).replaces


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("<sip:a@b>", "INVITE"),
        ("<sip:a@b;method=SUBSCRIBE>", "SUBSCRIBE"),
        ("<http://a>", "INVITE"),
        ("tel:+32", "INVITE"),
    ],
)
def test_the_method_is_invite_unless_said(text: str, method: str) -> None:
    value = ReferTo.parse(text)
    assert (value.method, value.replaces) == (method, None)


@pytest.mark.parametrize(
    "headers", ["Replaces=a", "Replaces=", "Replaces", "Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&replaces=b"]
)
def test_a_dialog_that_cannot_be_told_is_a_parse_error(headers: str) -> None:
    with pytest.raises(ParseError):
        _ = ReferTo.parse(f"<sip:a@b?{headers}>").replaces


def test_a_plain_refer_to_is_its_uri() -> None:
    assert str(ReferTo.of(SipUri("sip", "a", "b"))) == "<sip:a@b>"


def test_the_proof_of_a_referrer_is_named() -> None:
    value = ReferredBy.parse('<sip:r@x>;cid="20398823.2UWQFN309shb3@x"')
    assert (value.uri, value.cid) == (parse_uri("sip:r@x"), "20398823.2UWQFN309shb3@x")
    assert ReferredBy.parse('<sip:r@x>;cid="<a@x>"').cid == "a@x"
    assert ReferredBy.parse("sip:r@x").cid is None
