import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError, StateError
from sipstack.values import AuthenticationInfo, Challenge, Credentials
from tests.sipstack.values.laws import junk, read_or_refused

TEXTS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12)
# A bare value is what a quoted one is not: no blank, comma or quote.
PARAMETERS = st.dictionaries(
    st.sampled_from(["realm", "nonce", "opaque", "uri", "username", "x-y"]), TEXTS, min_size=1, max_size=4
)
CHALLENGES = PARAMETERS.map(Challenge.digest) | st.builds(
    Challenge,
    scheme=st.sampled_from(["Bearer", "NTLM"]),
    token=st.from_regex(r"[A-Za-z0-9+/]{1,9}={0,2}|", fullmatch=True),
)
NTLM = 'NTLM realm="SIP Communications Service", targetname="b.example", version=4'


@given(CHALLENGES)
def test_a_challenge_survives_print_and_parse(challenge: Challenge) -> None:
    assert Challenge.parse(str(challenge)) == challenge


@given(st.lists(CHALLENGES, max_size=4))
def test_several_challenges_in_one_line_are_told_apart(challenges: list[Challenge]) -> None:
    assert Challenge.parse_list(", ".join(map(str, challenges))) == tuple(challenges)


@given(PARAMETERS)
def test_authentication_info_survives_print_and_parse(parameters: dict[str, str]) -> None:
    info = AuthenticationInfo.of(parameters)
    assert AuthenticationInfo.parse(str(info)) == info
    assert all(info.get(name) == value for name, value in parameters.items())


@given(junk('Digest realm="a", nonce="b", qop="auth,auth-int"', "Bearer ab==", NTLM))
def test_any_text_is_a_challenge_or_a_parse_error(text: str) -> None:
    read_or_refused(Challenge.parse, text)
    read_or_refused(Credentials.parse, text)


@given(junk('nextnonce="a", qop=auth, rspauth="b", nc=00000001'))
def test_any_text_is_authentication_info_or_a_parse_error(text: str) -> None:
    read_or_refused(AuthenticationInfo.parse, text)


def test_every_part_of_a_digest_challenge_is_read() -> None:
    challenge = Challenge.parse(
        'digest realm = "a, \\"b\\"" ,domain="sip:a sip:b", nonce="n", opaque="", stale=TRUE, algorithm=SHA-256-sess,'
        ' qop="auth, Auth-Int", charset=UTF-8, userhash=true'
    )
    assert challenge.is_digest
    assert (challenge.realm, challenge.nonce, challenge.opaque) == ('a, "b"', "n", "")
    assert challenge.domain == ("sip:a", "sip:b")
    assert challenge.stale
    assert challenge.userhash
    assert (challenge.algorithm, challenge.qop, challenge.charset) == ("SHA-256-sess", ("auth", "auth-int"), "UTF-8")


def test_what_a_challenge_leaves_out_is_none_or_empty() -> None:
    challenge = Challenge.parse('Digest realm="a"')
    assert (challenge.nonce, challenge.opaque, challenge.algorithm, challenge.charset) == (None, None, None, None)
    assert (challenge.qop, challenge.domain, challenge.stale, challenge.userhash) == ((), (), False, False)


def test_every_part_of_credentials_is_read() -> None:
    credentials = Credentials.parse(
        'Digest username="Mufasa",realm="r",nonce="n",uri="sip:b",qop="AUTH",nc=0000000a,cnonce="c",response="6629",'
        'opaque="o",algorithm=MD5'
    )
    assert (credentials.username, credentials.realm, credentials.uri) == ("Mufasa", "r", "sip:b")
    assert (credentials.qop, credentials.nc, credentials.cnonce) == ("auth", 10, "c")
    assert (credentials.response, credentials.opaque, credentials.algorithm) == ("6629", "o", "MD5")


@pytest.mark.parametrize("nc", ["1", "0000000g", "+0000001", "000000001", "0x000001", "0000_001"])
def test_a_nonce_count_is_eight_hexadecimal_digits(nc: str) -> None:
    assert Credentials.parse(f"Digest nc={nc}").nc is None


def test_what_is_hashed_keeps_its_escapes() -> None:
    challenge = Challenge.parse('Digest realm="a\\"b", nonce=bare')
    assert challenge.within_quotes("REALM") == 'a\\"b'
    assert challenge.within_quotes("nonce") == "bare"
    assert challenge.within_quotes("opaque") is None


def test_a_digest_is_printed_with_the_quotes_that_peers_expect() -> None:
    challenge = Challenge.digest({"realm": "r", "qop": "auth", "stale": "true", "algorithm": "MD5"})
    assert str(challenge) == 'Digest realm="r", qop="auth", stale=true, algorithm=MD5'
    credentials = Credentials.digest({"username": "u", "qop": "auth", "nc": "00000001", "uri": "sip:b"})
    assert str(credentials) == 'Digest username="u", qop=auth, nc=00000001, uri="sip:b"'
    info = AuthenticationInfo.of({"nextnonce": "n", "qop": "auth", "nc": "00000001"})
    assert str(info) == 'nextnonce="n", qop=auth, nc=00000001'
    assert (info.nextnonce, info.qop, info.nc, info.rspauth, info.cnonce) == ("n", "auth", 1, None, None)


def test_challenges_of_other_schemes_stand_beside_digest() -> None:
    line = f'{NTLM}, Negotiate, Digest realm="a", nonce="b",, Bearer abc==, Basic realm=x'
    found = Challenge.parse_list(line)
    assert [challenge.scheme for challenge in found] == ["NTLM", "Negotiate", "Digest", "Bearer", "Basic"]
    assert found[0].get("targetname") == "b.example"
    assert found[2].nonce == "b"
    assert (found[3].token, found[3].items) == ("abc==", ())
    assert found[4].realm == "x"


def test_a_comma_within_quotes_separates_nothing() -> None:
    assert len(Challenge.parse_list('Digest realm="a, Digest b=c", nonce="d"')) == 1


def test_a_token_does_not_show_itself() -> None:
    assert "hunter2" not in repr(Credentials.parse("Bearer hunter2"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "Digest =x",
        'Digest realm="a',
        'Digest realm="a" nonce="b"',
        'Digest realm="a"; nonce="b"',
        'Digest realm="a", REALM="b"',
        'realm="a"',
        "Digest nonce=a b",
        'Digest realm=a"b"',
        "Di<gest realm=a",
        "Digest realm=a\0",
        'Digest realm="a\n"',
    ],
)
def test_what_is_no_challenge_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Challenge.parse(text)


def test_two_are_not_one() -> None:
    with pytest.raises(ParseError):
        Credentials.parse("Digest realm=a, Digest realm=b")


@pytest.mark.parametrize(
    "parameters", [{"realm": "a\r\nb"}, {"a b": "c"}, {"nc": "1, x=2"}, {"algorithm": ""}, {"stale": "a b"}]
)
def test_what_would_print_as_something_else_is_our_fault(parameters: dict[str, str]) -> None:
    with pytest.raises(StateError):
        Credentials.digest(parameters)


@pytest.mark.parametrize("text", ["", "a", "a=b c=d", "Digest a=b", 'a="b', "a=b, a=c", "a=b,;"])
def test_what_is_no_authentication_info_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        AuthenticationInfo.parse(text)
