"""A party that challenges each request but ACK and CANCEL (RFC 3261 §22.1), by an arithmetic of its own."""

import hashlib
import re
from collections.abc import Callable
from functools import partial

import attrs

from tests.world.party import Fields, Party
from tests.world.wire import Wire

USER, PASSWORD, REALM = "gw", "Sesame-0", "carrier.example"
_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


@attrs.define(eq=False)
class Challenger(Party):
    """`proxies` are challenged for one by one, each with a realm of its own; 407 for them, 401 for itself."""

    status: int = attrs.field(default=407, kw_only=True)
    realms: list[str] = attrs.field(factory=lambda: [REALM], kw_only=True)
    """All of them must be proved; all that are not are asked for at once."""
    algorithm: str = attrs.field(default="MD5", kw_only=True)
    qop: str | None = attrs.field(default="auth", kw_only=True)
    spares: frozenset[str] = attrs.field(default=frozenset(), kw_only=True)
    """Methods that it does not challenge."""
    lasts: int = attrs.field(default=1_000, kw_only=True)
    """How many requests a nonce is good for."""
    says_stale: bool = attrs.field(default=True, kw_only=True)
    trusts: bool = attrs.field(default=True, kw_only=True)
    """Whether a right proof is ever taken."""
    challenged: list[Wire] = attrs.field(factory=list, init=False, repr=False)
    proofs: list[dict[str, str]] = attrs.field(factory=list, init=False, repr=False)
    """The credentials that were right, in order."""
    _seen: set[tuple[str, str]] = attrs.field(factory=set, init=False, repr=False)
    _used: dict[str, int] = attrs.field(factory=dict, init=False, repr=False)
    _nonces: int = attrs.field(default=0, init=False)

    def _called(self, wire: Wire) -> None:
        if self._admits(wire):
            super()._called(wire)

    def _in_session(self, wire: Wire) -> None:
        if self._admits(wire):
            super()._in_session(wire)

    def _admits(self, wire: Wire) -> bool:
        if wire.method in self.spares:
            return True
        line = "authorization" if self.status == 401 else "proxy-authorization"
        given = {found["realm"]: found for found in map(read, wire.all(line))}
        missing, is_stale = [], False
        for realm in self.realms:
            proof = given.get(realm)
            if proof is None or not self._is_right(proof, wire.method) or not self.trusts:
                missing.append(realm)
            elif self._used[proof["nonce"]] >= self.lasts:
                missing.append(realm)
                is_stale = self.says_stale
            else:
                self._used[proof["nonce"]] += 1
                place = proof["nonce"], proof.get("nc", "")
                assert place not in self._seen or not self.qop, "a nonce count is used once (RFC 7616 §3.4)"
                self._seen.add(place)
                self.proofs.append(proof)
        if missing:
            self.challenged.append(wire)
            asked = [self._challenge(realm, is_stale=is_stale) for realm in missing]
            self._refuse(wire, asked)
        return not missing

    def _refuse(self, wire: Wire, asked: Fields) -> None:
        acked: list[int] = []
        self._refusals[wire.branch] = acked
        data = self.response(wire, self.status, headers=asked, tag=f"{self.name}-challenge")
        self._replies[wire.branch, wire.method] = [data]
        if wire.method == "INVITE":
            self._repeat(data, partial(bool, acked), 4.0)
        else:
            self.world.send(self, data)

    def _requested(self, wire: Wire) -> None:
        if wire.method == "ACK" and wire.branch in self._refusals:
            self._refusals[wire.branch].append(wire.cseq)
            return
        super()._requested(wire)

    def _challenge(self, realm: str, *, is_stale: bool) -> tuple[str, str]:
        self._nonces += 1
        nonce = f"{self.name}-nonce-{self._nonces}"
        self._used[nonce] = 0
        value = f'Digest realm="{realm}", nonce="{nonce}", algorithm={self.algorithm}'
        value += f', qop="{self.qop}"' if self.qop else ""
        value += ", stale=true" if is_stale else ""
        return ("WWW-Authenticate" if self.status == 401 else "Proxy-Authenticate"), value

    def _is_right(self, proof: dict[str, str], method: str) -> bool:
        if proof["nonce"] not in self._used or proof["username"] != USER:
            return False
        digest = _HASHES[self.algorithm]
        secret = digest(f"{USER}:{proof['realm']}:{PASSWORD}".encode())
        asked = digest(f"{method}:{proof['uri']}".encode())
        middle = f"{proof['nc']}:{proof['cnonce']}:{proof['qop']}:" if self.qop else ""
        return proof["response"] == digest(f"{secret}:{proof['nonce']}:{middle}{asked}".encode())

    _refusals: dict[str, list[int]] = attrs.field(factory=dict, init=False, repr=False)


def read(line: str) -> dict[str, str]:
    """The parameters of one Authorization or Proxy-Authorization."""
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', line)}
