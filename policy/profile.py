"""One country's rules as data: its numbering, and for each kind of number and position what happens and by which law.

`profile_file.py` reads one. Its version names the file's bytes and the settings chosen over it, so that a verdict says
exactly which rules decided.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Final

import attrs

from .claim import TrunkClass
from .errors import ProfileError
from .numbering import Plan
from .position import Position
from .register import Derogation

_MAX_BYTES: Final = 1 << 20


class Action(StrEnum):
    """What a rule does in one position."""

    PASS = "pass"
    MARK = "mark"
    """Let it pass, and tell the callee that nobody has verified it."""
    STRIP = "strip"
    WITHHOLD = "withhold"
    BLOCK = "block"
    VERIFY = "verify"
    """Ask where the subscriber is; `Verify` says what follows."""
    EQUAL = "equal"
    """Pass what repeats a number that passes, else strip."""


# A member of an enumeration that is named costs CPython 3.11 0.15 us, a global 0.02.
_PASSES, _BLOCKS, _ARTICLE_4 = Action.PASS, Action.BLOCK, TrunkClass.ARTICLE_4


class RuleName(StrEnum):
    """The rows of the decision table."""

    GEOGRAPHIC = "geographic"
    NON_GEOGRAPHIC = "non-geographic"
    MACHINE = "machine"
    UNALLOCATED = "unallocated"
    MOBILE = "mobile"
    UNOPENED_MOBILE = "unopened-mobile"
    SHORT = "short"
    FORM = "form"
    FOREIGN = "foreign"
    GLOBAL_SERVICE = "global-service"
    NO_NUMBER = "no-number"
    PROTECTED_CODE = "protected-code"


class Measure(StrEnum):
    """What is decided by an entry of the register alone, before the rows are asked."""

    BLOCKED_USER = "blocked-user"
    DECISION = "decision"
    DO_NOT_ORIGINATE = "do-not-originate"
    CALLER_LIST = "caller-list"
    NATIONAL_TRANSIT = "national-transit"


@attrs.frozen(kw_only=True)
class Terms:
    """The law that something rests on, and from when."""

    basis: str
    effective: date


@attrs.frozen(kw_only=True)
class Rule(Terms):
    """One row: its law, the day it came into force, and its columns."""

    name: RuleName
    unless: tuple[Derogation, ...] = ()
    """What makes it give way."""
    actions: Mapping[Position, Action]
    special: Mapping[Position, Action]
    """What happens instead on an article 4 interface."""
    hidden: Mapping[Position, Action]
    """What happens instead where the text hides a home number."""

    def action(self, position: Position, day: date, trunk_class: TrunkClass, *, hidden: bool = False) -> Action:
        """What the rule does there on that day; before it was in force it lets everything pass."""
        if day < self.effective:
            return _PASSES
        action = self.actions[position]
        if trunk_class is _ARTICLE_4:
            action = self.special.get(position, action)
        return self.hidden.get(position, action) if hidden and action is not _BLOCKS else action


@attrs.frozen(kw_only=True)
class Verify:
    """What follows from a roaming check (art. 1 3°), for a presentation or network number."""

    abroad: Action
    not_abroad: Action
    unknown_subscriber: Action
    failed: Action
    infeasible: Action
    """Nobody can be asked, and a dossier says so."""
    not_offered: Action
    """Nobody can be asked, and no dossier says so."""
    not_asked: Action


@attrs.frozen(kw_only=True)
class Article3(Terms):
    """How it may be proved that a call began at home; each proof has a switch of its own."""

    visitor: bool
    """1°: the called number is one that a network of ours lends to visitors (MSRN)."""
    roamer: bool
    """2°: the redirecting mobile number's subscriber is abroad."""
    consent: bool
    """3°: the holder of the called number has agreed to be reached through the redirecting foreign one."""
    outbound: bool
    """2° and 3°: the call has just left by us."""
    needs_ledger: bool
    """Whether our own outbound leg is asked for beside any other proof."""
    unproven: Action
    """What becomes of a forwarded call that cannot be proved: block, or withhold."""
    forwardings_per_hour: int
    """More calls than this by one redirecting number prove nothing."""


@attrs.frozen(kw_only=True)
class Authenticated(Terms):
    """Which attestation levels count as the number's own operator vouching for it."""

    levels: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Settings:
    """What was chosen where the law is silent."""

    max_questions: int
    max_assertions: int
    transit_passes: bool
    """Whether a call to another country is let through unjudged."""


@attrs.frozen(kw_only=True)
class Profile:
    """A country's rules, ready to decide."""

    name: str
    version: str
    """Name, last effective date and the first twelve hex digits of the SHA-256 of file and chosen settings."""
    country: str
    """ISO 3166, two letters."""
    home: str
    """How a finding calls a number of this country: "Belgian"."""
    emergency: frozenset[str]
    """The called numbers of the emergency services, as dialled."""
    plan: Plan
    rules: Mapping[RuleName, Rule]
    verify: Verify
    article_3: Article3 | None
    article_4: Terms | None
    authenticated: Authenticated | None
    measures: Mapping[Measure, Terms]
    settings: Settings

    def measure(self, name: Measure, day: date) -> Terms | None:
        """The terms of that measure, if this country has it and it is in force."""
        terms = self.measures.get(name)
        return None if terms is None or day < terms.effective else terms

    @classmethod
    def load(cls, source: str | Path, settings: Mapping[str, object] | None = None) -> "Profile":
        """The profile of that name in this package, or of that path, with these settings in place of its own.

        Raises ProfileError.
        """
        if isinstance(source, Path):
            return cls.parse(_read(source), str(source), settings)
        found = files("policy.profiles") / f"{source}.toml"
        if not source.isidentifier() or not found.is_file():
            raise ProfileError(source, "profile", "no such profile; name one that ships, or give a path")
        return cls.parse(found.read_bytes(), f"{source}.toml", settings)

    @classmethod
    def parse(cls, data: bytes, file: str, settings: Mapping[str, object] | None = None) -> "Profile":
        """The profile written in these bytes; `file` is only for the errors. Raises ProfileError."""
        from .profile_file import read  # it makes what is declared here

        chosen = settings or {}
        key = data, file, repr(sorted(chosen.items(), key=str))
        if key not in _READ:
            if len(_READ) >= _KEPT:
                _READ.clear()
            _READ[key] = read(data, file, chosen)
        return _READ[key]


#: Profiles by what they were read from: reading one takes as long as judging a thousand calls (2026-11-23).
_READ: Final[dict[tuple[bytes, str, str], Profile]] = {}
_KEPT: Final = 16


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ProfileError(str(path), "file", f"make it readable: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise ProfileError(str(path), "file", "make it smaller than a megabyte")
    return data
