"""What must hold of whatever stands in a challenge, in credentials, or in a server's proof (RFC 7616, RFC 8760)."""

import random
from typing import Final

import attrs

from sipstack.auth import (
    Account,
    Algorithm,
    Authenticated,
    Challenged,
    DigestClient,
    DigestServer,
    NonceMemory,
    Proof,
    Protection,
    Refused,
    Secret,
)
from sipstack.auth.client import CREDENTIALS
from sipstack.errors import ParseError, StateError
from sipstack.message import Headers, Request, parse, response_to
from sipstack.message import request as build
from sipstack.message.headers import has_stray_control
from sipstack.values import Challenge, Credentials

REALM: Final = "example.org"
_KEY: Final = bytes(range(32))
_USERS: Final = {"alice": Secret.of_password("wonder")}
_MARK: Final = b"\r\n"


def challenged(data: bytes) -> None:
    """A client answers what it can and says nothing else: each line of the data is one challenge or one proof."""
    client = DigestClient((Account("alice", Secret.of_password("wonder")),), random.Random(1).randbytes)
    request = _request("REGISTER")
    for lines in _batches(data):
        status = (401, 407, 200)[len(lines[0]) % 3] if lines else 401
        response = response_to(request, status, to_tag="b")
        name = {401: "WWW-Authenticate", 407: "Proxy-Authenticate", 200: "Authentication-Info"}[status]
        for line in lines:
            text = line.decode("utf-8", "surrogateescape")
            if not has_stray_control(text):
                response.headers.add(name, text)
        try:
            response = parse(response.encode())
        except ParseError:  # too many commas in one line
            return
        answered = client.answer(request, response)
        client.proves(request, response)
        if answered is None:
            continue
        assert 0 < len(answered) <= 32
        for key in CREDENTIALS:
            request.headers.remove(key)
        for name, value in answered:
            assert not has_stray_control(value)
            assert all(each >= " " and each != "\x7f" for each in value)
            one = Credentials.parse(value)
            assert str(one) == value
            assert one.is_digest
            assert one.response
            request.headers.add(name, value)
        request = parse(request.encode())


def _batches(data: bytes) -> list[list[bytes]]:
    lines = data.split(_MARK)[:12]
    return [lines[at : at + 3] for at in range(0, len(lines), 3)]


def judged(data: bytes) -> None:
    """A server takes nothing but a right answer to a nonce of its own, once, and never raises."""
    server = DigestServer(
        Protection(realm=REALM, qops=("auth", "auth-int"), match_uri=bool(len(data) % 2)),
        _KEY,
        random.Random(2).randbytes,
        _USERS.get,
        unhash=lambda text, algorithm: "alice" if text == "alice" else None,
        memory=NonceMemory(),
    )
    lines = [line.decode("utf-8", "surrogateescape") for line in data.split(_MARK)[:4]]
    lines = [line for line in lines if not has_stray_control(line)]
    request = _request("INVITE", *lines)
    outcome = server.judge(request, 1.0)
    assert isinstance(outcome, Challenged | Refused), "nobody knows its nonces"
    if isinstance(outcome, Challenged):
        for _, value in outcome.headers:
            assert str(Challenge.parse(value)) == value
    else:
        assert 400 <= outcome.status < 500
    for line in lines:
        _proved(server, line)


def _proved(server: DigestServer, line: str) -> None:
    """The same credentials with our nonce and the right response: once they do, twice they do not."""
    try:
        sent = Credentials.parse(line)
    except ParseError:
        return
    nonce = Challenge.parse(server.challenge(2.0).headers[0][1]).nonce
    algorithm = Algorithm.named(sent.algorithm)
    if not sent.is_digest or algorithm is None or sent.username is None or nonce is None:
        return
    proof = Proof(
        algorithm=algorithm,
        nonce=nonce,
        uri=sent.uri or "",
        method="INVITE",
        qop=sent.qop,
        nc=sent.get("nc") or "",
        cnonce=sent.cnonce or "",
    )
    ha1 = _USERS["alice"].ha1(algorithm.hash, "alice", REALM)
    assert ha1 is not None
    try:
        made = _with(sent, {"nonce": nonce, "response": proof.response(ha1)})
        request = _request("INVITE", str(made))
    except StateError:
        return
    assert isinstance(server.judge(_request("INVITE", str(made), str(made)), 3.0), Challenged | Refused), "two at once"
    outcome = server.judge(request, 3.0)
    assert isinstance(server.judge(request, 3.0), Challenged | Refused), "taken twice"
    if isinstance(outcome, Authenticated):
        assert outcome.user == "alice"
        assert sent.realm == REALM
        info = server.info(outcome, 3.0)
        assert not any(has_stray_control(value) for _, value in info)
        response_to(request, 200, headers=info).encode()


def _with(sent: Credentials, changes: dict[str, str]) -> Credentials:
    kept = tuple(item for item in sent.items if item[0].lower() not in changes)
    return attrs.evolve(sent, items=(*kept, *((name, f'"{value}"') for name, value in changes.items())))


def _request(method: str, *credentials: str) -> Request:
    fields = [
        ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"),
        ("From", "<sip:alice@example.org>;tag=a"),
        ("To", "<sip:bob@example.org>"),
        ("Call-ID", "1"),
        ("CSeq", f"1 {method}"),
    ]
    made = build(method, "sip:example.org", fields)
    for value in credentials:
        made.headers.extend(Headers.of([("Authorization", value)]))
    return made
