from pathlib import Path

import pytest

from b2bua.config import Redirects, load, read
from b2bua.trunk import Trunks

SECRET = "Sesame-open"
FILE = """
[journal]
directory = "j"

[[trunk]]
name = "home"
class = "national"
listen = ["192.0.2.10"]
peers = ["192.0.2.1"]
targets = ["192.0.2.1"]
{keys}

[[route]]
from = "home"
to = "home"
"""
ONE = f'[trunk.credentials]\nusername = "gw"\npassword = "{SECRET}"\n'


def written(folder: Path, keys: str, mode: int = 0o600) -> Path:
    path = folder / "b2bua.toml"
    path.write_text(FILE.replace("{keys}", keys))
    path.chmod(mode)
    return path


def mistakes(folder: Path, keys: str) -> list[str]:
    return [str(mistake) for mistake in read(written(folder, keys)).mistakes]


def test_one_table_or_several_give_the_accounts_of_the_trunk(tmp_path: Path) -> None:
    (trunk,) = load(written(tmp_path, ONE)).trunk
    assert [(one.username, one.password.text, one.realm) for one in trunk.credentials] == [("gw", SECRET, None)]
    both = ONE.replace("[trunk.credentials]", "[[trunk.credentials]]")
    (trunk,) = Trunks.of(load(written(tmp_path, f'{both}\n{both}realm = "carrier"\n'))).all
    assert [(account.user, account.realm) for account in trunk.accounts] == [("gw", None), ("gw", "carrier")]


def test_without_the_key_a_redirection_is_refused(tmp_path: Path) -> None:
    (trunk,) = load(written(tmp_path, "")).trunk
    assert trunk.redirects is Redirects.REFUSE
    (trunk,) = load(written(tmp_path, 'redirects = "follow"')).trunk
    assert trunk.redirects is Redirects.FOLLOW
    (mistake,) = mistakes(tmp_path, 'redirects = "yes"')
    assert "'refuse', 'follow', 'pass'" in mistake


def test_a_password_shows_itself_nowhere(tmp_path: Path) -> None:
    config = load(written(tmp_path, ONE))
    assert SECRET not in repr(config)
    assert SECRET not in repr(Trunks.of(config).all)


@pytest.mark.parametrize(
    "keys",
    [
        f'credentials = "{SECRET}"',
        f'credentials = ["{SECRET}"]',
        f'[trunk.credentials]\nusername = "gw"\npassword = ["{SECRET}"]',
        f'[trunk.credentials]\nusername = "gw"\npassword = {{ text = "{SECRET}" }}',
        f'[trunk.credentials]\nusername = "gw"\npasword = "{SECRET}"',
        f'[trunk.credentials]\nusername = "gw\\n"\npassword = "{SECRET}"',
        f'[trunk.credentials]\nusername = ""\npassword = "{SECRET}"',
        f'[trunk.credentials]\nusername = "gw"\nrealm = ""\npassword = "{SECRET}"',
        f'[trunk.credentials]\nusername = "gw"\nrealm = "a\\u0000"\npassword = "{SECRET}"',
        '[trunk.credentials]\nusername = "gw"\npassword = ""',
        '[trunk.credentials]\nusername = "gw"',
        ONE.replace("[trunk.credentials]", "[[trunk.credentials]]") * 2,
    ],
)
def test_a_mistake_in_credentials_is_named_without_showing_the_password(tmp_path: Path, keys: str) -> None:
    found = mistakes(tmp_path, keys)
    assert any("trunk[0].credentials" in mistake for mistake in found)
    assert not any(SECRET in mistake for mistake in found)
    assert read(written(tmp_path, keys)).config is None


def test_a_number_in_the_place_of_a_password_is_not_repeated(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, '[trunk.credentials]\nusername = "gw"\npassword = 19283746')
    assert "19283746" not in mistake
    assert "quotes" in mistake


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o604, True)])
def test_a_file_with_a_password_that_every_user_can_read_is_warned_of(tmp_path: Path, mode: int, warned: bool) -> None:
    result = read(written(tmp_path, ONE, mode))
    assert result.config is not None
    assert any("every user" in mistake.problem for mistake in result.mistakes) is warned
    assert not read(written(tmp_path, "", mode)).mistakes
