"""The figures in the documentation are those of the machines: drawn from the edges they are seen to take."""

import re
from pathlib import Path

import pytest

from sipstack.transaction import Client, ClientInvite, Server, ServerInvite
from tests.sipstack.transaction.figures import mermaid

PAGE = Path(__file__).parents[3] / "docs" / "sipstack.md"


@pytest.mark.parametrize("kind", [ClientInvite, Client, ServerInvite, Server])
def test_the_documentation_shows_the_machine_as_it_works(kind):
    blocks = re.findall(r"^```mermaid\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    titled = [block for block in blocks if f"title: {kind.__name__}\n" in block]
    assert titled == [mermaid(kind)], f"paste mermaid({kind.__name__}) from tests/sipstack/transaction/figures.py"
