"""The parsers of others as tests ask for them: skipped by name where one is not installed, or failed by wish."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.trace.parsers.kamailio import Kamailio
from tests.trace.parsers.sofia import LIBRARY, Sofia


def sofia() -> Sofia:
    """A library has no program that the mark `peer` could look for."""
    try:
        return Sofia.load()
    except OSError:
        if os.environ.get("REQUIRE_PEERS") == "1":
            pytest.fail(f"REQUIRE_PEERS=1 and the peer {LIBRARY} is not installed")
        pytest.skip(f"the peer {LIBRARY} is not installed")


@contextmanager
def kamailio(folder: Path) -> Iterator[Kamailio]:
    """For tests marked `peer("kamailio")`."""
    judge = Kamailio.start(folder)
    try:
        yield judge
    finally:
        judge.close()
