"""The arithmetic of Digest: what a user and a password become under a challenge (RFC 7616 §3.4, RFC 8760 §2).

    H(A1) = H(user:realm:password)                 kept by a server in place of the password (`Secret`)
    H(A1) = H(H(user:realm:password):nonce:cnonce) for the -sess algorithms
    H(A2) = H(method:uri)                          with qop auth-int also :H(body)
    response = H(H(A1):nonce:nc:cnonce:qop:H(A2)), or H(H(A1):nonce:H(A2)) without qop (RFC 2069)

Texts are hashed as UTF-8; what the wire gave as other bytes is hashed as those bytes.
"""

import enum
import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from typing import Final

import attrs

from sipstack.errors import StateError


class Hash(enum.StrEnum):
    """The hash functions, strongest first, under the names of the IANA registry of RFC 7616 §6.1."""

    SHA_512_256 = "SHA-512-256"
    """FIPS 180-4's SHA-512/256. The example of RFC 7616 §3.9.2 was computed by SHA-512 cut in two (erratum 4897)."""
    SHA_256 = "SHA-256"
    MD5 = "MD5"

    def __call__(self, data: bytes) -> str:
        """The digest in lower-case hexadecimal."""
        return hashlib.new(_OPENSSL_NAMES[self], data, usedforsecurity=False).hexdigest()

    @property
    def size(self) -> int:
        """How many hexadecimal digits it prints."""
        return 32 if self is Hash.MD5 else 64


_OPENSSL_NAMES: Final = {Hash.SHA_512_256: "sha512_256", Hash.SHA_256: "sha256", Hash.MD5: "md5"}

AVAILABLE: Final = tuple(each for each in Hash if _OPENSSL_NAMES[each] in hashlib.algorithms_available)
"""The hashes this Python can compute, strongest first: SHA-512-256 comes with OpenSSL, not with Python."""


@attrs.frozen
class Algorithm:
    """A value of the `algorithm` parameter: a hash, and whether H(A1) is bound to one session (`-sess`)."""

    hash: Hash
    session: bool = False

    @classmethod
    def named(cls, name: str | None) -> "Algorithm | None":
        """The algorithm of that name, in any case; MD5 when there is no name (RFC 7616 §3.3); None when unknown."""
        text = "MD5" if name is None else name.upper()
        base = text.removesuffix("-SESS")
        found = _BY_NAME.get(base)
        return None if found is None else cls(found, base != text)

    def __str__(self) -> str:
        return f"{self.hash}-sess" if self.session else str(self.hash)


_BY_NAME: Final = {each.value: each for each in AVAILABLE}


@attrs.frozen
class Secret:
    """What proves a user: a password, or H(A1) for some of the hashes, computed once and stored in its place.

    Make one by `of_password` or `of_ha1`. It never shows itself: no field is in its repr.
    """

    _password: str | None = attrs.field(default=None, repr=False)
    _ha1: tuple[tuple[Hash, str], ...] = attrs.field(default=(), repr=False)

    @classmethod
    def of_password(cls, password: str) -> "Secret":
        """From the password, taken in Unicode's composed form (RFC 7616 §4).

        Raises StateError when it is no text that can be encoded.
        """
        return cls(composed(password))

    @classmethod
    def of_ha1(cls, hashes: Mapping[Hash, str]) -> "Secret":
        """From H(user:realm:password) by hash, in hexadecimal; they hold for one user name and one realm.

        Raises StateError when one has not the length of its hash or is not hexadecimal.
        """
        for each, text in hashes.items():
            if len(text) != each.size or not set(text.lower()) <= set("0123456789abcdef"):
                raise StateError(f"not an H(A1) of {each}")
        return cls(None, tuple((each, text.lower()) for each, text in hashes.items()))

    def ha1(self, hash_: Hash, user: str, realm: str) -> str | None:
        """H(A1) without the session part; None when only other hashes of it were stored."""
        if self._password is not None:
            return ha1(hash_, user, realm, self._password)
        return dict(self._ha1).get(hash_)


@attrs.frozen(kw_only=True)
class Proof:
    """All that goes into a response beside H(A1). The texts are those inside the quotes, as on the wire."""

    algorithm: Algorithm
    nonce: str
    uri: str
    method: str
    qop: str | None = None
    """`auth`, `auth-int`, or None for the form of RFC 2069."""
    nc: str = ""
    """The nonce count: eight hexadecimal digits; unused without qop."""
    cnonce: str = ""
    body: bytes = b""
    """What auth-int protects."""

    def response(self, ha1: str) -> str:
        """What the client sends, and the server compares: `ha1` is without the session part."""
        return self._combine(ha1, self.method)

    def rspauth(self, ha1: str) -> str:
        """What the server proves itself with in Authentication-Info: A2 has no method, `body` is its response's."""
        return self._combine(ha1, "")

    def _combine(self, ha1: str, method: str) -> str:
        hash_ = self.algorithm.hash
        if self.algorithm.session:
            ha1 = hash_(octets(f"{ha1}:{self.nonce}:{self.cnonce}"))
        a2 = f"{method}:{self.uri}"
        if self.qop == "auth-int":
            a2 = f"{a2}:{hash_(self.body)}"
        middle = "" if self.qop is None else f"{self.nc}:{self.cnonce}:{self.qop}:"
        return hash_(octets(f"{ha1}:{self.nonce}:{middle}{hash_(octets(a2))}"))


def ha1(hash_: Hash, user: str, realm: str, password: str) -> str:
    """H(user:realm:password): what to store for `Secret.of_ha1`."""
    return hash_(octets(f"{user}:{realm}:{password}"))


def userhash(hash_: Hash, user: str, realm: str) -> str:
    """H(user:realm): how a user name is sent when the challenge says userhash=true (RFC 7616 §3.4.4)."""
    return hash_(octets(f"{user}:{realm}"))


def octets(text: str) -> bytes:
    """The bytes that are hashed: UTF-8, and bytes of the wire that are none as they came."""
    return text.encode("utf-8", "surrogateescape")


def composed(text: str) -> str:
    """The text in Normalization Form C, as RFC 7616 §4 wants user names and passwords. Raises StateError."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise StateError("a user name or password that is not text") from None
    return unicodedata.normalize("NFC", text)


def same(ours: str, theirs: str) -> bool:
    """Whether two digests are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(octets(ours), octets(theirs))
