"""The request to the operator before us: who is the user behind this call? In its language, ready to be sent.

Of the regulator's case it learns what it needs to find the call, and nothing else: not the regulator's reference, and
not what the regulator suspects.
"""

import datetime
from collections.abc import Sequence
from typing import Final

import attrs
from jinja2 import Environment, PackageLoader, StrictUndefined

from b2bua.cases.case import Case
from b2bua.cases.origin import Origin
from b2bua.cases.plain import plain
from b2bua.civil import local
from b2bua.config import Cases, Language

_FOR_US: Final = datetime.timedelta(hours=2)
_LEAST: Final = datetime.timedelta(hours=1)
"""For whom no time is left."""


@attrs.frozen
class Letter:
    """To one operator, about the calls that came from it."""

    operator: str
    contact: str
    trunk: str
    text: str
    """With its subject as the first line."""

    @property
    def addressee(self) -> str:
        """Who gets it, and where."""
        return f"{self.operator or self.trunk} {self.contact}".strip()


def letters_of(
    case: Case, origins: Sequence[Origin], who: Cases, language: Language, now: datetime.datetime
) -> list[Letter]:
    """One for each trunk by which calls of the case came in."""
    # What remains of our own time is theirs too, less what it takes us to write the answer.
    until = max(case.answer_clock.due - _FOR_US, now + _LEAST)
    by_trunk: dict[str, list[Origin]] = {}
    for origin in origins:
        by_trunk.setdefault(origin.trunk, []).append(origin)
    template = _environment().get_template(f"trace.{language}.txt")
    return [
        Letter(
            operator=same[0].operator,
            contact=same[0].contact,
            trunk=trunk,
            text=plain(
                template.render(case=case, origins=same, operator=same[0].operator or trunk, who=who, until=until)
            ),
        )
        for trunk, same in by_trunk.items()
    ]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("b2bua.cases", "letters"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["local"] = local
    return environment
