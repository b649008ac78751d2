"""Who answers for a number: what the list of ported numbers says, else whose prefix it begins with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from b2bua.config import Roaming
from b2bua.roaming.pages import Pages

#: The holder of numbers whose holder offers no check.
NOBODY: Final = ""


@attrs.define(eq=False)
class Routes:
    """Names of holders, by number."""

    prefixes: Mapping[str, str]
    """Beginnings (+3247), each with a holder, or NOBODY."""
    ported: Pages | None = None
    """Is put in place of another when the list changes."""
    without_check: frozenset[str] = frozenset()
    awaits_ported: bool = False
    """Whether there is to be such a list: without it nobody knows whose any number is."""
    _longest: int = attrs.field(init=False, repr=False)

    @_longest.default
    def _of_the_prefixes(self) -> int:
        return max(map(len, self.prefixes), default=0)

    @classmethod
    def of(cls, config: Roaming, ported: Pages | None = None) -> "Routes":
        """Those of `[roaming]`."""
        prefixes = dict.fromkeys(config.not_offered, NOBODY)
        for _, holder in config.holders():
            prefixes.update(dict.fromkeys(holder.prefixes, holder.name))
        return cls(prefixes, ported, frozenset(config.without_check), config.portability is not None)

    def holder_of(self, number: str) -> str:
        """The name of who answers for a number, +32...; NOBODY where none does."""
        ported = None if self.ported is None else self.ported.get(number)
        if ported is not None:
            return NOBODY if ported in self.without_check else ported
        for length in range(min(self._longest, len(number)), 0, -1):
            holder = self.prefixes.get(number[:length])
            if holder is not None:
                return holder
        return NOBODY


def read_ported(config: Roaming) -> Pages | None:
    """The list of ported numbers; None when there is none. Raises ConfigError and OSError."""
    if config.portability is None:
        return None
    names = [holder.name for _, holder in config.holders()]
    return Pages.read(Path(config.portability), [*names, *config.without_check])
