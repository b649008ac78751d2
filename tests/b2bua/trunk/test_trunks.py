import attrs
import pytest

from b2bua.config import Endpoint, Peer
from b2bua.config import Target as TargetConfig
from b2bua.config import Trunk as TrunkConfig
from b2bua.trunk import Socket, Trunks
from b2bua.trunk.trunks import REMEMBERED
from policy.claim import TrunkClass
from tests.world.scene import CONFIG

SOCKET = "192.0.2.10:5060"


def declared(
    name: str, *peers: str, listen: str = SOCKET, targets: tuple[str, ...] = (), advertise: str | None = None
) -> TrunkConfig:
    return TrunkConfig(
        name=name,
        declared_class=TrunkClass.NATIONAL,
        listen=tuple(Endpoint.parse(one) for one in listen.split()),
        peers=tuple(Peer.parse(peer) for peer in peers),
        targets=tuple(TargetConfig(address=Endpoint.parse(target)) for target in targets),
        advertise=advertise,
    )


def trunks(*configs: TrunkConfig) -> Trunks:
    return Trunks.of(attrs.evolve(CONFIG, trunk=configs))


def name_of(all_: Trunks, host: str, port: int = 5060, socket: str = SOCKET) -> str | None:
    found = all_.find(socket, host, port)
    return None if found is None else found.name


@pytest.mark.law("¶11")
def test_trunks_on_one_socket_are_told_apart_by_peer() -> None:
    both = trunks(declared("a", "192.0.2.1", "192.0.2.128/25"), declared("b", "192.0.2.2:5060"))
    assert name_of(both, "192.0.2.1", 40_000) == "a"
    assert name_of(both, "192.0.2.200") == "a"
    assert name_of(both, "192.0.2.2") == "b"
    assert name_of(both, "192.0.2.2", 5061) is None
    assert name_of(both, "203.0.113.1") is None


@pytest.mark.law("¶11")
def test_a_peer_of_another_socket_is_nobody_here() -> None:
    both = trunks(declared("a", "192.0.2.1"), declared("b", "192.0.2.2", listen="192.0.2.11:5060"))
    assert name_of(both, "192.0.2.2") is None
    assert name_of(both, "192.0.2.2", socket="192.0.2.11:5060") == "b"
    assert name_of(both, "192.0.2.1", socket="nowhere") is None


def test_what_was_found_is_found_again_and_the_memory_is_bounded() -> None:
    one = trunks(declared("a", "10.0.0.0/8"))
    for number in range(REMEMBERED + 10):
        assert name_of(one, f"10.0.{number // 256}.{number % 256}") == "a"
        assert len(one._remembered) <= REMEMBERED
    assert name_of(one, "10.0.0.0") == "a"
    assert name_of(one, "11.0.0.0") is None
    assert name_of(one, "11.0.0.0") is None


def test_a_link_local_source_is_known_without_its_interface() -> None:
    one = trunks(declared("a", "fe80::1", listen="[fe80::10]:5060"))
    assert name_of(one, "fe80::1%eth0", socket="[fe80::10]:5060") == "a"


@pytest.mark.parametrize(
    ("listen", "advertise", "shown"),
    [
        ("192.0.2.10:5070", None, "192.0.2.10:5070"),
        ("[2001:db8::10]:5060", None, "[2001:db8::10]:5060"),
        ("0.0.0.0:5070", "gw.example", "gw.example:5070"),
        ("[::]:5060", "2001:db8::10", "[2001:db8::10]:5060"),
    ],
)
def test_via_and_contact_show_what_a_peer_can_reach(listen: str, advertise: str | None, shown: str) -> None:
    (socket,) = trunks(declared("a", "192.0.2.1", listen=listen, advertise=advertise)).all[0].sockets
    assert socket.contact == f"<sip:{shown}>"
    assert socket.via("z9hG4bKx") == f"SIP/2.0/UDP {shown};branch=z9hG4bKx;rport"
    assert socket.name == listen


@pytest.mark.law("¶11")
@pytest.mark.parametrize("trunk_class", list(TrunkClass))
def test_all_but_national_trunks_are_screened(trunk_class: TrunkClass) -> None:
    (trunk,) = trunks(attrs.evolve(declared("a", "192.0.2.1"), declared_class=trunk_class)).all
    assert trunk.is_screened is (trunk_class is not TrunkClass.NATIONAL)


@pytest.mark.law("¶11")
def test_a_trunk_without_a_class_is_screened() -> None:
    (trunk,) = trunks(attrs.evolve(declared("a", "192.0.2.1"), declared_class=None)).all
    assert trunk.trunk_class is TrunkClass.INTERNATIONAL
    assert trunk.is_screened


def test_a_socket_is_found_by_its_name() -> None:
    (trunk,) = trunks(declared("a", "192.0.2.1")).all
    assert trunk.socket(SOCKET) == Socket(SOCKET, False, SOCKET)
    with pytest.raises(KeyError):
        trunk.socket("192.0.2.99:5060")


def test_trunks_are_found_by_name() -> None:
    assert set(Trunks.of(CONFIG).by_name) == {"abroad", "home"}
