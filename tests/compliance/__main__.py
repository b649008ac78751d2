"""The page for counsel, docs/compliance.md: `python -m tests.compliance` writes it anew.

What the decree demands is told in `demands.toml`, where it is silent in `silences.toml`, what follows for a gateway in
`capabilities.toml`; each entry has a citation. Which tests prove an entry is told by the tests themselves:

    @pytest.mark.law("¶8 1°")              a test, or a class of tests
    @pytest.mark.law("¶9", "L2")           several citations are several arguments
    pytestmark = pytest.mark.law("¶24")    all tests of a file

A citation is a paragraph of the regulator's communication as it stands in `demands.toml` ("¶15 nomadic" where one
paragraph has several demands), or what the entry lists beside it (`also`: "art. 2", "¶30"); "L6" is a silence and
"K11" a capability. Markers are read from the source, without importing it, so they are written out: literal strings,
in a decorator, in `pytestmark`, or in a `pytest.param` inside a decorator.

    entry       the entries, read and checked
    marker      the markers of a test file
    example     the example calls, by what they cite
    page        the page, as text
"""

import sys

from tests.compliance.page import PAGE, written


def main() -> int:
    """Write the page; 1 when an entry or a marker cannot be understood."""
    try:
        text = written()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
