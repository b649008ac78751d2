"""A flow: which of our sockets speaks with which remote address (the term of RFC 5626 §3, for UDP too)."""

import attrs


@attrs.frozen(cache_hash=True)
class Flow:
    """Where a message came from, or shall go: plain data, so that effects can be compared, logged and replayed.

    The core never opens or resolves anything: `socket` is the shell's name for one of its own sockets.
    """

    socket: str
    """Our side: the name under which the shell knows the socket or listener."""
    remote: tuple[str, int]
    """The other side: numeric address (IPv6 without brackets) and port."""
    transport: str = "UDP"
    """As in Via: UDP, TCP, TLS, WS, WSS."""

    @property
    def reliable(self) -> bool:
        """Whether the transport repeats what was lost, so that the transaction need not (RFC 3261 §17)."""
        return self.transport != "UDP"
