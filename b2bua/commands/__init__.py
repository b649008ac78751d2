"""The command line. Every command says by its exit code what happened: 0 done, 1 found wanting, 2 could not begin.

    daemon.py    run, check
    judging.py   explain, audit, replay: what the rules say of calls that we do not carry
    journal.py   journal verify ...: the evidence as files
    showing.py   demo
    clerk.py     clerk: the process beside the calls
    store.py     store ...: the index of the evidence
    register.py  register ...: dated entries, who made and who approved them
    roaming.py   roaming ask, route: what a holder says of a subscriber
    case.py      case ...: the regulator asks who made a call
    victim.py    victim ...: for those whose number others show
    nomadic.py   nomadic ...: use from abroad that must be occasional
    report.py    report: a month by trunk and article
    retention.py retention ...: how long numbers stand, what is held, who looked
    in_force.py  whether what was done to the register holds in every worker
    common.py    what all of them share

A group of commands is an `App` of its own in a module of its name. What a command needs is imported when it runs, so
that none waits for another's libraries.
"""

import sys

from cyclopts import App

from b2bua import __version__
from b2bua.commands.case import case
from b2bua.commands.clerk import clerk
from b2bua.commands.common import stop
from b2bua.commands.daemon import check, run
from b2bua.commands.journal import journal
from b2bua.commands.judging import audit, explain, replay
from b2bua.commands.nomadic import nomadic
from b2bua.commands.register import register
from b2bua.commands.report import report
from b2bua.commands.retention import retention
from b2bua.commands.roaming import roaming
from b2bua.commands.showing import demo
from b2bua.commands.store import store
from b2bua.commands.victim import victim
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
for command in (run, clerk, check, explain, audit, replay, report, demo):
    cli.command(command)
for group in (journal, store, register, roaming, case, victim, nomadic, retention):
    cli.command(group)


def main() -> None:
    """The entry point of the `b2bua` command."""
    try:
        sys.exit(cli(sys.argv[1:]))
    except (GatewayError, PolicyError, SipError, OSError) as error:
        stop(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
