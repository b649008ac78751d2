"""What an audit found: counts, and examples that an engineer finds again in Wireshark.

Everything a peer chooses is counted in bounded tallies and kept as clipped, printable text, so that a hostile capture
can neither grow the report nor write into the terminal or the page that shows it.
"""

import datetime
from collections import Counter
from typing import Any, Final

import attrs

from b2bua.audit.judging import Judgement
from b2bua.audit.showing import masked, masked_raw, shown
from b2bua.audit.tally import Tally
from b2bua.audit.traffic import Message, Seen
from b2bua.explain import NEEDS_CHECK
from b2bua.identity.screening import user_of
from policy.verdict import Outcome
from sipstack.message import Request

#: The order of verdicts in every table, the mildest first.
VERDICTS: Final = ("pass", "strip", "withhold", "block", NEEDS_CHECK)
#: Examples of one verdict by one rule.
EXAMPLES: Final = 5
#: Rows of the tables of numbers and of peers.
TOP: Final = 25
#: Characters of a finding's sentence.
_LONGEST_REASON: Final = 240
#: Reasons for which a message could not be read, each told apart.
_MOST_REASONS: Final = 200

#: What stands for a number where there is none, and for its range where nothing was judged.
NO_NUMBER: Final = "none"
UNJUDGED: Final = "not judged"


@attrs.frozen(kw_only=True)
class Example:
    """One INVITE that would not have passed as it was; the fields are keys of the report."""

    verdict: str
    rule: str
    basis: str
    packet: int
    """Its number in the capture: `frame.number` in Wireshark."""
    at: str
    call_id: str
    peer: str
    called: str
    header: str
    position: str
    raw: str
    number: str | None
    why: str


@attrs.frozen(kw_only=True)
class Unread:
    """Where a message stands that could not be read."""

    packet: int
    at: str
    peer: str


@attrs.define(eq=False, kw_only=True)
class Report:
    """Fills up while the capture is read."""

    file: str
    trunk: str
    trunk_class: str
    profile: str
    register: str
    is_masked: bool = False
    seen: Seen = attrs.field(factory=Seen)
    sources: list[str] = attrs.field(factory=list)
    """The networks that were looked at; empty: all."""
    verdicts: Counter[str] = attrs.field(factory=Counter)
    retransmissions: int = 0
    forks: int = 0
    """INVITEs that had been judged by another branch: a fork, or the same at another hop."""
    elsewhere: int = 0
    """INVITEs from sources that were not to be looked at."""
    later: Counter[str] = attrs.field(factory=Counter)
    """Outcomes of re-INVITEs and UPDATEs."""
    later_unknown: int = 0
    """Those that were not judged."""
    otherwise: Counter[int] = attrs.field(factory=Counter)
    """Final responses to calls that their verdict would have let go on."""
    classes: Tally = attrs.field(factory=Tally)
    flags: Tally = attrs.field(factory=Tally)
    bases: Tally = attrs.field(factory=Tally)
    ranges: Tally = attrs.field(factory=Tally)
    numbers: Tally = attrs.field(factory=Tally)
    peers: Tally = attrs.field(factory=Tally)
    removed: Tally = attrs.field(factory=Tally)
    unread: dict[tuple[str, int | None], list[Unread]] = attrs.field(factory=dict, repr=False)
    unread_counts: Counter[tuple[str, int | None]] = attrs.field(factory=Counter, repr=False)
    examples: dict[tuple[str, str], list[Example]] = attrs.field(factory=dict, repr=False)

    def judged(self, message: Message, invite: Request, judgement: Judgement) -> None:
        """One INVITE, with what would have become of it."""
        verdict, finding = judgement.verdict, judgement.finding
        self.verdicts[verdict] += 1
        span = UNJUDGED if finding is None else str(finding.range)
        self.bases.add((shown(judgement.basis, _LONGEST_REASON) or UNJUDGED,), verdict)
        self.ranges.add((span,), verdict)
        self.classes.add((judgement.trunk_class or UNJUDGED,), verdict)
        self.numbers.add((self._number(judgement), span), verdict)
        self.peers.add((message.source,), verdict)
        for flag in judgement.flags:
            self.flags.add((shown(flag),))
        for header in judgement.removed:
            self.removed.add((shown(header),))
        if judgement.status is not None and verdict != Outcome.BLOCK.word:
            self.otherwise[judgement.status] += 1
        if verdict != Outcome.PASS.word:
            self._keep(message, invite, judgement)

    def unreadable(self, message: Message, reason: str, status: int | None) -> None:
        """One INVITE that nobody could judge; the status with which it is refused, None when it is not answered."""
        key = reason, status
        if key not in self.unread_counts and len(self.unread_counts) >= _MOST_REASONS:
            key = "Other", None
        self.unread_counts[key] += 1
        kept = self.unread.setdefault(key, [])
        if len(kept) < EXAMPLES:
            kept.append(Unread(packet=message.packet, at=_time(message.at), peer=message.source))

    def later_judged(self, outcome: Outcome | None) -> None:
        """One re-INVITE or UPDATE."""
        if outcome is None:
            self.later_unknown += 1
        else:
            self.later[outcome.word] += 1

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, fit for JSON; its keys stay (docs/audit.md)."""
        seen = attrs.asdict(self.seen)
        return {
            "file": self.file,
            "trunk": self.trunk,
            "class": self.trunk_class,
            "profile": self.profile,
            "register": self.register,
            "masked": self.is_masked,
            "sources": self.sources,
            "first": _time(self.seen.first),
            "last": _time(self.seen.last),
            "capture": {key: value for key, value in seen.items() if key not in ("first", "last")},
            "invites": {
                "judged": self.verdicts.total(),
                "retransmissions": self.retransmissions,
                "forks": self.forks,
                "unreadable": self.unread_counts.total(),
                "elsewhere": self.elsewhere,
            },
            "verdicts": _by_verdict(self.verdicts),
            "classes": _rows(self.classes, "class"),
            "articles": _rows(self.bases, "basis"),
            "ranges": _rows(self.ranges, "range"),
            "numbers": _rows(self.numbers, "number", "range", most=TOP),
            "peers": _rows(self.peers, "peer", most=TOP),
            "partial": any(tally.is_partial for tally in (self.bases, self.numbers, self.peers, self.removed)),
            "flags": {name: count for (name,), count, _ in self.flags.rows(TOP)},
            "removed": {name: count for (name,), count, _ in self.removed.rows(TOP)},
            "refused_otherwise": {str(status): count for status, count in sorted(self.otherwise.items())},
            "later": {**{o.word: self.later[o.word] for o in Outcome}, "unknown": self.later_unknown},
            "unreadable": self._unreadable_rows(),
            "examples": [attrs.asdict(example) for example in self._ordered_examples()],
        }

    def _unreadable_rows(self) -> list[dict[str, Any]]:
        return [
            {
                "reason": reason,
                "status": status,
                "messages": count,
                "examples": [attrs.asdict(one) for one in self.unread[reason, status]],
            }
            for (reason, status), count in self.unread_counts.most_common()
        ]

    def _ordered_examples(self) -> list[Example]:
        kept = [example for examples in self.examples.values() for example in examples]
        return sorted(kept, key=lambda example: (-_severity(example.verdict), example.rule, example.packet))

    def _keep(self, message: Message, invite: Request, judgement: Judgement) -> None:
        finding = judgement.finding
        rule = UNJUDGED if finding is None else str(finding.rule)
        kept = self.examples.setdefault((judgement.verdict, rule), [])
        if len(kept) >= EXAMPLES:
            return
        raw = "" if finding is None else finding.raw
        number = None if finding is None else finding.number
        why = "" if finding is None else finding.why
        kept.append(
            Example(
                verdict=judgement.verdict,
                rule=rule,
                basis=shown(judgement.basis, _LONGEST_REASON),
                packet=message.packet,
                at=_time(message.at),
                call_id=shown(invite.call_id),
                peer=message.source,
                called=self._hidden(user_of(invite.uri)),
                header="" if finding is None else shown(finding.header),
                position="" if finding is None else str(finding.position),
                raw=self._hidden(raw),
                number=None if number is None else self._known(number),
                why=shown(self._without(why, raw), _LONGEST_REASON),
            )
        )

    def _number(self, judgement: Judgement) -> str:
        finding = judgement.finding
        if finding is None or (finding.number is None and not any(c.isdigit() for c in finding.raw)):
            return NO_NUMBER
        return self._hidden(finding.raw) if finding.number is None else self._known(finding.number)

    def _known(self, number: str) -> str:
        return masked(shown(number)) if self.is_masked else shown(number)

    def _hidden(self, raw: str) -> str:
        return masked_raw(shown(raw)) if self.is_masked else shown(raw)

    def _without(self, why: str, raw: str) -> str:
        if not self.is_masked:
            return why
        told = masked_raw(raw) if masked(raw) == raw else masked(raw)
        return told.join(map(masked, why.split(raw))) if raw else masked(why)


def _severity(verdict: str) -> int:
    # A call that is open stands behind those that are decided.
    return -1 if verdict == NEEDS_CHECK else VERDICTS.index(verdict)


def _by_verdict(counts: dict[str, int] | Counter[str]) -> dict[str, int]:
    return {verdict: counts.get(verdict, 0) for verdict in VERDICTS}


def _rows(tally: Tally, *names: str, most: int | None = None) -> list[dict[str, Any]]:
    return [
        {**dict(zip(names, name, strict=True)), "invites": count, **_by_verdict(verdicts)}
        for name, count, verdicts in tally.rows(most)
    ]


def _time(at: float | None) -> str:
    """ISO 8601, UTC, milliseconds; "" when there is none."""
    if at is None:
        return ""
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
