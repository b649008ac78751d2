"""Challenging others: the server's side of Digest (RFC 3261 §22.1 to §22.4, RFC 7616 §3.3 to §3.6, RFC 8760 §2.3).

A nonce is a time, eight random bytes and a keyed hash over both, the realm and a context of the caller's choice: it can
be checked without having been kept. Only nonces that were answered rightly are remembered, for their counts.
"""

import hmac
import struct
from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

from sipstack.auth.digest import AVAILABLE, Algorithm, Proof, Secret, ha1, octets, same
from sipstack.auth.replay import NonceMemory
from sipstack.errors import ParseError, StateError
from sipstack.message import Request
from sipstack.values.credentials import AuthenticationInfo, Challenge, Credentials
from sipstack.values.equivalence import same_uri
from sipstack.values.uri import parse_uri

Lookup: TypeAlias = Callable[[str], Secret | None]
"""The secret of the user of that name in our realm; None when there is no such user."""
Unhash: TypeAlias = Callable[[str, Algorithm], str | None]
"""The name of the user whose H(user:realm) by that algorithm is the text."""

_STAMP: Final = struct.Struct(">q")
_MAC: Final = 16
_RANDOM: Final = 8
_HEX: Final = frozenset("0123456789abcdef")


@attrs.frozen(kw_only=True)
class Protection:
    """What is asked of whom. Raises StateError when it could not be printed or computed."""

    realm: str = attrs.field()
    algorithms: tuple[Algorithm, ...] = attrs.field(default=tuple(Algorithm(each) for each in AVAILABLE))
    """One challenge for each, in this order: the first is what we like best (RFC 8760 §2.3)."""
    qops: tuple[str, ...] = attrs.field(default=("auth",))
    """`auth`, `auth-int` or both. Where `auth` is offered, the form of RFC 2069 is taken too, each nonce once."""
    proxy: bool = False
    """Ask by 407 and Proxy-Authenticate, as a proxy does, in place of 401 and WWW-Authenticate."""
    lifetime: float = 300.0
    """Seconds until a nonce is stale."""
    domain: str = ""
    """URIs, with blanks between, for which the same credentials hold."""
    charset: str = ""
    """`UTF-8` tells so to clients from the web's world (RFC 7616 §4); SIP texts are UTF-8 anyway."""
    opaque: str = ""
    """Text that every client has to repeat; not looked at when it comes back."""
    match_uri: bool = True
    """Refuse credentials made for another URI than the Request-URI. Off behind proxies that change it (§22.4)."""
    forbid_wrong: bool = False
    """Answer a wrong digest by 403; otherwise by another challenge."""

    @algorithms.validator
    @qops.validator
    def _offers(self, attribute: "attrs.Attribute[object]", value: tuple[object, ...]) -> None:
        if not value or (attribute.name == "qops" and not set(value) <= {"auth", "auth-int"}):
            raise StateError(f"nothing to offer in {attribute.name}: {value!r}")

    @realm.validator
    def _is_plain(self, _: "attrs.Attribute[str]", value: str) -> None:
        if not value.isprintable():
            raise StateError(f"not a realm: {value!r}")


@attrs.frozen
class Authenticated:
    """The request is from this user; what the user may do is another question (RFC 3261 §10.3 has it for REGISTER)."""

    user: str
    credentials: Credentials = attrs.field(repr=False)
    _ha1: str = attrs.field(repr=False)
    _proof: Proof = attrs.field(repr=False)
    issued: float
    """When its nonce was made."""

    def proof(self, body: bytes = b"") -> dict[str, str]:
        """The parameters of Authentication-Info that prove us to the client; none in the form of RFC 2069."""
        if self._proof.qop is None:
            return {}
        rspauth = attrs.evolve(self._proof, body=body).rspauth(self._ha1)
        return {"rspauth": rspauth, "qop": self._proof.qop, "nc": self._proof.nc, "cnonce": self._proof.cnonce}


@attrs.frozen
class Challenged:
    """Answer the request with this status and these headers."""

    status: int
    headers: tuple[tuple[str, str], ...]
    stale: bool
    """The credentials were right but for their nonce."""


@attrs.frozen
class Refused:
    """Answer the request with this status and phrase: its credentials cannot be read (400) or are wrong (403)."""

    status: int
    reason: str


@attrs.frozen
class Exempt:
    """An ACK or a CANCEL, which nobody may challenge (RFC 3261 §22.1): its INVITE decides, and whom it comes from."""


Outcome: TypeAlias = Authenticated | Challenged | Refused | Exempt


@attrs.define(eq=False, repr=False)
class DigestServer:
    """One realm's door: says who a request is from, or what to answer it with.

    `secret` makes the nonces: 16 bytes or more, else StateError. Servers that share it and the clock take each other's
    nonces, but do not see each other's replays. `randbytes` is a source of random bytes as `Ids` has it. `lookup` must
    not be slower for users that exist. With `unhash` the challenges invite hashed user names (RFC 7616 §3.4.4).
    """

    protection: Protection
    secret: bytes = attrs.field()
    randbytes: Callable[[int], bytes]
    lookup: Lookup
    unhash: Unhash | None = attrs.field(default=None, kw_only=True)
    memory: NonceMemory = attrs.field(factory=NonceMemory, kw_only=True)

    @secret.validator
    def _is_long(self, _: "attrs.Attribute[bytes]", value: bytes) -> None:
        if len(value) < _MAC:
            raise StateError(f"a secret of {len(value)} bytes can be guessed")

    def judge(self, request: Request, now: float, context: str = "") -> Outcome:
        """Who sent this, or what to answer.

        Of credentials for several realms only ours count. `context` ties nonces to whatever must not change between
        challenge and answer, such as the remote address. Seconds of one monotonic clock in `now`.
        """
        if request.method in ("ACK", "CANCEL"):
            return Exempt()
        try:
            credentials = self._ours(request)
            proof = None if credentials is None else self._proof(credentials, request)
        except ParseError as error:
            return Refused(error.status, error.reason)
        if credentials is None or proof is None:
            return self.challenge(now, context)
        return self._verify(credentials, proof, now, context)

    def challenge(self, now: float, context: str = "", *, stale: bool = False) -> Challenged:
        """A challenge with a nonce of its own, for each algorithm (RFC 8760 §2.3)."""
        protection = self.protection
        nonce = self._nonce(now, context)
        name = "Proxy-Authenticate" if protection.proxy else "WWW-Authenticate"
        values = {"realm": protection.realm, "nonce": nonce, "qop": ",".join(protection.qops)}
        optional = {
            "domain": protection.domain,
            "opaque": protection.opaque,
            "charset": protection.charset,
            "stale": "true" if stale else "",
            "userhash": "" if self.unhash is None else "true",
        }
        values |= {key: value for key, value in optional.items() if value}
        challenges = [Challenge.digest({**values, "algorithm": str(each)}) for each in protection.algorithms]
        status = 407 if protection.proxy else 401
        return Challenged(status, tuple((name, str(challenge)) for challenge in challenges), stale)

    def info(
        self, authenticated: Authenticated, now: float, context: str = "", *, body: bytes = b""
    ) -> tuple[tuple[str, str], ...]:
        """The headers for the 2xx: our own proof, and the next nonce when this one is past half its life.

        `body` is the body of the 2xx; empty in the form of RFC 2069 with a young nonce (RFC 7616 §3.5).
        """
        values = authenticated.proof(body)
        if now - authenticated.issued > self.protection.lifetime / 2:
            values["nextnonce"] = self._nonce(now, context)
        name = "Proxy-Authentication-Info" if self.protection.proxy else "Authentication-Info"
        return ((name, str(AuthenticationInfo.of(values))),) if values else ()

    def _ours(self, request: Request) -> Credentials | None:
        """The credentials for our realm. Raises ParseError when there are two: one each is allowed (RFC 8760 §2.4)."""
        key = "proxy-authorization" if self.protection.proxy else "authorization"
        present = [each for line in request.headers.all(key) for each in Credentials.parse_list(line)]
        ours = [each for each in present if each.is_digest and each.realm == self.protection.realm]
        if len(ours) > 1:
            raise ParseError("Two Credentials For One Realm")
        return ours[0] if ours else None

    def _proof(self, credentials: Credentials, request: Request) -> Proof | None:
        """What the credentials say they prove; None when by an algorithm that was not offered. Raises ParseError."""
        algorithm = Algorithm.named(credentials.algorithm)
        if algorithm not in self.protection.algorithms:
            return None
        qop = credentials.qop
        if (qop or "auth") not in self.protection.qops:
            raise ParseError("Bad Quality Of Protection", qop or "")
        if qop is not None and (not credentials.nc or not credentials.cnonce):
            raise ParseError("Bad Nonce Count")
        if not credentials.username or credentials.response is None or credentials.nonce is None:
            raise ParseError("Incomplete Credentials")
        if self.protection.match_uri and not _same_target(credentials.uri, request):
            raise ParseError("Credentials For Another URI")
        return Proof(
            algorithm=algorithm,
            nonce=credentials.nonce,
            uri=credentials.uri or "",
            method=request.method,
            qop=qop,
            nc=credentials.get("nc") or "",
            cnonce=credentials.cnonce or "",
            body=request.body,
        )

    def _verify(self, credentials: Credentials, proof: Proof, now: float, context: str) -> Outcome:
        user, known = self._known(credentials, proof.algorithm)
        right = same(proof.response(known or self._decoy(user, proof.algorithm)), credentials.response or "")
        if not right or known is None:
            return Refused(403, "Forbidden") if self.protection.forbid_wrong else self.challenge(now, context)
        issued = self._issued(proof.nonce, now, context)
        if issued is None:
            return self.challenge(now, context, stale=True)
        self.memory.forget(now - self.protection.lifetime)
        count = None if proof.qop is None else credentials.nc
        if not self.memory.use(proof.nonce, issued, count):
            return self.challenge(now, context, stale=True)
        return Authenticated(user, credentials, known, proof, issued)

    def _known(self, credentials: Credentials, algorithm: Algorithm) -> tuple[str, str | None]:
        """The user's name and H(A1); for one who does not exist, what was sent and None."""
        sent = credentials.username or ""
        user: str | None = sent
        if credentials.userhash:
            user = None if self.unhash is None else self.unhash(sent, algorithm)
        secret = None if user is None else self.lookup(user)
        if user is None or secret is None:
            return sent, None
        return user, secret.ha1(algorithm.hash, user, self.protection.realm)

    def _decoy(self, user: str, algorithm: Algorithm) -> str:
        """An H(A1) that nobody knows: a user who does not exist is refused by the same work as a wrong password."""
        return ha1(algorithm.hash, user, self.protection.realm, hmac.digest(self.secret, b"nobody", "sha256").hex())

    def _nonce(self, now: float, context: str) -> str:
        head = _STAMP.pack(int(now * 1000)) + self.randbytes(_RANDOM)
        return (head + self._mac(head, context)).hex()

    def _issued(self, nonce: str, now: float, context: str) -> float | None:
        """When the nonce was made; None when not by us, for this context and within its lifetime."""
        size = _STAMP.size + _RANDOM
        if len(nonce) != 2 * (size + _MAC) or not set(nonce) <= _HEX:
            return None
        raw = bytes.fromhex(nonce)
        if not hmac.compare_digest(raw[size:], self._mac(raw[:size], context)):
            return None
        issued = float(_STAMP.unpack_from(raw)[0]) / 1000
        return issued if 0 <= now - issued <= self.protection.lifetime else None

    def _mac(self, head: bytes, context: str) -> bytes:
        return hmac.digest(self.secret, head + octets(f"{self.protection.realm}\0{context}"), "sha256")[:_MAC]

    def __repr__(self) -> str:
        return f"<DigestServer {self.protection.realm!r}, {self.memory!r}>"


def _same_target(uri: str | None, request: Request) -> bool:
    """Whether the credentials are for what is asked: the same text, or the same address (RFC 3261 §22.4, §19.1.4)."""
    return uri is not None and (uri == request.uri or same_uri(parse_uri(uri), request.request_uri))
