"""docs/numbering.md, printed from what the code says: `python -m tests.policy.numbering.page` writes it anew."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from policy import Notation
from policy.numbering import Number, Range, judge
from tests.policy.making import PLAN
from tests.policy.numbering.plainly import ZONES

PAGE = Path(__file__).parents[3] / "docs" / "numbering.md"
PREFIXES = [f"{number:04}" for number in range(10_000)]
LENGTHS = range(1, 16)
_OPENING = """\
# Belgian numbers

How `policy` reads what comes after +32: by its first digits and its length, and by nothing else. Each of the 10,000
beginnings of four digits was judged with each length from 1 to 15 digits; a number shorter than four digits is the
beginning of its beginning. `tests/policy/numbering/test_page.py` compares this page with the code, and the code with
the table of the plan as a person reads it; `python -m tests.policy.numbering.page` prints it anew.

A library's idea of a *valid* number is not asked: `phonenumbers` calls +32 2 123 45 67 unknown, and with it a third of
Brussels. What the ranges mean for a call says [the decree](decree.md).
"""
_FORMS = """
## In what a number is not one

The breaches of form (art. 1 1°, ITU-T E.157) behind each "bad form" above.
"""
_AROUND = """
## What else is read

| Written | Read as |
|---|---|
| `+` or `00`, then 32 and the rest | as above |
| one to six digits without `+`, whatever they are | short |
| 7 digits or more without `+` or `00` | bad form: no prefix; the Belgian number in them counts |
| `+320…`, `00320…`, `+32(0)…` | bad form: trunk zero; the Belgian number in it counts |
| anything but digits behind `+` or `00` (`- . ( )` may stand in `tel:` and with `user=phone`) | bad form: characters |
| `+` and another assigned country code, 6 to 15 digits in all | foreign, whatever a library thinks of the number |
| `+800`, `+870`, `+88…` and their like | global service |
| an unassigned country code, fewer than 6 or more than 15 digits | bad form |

A text that is no plain number is read a second time for Belgian numbers: percent-escapes, character references, JSON
escapes and encoded words undone; every script's digits, superscripts, circled and full-width ones folded; invisible
characters dropped; any separators passed over; `O`, `o`, `I`, `l` beside digits and the letters of a keypad read as
digits; also backwards where the text says that it is drawn so, and behind 00, 011, 010 and 810. Numerals that are
words, such as those of Chinese names, and numbers spelled out are text.
"""


@cache
def judged(national: str) -> Number:
    """+32 and these digits."""
    return judge("+32" + national, Notation.SIP, PLAN)


def of_length(prefix: str, length: int) -> str:
    """A national number that begins so; where it is shorter, the beginning of its beginning."""
    return (prefix + "1" * length)[:length]


def spans(numbers: Iterable[int], width: int = 0) -> str:
    """Numbers as ranges: 1-3, 7."""
    runs = (list(run) for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]))
    ends = ((f"{run[0][1]:0{width}}", f"{run[-1][1]:0{width}}") for run in runs)
    return ", ".join(first if first == last else f"{first}-{last}" for first, last in ends)


def rows(name: Callable[[Number], str]) -> Iterator[tuple[str, str]]:
    """Beginnings that are alike in every length, and what each length is."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for prefix in PREFIXES:
        alike.setdefault(tuple(name(judged(of_length(prefix, length))) for length in LENGTHS), []).append(int(prefix))
    for names, prefixes in alike.items():
        lengths: dict[str, list[int]] = {}
        for length, named in zip(LENGTHS, names, strict=True):
            lengths.setdefault(named, []).append(length)
        yield spans(prefixes, 4), "; ".join(f"{spans(at)}: {named}" for named, at in lengths.items() if named)


def page() -> str:
    """The whole page."""
    lines = [_OPENING, "| +32 and | digits after +32: what it is |", "|---|---|"]
    lines += [f"| {prefixes} | {lengths} |" for prefixes, lengths in rows(lambda number: f"{number.range}")]
    lines += [_FORMS, "| +32 and | digits after +32: in what it is no number |", "|---|---|"]
    lines += [f"| {prefixes} | {lengths or '-'} |" for prefixes, lengths in rows(_breaches)]
    lines += ["\n## The forty zones\n", "| Zone | | Numbers |", "|---|---|---|"]
    lines += [f"| 0{zone} | {name} | {_numbers(zone)} |" for zone, name in ZONES.items()]
    return "\n".join(lines) + "\n" + _AROUND


def _breaches(number: Number) -> str:
    return " and ".join(breach.value.removeprefix("it ") for breach in number.breaches)


def _numbers(zone: str) -> str:
    begun = [p for p in PREFIXES if p.startswith(zone) and judged(of_length(p, 8)).range is Range.GEOGRAPHIC]
    return ", ".join(f"+32 {span} and four digits" for span in spans(map(int, begun)).split(", "))


if __name__ == "__main__":
    PAGE.write_text(page())
