"""TLS for streams: certificates that can be replaced, who the peer is (RFC 5922), and the record layer (RFC 3261 §26).

A certificate stands for domains. They are the hosts of its `sip:` URIs without a user part; only if it has none, its
DNS names; only if it has no subjectAltName at all, its common name (§7.1). A domain is compared whole and without
regard to case; a wildcard matches nothing (§7.2). The system's own host-name check knows other rules and is off.

TLS 1.2 or later; no renegotiation, no resumption: a connection lives for hours, and whoever connects again is to be
judged by the certificates and authorities of that moment.
"""

import contextlib
import enum
import ssl
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from sipstack.errors import ParseError, StateError
from sipstack.locate.names import numeric
from sipstack.values.uri import SipUri, parse_uri

_PIECE: Final = 64 * 1024
NOBODY: Final[Mapping[str, object]] = {}
"""The certificate of a peer that has shown none."""


class Clients(enum.Enum):
    """What a server asks of those who connect."""

    ANONYMOUS = ssl.CERT_NONE
    """Nothing: they are known by address or by digest authentication."""
    ASKED = ssl.CERT_OPTIONAL
    """A certificate, which has to be good when there is one."""
    NAMED = ssl.CERT_REQUIRED
    """A good certificate: mutual TLS."""


@attrs.frozen
class Certificate:
    """One of our own: the files, and for which names of a client hello (SNI, RFC 6066 §3) it is shown."""

    chain: str
    """Path of the PEM file with the certificate and its intermediates."""
    key: str
    """Path of the PEM file with the private key."""
    names: tuple[str, ...] = ()
    """Server names; the first certificate of a `Tls` also serves all others."""
    password: str = attrs.field(default="", kw_only=True, repr=False)


@attrs.define(eq=False)
class Tls:
    """What one listening name shows and whom it believes. Make it with `load`."""

    certificates: tuple[Certificate, ...]
    trusted: str | None
    """Path of the PEM file with the authorities we believe; None for those of the system."""
    clients: Clients
    _server: ssl.SSLContext | None = attrs.field(default=None, init=False, repr=False)
    _client: ssl.SSLContext | None = attrs.field(default=None, init=False, repr=False)

    @classmethod
    def load(
        cls,
        certificates: Iterable[Certificate] = (),
        trusted: str | None = None,
        clients: Clients = Clients.NAMED,
    ) -> "Tls":
        """From files; without a certificate it can only connect to others, and shows none. Raises OSError.

        `ssl.SSLError`, for a file that holds something else or a key that is not the certificate's, is an OSError.
        """
        tls = cls(tuple(certificates), trusted, clients)
        tls.reload()
        return tls

    def reload(self) -> None:
        """Reads the files again: new connections use what they hold now, those that stand keep what they have.

        Raises OSError as `load` does; then all stays as it was.
        """
        client = self._context(ssl.PROTOCOL_TLS_CLIENT, self.certificates[0] if self.certificates else None)
        client.verify_mode = ssl.CERT_REQUIRED
        servers = [self._context(ssl.PROTOCOL_TLS_SERVER, certificate) for certificate in self.certificates]
        by_name: dict[str | None, ssl.SSLContext] = {}
        for certificate, context in zip(self.certificates, servers, strict=True):
            context.verify_mode = self.clients.value
            by_name.update({name.lower(): context for name in certificate.names})

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
            connection.context = by_name.get(name and name.lower(), servers[0])

        for context in servers[:1]:
            context.sni_callback = choose
        self._client, self._server = client, servers[0] if servers else None

    def accept(self) -> "TlsSession":
        """The server's side of a new connection. Raises StateError without a certificate."""
        if self._server is None:
            raise StateError("a TLS server needs a certificate")
        return TlsSession.over(self._server, None)

    def connect(self, domain: str) -> "TlsSession":
        """The client's side of a new connection, to whoever shall prove to be that domain or address."""
        if self._client is None:
            raise StateError("load first")
        return TlsSession.over(self._client, domain)

    def _context(self, protocol: int, certificate: Certificate | None) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
        if protocol == ssl.PROTOCOL_TLS_SERVER:
            context.num_tickets = 0
        if certificate is not None:
            # Without a password OpenSSL would ask the terminal for one, and wait.
            context.load_cert_chain(certificate.chain, certificate.key, certificate.password)
        if self.trusted is not None:
            context.load_verify_locations(self.trusted)
        else:
            context.load_default_certs(
                ssl.Purpose.CLIENT_AUTH if protocol == ssl.PROTOCOL_TLS_SERVER else ssl.Purpose.SERVER_AUTH
            )
        return context


@attrs.define(eq=False)
class TlsSession:
    """The record layer of one connection, without its socket: ciphertext in and out, plaintext in and out.

    After any call, send what `output` gives. What is wrong with the peer's records or its certificate comes as
    `ssl.SSLError`; after it `output` holds the alert that tells the peer.
    """

    is_secured: bool = attrs.field(default=False, init=False)
    """Whether the handshake is over, on our side."""
    is_ended: bool = attrs.field(default=False, init=False)
    """Whether the peer has said that nothing more comes."""
    _incoming: ssl.MemoryBIO
    _outgoing: ssl.MemoryBIO
    _tls: ssl.SSLObject

    @classmethod
    def over(cls, context: ssl.SSLContext, domain: str | None) -> "TlsSession":
        """A session by a context; a client names the domain it wants."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=domain is None, server_hostname=domain)
        return cls(incoming, outgoing, tls)

    def receive(self, data: bytes) -> bytes:
        """The plaintext that ciphertext completes; begin a client's handshake with none. Raises ssl.SSLError."""
        self._incoming.write(data)
        plain = bytearray()
        try:
            if not self.is_secured:
                self._tls.do_handshake()
                self.is_secured = True
            while piece := self._tls.read(_PIECE):
                plain += piece
            self.is_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_ended = True
        return bytes(plain)

    def send(self, data: bytes) -> None:
        """Encrypts; only once the session is secured. Raises ssl.SSLError."""
        self._tls.write(data)

    def close(self) -> None:
        """Says that nothing more comes from us."""
        # It complains that the peer's own word has not come yet, or that the session never stood.
        with contextlib.suppress(ssl.SSLError, ValueError):
            self._tls.unwrap()

    def output(self) -> bytes:
        """The ciphertext that waits to be sent."""
        return self._outgoing.read()

    def certificate(self) -> Mapping[str, object]:
        """What the peer has shown, as `SSLSocket.getpeercert` gives it; `NOBODY` when nothing, or unverified."""
        return self._tls.getpeercert() or NOBODY


def identities(certificate: Mapping[str, object]) -> tuple[str, ...]:
    """The SIP domains a verified certificate stands for (RFC 5922 §7.1), lower-case; then its IP addresses.

    Addresses are no domains of RFC 5922. They let a peer be named that has no domain, by a certificate made for that;
    they are taken from iPAddress entries alone.
    """
    names = _pairs(certificate.get("subjectAltName"))
    domains = [domain for kind, value in names if kind == "URI" and (domain := _domain(value))]
    if not domains:
        domains = [value for kind, value in names if kind == "DNS"]
    if not names:
        domains = [
            value for part in _parts(certificate.get("subject")) for kind, value in _pairs(part) if kind == "commonName"
        ]
    # A domain that looks like an address is none; OpenSSL writes an IPv6 address in a way that nobody else does.
    domains = [domain.lower() for domain in domains if numeric(domain) is None]
    addresses = [numeric(value.strip()) or value for kind, value in names if kind == "IP Address"]
    return tuple(dict.fromkeys(domains + addresses))


def matches(domain: str, names: Iterable[str]) -> bool:
    """Whether a domain (or address) is among those a certificate stands for (RFC 5922 §7.2)."""
    wanted = numeric(domain) or domain.lower().removesuffix(".")
    return bool(wanted) and "*" not in wanted and wanted in names


def _domain(text: str) -> str | None:
    """The domain a `sip:` URI names; none for a user's URI, which stands for that user alone."""
    try:
        uri = parse_uri(text)
    except ParseError:
        return None
    return uri.host if isinstance(uri, SipUri) and uri.scheme == "sip" and uri.user is None else None


def _parts(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _pairs(value: object) -> list[tuple[str, str]]:
    return [(str(pair[0]), str(pair[1])) for pair in _parts(value) if isinstance(pair, tuple) and len(pair) == 2]
