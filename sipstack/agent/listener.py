"""Our own addresses, as we write them into Via and Contact (RFC 3261 §8.1.1.7 and §8.1.1.8)."""

import attrs


@attrs.frozen(kw_only=True)
class Listener:
    """One of the shell's sockets, under the name that its flows bear."""

    name: str
    transport: str
    """UDP, TCP or TLS."""
    host: str
    """What the other side can reach: an address (IPv6 without brackets) or a name."""
    port: int
    user: str = ""
    """The user part of our Contact."""

    def via(self, branch: str) -> str:
        """A Via value; it always asks for `rport` (RFC 3581 §3)."""
        return f"SIP/2.0/{self.transport} {self._sent_by};rport;branch={branch}"

    def contact(self, *, secure: bool = False) -> str:
        """A Contact value; `secure` when the request came by, or goes to, a sips URI (§8.1.1.8, §12.1.1)."""
        user = f"{self.user}@" if self.user else ""
        scheme = "sips" if secure else "sip"
        transport = "" if self.transport == "UDP" or secure else f";transport={self.transport.lower()}"
        return f"<{scheme}:{user}{self._sent_by}{transport}>"

    @property
    def _sent_by(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
