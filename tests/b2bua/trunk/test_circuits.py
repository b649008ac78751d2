import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Circuit as CircuitConfig
from b2bua.config import Peer
from b2bua.trunk import Circuit, Circuits, Mark, Signalled
from policy.claim import TrunkClass
from sipstack.message import Request, request

NAMED, OTHER = "192.0.2.1", "192.0.2.2"
PEERS = (Peer.parse(NAMED), Peer.parse("2001:db8::1"))
MARKED = CircuitConfig(
    name="transit", trunk_class=TrunkClass.NATIONAL_TRANSIT, peers=PEERS, header="X-Circuit", value="BE-7f3a"
)
GROUPED = CircuitConfig(
    name="home",
    trunk_class=TrunkClass.NATIONAL,
    peers=PEERS,
    trunk_group="be-1",
    trunk_context="carrier.example",
)
CIRCUITS = Circuits((Circuit.of(MARKED), Circuit.of(GROUPED)))
GROUP = ";tgrp=be-1;trunk-context=carrier.example"
FORGED, UNMARKED = Signalled(is_forged=True), Signalled()


def invite(*fields: tuple[str, str], user: str = "+33612345678", parameters: str = "") -> Request:
    own = [("Contact", f"<sip:{user}@192.0.2.1{parameters}>")]
    return request("INVITE", "sip:+3293330000@192.0.2.10", [*own, *fields], b"")


def circuit_of(made: Request, host: str = NAMED) -> str | None:
    found = CIRCUITS.signalled(made, host, 5060)
    assert not (found.circuit and found.is_forged)
    return "forged" if found.is_forged else None if found.circuit is None else found.circuit.name


@pytest.mark.law("art. 2", "¶12", "¶30", "K29")
@pytest.mark.parametrize("host", [NAMED, "2001:db8::1", "2001:db8::1%eth0"])
def test_a_call_is_of_the_circuit_that_its_named_peer_marks(host: str) -> None:
    assert circuit_of(invite(("X-Circuit", "BE-7f3a")), host) == "transit"
    assert circuit_of(invite(("x-CIRCUIT", "BE-7f3a")), host) == "transit"
    assert circuit_of(invite(user=f"+33612345678{GROUP}"), host) == "home"
    assert circuit_of(invite(user="1;TRUNK-CONTEXT=carrier.example;x=1;TGRP=be-1"), host) == "home"


@pytest.mark.law("art. 2", "¶30", "K29")
def test_a_call_without_a_marker_is_of_no_circuit_and_nobody_has_forged_anything() -> None:
    for made in (invite(), invite(("X-Other", "BE-7f3a")), invite(user="")):
        assert CIRCUITS.signalled(made, NAMED, 5060) == UNMARKED
    assert Circuits().signalled(invite(("X-Circuit", "BE-7f3a")), NAMED, 5060) == UNMARKED


@pytest.mark.law("art. 2", "¶30", "K29")
@pytest.mark.parametrize("host", [OTHER, "2001:db8::2", "198.51.100.1"])
def test_a_marker_of_a_peer_that_is_not_named_for_it_is_forged(host: str) -> None:
    assert circuit_of(invite(("X-Circuit", "BE-7f3a")), host) == "forged"
    assert circuit_of(invite(user=f"1{GROUP}"), host) == "forged"


@pytest.mark.law("art. 2", "¶30", "K29")
@pytest.mark.parametrize("value", ["BE-7f3b", "be-7f3a", "", '"BE-7f3a"', "BE-7f3a, BE-7f3a", "BE-7f3a;x=1", "BE-7f3"])
def test_a_marker_that_is_not_to_the_letter_is_forged(value: str) -> None:
    assert circuit_of(invite(("X-Circuit", value))) == "forged"


@pytest.mark.law("art. 2", "¶30", "K29")
@pytest.mark.parametrize(
    "made",
    [
        invite(("X-Circuit", "BE-7f3a"), ("X-Circuit", "BE-7f3a")),
        invite(("X-Circuit", "BE-7f3a"), ("X-Circuit", "other")),
        invite(("X-Circuit", "other"), ("X-Circuit", "BE-7f3a")),
        invite(("X-Circuit", "BE-7f3a"), user=f"1{GROUP}"),
        invite(user=f"1{GROUP};tgrp=be-2"),
        invite(user=f"1{GROUP};trunk-context=other.example"),
        invite(("Contact", f"<sip:1{GROUP}@192.0.2.1>"), user=f"1{GROUP}"),
    ],
)
def test_two_markers_are_none(made: Request) -> None:
    assert circuit_of(made) == "forged"


@pytest.mark.parametrize(
    "user",
    [
        "1;tgrp=intl;trunk-context=carrier.example",
        "1;tgrp=be-1;trunk-context=other.example",
        "1;tgrp=be-1",
        "tgrp=be-1",
    ],
)
def test_a_trunk_group_of_the_peers_own_is_no_marker(user: str) -> None:
    assert CIRCUITS.signalled(invite(user=user), NAMED, 5060) == UNMARKED


def test_a_trunk_group_outside_the_user_part_is_none() -> None:
    assert CIRCUITS.signalled(invite(parameters=GROUP), NAMED, 5060) == UNMARKED


def test_a_contact_that_cannot_be_read_marks_nothing() -> None:
    assert CIRCUITS.signalled(invite(("Contact", f"<sip:1{GROUP}@x"), user=""), NAMED, 5060) == UNMARKED


def test_only_headers_are_taken_out_of_what_crosses() -> None:
    assert CIRCUITS.headers == {"x-circuit"}
    assert Circuits((Circuit.of(GROUPED),)).headers == frozenset()
    assert CIRCUITS.find("transit") is CIRCUITS.all[0]
    assert CIRCUITS.find("abroad") is None
    assert CIRCUITS.all[1].mark == Mark("", "be-1", "carrier.example")


@pytest.mark.law("art. 2", "K29")
@given(
    values=st.lists(st.sampled_from(["BE-7f3a", "BE-7f3b", "", "BE-7f3a "]), max_size=3),
    user=st.sampled_from(["1", f"1{GROUP}", f"1{GROUP}{GROUP}", "1;tgrp=be-1"]),
    host=st.sampled_from([NAMED, OTHER]),
)
def test_no_call_leaves_the_class_of_its_trunk_but_by_one_marker_of_a_named_peer(
    values: list[str], user: str, host: str
) -> None:
    found = CIRCUITS.signalled(invite(*(("X-Circuit", value) for value in values), user=user), host, 5060)
    marked = [value.strip() for value in values] == ["BE-7f3a"] and user in ("1", "1;tgrp=be-1")
    grouped = not values and user == f"1{GROUP}"
    assert (found.circuit is not None) == (host == NAMED and (marked or grouped))
