"""The peers of one test, each started when it is first wanted; all but Kamailio are ended with the test."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

import attrs

from sipstack.auth import Account, Secret
from sipstack.net import Clients
from tests.sipstack.peers.baresip import Baresip
from tests.sipstack.peers.certificates import Certificates, Identity
from tests.sipstack.peers.example import Example
from tests.sipstack.peers.kamailio import PASSWORD, REALM, USER, Kamailio
from tests.sipstack.peers.phone import Phone
from tests.sipstack.peers.sipp import TIMEOUT, Sipp

TRANSPORTS = ("udp", "tcp", "tls")


def account(password: str = PASSWORD) -> Account:
    """Kamailio's user."""
    return Account(USER, Secret.of_password(password), REALM)


@attrs.define(eq=False)
class Proxies:
    """The Kamailios of a run of tests. Half a second passes until one takes its first call, so each serves many."""

    folder: Path
    authority: Path
    """Whose certificates they believe."""
    running: dict[tuple[str, Identity], Kamailio] = attrs.field(factory=dict)

    def one(self, algorithm: str, identity: Identity) -> Kamailio:
        """The one that challenges and shows itself so; what it has heard before is forgotten."""
        proxy = self.running.get((algorithm, identity))
        if proxy is None:
            folder = self.folder / str(len(self.running))
            proxy = Kamailio.start(folder, self.authority, identity, algorithm)
            self.running[algorithm, identity] = proxy
        proxy.forget()
        return proxy

    def close(self) -> None:
        """Ends them all."""
        for proxy in self.running.values():
            proxy.close()


@attrs.define(eq=False, slots=False)
class Stage:
    """Peers and what they need; `close` it."""

    folder: Path
    certificates: Certificates
    proxies: Proxies
    identity: Identity
    """What baresip and Kamailio show."""
    algorithm: str = attrs.field(kw_only=True)
    """Of Kamailio's challenges."""
    _closing: ExitStack = attrs.field(factory=ExitStack, init=False)
    _reports: list[Callable[[], str]] = attrs.field(factory=list, init=False)
    _played: int = attrs.field(default=0, init=False)

    @cached_property
    def baresip(self) -> Baresip:
        """A telephone whose accounts are called as the transports."""
        baresip = Baresip.start(self.folder / "baresip", self.certificates.authority, self.identity)
        self._closing.callback(baresip.close)
        self._reports.append(lambda: "\n".join(["--- baresip", *baresip.ladder]))
        return baresip

    @cached_property
    def kamailio(self) -> Kamailio:
        """A proxy and registrar."""
        kamailio = self.proxies.one(self.algorithm, self.identity)
        self._reports.append(lambda: f"--- Kamailio\n{kamailio.process.said[-6000:]}")
        return kamailio

    @cached_property
    def behind(self) -> Baresip:
        """A telephone all of whose calls go by Kamailio; the account's name is the transport it takes to there."""
        proxies = {transport: self.kamailio.uri(transport) for transport in TRANSPORTS}
        baresip = Baresip.start(self.folder / "behind", self.certificates.authority, self.identity, proxies)
        self._closing.callback(baresip.close)
        self._reports.append(lambda: "\n".join(["--- baresip behind Kamailio", *baresip.ladder]))
        return baresip

    @cached_property
    def phone(self) -> Phone:
        """Our own user agent, who has the password of Kamailio's user."""
        return self.another()

    def another(
        self, *, password: str = PASSWORD, identity: Identity | None = None, clients: Clients = Clients.ASKED
    ) -> Phone:
        """A user agent that is set up in another way."""
        shown = identity or self.certificates.ours
        phone = Phone.start(self.certificates.authority, shown, clients, (account(password),))
        self._closing.callback(phone.close)
        self._reports.append(lambda: "\n".join(["--- the phone", *phone.ladder]))
        return phone

    def example(self, *, rings: bool = False) -> Example:
        """`examples/ua.py`."""
        example = Example.start(self.folder / "example", self.certificates, rings=rings)
        self._closing.callback(example.close)
        self._reports.append(lambda: f"--- the example\n{example.process.said}")
        return example

    def sipp(self, transport: str, ladder: str, remote: int | None = None, *, timeout: int = TIMEOUT) -> Sipp:
        """SIPp on that ladder, which takes no longer than so many seconds; as many as are wanted."""
        self._played += 1
        sipp = Sipp.start(self.folder / f"sipp-{self._played}", transport, ladder, remote, timeout=timeout)
        self._closing.callback(sipp.close)
        return sipp

    @property
    def report(self) -> str:
        """What the peers have seen, for a test that has failed."""
        return "\n".join(report() for report in self._reports)

    def close(self) -> None:
        """Ends every process."""
        self._closing.close()
