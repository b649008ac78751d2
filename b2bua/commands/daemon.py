"""`b2bua run` and `b2bua check`: the daemon, and whether its configuration can be used."""

import datetime
import logging
import sys
from pathlib import Path

from b2bua.commands.common import UNUSABLE, load_config


def run(config: Path, /) -> None:
    """Run the daemon until SIGTERM or Ctrl-C.

    Parameters
    ----------
    config
        The configuration file; `b2bua check` says what is wrong with it.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    loaded = load_config(config)
    if loaded.workers > 1:
        from b2bua.workers.overseer import run as serve
    else:
        from b2bua.app import run as serve
    serve(loaded, config)


def check(config: Path, /) -> int:
    """Validate a configuration: file, line, key and mend for each mistake; exit code 2 when it cannot be used.

    Parameters
    ----------
    config
        The configuration file.
    """
    from b2bua.config import read
    from policy.register import civil_day

    result = read(config, civil_day(datetime.datetime.now(datetime.UTC)))
    for mistake in result.mistakes:
        print(mistake)  # noqa: T201 - this is what the command is for
    if result.config is None:
        return UNUSABLE
    from b2bua.roaming import Asking

    # Lists of numbers may be long: they are read when somebody will ask, not with the configuration.
    Asking.open(result.config.roaming, result.config.profile.load().plan)
    trunks = ", ".join(f"{trunk.name} ({trunk.trunk_class})" for trunk in result.config.trunk)
    print(f"{config}: usable; trunks: {trunks}")  # noqa: T201
    return 0
