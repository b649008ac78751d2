"""The sheet as one page of HTML."""

from b2bua.cases.sheet import Sheet
from b2bua.page import page_of


def page(sheet: Sheet) -> str:
    """The page, ready to be printed."""
    return page_of("b2bua.cases", sheet=sheet)
