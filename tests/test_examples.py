"""What stands under examples/ and in the documents works as written there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from b2bua.config import read

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
CONFIGS = sorted(ROOT.glob("examples/**/*.toml"))


def b2bua(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "b2bua", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_configuration_has_no_fatal_mistake(path: Path) -> None:
    result = read(path)
    assert result.config is not None, [str(mistake) for mistake in result.mistakes]


def test_the_annotated_example_has_not_even_a_warning() -> None:
    assert read(ROOT / "examples/gateway.toml").mistakes == ()


def test_the_command_that_the_readme_shows_explains_the_example_invite() -> None:
    shown = re.search(r"^\$ b2bua (explain .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert shown is not None
    explained = b2bua(*shown[1].split())
    assert explained.returncode == 0, explained.stderr
    assert explained.stdout.startswith("BLOCK on INT-1, answered 603: art. 1 2°")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_links_only_to_what_is_there(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
