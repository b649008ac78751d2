"""One trial: so many packets a second over so many flows, compared at the far end octet by octet."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import attrs
import orjson

from bench.errors import BenchError

_FOLDER: Final = Path(__file__).parent
#: Seconds that a trial may take longer than it should.
_GRACE: Final = 30.0
#: Of a delay that nobody hears.
_PATIENCE_US: Final = 10_000
#: Packets a second, and seconds, of a look whether a box is there; and how often it is looked.
_LITTLE: Final = (1_000.0, 0.3)
_TRIES: Final = 40


@attrs.frozen(kw_only=True)
class Ports:
    """The first of each: peers A and B, and where the box receives from them."""

    a: int
    b: int
    face_a: int
    face_b: int


@attrs.frozen(kw_only=True)
class Passed:
    """What became of the packets of a trial."""

    rate: float
    sent: int
    unsent: int
    received: int
    wrong: int
    """Those that came otherwise than they were sent."""
    seconds: float
    p50_us: float
    p99_us: float

    @property
    def held(self) -> bool:
        """Whether all came, as they were and in time."""
        return self.received == self.sent and not (self.unsent or self.wrong) and self.p99_us < _PATIENCE_US


def compiled(name: str, folder: Path) -> Path:
    """A program of this folder, compiled there. Raises BenchError without a compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise BenchError("media needs a C compiler (cc, or CC): apt-get install gcc libc6-dev")
    program = folder / name
    command = [compiler, "-O2", "-o", str(program), str(_FOLDER / f"{name}.c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BenchError(f"{compiler} does not compile {name}.c: {done.stderr.strip()}")
    return program


@attrs.frozen
class Generator:
    """The program, on the core of the load."""

    program: Path
    core: int
    flows: int

    def send(self, ports: Ports, rate: float, seconds: float) -> Passed:
        """Runs one trial. Raises BenchError."""
        numbers = (self.flows, f"{rate:.0f}", seconds, ports.a, ports.b, ports.face_a, ports.face_b)
        command = ["taskset", "-c", str(self.core), str(self.program), *map(str, numbers)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=seconds + _GRACE
        )
        if done.returncode:
            raise BenchError(f"the generator of media has ended: {done.stderr.strip()}")
        return Passed(rate=rate, **orjson.loads(done.stdout))

    def await_box(self, ports: Ports) -> None:
        """Until packets cross, which a box may need a moment for. Raises BenchError."""
        for _ in range(_TRIES):
            if self.send(ports, *_LITTLE).received:
                return
        raise BenchError("no packet of media crosses")
