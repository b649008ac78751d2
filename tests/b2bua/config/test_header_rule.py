from pathlib import Path
from typing import Any

import attrs
import pytest

from b2bua.call.bridge import CONTENT, OWN
from b2bua.config import Action, Config, Direction, HeaderRule, Mistake, Part, read
from b2bua.config.check import check
from b2bua.config.header_rule import LONGEST, UNTOUCHABLE, faults
from policy.claim import TrunkClass
from tests.world.scene import CONFIG

TEXT = Path(__file__).parents[2].joinpath("world", "world.toml").read_text()
ROUTES = "[[route]]"


def found(action: str, name: str, **keys: Any) -> list[str]:
    return [key for key, _, _ in faults(HeaderRule(action=Action(action), name=name, **keys))]


def read_with(folder: Path, rules: str) -> tuple[Config | None, tuple[Mistake, ...]]:
    """With that behind the keys of the trunk at home, the second of two."""
    file = folder / "b2bua.toml"
    file.write_text(TEXT.replace(ROUTES, rules + ROUTES, 1))
    result = read(file)
    return result.config, result.mistakes


@pytest.mark.parametrize(
    "rules",
    [
        '[[trunk.header]]\naction = "remove"\nname = "X-A"\n'
        '[[trunk.header]]\naction = "add"\nname = "b"\nvalue = "v"\n',
        'header = [{ action = "remove", name = "X-A" }, { action = "add", name = "b", value = "v" }]\n',
    ],
)
def test_rules_are_read_in_their_order(tmp_path: Path, rules: str) -> None:
    config, mistakes = read_with(tmp_path, rules)
    assert config is not None, mistakes
    assert config.trunk[1].header == (
        HeaderRule(action=Action.REMOVE, name="X-A"),
        HeaderRule(action=Action.ADD, name="b", value="v"),
    )
    assert config.trunk[0].header == ()


def test_a_rule_has_every_key(tmp_path: Path) -> None:
    keys = 'on = "in"\naction = "rewrite"\nname = "X-A"\npattern = "a*"\nvalue = "b*"\nmessages = ["dialog"]\n'
    config, mistakes = read_with(tmp_path, f'[[trunk.header]]\n{keys}methods = ["INFO"]\n')
    assert config is not None, mistakes
    (rule,) = config.trunk[1].header
    assert (rule.on, rule.messages, rule.methods) == (Direction.IN, (Part.DIALOG,), ("INFO",))
    assert (rule.pattern, rule.value, rule.key) == ("a*", "b*", "x-a")


def test_a_mistake_in_a_rule_is_named_with_its_line(tmp_path: Path) -> None:
    one, other = 'action = "remove"\nname = "X-A"\n', 'action = "set"\nname = "Via"\nvalue = "x"\n'
    config, mistakes = read_with(tmp_path, f"[[trunk.header]]\n{one}[[trunk.header]]\n{other}")
    assert config is None
    (mistake,) = mistakes
    lines = (tmp_path / "b2bua.toml").read_text().splitlines()
    assert mistake.key == "trunk[1].header[1].name"
    assert mistake.line is not None
    assert lines[mistake.line - 1] == 'name = "Via"'


@pytest.mark.parametrize("key", ["on", "action", "messages"])
def test_a_word_that_is_none_of_the_choices_is_told_with_them(tmp_path: Path, key: str) -> None:
    value = '["sideways"]' if key == "messages" else '"sideways"'
    keys = {"action": '"remove"', "name": '"X-A"', key: value}
    config, mistakes = read_with(tmp_path, "[[trunk.header]]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()))
    assert config is None
    assert "'sideways' is none of" in mistakes[0].problem


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("name", sorted(OWN | CONTENT | {"Identity", "y", "f", "t", "m", "RAck", "RSeq", "Privacy"}))
def test_no_rule_touches_what_is_not_the_trunks(action: str, name: str) -> None:
    assert "name" in found(action, name)


def test_each_line_that_is_not_the_trunks_has_a_reason() -> None:
    assert set(UNTOUCHABLE) >= OWN | CONTENT
    assert all(UNTOUCHABLE.values())


@pytest.mark.parametrize("name", ["", "X A", "X:A", "X\r\nA", "Ü", "X\0"])
def test_a_name_is_a_token(name: str) -> None:
    assert found("remove", name) == ["name"]


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\0", "\r", "a\tb\x7f", "a\u2028b", "x" * (LONGEST + 1)])
def test_a_value_is_one_printable_line(value: str) -> None:
    assert found("add", "X-A", value=value) == ["value"]
    assert found("rewrite", "X-A", pattern=value, value="x") == ["pattern"]


@pytest.mark.parametrize(
    ("action", "keys", "faulty"),
    [
        ("add", {}, ["value"]),
        ("set", {}, ["value"]),
        ("rewrite", {"value": "x"}, ["pattern"]),
        ("rewrite", {"pattern": "x"}, ["value"]),
        ("remove", {"value": "x"}, ["value"]),
        ("add", {"value": "x", "pattern": "x"}, ["pattern"]),
        ("rewrite", {"pattern": "*", "value": "**"}, ["value"]),
        ("remove", {"messages": ()}, ["messages"]),
        ("remove", {"methods": ("BYE",)}, ["methods"]),
        ("remove", {"methods": ("INVITE", "bye")}, ["methods"]),
        ("remove", {"methods": ("BYE",), "messages": (Part.DIALOG,)}, []),
        ("add", {"value": ""}, []),
    ],
)
def test_a_rule_has_what_its_action_needs_and_nothing_else(
    action: str, keys: dict[str, Any], faulty: list[str]
) -> None:
    assert found(action, "X-A", **keys) == faulty


@pytest.mark.parametrize("trunk_class", [TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4])
def test_rules_that_some_calls_will_not_see_are_warned_about(trunk_class: TrunkClass) -> None:
    abroad, home = CONFIG.trunk
    rules = (HeaderRule(action=Action.REMOVE, name="P-Asserted-Identity"),)
    trunks = (attrs.evolve(abroad, declared_class=trunk_class), attrs.evolve(home, header=rules))
    told = [f for f in check(attrs.evolve(CONFIG, trunk=trunks)) if f.where[-1] == "header"]
    assert [(f.where, f.fatal) for f in told] == [(("trunk", 1, "header"), False)]
    assert not [f for f in check(attrs.evolve(CONFIG, trunk=(abroad, trunks[1]))) if f.where[-1] == "header"]


@pytest.mark.parametrize("domain", ["", "a b", "sip:h", "h:5060", "<h>"])
def test_a_domain_is_a_host_alone(domain: str) -> None:
    abroad, home = CONFIG.trunk
    config = attrs.evolve(CONFIG, trunk=(abroad, attrs.evolve(home, domain=domain)))
    assert [f.where for f in check(config) if f.fatal] == [("trunk", 1, "domain")]


def test_a_called_format_is_one_of_three(tmp_path: Path) -> None:
    config, mistakes = read_with(tmp_path, 'called_format = "national"\ndomain = "gw.example"\n')
    assert config is not None, mistakes
    config, mistakes = read_with(tmp_path, 'called_format = "011"\n')
    assert config is None
    assert "'+', '00', 'national'" in mistakes[0].problem


def test_a_rule_of_a_later_trunk_is_counted_from_its_own_first(tmp_path: Path) -> None:
    good, bad = 'action = "remove"\nname = "X-A"\n', 'action = "remove"\nname = "Via"\n'
    file = tmp_path / "b2bua.toml"
    file.write_text(
        TEXT.replace('[[trunk]]\nname = "home"', f'[[trunk.header]]\n{good}\n[[trunk]]\nname = "home"').replace(
            ROUTES, f"[[trunk.header]]\n{bad}{ROUTES}", 1
        )
    )
    (mistake,) = read(file).mistakes
    assert mistake.key == "trunk[1].header[0].name"
    assert mistake.line is not None
    assert file.read_text().splitlines()[mistake.line - 1] == 'name = "Via"'
