import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Parameters, Via

VIAS = st.builds(
    Via,
    st.sampled_from(["UDP", "TCP", "TLS", "SCTP", "WSS", "UNKNOWN-9"]),
    st.from_regex(r"[A-Za-z0-9.\-_]{1,20}|\[[0-9a-fA-F:.]{2,20}\]", fullmatch=True),
    st.none() | st.integers(0, 65535),
    parameters=st.sampled_from(["", ";branch=z9hG4bK-.!%66*_+`'~;rport", ";received=192.0.2.1;rport=5060"]).map(
        Parameters.parse
    ),
)


@given(VIAS)
def test_a_via_survives_print_and_parse(via: Via) -> None:
    assert Via.parse(str(via)) == via


@given(st.text(st.sampled_from("SIP/2.0 UDPhost:5060;=,\t[]")) | VIAS.map(lambda via: str(via)[:-1] + "\x0b"))
def test_any_text_is_a_via_or_a_parse_error(text: str) -> None:
    try:
        via = Via.parse(text)
    except ParseError:
        return
    assert Via.parse(str(via)) == via


def test_blanks_around_the_separators_are_borne() -> None:
    via = Via.parse("sip  / 2.0\t/ tcp     spindle.example.com  : 5061 ; branch  =   z9hG4bK9ikj8  ")
    assert via == Via("TCP", "spindle.example.com", 5061, parameters=Parameters((("branch", "z9hG4bK9ikj8"),)))


def test_what_the_transaction_layer_asks_for_is_named() -> None:
    via = Via.parse("SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];rport=5070;branch=z9hG4bKas3")
    assert (via.host, via.port) == ("[2001:db8::9:1]", None)
    assert (via.branch, via.received, via.rport) == ("z9hG4bKas3", "[2001:db8::9:255]", 5070)


def test_an_rport_that_asks_has_no_number_yet() -> None:
    via = Via.parse("SIP/2.0/UDP h;rport")
    assert via.rport is None
    assert "rport" in via.parameters
    assert (via.branch, via.received) == (None, None)


def test_several_hops_in_one_value_are_read_in_order() -> None:
    assert [via.host for via in Via.parse_list("SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b")] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0 host",
        "SIP/3.0/UDP host",
        "SIP/2.0/UDP host, SIP/2.0/UDP b",
        "SIP/2.0/UDP 192.0.2.15;;,;,,",
        "SIP/2.0/UDP 192.0.2.15;;",
        "SIP/2.0/UDP host:",
        "SIP/2.0/UDP host:65536",
        "SIP/2.0/UDP host:٥",
        "SIP/2.0/UDP host x",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDPhost",
        "SIP/2.0/UDP a@b",
    ],
)
def test_what_is_no_hop_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Via.parse(text)
