"""What no single key of `[media]` can know: trunks that pairs name, ports that others have, addresses for media."""

import ipaddress
from collections.abc import Iterator

from b2bua.config.finding import Finding, Where
from b2bua.config.media import Way
from b2bua.config.tree import Config, Trunk

ANY = "*"
_OWN = (Way.RELAY, Way.KERNEL)


def check_media(config: Config) -> Iterator[Finding]:
    """Everything wrong with how media is to be relayed."""
    yield from _pairs(config)
    yield from _engines(config)
    yield from _ports(config)
    for index, trunk in enumerate(config.trunk):
        yield from _addresses(("trunk", index, "media"), trunk, is_relayed=trunk.name in relayed(config))


def relayed(config: Config) -> frozenset[str]:
    """The trunks whose media comes to addresses of ours in some call."""
    media, names = config.media, [trunk.name for trunk in config.trunk]
    if media.way in _OWN:
        return frozenset(names)
    named = {name for pair in media.pair if pair.way in _OWN for name in pair.between}
    return frozenset(names) if ANY in named else frozenset(named)


def _pairs(config: Config) -> Iterator[Finding]:
    names = {trunk.name for trunk in config.trunk}
    seen: set[frozenset[str]] = set()
    for index, pair in enumerate(config.media.pair):
        where: Where = ("media", "pair", index, "between")
        if len(pair.between) != 2:
            yield Finding(where, "is not two names", 'write between = ["one", "other"]; "*" is any trunk')
            continue
        for name in pair.between:
            if name != ANY and name not in names:
                yield Finding(where, f"there is no trunk {name!r}", f"name one of {', '.join(sorted(names))}")
        if frozenset(pair.between) in seen:
            yield Finding(where, "is named before, so this is never used", "take one of the two out")
        seen.add(frozenset(pair.between))


def _engines(config: Config) -> Iterator[Finding]:
    media = config.media
    engines = () if media.rtpengine is None else media.rtpengine.engine
    is_used = Way.RTPENGINE in {media.way, *(pair.way for pair in media.pair)}
    if is_used and not engines:
        yield Finding(
            ("media", "rtpengine"),
            'a way is "rtpengine", and there is none',
            'write [[media.rtpengine.engine]] with address = "host:port" of its listen-ng',
        )
    seen = set[str]()
    for index, engine in enumerate(engines):
        where: Where = ("media", "rtpengine", "engine", index, "address")
        if str(engine.address) in seen:
            yield Finding(where, "is that of another engine", "name each once; `weight` gives it a greater share")
        if engine.address.is_wildcard:
            yield Finding(where, f"{engine.address} is no place to send to", "name the engine's own address")
        seen.add(str(engine.address))


def _ports(config: Config) -> Iterator[Finding]:
    media, used = config.media, relayed(config)
    if not used:
        return
    pairs = (media.last_port + 1 - (media.first_port + media.first_port % 2)) // 2
    if pairs < config.workers:
        yield Finding(
            ("media", "last_port"),
            f"{media.first_port} to {media.last_port} is less than a pair of ports for each worker",
            "make the range larger; each stream of a call has two ports on either side",
        )
    for index, trunk in enumerate(config.trunk):
        for endpoint in trunk.listen:
            if media.first_port <= endpoint.port <= media.last_port and _meets(config, endpoint.host):
                yield Finding(
                    ("trunk", index, "listen"),
                    f"{endpoint} is one of the ports for media",
                    "choose another range with first_port and last_port in [media]",
                )


def _meets(config: Config, host: str) -> bool:
    """Whether media is received at that address."""
    return any(host in hosts_of(trunk) for trunk in config.trunk) or ipaddress.ip_address(host).is_unspecified


def hosts_of(trunk: Trunk) -> tuple[str, ...]:
    """Where a trunk's peers may send their media, as written."""
    return trunk.media.address or tuple(endpoint.host for endpoint in trunk.listen if not endpoint.is_wildcard)


def _addresses(where: Where, trunk: Trunk, *, is_relayed: bool) -> Iterator[Finding]:
    families: list[int] = []
    for host in trunk.media.address:
        address = _address(host)
        if address is None or address.is_unspecified or address.is_multicast:
            yield Finding((*where, "address"), f"{host!r} is no address of ours", "write one that a peer can reach")
        elif address.version in families:
            yield Finding((*where, "address"), f"has two of IPv{address.version}", "leave one of them")
        families += [] if address is None else [address.version]
    shown = trunk.media.advertise
    if shown is not None and _address(shown) is None:
        yield Finding(
            (*where, "advertise"), f"{shown!r} is no address", "write it in numbers: a c= line with a name is not read"
        )
    if is_relayed and not hosts_of(trunk):
        yield Finding(
            (*where, "address"),
            f"{trunk.name!r} listens on every address of this host, and media needs one",
            "name where its peers shall send their media",
        )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
