"""The sheet as one page of HTML: nothing in it runs, nothing is fetched, and every value is escaped."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from b2bua.cases.sheet import Sheet


def page(sheet: Sheet) -> str:
    """The page, ready to be printed."""
    environment = Environment(
        loader=PackageLoader("b2bua.cases", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(sheet=sheet)
