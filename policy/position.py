"""Where in the call an assertion stands. It decides which column of the decision table applies (¶9)."""

from enum import StrEnum
from typing import Final


class Position(StrEnum):
    """One column of the decision table."""

    PRESENTATION = "presentation"
    """The From URI: the presentation number of ¶9."""
    DISPLAY = "display"
    """A display-name: the "display number" of ¶9."""
    NETWORK = "network"
    """P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID, PASSporT: the network number of ¶9."""
    REDIRECT = "redirect"
    """Diversion and the earlier History-Info entries: the "redirect number/history" of ¶9."""
    OTHER = "other"
    """Not a CLI, yet shown or read back: Referred-By, Reply-To, Call-Info."""


#: The positions that say who calls.
CLI: Final = (Position.PRESENTATION, Position.NETWORK)
