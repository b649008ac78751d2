"""`b2bua clerk`: the process beside the calls, where it is a service of its own."""

import logging
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from b2bua.commands.common import Flag, load_config


def clerk(config: Path, /, *, with_parent: Annotated[Flag, Parameter(show=False)] = False) -> None:
    """Do what is to be done beside the calls (index, sign, pack, remind, purge) until SIGTERM or Ctrl-C.

    The daemon starts it by itself where the configuration has `[store]`, unless that says `clerk = "apart"`. SIGUSR1
    makes it log what it has done.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    with_parent
        End when standard input ends.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s clerk: %(message)s", stream=sys.stderr)
    loaded = load_config(config)
    from b2bua.clerk.clerk import serve
    from b2bua.clerk.wiring import chores_of

    serve(chores_of(loaded), Path(loaded.journal.directory), with_parent=with_parent)
