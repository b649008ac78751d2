"""SIPp as a peer. A scenario is a ladder; the messages in it are parts, which Python puts in before SIPp reads it.

`{{part NAME=value}}` stands for a file of `scenarios/parts/`, `@NAME@` for a value of the part or of the run. A line
that is nothing but an empty value is left out.
"""

import csv
import re
import subprocess
from pathlib import Path

import attrs

from tests.peers.laws import Message
from tests.peers.ports import is_taken
from tests.peers.waiting import LONG, until
from tests.peers.wire import Datagram, read_log

SCENARIOS = Path(__file__).with_name("scenarios")
_PART = re.compile(r"\{\{([\w-]+)((?: [A-Z]+=\S+)*)\}\}")
_VALUE = re.compile(r"@([A-Z]+)@")


def compose(name: str, values: dict[str, str]) -> str:
    """A scenario with its parts and values in place."""
    return _filled(_with_parts((SCENARIOS / f"{name}.xml").read_text()), values)


def _with_parts(text: str) -> str:
    def part(found: re.Match[str]) -> str:
        given = dict(pair.split("=", 1) for pair in found[2].split())
        inner = _with_parts((SCENARIOS / "parts" / found[1]).read_text().rstrip("\n"))
        return _VALUE.sub(lambda value: given.get(value[1], value[0]), inner)

    return _PART.sub(part, text)


def _filled(text: str, values: dict[str, str]) -> str:
    lines = []
    for line in text.splitlines():
        filled = _VALUE.sub(lambda value: values[value[1]], line)
        if filled.strip() or not line.strip():
            lines.append(filled)
    return "\n".join(lines) + "\n"


@attrs.define(eq=False, kw_only=True)
class Sipp:
    """One SIPp process with one scenario; the scenario says whether it calls or is called."""

    name: str
    side: str
    host: str
    port: int
    folder: Path
    timeout: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls,
        name: str,
        values: dict[str, str],
        *,
        side: str,
        local: tuple[str, int],
        remote: tuple[str, int],
        folder: Path,
        calls: int = 1,
        rate: int | None = None,
    ) -> "Sipp":
        """Returns, for a scenario that waits to be called, when it listens. One call alone has its messages logged."""
        folder.mkdir(parents=True)
        text = compose(name, values)
        (folder / "scenario.xml").write_text(text)
        host, port = local
        timeout = 15 if calls == 1 else 120
        command = ["sipp", "-sf", "scenario.xml", "-i", host, "-p", str(port), "-m", str(calls), "-nostdin"]
        command += ["-timeout", str(timeout), "-timeout_error", "-max_socket", "16"]
        command += ["-trace_err", "-error_file", "errors.log", "-trace_stat", "-stf", "statistics.csv", "-fd", "1"]
        command += ["-trace_msg", "-message_file", "messages.log"] if calls == 1 else ["-trace_counts"]
        if rate is not None:
            command += ["-r", str(rate), "-l", str(20 * rate)]
        if name.endswith("echoes"):
            command += ["-rtp_echo", "-mi", host, "-mp", values["PORT"]]
        calling = text.index("<send") < text.index("<recv")
        if calling:
            shown = f"[{remote[0]}]" if ":" in remote[0] else remote[0]
            command.append(f"{shown}:{remote[1]}")
        with (folder / "screen.log").open("wb") as screen:
            process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=subprocess.STDOUT
            )
        sipp = cls(name=name, side=side, host=host, port=port, folder=folder, timeout=timeout, process=process)
        if not calling:
            until(sipp._listens, f"{name} listens")
        return sipp

    def _listens(self) -> bool:
        assert self.process.poll() is None, f"{self.name} has ended:\n{self.report}"
        return is_taken(self.port)

    def wait(self) -> int:
        """Its exit code: 0 when every call went as the scenario says. SIPp itself gives up after its timeout."""
        return self.process.wait(self.timeout + LONG)

    def close(self) -> None:
        """No process is left behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def messages(self) -> list[Datagram]:
        """What it sent and received, in order."""
        return read_log(self.folder / "messages.log", self.side, self.host, self.port)

    def heard(self, start: str) -> list[Message]:
        """What the box sent it, of those start lines."""
        return self._of(start, emitted=True)

    def said(self, start: str) -> list[Message]:
        """What it sent the box, of those start lines."""
        return self._of(start, emitted=False)

    def _of(self, start: str, *, emitted: bool) -> list[Message]:
        messages = [Message.read(datagram) for datagram in self.messages if datagram.emitted == emitted]
        return [message for message in messages if message.start.startswith(start)]

    @property
    def statistics(self) -> dict[str, str]:
        """Its last line of statistics, by the names SIPp gives them."""
        with (self.folder / "statistics.csv").open(newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))[-1]

    @property
    def report(self) -> str:
        """What it has to say about a failure."""
        texts = [f"--- {self.name} on {self.side} port {self.port}: exit code {self.process.poll()}"]
        for log in ("errors.log", "messages.log"):
            path = self.folder / log
            if path.exists():
                texts += [f"--- {log}", path.read_text(errors="replace")[-6000:]]
        return "\n".join(texts)
