from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Action, Direction, HeaderRule, Part
from b2bua.trunk import HeaderRules, apply_rules
from b2bua.trunk.header_rules import rewritten
from sipstack.message import Headers

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="*"), max_size=12)


def rule(action: str, name: str, value: str | None = None, **keys: Any) -> HeaderRule:
    return HeaderRule(action=Action(action), name=name, value=value, **keys)


def applied(*rules: HeaderRule, part: Part = Part.SETUP, method: str = "INVITE", sparing: Any = ()) -> list[str]:
    headers = Headers(
        ["x-a", "p-asserted-identity", "x-a"], ["X-A:  one", "p-asserted-identity : <sip:1@old>", "X-a: two"]
    )
    return apply_rules(rules, headers, part, method, sparing=sparing).lines


def test_each_action_does_its_own() -> None:
    identity = "p-asserted-identity : <sip:1@old>"
    assert applied(rule("add", "X-A", "three")) == ["X-A:  one", identity, "X-a: two", "X-A: three"]
    assert applied(rule("remove", "x-A")) == [identity]
    assert applied(rule("set", "X-B", "new")) == ["X-A:  one", identity, "X-a: two", "X-B: new"]
    assert applied(rule("rewrite", "X-A", "*!", pattern="t*")) == ["X-A:  one", identity, "X-a: wo!"]


def test_a_header_that_is_set_stands_once_and_where_it_stood() -> None:
    lines = applied(rule("set", "X-A", "new"))
    assert [line.lower() for line in lines] == ["x-a: new", "p-asserted-identity : <sip:1@old>"]


def test_rules_are_applied_in_their_order() -> None:
    assert applied(rule("remove", "X-A"), rule("add", "X-A", "last"))[-1] == "X-A: last"
    assert len(applied(rule("add", "X-A", "first"), rule("remove", "X-A"))) == 1


def test_a_compact_name_is_the_header() -> None:
    headers = apply_rules([rule("remove", "s")], Headers.of([("Subject", "x")]), Part.SETUP, "INVITE")
    assert len(headers) == 0


@pytest.mark.parametrize(
    ("part", "method", "is_applied"),
    [
        (Part.SETUP, "INVITE", False),
        (Part.DIALOG, "INVITE", False),
        (Part.DIALOG, "BYE", True),
        (Part.RESPONSES, "BYE", True),
        (Part.RESPONSES, "INVITE", False),
    ],
)
def test_a_rule_is_for_the_messages_it_names(part: Part, method: str, is_applied: bool) -> None:
    one = rule("add", "X-B", "b", messages=(Part.DIALOG, Part.RESPONSES), methods=("BYE",))
    assert ("X-B: b" in applied(one, part=part, method=method)) is is_applied


def test_a_spared_header_stays() -> None:
    every = [rule("remove", "P-Asserted-Identity"), rule("set", "p-asserted-identity", "x"), rule("remove", "X-A")]
    assert applied(*every, sparing={"p-asserted-identity"}) == ["p-asserted-identity : <sip:1@old>"]


def test_a_nul_that_would_lose_its_quotes_keeps_the_line_as_it_was() -> None:
    headers = Headers(["x-a"], ['X-A: "a\\\0b"'])
    one = rule("rewrite", "X-A", "*", pattern='"*"')
    assert apply_rules([one], headers, Part.SETUP, "INVITE").lines == ['X-A: "a\\\0b"']


@pytest.mark.parametrize(
    ("value", "pattern", "replacement", "made"),
    [
        ("<sip:1@old.example;x>", "*@old.example*", "*@new.example*", "<sip:1@new.example;x>"),
        ("abc", "abc", "x", "x"),
        ("abc", "ab", "x", None),
        ("abc", "*", "<*>", "<abc>"),
        ("abc", "a*c", "*", "b"),
        ("aba", "ab*ba", "*", None),
        ("a-b-c", "*-*", "*+*", "a+b-c"),
        ("a-b-c", "*-*-*", "*", "a"),
        ("", "*", "x*", "x"),
        ("abc", "*x*", "y", None),
    ],
)
def test_a_pattern_fits_the_whole_value(value: str, pattern: str, replacement: str, made: str | None) -> None:
    assert rewritten(value, pattern, replacement) == made


@given(st.lists(TEXT, min_size=1, max_size=5), st.lists(TEXT, max_size=4))
def test_what_the_stars_stood_for_puts_the_value_together_again(pieces: list[str], between: list[str]) -> None:
    taken = (between + [""] * 4)[: len(pieces) - 1]
    value = "".join(piece + text for piece, text in zip(pieces, [*taken, ""], strict=True))
    pattern = "*".join(pieces)
    # Which text each star stands for may differ from the one drawn; that all of them fit, and lose nothing, may not.
    assert rewritten(value, pattern, pattern) == value


def test_a_value_made_to_be_tried_for_ever_is_not() -> None:
    assert rewritten("a" * 60_000, "*a" * 400 + "b", "x") is None


def test_directions_are_told_apart() -> None:
    inward, outward = rule("remove", "A", on=Direction.IN), rule("remove", "B")
    rules = HeaderRules.of([outward, inward])
    assert (rules.inward, rules.outward) == ((inward,), (outward,))
