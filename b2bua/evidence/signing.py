"""Ed25519 keys and what they sign: segments that are closed, heads of chains, answers to the regulator.

The key is a PEM file that only its owner reads; its public half stands beside it with `.pub`, to be kept where whoever
writes the journal cannot: a signature proves nothing to somebody who has the key from beside it. A signed document is
a JSON object with `key`, the fingerprint of the public key, and `signature`, over the object without that, as UTF-8
JSON with sorted keys and no blanks, so that other tools can check it.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from b2bua.errors import JournalError

PUBLIC: Final = ".pub"
"""Behind the name of a key's file: that of its public half."""
SIGNATURE: Final = "signature"
KEY: Final = "key"
_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm)


@attrs.frozen(eq=False)
class PublicKey:
    """What signatures are checked with."""

    key: Ed25519PublicKey = attrs.field(repr=False)
    fingerprint: str
    """SHA-256 of its 32 bytes, in hexadecimal."""

    @classmethod
    def of(cls, key: Ed25519PublicKey) -> "PublicKey":
        """With its fingerprint."""
        return cls(key, hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest())

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Whether that is its signature over these bytes."""
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


@attrs.frozen(eq=False)
class SigningKey:
    """What signs; never shown."""

    key: Ed25519PrivateKey = attrs.field(repr=False)

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        return PublicKey.of(self.key.public_key())


def make_key(path: Path) -> PublicKey:
    """A new key in a file of its own, which only its owner reads, and its public half beside it.

    Raises JournalError when either is there already, or cannot be written.
    """
    made = Ed25519PrivateKey.generate()
    public = path.with_name(path.name + PUBLIC)
    try:
        if public.exists():
            raise FileExistsError(None, "File exists", str(public))
        _write(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        _write(public, made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except OSError as error:
        raise JournalError(f"the key {error.filename or path} cannot be made: {error.strerror}") from error
    return PublicKey.of(made.public_key())


def load_key(path: Path) -> SigningKey:
    """The key in that file. Raises JournalError when there is none, or others may read it."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise JournalError(f"the key {path} can be read by others; `chmod 600 {path}`")
            data = file.read()
    except OSError as error:
        raise JournalError(f"the key {path} cannot be read: {error.strerror}; `b2bua journal key`") from error
    try:
        key = load_pem_private_key(data, None)
    except _UNREADABLE:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise JournalError(f"{path} is no Ed25519 key without a password; make one by `b2bua journal key`")
    return SigningKey(key)


def load_public(path: Path) -> PublicKey:
    """The public half of a key. Raises JournalError."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise JournalError(f"the public key {path} cannot be read: {error.strerror}") from error
    except _UNREADABLE:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise JournalError(f"{path} is no public Ed25519 key; `b2bua journal key` writes one that ends in {PUBLIC}")
    return PublicKey.of(key)


def sign(key: SigningKey, data: bytes) -> bytes:
    """The signature over these bytes, 64 of them."""
    return key.key.sign(data)


def signed(document: Mapping[str, object], key: SigningKey) -> dict[str, object]:
    """The document with `key` and `signature`; it may hold all that JSON can say, and moments."""
    plain: dict[str, object] = orjson.loads(_dump({**document, KEY: key.public.fingerprint}))
    return {**plain, SIGNATURE: base64.b64encode(sign(key, _dump(plain))).decode()}


def fault_of(document: Mapping[str, Any], keys: Collection[PublicKey]) -> str:
    """What is wrong with the signature of a document, by those who may sign; "" when it is good."""
    if SIGNATURE not in document:
        return "bears no signature"
    key = next((key for key in keys if key.fingerprint == document.get(KEY)), None)
    if key is None:
        return f"is signed by another key: {document.get(KEY)}"
    try:
        signature = base64.b64decode(document[SIGNATURE], validate=True)
        data = _dump({name: value for name, value in document.items() if name != SIGNATURE})
    except (binascii.Error, TypeError, ValueError):
        return "bears a signature that cannot be read"
    return "" if key.has_signed(data, signature) else "was changed after it was signed"


def _dump(document: Mapping[str, object]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def _write(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
