import random

import pytest

from sipstack.auth import (
    Algorithm,
    Authenticated,
    Challenged,
    DigestServer,
    Exempt,
    Hash,
    NonceMemory,
    Proof,
    Protection,
    Refused,
    Secret,
    ha1,
    userhash,
)
from sipstack.errors import StateError
from sipstack.message import request
from sipstack.values.credentials import AuthenticationInfo, Challenge, Credentials

REALM = "example.org"
USERS = {"alice": Secret.of_password("wonder"), "bob": Secret.of_ha1({Hash.MD5: ha1(Hash.MD5, "bob", REALM, "land")})}
MD5 = Algorithm(Hash.MD5)
SHA = Algorithm(Hash.SHA_256)
KEY = bytes(range(32))


def a_server(*, seed=1, unhash=None, memory=None, key=KEY, **protection):
    values = {"realm": REALM, "algorithms": (SHA, MD5), **protection}
    randbytes = random.Random(seed).randbytes
    memory = NonceMemory() if memory is None else memory
    return DigestServer(Protection(**values), key, randbytes, USERS.get, unhash=unhash, memory=memory)


def a_request(*credentials, method="REGISTER", uri="sip:example.org", header="Authorization", body=b""):
    return request(method, uri, [(header, str(each)) for each in credentials], body)


def the_nonce(server, now=0.0, context=""):
    return Challenge.parse(server.challenge(now, context).headers[0][1]).nonce


def answer(
    nonce,
    user="alice",
    password="wonder",
    *,
    algorithm=MD5,
    qop="auth",
    nc="00000001",
    method="REGISTER",
    uri="sip:example.org",
    realm=REALM,
    body=b"",
    leave_out=(),
    **changed,
):
    counted = {"qop": qop, "nc": nc, "cnonce": "c0"} if qop else {}
    proof = Proof(algorithm=algorithm, nonce=nonce, uri=uri, method=method, body=body, **counted)
    response = proof.response(ha1(algorithm.hash, user, realm, password))
    values = {"username": user, "realm": realm, "nonce": nonce, "uri": uri, "response": response, **counted}
    values = values | {"algorithm": str(algorithm)} | changed
    return Credentials.digest({name: value for name, value in values.items() if name not in leave_out})


def test_a_request_without_credentials_is_challenged_by_each_algorithm_in_the_order_of_preference():
    outcome = a_server(algorithms=(SHA, MD5)).judge(a_request(), 0.0)
    assert isinstance(outcome, Challenged)
    assert (outcome.status, outcome.stale) == (401, False)
    assert [name for name, _ in outcome.headers] == ["WWW-Authenticate"] * 2
    challenges = [Challenge.parse(value) for _, value in outcome.headers]
    assert [challenge.algorithm for challenge in challenges] == ["SHA-256", "MD5"]
    for challenge in challenges:
        assert (challenge.realm, challenge.qop, challenge.stale) == (REALM, ("auth",), False)
        assert not challenge.userhash


def test_all_hashes_are_offered_strongest_first_unless_told_otherwise():
    names = [str(algorithm) for algorithm in Protection(realm="r").algorithms]
    assert names == [name for name in ("SHA-512-256", "SHA-256", "MD5") if name in names]
    assert names[-2:] == ["SHA-256", "MD5"]


def test_a_proxy_asks_by_407_and_reads_its_own_header():
    server = a_server(proxy=True)
    outcome = server.judge(a_request(), 0.0)
    assert (outcome.status, outcome.headers[0][0]) == (407, "Proxy-Authenticate")
    credentials = answer(the_nonce(server))
    assert isinstance(server.judge(a_request(credentials), 0.0), Challenged)
    assert isinstance(server.judge(a_request(credentials, header="Proxy-Authorization"), 0.0), Authenticated)


def test_what_is_set_stands_in_the_challenge():
    server = a_server(
        domain="sip:a sip:b", opaque="o", charset="UTF-8", qops=("auth", "auth-int"), unhash=lambda *_: None
    )
    challenge = Challenge.parse(server.challenge(0.0, stale=True).headers[0][1])
    assert (challenge.domain, challenge.opaque, challenge.charset) == (("sip:a", "sip:b"), "o", "UTF-8")
    assert (challenge.qop, challenge.userhash, challenge.stale) == (("auth", "auth-int"), True, True)


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_an_ack_or_cancel_is_never_challenged(method):
    assert a_server().judge(a_request(method=method), 0.0) == Exempt()


@pytest.mark.parametrize(("user", "password"), [("alice", "wonder"), ("bob", "land")])
def test_the_right_password_opens_whether_it_or_its_ha1_is_stored(user, password):
    server = a_server()
    outcome = server.judge(a_request(answer(the_nonce(server), user, password)), 1.0)
    assert isinstance(outcome, Authenticated)
    assert outcome.user == user


def test_a_hash_that_is_not_stored_opens_nothing():
    server = a_server()
    outcome = server.judge(a_request(answer(the_nonce(server), "bob", "land", algorithm=SHA)), 1.0)
    assert isinstance(outcome, Challenged)


@pytest.mark.parametrize("user", ["alice", "nobody", "bob"])
def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(user):
    server = a_server()
    outcome = server.judge(a_request(answer(the_nonce(server), user, "guess")), 1.0)
    assert isinstance(outcome, Challenged)
    assert not outcome.stale
    strict = a_server(forbid_wrong=True)
    assert strict.judge(a_request(answer(the_nonce(strict), user, "guess")), 1.0) == Refused(403, "Forbidden")


def test_the_decoy_of_unknown_users_opens_nothing():
    server = a_server()
    nonce = the_nonce(server)
    decoy = server._decoy("nobody", MD5)
    proof = Proof(
        algorithm=MD5, nonce=nonce, uri="sip:example.org", method="REGISTER", qop="auth", nc="00000001", cnonce="c0"
    )
    credentials = answer(nonce, "nobody", response=proof.response(decoy))
    assert isinstance(server.judge(a_request(credentials), 1.0), Challenged)


def test_a_replayed_count_is_stale():
    server = a_server()
    nonce = the_nonce(server)
    again = a_request(answer(nonce))
    assert isinstance(server.judge(again, 1.0), Authenticated)
    outcome = server.judge(again, 1.0)
    assert isinstance(outcome, Challenged)
    assert outcome.stale
    assert isinstance(server.judge(a_request(answer(nonce, nc="00000002")), 1.0), Authenticated)


def test_without_qop_each_nonce_serves_once():
    server = a_server()
    nonce = the_nonce(server)
    assert isinstance(server.judge(a_request(answer(nonce, qop=None)), 1.0), Authenticated)
    outcome = server.judge(a_request(answer(nonce, qop=None)), 1.0)
    assert isinstance(outcome, Challenged)
    assert outcome.stale


def test_credentials_without_qop_do_not_get_around_integrity():
    server = a_server(qops=("auth-int",))
    outcome = server.judge(a_request(answer(the_nonce(server), qop=None)), 1.0)
    assert outcome == Refused(400, "Bad Quality Of Protection")


def test_a_changed_body_is_seen_with_auth_int_alone():
    for qop, kind in (("auth", Authenticated), ("auth-int", Challenged)):
        server = a_server(qops=("auth", "auth-int"))
        credentials = answer(the_nonce(server), qop=qop, body=b"before")
        assert isinstance(server.judge(a_request(credentials, body=b"after"), 1.0), kind)


def test_a_nonce_grows_stale_at_the_end_of_its_life():
    server = a_server(lifetime=10.0)
    nonce = the_nonce(server, 5.0)
    assert isinstance(server.judge(a_request(answer(nonce)), 15.0), Authenticated)
    outcome = server.judge(a_request(answer(nonce, nc="00000002")), 15.1)
    assert (outcome.status, outcome.stale) == (401, True)
    assert Challenge.parse(outcome.headers[0][1]).stale


def test_a_wrong_password_with_an_old_nonce_is_not_told_to_try_again():
    server = a_server(lifetime=10.0)
    outcome = server.judge(a_request(answer(the_nonce(server), password="guess")), 60.0)
    assert not outcome.stale


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1, "key": bytes(32)},
        {"seed": 1, "realm": "other.org"},
    ],
)
def test_a_nonce_of_another_key_or_realm_is_stale(other):
    server = a_server()
    outcome = server.judge(a_request(answer(the_nonce(a_server(**other)))), 1.0)
    assert outcome.stale


def test_a_nonce_is_bound_to_its_context():
    server = a_server()
    nonce = the_nonce(server, context="192.0.2.1")
    assert server.judge(a_request(answer(nonce)), 1.0, "192.0.2.2").stale
    assert isinstance(server.judge(a_request(answer(nonce)), 1.0, "192.0.2.1"), Authenticated)


def test_a_nonce_from_the_future_is_stale():
    server = a_server()
    assert server.judge(a_request(answer(the_nonce(server, 9.0))), 1.0).stale


@pytest.mark.parametrize("nonce", ["", "x", "00" * 32, "zz" * 32, "\u0660" * 64, "A" * 64])
def test_a_nonce_that_nobody_made_is_stale_and_harms_nothing(nonce):
    assert a_server().judge(a_request(answer(nonce)), 1.0).stale


def test_no_two_challenges_have_the_same_nonce():
    server = a_server()
    assert the_nonce(server) != the_nonce(server)


def test_a_client_that_keeps_asking_leaves_nothing_behind():
    server = a_server(memory=NonceMemory(50))
    for at in range(200):
        server.judge(a_request(), float(at))
        server.judge(a_request(answer(the_nonce(server, float(at)), password="guess")), float(at))
    assert len(server.memory) == 0
    for at in range(200):
        server.judge(a_request(answer(the_nonce(server, float(at)))), float(at))
    assert len(server.memory) == 50


def test_nonces_leave_the_memory_when_they_expire():
    server = a_server(lifetime=10.0)
    for at in range(100):
        assert isinstance(server.judge(a_request(answer(the_nonce(server, float(at)))), float(at)), Authenticated)
    assert len(server.memory) <= 11


def test_credentials_for_other_realms_and_schemes_are_passed_over():
    server = a_server()
    others = (answer("n", realm="other.org"), Credentials.parse("Bearer abc"))
    assert isinstance(server.judge(a_request(*others), 1.0), Challenged)
    assert isinstance(server.judge(a_request(*others, answer(the_nonce(server))), 1.0), Authenticated)


def test_two_credentials_for_one_realm_are_refused():
    server = a_server()
    both = answer(the_nonce(server)), answer(the_nonce(server), "bob", "land")
    assert server.judge(a_request(*both), 1.0) == Refused(400, "Two Credentials For One Realm")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nc": "1"}, "Bad Nonce Count"),
        ({"nc": "00000000"}, "Bad Nonce Count"),
        ({"nc": "0000000g"}, "Bad Nonce Count"),
        ({"leave_out": ("nc",)}, "Bad Nonce Count"),
        ({"leave_out": ("cnonce",)}, "Bad Nonce Count"),
        ({"qop": "auth-conf"}, "Bad Quality Of Protection"),
        ({"qop": "auth-int"}, "Bad Quality Of Protection"),
        ({"leave_out": ("username",)}, "Incomplete Credentials"),
        ({"leave_out": ("response",)}, "Incomplete Credentials"),
        ({"leave_out": ("nonce",)}, "Incomplete Credentials"),
        ({"leave_out": ("uri",)}, "Credentials For Another URI"),
        ({"uri": "sip:other.org"}, "Credentials For Another URI"),
        ({"uri": "no uri"}, "Bad URI"),
    ],
)
def test_credentials_that_cannot_be_meant_are_refused_by_a_reason(change, reason):
    server = a_server()
    assert server.judge(a_request(answer(the_nonce(server), **change)), 1.0) == Refused(400, reason)


def test_a_damaged_line_is_refused():
    outcome = a_server().judge(a_request('Digest username="alice'), 1.0)
    assert isinstance(outcome, Refused)
    assert outcome.status == 400


def test_another_spelling_of_the_request_uri_is_the_same_uri():
    server = a_server()
    assert isinstance(server.judge(a_request(answer(the_nonce(server), uri="sip:EXAMPLE.org")), 1.0), Authenticated)


def test_behind_a_proxy_that_changes_the_uri_it_need_not_match():
    server = a_server(match_uri=False)
    assert isinstance(server.judge(a_request(answer(the_nonce(server), uri="sip:other.org")), 1.0), Authenticated)


def test_credentials_for_another_method_prove_nothing():
    server = a_server()
    assert isinstance(server.judge(a_request(answer(the_nonce(server), method="INVITE")), 1.0), Challenged)


def test_an_algorithm_that_was_not_offered_is_challenged_again():
    server = a_server(algorithms=(SHA,))
    outcome = server.judge(a_request(answer(the_nonce(server), algorithm=MD5)), 1.0)
    assert isinstance(outcome, Challenged)
    assert not outcome.stale


def test_no_algorithm_named_means_md5():
    server = a_server()
    credentials = answer(the_nonce(server), leave_out=("algorithm",))
    assert isinstance(server.judge(a_request(credentials), 1.0), Authenticated)


def test_a_hashed_user_name_is_looked_up_by_its_hash():
    def unhash(text, algorithm):
        return next((user for user in USERS if userhash(algorithm.hash, user, REALM) == text), None)

    hashed = {"username": userhash(Hash.SHA_256, "alice", REALM), "userhash": "true"}
    server = a_server(unhash=unhash)
    outcome = server.judge(a_request(answer(the_nonce(server), algorithm=SHA, **hashed)), 1.0)
    assert isinstance(outcome, Authenticated)
    assert outcome.user == "alice"
    unknown = answer(the_nonce(server), algorithm=SHA, **(hashed | {"username": "00"}))
    assert isinstance(server.judge(a_request(unknown), 1.0), Challenged)
    deaf = a_server()
    assert isinstance(deaf.judge(a_request(answer(the_nonce(deaf), algorithm=SHA, **hashed)), 1.0), Challenged)


def test_the_servers_own_proof_answers_the_credentials():
    server = a_server(qops=("auth", "auth-int"))
    nonce = the_nonce(server)
    outcome = server.judge(a_request(answer(nonce, qop="auth-int")), 1.0)
    ((name, value),) = server.info(outcome, 1.0, body=b"hello")
    assert name == "Authentication-Info"
    info = AuthenticationInfo.parse(value)
    proof = Proof(
        algorithm=MD5,
        nonce=nonce,
        uri="sip:example.org",
        method="",
        qop="auth-int",
        nc="00000001",
        cnonce="c0",
        body=b"hello",
    )
    assert info.rspauth == proof.response(ha1(Hash.MD5, "alice", REALM, "wonder"))
    assert (info.qop, info.nc, info.cnonce, info.nextnonce) == ("auth-int", 1, "c0", None)


def test_past_half_of_its_life_a_nonce_gets_a_successor():
    server = a_server(lifetime=100.0, proxy=True)
    outcome = server.judge(a_request(answer(the_nonce(server)), header="Proxy-Authorization"), 51.0)
    ((name, value),) = server.info(outcome, 51.0)
    assert name == "Proxy-Authentication-Info"
    following = AuthenticationInfo.parse(value).nextnonce
    renewed = a_request(answer(following), header="Proxy-Authorization")
    assert isinstance(server.judge(renewed, 149.0), Authenticated)


def test_without_qop_and_with_a_young_nonce_there_is_nothing_to_tell():
    server = a_server()
    outcome = server.judge(a_request(answer(the_nonce(server), qop=None)), 1.0)
    assert server.info(outcome, 1.0) == ()


def test_no_secret_shows_in_a_repr():
    server = a_server()
    outcome = server.judge(a_request(answer(the_nonce(server))), 1.0)
    assert ha1(Hash.MD5, "alice", REALM, "wonder") not in repr(outcome)
    assert KEY.hex() not in repr(server)
    assert repr(server) == "<DigestServer 'example.org', <NonceMemory 1 of 10000>>"


@pytest.mark.parametrize("bad", [{"realm": "a\r\nb"}, {"algorithms": ()}, {"qops": ()}, {"qops": ("auth-conf",)}])
def test_a_protection_that_could_not_be_offered_is_refused(bad):
    with pytest.raises(StateError):
        Protection(**({"realm": "r"} | bad))


def test_a_short_key_is_refused():
    with pytest.raises(StateError):
        a_server(key=b"short")
