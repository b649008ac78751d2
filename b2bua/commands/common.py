"""What all commands share: the kinds of their arguments, their exit codes, and how they end."""

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

from cyclopts import Parameter

if TYPE_CHECKING:
    from b2bua.config import Config
    from b2bua.store import Store

#: A switch that is either given or not: no `--no-json`.
Flag = Annotated[bool, Parameter(negative="")]
#: An option that may be given several times, and has no `--empty-` form.
Repeated = Annotated[list[str], Parameter(negative="")]
#: What most commands take.
ConfigFile = Annotated[Path, Parameter(help="The configuration file of the daemon.")]
By = Annotated[str | None, Parameter(help="Who acts; the login name when left out.")]
Json = Annotated[Flag, Parameter(help="JSON instead of text.")]
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


def catch_up(store: "Store") -> bool:
    """Brings the index up to date; False where a part of the journal cannot be read, which is told on standard error
    and left out. Raises StoreError and OSError."""
    from b2bua.errors import JournalError

    try:
        store.indexer().catch_up(1 << 62)
    except JournalError as error:
        print(f"b2bua: {error}; what was not indexed of it before is left out", file=sys.stderr)  # noqa: T201
        return False
    return True


def acting(by: str | None) -> str:
    """Who answers for what the command does: who is named by `--by`, else who is logged in (behind `sudo`, who called
    it)."""
    import getpass
    import os

    return by or os.environ.get("SUDO_USER") or getpass.getuser()


def moment_of(at: str | None, option: str = "--at", *, is_end: bool = False) -> datetime.datetime:
    """A moment as it is written on the command line, aware: Brussels time unless it has a zone; now, when it is left
    out. A day alone means its beginning, and its end for an option that ends something."""
    if at is None:
        return datetime.datetime.now(datetime.UTC)
    from b2bua.civil import end_of, first_of
    from b2bua.errors import MomentError

    try:
        return end_of(at) if is_end else first_of(at)
    except MomentError as error:
        stop(f"{option} {error}")


def stop(message: str) -> NoReturn:
    """Ends the command with exit code 2 and a line on standard error."""
    print(f"b2bua: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(UNUSABLE)
