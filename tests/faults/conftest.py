"""A rig whose daemon the test starts; `tests.peers` has it."""

from tests.peers.conftest import fresh

__all__ = ["fresh"]
