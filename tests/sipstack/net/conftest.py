"""Everything with a socket is tried on both loops, and where it matters on both families."""

import pytest

from tests.sipstack.net.ends import HOSTS, LOOPS


@pytest.fixture(params=sorted(LOOPS))
def loop(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
