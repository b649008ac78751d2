"""The errors of the daemon and of the embedded gateway."""

from typing import ClassVar

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
    """A peer's session description asks for what no relay can do: 488 (RFC 3261 §21.4.26); or nothing is left to relay
    it by, which is no fault of the peer's: 503."""

    THEIRS: ClassVar = 488

    def __init__(self, reason: str, *, status: int = THEIRS) -> None:
        super().__init__(reason, status=status)


class NetfilterError(GatewayError):
    """The kernel does not do with packets what it was asked, for want of rights, of a library or of a feature."""


class CaseError(GatewayError):
    """What was asked of a case cannot be done: there is no such case, its state forbids it, or what was written is no
    number and no identity."""


class MomentError(GatewayError):
    """What somebody has written is no moment, or nothing that a clock can be wrong by."""
