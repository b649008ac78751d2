"""What all commands share: the kinds of their arguments, their exit codes, and how they end."""

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

from cyclopts import Parameter

if TYPE_CHECKING:
    from b2bua.config import Config

#: A switch that is either given or not: no `--no-json`.
Flag = Annotated[bool, Parameter(negative="")]
#: An option that may be given several times, and has no `--empty-` form.
Repeated = Annotated[list[str], Parameter(negative="")]
#: A file, or - for standard input, which is no option for all its hyphen.
Message = Annotated[Path, Parameter(allow_leading_hyphen=True)]

WANTING: Final = 1
"""The command was carried out, and something was found wanting."""
UNUSABLE: Final = 2
"""The command could not begin."""


def load_config(path: Path) -> "Config":
    """The configuration; its warnings go to standard error, its mistakes end the command."""
    from b2bua.config import read

    result = read(path)
    for mistake in result.mistakes:
        print(mistake, file=sys.stderr)  # noqa: T201
    if result.config is None:
        stop(f"{path} cannot be used")
    return result.config


def acting(by: str | None) -> str:
    """Who answers for what the command does: who is named by `--by`, else who is logged in (behind `sudo`, who called
    it)."""
    import getpass
    import os

    return by or os.environ.get("SUDO_USER") or getpass.getuser()


def moment_of(at: str | None, option: str = "--at") -> datetime.datetime:
    """A moment as it is written on the command line, aware; now, when it is left out."""
    if at is None:
        return datetime.datetime.now(datetime.UTC)
    try:
        moment = datetime.datetime.fromisoformat(at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        # A day to either side must exist too: the civil day in Brussels may be the next one.
        return moment.astimezone(datetime.UTC) + datetime.timedelta(days=1) - datetime.timedelta(days=1)
    except (ValueError, OverflowError):
        stop(f"{option} {at!r} is no moment; write it as 2026-01-31T12:00:00+01:00")


def stop(message: str) -> NoReturn:
    """Ends the command with exit code 2 and a line on standard error."""
    print(f"b2bua: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(UNUSABLE)
