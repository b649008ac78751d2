"""What no single key can know: how trunks, sockets, peers and routes stand to each other."""

import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from b2bua.config.carrying import check_media
from b2bua.config.circuits import check_circuits
from b2bua.config.entries import check_entries
from b2bua.config.finding import Finding, Where
from b2bua.config.header_rule import faults
from b2bua.config.holders import check_holders
from b2bua.config.sharing import check_sharing
from b2bua.config.store import check_store
from b2bua.config.tree import Config, Isup, Mode, Profile, Trunk
from policy.claim import TrunkClass
from policy.errors import PolicyError, ProfileError

#: The classes whose calls cross with every header that names the caller (¶31, art. 4 §1).
SPARED = (TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4)
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_WEBHOOK = re.compile(r"https?://[^\s/?#@]+(?:[/?][^\s#]*)?")
_E164 = re.compile(r"\+[1-9][0-9]{0,14}")


def check(config: Config) -> Iterator[Finding]:
    """Everything wrong or doubtful with a configuration of the right shape."""
    yield from _files(config)
    yield from _sessions(config)
    yield from _workers(config)
    if not config.trunk:
        yield Finding(("trunk",), "there is no trunk", "declare at least one [[trunk]]")
    for index, trunk in enumerate(config.trunk):
        yield from _trunk(("trunk", index), trunk)
        yield from _credentials(("trunk", index), trunk)
        yield from _mode(("trunk", index), trunk)
        yield from _isup(("trunk", index), trunk)
    yield from _header_rules(config)
    yield from _numbers(config)
    yield from check_holders(config.roaming)
    yield from check_sharing(config)
    yield from _classless(config)
    yield from check_circuits(config)
    yield from _routes(config)
    yield from _prefixes(config)
    yield from check_media(config)
    yield from check_store(config.store)
    yield from _signing(config)
    yield from _retention(config)
    yield from _cases(config)
    yield from check_entries(config)


def _files(config: Config) -> Iterator[Finding]:
    named = {("journal", "directory"): config.journal.directory, ("profile", "name"): config.profile.name}
    impossible = [
        Finding(where, f"{path!r} is no path", "take the NUL out") for where, path in named.items() if "\0" in path
    ]
    if impossible:
        yield from impossible
        return
    try:
        config.profile.load()
    except PolicyError as error:
        if isinstance(error, ProfileError) and _is_usable(attrs.evolve(config.profile, settings={})):
            yield Finding(_setting(error.key), error.mend, "choose otherwise only what the profile has as a setting")
        else:
            yield Finding(("profile", "name"), str(error), "name a profile of the package, or a file of that form")


def _is_usable(profile: Profile) -> bool:
    try:
        profile.load()
    except PolicyError:
        return False
    return True


def _setting(key: str) -> Where:
    """Where a key of the profile was chosen otherwise."""
    steps = key.removeprefix("derogations.").removeprefix("settings.").split(".")
    return ("profile", "settings", *steps)


def _sessions(config: Config) -> Iterator[Finding]:
    sip = config.sip
    if sip.session_seconds and sip.session_seconds < sip.min_session_seconds:
        yield Finding(
            ("sip", "session_seconds"),
            f"{sip.session_seconds} s is asked of peers, and less than {sip.min_session_seconds} s refused to them",
            "make session_seconds at least min_session_seconds, or 0",
        )


def _workers(config: Config) -> Iterator[Finding]:
    if config.workers > 1 and not hasattr(os, "memfd_create"):
        yield Finding(("workers",), "several workers need the sockets of Linux", "leave it at 1")


def _trunk(where: Where, trunk: Trunk) -> Iterator[Finding]:
    if not trunk.name.isprintable() or not trunk.name.strip():
        yield Finding((*where, "name"), f"{trunk.name!r} is no name", "give it one that can be read in a log")
    for key, host in (("advertise", trunk.advertise), ("domain", trunk.domain)):
        if host is not None and not _is_host(host):
            yield Finding(
                (*where, key),
                f"{host!r} is neither a host name nor an address",
                "name the host alone; the port is that of the socket",
            )
    for key in ("listen", "peers"):
        if not getattr(trunk, key):
            yield Finding((*where, key), "is empty", "name at least one address")
    for endpoint in trunk.listen:
        if endpoint.is_wildcard and trunk.advertise is None:
            yield Finding(
                (*where, "listen"),
                f"{endpoint} is every address of this host, and Via and Contact must name one",
                'add advertise = "the address the peer reaches", or listen on that address',
            )
    yield from _probe((*where, "probe"), trunk)
    families = {endpoint.is_ipv6 for endpoint in trunk.listen}
    if trunk.targets and not any(target.address.is_ipv6 in families for target in trunk.targets):
        yield Finding(
            (*where, "targets"), "no target has the address family of a listening socket", "listen on that family too"
        )


def _mode(where: Where, trunk: Trunk) -> Iterator[Finding]:
    if trunk.redirect is not None and trunk.mode is not Mode.REDIRECT:
        yield Finding(
            (*where, "redirect"),
            f"{trunk.name!r} sets up its calls, so this is never used",
            'write mode = "redirect" if its calls are only to be judged, or take the table out',
        )
    if trunk.mode is not Mode.REDIRECT:
        return
    for key, is_set in (("isup", trunk.isup is Isup.STRIP), ("replace_display_names", trunk.replace_display_names)):
        if is_set:
            yield Finding(
                (*where, key),
                "would take something out of calls that others make",
                'write isup = "judge" or "refuse"' if key == "isup" else "take it out",
            )


def _isup(where: Where, trunk: Trunk) -> Iterator[Finding]:
    if trunk.isup is not Isup.JUDGE and trunk.trunk_class in (TrunkClass.NATIONAL, TrunkClass.NATIONAL_TRANSIT):
        yield Finding(
            (*where, "isup"),
            f"does nothing while {trunk.name!r} is {trunk.trunk_class}: ISUP from there crosses as it came",
            "take it out, or know that it counts once the trunk is an international one (¶20-23, ¶32)",
            fatal=False,
        )


def _credentials(where: Where, trunk: Trunk) -> Iterator[Finding]:
    """What is wrong is named without being shown: a password may stand in the wrong place."""
    realms: list[str | None] = []
    for index, one in enumerate(trunk.credentials):
        here: Where = (*where, "credentials", index)
        if not _is_line(one.username):
            yield Finding((*here, "username"), "is no text of one line", "write the name that the carrier has given")
        if not one.password.text:
            yield Finding((*here, "password"), "is empty", "write the password that the carrier has given")
        if one.realm is not None and not _is_line(one.realm):
            yield Finding((*here, "realm"), "is no text of one line", "write it as the carrier's 401 has it")
        if one.realm in realms:
            yield Finding(
                (*here, "realm"),
                "is that of earlier credentials of this trunk, so these are never used",
                "name one realm for each, and none for one at most",
            )
        realms.append(one.realm)


def _is_line(text: str) -> bool:
    return bool(text) and not any(ord(each) < 0x20 or ord(each) == 0x7F for each in text)


def _header_rules(config: Config) -> Iterator[Finding]:
    spared = {trunk.name for trunk in config.trunk if trunk.trunk_class in SPARED}
    reached = {route.to for route in config.route if route.source in spared}
    for at, trunk in enumerate(config.trunk):
        where: Where = ("trunk", at, "header")
        for index, rule in enumerate(trunk.header):
            for key, problem, mend in faults(rule):
                yield Finding((*where, index, key), problem, mend)
        if trunk.header and trunk.name in spared | reached:
            yield Finding(
                where,
                "rules about a header that names the caller are not applied to national-transit and article-4 calls",
                "name other headers, or know that these calls cross as they came",
                fatal=False,
            )


def _probe(where: Where, trunk: Trunk) -> Iterator[Finding]:
    probe = trunk.probe
    if probe is None:
        return
    shortest = min(probe.interval(is_down=False), probe.interval(is_down=True))
    if probe.timeout_seconds > shortest:
        yield Finding(
            (*where, "timeout_seconds"),
            f"a probe would wait {probe.timeout_seconds:g} s for its answer, and the next is due after {shortest:g} s",
            "make the interval longer, or the timeout shorter",
        )
    if not trunk.targets:
        yield Finding(where, f"{trunk.name!r} has no targets to probe", "give that trunk targets", fatal=False)
    for target in trunk.targets:
        address = target.address
        if not any(peer.admits(ipaddress.ip_address(address.host), address.port) for peer in trunk.peers):
            yield Finding(
                where,
                f"{address} is no peer of {trunk.name!r}, so its answers are dropped unread and it looks dead",
                "add it to peers unless it answers from another address that stands there",
                fatal=False,
            )


def _is_host(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return bool(_HOST_NAME.fullmatch(text))


def _numbers(config: Config) -> Iterator[Finding]:
    """Numbers that no number could ever match, so that the line would do nothing and nobody would know."""
    written: list[tuple[Where, str]] = []
    if config.roaming is not None:
        written += [(("roaming", "table", number), number) for number in config.roaming.table]
        written += [(("roaming", "not_offered", at), prefix) for at, prefix in enumerate(config.roaming.not_offered)]
    for at, leg in enumerate(config.explain.outbound):
        where: Where = ("explain", "outbound", at)
        written += [((*where, "caller"), leg.caller), ((*where, "called"), leg.called)]
    for where, number in written:
        if not _E164.fullmatch(number):
            yield Finding(where, f"{number!r} is no number in the form +32...", "write + and the country code first")


def _classless(config: Config) -> Iterator[Finding]:
    for index, trunk in enumerate(config.trunk):
        if trunk.declared_class is None:
            yield Finding(
                ("trunk", index, "class"),
                "is missing, so the trunk counts as international and is screened (art. 2)",
                f"say class = {' or '.join(repr(str(each)) for each in TrunkClass)}",
                fatal=False,
            )


def _routes(config: Config) -> Iterator[Finding]:
    trunks = {trunk.name: trunk for trunk in config.trunk}
    for index, route in enumerate(config.route):
        for key, name in (("from", route.source), ("to", route.to)):
            if name not in trunks:
                yield Finding(("route", index, key), f"{name!r} is no trunk", _known(trunks))
        if route.to in trunks and not trunks[route.to].targets:
            yield Finding(("route", index, "to"), f"{route.to!r} has no targets", "give that trunk targets")
    yield from _routed(config)
    if config.emergency is not None:
        target = trunks.get(config.emergency.route)
        if target is None:
            yield Finding(("emergency", "route"), f"{config.emergency.route!r} is no trunk", _known(trunks))
        elif not target.targets:
            yield Finding(("emergency", "route"), f"{target.name!r} has no targets", "give that trunk targets")


def _routed(config: Config) -> Iterator[Finding]:
    """Trunks whose calls have no way out, and routes that lead from trunks whose calls need none."""
    routed = {route.source for route in config.route}
    for index, trunk in enumerate(config.trunk):
        asks = trunk.mode is Mode.REDIRECT
        if asks and trunk.name in routed:
            yield Finding(
                ("trunk", index, "mode"),
                f"{trunk.name!r} is answered by redirections, so no route from it is ever taken",
                "take its routes out",
                fatal=False,
            )
        elif not asks and trunk.name not in routed:
            yield Finding(
                ("trunk", index, "name"),
                f"no route leads from {trunk.name!r}: its calls get 404",
                "add a [[route]] unless that is meant",
                fatal=False,
            )


def _prefixes(config: Config) -> Iterator[Finding]:
    """Routes that no call would ever take."""
    taken: set[tuple[str, str]] = set()
    for index, route in enumerate(config.route):
        where: Where = ("route", index, "prefix")
        if route.prefix.startswith("00"):
            yield Finding(where, f"{route.prefix!r} begins no number: 00 is read as +", "write + instead of 00")
        if (route.source, route.prefix) in taken:
            yield Finding(
                where,
                f"an earlier route has from = {route.source!r} and this prefix too, so this one is never used",
                "take one of them out",
            )
        taken.add((route.source, route.prefix))


def _signing(config: Config) -> Iterator[Finding]:
    if config.journal.signing_key is None:
        return
    where, path = ("journal", "signing_key"), Path(config.journal.signing_key)
    if "\0" in str(path):
        yield Finding(where, f"{str(path)!r} is no path", "take the NUL out")
    elif not path.exists():
        yield Finding(where, f"{path} is not there: nothing is signed", f"b2bua journal key {path}", fatal=False)
    elif path.resolve().is_relative_to(Path(config.journal.directory).resolve()):
        problem = "stands in the journal's folder: whoever copies the journal can sign for us"
        yield Finding(where, problem, "keep it elsewhere", fatal=False)


def _retention(config: Config) -> Iterator[Finding]:
    terms = config.retention
    if terms is None:
        return
    if terms.hashed_days < terms.full_days:
        yield Finding(
            ("retention", "hashed_days"),
            f"hashes would go after {terms.hashed_days} days, while the numbers themselves stand for {terms.full_days}",
            "make hashed_days at least full_days",
        )
    if "\0" in terms.key_file:
        yield Finding(("retention", "key_file"), f"{terms.key_file!r} is no path", "take the NUL out")
    elif Path(terms.key_file).parent == Path(config.journal.directory):
        yield Finding(
            ("retention", "key_file"),
            "stands in the journal's folder: whoever copies the journal has the key to its hashes",
            "keep it elsewhere",
            fatal=False,
        )


def _cases(config: Config) -> Iterator[Finding]:
    webhook = config.cases.webhook
    if webhook is not None and not _WEBHOOK.fullmatch(webhook):
        mend = "write it whole, as https://chat.example.be/hooks/cases"
        yield Finding(("cases", "webhook"), "is no address of the web", mend)


def _known(trunks: dict[str, Trunk]) -> str:
    return f"one of {', '.join(sorted(trunks)) or 'none declared'}"
