"""What an endpoint asks of its shell, and what comes back: a place to send to.

An endpoint returns `Locate` among its effects; the shell (`sipstack.net.resolver`) gives it `located(...)` in return,
with a `Located` of the same token, exactly once unless it is stopped. No other order is promised.
"""

import attrs

from sipstack.locate.target import Miss, Target
from sipstack.values import Uri, Via


@attrs.define
class Locate:
    """Find where a message for `wanted` goes."""

    token: str
    """The asker's own name for the question, handed back."""
    wanted: Uri | Via
    """The URI of a request (RFC 3261 section 8.1.2), or the topmost Via of a response that could not be sent the way
    its request came (RFC 3263 section 5)."""
    transports: tuple[str, ...] | None = None
    """When given, only these, in this order: say the reliable ones for a request too large for UDP (section 18.1.1)."""


@attrs.define
class Located:
    """What was found; never both a target and a miss, never neither."""

    token: str
    targets: tuple[Target, ...]
    """In the order in which they are to be tried: give them to a `Hunt`."""
    miss: Miss | None = None
    """Why there is none."""
