"""The errors of the daemon and of the embedded gateway."""


class GatewayError(Exception):
    """The root: the fault is ours or the operator's, never a peer's."""


class ConfigError(GatewayError):
    """The configuration cannot be used; each mistake names its key, line and mend."""


class JournalError(GatewayError):
    """The evidence on disk cannot be read or continued."""
