"""Pages to be printed or handed on: nothing in one runs, nothing is fetched, and every value is escaped."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_of(package: str, **values: object) -> str:
    """The `page.html` of a package with these values in it. A name that it has not been given raises UndefinedError."""
    environment = Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(**values)
