"""An explanation for people: the verdict, then each finding as a reason, the most severe first."""

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from b2bua.explain import Explanation

STYLES = {"pass": "green", "strip": "yellow", "withhold": "yellow", "block": "red", "needs check": "cyan"}
#: Outcomes as they are listed.
ORDER = ("needs check", "block", "withhold", "strip", "pass")
_WIDTH = 2 + max(len(word) for word in ORDER)


def render(explanation: Explanation, trunk: str) -> None:
    """Prints it to standard output, in colour on a terminal."""
    console = Console(highlight=False, soft_wrap=False)
    word = explanation.verdict
    head = Text.assemble((word.upper(), f"bold {STYLES.get(word, '')}"), f" on {trunk}")
    if explanation.status is not None:
        head.append(f", answered {explanation.status}")
    if explanation.basis:
        head.append(f": {explanation.basis}")
    console.print(head)
    for finding in sorted(explanation.findings, key=lambda finding: ORDER.index(finding["outcome"])):
        _print(console, finding)
    if explanation.removed:
        console.print(f"Taken out of the message: {', '.join(explanation.removed)}")
    if explanation.flags:
        console.print(f"Flags: {', '.join(explanation.flags)}")
    console.print(f"Profile {explanation.profile}", style="dim")


def _print(console: Console, finding: dict[str, Any]) -> None:
    outcome = finding["outcome"]
    place = finding.get("header")
    where = f"{place}, value {finding['index'] + 1} ({finding['position']})" if place else ""
    written = finding.get("raw", finding["number"])
    console.print(Text.assemble("  ", (outcome.ljust(_WIDTH), STYLES[outcome]), f"{where}: " if where else "", written))
    if finding.get("why"):
        reason = Text.assemble(finding["why"], (f"  {finding['basis']}", "dim"))
        console.print(Padding(reason, (0, 0, 0, _WIDTH + 2)))
