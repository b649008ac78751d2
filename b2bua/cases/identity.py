"""Who the user is from whom a call came, and what of it the regulator would miss.

"Le nom, l'adresse et les données ou, le cas échéant, d'autres données d'identification obtenues par une méthode directe
ou indirecte, conformément à l'article 127 de la loi du 13 juin 2005" (¶16 note 3).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import attrs

LONGEST: Final = 2_000
"""Characters of a field: an address and its history, not a file."""


class Method(StrEnum):
    """How an identity was come by (art. 127 of the act of 2005)."""

    DIRECT = "direct"
    """The user showed who he is."""
    INDIRECT = "indirect"
    """By a trace that leads to him: a payment, an invoice, a subscription of somebody else's."""


@attrs.frozen(kw_only=True)
class Identity:
    """Of a user, as far as it is known; the empty text is what is not."""

    name: str = ""
    address: str = ""
    data: str = ""
    """The data beside name and address by which the user is identified: a document, a number of a register."""
    other: str = ""
    """Other identification data, where there is no name and no address; `method` says then how they were come by."""
    method: Method | None = None
    source: str = ""
    """Who says so: our own records, the operator before us."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields without which it is incomplete: it must have a name, an address and data, or else other data and
        how these were come by."""
        wanting = tuple(field for field in ("name", "address", "data") if not getattr(self, field))
        if self.other and wanting:
            return () if self.method else ("method",)
        return wanting

    @property
    def given(self) -> dict[str, str]:
        """The fields that are known, in their order."""
        return {name: str(value) for name, value in attrs.asdict(self).items() if value}

    def after(self, given: Mapping[str, str]) -> "Identity":
        """This one, with what has become known since in place of what was."""
        known = {**self.given, **{name: text for name, text in given.items() if text}}
        method = known.pop("method", None)
        return Identity(**known, method=Method(method) if method else None)
