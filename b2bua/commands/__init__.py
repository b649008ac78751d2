"""The command line. Every command says by its exit code what happened: 0 done, 1 found wanting, 2 could not begin.

    daemon.py    run, check
    judging.py   explain, audit, replay: what the rules say of calls that we do not carry
    journal.py   journal verify ...: the evidence as files
    showing.py   demo
    common.py    what all of them share

A group of commands is an `App` of its own in a module of its name. What a command needs is imported when it runs, so
that none waits for another's libraries.
"""

import sys

from cyclopts import App

from b2bua import __version__
from b2bua.commands.common import stop
from b2bua.commands.daemon import check, run
from b2bua.commands.journal import journal
from b2bua.commands.judging import audit, explain, replay
from b2bua.commands.showing import demo
from b2bua.errors import GatewayError
from policy.errors import PolicyError
from sipstack.errors import SipError

__all__ = ["cli", "main"]

cli = App(
    name="b2bua",
    help="A SIP B2BUA that applies the Belgian decree of 12 May 2024 against spoofed caller numbers.",
    version=__version__,
    version_flags=["--version"],
)
for command in (run, check, explain, audit, replay, demo):
    cli.command(command)
for group in (journal,):
    cli.command(group)


def main() -> None:
    """The entry point of the `b2bua` command."""
    try:
        sys.exit(cli(sys.argv[1:]))
    except (GatewayError, PolicyError, SipError, OSError) as error:
        stop(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
