"""What stands between the two SIPps. All boxes have the same ports, so that one trial fits them all."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import attrs

from bench.processes import LOOPBACK, await_bound, free_ports, running

CONFIGURATION = """\
[journal]
directory = "journal"

[[trunk]]
name = "foreign"
class = "international"
listen = ["{host}:{ports.front}"]
peers = ["{host}:{ports.caller}"]
targets = ["{host}:{ports.caller}"]

[[trunk]]
name = "home"
class = "national"
listen = ["{host}:{ports.back}"]
peers = ["{host}:{ports.callee}"]
targets = ["{host}:{ports.callee}"]

[[route]]
from = "foreign"
to = "home"
"""


@attrs.frozen(kw_only=True)
class Ports:
    """Caller, the box's two faces, callee."""

    caller: int
    front: int
    back: int
    callee: int

    @classmethod
    def free(cls) -> "Ports":
        """Four that nobody has."""
        caller, front, back, callee = free_ports(4)
        return cls(caller=caller, front=front, back=back, callee=callee)


@attrs.frozen
class Box:
    """A box that runs."""

    name: str
    process: subprocess.Popen[bytes]
    ports: Ports


Start = Callable[[Path, int], AbstractContextManager[Box]]


def configuration(ports: Ports) -> str:
    """The daemon's TOML: everything a screened call goes through, nothing switched off."""
    return CONFIGURATION.format(host=LOOPBACK, ports=ports)


@contextmanager
def forwarder(folder: Path, core: int) -> Iterator[Box]:
    """The UDP forwarder."""
    ports = Ports.free()
    script = Path(__file__).with_name("forwarder.py")
    command = [sys.executable, str(script), str(ports.front), str(ports.back), str(ports.callee)]
    with standing("forwarder", command, ports, folder / "forwarder.log", core) as box:
        yield box


@contextmanager
def gateway(folder: Path, core: int, python: str = sys.executable, settings: str = "") -> Iterator[Box]:
    """The daemon, as an operator runs it; that of another environment, or with settings more, where they are given."""
    ports = Ports.free()
    path = folder / "b2bua.toml"
    path.write_text(settings + configuration(ports))
    command = [python, "-m", "b2bua", "run", str(path)]
    with standing("b2bua", command, ports, folder / "b2bua.log", core) as box:
        yield box


@contextmanager
def standing(name: str, command: list[str], ports: Ports, log: Path, core: int) -> Iterator[Box]:
    """A box of that command line, from when it listens on both its faces (a box of one face has it twice)."""
    with running(command, core, log) as process:
        for port in (ports.front, ports.back):
            await_bound(process, port, log)
        yield Box(name, process, ports)
