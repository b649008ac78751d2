"""A few of the kills that `python -m tests.peers.kills` makes by the hundred."""

from pathlib import Path

import pytest

from tests.peers.kills import Kills

pytestmark = [pytest.mark.peer("sipp"), pytest.mark.law("¶33", "K18")]


@pytest.mark.parametrize("workers", [1, 2])
def test_whatever_a_caller_heard_before_the_daemon_was_killed_is_on_record(tmp_path: Path, workers: int) -> None:
    outcome = Kills.on(tmp_path, workers, rate=60, seed=workers).run(times=4)
    assert outcome.is_good, outcome


def test_the_store_is_what_a_rebuild_of_it_is_whoever_was_killed(tmp_path: Path) -> None:
    outcome = Kills.on(tmp_path, workers=2, rate=60, seed=3, store="").run(times=4)
    assert outcome.is_good, outcome
