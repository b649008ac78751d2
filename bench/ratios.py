"""The ratios of the parts as processes of their own find them: `python -m bench.ratios ROUNDS [SUBJECT ...]`.

Where a process has its memory is chance, and moves its figures by several percent for as long as it lives: so several
are asked, one after the other, and the second least counts. On a machine with company (load 3 to 5 on two cores, 20
processes of 15 rounds, groups of five, 2026-11-23) 98 % of the groups then lay below 1.068 times the middle one (mean
of 19 parts; the worst: 1.12), with the median in place of the second least below 1.078 (1.19), and with medians in
place of the lower quartiles as well below 1.087 (1.18).
"""

import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import attrs
import orjson

from bench import micro
from bench.errors import BenchError

_SECOND = 1
_ROOT = Path(__file__).parent.parent


@attrs.frozen
class Effort:
    """How much is spent on one measurement."""

    processes: int
    rounds: int
    """In each."""


#: Under half a minute for all subjects on a quiet machine.
ONCE = Effort(processes=5, rounds=15)
#: For one that is measured again.
AGAIN = Effort(processes=5, rounds=40)


def measured(effort: Effort, names: Collection[str] = ()) -> dict[str, float]:
    """The ratio of each subject to the calibration loop; of these alone, when any are named. Raises BenchError."""
    found = [_in_process(effort.rounds, names) for _ in range(effort.processes)]
    return {name: sorted(one[name] for one in found)[_SECOND] for name in found[0]}


def _in_process(rounds: int, names: Collection[str]) -> Mapping[str, float]:
    command = [sys.executable, "-m", "bench.ratios", str(rounds), *names]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # the order in a table is chance too
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"the parts cannot be measured: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
    found: dict[str, float] = orjson.loads(done.stdout)
    return found


def main(rounds: int, names: Collection[str]) -> None:
    with micro.subjects() as subjects:
        wanted = [one for one in subjects if not names or one.name in names or one.name == micro.CALIBRATION]
        found = micro.ratios(micro.sample(wanted, rounds, lambda _: None))
    print(orjson.dumps({name: ratio for name, ratio in found.items() if name != micro.CALIBRATION}).decode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
