"""`b2bua roaming`, as an operator types it."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from b2bua.commands import cli
from b2bua.demo.holder import served
from b2bua.evidence.desk import Desk
from tests.b2bua.roaming.serving import stub as made

TOML = """
[journal]
directory = "evidence"
[roaming.table]
"+32475000000" = "abroad"
[roaming]
portability = "ported.csv"
[[roaming.camara]]
name = "stub"
prefixes = ["+3247"]
url = "{address}/device-roaming-status/v1"
[roaming.camara.oauth]
token_url = "{address}/token"
client_id = "b2bua"
client_secret = "open sesame"
[[trunk]]
name = "home"
class = "national"
listen = ["127.0.0.1:5060"]
peers = ["127.0.0.2"]
targets = ["127.0.0.2"]
[[route]]
from = "home"
to = "home"
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def ran(*words: object) -> tuple[int, str, str]:
        code = 0
        try:
            code = cli([str(word) for word in words], result_action="return_value") or 0
        except SystemExit as left:
            code = int(left.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return ran


@contextlib.contextmanager
def stub(does: str) -> Iterator[str]:
    """Its address; it runs in a thread, for the command has a loop of its own."""
    loop, address, is_up = asyncio.new_event_loop(), list[str](), threading.Event()
    over = asyncio.Event()

    async def serve() -> None:
        async with served(made(does)) as where:
            address.append(where)
            is_up.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert is_up.wait(10)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def configured(folder: Path, address: str = "http://127.0.0.1:9") -> Path:
    path = folder / "b2bua.toml"
    path.write_text(TOML.replace("{address}", address))
    path.chmod(0o600)
    (folder / "ported.csv").write_text("+32490000001,stub\n")
    return path


@pytest.mark.parametrize(
    ("does", "number", "code", "said"),
    [
        ("answers", "+32470000001", 0, ("abroad", "stub")),
        ("answers", "+32470000002", 0, ("not abroad", "stub")),
        ("answers", "+32490000001", 0, ("unknown subscriber", "stub")),
        ("answers", "+32475000000", 0, ("abroad", "table")),
        ("failing", "+32470000001", 1, ("failed", "stub: status 503")),
        ("answers", "+32490000002", 1, ("not offered", "no holder")),
    ],
)
def test_a_holder_is_asked_as_a_call_would_ask(
    run: Run, tmp_path: Path, *, does: str, number: str, code: int, said: tuple[str, str]
) -> None:
    with stub(does) as address:
        left, out, _ = run("roaming", "ask", configured(tmp_path, address), number, "--json")
    told = json.loads(out)
    assert (left, told["number"], (told["outcome"], told["source"])) == (code, number, said)


@pytest.mark.law("K31")
def test_who_has_asked_about_whom_is_in_the_chain_of_the_desk_even_if_nobody_answers(run: Run, tmp_path: Path) -> None:
    words = ("roaming", "ask", configured(tmp_path), "+32470000001", "--by", "ada", "--why", "case 7")
    code, out, err = run(*words)
    assert code == 1
    assert out.startswith("+32470000001: failed; stub: no token: no connection: ECONNREFUSED, as of ")
    assert err == ""
    (_, look) = Desk(tmp_path / "evidence").lines()
    assert (look["kind"], look["by"], look["what"], look["why"]) == ("look", "ada", "roaming ask", "case 7")
    assert b"+32470000001" in orjson.dumps(look["personal"])


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        ("+32470000001", 0, "stub"),
        ("+32490000001", 0, "stub"),
        ("+32490000002", 1, "no holder offers a check"),
        ("+32475000000", 0, "the table says abroad"),
    ],
)
def test_who_would_be_asked_is_told_without_asking(run: Run, tmp_path: Path, number: str, code: int, told: str) -> None:
    assert run("roaming", "route", configured(tmp_path), number) == (code, f"{number}: {told}\n", "")
    assert not (tmp_path / "evidence").exists()


@pytest.mark.parametrize("words", [("ask",), ("route",)])
def test_what_is_no_number_is_told(run: Run, tmp_path: Path, words: Any) -> None:
    code, _, err = run("roaming", *words, configured(tmp_path), "0470000001")
    assert (code, err) == (2, "b2bua: '0470000001' is no number in the form +32470123456\n")


def test_a_list_that_cannot_be_used_is_found_by_check(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = configured(tmp_path)
    assert run("check", path)[0] == 0
    (tmp_path / "ported.csv").write_text("+32490000001,nobody\n")
    with pytest.raises(Exception, match=r"ported\.csv:1: names no holder"):
        run("check", path)
