"""What an operator may change in the headers of one trunk, and what nobody may.

A rule names one header. It cannot touch what belongs to a hop, a dialog, a body, a signature, a negotiation between
the two ends, or a caller's wish not to be shown: `UNTOUCHABLE` says which lines these are, and why.
"""

import enum
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from sipstack.message.headers import has_stray_control
from sipstack.values import is_token, key

#: Of a value or a pattern, in characters; what is longer is a mistake.
LONGEST: Final = 1_024

_HOP = "belongs to one hop or one dialog, and each side has its own"
_BODY = "speaks of the body, which no rule changes"
_SIGNED = "is signed, or belongs to a signature"
_NEGOTIATED = "is agreed between the two ends, and one side alone cannot change it"

#: The keys of headers that no rule may name, with the reason.
UNTOUCHABLE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("via", "route", "record-route", "max-forwards", "max-breadth"), _HOP),
    **dict.fromkeys(("from", "to", "call-id", "cseq", "contact", "in-reply-to"), _HOP),
    **dict.fromkeys(("content-length", "content-type", "content-encoding"), _BODY),
    **dict.fromkeys(("content-disposition", "content-language", "content-id", "mime-version"), _BODY),
    **dict.fromkeys(("identity", "identity-info"), _SIGNED),
    **dict.fromkeys(("require", "proxy-require", "supported", "unsupported", "rack", "rseq"), _NEGOTIATED),
    **dict.fromkeys(("session-expires", "min-se", "event", "subscription-state", "refer-to"), _NEGOTIATED),
    **dict.fromkeys(("replaces", "join", "target-dialog"), _NEGOTIATED),
    "privacy": "is the caller's wish not to be shown, which is not ours to add or to take",
}


class Direction(enum.StrEnum):
    """Which of a trunk's messages a rule is for."""

    OUT = "out"
    """Those that leave by it."""
    IN = "in"
    """Those that came in by it, as they leave by the other trunk."""


class Action(enum.StrEnum):
    """What a rule does."""

    ADD = "add"
    """One line more."""
    REMOVE = "remove"
    """Every line of that header."""
    SET = "set"
    """One line in place of all; one line more when there is none."""
    REWRITE = "rewrite"
    """Each line that fits the pattern."""


class Part(enum.StrEnum):
    """Where in a call a message stands."""

    SETUP = "setup"
    """The first INVITE."""
    DIALOG = "dialog"
    """Every later request."""
    RESPONSES = "responses"


@attrs.frozen(kw_only=True)
class HeaderRule:
    """`[[trunk.header]]`: one change to one header of what leaves by a trunk, or came in by it."""

    on: Direction = Direction.OUT
    action: Action
    name: str
    """The header, whatever its case; its compact form names it too."""
    value: str | None = None
    """What `add` and `set` write, and what `rewrite` makes of a line that fits: each `*` is what the `*` of the
    pattern in the same place stood for."""
    pattern: str | None = None
    """What the whole value of a line must be for `rewrite`, `*` standing for anything; letters count as written."""
    messages: tuple[Part, ...] = (Part.SETUP,)
    methods: tuple[str, ...] = ()
    """Only messages of these methods; a response has that of its request. Empty: every method."""

    @property
    def key(self) -> str:
        """The header as messages look it up. Raises ParseError when the name is no token."""
        return key(self.name)


def faults(rule: HeaderRule) -> Iterator[tuple[str, str, str]]:
    """Everything wrong with one rule: its key, the problem, the mend."""
    if not is_token(rule.name):
        yield "name", f"{rule.name!r} is no name of a header", "write it as in a message, without the colon"
    elif rule.key in UNTOUCHABLE:
        yield "name", f"{rule.name} {UNTOUCHABLE[rule.key]}", "take the rule out"
    yield from _operands(rule)
    for field, text in (("value", rule.value), ("pattern", rule.pattern)):
        if text is not None and (has_stray_control(text) or not text.isprintable()):
            yield field, "would not stay in one line", "take control characters and line ends out"
        elif text is not None and len(text) > LONGEST:
            yield field, f"is longer than {LONGEST} characters", "make it shorter"
    yield from _messages(rule)


def _operands(rule: HeaderRule) -> Iterator[tuple[str, str, str]]:
    needed = {Action.REMOVE: set[str](), Action.REWRITE: {"value", "pattern"}}.get(rule.action, {"value"})
    given = {name for name, text in (("value", rule.value), ("pattern", rule.pattern)) if text is not None}
    for name in sorted(needed - given):
        yield name, f"is missing: {rule.action} needs one", "add it"
    for name in sorted(given - needed):
        yield name, f"has no meaning for {rule.action}", "take it out"
    if rule.action is Action.REWRITE and (rule.value or "").count("*") > (rule.pattern or "").count("*"):
        yield "value", "has more `*` than the pattern", "use at most as many"


def _messages(rule: HeaderRule) -> Iterator[tuple[str, str, str]]:
    if not rule.messages:
        yield "messages", "is empty, so the rule is never applied", 'name "setup", "dialog" or "responses"'
    for method in rule.methods:
        if not is_token(method) or method != method.upper():
            yield "methods", f"{method!r} is no method", "write it in capitals, as in a message"
    if rule.messages == (Part.SETUP,) and rule.methods and "INVITE" not in rule.methods:
        yield "methods", "leaves out INVITE, so the rule is never applied to a set-up", 'add messages = ["dialog"]'
