"""Hypothesis profiles, and the rule for tests that need a real peer."""

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

# Absolute times say nothing on a shared machine, so neither a deadline nor slow generation fails a test.
LENIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What runs before a change lands is the same each time; `deep` is where the dice are thrown.
settings.register_profile("dev", LENIENT, max_examples=25, derandomize=True)
settings.register_profile("ci", LENIENT, max_examples=200, derandomize=True)
settings.register_profile("deep", LENIENT, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `peer("sipp")` runs when the program is there; without it, it is skipped by name or fails."""
    for mark in item.iter_markers("peer"):
        for program in mark.args:
            if shutil.which(program) is None:
                if os.environ.get("REQUIRE_PEERS") == "1":
                    pytest.fail(f"REQUIRE_PEERS=1 and the peer {program!r} is not installed")
                pytest.skip(f"the peer {program!r} is not installed")
