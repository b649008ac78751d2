"""A trunk's header rules carried out: add, remove, set, rewrite.

A pattern is text in which `*` stands for anything. It is matched from left to right, each piece of text where it first
stands behind the one before, and the last one at the end: nothing is tried twice, so that a hostile value costs no more
than its length. A regular expression could be made to try for ever.
"""

from collections.abc import Container, Iterable
from typing import Self

import attrs

from b2bua.config import Action, Direction, HeaderRule, Part
from sipstack.message import Headers
from sipstack.message.headers import has_stray_control


@attrs.frozen
class HeaderRules:
    """The rules of one trunk, in their order."""

    inward: tuple[HeaderRule, ...] = ()
    """For what came in by it."""
    outward: tuple[HeaderRule, ...] = ()
    """For what leaves by it."""

    @classmethod
    def of(cls, rules: Iterable[HeaderRule]) -> Self:
        """From a configuration that has been checked."""
        every = tuple(rules)
        return cls(*(tuple(rule for rule in every if rule.on is way) for way in (Direction.IN, Direction.OUT)))


def apply_rules(
    rules: Iterable[HeaderRule], headers: Headers, part: Part, method: str, *, sparing: Container[str] = ()
) -> Headers:
    """The headers as the rules for such a message want them, but for the keys in `sparing`.

    Those given may be changed.
    """
    for rule in rules:
        if part not in rule.messages or (rule.methods and method not in rule.methods) or rule.key in sparing:
            continue
        headers = _apply(rule, headers)
    return headers


def _apply(rule: HeaderRule, headers: Headers) -> Headers:
    value = rule.value or ""
    if rule.action is Action.REWRITE:
        return _rewrite(rule, headers) if rule.key in headers else headers
    if rule.action is Action.REMOVE:
        headers.remove(rule.key)
    elif rule.action is Action.ADD:
        headers.add(rule.name, value)
    else:
        headers.replace(rule.key, value)
    return headers


def _rewrite(rule: HeaderRule, headers: Headers) -> Headers:
    """Each line by itself, where it stands; those that do not fit stay byte for byte."""
    lines = list(headers.lines)
    for index, (key, value) in enumerate(headers):
        made = rewritten(value, rule.pattern or "", rule.value or "") if key == rule.key else None
        # A NUL is a character of a quoted-string alone, and the rule may have taken the quotes away.
        if made is not None and not has_stray_control(made):
            lines[index] = f"{lines[index].partition(':')[0].rstrip()}: {made}"
    return Headers(list(headers.keys), lines)


def rewritten(value: str, pattern: str, replacement: str) -> str | None:
    """What a rule makes of a value; None when the pattern does not fit the whole of it."""
    first, *others = pattern.split("*")
    if not others:
        return replacement if value == pattern else None
    *middle, last = others
    at, end = len(first), len(value) - len(last)
    if not value.startswith(first) or not value.endswith(last):
        return None
    taken: list[str] = []
    for piece in middle:
        found = value.find(piece, at, max(end, 0))
        if found < 0:
            return None
        taken.append(value[at:found])
        at = found + len(piece)
    if at > end:
        return None
    taken.append(value[at:end])
    begin, *rest = replacement.split("*")
    return begin + "".join([star + text for star, text in zip(taken, rest, strict=False)])
