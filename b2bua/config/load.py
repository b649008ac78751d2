"""From a TOML file to the frozen tree, or to every mistake at once."""

import re
import stat
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import attrs

from b2bua.config import tree
from b2bua.config.check import Finding, Where, check
from b2bua.errors import ConfigError


@attrs.frozen(kw_only=True)
class Mistake:
    """One thing to mend in the file."""

    file: Path
    line: int | None
    """Where the key stands, or the table it is missing from; None when the file has neither."""
    key: str
    """`trunk[0].class`: tables of an array counted from 0."""
    problem: str
    mend: str
    fatal: bool = True
    """False for a warning: the daemon runs."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        return f"{place}: {'' if self.fatal else 'warning: '}{self.key}: {self.problem} ({self.mend})"


@attrs.frozen
class Result:
    """What reading a file gave: a configuration unless a mistake is fatal."""

    config: tree.Config | None
    mistakes: tuple[Mistake, ...]


def load(path: Path) -> tree.Config:
    """The configuration of a file that has no fatal mistake; raises ConfigError with all of them."""
    result = read(path)
    if result.config is None:
        raise ConfigError("\n".join(str(mistake) for mistake in result.mistakes))
    return result.config


def read(path: Path) -> Result:
    """Reads and checks a file whole; never raises for what is in it. Raises ConfigError where cattrs is missing."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        return _unreadable(path, error.strerror or str(error), "name a file that can be read")
    except UnicodeDecodeError as error:
        return _unreadable(path, f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    except RecursionError:
        return _unreadable(path, "not TOML that can be read: it is nested too deep", "see toml.io")
    except ValueError as error:  # a TOMLDecodeError, or a number of more digits than Python will read
        line = re.search(r"line (\d+)", str(error))
        return _unreadable(path, f"not TOML: {error}", "see toml.io", int(line[1]) if line else None)
    config, findings = _structure(raw)
    if config is not None:
        config = _resolve(config, path.parent)
        findings = [*check(config), *_open_to_others(path, config)]
    mistakes = tuple(
        Mistake(
            file=path,
            line=line_of(text, finding.where),
            key=spell(finding.where),
            problem=finding.problem,
            mend=finding.mend,
            fatal=finding.fatal,
        )
        for finding in findings
    )
    return Result(None if any(mistake.fatal for mistake in mistakes) else config, mistakes)


def _open_to_others(path: Path, config: tree.Config) -> list[Finding]:
    """A warning where every user of the host could read a password."""
    index = next((at for at, trunk in enumerate(config.trunk) if trunk.credentials), None)
    if index is None or not path.stat().st_mode & stat.S_IROTH:
        return []
    where: Where = ("trunk", index, "credentials")
    return [Finding(where, "every user of this host can read the password", f"chmod o-r {path}", fatal=False)]


def _unreadable(path: Path, problem: str, mend: str, line: int | None = None) -> Result:
    return Result(None, (Mistake(file=path, line=line, key="(file)", problem=problem, mend=mend),))


def _resolve(config: tree.Config, folder: Path) -> tree.Config:
    """Paths in the file are relative to the file, wherever the daemon is started from."""
    journal = attrs.evolve(config.journal, directory=str(folder / config.journal.directory))
    profile = config.profile
    if profile.name.endswith(".toml"):
        profile = attrs.evolve(profile, name=str(folder / profile.name))
    return attrs.evolve(config, journal=journal, profile=profile)


def _structure(raw: dict[str, Any]) -> tuple[tree.Config | None, list[Finding]]:
    try:
        from b2bua.config.structure import structure
    except ModuleNotFoundError as missing:
        # The base install has it not: an embedding program may build its configuration in Python.
        raise ConfigError(f"reading a file needs {missing.name}, which comes with b2bua[daemon]") from missing
    return structure(raw)


def spell(where: Where) -> str:
    """`("trunk", 0, "class")` as `trunk[0].class`."""
    text = ""
    for step in where:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "(file)"


def line_of(text: str, where: Where) -> int | None:
    """The line of a key as people write TOML: tables by header, keys at a line's start; else its table's line.

    tomllib gives no positions. A key of an inline table falls back to the line of what holds it.
    """
    names = [step for step in where if isinstance(step, str)]
    indexes = _indexes(where)
    table: list[str] = []
    seen: Counter[tuple[str, ...]] = Counter()
    found, depth = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)([^\]]*)\]", line)
        path = [step.strip(" \t\"'") for step in header[2].split(".")] if header else [*table, *_key(line)]
        if header:
            table = path
            if header[1] == "[[":
                _count(tuple(path), seen)
        shared = len(path) if path == names[: len(path)] else len(names) if path[: len(names)] == names else 0
        arrays = [array for length in range(1, shared + 1) if (array := tuple(path[:length])) in seen]
        if shared > depth and all(indexes.get(array, 0) == seen[array] - 1 for array in arrays):
            found, depth = number, shared
    return found


def _indexes(where: Where) -> dict[tuple[str, ...], int]:
    """Which table of each array it is: `("trunk", 1, "header", 0)` is the second trunk's first header."""
    indexes: dict[tuple[str, ...], int] = {}
    names: tuple[str, ...] = ()
    for step in where:
        if isinstance(step, str):
            names = (*names, step)
        else:
            indexes.setdefault(names, step)
    return indexes


def _count(array: tuple[str, ...], seen: Counter[tuple[str, ...]]) -> None:
    """One table more of an array; the arrays inside it begin anew."""
    seen[array] += 1
    for inner in [other for other in seen if other[: len(array)] == array and other != array]:
        del seen[inner]


def _key(line: str) -> list[str]:
    """The key a line begins with, in a list; an empty one when it begins with none."""
    found = re.match(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*=""", line)
    return [found[1].strip("\"'")] if found else []
