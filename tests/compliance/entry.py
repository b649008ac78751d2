"""The entries of the page: what the decree demands, where it is silent, what a gateway has to be able to do.

They are prose, kept as TOML so that whoever knows the law and no Python can mend them; what a machine can know of them
is checked where they are read.
"""

import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TypeVar

import attrs
from cattrs import Converter, transform_error

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

#: The numbered paragraphs of the communication.
PARAGRAPHS = 41

#: Silences and capabilities are numbered without a gap.
SILENCES = 22
CAPABILITIES = 32


class Status(StrEnum):
    """How far a demand is met."""

    MET = "met"
    SETTING = "by setting"
    REGISTER = "by register"
    PART = "in part"
    OPERATOR = "the operator's duty"
    OPEN = "open"

    @property
    def needs_tests(self) -> bool:
        """Whether a test has to prove it."""
        return self not in (Status.OPERATOR, Status.OPEN)


@attrs.frozen(kw_only=True)
class Demand:
    """A paragraph that demands something of whoever receives calls from abroad."""

    at: str
    """Its citation."""
    also: tuple[str, ...] = ()
    """Other citations of the same demand: the article, paragraphs that repeat it."""
    title: str
    says: str
    original: str
    """A few words of the French text."""
    status: Status
    met: str
    """How, in plain words."""
    left: str = ""
    """What is not met, what nobody but the operator can do, what counsel should know."""
    modules: tuple[str, ...] = ()
    """Paths in the repository."""
    settings: tuple[str, ...] = ()
    """Keys of the configuration, registers, settings of the profile."""


@attrs.frozen(kw_only=True)
class Silence:
    """A question that the law leaves open, and what was chosen."""

    at: str
    question: str
    readings: tuple[str, ...]
    choice: str
    why: str
    setting: str = ""
    """What changes the choice, or nothing where it is fixed."""
    status: Status = Status.MET
    modules: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Choice:
    """A choice that answers no silence and is the operator's all the same."""

    at: str
    """The demand that it touches."""
    about: str
    ours: str
    setting: str


@attrs.frozen(kw_only=True)
class Capability:
    """What a gateway has to be able to do for the demands to be met."""

    at: str
    does: str
    serves: tuple[str, ...]
    """The citations that it follows from."""
    status: Status
    left: str = ""
    proved: tuple[str, ...] = ()
    """Citations whose tests prove it too."""
    modules: tuple[str, ...] = ()


Entry = Demand | Silence | Capability


@attrs.frozen(kw_only=True)
class Law:
    """All entries."""

    demands: tuple[Demand, ...]
    background: Mapping[str, str]
    """The paragraphs that demand nothing, and what they tell."""
    silences: tuple[Silence, ...]
    choices: tuple[Choice, ...]
    capabilities: tuple[Capability, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, in order."""
        return (*self.demands, *self.silences, *self.capabilities)

    def homes(self) -> dict[str, str]:
        """The entry that each citation belongs to. Raises ValueError when two claim one."""
        found: dict[str, str] = {}
        for entry in self.entries:
            for citation in (entry.at, *(entry.also if isinstance(entry, Demand) else ())):
                if citation in found:
                    raise ValueError(f"{citation} belongs to {found[citation]} and to {entry.at}: leave it to one")
                found[citation] = entry.at
        return found


_T = TypeVar("_T")


def _read(name: str, key: str, kind: type[_T]) -> tuple[_T, ...]:
    converter = Converter(forbid_extra_keys=True)
    tables = tomllib.loads((HERE / name).read_text("utf-8"))[key]
    try:
        return converter.structure(tables, tuple[kind, ...])  # type: ignore[valid-type]
    except Exception as error:
        raise ValueError(f"{name}: {'; '.join(transform_error(error))}") from error


@cache
def law() -> Law:
    """The entries as they stand in the three files. Raises ValueError with the file and what is wrong."""
    return Law(
        demands=_read("demands.toml", "demand", Demand),
        background=tomllib.loads((HERE / "demands.toml").read_text("utf-8"))["background"],
        silences=_read("silences.toml", "silence", Silence),
        choices=_read("silences.toml", "choice", Choice),
        capabilities=_read("capabilities.toml", "capability", Capability),
    )


def missing_paths(entries: Iterable[Entry], root: Path = ROOT) -> list[str]:
    """Modules that are named and are not there."""
    return [f"{entry.at}: {path}" for entry in entries for path in entry.modules if not (root / path).exists()]


def unknown_citations(found: Law) -> list[str]:
    """Citations within the entries that no entry has."""
    known = set(found.homes()) | set(found.background)
    named = [(c.at, cited) for c in found.capabilities for cited in (*c.serves, *c.proved)]
    named += [("a choice", choice.at) for choice in found.choices]
    return [f"{at}: {cited}" for at, cited in named if cited not in known]
