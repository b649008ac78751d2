import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.identity.passport import DEEPEST, MOST, Passport, read_passport
from sipstack.errors import ParseError


def identity(claims: object, *, padded: bool = False) -> str:
    return sealed(json.dumps(claims), padded=padded)


def sealed(claims: str, *, padded: bool = False) -> str:
    text = urlsafe_b64encode(claims.encode()).decode()
    return f"e30.{text if padded else text.rstrip('=')}.sig;info=<https://x/cert>;alg=ES256;ppt=shaken"


@pytest.mark.law("¶9", "L11")
@pytest.mark.parametrize("padded", [False, True])
def test_calling_and_diverting_numbers_are_read(padded: bool) -> None:
    claims = {"orig": {"tn": "3225551212"}, "div": {"tn": "33612345678"}, "iat": 1, "attest": "A", "origid": "123e4567"}
    found = read_passport(identity(claims, padded=padded))
    assert found == Passport(calling=("tel:+3225551212",), diverting=("tel:+33612345678",))


def test_a_uri_is_taken_as_it_stands() -> None:
    assert read_passport(identity({"orig": {"uri": "sip:alice@example.com"}})).calling == ("sip:alice@example.com",)


def test_lists_are_read_whole() -> None:
    claims = {"orig": {"tn": ["3225551212", "+33612345678"], "uri": ["sip:a@b"]}}
    assert read_passport(identity(claims)).calling == ("tel:+3225551212", "tel:+33612345678", "sip:a@b")


def test_the_compact_form_claims_nothing() -> None:
    assert read_passport("e30..sig;info=<https://x>") == Passport()


@pytest.mark.parametrize(
    "claims",
    [
        {"rcd": {"nam": "call 02 555 12 12"}},
        {"x": [[{"y": ["call 02 555 12 12"]}]]},
        {"call 02 555 12 12": True},
        {"dest": {"tn": ["3293330000"]}, "crn": "call 02 555 12 12"},
    ],
)
def test_texts_with_digits_are_read_wherever_they_stand(claims: object) -> None:
    assert "call 02 555 12 12" in read_passport(identity(claims)).texts


def test_texts_without_digits_and_names_for_machines_are_not() -> None:
    claims = {"rcd": {"nam": "Alice"}, "attest": "A1", "origid": "02 555 12 12", "jti": "2", "mky": [{"dat": "02"}]}
    assert read_passport(identity(claims)).texts == ()


@pytest.mark.law("L11")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "one.two",
        "a.b.c.d",
        "e30.%%%.sig",
        "e30.e3.sig",
        identity([]),
        identity({"orig": "3225551212"}),
        identity({"orig": {"tn": 3225551212}}),
        identity({"orig": {"tn": [["3225551212"]]}}),
        identity({"orig": {"tn": ["1"] * (MOST + 1)}}),
        identity({"div": ["x"]}),
        sealed('{"orig":{"tn":"33612345678"},"orig":{"tn":"3225551212"}}'),
        sealed('{"x":' + "[" * DEEPEST + "]" * DEEPEST + "}"),
        sealed("[" * 100_000),
    ],
)
def test_what_cannot_be_read_is_an_error(value: str) -> None:
    with pytest.raises(ParseError):
        read_passport(value)


KEYS = st.sampled_from(["orig", "div", "tn", "uri", "rcd", "x1"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
)


@pytest.mark.law("K32")
@given(st.text() | st.builds(identity, JSON))
def test_nothing_else_is_raised(value: str) -> None:
    try:
        found = read_passport(value)
    except ParseError:
        return
    assert all(isinstance(text, str) for text in found.calling + found.diverting + found.texts)
