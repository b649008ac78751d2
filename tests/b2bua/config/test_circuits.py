from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua.config import Circuit, Peer, read
from b2bua.config.circuits import check_circuits
from b2bua.config.finding import Finding
from policy.claim import TrunkClass
from tests.world.scene import CONFIG

TRANSIT, NATIONAL = TrunkClass.NATIONAL_TRANSIT, TrunkClass.NATIONAL


def circuit(**fields: Any) -> Circuit:
    peers = tuple(map(Peer.parse, fields.pop("peers", ["192.0.2.1"])))
    marker = {} if "trunk_group" in fields else {"header": "X-Circuit", "value": "BE"}
    made: dict[str, Any] = {"name": "marked", "trunk_class": NATIONAL, "peers": peers, **marker, **fields}
    return Circuit(**made)


def findings(*circuits: Circuit, declared: TrunkClass | None = TrunkClass.INTERNATIONAL) -> list[Finding]:
    abroad, home = CONFIG.trunk
    trunk = attrs.evolve(abroad, declared_class=declared, circuit=circuits)
    return list(check_circuits(attrs.evolve(CONFIG, trunk=(trunk, home))))


def where(*circuits: Circuit, declared: TrunkClass | None = TrunkClass.INTERNATIONAL) -> list[tuple[str | int, ...]]:
    found = findings(*circuits, declared=declared)
    assert all(one.fatal and one.mend for one in found)
    return [one.where for one in found]


def test_a_circuit_that_is_marked_in_its_own_way_is_right() -> None:
    group = circuit(name="other", trunk_group="be-1", trunk_context="carrier.example", header=None, value=None)
    assert findings(circuit(), group, circuit(name="third", value="NL")) == []
    assert findings(circuit(), declared=None) == []


@pytest.mark.law("art. 2", "¶12")
@pytest.mark.parametrize("declared", [NATIONAL, TRANSIT, TrunkClass.ARTICLE_4])
def test_what_no_circuit_marks_is_international(declared: TrunkClass) -> None:
    assert where(circuit(), declared=declared) == [("trunk", 0, "class")]


@pytest.mark.law("art. 2")
def test_a_circuit_is_of_another_class_than_what_is_not_marked() -> None:
    assert where(circuit(trunk_class=TrunkClass.INTERNATIONAL)) == [("trunk", 0, "circuit", 0, "class")]


@pytest.mark.law("¶12", "K29")
@pytest.mark.parametrize(
    ("peer", "is_known"),
    [
        ("192.0.2.1", True),
        ("192.0.2.1:5060", True),
        ("192.0.2.2", False),
        ("192.0.2.0/31", False),
        ("2001:db8::1", False),
    ],
)
def test_only_peers_of_the_trunk_may_mark(peer: str, is_known: bool) -> None:
    assert where(circuit(peers=[peer])) == ([] if is_known else [("trunk", 0, "circuit", 0, "peers", 0)])


@pytest.mark.parametrize(
    ("peer", "is_known"), [("192.0.2.1", False), ("192.0.2.1:5061", False), ("192.0.2.1:5060", True)]
)
def test_a_peer_that_speaks_from_one_port_marks_from_it(peer: str, is_known: bool) -> None:
    abroad, home = CONFIG.trunk
    abroad = attrs.evolve(abroad, peers=(Peer.parse("192.0.2.1:5060"),), circuit=(circuit(peers=[peer]),))
    assert (not list(check_circuits(attrs.evolve(CONFIG, trunk=(abroad, home))))) == is_known


@pytest.mark.law("¶12")
def test_somebody_may_mark() -> None:
    assert where(circuit(peers=[])) == [("trunk", 0, "circuit", 0, "peers")]


@pytest.mark.parametrize("name", ["abroad", "home", "", "a\nb"])
def test_a_circuit_has_a_name_of_its_own(name: str) -> None:
    assert where(circuit(name=name)) == [("trunk", 0, "circuit", 0, "name")]


@pytest.mark.law("¶12")
def test_two_circuits_differ_in_name_and_marker() -> None:
    twice = circuit(name="again", header="x-circuit")
    assert where(circuit(), twice) == [("trunk", 0, "circuit", 1)]
    assert where(circuit(), circuit(value="NL")) == [("trunk", 0, "circuit", 1, "name")]


@pytest.mark.law("¶12", "K29")
@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"header": None, "value": None}, ()),
        ({"trunk_group": "a", "trunk_context": "b", "header": "X-Circuit", "value": "BE"}, ()),
        ({"value": None}, ("value",)),
        ({"header": None}, ("header",)),
        ({"trunk_group": "a"}, ("trunk_context",)),
        ({"value": "a,b"}, ("value",)),
        ({"value": " a"}, ("value",)),
        ({"value": "é"}, ("value",)),
        ({"value": "a" * 129}, ("value",)),
        ({"header": "X-Cir cuit"}, ("header",)),
        ({"header": "From"}, ("header",)),
        ({"header": "P-Asserted-Identity"}, ("header",)),
    ],
)
def test_a_marker_is_one_thing_to_the_letter(fields: dict[str, Any], at: tuple[str, ...]) -> None:
    assert where(circuit(**fields)) == [("trunk", 0, "circuit", 0, *at)]


def test_a_marker_that_somebody_could_try_is_told_nowhere() -> None:
    secret = "s3cret"
    assert secret not in repr(circuit(value=secret))
    assert not any(secret in f"{one.problem} {one.mend}" for one in findings(circuit(value=f"{secret},")))


def test_a_file_declares_circuits_and_trust(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(
        """
        [journal]
        directory = "journal"
        [[trunk]]
        name = "abroad"
        class = "international"
        listen = ["192.0.2.10"]
        peers = ["192.0.2.0/28"]
        targets = ["192.0.2.1"]
        trusted = true
        replace_display_names = true
        [[trunk.circuit]]
        name = "transit"
        class = "national-transit"
        header = "X-Circuit"
        value = "BE"
        peers = ["192.0.2.1:5060"]
        max_foreign_share = 0.05
        [[route]]
        from = "abroad"
        to = "abroad"
        """
    )
    config = read(path).config
    assert config is not None
    (trunk,) = config.trunk
    assert (trunk.trusted, trunk.replace_display_names) == (True, True)
    (made,) = trunk.circuit
    assert (made.name, made.trunk_class, made.max_foreign_share) == ("transit", TRANSIT, 0.05)
    assert made.peers == (Peer.parse("192.0.2.1:5060"),)


@pytest.mark.parametrize("share", ["1.5", "-0.1", '"much"'])
def test_a_share_is_between_nothing_and_all(share: str, tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(f'[journal]\ndirectory = "x"\n[[trunk]]\nname = "a"\nlisten = ["192.0.2.1"]\n'
                    f'peers = ["192.0.2.2"]\nmax_foreign_share = {share}\n')  # fmt: skip
    result = read(path)
    assert result.config is None
    assert any("max_foreign_share" in str(mistake) for mistake in result.mistakes)
