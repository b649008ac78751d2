"""A stage for each test: to start a peer takes less time than to tell what it heard from one test and the next."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sipstack.peers.certificates import Certificates
from tests.sipstack.peers.stage import Proxies, Stage


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.made(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def proxies(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Proxies]:
    proxies = Proxies(tmp_path_factory.mktemp("kamailio"), certificates.authority)
    try:
        yield proxies
    finally:
        proxies.close()


@pytest.fixture
def shown() -> str:
    """Which of the certificates baresip and Kamailio show."""
    return "ours"


@pytest.fixture
def algorithm() -> str:
    """Of Kamailio's challenges."""
    return "MD5"


@pytest.fixture
def stage(tmp_path: Path, certificates: Certificates, proxies: Proxies, shown: str, algorithm: str) -> Iterator[Stage]:
    """Its report is shown when the test fails."""
    stage = Stage(tmp_path, certificates, proxies, identity=getattr(certificates, shown), algorithm=algorithm)
    try:
        yield stage
        print(stage.report)
    finally:
        stage.close()
