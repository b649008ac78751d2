from pathlib import Path

import pytest

from b2bua.config import Isup, read
from b2bua.trunk import Trunks
from tests.b2bua.config.test_load import GOOD


def written(tmp_path: Path, isup: str, trunk: str = "abroad") -> Path:
    file = tmp_path / "gateway.toml"
    file.write_text(GOOD.replace(f'name = "{trunk}"\n', f'name = "{trunk}"\n{isup}\n'))
    return file


@pytest.mark.parametrize(
    ("line", "isup"),
    [
        ("", Isup.JUDGE),
        ('isup = "judge"', Isup.JUDGE),
        ('isup = "strip"', Isup.STRIP),
        ('isup = "refuse"', Isup.REFUSE),
    ],
)
def test_a_trunk_says_what_becomes_of_isup(tmp_path: Path, line: str, isup: Isup) -> None:
    result = read(written(tmp_path, line))
    assert result.config is not None
    assert Trunks.of(result.config).by_name["abroad"].isup is isup
    assert not result.mistakes


@pytest.mark.law("¶9", "L11", "K23")
@pytest.mark.parametrize("value", ['"pass"', '"JUDGE"', "true", '""'])
def test_there_is_no_way_to_let_it_pass_unread(tmp_path: Path, value: str) -> None:
    result = read(written(tmp_path, f"isup = {value}"))
    assert result.config is None
    (mistake,) = result.mistakes
    assert (mistake.key, mistake.line) == ("trunk[0].isup", 6)
    assert "'judge', 'strip', 'refuse'" in mistake.problem


def test_on_a_national_trunk_it_is_named_as_doing_nothing(tmp_path: Path) -> None:
    result = read(written(tmp_path, 'isup = "strip"', "home"))
    assert result.config is not None
    (mistake,) = result.mistakes
    assert (mistake.key, mistake.fatal) == ("trunk[1].isup", False)
    assert "crosses as it came" in mistake.problem
