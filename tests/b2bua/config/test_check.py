import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Config, Emergency, Endpoint, Journal, Peer, Probe, Route, Sip, Target, Trunk
from b2bua.config.check import check
from b2bua.config.finding import Finding
from policy.claim import TrunkClass

INT, NAT = TrunkClass.INTERNATIONAL, TrunkClass.NATIONAL


def trunk(name: str, declared: TrunkClass | None, listen: str, peer: str, target: str | None = "192.0.2.1") -> Trunk:
    return Trunk(
        name=name,
        declared_class=declared,
        listen=(Endpoint.parse(listen),),
        peers=(Peer.parse(peer),),
        targets=() if target is None else (Target(address=Endpoint.parse(target)),),
        advertise="gw.example" if "0.0.0.0" in listen or "[::]" in listen else None,
    )


def config(*trunks: Trunk, routes: tuple[Route, ...] | None = None, emergency: str | None = None) -> Config:
    every = tuple(Route(source=one.name, to=trunks[0].name) for one in trunks)
    return Config(
        journal=Journal(directory="x"),
        trunk=trunks,
        route=every if routes is None else routes,
        emergency=None if emergency is None else Emergency(route=emergency),
    )


def findings(*trunks: Trunk) -> list[Finding]:
    return list(check(config(*trunks)))


@pytest.mark.law("¶11")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("192.0.2.10:5060", "192.0.2.10:5060"),
        ("0.0.0.0:5060", "0.0.0.0:5060"),
        ("0.0.0.0:5060", "192.0.2.10:5060"),
        ("192.0.2.10:5060", "0.0.0.0:5060"),
        ("[2001:db8::1]:5060", "[::]:5060"),
        ("[2001:db8::1]:5060", "[2001:DB8:0::1]:5060"),
    ],
)
def test_national_and_international_never_share_a_socket(first: str, second: str) -> None:
    for one, other in ((INT, NAT), (NAT, INT), (None, NAT)):
        found = findings(trunk("a", one, first, "192.0.2.1"), trunk("b", other, second, "192.0.2.2"))
        assert any(f.fatal and f.where == ("trunk", 1, "listen") and "art. 2" in f.mend for f in found)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("192.0.2.10:5060", "192.0.2.10:5061"),
        ("192.0.2.10:5060", "192.0.2.11:5060"),
        ("0.0.0.0:5060", "0.0.0.0:5070"),
        ("0.0.0.0:5060", "[::]:5060"),
    ],
)
def test_sockets_apart_may_be_of_any_class(first: str, second: str) -> None:
    found = findings(trunk("a", INT, first, "192.0.2.1"), trunk("b", NAT, second, "192.0.2.1"))
    assert [f for f in found if f.fatal and f.where[-1] != "targets"] == []


@pytest.mark.law("¶11")
@given(
    classes=st.lists(st.sampled_from([INT, NAT, None]), min_size=2, max_size=4),
    sockets=st.lists(st.sampled_from(["192.0.2.10:5060", "192.0.2.11:5060", "0.0.0.0:5060"]), min_size=4, max_size=4),
)
def test_no_usable_configuration_has_a_socket_of_two_classes(
    classes: list[TrunkClass | None], sockets: list[str]
) -> None:
    trunks = [trunk(f"t{n}", one, sockets[n], f"192.0.2.{n + 1}") for n, one in enumerate(classes)]
    if any(f.fatal for f in check(config(*trunks))):
        return
    by_socket = {(str(endpoint), one.trunk_class) for one in trunks for endpoint in one.listen}
    assert len(by_socket) == len({socket for socket, _ in by_socket})


def test_trunks_of_one_class_share_a_socket_when_their_peers_differ() -> None:
    listen = "192.0.2.10:5060"
    assert findings(trunk("a", INT, listen, "192.0.2.1"), trunk("b", INT, listen, "192.0.2.2")) == []


@pytest.mark.law("¶11")
@pytest.mark.parametrize(
    ("first", "second", "overlaps"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.0/24", "192.0.2.1", True),
        ("192.0.2.1", "192.0.0.0/16", True),
        ("192.0.2.1:5060", "192.0.2.1", True),
        ("192.0.2.1:5060", "192.0.2.1:5061", False),
        ("192.0.2.0/25", "192.0.2.128/25", False),
        ("192.0.2.0/24", "2001:db8::/32", False),
        ("2001:db8::/32", "2001:db8:1::/48", True),
    ],
)
def test_peers_that_overlap_on_one_socket_are_a_mistake(first: str, second: str, overlaps: bool) -> None:
    listen = "192.0.2.10:5060"
    found = findings(trunk("a", INT, listen, first), trunk("b", INT, listen, second))
    assert [f.where for f in found if f.fatal] == ([("trunk", 1, "peers")] if overlaps else [])


def test_peers_that_overlap_on_sockets_apart_are_none() -> None:
    found = findings(trunk("a", INT, "192.0.2.10", "192.0.2.1"), trunk("b", NAT, "192.0.2.11", "192.0.2.1"))
    assert found == []


@pytest.mark.law("¶11")
def test_a_trunk_without_a_class_is_international_and_warned_of() -> None:
    one = trunk("a", None, "192.0.2.10", "192.0.2.1")
    assert one.trunk_class is INT
    (found,) = findings(one)
    assert (found.where, found.fatal) == (("trunk", 0, "class"), False)
    assert "international" in found.problem
    assert "art. 2" in found.problem


@pytest.mark.law("¶11", "¶31", "art. 4")
@pytest.mark.parametrize("declared", TrunkClass)
def test_every_class_can_be_declared(declared: TrunkClass) -> None:
    assert findings(trunk("a", declared, "192.0.2.10", "192.0.2.1")) == []


def test_a_wildcard_and_one_address_cannot_both_be_bound() -> None:
    for first, second in (("0.0.0.0:5060", "192.0.2.10:5060"), ("192.0.2.10:5060", "0.0.0.0:5060")):
        found = findings(trunk("a", INT, first, "192.0.2.1"), trunk("b", INT, second, "192.0.2.2"))
        assert any(f.fatal and "cannot both be bound" in f.problem for f in found)


@pytest.mark.parametrize("advertise", ["gw.example", "192.0.2.10", "2001:db8::1", "GW-1", "a." * 30 + "b"])
def test_a_wildcard_needs_a_host_to_advertise(advertise: str) -> None:
    one = Trunk(
        name="a",
        declared_class=INT,
        listen=(Endpoint.parse("0.0.0.0:5060"),),
        peers=(Peer.parse("192.0.2.1"),),
        targets=(Target(address=Endpoint.parse("192.0.2.1")),),
        advertise=advertise,
    )
    assert findings(one) == []


@pytest.mark.parametrize(
    "advertise",
    ["", "gw example", "gw.example:5060", "[2001:db8::1]", "gw..example", "-gw", "gw\r\nX: 1", "gw>", "ü.be"],
)
def test_what_is_no_host_is_not_advertised(advertise: str) -> None:
    one = Trunk(
        name="a",
        declared_class=INT,
        listen=(Endpoint.parse("192.0.2.10"),),
        peers=(Peer.parse("192.0.2.1"),),
        targets=(Target(address=Endpoint.parse("192.0.2.1")),),
        advertise=advertise,
    )
    (found,) = findings(one)
    assert (found.where, found.fatal) == (("trunk", 0, "advertise"), True)


def test_a_trunk_that_no_route_leaves_is_warned_of() -> None:
    found = list(check(config(trunk("a", INT, "192.0.2.10", "192.0.2.1"), routes=())))
    assert [(f.where, f.fatal) for f in found] == [(("trunk", 0, "name"), False)]
    assert "404" in found[0].problem


def test_a_route_needs_both_its_trunks_and_a_target() -> None:
    one = trunk("a", INT, "192.0.2.10", "192.0.2.1", target=None)
    routes = (Route(source="x", to="y"), Route(source="a", to="a"))
    wheres = {f.where for f in check(config(one, routes=routes)) if f.fatal}
    assert wheres == {("route", 0, "from"), ("route", 0, "to"), ("route", 1, "to")}


def test_an_emergency_route_needs_a_target() -> None:
    one = trunk("a", INT, "192.0.2.10", "192.0.2.1")
    bare = trunk("b", INT, "192.0.2.11", "192.0.2.1", target=None)
    routes = (Route(source="a", to="a"), Route(source="b", to="a"))
    assert list(check(config(one, bare, routes=routes, emergency="a"))) == []
    (found,) = check(config(one, bare, routes=routes, emergency="b"))
    assert found.where == ("emergency", "route")


def test_a_prefix_of_its_own_is_no_second_route() -> None:
    one = trunk("a", INT, "192.0.2.10", "192.0.2.1")
    prefixes = ("", "+32", "+324", "112")
    assert list(check(config(one, routes=tuple(Route(source="a", prefix=p, to="a") for p in prefixes)))) == []
    twice = tuple(Route(source="a", prefix=p, to="a") for p in ("+32", "+32"))
    assert [f.where for f in check(config(one, routes=twice))] == [("route", 1, "prefix")]


@pytest.mark.parametrize("count", [2, 3])
def test_every_later_trunk_of_a_name_is_a_mistake(count: int) -> None:
    trunks = [trunk("same", INT, f"192.0.2.1{n}", "192.0.2.1") for n in range(count)]
    found = {f.where for f in check(config(*trunks, routes=())) if f.fatal}
    assert found == {("trunk", n, "name") for n in range(1, count)}


@pytest.mark.parametrize(
    "keys",
    [
        {"interval_seconds": 4.0},
        {"down_interval_seconds": 4.0},
        {"interval_seconds": 4.0, "down_interval_seconds": 60.0},
        {"interval_seconds": 0.5, "timeout_seconds": 0.6},
    ],
)
def test_a_probe_that_waits_longer_than_its_interval_is_a_mistake(keys: dict[str, float]) -> None:
    probed = attrs.evolve(trunk("a", INT, "192.0.2.10", "192.0.2.1"), probe=Probe(**keys))
    (found,) = findings(probed)
    assert found.fatal
    assert found.where == ("trunk", 0, "probe", "timeout_seconds")
    assert "make the interval longer" in found.mend


def test_probes_go_with_any_times_that_fit_and_without_targets_are_worth_a_word() -> None:
    for keys in ({}, {"interval_seconds": 5.0}, {"timeout_seconds": 0.5, "down_interval_seconds": 0.5}):
        assert findings(attrs.evolve(trunk("a", INT, "192.0.2.10", "192.0.2.1"), probe=Probe(**keys))) == []
    bare = attrs.evolve(trunk("a", INT, "192.0.2.10", "192.0.2.1", target=None), probe=Probe())
    (found,) = [one for one in check(config(bare, routes=())) if one.where == ("trunk", 0, "probe")]
    assert not found.fatal


@pytest.mark.parametrize(
    ("target", "is_doubtful"), [("192.0.2.1", False), ("192.0.2.1:5070", True), ("192.0.2.2", True)]
)
def test_a_probed_target_that_is_no_peer_is_worth_a_word(target: str, is_doubtful: bool) -> None:
    probed = attrs.evolve(trunk("a", INT, "192.0.2.10", "192.0.2.1:5060", target), probe=Probe())
    found = findings(probed)
    assert [(one.where, one.fatal) for one in found] == [(("trunk", 0, "probe"), False)] * is_doubtful
    assert findings(attrs.evolve(probed, probe=None)) == []


@pytest.mark.parametrize(
    ("asked", "least", "fits"), [(1_800, 90, True), (600, 600, True), (0, 3_600, True), (599, 600, False)]
)
def test_a_session_interval_that_we_would_refuse_ourselves_is_a_mistake(asked: int, least: int, *, fits: bool) -> None:
    one = trunk("one", INT, "192.0.2.10", "192.0.2.1")
    sip = Sip(session_seconds=asked, min_session_seconds=least)
    found = [f.where for f in check(attrs.evolve(config(one), sip=sip)) if f.where[0] == "sip"]
    assert found == ([] if fits else [("sip", "session_seconds")])
