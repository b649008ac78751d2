"""The errors of the daemon and of the embedded gateway."""


class GatewayError(Exception):
    """The root: the fault is ours or the operator's, never a peer's."""


class ConfigError(GatewayError):
    """The configuration cannot be used; each mistake names its key, line and mend."""


class SnapshotError(GatewayError):
    """A call cannot be saved, or what was saved cannot be restored by this version with this configuration."""


class JournalError(GatewayError):
    """The evidence on disk cannot be read or continued."""
