"""`q`: how much something is wanted beside others (RFC 3261 sections 20.1, 20.10 and 25.1, qvalue)."""

import re

_QVALUE = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def qvalue(text: str | None) -> float | None:
    """The number, 0 to 1; None when absent or not readable."""
    return float(text) if text is not None and _QVALUE.fullmatch(text) else None
