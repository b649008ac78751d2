import pytest

from sipstack.flow import Flow
from sipstack.message import parse
from sipstack.transaction import client_key, sent_by, server_key
from sipstack.transaction.key import copy_key, merge_key
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


# What a request is also known by.

HERE = Flow("inside", ("192.0.2.1", 5060))


def test_the_same_datagram_by_the_same_socket_from_the_same_source_is_a_copy():
    assert copy_key(b"OPTIONS", HERE) == copy_key(b"OPTIONS", Flow("inside", ("192.0.2.1", 5060)))


@pytest.mark.parametrize(
    ("data", "flow"),
    [
        (b"OPTIONS ", HERE),
        (b"OPTIONS", Flow("inside", ("192.0.2.1", 5061))),
        (b"OPTIONS", Flow("inside", ("192.0.2.2", 5060))),
        (b"OPTIONS", Flow("outside", ("192.0.2.1", 5060))),
    ],
)
def test_another_byte_port_host_or_socket_makes_another_datagram(data, flow):
    assert copy_key(data, flow) != copy_key(b"OPTIONS", HERE)


def test_a_stream_repeats_nothing_and_neither_responses_nor_acks_open_a_transaction():
    assert copy_key(b"OPTIONS", Flow("inside", ("192.0.2.1", 5060), "TCP")) is None
    assert copy_key(b"SIP/2.0 200 OK", HERE) is None
    assert copy_key(b"ACK sip:b@b SIP/2.0", HERE) is None


def test_a_copy_is_as_short_for_a_long_datagram():
    _, digest = copy_key(b"x" * 65_000, HERE)
    assert len(digest) == 16


def test_the_way_a_request_came_is_not_part_of_what_merges_it():
    assert merge_key(request(via="SIP/2.0/UDP b.example;branch=z9hG4bKy", uri="sip:c@c")) == merge_key(request())


def test_what_merges_a_request_is_its_number_method_call_and_sender():
    keys = {merge_key(request()), merge_key(request("OPTIONS")), merge_key(request(cseq=2))}
    assert len(keys) == 3
    assert None not in keys


@pytest.mark.parametrize("asked", [request("ACK"), request("CANCEL"), request(to="<sip:b@b>;tag=t")])
def test_neither_ack_nor_cancel_nor_a_request_within_a_dialog_is_merged(asked):
    assert merge_key(asked) is None


def test_a_from_tag_cannot_imitate_another_call():
    plain = parse(request().encode().replace(b"tag=f", b'tag="g"'))
    forged = parse(request().encode().replace(b"tag=f", b'tag="x c g"'))
    assert merge_key(plain) != merge_key(forged)
