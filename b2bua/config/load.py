"""From a TOML file to the frozen tree, or to every mistake at once."""

import re
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
        findings = list(check(config))
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
    index = next((step for step in where[:2] if isinstance(step, int)), 0)
    table: list[str] = []
    seen: Counter[str] = Counter()
    found, depth = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[\[?)([^\]]*)\]", line)
        path = [step.strip(" \t\"'") for step in header[2].split(".")] if header else [*table, *_key(line)]
        if header:
            table = path
            seen[path[0]] += header[1] == "[["
        shared = len(path) if path == names[: len(path)] else len(names) if path[: len(names)] == names else 0
        if shared > depth and index == max(0, seen[path[0]] - 1):
            found, depth = number, shared
    return found


def _key(line: str) -> list[str]:
    """The key a line begins with, in a list; an empty one when it begins with none."""
    found = re.match(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*=""", line)
    return [found[1].strip("\"'")] if found else []
