from sipstack.message import parse
from sipstack.transaction import client_key, sent_by, server_key
from sipstack.values import Via


def request(
    method="INVITE", *, via="SIP/2.0/UDP a.example;branch=z9hG4bKx", uri="sip:b@b.example", to="<sip:b@b>", cseq=1
):
    return parse(
        f"{method} {uri} SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@a>;tag=f\r\nTo: {to}\r\nCall-ID: c\r\n"
        f"CSeq: {cseq} {method}\r\n\r\n".encode()
    )


def response(cseq, branch="z9hG4bKx"):
    return parse(
        f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a.example;branch={branch}\r\nFrom: <sip:a@a>;tag=f\r\n"
        f"To: <sip:b@b>;tag=t\r\nCall-ID: c\r\nCSeq: {cseq}\r\n\r\n".encode()
    )


def test_a_response_has_the_key_of_its_request():
    assert client_key(response("1 INVITE")) == client_key(request())


def test_the_response_to_a_cancel_is_told_from_that_to_its_invite_by_the_method():
    assert client_key(response("1 CANCEL")) != client_key(request())


def test_another_branch_is_another_transaction():
    assert client_key(response("1 INVITE", "z9hG4bKy")) != client_key(request())


def test_the_branch_is_compared_without_case_as_tokens_are():
    assert client_key(response("1 INVITE", "Z9HG4BKX")) == client_key(request())


def test_an_ack_has_the_key_of_its_invite():
    assert server_key(request("ACK")) == server_key(request())


def test_a_cancel_has_a_key_of_its_own_and_finds_its_invite():
    assert server_key(request("CANCEL")) != server_key(request())
    assert server_key(request("CANCEL"), "INVITE") == server_key(request())


def test_the_same_branch_from_another_host_or_port_is_another_transaction():
    keys = {
        server_key(request(via=f"SIP/2.0/UDP {host};branch=z9hG4bKx"))
        for host in ("a.example", "b.example", "a.example:5070")
    }
    assert len(keys) == 3


def test_sent_by_is_compared_without_case_and_with_its_default_port():
    assert sent_by(Via.parse("SIP/2.0/UDP A.example")) == sent_by(Via.parse("SIP/2.0/UDP a.EXAMPLE:5060"))
    assert sent_by(Via.parse("SIP/2.0/TLS a.example")) == sent_by(Via.parse("SIP/2.0/TLS a.example:5061"))
    assert sent_by(Via.parse("SIP/2.0/TCP a.example")) != sent_by(Via.parse("SIP/2.0/TLS a.example"))


def test_a_client_key_is_never_a_server_key():
    assert client_key(request()) != server_key(request())


OLD = "SIP/2.0/UDP a.example;branch=1"


def test_without_the_cookie_the_whole_identity_counts():
    first = server_key(request(via=OLD))
    assert server_key(request(via=OLD)) == first
    assert server_key(request(via=OLD, cseq=2)) != first
    assert server_key(request(via=OLD, uri="sip:c@b.example")) != first
    assert server_key(request(via="SIP/2.0/UDP a.example;branch=2")) != first
    assert server_key(request(via="SIP/2.0/UDP a.example")) != first


def test_without_the_cookie_the_ack_to_a_failure_finds_its_invite_though_it_has_a_to_tag():
    assert server_key(request("ACK", via=OLD, to="<sip:b@b>;tag=t")) == server_key(request(via=OLD))


def test_a_branch_cannot_imitate_the_rest_of_a_key():
    plain = server_key(request(via="SIP/2.0/UDP a.example;branch=z9hG4bKx"))
    forged = server_key(request(via='SIP/2.0/UDP h;branch="z9hG4bK a.example:5060 z9hG4bKx"'))
    assert plain != forged
