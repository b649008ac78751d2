import random

import pytest

from sipstack.auth import Account, DigestClient, Hash, Proof, Secret, ha1, repeated_in_ack, userhash
from sipstack.auth.digest import Algorithm
from sipstack.errors import StateError
from sipstack.message import Response, request, response_to
from sipstack.values.credentials import Credentials

URI = "sip:bob@example.org"
ALICE = Account("alice", Secret.of_password("wonder"))


def a_client(*accounts):
    return DigestClient(accounts or (ALICE,), random.Random(1).randbytes)


def an_invite(fields=(), method="INVITE", body=b""):
    return request(method, URI, [("From", "<sip:a@a>;tag=1"), *fields], body)


def challenge(realm="r", nonce="n1", name="WWW-Authenticate", **others):
    pairs = {"realm": f'"{realm}"', "nonce": f'"{nonce}"', "qop": '"auth"', **others}
    return name, "Digest " + ", ".join(f"{key}={value}" for key, value in pairs.items() if value is not None)


def refused(*challenges, status=401):
    return response_to(an_invite(), status, headers=challenges)


def read(fields):
    return {(name, (each := Credentials.parse(value)).realm): each for name, value in fields}


def test_a_challenge_is_answered_as_the_rfc_computes_it():
    fields = a_client().answer(an_invite(), refused(challenge(opaque='"o"', algorithm="SHA-256")))
    ((name, value),) = fields
    assert name == "Authorization"
    sent = Credentials.parse(value)
    proof = Proof(
        algorithm=Algorithm(Hash.SHA_256),
        nonce="n1",
        uri=URI,
        method="INVITE",
        qop="auth",
        nc="00000001",
        cnonce=sent.cnonce,
    )
    assert sent.response == proof.response(ha1(Hash.SHA_256, "alice", "r", "wonder"))
    assert (sent.username, sent.realm, sent.nonce, sent.uri) == ("alice", "r", "n1", URI)
    assert (sent.qop, sent.get("nc"), sent.opaque, sent.algorithm) == ("auth", "00000001", "o", "SHA-256")
    assert len(sent.cnonce) == 32
    assert not sent.userhash


def test_a_server_of_rfc_2069_gets_what_it_knows():
    ((_, value),) = a_client().answer(an_invite(), refused(challenge(qop=None)))
    assert [name for name, _ in Credentials.parse(value).items] == ["username", "realm", "nonce", "uri", "response"]
    ((_, value),) = a_client().answer(an_invite(), refused(challenge(qop=None, algorithm="MD5-sess")))
    assert Credentials.parse(value).cnonce


def test_the_topmost_challenge_of_a_realm_that_can_be_computed_is_answered():
    tops = [challenge(algorithm="SHA-1"), challenge(qop='"auth-conf"'), ("WWW-Authenticate", 'Basic realm="r"')]
    good = [challenge(nonce="sha", algorithm="SHA-256"), challenge(nonce="md5")]
    (sent,) = read(a_client().answer(an_invite(), refused(*tops, *good))).values()
    assert sent.nonce == "sha"
    (sent,) = read(a_client().answer(an_invite(), refused(*tops, *reversed(good)))).values()
    assert sent.nonce == "md5"


def test_challenges_in_one_line_count_as_those_in_several():
    (_, first), (_, second) = challenge(algorithm="SHA-1"), challenge(nonce="md5")
    (sent,) = read(a_client().answer(an_invite(), refused(("WWW-Authenticate", f"{first}, {second}")))).values()
    assert sent.nonce == "md5"


def test_a_hash_our_account_has_not_stored_is_passed_over():
    stored = Account("alice", Secret.of_ha1({Hash.MD5: ha1(Hash.MD5, "alice", "r", "wonder")}))
    both = refused(challenge(nonce="sha", algorithm="SHA-256"), challenge(nonce="md5"))
    (sent,) = read(a_client(stored).answer(an_invite(), both)).values()
    assert sent.nonce == "md5"


def test_several_realms_and_proxies_each_get_their_own():
    fork = refused(
        challenge("a", "n1"), challenge("b", "n2"), challenge("a", "n3", name="Proxy-Authenticate"), status=407
    )
    sent = read(a_client().answer(an_invite(), fork))
    assert {place: each.nonce for place, each in sent.items()} == {
        ("Authorization", "a"): "n1",
        ("Authorization", "b"): "n2",
        ("Proxy-Authorization", "a"): "n3",
    }


def test_after_the_proxy_the_server_asks_and_both_are_answered():
    client = a_client()
    first = client.answer(an_invite(), refused(challenge("p", name="Proxy-Authenticate"), status=407))
    second = read(client.answer(an_invite(first), refused(challenge("s"))))
    assert set(second) == {("Proxy-Authorization", "p"), ("Authorization", "s")}
    assert second["Proxy-Authorization", "p"].nc == 2


def test_the_account_of_the_realm_goes_before_the_fallback():
    named = Account("carol", Secret.of_password("x"), "r")
    client = a_client(ALICE, named)
    sent = read(client.answer(an_invite(), refused(challenge("r"), challenge("other"))))
    assert sent["Authorization", "r"].username == "carol"
    assert sent["Authorization", "other"].username == "alice"


def test_a_realm_without_account_gets_nothing():
    client = a_client(Account("carol", Secret.of_password("x"), "r"))
    assert client.answer(an_invite(), refused(challenge("other"))) is None
    sent = read(client.answer(an_invite(), refused(challenge("other"), challenge("r"))))
    assert set(sent) == {("Authorization", "r")}


def test_later_requests_bear_the_credentials_unasked_with_the_next_count():
    client = a_client()
    assert client.credentials("BYE", URI) == ()
    client.answer(an_invite(), refused(challenge()))
    ((_, value),) = client.credentials("BYE", "sip:bob@192.0.2.1")
    sent = Credentials.parse(value)
    assert (sent.nonce, sent.nc, sent.uri) == ("n1", 2, "sip:bob@192.0.2.1")


@pytest.mark.parametrize("nonce", ["n1", "n2"])
def test_credentials_that_were_just_rejected_are_not_sent_again(nonce):
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge()))
    assert client.answer(an_invite(fields), refused(challenge(nonce=nonce))) is None


def test_a_stale_nonce_is_replaced_and_the_same_secret_tried_again():
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge()))
    again = client.answer(an_invite(fields), refused(challenge(nonce="n2", stale="TRUE")))
    (sent,) = read(again).values()
    assert (sent.nonce, sent.nc) == ("n2", 1)


def test_a_nonce_that_is_stale_and_the_same_stops():
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge()))
    assert client.answer(an_invite(fields), refused(challenge(stale="true"))) is None


@pytest.mark.parametrize("qop", ['"auth"', None])
def test_a_server_that_finds_every_nonce_stale_is_not_asked_for_ever(qop):
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge(qop=qop)))
    tries = 1
    while fields := client.answer(an_invite(fields), refused(challenge(nonce=f"s{tries}", stale="true", qop=qop))):
        tries += 1
    assert tries == 4


@pytest.mark.parametrize("qop", ['"auth"', None])
def test_an_old_nonce_that_the_server_just_refuses_is_taken_for_stale(qop):
    client = a_client()
    client.answer(an_invite(), refused(challenge(qop=qop)))
    fields = client.credentials("INVITE", URI)
    again = client.answer(an_invite(fields), refused(challenge(nonce="n2", qop=qop)))
    (sent,) = read(again).values()
    assert sent.nonce == "n2"
    assert client.answer(an_invite(again), refused(challenge(nonce="n3", qop=qop))) is None


def test_one_realm_that_refuses_us_is_enough_to_stop():
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge("a")))
    assert client.answer(an_invite(fields), refused(challenge("a", "n2"), challenge("b"))) is None


@pytest.mark.parametrize("status", [200, 403, 486, 503])
def test_other_responses_ask_nothing(status):
    assert a_client().answer(an_invite(), refused(challenge(), status=status)) is None


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_a_challenge_to_an_ack_or_cancel_is_not_answered(method):
    assert a_client().answer(an_invite(method=method), refused(challenge())) is None


@pytest.mark.parametrize(
    "odd",
    [
        ("WWW-Authenticate", 'Digest realm="r'),
        ("WWW-Authenticate", "Negotiate"),
        ("WWW-Authenticate", 'Digest nonce="n"'),
        ("WWW-Authenticate", 'Digest realm="r"'),
        ("WWW-Authenticate", 'Digest realm="r", nonce="a\\\x01b"'),
        ("WWW-Authenticate", 'Digest realm="r\\\x00", nonce="b"'),
        ("WWW-Authenticate", 'Digest realm="r", nonce="b", opaque="\x07"'),
        ("WWW-Authenticate", 'Digest realm="r", realm="s", nonce="b"'),
    ],
)
def test_a_challenge_that_cannot_be_read_or_repeated_is_passed_over(odd):
    assert a_client().answer(an_invite(), refused(odd)) is None
    assert a_client().answer(an_invite(), refused(odd, challenge("good")))


def test_a_server_with_ever_new_realms_costs_no_more_than_sixteen():
    client = a_client()
    many = [challenge(f"r{n}") for n in range(40)]
    assert len(client.answer(an_invite(), refused(*many))) == 16
    for n in range(40, 80):
        client.answer(an_invite(), refused(challenge(f"r{n}")))
    kept = read(client.credentials("BYE", URI))
    assert len(kept) == 16
    assert ("Authorization", "r79") in kept


def test_auth_int_alone_is_answered_and_protects_the_body():
    ((_, value),) = a_client().answer(an_invite(body=b"hello"), refused(challenge(qop='"auth-int"')))
    sent = Credentials.parse(value)
    proof = Proof(
        algorithm=Algorithm(Hash.MD5),
        nonce="n1",
        uri=URI,
        method="INVITE",
        qop="auth-int",
        nc="00000001",
        cnonce=sent.cnonce,
        body=b"hello",
    )
    assert (sent.qop, sent.response) == ("auth-int", proof.response(ha1(Hash.MD5, "alice", "r", "wonder")))


def test_of_auth_and_auth_int_auth_is_taken_since_bodies_are_changed_on_the_way():
    (sent,) = read(a_client().answer(an_invite(), refused(challenge(qop='"auth-int, auth"')))).values()
    assert sent.qop == "auth"


def test_the_user_name_is_hashed_when_the_server_knows_how():
    (sent,) = read(a_client().answer(an_invite(), refused(challenge(userhash="true", charset="UTF-8")))).values()
    assert sent.userhash
    assert sent.username == userhash(Hash.MD5, "alice", "r")


def accepted(client, fields, changed=None, *, name="Authentication-Info", body=b"", password="wonder"):
    """A 2xx whose rspauth belongs to the credentials."""
    sent = Credentials.parse(fields[0][1])
    proof = Proof(
        algorithm=Algorithm.named(sent.algorithm),
        nonce=sent.nonce,
        uri=sent.uri,
        method="",
        qop=sent.qop,
        nc=sent.get("nc"),
        cnonce=sent.cnonce,
        body=body,
    )
    rspauth = proof.response(ha1(proof.algorithm.hash, "alice", sent.realm, password))
    values = {"rspauth": f'"{rspauth}"', "qop": sent.qop, "nc": sent.get("nc"), "cnonce": f'"{sent.cnonce}"'}
    text = ", ".join(f"{key}={value}" for key, value in (values | (changed or {})).items() if value)
    return response_to(an_invite(), 200, headers=[(name, text)], body=body)


@pytest.mark.parametrize("proxy", [False, True])
def test_a_server_that_knows_our_secret_is_told_from_one_that_does_not(proxy):
    client = a_client()
    kind = {"name": "Proxy-Authenticate" if proxy else "WWW-Authenticate", "qop": '"auth-int"'}
    fields = client.answer(an_invite(), refused(challenge(**kind)))
    invite = an_invite(fields)
    info = {"name": "Proxy-Authentication-Info" if proxy else "Authentication-Info"}
    assert client.proves(invite, accepted(client, fields, body=b"hi", **info)) is True
    assert client.proves(invite, accepted(client, fields, password="guess", **info)) is False
    assert client.proves(invite, accepted(client, fields, {"nc": "00000002"}, **info)) is False
    assert client.proves(invite, accepted(client, fields, {"cnonce": '"c"'}, **info)) is False
    assert client.proves(invite, accepted(client, fields, {"rspauth": None}, **info)) is None
    assert client.proves(invite, accepted(client, fields, name="X-Info")) is None
    assert client.proves(an_invite(), accepted(client, fields, **info)) is None
    other = Response(200, "OK", accepted(client, fields, body=b"hi", **info).headers, b"ho")
    assert client.proves(invite, other) is False


def test_an_info_that_cannot_be_read_proves_nothing():
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge()))
    damaged = response_to(an_invite(), 200, headers=[("Authentication-Info", 'rspauth="')])
    assert client.proves(an_invite(fields), damaged) is None
    assert client.answer(an_invite(fields), damaged) is None


def test_the_next_nonce_is_taken_and_counted_anew():
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge()))
    response = accepted(client, fields, {"nextnonce": '"n2"'})
    assert client.answer(an_invite(fields), response) is None
    assert client.proves(an_invite(fields), response) is True
    (sent,) = read(client.credentials("BYE", URI)).values()
    assert (sent.nonce, sent.nc) == ("n2", 1)
    assert sent.cnonce != Credentials.parse(fields[0][1]).cnonce


def test_the_next_nonce_of_somebody_who_does_not_know_our_secret_is_not_taken():
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge()))
    client.answer(an_invite(fields), accepted(client, fields, {"nextnonce": '"n2"'}, password="guess"))
    (sent,) = read(client.credentials("BYE", URI)).values()
    assert sent.nonce == "n1"


def test_the_ack_repeats_the_credentials_of_its_invite_byte_for_byte():
    fields = (
        ("Authorization", 'Digest  username="a",realm="r"'),
        ("Proxy-Authorization", "Digest b=c"),
        ("Authorization", "X y"),
    )
    repeated = repeated_in_ack(an_invite(fields))
    assert sorted(repeated) == sorted(fields)
    assert repeated_in_ack(an_invite()) == ()


def test_quotes_and_backslashes_in_a_realm_survive():
    account = Account('al"i\\ce', Secret.of_password("x"))
    ((_, value),) = a_client(account).answer(an_invite(), refused(challenge('a\\"b\\\\')))
    sent = Credentials.parse(value)
    assert (sent.realm, sent.username) == ('a"b\\', 'al"i\\ce')
    assert 'realm="a\\"b\\\\"' in value


def test_what_is_answered_prints_and_no_secret_shows():
    client = a_client()
    fields = client.answer(an_invite(), refused(challenge()))
    assert b"Authorization: Digest username=" in an_invite(fields).encode()
    assert repr(client) == "<DigestClient r>"
    assert repr(a_client()) == "<DigestClient not asked yet>"
    assert "wonder" not in repr(ALICE)


@pytest.mark.parametrize("user", ["", "a\r\nb", "a\0b", "\ud800"])
def test_a_user_name_that_would_not_print_is_refused(user):
    with pytest.raises(StateError):
        Account(user, Secret.of_password("x"))


def test_what_a_client_knows_another_of_the_same_accounts_goes_on_with():
    first = a_client()
    assert first.learn(an_invite(), refused(challenge(opaque='"o"', algorithm="SHA-256")))
    first.credentials("INVITE", URI)
    (known,) = first.known()
    assert (known.nonce, known.count) == ("n1", 1)
    assert "wonder" not in repr(known)
    second = DigestClient((ALICE,), random.Random(2).randbytes)
    second.recall([known])
    assert second.known() == (known,)
    assert second.credentials("BYE", URI) == first.credentials("BYE", URI)


def test_what_no_account_answers_any_more_is_not_known_again():
    first = a_client()
    first.learn(an_invite(), refused(challenge()))
    other = a_client(Account("bob", Secret.of_password("x"), "elsewhere"))
    other.recall(first.known())
    assert other.known() == ()
    assert other.credentials("BYE", URI) == ()


def test_what_is_learnt_uses_up_no_count():
    client = a_client()
    assert client.learn(an_invite(), refused(challenge()))
    ((_, value),) = client.credentials("INVITE", URI)
    assert Credentials.parse(value).nc == 1
    assert not client.learn(an_invite(method="ACK"), refused(challenge(nonce="n2")))
    assert not client.learn(an_invite(), response_to(an_invite(), 200))
