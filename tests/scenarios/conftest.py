"""A box with its foreign side on IPv4 and its national side on IPv6, for scripted peers."""

from collections.abc import Iterator

import pytest

from tests.peers.box import Box
from tests.peers.rig import FOREIGN, NATIONAL, Rig, Side


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """It runs; no process outlives the module."""
    folder = tmp_path_factory.mktemp("box")
    rig = Rig(folder=folder, foreign=Side.on(FOREIGN, "127.0.0.1"), national=Side.on(NATIONAL, "::1"), box=Box(folder))
    try:
        yield rig.start()
        rig.end()
    finally:
        rig.close()
