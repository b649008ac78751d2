"""What is done with closed segments now and then, as chores of the clerk: they are signed, and packed."""

import datetime
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from b2bua.chore import Chore
from b2bua.config import Config
from b2bua.evidence.packing import pack_closed
from b2bua.evidence.signatures import sign_closed
from b2bua.evidence.signing import load_key

log = logging.getLogger("b2bua")

LANE: Final = "journal"
"""Of all chores that change files of the journal."""
#: Seconds. What bears no signature can be written anew by whoever has the disk; what is not packed is only larger.
_SIGN_EVERY: Final = 60.0
_PACK_EVERY: Final = 600.0


def chores(config: Config) -> Iterator[Chore]:
    """Those that `[journal]` asks for."""
    journal, kept = Path(config.journal.directory), config.journal
    if kept.signing_key is not None:
        yield Chore("sign", _SIGN_EVERY, partial(_sign, journal, Path(kept.signing_key)), LANE)
    if kept.pack:
        yield Chore("pack", _PACK_EVERY, partial(_pack, journal), LANE)


def _sign(journal: Path, key: Path, now: datetime.datetime) -> None:
    for path in sign_closed(journal, load_key(key), now):
        log.info("signed: %s", path)


def _pack(journal: Path, _now: datetime.datetime) -> None:
    for path in pack_closed(journal):
        log.info("packed: %s", path)
