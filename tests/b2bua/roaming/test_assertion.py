import base64
import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from b2bua.demo.holder import Stub
from b2bua.errors import ConfigError
from b2bua.roaming.assertion import Signer
from b2bua.roaming.web import CamaraHolder
from policy.roaming import Roaming
from tests.b2bua.roaming.serving import ABROAD, SUBSCRIBERS
from tests.b2bua.roaming.test_web import play

CURVE, LONG = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65_537, 2_048)


def written(folder: Path, key: Any, phrase: bytes | None = None) -> Path:
    path = folder / "us.pem"
    kept = NoEncryption() if phrase is None else BestAvailableEncryption(phrase)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kept))
    return path


def octets(part: str) -> bytes:
    assert "=" not in part
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def check(jwt: str, key: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, as whoever has the public key reads them. Raises InvalidSignature."""
    said, _, signature = jwt.rpartition(".")
    header, claims = (json.loads(octets(part)) for part in said.split("."))
    signed = octets(signature)
    if header["alg"] == "RS256":
        key.verify(signed, said.encode(), padding.PKCS1v15(), SHA256())
    else:
        assert len(signed) == 64
        halves = (int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:], "big"))
        key.verify(encode_dss_signature(*halves), said.encode(), ec.ECDSA(SHA256()))
    return header, claims


@pytest.mark.parametrize(("key", "algorithm"), [(CURVE, "ES256"), (LONG, "RS256")], ids=["P-256", "RSA"])
def test_an_assertion_says_who_we_are_to_whom_and_for_a_minute(tmp_path: Path, key: Any, algorithm: str) -> None:
    signer = Signer.read(written(tmp_path, key), "k1")
    for nonce in range(20):  # halves of an ES256 signature may begin with zeros
        header, claims = check(signer.assertion("us", "https://x/token", 1_000, str(nonce)), key.public_key())
        assert header == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
        assert claims == {
            "iss": "us",
            "sub": "us",
            "aud": "https://x/token",
            "iat": 1_000,
            "exp": 1_060,
            "jti": str(nonce),
        }


def test_without_a_name_the_key_has_none(tmp_path: Path) -> None:
    signer = Signer.read(written(tmp_path, CURVE), None)
    header, _ = check(signer.assertion("us", "https://x/token", 1_000, "n"), CURVE.public_key())
    assert header == {"alg": "ES256", "typ": "JWT"}


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()],
    ids=["another curve", "another kind"],
)
def test_a_key_that_no_token_server_must_know_is_told_at_the_start(tmp_path: Path, key: Any) -> None:
    with pytest.raises(ConfigError, match=r"us\.pem: is no P-256 key, and no RSA key of 2048 bits or more"):
        Signer.read(written(tmp_path, key), None)


def test_a_file_that_holds_no_key_or_a_locked_one_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no private key in PEM without a pass phrase"):
        Signer.read(written(tmp_path, CURVE, b"phrase"), None)
    (tmp_path / "us.pem").write_text("no key")
    with pytest.raises(ConfigError, match="is no private key in PEM without a pass phrase"):
        Signer.read(tmp_path / "us.pem", None)
    with pytest.raises(ConfigError, match=r"gone\.pem: No such file"):
        Signer.read(tmp_path / "gone.pem", None)


def test_a_key_shows_itself_nowhere(tmp_path: Path) -> None:
    assert "Key" not in repr(Signer.read(written(tmp_path, CURVE), "k1"))


class Strict(Stub):
    """A token server by CAMARA's profile: no secret will do."""

    assertions: list[str] = []  # noqa: RUF012 - one server a test

    async def token(self, request: Any) -> Any:
        form = await request.post()
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert "client_secret" not in form
        assert "Authorization" not in request.headers
        self.assertions.append(form["client_assertion"])
        return await super().token(request)

    def admits(self, client: object, secret: object) -> bool:
        try:
            _, claims = check(self.assertions[-1], CURVE.public_key())
        except InvalidSignature:
            return False
        return bool(claims["iss"] == client)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_holder_gives_a_token_to_whoever_signs_with_the_key_it_knows(tmp_path: Path, is_known: bool) -> None:
    path = written(tmp_path, CURVE if is_known else ec.generate_private_key(ec.SECP256R1()))

    async def story(asked: CamaraHolder, stub: Any) -> None:
        oauth = asked.config.oauth
        assert oauth is not None
        signed = attrs.evolve(
            asked.config, oauth=attrs.evolve(oauth, client_secret=None, private_key_file=str(path), key_id="k1")
        )
        ours = CamaraHolder.of(signed, frozenset({206}))
        told = await ours.ask(ABROAD, "c")
        await ours.close()
        assert told.outcome is (Roaming.ABROAD if is_known else Roaming.NOT_ASKED)
        if is_known:
            _, claims = check(stub.assertions[-1], CURVE.public_key())
            assert claims["aud"] == oauth.token_url
            assert len(claims["jti"]) == 32

    play(story, Strict(SUBSCRIBERS))
