"""How a command of the bench ends, well or not."""

import signal
import sys
from collections.abc import Callable
from typing import Final

from bench.errors import BenchError
from bench.processes import end_children

UNUSABLE: Final = 2
"""The exit code when nothing could be measured."""


def carry_out(command: Callable[[], object]) -> None:
    """Runs it; a run that is asked to end, or fails, takes its processes with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        command()
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        end_children()
