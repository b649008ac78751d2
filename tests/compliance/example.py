"""The example calls of examples/vectors, by what they cite.

Each says in words what it rests on; the citations are found in them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

HERE = Path(__file__).parents[2] / "examples" / "vectors"

_CITED = re.compile(
    r"¶\s?(?P<first>\d+)(?P<sub>\.\d+)?(?P<point>\s[1-4]°|\si{1,3}\b)?(?:\s?[-–]\s?¶?(?P<last>\d+))?"
    r"|\bart\. ?(?P<article>\d)(?P<section> §\d)?(?P<number> [1-4]°)?"
    r"|\b(?P<silence>L\d+)\b"
)


@attrs.frozen
class Example:
    """One call and its verdict."""

    id: str
    file: str
    """From the root of the repository."""
    says: str
    """What it rests on, and its note."""


def examples(folder: Path = HERE) -> list[Example]:
    """All of them, file by file, in their order."""
    found = []
    for path in sorted(folder.glob("*.json")):
        for one in json.loads(path.read_text("utf-8"))["vectors"]:
            says = f"{one.get('basis', '')} {one.get('note', '')}"
            found.append(Example(one["id"], f"examples/vectors/{path.name}", says))
    return found


def entries_of(example: Example, homes: Mapping[str, str]) -> set[str]:
    """The entries that an example rests on; `homes` has the entry of each citation."""
    return {homes[cited] for forms in _cited(example.says) for cited in [_known(forms, homes)] if cited}


def _known(forms: list[str], homes: Mapping[str, str]) -> str | None:
    return next((form for form in forms if form in homes), None)


def _cited(text: str) -> Iterator[list[str]]:
    """Each citation, the most particular form of it first."""
    for match in _CITED.finditer(text):
        found = {name: value or "" for name, value in match.groupdict().items()}
        if found["silence"]:
            yield [found["silence"]]
        elif found["article"]:
            base, whole = f"art. {found['article']}", f"art. {found['article']}{found['section']}{found['number']}"
            yield [whole, f"{base}{found['section']}", base]
        else:
            whole = f"¶{found['first']}{found['sub']}"
            yield [whole + found["point"], whole, f"¶{found['first']}"]
            yield from ([f"¶{number}"] for number in _after(found["first"], found["last"]))


def _after(first: str, last: str) -> range:
    """The paragraphs of a span beyond its first: ¶20-24, and nothing when the second number is not the larger."""
    return range(int(first) + 1, int(last) + 1) if last and int(last) - int(first) < 20 else range(0)
