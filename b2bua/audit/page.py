"""A report as one page to hand on."""

from typing import Any

from b2bua.audit.report import VERDICTS
from b2bua.page import page_of


def page(report: dict[str, Any]) -> str:
    """The page of `Report.as_dict()`, HTML."""
    return page_of("b2bua.audit", report=report, verdicts=VERDICTS)
