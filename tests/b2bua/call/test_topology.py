"""Which hosts are hidden, where they stand, and that nothing else changes."""

from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from b2bua.call import topology
from b2bua.call.departure import depart
from b2bua.call.leg import Leg
from b2bua.call.topology import PLACES, Side, hide, is_concerned, shown_by
from b2bua.config import Part
from b2bua.identity.screening import CARRIERS
from b2bua.trunk import Socket, Trunks
from sipstack.dialog import Dialog
from sipstack.flow import Flow
from sipstack.message import Headers, Request, parse
from sipstack.values.registry import canonical
from tests.world.scene import CONFIG

ABROAD, HOME = Trunks.of(CONFIG).all
SHOWN = "gw.example"


def leg(trunk: str = "abroad", **changes: Any) -> Leg:
    one = attrs.evolve(ABROAD if trunk == "abroad" else HOME, **changes)
    return Leg(
        trunk=one, flow=Flow(one.sockets[0].name, ("192.0.2.1", 5060)), socket=one.sockets[0], call_id="c", tag="t"
    )


def invite(
    *headers: str, uri: str = "sip:+3293330000@192.0.2.10", contact: str = "sip:x@sbc.carrier.example"
) -> Request:
    lines = [
        f"INVITE {uri} SIP/2.0",
        "Via: SIP/2.0/UDP proxy.carrier.example:5080;branch=z9hG4bK1;received=10.0.0.9",
        "Via: SIP/2.0/UDP [2001:db8:9::5]:5060;branch=z9hG4bK0",
        "Record-Route: <sip:edge.carrier.example;lr>",
        f"From: <sip:+33612345678@192.0.2.1>;tag=a\r\nTo: <{uri}>\r\nCall-ID: c\r\nCSeq: 1 INVITE",
        f"Contact: <{contact}>",
        *headers,
        "Content-Length: 0\r\n\r\n",
    ]
    request = parse("\r\n".join(lines).encode())
    assert isinstance(request, Request)
    return request


def hidden(*lines: str) -> list[str]:
    """The lines as they leave, of an INVITE from abroad that has them."""
    message = invite(*lines)
    headers = message.headers.without(set(message.headers.keys) - set(PLACES) - {"x-unknown", "identity"})
    return hide(headers, Side(leg(), message), SHOWN).lines[2:]


def test_from_and_to_lose_the_addresses_of_their_side() -> None:
    message = invite()
    lines = hide(message.headers, Side(leg(), message), SHOWN).lines
    assert f"From: <sip:+33612345678@{SHOWN}>;tag=a" in lines
    assert f"To: <sip:+3293330000@{SHOWN}>" in lines


@pytest.mark.parametrize("key", sorted({*CARRIERS, "p-called-party-id", "refer-to", "error-info"} - {"from"}))
def test_every_header_that_names_somebody_loses_them(key: str) -> None:
    name = canonical(key)
    assert hidden(f'{name}: "A" <sip:+33612345678@192.0.2.1:5066;user=phone?a=b>;x="<sip:y@192.0.2.1>"') == [
        f'{name}: "A" <sip:+33612345678@{SHOWN};user=phone?a=b>;x="<sip:y@192.0.2.1>"'
    ]


@pytest.mark.parametrize(
    "host",
    [
        "192.0.2.1",  # a peer, a target, where the INVITE came from
        "192.0.2.10",  # ours
        "sbc.carrier.example",  # Contact
        "SBC.Carrier.Example.",
        "proxy.carrier.example",  # Via
        "10.0.0.9",  # where the first proxy saw it come from
        "[2001:db8:9::5]",  # a Via below
        "[2001:DB8:9:0:0:0:0:5]",
        "[::ffff:10.0.0.9]",
        "edge.carrier.example",  # Record-Route
    ],
)
def test_a_host_that_reaches_them_or_us_is_hidden(host: str) -> None:
    for value in (f"<sip:1@{host}>", f"<sip:1@{host}:5060;x>", f"sip:1@{host};y=z", f"<SIPS:{host}>", f"sip:{host}"):
        assert hidden(f"P-Asserted-Identity: {value}")[0].count(SHOWN) == 1, value


@pytest.mark.parametrize(
    "value",
    [
        "<sip:1@carrier.example>",
        "<sip:1@192.0.2.2>",
        "<sip:1@192.0.2.1.example>",
        "<sip:1@xsbc.carrier.example>",
        "<sip:192.0.2.1@carrier.example>",
        "<sip:1:192.0.2.1@carrier.example>",
        "<sip:1@carrier.example;maddr=x>",
        '"sip:1@192.0.2.1" <tel:+33612345678>',
        '"<sip:1@192.0.2.1>" <sip:1@carrier.example>',
        "<tel:+33612345678;phone-context=192.0.2.1>",
        "<http://192.0.2.1/picture.jpg>",
        '"never closed <sip:1@192.0.2.1>',
    ],
)
def test_what_is_no_host_of_theirs_or_ours_stays(value: str) -> None:
    assert hidden(f"Call-Info:{value}") == [f"Call-Info:{value}"]


def test_names_that_nobody_has_stay() -> None:
    message = invite("Reply-To: <sip:anonymous@anonymous.invalid>", contact="sip:x@anonymous.invalid")
    assert "Reply-To: <sip:anonymous@anonymous.invalid>" in hide(message.headers, Side(leg(), message), SHOWN).lines


def test_each_value_of_a_line_is_looked_at() -> None:
    values = "P-Asserted-Identity: sip:1@192.0.2.1, <tel:+33612345678>,<sip:2@192.0.2.10>, sip:3@kept.example"
    assert hidden(values) == [
        f"P-Asserted-Identity: sip:1@{SHOWN}, <tel:+33612345678>,<sip:2@{SHOWN}>, sip:3@kept.example"
    ]


def test_a_folded_line_is_one_line_and_keeps_its_folds_when_it_stays() -> None:
    assert hidden('Diversion: "a\r\n b"\r\n\t<sip:1@192.0.2.1>') == [f'Diversion: "a b" <sip:1@{SHOWN}>']
    assert hidden('Diversion: "a\r\n b"\r\n\t<sip:1@kept>') == ['Diversion: "a\r\n b"\r\n\t<sip:1@kept>']


@pytest.mark.parametrize(
    ("line", "made"),
    [
        (
            'Warning: 399 192.0.2.1:5060 "192.0.2.1 is full", 301 kept "x"',
            f'399 {SHOWN} "192.0.2.1 is full", 301 kept "x"',
        ),
        ("P-Charging-Vector: icid-value=a1;icid-generated-at=192.0.2.1;orig-ioi=x", f"icid-generated-at={SHOWN}"),
        ('P-Charging-Vector: icid-value="192.0.2.1";icid-generated-at="10.0.0.9"', 'icid-value="192.0.2.1"'),
        ("P-Charging-Function-Addresses: ccf=192.0.2.1;ecf=kept;ccf=10.0.0.9", f"ccf={SHOWN};ecf=kept;ccf={SHOWN}"),
    ],
)
def test_agents_and_makers_of_identifiers_are_hidden(line: str, made: str) -> None:
    (found,) = hidden(line)
    assert made in found
    assert "10.0.0.9" not in found


def test_a_signed_header_and_an_unknown_one_stay() -> None:
    lines = ["Identity: abc;info=<sip:x@192.0.2.1>;alg=ES256", "X-Unknown: <sip:x@192.0.2.1>"]
    assert hidden(*lines) == lines


def test_an_address_of_a_whole_network_of_peers_is_hidden() -> None:
    from b2bua.config import Peer

    one = leg(peers=(Peer.parse("203.0.113.0/24"), Peer.parse("2001:db8:7::/48")))
    message = invite("Diversion: <sip:1@203.0.113.77>, <sip:2@[2001:db8:7::1]>, <sip:3@203.0.114.1>")
    lines = hide(message.headers, Side(one, message), SHOWN).lines
    assert f"Diversion: <sip:1@{SHOWN}>, <sip:2@{SHOWN}>, <sip:3@203.0.114.1>" in lines


def test_in_a_dialog_the_target_and_the_routes_are_known() -> None:
    one = leg()
    one.dialog = Dialog.as_callee(invite(contact="sip:x@198.18.0.7"), "t")
    update = Request("UPDATE", "sip:gw", Headers.of([("P-Asserted-Identity", "<sip:1@198.18.0.7>")]))
    assert hide(update.headers, Side(one, update), SHOWN).lines == [f"P-Asserted-Identity: <sip:1@{SHOWN}>"]


def test_we_are_shown_as_the_trunk_says_and_else_as_its_socket_does() -> None:
    assert shown_by(leg()) == "192.0.2.10"
    assert shown_by(leg(domain=SHOWN)) == SHOWN
    other = leg()
    other.socket = Socket("x", False, "gw.example:5080")
    assert shown_by(other) == "gw.example:5080"


def test_a_message_that_names_nobody_costs_no_look_at_its_hosts() -> None:
    headers = Headers.of([("Subject", "x"), ("X-Unknown", "<sip:x@192.0.2.1>")])
    assert not is_concerned(headers)
    assert depart(headers, leg(), leg("home"), invite(), part=Part.DIALOG) is headers


def test_a_line_made_to_be_tried_for_ever_is_not() -> None:
    for piece in ('"', "<sip:", ",sip:", "sip:a@", "<sip:a@192.0.2.1", ", ", '\\"', "<sip:192.0.2.1 "):
        value = (piece * 60_000)[:60_000]
        for key in ("diversion", "warning", "p-charging-vector"):
            headers = Headers([key], [f"{key}: {value}"])
            hide(headers, Side(leg(), invite()), SHOWN)


hosts = st.sampled_from(["192.0.2.1", "192.0.2.10:5060", "sbc.carrier.example", "10.0.0.9:1", "[2001:db8:9::5]"])
others = st.sampled_from(["carrier.example", "192.0.2.99:5060", "[2001:db8::99]", "anonymous.invalid"])
users = st.from_regex(r"([+0-9A-Za-z;=%_.?,/&$-]{1,20}(:[0-9a-z]{1,4})?@)?", fullmatch=True)
rests = st.from_regex(r"(;[a-z]{1,8}(=[a-z0-9]{1,8})?){0,2}(\?[a-z]=[a-z%0-9]{1,5})?", fullmatch=True)
names = st.one_of(
    st.just(""),
    st.from_regex(r'"([a-z <>@:,;]|\\")*" ?', fullmatch=True),
    st.from_regex(r"[A-Za-z0-9 .]{0,10} ", fullmatch=True),
)


@st.composite
def values(draw: st.DrawFn) -> tuple[str, str]:
    """A list of addresses, and the same with our name in place of each hidden host."""
    written, expected = [], []
    for _ in range(draw(st.integers(1, 3))):
        name, scheme, user = draw(names), draw(st.sampled_from(["sip:", "sips:", "SIP:"])), draw(users)
        host, is_hidden = draw(st.one_of(hosts.map(lambda h: (h, True)), others.map(lambda h: (h, False))))
        rest = draw(rests)
        written.append(f"{name}<{scheme}{user}{host}{rest}>;x=y")
        expected.append(f"{name}<{scheme}{user}{SHOWN if is_hidden else host}{rest}>;x=y")
    space = draw(st.sampled_from([",", ", ", " ,"]))
    return space.join(written), space.join(expected)


@given(values(), st.sampled_from(sorted(key for key in CARRIERS if key != "from")))
def test_all_but_the_host_is_byte_for_byte_the_same(value: tuple[str, str], key: str) -> None:
    written, expected = value
    headers = Headers([key], [f"{key} :{written}"])
    assert hide(headers, Side(leg(), invite()), SHOWN).lines == [f"{key} :{expected}"]


@given(st.text(max_size=60), st.sampled_from(sorted(PLACES)))
def test_whatever_stands_there_is_looked_at_without_fault_and_once_is_enough(text: str, key: str) -> None:
    side = Side(leg(), invite())
    once = hide(Headers([key], [f"{key}: {text}<sip:1@192.0.2.1>"]), side, SHOWN)
    assert hide(once, side, SHOWN) is once


pieces = st.sampled_from(
    [
        *(
            '"a" ',
            '"',
            "a ",
            "<",
            ">",
            "sip:",
            "SIPS:",
            "\u017fip:",
            "u@",
            "192.0.2.1",
            "192.0.2.10",
            "carrier.example",
        ),
        *(":5060", ";x=y", "?a=b", ",", ", ", " ", "\t", ":", "\\", "[2001:db8:9::5]", ";x=<sip:192.0.2.1>", "\0"),
    ]
)


@given(st.lists(pieces, max_size=10).map("".join))
@example('"\0" <sip:192.0.2.1>')
@example("sip:192.0.2.1;x <sip:carrier.example>")
@example("<sip:carrier.example>,sip:192.0.2.1")
def test_what_is_hidden_is_what_a_search_through_the_whole_value_hides(value: str) -> None:
    holds = Side(leg(), invite()).holds
    searched = topology._searched(topology._URI, value, SHOWN, holds)
    assert topology._replace(topology._URI, value, SHOWN, holds) == searched
