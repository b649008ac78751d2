"""A month's report as one page to be printed: nothing in it runs, nothing is fetched, and every value is escaped."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from b2bua.duties.report import VERDICTS


def page(report: dict[str, Any]) -> str:
    """The page of `Report.as_dict()`, HTML."""
    environment = Environment(
        loader=PackageLoader("b2bua.duties", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(report=report, verdicts=VERDICTS)
