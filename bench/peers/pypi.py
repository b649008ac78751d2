"""sippy's b2bua_simple, from PyPI, in a virtual environment of its own, made once and kept with the bench's scratch."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.boxes import Box, Ports, standing
from bench.peers.offer import NotHereError, Offer, Settings
from bench.processes import LOOPBACK

SIPPY = "2.5.0"


def sippy(settings: Settings) -> Offer:
    """It logs nothing here: its evidence would be text on standard error."""
    program = _installed(settings.scratch / f"sippy-{SIPPY}")

    @contextmanager
    def start(folder: Path, core: int) -> Iterator[Box]:
        free = Ports.free()
        ports = Ports(caller=free.caller, front=free.front, back=free.front, callee=free.callee)
        command = ["env", "SIPLOG_BEND=none", str(program), "-f", "-l", LOOPBACK, "-p", str(ports.front)]
        command += ["-n", f"{LOOPBACK}:{ports.callee}"]
        with standing("sippy", command, ports, folder / "sippy.log", core) as box:
            yield box

    return Offer(start, SIPPY)


def _installed(environment: Path) -> Path:
    """Its program. Raises NotHereError with pip's last word when it cannot be installed."""
    program = environment / "bin" / "b2bua_simple"
    if not program.exists():
        _run([sys.executable, "-m", "venv", str(environment)])
        _run([str(environment / "bin" / "python"), "-m", "pip", "install", "-q", f"sippy=={SIPPY}"])
    return program


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotHereError(f"{' '.join(command[1:4])} failed: {said[-1] if said else done.returncode}")
