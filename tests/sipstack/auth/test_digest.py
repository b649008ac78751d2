import hashlib

import pytest

from sipstack.auth import AVAILABLE, Algorithm, Hash, Proof, Secret, ha1, userhash
from sipstack.auth.digest import same
from sipstack.errors import StateError

RFC_2617 = {
    "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    "uri": "/dir/index.html",
    "method": "GET",
}
RFC_7616_1 = {
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "uri": "/dir/index.html",
    "method": "GET",
    "qop": "auth",
    "nc": "00000001",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
}
NAMES = ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess")


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def test_the_example_of_rfc_2617_section_3_5():
    proof = Proof(algorithm=Algorithm(Hash.MD5), qop="auth", nc="00000001", cnonce="0a4f113b", **RFC_2617)
    secret = ha1(Hash.MD5, "Mufasa", "testrealm@host.com", "Circle Of Life")
    assert secret == "939e7578ed9e3c518a452acee763bce9"
    assert proof.response(secret) == "6629fae49393a05397450978507c4ef1"


def test_the_example_of_rfc_2069_as_its_errata_have_it():
    proof = Proof(algorithm=Algorithm(Hash.MD5), **RFC_2617)
    secret = ha1(Hash.MD5, "Mufasa", "testrealm@host.com", "CircleOfLife")
    assert proof.response(secret) == "1949323746fe6a43ef61f9606e7febea"


@pytest.mark.parametrize(
    ("hash_", "response"),
    [
        (Hash.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Hash.SHA_256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616_section_3_9_1(hash_, response):
    secret = ha1(hash_, "Mufasa", "http-auth@example.org", "Circle of Life")
    assert Proof(algorithm=Algorithm(hash_), **RFC_7616_1).response(secret) == response


@pytest.mark.skipif(Hash.SHA_512_256 not in AVAILABLE, reason="this OpenSSL has no SHA-512/256")
def test_the_example_of_rfc_7616_section_3_9_2_with_the_hash_its_erratum_4897_asks_for():
    hash_, user, realm = Hash.SHA_512_256, "J\u00e4s\u00f8n Doe", "api@example.org"
    proof = Proof(
        algorithm=Algorithm(hash_),
        nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        uri="/doe.json",
        method="GET",
        qop="auth",
        nc="00000001",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    )
    assert userhash(hash_, user, realm) == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    secret = Secret.of_password("Secret, or not?").ha1(hash_, user, realm)
    assert proof.response(secret) == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


def test_the_body_is_hashed_into_a_response_with_auth_int_and_into_no_other():
    fields = {"algorithm": Algorithm(Hash.MD5), "nonce": "n", "uri": "sip:b", "method": "MESSAGE"}
    counted = {"nc": "00000002", "cnonce": "c", "body": b"hello"}
    secret = ha1(Hash.MD5, "u", "r", "p")
    assert secret == md5("u:r:p")
    a2 = md5("MESSAGE:sip:b:" + md5("hello"))
    assert Proof(**fields, **counted, qop="auth-int").response(secret) == md5(f"{secret}:n:00000002:c:auth-int:{a2}")
    a2 = md5("MESSAGE:sip:b")
    assert Proof(**fields, **counted, qop="auth").response(secret) == md5(f"{secret}:n:00000002:c:auth:{a2}")
    assert Proof(**fields, **counted).response(secret) == md5(f"{secret}:n:{a2}")


def test_a_session_algorithm_binds_the_secret_to_nonce_and_cnonce():
    proof = Proof(algorithm=Algorithm(Hash.MD5, session=True), qop="auth", nc="00000001", cnonce="0a4f113b", **RFC_2617)
    secret = md5("Mufasa:testrealm@host.com:Circle Of Life")
    a1 = md5(f"{secret}:{RFC_2617['nonce']}:0a4f113b")
    a2 = md5("GET:/dir/index.html")
    assert proof.response(secret) == md5(f"{a1}:{RFC_2617['nonce']}:00000001:0a4f113b:auth:{a2}")


def test_the_servers_proof_has_no_method():
    proof = Proof(algorithm=Algorithm(Hash.MD5), nonce="n", uri="sip:b", method="BYE", qop="auth", nc="1", cnonce="c")
    assert proof.rspauth("a1") == md5(f"a1:n:1:c:auth:{md5(':sip:b')}")


@pytest.mark.parametrize("name", NAMES)
def test_each_registered_algorithm_is_known_by_its_name_in_any_case(name):
    if Hash(name.removesuffix("-sess")) not in AVAILABLE:
        pytest.skip("this OpenSSL cannot compute it")
    assert str(Algorithm.named(name)) == str(Algorithm.named(name.swapcase())) == name


def test_no_name_means_md5():
    assert Algorithm.named(None) == Algorithm(Hash.MD5)


@pytest.mark.parametrize("name", ["", "-sess", "MD5-sess-sess", "SHA-1", "AKAv1-MD5", "MD5 ", "\u017f", "SHA-512"])
def test_any_other_name_is_unknown(name):
    assert Algorithm.named(name) is None


def test_a_stored_ha1_serves_in_place_of_the_password_and_only_for_its_hash():
    stored = Secret.of_ha1({Hash.MD5: md5("u:r:p").upper()})
    assert stored.ha1(Hash.MD5, "u", "r") == Secret.of_password("p").ha1(Hash.MD5, "u", "r")
    assert stored.ha1(Hash.SHA_256, "u", "r") is None


@pytest.mark.parametrize("text", ["", "ab", "x" * 32, "a" * 64])
def test_an_ha1_of_another_form_is_refused(text):
    with pytest.raises(StateError):
        Secret.of_ha1({Hash.MD5: text})


def test_secrets_do_not_show():
    assert "hunter2" not in repr(Secret.of_password("hunter2"))
    assert "d3" not in repr(Secret.of_ha1({Hash.MD5: "d3" * 16}))


def test_one_password_typed_in_two_unicode_forms_is_one_password():
    assert Secret.of_password("e\u0301") == Secret.of_password("\u00e9")


def test_a_password_that_is_no_text_is_refused():
    with pytest.raises(StateError):
        Secret.of_password("\ud800")


def test_bytes_of_the_wire_that_are_no_utf_8_are_hashed_as_they_came():
    assert ha1(Hash.MD5, "\udce9", "r", "p") == hashlib.md5(b"\xe9:r:p").hexdigest()


def test_digests_are_the_same_only_when_every_character_is():
    assert same("0a", "0a")
    assert not same("0a", "0A")
    assert not same("0a", "0a\u00e9")
    assert not same("0a", "")
