"""What stands under examples/ and in the documents works as written there."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from b2bua.config import read
from tests.peers.waiting import until

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


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_example_that_calls_reaches_the_example_that_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answering = subprocess.Popen(
        [sys.executable, "-X", "dev", "examples/ua.py", f"tcp:127.0.0.1:{port}"], cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        until(lambda: can_connect(port), "the answering example listens")
        uri = f"sip:bob@127.0.0.1:{port};transport=tcp"
        command = [sys.executable, "-X", "dev", "examples/caller.py", uri, "tcp:127.0.0.1:0"]
        calling = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    finally:
        answering.terminate()
        errors = answering.communicate()[1].decode()
    assert calling.stdout.split() == ["Progressed", "Established", "Released"], calling.stderr + errors
    assert "Traceback" not in calling.stderr + errors


def test_the_page_shows_the_example_as_it_is() -> None:
    shown = re.search(r"```python\n(import asyncio\n.*?)```", (ROOT / "docs/sipstack.md").read_text(), re.DOTALL)
    example = (ROOT / "examples/ua.py").read_text()
    assert shown is not None
    for line in shown[1].splitlines()[:-1]:
        assert line in example, line


#: A loopback network of this run's own, so that two runs on one machine do not meet.
NETWORK = f"127.{100 + os.getpid() // 256 % 100}.{os.getpid() % 256}"
EMBEDDINGS = {
    "embed_gateway": ["+33612345678 pass foreign", "+3225551212 block geographic", "+447700900123 block foreign hook"],
    "embed_policy": [
        "+33612345678 pass ",
        "+3225551212 block art. 1 2°, ¶8-9",
        "+33612345678 via +3225551212 block art. 1 2°, ¶8-9",
        "+32470123456 pass ",
        "+32470999999 block art. 1 3°, ¶8",
    ],
    "embed_stack": ["Established", "Established", "Invited", "Progressed", "Released", "Released"],
}


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_an_example_of_embedding_runs_and_ends_by_itself_and_leaves_nothing_open(name: str) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", f"examples/{name}.py", NETWORK]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    said = [line for line in ran.stdout.splitlines() if not line.startswith(" ")]
    # Which end of a call on loopback speaks first is not for the example to say.
    assert (sorted(said) if name == "embed_stack" else said) == EMBEDDINGS[name]


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_an_example_of_embedding_fits_on_a_page(name: str) -> None:
    assert len((ROOT / f"examples/{name}.py").read_text().splitlines()) < 60


def test_the_page_on_embedding_shows_the_examples_as_they_are() -> None:
    page = (ROOT / "docs/embedding.md").read_text()
    for name, heading in (("embed_gateway", "verdict"), ("embed_policy", "judge")):
        example = (ROOT / f"examples/{name}.py").read_text()
        function = re.search(rf"^def {heading}\(.*?(?=\n\n\n)", example, re.DOTALL | re.MULTILINE)
        assert function is not None
        assert function[0] in page
