"""An explanation for people: the verdict, then each finding as a reason."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from b2bua.explain import Explanation

STYLES = {"pass": "green", "strip": "yellow", "withhold": "yellow", "block": "red", "needs check": "cyan"}


def render(explanation: Explanation, trunk: str) -> None:
    """Prints it to standard output, in colour on a terminal."""
    console = Console(highlight=False)
    word = explanation.verdict
    head = Text.assemble((word.upper(), f"bold {STYLES.get(word, '')}"), f" on {trunk}")
    if explanation.status is not None:
        head.append(f", answered {explanation.status}")
    if explanation.basis:
        head.append(f": {explanation.basis}")
    console.print(head)
    if explanation.findings:
        console.print(_findings(explanation))
    if explanation.removed:
        console.print(f"taken out of the message: {', '.join(explanation.removed)}")
    if explanation.flags:
        console.print(f"flags: {', '.join(explanation.flags)}")
    console.print(f"profile: {explanation.profile}", style="dim")


def _findings(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("where", "written", "outcome", "why", "basis"):
        table.add_column(column, overflow="fold")
    for finding in explanation.findings:
        outcome = str(finding["outcome"])
        table.add_row(
            Text(f"{finding.get('header', '')} {finding.get('position', '')}".strip()),
            Text(str(finding.get("raw", finding["number"]))),
            Text(outcome, style=STYLES.get(outcome, "")),
            Text(str(finding.get("why", ""))),
            Text(str(finding.get("basis", ""))),
        )
    return table
