"""Certificates of a test's own authority, and of one that nobody trusts."""

from pathlib import Path

import attrs
import trustme


@attrs.frozen
class Identity:
    """One certificate with its key, as files; `both` holds one after the other."""

    certificate: Path
    key: Path
    both: Path


@attrs.frozen
class Certificates:
    """`ours` is signed by `authority` and speaks for 127.0.0.1, where all of the tests live."""

    authority: Path
    ours: Identity
    unknown: Identity
    """Speaks for 127.0.0.1, but is signed by somebody else."""
    misnamed: Identity
    """Signed by `authority`, but speaks for another host."""

    @classmethod
    def made(cls, folder: Path) -> "Certificates":
        """New ones, into that folder."""
        folder.mkdir(parents=True, exist_ok=True)
        trusted, stranger = trustme.CA(), trustme.CA()
        authority = folder / "authority.pem"
        trusted.cert_pem.write_to_path(authority)
        return cls(
            authority,
            _identity(trusted, folder / "ours", "127.0.0.1", "localhost"),
            _identity(stranger, folder / "unknown", "127.0.0.1", "localhost"),
            _identity(trusted, folder / "misnamed", "127.0.0.2", "elsewhere.test"),
        )


def _identity(authority: trustme.CA, stem: Path, *names: str) -> Identity:
    issued = authority.issue_cert(*names)
    identity = Identity(stem.with_suffix(".crt"), stem.with_suffix(".key"), stem.with_suffix(".pem"))
    issued.cert_chain_pems[0].write_to_path(identity.certificate)
    issued.private_key_pem.write_to_path(identity.key)
    issued.private_key_and_cert_chain_pem.write_to_path(identity.both)
    return identity
