"""Who we are, signed: the JWT by which a client proves itself to a token server (RFC 7523 §2.2, `private_key_jwt`).

CAMARA's security profile asks for it. The assertion lives for a minute, where the profile allows five.
"""

import base64
from pathlib import Path
from typing import Final

import attrs
import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from b2bua.errors import ConfigError

#: Seconds that an assertion is good.
LIFETIME: Final = 60
#: Octets of each half of an ES256 signature (RFC 7518 §3.4).
_HALF: Final = 32
_LEAST_RSA: Final = 2_048


@attrs.frozen(eq=False)
class Signer:
    """A private key of ours, P-256 (ES256) or RSA (RS256)."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = attrs.field(repr=False)
    key_id: str | None = None
    """By which the server knows which of our keys it is (`kid`)."""

    @classmethod
    def read(cls, path: Path, key_id: str | None) -> "Signer":
        """From a PEM file without a pass phrase. Raises ConfigError."""
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror or error}") from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ConfigError(f"{path}: is no private key in PEM without a pass phrase") from error
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(key, key_id)
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _LEAST_RSA:
            return cls(key, key_id)
        raise ConfigError(f"{path}: is no P-256 key, and no RSA key of {_LEAST_RSA} bits or more")

    def assertion(self, client: str, audience: str, now: int, nonce: str) -> str:
        """The JWT of that client for that server; `now` is seconds since 1970, and no two may have one `nonce`."""
        header = {"alg": "RS256" if isinstance(self.key, rsa.RSAPrivateKey) else "ES256", "typ": "JWT"}
        if self.key_id is not None:
            header["kid"] = self.key_id
        claims = {"iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + LIFETIME, "jti": nonce}
        said = f"{_base64(orjson.dumps(header))}.{_base64(orjson.dumps(claims))}"
        return f"{said}.{_base64(self._signed(said.encode()))}"

    def _signed(self, said: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(said, padding.PKCS1v15(), SHA256())
        r, s = decode_dss_signature(self.key.sign(said, ec.ECDSA(SHA256())))
        return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
