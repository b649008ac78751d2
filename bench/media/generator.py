"""One trial: so many packets a second over so many flows, compared at the far end octet by octet."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import orjson

from bench.errors import BenchError
from bench.media.nets import Net

_FOLDER: Final = Path(__file__).parent
#: Seconds that a trial may take longer than it should.
_GRACE: Final = 30.0
#: Of a delay that nobody hears.
_PATIENCE_US: Final = 10_000
#: The share of the rate that must have been reached, and that of its core which a generator may need for it.
_REACHED: Final = 0.97
_SATURATED: Final = 0.95
#: Packets a second of each peer, and seconds, of a look whether a box is there; and how often it is looked.
_LITTLE: Final = (20.0, 0.3)
_TRIES: Final = 40


@attrs.frozen
class Flow:
    """The ports of peer A, of the box towards it, of peer B, and of the box towards that."""

    a: int
    face_a: int
    b: int
    face_b: int


@attrs.frozen(kw_only=True)
class Passed:
    """What became of the packets of a trial."""

    rate: float
    """That it should have had, packets a second both ways together."""
    sent: int
    unsent: int
    received: int
    wrong: int
    """Those that came otherwise than they were sent, or to somebody else."""
    seconds: float
    busy: float
    """The share of the time in which the generator had something to do."""
    p50_us: float
    p99_us: float

    @property
    def was_made(self) -> bool:
        """Whether the generator kept up."""
        return self.sent >= _REACHED * self.rate * self.seconds and self.busy < _SATURATED

    @property
    def held(self) -> bool:
        """Whether all came, as they were and in time, at the rate that was meant."""
        is_whole = self.received == self.sent and not (self.unsent or self.wrong)
        return is_whole and self.p99_us < _PATIENCE_US and self.sent >= _REACHED * self.rate * self.seconds


@attrs.frozen(kw_only=True)
class Standing:
    """What stands between the ends in a trial."""

    net: Net
    flows: Path
    """A file with the ports of each flow."""
    peers: int
    """Twice as many as there are flows."""
    process: int | None = None
    """The process id of the box; none of what is nobody's."""


def written(flows: Sequence[Flow], folder: Path) -> Path:
    """The file of flows that the programs read."""
    file = folder / "flows"
    file.write_text("".join(f"{flow.a} {flow.face_a} {flow.b} {flow.face_b}\n" for flow in flows))
    return file


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

    def send(self, box: Standing, rate: float, seconds: float) -> Passed:
        """Runs one trial. Raises BenchError."""
        net = box.net
        words = [str(box.flows), f"{rate:.0f}", str(seconds), net.a, net.face_a, net.b, net.face_b, *net.files]
        command = ["taskset", "-c", str(self.core), str(self.program), *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=seconds + _GRACE
        )
        if done.returncode:
            raise BenchError(f"the generator of media has ended: {done.stderr.strip()}")
        return Passed(rate=rate, **orjson.loads(done.stdout))

    def await_box(self, box: Standing) -> None:
        """Until all flows cross, which a box may need a moment for. Raises BenchError."""
        each, seconds = _LITTLE
        for _ in range(_TRIES):
            passed = self.send(box, each * box.peers, seconds)
            if passed.received == passed.sent:
                return
        raise BenchError(f"of {passed.sent} packets of media {passed.received} cross, {passed.wrong} of them wrong")
