import stat
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from b2bua.errors import JournalError
from b2bua.evidence.signing import PublicKey, SigningKey, fault_of, load_key, load_public, make_key, sign, signed
from tests.b2bua.evidence.making import WHEN

DOCUMENT = {"kind": "x", "at": WHEN, "text": "é\u2028", "list": [1, None, 0.5]}


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    make_key(tmp_path / "key")
    return load_key(tmp_path / "key")


def changed(document: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {**document, **changes}


def test_a_key_is_its_owners_alone_and_its_public_half_everybodys(tmp_path: Path) -> None:
    made = make_key(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "key.pub").stat().st_mode) == 0o644
    assert load_key(tmp_path / "key").public.fingerprint == made.fingerprint
    assert load_public(tmp_path / "key.pub").fingerprint == made.fingerprint


@pytest.mark.parametrize("there", ["key", "key.pub"])
def test_a_key_never_takes_the_place_of_another(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(JournalError, match="File exists"):
        make_key(tmp_path / "key")
    assert (tmp_path / there).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(JournalError, match="chmod 600"):
        load_key(tmp_path / "key")


def test_what_is_no_ed25519_key_is_not_used(tmp_path: Path) -> None:
    other = X25519PrivateKey.generate()
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for number, (secret, shown) in enumerate([(pem, public), (b"", b""), (b"garbage", b"garbage"), (public, pem)]):
        path = tmp_path / str(number)
        path.write_bytes(secret)
        path.chmod(0o600)
        with pytest.raises(JournalError, match="is no Ed25519 key"):
            load_key(path)
        path.write_bytes(shown)
        with pytest.raises(JournalError, match="is no public Ed25519 key"):
            load_public(path)
    for load in (load_key, load_public):
        with pytest.raises(JournalError, match="No such file"):
            load(tmp_path / "none")


def test_a_key_shows_itself_nowhere(key: SigningKey) -> None:
    assert "object" not in repr(key) + repr(key.public)


def test_a_signed_document_is_good_as_it_is_and_as_it_was_written_down(key: SigningKey) -> None:
    document = signed(DOCUMENT, key)
    assert fault_of(document, [key.public]) == ""
    assert fault_of(orjson.loads(orjson.dumps(document)), [key.public]) == ""
    assert document["key"] == key.public.fingerprint
    assert fault_of(dict(reversed(document.items())), [key.public]) == ""


def test_whatever_is_changed_in_a_signed_document_is_found(key: SigningKey) -> None:
    document = signed(DOCUMENT, key)
    for name in ("kind", "at", "text", "list"):
        assert fault_of(changed(document, **{name: 1}), [key.public]) == "was changed after it was signed"
    assert "changed" in fault_of(changed(document, more=1), [key.public])
    assert "changed" in fault_of({name: value for name, value in document.items() if name != "text"}, [key.public])
    other = signed(changed(DOCUMENT, kind="y"), key)["signature"]
    assert "changed" in fault_of(changed(document, signature=other), [key.public])


def test_a_document_says_what_is_wrong_with_its_signature(key: SigningKey, tmp_path: Path) -> None:
    document = signed(DOCUMENT, key)
    stranger = make_key(tmp_path / "stranger")
    assert fault_of(DOCUMENT, [key.public]) == "bears no signature"
    assert fault_of(document, [stranger]).startswith("is signed by another key: ")
    assert fault_of(document, []).startswith("is signed by another key: ")
    assert "changed" in fault_of(changed(document, key=stranger.fingerprint), [stranger, key.public])
    for signature in (1, None, "", "é", "====", [], "QUFB"):
        assert fault_of(changed(document, signature=signature), [key.public])


def test_several_keys_may_sign(key: SigningKey, tmp_path: Path) -> None:
    assert fault_of(signed(DOCUMENT, key), [make_key(tmp_path / "newer"), key.public]) == ""


@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
def test_openssl_finds_the_signature_good_too(tmp_path: Path) -> None:
    made: PublicKey = make_key(tmp_path / "key")
    (tmp_path / "data").write_bytes(b"evidence")
    (tmp_path / "sig").write_bytes(sign(load_key(tmp_path / "key"), b"evidence"))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pub", "-rawin", "-in", "data"]
    ran = subprocess.run([*command, "-sigfile", "sig"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in ran.stdout, ran.stderr
    assert len(made.fingerprint) == 64
