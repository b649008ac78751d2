"""How a text that may hold a number was written where it was found."""

from enum import StrEnum


class Notation(StrEnum):
    """What `raw` is, and so which characters its grammar allows."""

    SIP = "sip"
    """The user part of a sip or sips URI, without password, its parameters (;phone-context) kept."""
    TEL = "tel"
    """All that follows `tel:`."""
    DISPLAY = "display"
    """A display-name, quoted pairs undone."""
    PARAMETERS = "parameters"
    """What stands beside a number in the same value: parameters, password, embedded headers. Opaque digits are at home
    there, so that only home numbers in it count."""
    OTHER = "other"
    """Another URI scheme, or what could not be parsed: the whole text."""
