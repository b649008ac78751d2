"""What may be written of holders: whom no question would reach, and what would tell a secret on the way."""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from b2bua.config.finding import Finding, Where
from b2bua.config.roaming import Asked, Camara, Dns, Holder, OAuth, Roaming

_E164 = re.compile(r"\+[1-9][0-9]{0,14}")
_ZONE = re.compile(
    r"([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?"
)
#: Of a zone: fifteen digits with their dots stand before it in 253 characters.
_LONGEST_ZONE = 220
#: Holders at most: what a list of ported numbers can tell apart.
_MOST = 255


def check_holders(config: Roaming | None) -> Iterator[Finding]:
    """Everything wrong with the holders of `[roaming]`."""
    if config is None:
        return
    named: dict[str, Where] = {}
    begun: dict[str, Where] = dict.fromkeys(config.not_offered, ("roaming", "not_offered"))
    for where, holder in config.holders():
        yield from _named(where, holder, named)
        yield from _prefixes(where, holder, begun)
        if not holder.prefixes and config.portability is None:
            yield Finding(where, f"no number leads to {holder.name!r}", "give it prefixes, or name a portability file")
        if isinstance(holder, Asked):
            yield from _bounds(where, holder, config.deadline_ms)
        if isinstance(holder, Camara):
            yield from _addresses(where, holder)
        if isinstance(holder, Dns):
            yield from _zone(where, holder)
    yield from _ported(config, named)
    for where, path in config.files():
        if "\0" in path:
            yield Finding(where, f"{path!r} is no path", "take the NUL out")


def _named(where: Where, holder: Holder, named: dict[str, Where]) -> Iterator[Finding]:
    name = holder.name
    if not name.isprintable() or name != name.strip() or not name or set(name) & set(',;"'):
        yield Finding((*where, "name"), f"{name!r} is no name", "give it one that can stand in a list and in a log")
    elif name in named:
        yield Finding((*where, "name"), f"another holder is {name!r} too", "give each a name of its own")
    named.setdefault(name, where)


def _prefixes(where: Where, holder: Holder, begun: dict[str, Where]) -> Iterator[Finding]:
    for at, prefix in enumerate(holder.prefixes):
        here: Where = (*where, "prefixes", at)
        if not _E164.fullmatch(prefix):
            yield Finding(here, f"{prefix!r} is no number in the form +32...", "write + and the country code first")
        elif prefix in begun:
            yield Finding(here, f"{prefix} is another holder's, or not offered", "write it once")
        begun.setdefault(prefix, here)


def _bounds(where: Where, holder: Asked, deadline: int) -> Iterator[Finding]:
    if holder.timeout_ms > deadline:
        yield Finding(
            (*where, "timeout_ms"),
            f"an attempt may take {holder.timeout_ms} ms, and the whole question {deadline} ms",
            "make it no more than deadline_ms",
        )


def _addresses(where: Where, holder: Camara) -> Iterator[Finding]:
    yield from _address((*where, "url"), holder.url)
    if holder.oauth is not None:
        yield from _address((*where, "oauth", "token_url"), holder.oauth.token_url)
        yield from _proof((*where, "oauth"), holder.oauth)
    if holder.key_file is not None and holder.certificate_file is None:
        yield Finding((*where, "key_file"), "is the key of no certificate", "name certificate_file too")


def _proof(where: Where, oauth: OAuth) -> Iterator[Finding]:
    """What is wrong with how we show who we are."""
    secret = oauth.client_secret
    if (secret is None) is (oauth.private_key_file is None):
        problem = "has neither a secret nor a private key" if secret is None else "has a secret and a private key"
        yield Finding(where, problem, "write client_secret or private_key_file")
    elif secret is not None and not secret.text:
        yield Finding((*where, "client_secret"), "is empty", "write the secret that the holder has given")
    if oauth.key_id is not None and oauth.private_key_file is None:
        yield Finding((*where, "key_id"), "is the name of no key", "name private_key_file too")
    if oauth.secret_in_body and secret is None:
        yield Finding((*where, "secret_in_body"), "speaks of a secret that is not there", "take it out")


def _address(where: Where, url: str) -> Iterator[Finding]:
    """What is wrong with the address of a service; it is not shown, for a password may stand in it."""
    mend = "write it as https://api.example/device-roaming-status/v1"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield Finding(where, "is no address of a service", mend)
        return
    if parts.scheme not in ("https", "http") or not host or not url.isprintable() or " " in url:
        yield Finding(where, "is no address of a service", mend)
    elif parts.username is not None or parts.query or parts.fragment:
        yield Finding(where, "has a user, a query or a fragment", mend)
    elif parts.scheme == "http" and not _is_here(host):
        yield Finding(
            where,
            "would carry numbers and tokens in clear",
            "write https://, or reach it through a proxy on this host",
        )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _zone(where: Where, holder: Dns) -> Iterator[Finding]:
    if not _ZONE.fullmatch(holder.zone) or len(holder.zone) > _LONGEST_ZONE:
        yield Finding((*where, "zone"), f"{holder.zone!r} is no domain", "write it as e164.arpa")
    if not holder.nameservers:
        yield Finding((*where, "nameservers"), "is empty", "name at least one address")
    for at, server in enumerate(holder.nameservers):
        if server.network.num_addresses != 1:
            yield Finding((*where, "nameservers", at), f"{server.network} is many addresses", "name one")
    if not holder.roaming_parameter:
        yield Finding((*where, "roaming_parameter"), "is empty", "name what says whether the subscriber roams")


def _ported(config: Roaming, named: dict[str, Where]) -> Iterator[Finding]:
    for at, name in enumerate(config.without_check):
        where: Where = ("roaming", "without_check", at)
        if name in named:
            yield Finding(where, f"{name!r} is a holder that is asked", "take one of them out")
        elif config.portability is None:
            yield Finding(where, "stands in no list, for there is none", "name a portability file", fatal=False)
    if len(named) + len(config.without_check) > _MOST:
        yield Finding(("roaming",), f"has more than {_MOST} holders", "put the smaller ones together")
