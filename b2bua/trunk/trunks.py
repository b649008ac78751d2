"""Trunks by socket and source address (art. 2: told apart before anything is read)."""

import ipaddress

import attrs

from b2bua.config import CalledFormat, Config, Credentials, Isup, Mode, Passage, Peer, Redirect, Redirects
from b2bua.config import Trunk as TrunkConfig
from b2bua.trunk.circuits import Circuit, Circuits
from b2bua.trunk.header_rules import HeaderRules
from b2bua.trunk.health import Health
from b2bua.trunk.hosts import address_of, bracketed, canonical_host
from b2bua.trunk.limits import Limit
from b2bua.trunk.sockets import Socket
from b2bua.trunk.sources import Sources, by_socket
from b2bua.trunk.targets import Targets
from policy.claim import TrunkClass
from sipstack.auth import Account, Secret
from sipstack.message import Headers

#: Sources remembered with their trunk, None included; forgotten all at once when full.
REMEMBERED = 8_192


@attrs.frozen(eq=False, kw_only=True)
class Trunk:
    """One interconnection, ready for use."""

    name: str
    trunk_class: TrunkClass
    sockets: tuple[Socket, ...]
    peers: tuple[Peer, ...] = attrs.field(repr=False)
    targets: Targets
    """Where its calls go; none when none may."""
    redirects: Redirects = Redirects.REFUSE
    """What becomes of its 3xx."""
    accounts: tuple[Account, ...] = attrs.field(default=(), repr=False)
    """Who we are to its servers, where they ask."""
    inward: Limit = attrs.field(factory=Limit)
    """Of the calls that come in by it."""
    outward: Limit = attrs.field(factory=Limit)
    """Of the calls that leave by it."""
    passes_refer: bool = False
    """Whether a REFER from it may cross."""
    passes_replaces: bool = False
    """Whether an INVITE from it may take over or join a call."""
    health: Health = attrs.field(factory=Health)
    """Which of its targets are up."""
    domain: str | None = None
    """How URIs name us there; None: by what the socket shows."""
    hosts: frozenset[str] = frozenset()
    """Ours and theirs that can be named one by one, as `canonical_host` has them."""
    headers: HeaderRules = attrs.field(factory=HeaderRules, repr=False)
    called_format: CalledFormat | None = None
    """How the called number is written there; None: as it came."""
    isup: Isup = Isup.JUDGE
    """What becomes of ISUP in bodies that come from it, where it is screened."""
    circuits: Circuits = attrs.field(factory=Circuits, repr=False)
    """Its virtual circuits."""
    trusted: bool | None = None
    """Whether it may have the number of a caller who is not to be shown (RFC 3325 §7); None: as its class has it."""
    replaces_display_names: bool = False
    """Whether what comes from it loses every display-name."""
    max_foreign_share: float = 0.2
    """Of the callers on national transit, above which somebody should look."""
    redirect: Redirect | None = None
    """How its calls are answered when they are judged and nothing more; None: they are set up."""
    names: frozenset[str] = attrs.field(init=False, repr=False)
    """Of its sockets."""

    @names.default
    def _of_its_sockets(self) -> frozenset[str]:
        return frozenset(socket.name for socket in self.sockets)

    @property
    def is_screened(self) -> bool:
        """Whether what comes from it is judged."""
        return self.trunk_class is not TrunkClass.NATIONAL

    def socket(self, name: str) -> Socket:
        """Its socket of that name; raises KeyError when it has none such."""
        for socket in self.sockets:
            if socket.name == name:
                return socket
        raise KeyError(name)

    def is_known_as(self, host: str) -> bool:
        """Whether a canonical host is one of ours there, a target or a peer."""
        if host in self.hosts:
            return True
        address = address_of(host)
        return address is not None and any(address in peer.network for peer in self.peers)


@attrs.define(eq=False)
class Trunks:
    """All trunks of the gateway."""

    all: tuple[Trunk, ...]
    by_name: dict[str, Trunk] = attrs.field(init=False, repr=False)
    """Every trunk under its name."""
    markers: tuple[str, ...] = attrs.field(init=False, repr=False)
    """The keys of the headers by which any circuit is signalled, in alphabetical order."""
    _sources: dict[str, Sources[Trunk]] = attrs.field(init=False, repr=False)
    _remembered: dict[tuple[str, str, int], Trunk | None] = attrs.field(factory=dict, init=False, repr=False)

    @by_name.default
    def _named(self) -> dict[str, Trunk]:
        return {trunk.name: trunk for trunk in self.all}

    @_sources.default
    def _by_socket(self) -> dict[str, Sources[Trunk]]:
        return by_socket([(trunk, [socket.name for socket in trunk.sockets], trunk.peers) for trunk in self.all])

    @markers.default
    def _marking(self) -> tuple[str, ...]:
        return tuple(sorted(set().union(*(trunk.circuits.headers for trunk in self.all))))

    @classmethod
    def of(cls, config: Config) -> "Trunks":
        """From a configuration that has been checked."""
        return cls(tuple(_trunk(trunk) for trunk in config.trunk))

    def marks(self, headers: Headers) -> list[str]:
        """The keys among these by which any circuit is signalled, in alphabetical order."""
        return [key for key in self.markers if key in headers]

    def find(self, socket: str, host: str, port: int) -> Trunk | None:
        """Whose datagram it is that came to `socket` from there; None: nobody's, so it is dropped unread."""
        source = socket, host, port
        try:
            return self._remembered[source]
        except KeyError:
            pass
        if len(self._remembered) >= REMEMBERED:
            self._remembered.clear()
        # A link-local source carries its interface (`fe80::1%eth0`), which is ours to know and not part of the peer.
        address = ipaddress.ip_address(host.partition("%")[0])
        sources = self._sources.get(socket)
        found = None if sources is None else sources.find(address, port)
        self._remembered[source] = found
        return found


def _trunk(config: TrunkConfig) -> Trunk:
    sockets = tuple(Socket.of(endpoint, config.advertise) for endpoint in config.listen)
    targets = Targets.of(sockets, config.targets)
    return Trunk(
        name=config.name,
        trunk_class=config.trunk_class,
        sockets=sockets,
        peers=config.peers,
        targets=targets,
        redirects=config.redirects,
        accounts=tuple([_account(one) for one in config.credentials]),
        inward=Limit(of=(config.name, "inward"), calls=config.max_calls_in, per_second=config.max_calls_in_per_second),
        outward=Limit(
            of=(config.name, "outward"), calls=config.max_calls_out, per_second=config.max_calls_out_per_second
        ),
        passes_refer=config.refer is Passage.PASS,
        passes_replaces=config.replaces is Passage.PASS,
        health=Health.of(targets.flows, config.probe),
        domain=config.domain and bracketed(config.domain),
        hosts=_hosts(config),
        headers=HeaderRules.of(config.header),
        called_format=config.called_format,
        isup=config.isup,
        circuits=Circuits(tuple([Circuit.of(circuit) for circuit in config.circuit])),
        trusted=config.trusted,
        replaces_display_names=config.replace_display_names,
        max_foreign_share=config.max_foreign_share,
        redirect=_redirect(config),
    )


def _redirect(config: TrunkConfig) -> Redirect | None:
    return (config.redirect or Redirect()) if config.mode is Mode.REDIRECT else None


def _account(credentials: Credentials) -> Account:
    return Account(credentials.username, Secret.of_password(credentials.password.text), credentials.realm)


def _hosts(config: TrunkConfig) -> frozenset[str]:
    ours = [endpoint.host for endpoint in config.listen if not endpoint.is_wildcard]
    named = [name for name in (config.advertise, config.domain) if name is not None]
    return frozenset(map(canonical_host, (*ours, *named, *(target.address.host for target in config.targets))))
