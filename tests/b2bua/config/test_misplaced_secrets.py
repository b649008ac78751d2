"""A password in the wrong place."""

from pathlib import Path

import pytest

from b2bua.config import load
from b2bua.errors import ConfigError

TABLE = '{username = "u", password = "HUNTER2"}'


LINES = (
    f"[[trunk]]\nprobe = [{TABLE}]",
    f"[[trunk]]\ndomain = {TABLE}",
    f"trunk = [[{{name = 'x', credentials = {TABLE}}}]]",
    f"[[trunk]]\ncredentials = {{username = {TABLE}, password = 'x'}}",
)


@pytest.mark.parametrize("line", LINES)
def test_a_password_in_the_wrong_place_is_not_repeated(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(line + "\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "HUNTER2" not in str(caught.value)
