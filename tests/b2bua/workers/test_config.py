import attrs
import pytest

from b2bua.errors import ConfigError
from b2bua.gateway import Gateway
from tests.world.scene import CONFIG


def test_there_is_one_worker_unless_more_are_asked_for() -> None:
    assert CONFIG.workers == 1


@pytest.mark.parametrize("number", [0, 17, -1])
def test_a_number_that_cannot_be_is_a_mistake(number: int) -> None:
    with pytest.raises(ValueError, match="workers"):
        attrs.evolve(CONFIG, workers=number)


def test_an_embedded_gateway_has_none() -> None:
    several = attrs.evolve(CONFIG, workers=2)
    with pytest.raises(ConfigError, match="workers"):
        Gateway(several)
