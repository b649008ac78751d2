"""The keys of a trunk that is only asked: read, checked, and turned into what the core looks at."""

from pathlib import Path

import attrs
import pytest

from b2bua.config import Config, Inexpressible, Isup, Mode, Redirect, Result, read
from b2bua.config.check import check
from b2bua.trunk import Trunks
from tests.world.scene import CONFIG

HEAD = """
[journal]
directory = "x"
[[trunk]]
name = "sbc"
class = "international"
listen = ["192.0.2.10:5060"]
peers = ["192.0.2.1"]
"""


def written(tmp_path: Path, keys: str) -> Result:
    path = tmp_path / "gateway.toml"
    path.write_text(HEAD + keys)
    return read(path)


def evolved(**keys: object) -> Config:
    abroad, home = CONFIG.trunk
    return attrs.evolve(CONFIG, trunk=(attrs.evolve(abroad, **keys), home))  # type: ignore[arg-type]


def test_a_trunk_sets_up_its_calls_unless_it_says_otherwise(tmp_path: Path) -> None:
    config = written(tmp_path, "").config
    assert config is not None
    assert (config.trunk[0].mode, config.trunk[0].redirect) == (Mode.ENFORCE, None)
    assert Trunks.of(config).by_name["sbc"].redirect is None


@pytest.mark.law("¶33")
def test_the_answers_of_a_trunk_that_is_only_asked_are_the_careful_ones_by_default(tmp_path: Path) -> None:
    config = written(tmp_path, 'mode = "redirect"\n').config
    assert config is not None
    careful = Redirect(on_pass=302, identity=False, on_inexpressible=Inexpressible.BLOCK)
    assert Trunks.of(config).by_name["sbc"].redirect == careful


def test_each_key_of_the_table_is_read(tmp_path: Path) -> None:
    keys = 'mode = "redirect"\n[trunk.redirect]\non_pass = 404\nidentity = true\non_inexpressible = "pass"\n'
    config = written(tmp_path, keys).config
    assert config is not None
    assert config.trunk[0].redirect == Redirect(on_pass=404, identity=True, on_inexpressible=Inexpressible.PASS)


@pytest.mark.parametrize(
    ("keys", "key", "problem"),
    [
        ('mode = "oracle"\n', "trunk[0].mode", "'oracle' is none of 'enforce', 'redirect'"),
        ('mode = "redirect"\n[trunk.redirect]\non_pass = 486\n', "trunk[0].redirect.on_pass", "must be 302 or 404"),
        ('mode = "redirect"\n[trunk.redirect]\non_pass = "302"\n', "trunk[0].redirect.on_pass", "not a whole number"),
        ('mode = "redirect"\n[trunk.redirect]\nidentity = 1\n', "trunk[0].redirect.identity", "not true or false"),
        ('mode = "redirect"\n[trunk.redirect]\non_inexpressible = "strip"\n', "on_inexpressible", "'block', 'pass'"),
        ('mode = "redirect"\n[trunk.redirect]\nidentiy = true\n', "trunk[0].redirect.identiy", "is no key"),
        ("[trunk.redirect]\nidentity = true\n", "trunk[0].redirect", "never used"),
        ('mode = "redirect"\nisup = "strip"\n', "trunk[0].isup", "calls that others make"),
        ('mode = "redirect"\nreplace_display_names = true\n', "trunk[0].replace_display_names", "calls that others"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(tmp_path: Path, keys: str, key: str, problem: str) -> None:
    result = written(tmp_path, keys)
    assert result.config is None
    (mistake,) = [mistake for mistake in result.mistakes if mistake.fatal]
    assert key in mistake.key
    assert problem in mistake.problem
    assert mistake.line is not None


def test_a_trunk_that_is_only_asked_needs_no_route_and_one_it_has_is_warned_of() -> None:
    routed = [finding for finding in check(evolved(mode=Mode.REDIRECT)) if "mode" in finding.where]
    assert [finding.fatal for finding in routed] == [False]
    config = attrs.evolve(evolved(mode=Mode.REDIRECT), route=CONFIG.route[1:])
    assert not [finding for finding in check(config) if finding.where[:2] == ("trunk", 0)]


@pytest.mark.parametrize("isup", [Isup.JUDGE, Isup.REFUSE])
def test_what_is_judged_whole_or_refused_can_be_asked_about(isup: Isup) -> None:
    config = attrs.evolve(evolved(mode=Mode.REDIRECT, isup=isup), route=CONFIG.route[1:])
    assert not [finding for finding in check(config) if finding.fatal]
