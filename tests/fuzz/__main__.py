"""Fuzzing by coverage, with atheris: `python -m tests.fuzz [--minutes N] [TARGET ...]`, or `make fuzz MINUTES=N`.

A target (`targets.py`) is a function of octets. Each runs in a process of its own, one after the other, its share of
the minutes long, with what it has learnt before: `var/fuzz/TARGET/corpus` grows from run to run, and may be deleted.
At the end stands a line for each: how many inputs, how much of ours they reached, what was found. An input that raised
is in `var/fuzz/TARGET`; `python -m tests.fuzz --try TARGET FILE` runs it alone, without atheris. What was found
so far is kept as tests in `tests/sipstack/fuzzed`.

    targets     every target by name       seeds      what they start from
    reading     a datagram, a stream, a body; the judgement of `python -m sipstack`; another reader beside ours
    texts       what stands in header lines             growth   time, for what is repeated
    enclosed    ISUP, and bodies that may enclose some
    machines    scripts for the transaction layer and for a user agent
    proofs      challenges and credentials              lookups  answers of name servers
    mutation    damage by dice, also for the smoke test, which runs all this without atheris
"""

import argparse
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

HOME: Final = Path(os.environ.get("FUZZ_HOME", "var/fuzz"))
#: Seconds one input may take, and megabytes the process.
SLOWEST: Final = 20
LARGEST: Final = 2048


def main() -> int:
    """Run what the command line asks for; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz what reads the octets of peers.")
    parser.add_argument("--minutes", type=float, default=60.0, help="of all targets together")
    parser.add_argument("--try", dest="tried", nargs=2, metavar=("TARGET", "FILE"), help="one input, without atheris")
    parser.add_argument("--one", nargs=2, metavar=("TARGET", "SECONDS"), help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="those to run; all by default")
    options = parser.parse_args()
    if options.tried:
        from tests.fuzz.targets import TARGETS

        TARGETS[options.tried[0]].run(Path(options.tried[1]).read_bytes())
        return 0
    if options.one:
        fuzz(options.one[0], int(options.one[1]))
    return run(options.targets, options.minutes)


def run(names: list[str], minutes: float) -> int:
    """Each target in a process of its own; libFuzzer ends the process it is in."""
    from tests.fuzz.targets import TARGETS

    names = names or list(TARGETS)
    shares = sum(TARGETS[name].share for name in names)
    failed = False
    for name in names:
        seconds = max(10, round(minutes * 60 * TARGETS[name].share / shares))
        log = HOME / name / "log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            command = [sys.executable, "-m", "tests.fuzz", "--one", name, str(seconds)]
            code = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
        failed |= code != 0
        print(f"{name:12} {summary(log.read_text(errors='replace'))}{'' if code == 0 else '   FOUND, see ' + str(log)}")
        sys.stdout.flush()
    return int(failed)


def summary(log: str) -> str:
    """Executions, coverage and seconds, from what libFuzzer said."""
    count = re.findall(r"stat::number_of_executed_units:\s*(\d+)", log)
    reached = re.findall(r"cov: (\d+) ft: (\d+)", log)
    took = re.findall(r"Done \d+ runs in (\d+) second", log)
    edges, features = reached[-1] if reached else ("?", "?")
    return f"{(count or ['?'])[-1]:>10} runs   {edges:>6} edges   {features:>6} features   {(took or ['?'])[-1]:>5} s"


def fuzz(name: str, seconds: int) -> None:
    """In a process of its own: until the time is over or something is found. Does not return."""
    import atheris

    with atheris.instrument_imports(include=["sipstack", "b2bua.identity"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.mutation import PIECES, mutated

    target = TARGETS[name]
    home = HOME / name
    begin = target.seeds()
    for folder in ("corpus", "seeds"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    for at, data in enumerate(begin):
        (home / "seeds" / f"{at:04}").write_bytes(data)
    words = "".join(['"' + "".join([f"\\x{octet:02x}" for octet in piece]) + '"\n' for piece in PIECES])
    (home / "words").write_text(words)

    def mutator(data: bytes, most: int, seed: int) -> bytes:
        """Half by libFuzzer, half by what we know of SIP."""
        dice = random.Random(seed)
        if dice.random() < 0.5:
            return atheris.Mutate(data, most)
        return mutated(data, dice, begin)[:most]

    options = [
        f"-max_total_time={seconds}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={LARGEST}",
        f"-max_len={target.longest}",
        f"-artifact_prefix={home}/",
        f"-dict={home}/words",
        "-print_final_stats=1",
        "-use_value_profile=0",
    ]
    atheris.Setup(
        [sys.argv[0], *options, str(home / "corpus"), str(home / "seeds")], target.run, custom_mutator=mutator
    )
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
