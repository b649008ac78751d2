"""The command line as its user meets it: what it prints, and the code it ends with."""

import io
import sys
from pathlib import Path

import orjson
import pytest

from b2bua import __version__
from b2bua.__main__ import main
from b2bua.explain import message_of
from tests.b2bua.evidence.making import end, opened, verdict

ROOT = Path(__file__).parents[2]
CONFIG = str(ROOT / "examples/vectors/b2bua.toml")
BLOCKED = {"request_uri": "sip:+3293330000@x", "headers": ["From: <sip:+3225551212@x>"]}
COMMANDS = ["run", "check", "explain", "audit", "journal", "case", "demo"]

Ran = tuple[int, str, str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Command":
    return Command(monkeypatch, capsys)


class Command:
    """`b2bua` with arguments, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Ran:
        """Exit code, standard output, standard error."""
        self._monkeypatch.setattr(sys, "argv", ["b2bua", *(str(argument) for argument in arguments)])
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main()
        told = self._capsys.readouterr()
        code = left.value.code
        assert code is None or isinstance(code, int)
        assert "Traceback" not in told.out + told.err
        return code or 0, told.out, told.err


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "invite.sip"
    path.write_bytes(message_of(BLOCKED))
    return path


# Every command.


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_a_command_is_for(run: Command, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert out.startswith(f"Usage: b2bua {command}")


def test_help_names_every_command(run: Command) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert all(f" {command} " in out for command in COMMANDS)


def test_version_is_told(run: Command) -> None:
    assert run("--version") == (0, f"{__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["check"],
        ["check", "a", "b"],
        ["check", CONFIG, "--nonsense"],
        ["journal", "verify"],
        ["explain"],
        ["explain", CONFIG],
        ["explain", CONFIG, "--trunk", "INT-1"],
        ["explain", CONFIG, "file"],
        ["explain", CONFIG, "file", "--trunk", "INT-1", "--jsn"],
        ["explain", CONFIG, "--trunk", "INT-1", "--jsn", "file"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(run: Command, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert out + err


@pytest.mark.parametrize("command", ["run", "check", "explain"])
@pytest.mark.parametrize(
    "content", [None, b"", b"\xff", b"a = [", b'[journal]\ndirectory = "x"\n[[trunk]]\nname = 5\n']
)
def test_a_configuration_that_cannot_be_used_ends_with_2_and_names_the_file(
    run: Command, tmp_path: Path, command: str, content: bytes | None
) -> None:
    path = tmp_path / "gateway.toml"
    if content is not None:
        path.write_bytes(content)
    code, out, err = run(command, path, *(["--vectors", "x"] if command == "explain" else []))
    assert code == 2
    assert str(path) in out + err


# check


def test_check_tells_warnings_and_that_a_file_is_usable(run: Command) -> None:
    code, out, _ = run("check", CONFIG)
    unbound, lapsed, usable = out.splitlines()
    assert code == 0
    lines = Path(CONFIG).read_text().splitlines()
    table, lapsing = lines.index('name = "UNK"'), lines.index('name = "NTR-X"') + 2
    assert unbound.startswith(f"{CONFIG}:{table}: warning: trunk[2].class: ")
    assert lapsed.startswith(f"{CONFIG}:{lapsing}: warning: trunk[4].class: no attestation of 'NTR-X' is in force on ")
    trunks = "INT-1 (international), NAT-1 (national), UNK (international), NTR-1 (national-transit)"
    assert usable.startswith(f"{CONFIG}: usable; trunks: {trunks}, NTR-X (national-transit), DER-CS (article-4), ")


def test_check_tells_every_mistake_with_its_line_and_mend(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(Path(CONFIG).read_text().replace('"NAT-1"\nclass = "national"', '"NAT-1"\nclass = "natinoal"'))
    code, out, _ = run("check", path)
    assert code == 2
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "natinoal" in text)
    assert f"{path}:{line}: trunk[1].class: 'natinoal' is none of" in out


# explain


def test_explain_tells_a_verdict_in_text(run: Command, message: Path) -> None:
    code, out, _ = run("explain", CONFIG, "--trunk", "INT-1", message)
    assert code == 0
    assert out.startswith("BLOCK on INT-1, answered 603")


def test_explain_tells_a_verdict_as_one_json_object(run: Command, message: Path) -> None:
    code, out, _ = run("explain", CONFIG, message, "--trunk", "INT-1", "--json")
    assert code == 0
    told = orjson.loads(out)
    assert out.count("\n") == 1
    assert (told["verdict"], told["status"]) == ("block", 603)


@pytest.mark.parametrize(
    "arguments", [["--trunk", "NAT-1", "-"], ["-", "--trunk", "NAT-1"], ["--trunk=NAT-1", "--", "-"]]
)
def test_explain_reads_standard_input(run: Command, arguments: list[str]) -> None:
    code, out, _ = run("explain", CONFIG, *arguments, stdin=message_of(BLOCKED))
    assert code == 0
    assert out.startswith("PASS on NAT-1")


def test_explain_judges_at_the_moment_it_is_told(run: Command, message: Path) -> None:
    for at, verdict_ in (
        ("2024-08-31T12:00:00+02:00", "PASS"),
        ("2024-09-01", "BLOCK"),
        ("2024-09-01T00:00:00", "BLOCK"),
    ):
        code, out, _ = run("explain", CONFIG, "--trunk", "INT-1", "--at", at, message)
        assert code == 0
        assert out.startswith(verdict_)


@pytest.mark.parametrize("at", ["yesterday", "", "2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])
def test_a_moment_that_is_none_ends_with_2(run: Command, message: Path, at: str) -> None:
    code, _, err = run("explain", CONFIG, "--trunk", "INT-1", "--at", at, message)
    assert code == 2
    assert repr(at) in err


def test_a_message_saved_with_lone_line_feeds_is_read(run: Command, message: Path) -> None:
    message.write_bytes(message.read_bytes().replace(b"\r\n", b"\n"))
    code, out, _ = run("explain", CONFIG, "--trunk", "INT-1", message)
    assert (code, out.split()[0]) == (0, "BLOCK")


def test_a_folded_message_is_read(run: Command, message: Path) -> None:
    message.write_bytes(message.read_bytes().replace(b"From: ", b"From:\r\n\t"))
    code, out, _ = run("explain", CONFIG, "--trunk", "INT-1", message)
    assert (code, out.split()[0]) == (0, "BLOCK")


@pytest.mark.parametrize("as_json", [False, True])
def test_bytes_that_are_no_text_are_told_as_escapes(run: Command, message: Path, as_json: bool) -> None:
    message.write_bytes(message.read_bytes().replace(b"From: <", b'From: "\xff" <'))
    code, out, _ = run("explain", CONFIG, "--trunk", "INT-1", message, *(["--json"] if as_json else []))
    assert code == 0
    assert "udcff" in out


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"\n\n\n",
        b"\0" * 99,
        b"\xff\xfe\r\n\r\n",
        b"OPTIONS sip:a@x SIP/2.0",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"[1]",
    ],
)
def test_what_is_no_invite_ends_with_2_and_says_so(run: Command, message: Path, data: bytes) -> None:
    message.write_bytes(data)
    code, out, err = run("explain", CONFIG, "--trunk", "INT-1", message)
    assert (code, out) == (2, "")
    assert "b2bua: " in err


@pytest.mark.parametrize("name", ["none.sip", "."])
def test_a_message_that_cannot_be_read_ends_with_2_and_is_named(run: Command, tmp_path: Path, name: str) -> None:
    code, _, err = run("explain", CONFIG, "--trunk", "INT-1", tmp_path / name)
    assert code == 2
    assert str(tmp_path / name) in err


def test_a_trunk_that_is_not_there_ends_with_2_and_is_named(run: Command, message: Path) -> None:
    code, _, err = run("explain", CONFIG, "--trunk", "NOWHERE", message)
    assert code == 2
    assert "'NOWHERE'" in err
    assert "INT-1" in err


def test_vectors_that_all_agree_end_with_0(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    some = orjson.loads((ROOT / "examples/vectors/decree.json").read_bytes())["vectors"][::20]
    path.write_bytes(orjson.dumps({"vectors": some}))
    assert run("explain", CONFIG, "--vectors", path)[:2] == (0, f"{len(some)} of {len(some)} agree\n")


def test_a_vector_that_disagrees_ends_with_1_and_is_told_before_the_count(run: Command, tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    vector = {**BLOCKED, "id": "V1", "trunk": "INT-1", "verdict": "block"}
    path.write_bytes(orjson.dumps({"vectors": [vector, {**vector, "id": "V2", "verdict": "pass"}]}))
    code, out, _ = run("explain", CONFIG, "--vectors", path)
    first, last = out.splitlines()
    assert code == 1
    assert first.startswith("V2: expected pass, found block")
    assert last == "1 of 2 agree"


@pytest.mark.parametrize("content", [None, b"{}", b"nonsense"])
def test_a_vector_file_that_is_none_ends_with_2_and_is_named(
    run: Command, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "v.json"
    if content is not None:
        path.write_bytes(content)
    code, _, err = run("explain", CONFIG, "--vectors", path)
    assert code == 2
    assert str(path) in err


# verify


def test_verify_says_that_a_chain_holds(run: Command, tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a"), end("a")])
    journal.close()
    assert run("journal", "verify", tmp_path)[:2] == (0, f"{tmp_path}: 1 segments, 3 lines, the chain holds\n")


def test_verify_ends_with_1_and_names_the_first_broken_line(run: Command, tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append([verdict("a"), end("a")])
    journal.close()
    (path,) = journal.segments()
    path.write_bytes(path.read_bytes().replace(b'"verdict":"pass"', b'"verdict":"block"'))
    assert run("journal", "verify", tmp_path)[:2] == (1, f"{path}:2: was changed after it was written\n")


@pytest.mark.parametrize("name", ["empty", "none"])
def test_verify_ends_with_2_where_there_is_no_journal(run: Command, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = run("journal", "verify", tmp_path / name)
    assert code == 2
    assert str(tmp_path / name) in err


# run


def test_a_daemon_that_cannot_keep_evidence_does_not_start(run: Command, tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file where the folder should be")
    path = tmp_path / "gateway.toml"
    path.write_text(Path(CONFIG).read_text().replace("../../var/vectors/journal", "evidence"))
    code, _, err = run("run", path)
    assert code == 2
    assert str(tmp_path / "evidence") in err
