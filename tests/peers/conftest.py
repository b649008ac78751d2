"""Rigs. No process outlives its fixture, and the laws of `laws.py` are checked over all that SIPp has seen."""

from collections.abc import Iterator

import pytest

from tests.peers.rig import Rig


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig.on(tmp_path_factory.mktemp("rig"), "127.0.0.1")
    try:
        yield rig.start()
    finally:
        rig.close()


@pytest.fixture
def rig(_running: Rig) -> Iterator[Rig]:
    """A rig whose daemon runs, with T1 at 100 ms, and has served the other tests of the module before."""
    _running.begin()
    yield _running
    _running.end()


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig on 127.0.0.1 whose daemon the test starts, and may end."""
    yield from _fresh(Rig.on(tmp_path_factory.mktemp("rig"), "127.0.0.1"))


@pytest.fixture
def fresh6(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The same on ::1."""
    yield from _fresh(Rig.on(tmp_path_factory.mktemp("rig"), "::1"))


def _fresh(rig: Rig) -> Iterator[Rig]:
    try:
        yield rig
        rig.end()
    finally:
        rig.close()
