"""What a box needs in order to be measured, and what it says when it is not on this machine."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import attrs

from bench.boxes import Start
from bench.processes import SCRATCH

#: Where servers stand, which not every PATH has.
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class NotHereError(Exception):
    """A box that this machine does not have; the message says what is missing."""


@attrs.frozen
class Settings:
    """Where the peers are, and where the bench may keep what it makes for them."""

    programs: dict[str, Path] = attrs.field(factory=dict)
    """Programs by the name of their box, where they are not to be looked for."""
    scratch: Path = SCRATCH / "peers"

    def program(self, name: str) -> Path:
        """The one that was named, by an option or by the environment (`OPENSIPS=/path`), or the one of the PATH.

        Raises NotHereError.
        """
        named = self.programs.get(name) or os.environ.get(name.upper())
        found = shutil.which(str(named)) if named else shutil.which(name, path=_search_path())
        if found is None:
            missing = f"no program {named}" if named else f"no {name} in PATH, none named by --{name} or {name.upper()}"
            raise NotHereError(missing)
        return Path(found).absolute()


@attrs.frozen
class Offer:
    """A box that can be started."""

    start: Start
    version: str = ""


def version(command: Sequence[str]) -> str:
    """The first version number that a program says of itself; empty when it says none."""
    said = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = re.search(r"\d+\.\d+(?:\.\d+)*", said.stdout + said.stderr)
    return found.group() if found else ""


def _search_path() -> str:
    return os.pathsep.join((os.environ.get("PATH", os.defpath), *_SBIN))
