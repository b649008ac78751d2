"""The errors of the daemon and of the embedded gateway."""

from sipstack.errors import ProtocolError


class GatewayError(Exception):
    """The root: the fault is ours or the operator's, never a peer's."""


class ConfigError(GatewayError):
    """The configuration cannot be used; each mistake names its key, line and mend."""


class SnapshotError(GatewayError):
    """A call cannot be saved, or what was saved cannot be restored by this version with this configuration."""


class JournalError(GatewayError):
    """The evidence on disk cannot be read or continued."""


class StoreError(GatewayError):
    """The index of the evidence cannot be reached, read or written; the journal has all that is in it."""


class RegisterError(GatewayError):
    """What somebody wants entered in the register cannot stand there; each mistake names its key and its mend."""


class MediaError(ProtocolError):
    """A peer's session description asks for what no relay can do; answered 488 (RFC 3261 §21.4.26)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, status=488)


class CaseError(GatewayError):
    """What was asked of a case cannot be done: there is no such case, its state forbids it, or what was written is no
    number, moment or identity."""
