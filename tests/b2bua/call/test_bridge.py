import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call.bridge import OWN, crossing, hops_left, is_routable, next_hop, rack_for, retarget
from sipstack.flow import Flow
from sipstack.message import Request
from sipstack.message import request as build
from sipstack.values import SipUri, parse_uri

NEAR = Flow("192.0.2.10:5060", ("192.0.2.1", 5060))
NEAR_6 = Flow("[2001:db8::10]:5060", ("2001:db8::1", 5060))


def message(*headers: tuple[str, str]) -> Request:
    return build("INVITE", "sip:x@y", headers)


def test_lines_of_one_hop_or_one_dialog_stay_and_the_others_cross_in_order() -> None:
    names = ["X-A", *sorted(OWN - {"content-length"}), "X-B", "Privacy", "X-A"]
    crossed = crossing(message(*[(name, "1") for name in names]))
    assert crossed.keys == ["x-a", "x-b", "privacy", "x-a"]


def test_what_crosses_is_a_copy() -> None:
    sent = message(("X-A", "1"))
    crossing(sent).remove("x-a")
    assert "x-a" in sent.headers


@pytest.mark.parametrize(("given_", "left"), [("70", 69), ("1", 0), ("0", -1), ("255", 254)])
def test_a_hop_is_counted(given_: str, left: int) -> None:
    assert hops_left(message(("Max-Forwards", given_))) == left


def test_a_message_without_max_forwards_starts_at_70() -> None:
    assert hops_left(message()) == 70


@pytest.mark.parametrize(
    ("uri", "sent"),
    [
        ("sip:+3293330000@old.example", "sip:+3293330000@192.0.2.1:5060"),
        ("sip:+3293330000;npdi@old:5080;user=phone", "sip:+3293330000;npdi@192.0.2.1:5060;user=phone"),
        ("sip:%2B32@old;maddr=10.0.0.1;transport=tcp;x=1", "sip:%2B32@192.0.2.1:5060;x=1"),
        ("sip:a@old?Subject=x", "sip:a@192.0.2.1:5060"),
        ("tel:+3293330000", "tel:+3293330000"),
        ("urn:service:sos", "urn:service:sos"),
    ],
)
def test_a_uri_keeps_its_user_and_gets_the_host_of_its_hop(uri: str, sent: str) -> None:
    assert retarget(uri, NEAR) == sent


def test_an_ipv6_host_is_bracketed() -> None:
    assert retarget("sip:a@b", NEAR_6) == "sip:a@[2001:db8::1]:5060"


@pytest.mark.parametrize(
    ("uri", "routable"),
    [
        ("sip:+3293330000@a", True),
        ("SIP:+3293330000@a", True),
        ("tel:+3293330000", True),
        ("sips:+3293330000@a", False),
        ("urn:service:sos", True),
        ("urn:service:counseling", False),
        ("http://a/", False),
        ("sip:", False),
    ],
)
def test_a_uri_of_another_scheme_than_sip_and_tel_cannot_be_asked_for(uri: str, routable: bool) -> None:
    assert is_routable(uri) is routable


@given(st.text(max_size=60))
def test_retarget_raises_nothing(uri: str) -> None:
    assert isinstance(retarget(uri, NEAR), str)


@pytest.mark.parametrize(
    ("value", "renumbered"),
    [("77 1 INVITE", "77 9 INVITE"), ("  77\t 1  INVITE ", "77 9 INVITE"), ("77 INVITE", None), ("a 1 INVITE", None)],
)
def test_a_rack_gets_the_number_of_its_leg(value: str, renumbered: str | None) -> None:
    assert rack_for(value, 9) == renumbered


@pytest.mark.parametrize(
    ("uri", "remote"),
    [
        ("sip:a@192.0.2.7", ("192.0.2.7", 5060)),
        ("sip:a@192.0.2.7:5080", ("192.0.2.7", 5080)),
        ("sip:a@192.0.2.1:5060", NEAR.remote),
        ("sip:a@192.0.2.1:5080", ("192.0.2.1", 5080)),
        ("sip:a@name.example", NEAR.remote),
        ("sip:a@[2001:db8::1]", NEAR.remote),
        ("tel:+32", NEAR.remote),
        ("<not a uri", NEAR.remote),
    ],
)
def test_a_request_goes_to_the_numeric_address_of_its_uri_or_to_the_peers_flow(
    uri: str, remote: tuple[str, int]
) -> None:
    hop = next_hop(uri, NEAR)
    assert hop.remote == remote
    assert hop.socket == NEAR.socket


def test_an_ipv6_uri_is_reached_from_an_ipv6_socket() -> None:
    assert next_hop("sip:a@[2001:DB8::7]:5080", NEAR_6).remote == ("2001:db8::7", 5080)


uris = st.builds(
    "{}:{}{}{}{}{}".format,
    st.sampled_from(["sip", "SIP", "sips"]),
    st.sampled_from(["", "+3293330000@", "a;npdi:p@", "%40x@"]),
    st.sampled_from(["host", "192.0.2.7", "[2001:db8::7]"]),
    st.sampled_from(["", ":5070"]),
    st.sampled_from(["", ";user=phone", ";maddr=x;lr", ";TRANSPORT=tcp;user=phone;transport=udp", ";x=1;x"]),
    st.sampled_from(["", "?Subject=1"]),
)


@given(uris, st.sampled_from([NEAR, NEAR_6]))
def test_a_uri_that_is_sent_on_is_the_same_with_another_host(uri: str, flow: Flow) -> None:
    before, after = parse_uri(uri), parse_uri(retarget(uri, flow))
    assert isinstance(before, SipUri)
    parameters = before.parameters.without("maddr").without("transport")
    host, port = flow.remote
    shown = f"[{host}]" if ":" in host else host
    assert after == attrs.evolve(before, host=shown, port=port, parameters=parameters, headers="")
