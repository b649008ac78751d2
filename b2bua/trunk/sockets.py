"""Our own listening addresses, as the peers of a trunk know them."""

from typing import Self

import attrs

from b2bua.config import Endpoint


@attrs.frozen
class Socket:
    """One of our listening addresses, as a trunk shows it to its peers. What it says of itself in every message is
    spelled once."""

    name: str
    """The driver's name for it: `192.0.2.1:5060`."""
    is_ipv6: bool
    shown: str
    """`host:port` for Via and Contact."""
    address: str = attrs.field(init=False, repr=False, eq=False)
    """The address it listens on; "" for every address of the host."""
    contact: str = attrs.field(init=False, repr=False, eq=False)
    """The Contact value of our dialogs on this socket."""

    @address.default
    def _bare(self) -> str:
        host = self.name.rpartition(":")[0].strip("[]")
        return "" if host in ("0.0.0.0", "::") else host

    @contact.default
    def _as_contact(self) -> str:
        return f"<sip:{self.shown}>"

    @classmethod
    def of(cls, endpoint: Endpoint, advertise: str | None) -> Self:
        """The socket that listens there; `advertise` is the host to show in place of the address."""
        host = f"[{advertise}]" if advertise and ":" in advertise else advertise
        shown = f"{host}:{endpoint.port}" if host else str(endpoint)
        return cls(str(endpoint), endpoint.is_ipv6, shown)

    @property
    def domain(self) -> str:
        """How URIs name us by it: the same, less the port that goes without saying (RFC 3261 §19.1.2)."""
        return self.shown.removesuffix(":5060")

    def via(self, branch: str) -> str:
        """The Via value of a request of ours, asking for symmetric responses (RFC 3581)."""
        return f"SIP/2.0/UDP {self.shown};branch={branch};rport"
