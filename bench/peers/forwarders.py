"""The floor: boxes that move datagrams and know no SIP. `bench/boxes.py` has the one of plain Python."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.boxes import Box, Ports, Start, standing
from bench.errors import BenchError
from bench.peers.offer import NotHereError, Offer, Settings

_SOURCE = Path(__file__).with_name("forwarder.c")
_ROOT = Path(__file__).parents[2]


def in_c(settings: Settings) -> Offer:
    """The forwarder in C, compiled here."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise NotHereError("no C compiler (cc, or CC)")
    settings.scratch.mkdir(parents=True, exist_ok=True)
    program = settings.scratch / "forwarder"
    command = [compiler, "-O2", "-o", str(program), str(_SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BenchError(f"{compiler} does not compile {_SOURCE.name}: {done.stderr.strip()}")
    said = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return Offer(_moving([str(program)]), said.stdout.partition("\n")[0])


def on_uvloop(_settings: Settings) -> Offer:
    """The forwarder on the daemon's own event loop."""
    module = ["env", f"PYTHONPATH={_ROOT}", sys.executable, "-m", "bench.peers.uvloop_forwarder"]
    return Offer(_moving(module))


def _moving(command: list[str]) -> Start:
    @contextmanager
    def start(folder: Path, core: int) -> Iterator[Box]:
        ports = Ports.free()
        words = [*command, str(ports.front), str(ports.back), str(ports.callee)]
        with standing("forwarder", words, ports, folder / "forwarder.log", core) as box:
            yield box

    return start
