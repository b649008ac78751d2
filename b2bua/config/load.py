"""From a TOML file to the frozen tree, or to every mistake at once."""

import datetime
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from b2bua.config import tree
from b2bua.config.check import check
from b2bua.config.due import due
from b2bua.config.entries import check_entries
from b2bua.config.finding import Finding, Where
from b2bua.config.gather import Gathered
from b2bua.config.source import Mistake
from b2bua.errors import ConfigError

#: Mistakes that are told one by one: each is looked for in the file, and nobody mends more at a time.
MOST_TOLD: Final = 100
#: The same beside calls, which the search would slow.
MOST_TOLD_BESIDE_CALLS: Final = 5


@attrs.frozen
class Result:
    """What reading a file gave: a configuration unless a mistake is fatal."""

    config: tree.Config | None
    mistakes: tuple[Mistake, ...]

    @classmethod
    def of(cls, config: tree.Config | None, mistakes: Sequence[Mistake]) -> "Result":
        """The configuration, unless one of the mistakes is fatal."""
        return cls(None if any(mistake.fatal for mistake in mistakes) else config, tuple(mistakes))


def load(path: Path) -> tree.Config:
    """The configuration of a file that has no fatal mistake; raises ConfigError with all of them."""
    result = read(path)
    if result.config is None:
        raise ConfigError("\n".join(str(mistake) for mistake in result.mistakes))
    return result.config


def read(path: Path, day: datetime.date | None = None) -> Result:
    """Reads and checks a file whole, with the files it names; on a `day`, warns of what ends soon as well.

    Never raises for what is in it. Raises ConfigError where cattrs is missing.
    """
    gathered = Gathered.read(path)
    if isinstance(gathered, Mistake):
        return Result(None, (gathered,))
    config, findings = _structure(gathered.raw)
    if config is not None:
        config = _resolve(config, path.parent)
        findings = [*check(config), *_open_to_others(path, config)]
        findings += [] if day is None else due(config, config.register.as_register(), day)
    return Result.of(config, _told(gathered, findings))


def reread(path: Path, config: tree.Config) -> Result:
    """The running configuration with `[register]` as it stands in the file now; of the file nothing else is looked at.

    Never raises for what is in it.
    """
    gathered = Gathered.read(path)
    if isinstance(gathered, Mistake):
        return Result(None, (gathered,))
    register, findings = _structure_register(gathered.raw.get("register", {}))
    if register is not None:
        config = attrs.evolve(config, register=register)
        findings = list(check_entries(config))
    return Result.of(config, _told(gathered, findings, MOST_TOLD_BESIDE_CALLS))


def _told(gathered: Gathered, findings: Sequence[Finding], most: int = MOST_TOLD) -> list[Mistake]:
    """Every mistake with its file and line, the fatal ones first when they are more than anybody reads."""
    if len(findings) > most:
        findings = sorted(findings, key=lambda finding: not finding.fatal)
        more, findings = findings[most:], findings[:most]
        rest = Finding((), f"there are {len(more)} mistakes more", "mend these first", fatal=more[0].fatal)
        findings = [*findings, rest]
    return [*gathered.mistakes, *(gathered.mistake(finding) for finding in findings)]


def _open_to_others(path: Path, config: tree.Config) -> list[Finding]:
    """A warning where every user of the host could read a password."""
    places: list[Where] = [("trunk", at, "credentials") for at, trunk in enumerate(config.trunk) if trunk.credentials]
    holders = () if config.roaming is None else config.roaming.camara
    places += [("roaming", "camara", at, "oauth") for at, holder in enumerate(holders) if holder.oauth is not None]
    places += [("store", "url")] if config.store is not None and config.store.has_password else []
    if not places or not path.stat().st_mode & stat.S_IROTH:
        return []
    where = places[0]
    return [Finding(where, "every user of this host can read the password", f"chmod o-r {path}", fatal=False)]


def _resolve(config: tree.Config, folder: Path) -> tree.Config:
    """Paths in the file are relative to the file, wherever the daemon is started from."""
    journal = attrs.evolve(config.journal, directory=str(folder / config.journal.directory))
    if journal.signing_key is not None:
        journal = attrs.evolve(journal, signing_key=str(folder / journal.signing_key))
    profile = config.profile
    if profile.name.endswith(".toml"):
        profile = attrs.evolve(profile, name=str(folder / profile.name))
    retention = config.retention
    if retention is not None:
        retention = attrs.evolve(retention, key_file=str(folder / retention.key_file))
    store = None if config.store is None else config.store.relative_to(folder)
    roaming = None if config.roaming is None else config.roaming.relative_to(folder)
    return attrs.evolve(config, journal=journal, profile=profile, retention=retention, store=store, roaming=roaming)


def _structure(raw: dict[str, Any]) -> tuple[tree.Config | None, list[Finding]]:
    try:
        from b2bua.config.structure import structure
    except ModuleNotFoundError as missing:
        # The base install has it not: an embedding program may build its configuration in Python.
        raise ConfigError(f"reading a file needs {missing.name}, which comes with b2bua[daemon]") from missing
    return structure(raw, tree.Config)


def _structure_register(raw: object) -> tuple[tree.Register | None, list[Finding]]:
    from b2bua.config.structure import structure  # whoever has read a configuration has it

    return structure(raw, tree.Register, ("register",))
