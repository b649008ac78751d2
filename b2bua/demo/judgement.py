"""Whether a story went as it should: only what a carrier could see, and what stands in the evidence.

`faults` compares the two sides' sightings and the journal with the story; it never asks the daemon's own objects.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote

import attrs

from b2bua.demo.story import TELLING, Fields, Story
from policy.verdict import Outcome
from sipstack.errors import ParseError
from sipstack.message import Request, Response
from sipstack.values import Reason, canonical

Line = Mapping[str, object]

ANONYMOUS = ("From", '"Anonymous" <sip:anonymous@anonymous.invalid>')
"""A caller who is nobody (RFC 3323 §4.1.1.3)."""
_REFUSED = 603
_REJECTED = ("Q.850", 21)
"""Reason of a refusal by the decree: the same whatever the rule (ISUP: call rejected)."""
_SEPARATORS = re.compile(r"[-.() \t/]")


@attrs.frozen(kw_only=True)
class Sighting:
    """What could be seen of one call from outside."""

    in_time: bool
    """Whether both sides were done before the story's deadline."""
    statuses: tuple[int, ...] = ()
    """What the caller was told, in order."""
    final: Response | None = None
    hung_up: int | None = None
    """The status that the caller's BYE got."""
    offer: bytes = b""
    answer: bytes = b""
    """The SDP that the callee answered with."""
    invite: Request | None = None
    """What reached the callee."""
    is_acked: bool = False
    is_over: bool = False
    heard: tuple[bytes, ...] = ()
    """Every datagram that reached the callee."""
    elsewhere: int = 0
    """Datagrams that reached a carrier which has no part in the call."""
    lines: tuple[Line, ...] = ()
    """The evidence of the call."""
    ms: float | None = None
    """From the caller's INVITE until the verdict took effect: the callee's phone rings, or the caller is refused."""


@attrs.frozen(kw_only=True)
class Played:
    """A story that has been played."""

    story: Story
    verdict: str | None
    """By the evidence; None when there is none."""
    article: str
    decided_by: str
    seen: str
    """What became of it on both sides, in a few words."""
    ms: float | None
    faults: tuple[str, ...]

    @property
    def as_expected(self) -> bool:
        """Whether nothing was otherwise than it should be."""
        return not self.faults


def judge(story: Story, seen: Sighting) -> Played:
    """The story with what came of it."""
    verdict = _line(seen, "verdict")
    basis = str(verdict.get("basis", ""))
    return Played(
        story=story,
        verdict=str(verdict["verdict"]) if verdict else None,
        article=story.article if basis.startswith(story.article) else basis,
        decided_by=deciding(verdict) if verdict else "",
        seen=_in_words(story, seen),
        ms=seen.ms,
        faults=tuple(faults(story, seen)),
    )


def deciding(verdict: Line) -> str:
    """What decided, by a `verdict` line of the journal: the first finding as severe as the verdict.

    `P-Asserted-Identity 2` is its second value, `From (name)` a display-name. Without findings nothing in the message
    was looked at but the called number, or not even that.
    """
    for finding in _findings(verdict):
        if finding.get("outcome") == verdict.get("verdict"):
            index, header = finding.get("index"), str(finding.get("header"))
            place = f"{header} {index + 1}" if isinstance(index, int) and index > 0 else header
            return f"{place} (name)" if finding.get("position") == "display" else place
    flags = verdict.get("flags")
    return "Request-URI" if isinstance(flags, list) and "emergency" in flags else "class of the trunk"


def faults(story: Story, seen: Sighting) -> Iterator[str]:
    """Everything that is otherwise than the story has it, in words; nothing when all is well."""
    if not seen.in_time:
        yield "the call did not end in time"
    yield from _of_evidence(story, seen)
    if seen.elsewhere:
        yield f"{seen.elsewhere} packets reached a carrier that has no part in the call"
    if story.is_blocked:
        yield from _of_refusal(seen)
    else:
        yield from _of_conversation(seen)
        yield from _of_identity(story, seen)


def _of_evidence(story: Story, seen: Sighting) -> Iterator[str]:
    kinds = [line.get("kind") for line in seen.lines]
    wanted = ["verdict", "end"] if story.is_blocked else ["verdict", "answer", "end"]
    if kinds != wanted:
        yield f"the journal has {_list(kinds)}, not {_list(wanted)}"
    verdict, end = _line(seen, "verdict"), _line(seen, "end")
    for name, found, expected in (
        ("verdict", verdict.get("verdict"), story.verdict.word),
        ("header", deciding(verdict) if verdict else None, story.decided_by),
        ("end", end.get("cause"), "blocked" if story.is_blocked else "BYE"),
    ):
        if found != expected:
            yield f"the journal's {name} is {found}, not {expected}"
    if not str(verdict.get("basis", "")).startswith(story.article):
        yield f"the journal's basis is {verdict.get('basis')}, not {story.article}"


def _of_refusal(seen: Sighting) -> Iterator[str]:
    if seen.heard:
        yield f"the callee's side received {len(seen.heard)} packets"
    status = None if seen.final is None else seen.final.status
    if status != _REFUSED:
        yield f"the caller got {status}, not {_REFUSED}"
    elif seen.final is not None and _REJECTED not in _reasons(seen.final):
        yield f"the refusal has the Reason {seen.final.headers.first('reason')}"
    if any(100 < told < 300 for told in seen.statuses):
        yield f"the caller was told {_list(seen.statuses)}"


def _of_conversation(seen: Sighting) -> Iterator[str]:
    told = [status for status in seen.statuses if status != 100]
    if told != [180, 200]:
        yield f"the caller was told {_list(told)}, not 180 and 200"
    if seen.hung_up != 200:
        yield f"the caller's BYE got {seen.hung_up}, not 200"
    if seen.invite is None:
        yield "the callee got no INVITE"
        return
    if not seen.is_acked:
        yield "the callee got no ACK"
    if not seen.is_over:
        yield "the callee got no BYE"
    if seen.invite.body != seen.offer or (seen.final is not None and seen.final.body != seen.answer):
        yield "the session description was changed on the way"


def _of_identity(story: Story, seen: Sighting) -> Iterator[str]:
    if seen.invite is not None:
        found, expected = telling(seen.invite), tuple(story.sees)
        yield from (f"the callee saw {name}: {value}" for name, value in found if (name, value) not in expected)
        yield from (f"the callee did not see {name}: {value}" for name, value in expected if (name, value) not in found)
        if story.verdict is Outcome.WITHHOLD and ANONYMOUS not in found:
            yield "the callee's From is not anonymous"
    if story.secret and any(shows(data, story.secret) for data in seen.heard):
        yield f"the digits {story.secret} stand in what the callee received"


def _in_words(story: Story, seen: Sighting) -> str:
    if seen.invite is None:
        answer = "no answer" if seen.final is None else f"refused {seen.final.status}"
        return f"{answer}; {len(seen.heard)} packets" if seen.heard else f"{answer}; no packet"
    found = telling(seen.invite)
    if found == story.sends:
        return "rings; all as sent"
    if ANONYMOUS in found:
        return "rings; number withheld"
    kept = {name for name, _ in found}
    lost = [
        f"{name} {'changed' if name in kept else 'cut'}" for name, value in story.sends if (name, value) not in found
    ]
    return f"rings; {', '.join(lost)}"


def telling(invite: Request) -> Fields:
    """What an INVITE says about its caller: the lines of `TELLING`, From without its tag."""
    fields = []
    for key in TELLING:
        for value in invite.headers.all(key):
            bare = value.partition(";tag=")[0] if key == "from" else value
            fields.append((canonical(key), bare))
    return tuple(fields)


def shows(data: bytes, digits: str) -> bool:
    """Whether digits stand anywhere in a datagram, as they are, escaped, or with separators between."""
    return digits in _SEPARATORS.sub("", unquote(data.decode("utf-8", "replace")))


def _reasons(response: Response) -> list[tuple[str, int | None]]:
    try:
        parsed = [Reason.parse(value) for value in response.headers.values("reason")]
    except ParseError:
        return []
    return [(reason.protocol, reason.cause) for reason in parsed]


def _line(seen: Sighting, kind: str) -> Line:
    return next((line for line in seen.lines if line.get("kind") == kind), {})


def _findings(verdict: Line) -> list[Line]:
    """They name numbers, so the journal keeps them among the personal fields."""
    personal = verdict.get("personal")
    kept = personal.get("findings") if isinstance(personal, dict) else None
    value = kept.get("value") if isinstance(kept, dict) else None
    return [finding for finding in value if isinstance(finding, dict)] if isinstance(value, list) else []


def _list(values: Sequence[object]) -> str:
    return ", ".join(str(value) for value in values) or "nothing"
