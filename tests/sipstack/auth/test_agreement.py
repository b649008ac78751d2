"""The two sides against each other, over the wire's own form."""

import random

from hypothesis import given
from hypothesis import strategies as st

from sipstack.auth import (
    AVAILABLE,
    Account,
    Algorithm,
    Authenticated,
    Challenged,
    DigestClient,
    DigestServer,
    NonceMemory,
    Protection,
    Refused,
    Secret,
    ha1,
    userhash,
)
from sipstack.errors import ParseError
from sipstack.message import parse, request, response_to

ALGORITHMS = [Algorithm(each, session=session) for each in AVAILABLE for session in (False, True)]
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text.strip()
)
passwords = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
methods = st.sampled_from(["REGISTER", "INVITE", "MESSAGE"])
qops = st.sampled_from([("auth",), ("auth-int",), ("auth-int", "auth")])
algorithms = st.lists(st.sampled_from(ALGORITHMS), min_size=1, max_size=3, unique=True).map(tuple)
IDENTITY = [
    ("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"),
    ("From", "<sip:a@a>;tag=1"),
    ("To", "<sip:b@b>"),
    ("Call-ID", "c"),
]


def a_pair(user, password, realm, *, algorithms, qops, proxy=False, hashed=False, stored=False, seed=0):
    """A server that knows the user, and a client that is the user."""
    account = Account(user, Secret.of_password(password))
    secret = account.secret
    if stored:
        secret = Secret.of_ha1({each: secret.ha1(each, account.user, realm) for each in AVAILABLE})
    protection = Protection(realm=realm, algorithms=algorithms, qops=qops, proxy=proxy)

    def unhash(text, algorithm):
        return account.user if text == userhash(algorithm.hash, account.user, realm) else None

    randbytes = random.Random(seed).randbytes
    server = DigestServer(
        protection, bytes(32), randbytes, {account.user: secret}.get, unhash=unhash if hashed else None
    )
    return server, DigestClient((account,), randbytes)


def carried(method, fields, body=b"", number=1):
    """The request as it comes out of the wire."""
    headers = [*IDENTITY, ("CSeq", f"{number} {method}"), *fields]
    return parse(request(method, "sip:b@b", headers, body).encode())


def answered(asked, outcome):
    return parse(response_to(asked, outcome.status, headers=outcome.headers).encode())


def talk(server, client, method, body, now=0.0):
    """One request, challenged and repeated: what the server makes of the repetition, and the repetition."""
    asked = carried(method, client.credentials(method, "sip:b@b", body), body)
    outcome = server.judge(asked, now)
    if not isinstance(outcome, Challenged):
        return outcome, asked
    fields = client.answer(asked, answered(asked, outcome))
    repeated = carried(method, fields, body, 2)
    return server.judge(repeated, now), repeated


@given(
    user=names,
    password=passwords,
    realm=names.filter(str.isprintable),
    method=methods,
    body=st.binary(max_size=20),
    algorithms=algorithms,
    qops=qops,
    proxy=st.booleans(),
    hashed=st.booleans(),
    stored=st.booleans(),
)
def test_both_sides_agree_whoever_asks_and_however(user, password, realm, method, body, **how):
    server, client = a_pair(user, password, realm, **how)
    outcome, asked = talk(server, client, method, body)
    assert isinstance(outcome, Authenticated)
    assert outcome.user == client.accounts[0].user
    answer = parse(response_to(asked, 200, headers=server.info(outcome, 0.0, body=b"ok"), body=b"ok").encode())
    assert client.proves(asked, answer) is True
    again, _ = talk(server, client, method, body, 1.0)
    assert isinstance(again, Authenticated)


@given(
    password=passwords,
    guess=passwords,
    algorithms=algorithms,
    qops=qops,
)
def test_another_password_never_opens(password, guess, **how):
    server, _ = a_pair("u", password, "r", **how)
    _, client = a_pair("u", guess, "r", **how)
    outcome, asked = talk(server, client, "REGISTER", b"")
    if Secret.of_password(password) == Secret.of_password(guess):
        assert isinstance(outcome, Authenticated)
    else:
        assert isinstance(outcome, Challenged)
        assert client.answer(asked, answered(asked, outcome)) is None


PROVED = ("username", "realm", "nonce", "uri", "response", "nc", "cnonce", "qop", "algorithm")


@given(st.data(), algorithms, st.sampled_from(PROVED), st.integers(0, 255))
def test_one_changed_byte_of_what_is_proved_never_opens(data, algorithms, name, byte):
    server, client = a_pair("user", "password", "realm", algorithms=algorithms, qops=("auth", "auth-int"))
    asked = carried("REGISTER", ())
    fields = client.answer(asked, answered(asked, server.judge(asked, 0.0)))
    ((_, value),) = fields
    start = value.index(f"{name}=") + len(name) + 1
    end = value.find(",", start) if "," in value[start:] else len(value)
    at = data.draw(st.integers(start, end - 1))
    wire = carried("REGISTER", fields).encode()
    spot = wire.index(value.encode()) + at
    if wire[spot] == byte:
        return
    try:
        changed = parse(wire[:spot] + bytes([byte]) + wire[spot + 1 :])
    except ParseError:
        return
    outcome = server.judge(changed, 0.0)
    # A parameter without quotes names the same in either case, and blanks around it are nothing.
    if name in ("qop", "algorithm") and isinstance(outcome, Authenticated):
        assert bytes([byte]).lower() == wire[spot : spot + 1].lower()
        return
    assert isinstance(outcome, Challenged | Refused)
    assert len(server.memory) == 0


@given(st.binary(max_size=60))
def test_whatever_the_credentials_hold_the_server_has_an_answer(junk):
    server, _ = a_pair("u", "p", "r", algorithms=(ALGORITHMS[0],), qops=("auth",))
    text = b'Digest realm="r", ' + junk.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    wire = (
        carried("REGISTER", [("Authorization", "X")]).encode().replace(b"Authorization: X", b"Authorization: " + text)
    )
    assert isinstance(server.judge(parse(wire), 0.0), Challenged | Refused)


@given(st.binary(max_size=60))
def test_whatever_the_challenge_holds_the_client_answers_or_does_not(junk):
    _, client = a_pair("u", "p", "r", algorithms=(ALGORITHMS[0],), qops=("auth",))
    asked = carried("REGISTER", ())
    text = b'Digest realm="r", nonce="n", ' + junk.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    wire = response_to(asked, 401, headers=[("WWW-Authenticate", "X")]).encode()
    fields = client.answer(asked, parse(wire.replace(b"WWW-Authenticate: X", b"WWW-Authenticate: " + text)))
    for name, value in fields or ():
        parse(carried("REGISTER", [(name, value)]).encode())


@given(st.lists(st.sampled_from(["ask", "replay", "wait", "overtake"]), max_size=30), st.integers(1, 3))
def test_a_request_is_believed_once_whatever_happens_between(history, capacity):
    server, client = a_pair("u", "p", "r", algorithms=(ALGORITHMS[0],), qops=("auth",))
    server.memory = NonceMemory(capacity)
    believed, sent, held, now = set(), [], [], 0.0

    def arrive(wire):
        if isinstance(server.judge(parse(wire), now), Authenticated):
            assert wire not in believed
            believed.add(wire)
            return True
        return False

    for step in history:
        if step == "ask":
            outcome, asked = talk(server, client, "REGISTER", b"", now)
            assert isinstance(outcome, Authenticated)
            believed.add(asked.encode())
            sent.append(asked.encode())
        elif step == "overtake":
            held.append(carried("REGISTER", client.credentials("REGISTER", "sip:b@b"), number=len(held) + 10).encode())
        elif step == "wait":
            now += 100.0
            for wire in reversed(held):
                arrive(wire)
            sent += held
            held = []
        else:
            for wire in sent:
                assert not arrive(wire)
    assert len(server.memory) <= capacity


def test_a_stored_ha1_is_of_the_name_in_its_composed_form():
    account = Account("e\u0301", Secret.of_password("p"))
    assert ha1(AVAILABLE[0], account.user, "r", "p") == account.secret.ha1(AVAILABLE[0], "\u00e9", "r")
