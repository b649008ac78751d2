import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Identity
from tests.sipstack.values.laws import PARAMETERS, junk, read_or_refused

SIGNED = "eyJhbGciOiJFUzI1NiJ9.eyJhdHRlc3QiOiJBIn0.c2ln"
DIGESTS = st.from_regex(r"[A-Za-z0-9+/=._\-]{1,20}", fullmatch=True)
INFOS = st.none() | st.sampled_from(["https://c.example/a.pem", "https://c.example/?a=1;b,c", "cid:a"])


@given(st.builds(Identity, DIGESTS, INFOS, PARAMETERS))
def test_an_identity_survives_print_and_parse(identity: Identity) -> None:
    assert Identity.parse(str(identity)) == identity


@given(st.lists(st.builds(Identity, DIGESTS, INFOS, PARAMETERS), max_size=3))
def test_several_are_told_apart(identities: list[Identity]) -> None:
    assert Identity.parse_list(", ".join(map(str, identities))) == tuple(identities)


@given(junk(f'{SIGNED};info=<https://c.example/a.pem>;alg=ES256;ppt="shaken"'))
def test_any_text_is_an_identity_or_a_parse_error(text: str) -> None:
    read_or_refused(Identity.parse, text)


@pytest.mark.parametrize(
    "parameters",
    [
        ';info=<https://c.example/a;b>;alg=ES384;ppt="Shaken"',
        ' ; alg="ES384" ; ppt=shaken ; INFO = <https://c.example/a;b> ',
    ],
)
def test_every_part_is_read_wherever_it_stands(parameters: str) -> None:
    identity = Identity.parse(SIGNED + parameters)
    assert identity.digest == SIGNED
    assert identity.info == "https://c.example/a;b"
    assert (identity.alg, identity.ppt) == ("ES384", "shaken")


def test_what_is_not_said_has_the_rfcs_default() -> None:
    identity = Identity.parse("..c2ln;info=<https://c.example/a>")
    assert (identity.alg, identity.ppt) == ("ES256", "")


def test_the_old_form_is_read_too() -> None:
    assert Identity.parse('"ZYNBbHC00VMZr2kZt6VmCvPonWJMGvQTBDqghoWeLxJfzB2a1pxAr3VgrB0SsSAa="').info is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";info=<https://a>",
        "a b",
        "a, b",
        "a;info=<https://a>;info=<https://b>",
        "a;info=<https://a",
        "a;info=https://a>",
        "a;info=<https://a>b",
        "a;x=<b>",
        "a;;",
        'a;ppt="b',
    ],
)
def test_what_is_no_identity_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Identity.parse(text)
