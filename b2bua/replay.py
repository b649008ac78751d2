"""The verdicts of a journal once more, by another profile or another register: which calls of the past would change.

    judge = Judge(profile, register)
    for change in replayed(segments(journal), judge, tell): ...
    judge.tally

Each claim is made again from what its line holds: the identity headers as they came, what a body told, trunk, class,
peer and called number; and it is judged at the moment it was judged at, by the answers that were given then. Nobody is
asked. A journal may be larger than memory: one line is held at a time.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import orjson

from b2bua.call.hooks import RULE as HOOK
from b2bua.errors import JournalError
from b2bua.evidence import Broken, chains_of, legible
from b2bua.evidence.reading import DAMAGED, opened
from b2bua.identity.screening import claim_of, unreadable
from policy.claim import Assertion, Claim, Notation, Position, TrunkClass
from policy.engine import decide
from policy.errors import PolicyError
from policy.ledger import Ledger
from policy.profile import Profile
from policy.register import BlockedUser, CallerList, DoNotOriginate, Register, civil_day
from policy.roaming import Answer, Questions, Roaming
from policy.standing import standing
from policy.verdict import Outcome, Verdict
from sipstack.errors import ParseError
from sipstack.message import Headers, Request
from sipstack.values.registry import key as key_of

#: The longest line that is read: an INVITE is 64 KiB at most, and its findings quote it a few times.
LONGEST: Final = 1 << 23
NEEDS_CHECK: Final = "needs check"
#: Classes that are what they are by an entry of the register.
_BY_REGISTER: Final = (TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4)
_UNREADABLE: Final = "unreadable"
_SOURCE: Final = "journal"


@attrs.frozen(kw_only=True)
class Change:
    """A call whose verdict would be another."""

    at: datetime.datetime
    trunk: str
    call: str
    """Its name in the evidence."""
    call_id: str
    """Its Call-ID as it came in."""
    old: str
    new: str
    """pass, strip, withhold, block; `needs check` where a holder would be asked who was not."""
    rule: str
    """Of the new verdict's deciding finding, or of the old one's where the call would pass now."""
    basis: str
    why: str


@attrs.define(eq=False)
class Tally:
    """What came of a journal."""

    judged: int = 0
    changes: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    """How many calls, by old and new verdict."""
    rules: Counter[str] = attrs.field(factory=Counter)
    """How many of them, by the rule that makes the difference."""
    left_out: Counter[str] = attrs.field(factory=Counter)
    """Verdicts that nobody can judge again, by why: `undecided`, `purged`, `register`, `broken`."""

    @property
    def changed(self) -> int:
        """How many verdicts would be others."""
        return self.changes.total()


@attrs.frozen
class Line:
    """One line of a journal that holds a verdict, with its place."""

    fields: Mapping[str, Any]
    path: Path
    number: int

    def personal(self, name: str) -> Any:
        """One of the fields that retention may take away. Raises KeyError when it has, or there never was one."""
        return self.fields["personal"][name]["value"]


def replayed(paths: Iterable[Path], judge: "Judge", tell: Callable[[Broken], None]) -> Iterator[Change]:
    """Each call of a journal whose verdict would be another; `tell` hears of lines that cannot be read."""
    for line in verdict_lines(paths):
        change = judge.broken(line) if isinstance(line, Broken) else judge.judge(line)
        if isinstance(change, Broken):
            tell(change)
        elif change is not None:
            yield change


def segments(journal: Path) -> list[Path]:
    """The segments of a journal's folder, or the one that is named. Raises JournalError when there is none."""
    found = [journal] if journal.is_file() else [segment for chain in chains_of(journal) for segment in chain]
    if not found:
        raise JournalError(f"{journal} holds no journal")
    return found


def verdict_lines(paths: Iterable[Path]) -> Iterator[Line | Broken]:
    """The verdicts, oldest first; what cannot be read is named in its place. Raises OSError."""
    for path in paths:
        number = 0
        with opened(path) as file:
            try:
                for number, text in enumerate(_lines(file.readline), start=1):
                    fields = _read(text)
                    if fields is None:
                        yield Broken(path, number, "is not a journal line")
                    elif fields.get("kind") == "verdict":
                        yield Line(fields, path, number)
            except DAMAGED as error:
                yield Broken(path, number + 1, f"cannot be unpacked: {error}")


@attrs.define(eq=False)
class Judge:
    """Judges old claims by a profile, and counts. Without a register, what rests on one is left out."""

    profile: Profile
    register: Register | None = None
    tally: Tally = attrs.field(factory=Tally)

    def judge(self, line: Line) -> Change | Broken | None:
        """What would become of that call, if it is something else; the line's fault where it has one."""
        try:
            why_not = self._left_out(line)
            if why_not:
                self.tally.left_out[why_not] += 1
                return None
            change = self._change(line)
        except (ArithmeticError, AttributeError, LookupError, PolicyError, TypeError, ValueError) as error:
            return self.broken(Broken(line.path, line.number, f"is not a verdict that can be read: {error!r}"))
        self.tally.judged += 1
        if change is not None:
            self.tally.changes[change.old, change.new] += 1
            self.tally.rules[change.rule] += 1
        return change

    def broken(self, line: Broken) -> Broken:
        """Counts a line that cannot be read."""
        self.tally.left_out["broken"] += 1
        return line

    def _left_out(self, line: Line) -> str:
        fields = line.fields
        if fields["verdict"] == "undecided":
            return "undecided"
        if not {"identity", "called", "findings", "roaming"} <= fields.get("personal", {}).keys():
            return "purged"
        if self.register is None:
            rests = any(found.get("entry") for found in line.personal("findings"))
            is_as_declared = fields["class"] == fields.get("declared", fields["class"])
            if rests or not is_as_declared or TrunkClass(fields["class"]) in _BY_REGISTER:
                return "register"
        return ""

    def _change(self, line: Line) -> Change | None:
        fields = line.fields
        said = [found for found in line.personal("findings") if not _is_hooks(found)]
        old = max((_rank(found["outcome"]) for found in said), default=Outcome.PASS)
        if any(found["rule"] == _UNREADABLE for found in said):
            return None  # no profile reads what nobody could
        at = datetime.datetime.fromisoformat(fields["at"])
        verdict = self._verdict(line, at)
        new = NEEDS_CHECK if isinstance(verdict, Questions) else verdict.outcome.word
        if new == old.word:
            return None
        rule, basis, why = _reason(verdict, said, old)
        trunk, call, call_id = str(fields["trunk"]), str(fields["call"]), str(fields["call_id"])
        return Change(
            at=at, trunk=trunk, call=call, call_id=call_id, old=old.word, new=new, rule=rule, basis=basis, why=why
        )

    def _verdict(self, line: Line, at: datetime.datetime) -> Verdict | Questions:
        answers = {
            str(number): Answer(Roaming(outcome), _SOURCE, at) for number, outcome in line.personal("roaming").items()
        }
        register = self.register or Register()
        try:
            claim = self._claim(line, register, at)
        except ParseError as error:
            return unreadable(error, self.profile.version, register.version, at)
        return decide(claim, self.profile, register, at, answers, ledger=self._ledger(line, at))

    def _ledger(self, line: Line, at: datetime.datetime) -> Ledger:
        """What our ledger knew of the call at that moment (art. 3)."""
        ledger, terms = Ledger(), self.profile.article_3
        if "ledger" not in line.fields["personal"] or terms is None:
            return ledger
        known = line.personal("ledger")
        for called in known["legs"] or ([""] if known["left"] else []):
            ledger.sent([str(caller) for caller in known["callers"]], str(called), at)
        for number, count in known["forwardings"].items():
            for _ in range(min(int(count), terms.forwardings_per_hour)):
                ledger.forwarded(str(number), at)
        return ledger

    def _claim(self, line: Line, register: Register, at: datetime.datetime) -> Claim:
        """What the call asserted. Raises ParseError where nobody could read it, on a trunk of another class."""
        fields, personal = line.fields, line.fields["personal"]
        uri = legible(line.personal("called"))
        lines = [legible(each) for each in line.personal("identity")]
        invite = Request("INVITE", uri, Headers([key_of(each.partition(":")[0].strip()) for each in lines], lines), b"")
        origin = Claim(
            trunk=str(fields.get("circuit") or fields["trunk"]),
            trunk_class=TrunkClass(fields.get("declared") or fields["class"]),
            called="",
            assertions=(),
            peer=str(fields["peer"]).rpartition(":")[0].strip("[]").partition("%")[0],
            own=str(fields.get("own", "")),
            carrier=str(fields["trunk"]) if fields.get("circuit") else "",
        )
        stands = standing(origin, register, self.profile, civil_day(at)).trunk_class
        is_listed = register.has(BlockedUser, CallerList, DoNotOriginate)
        claim = claim_of(invite, origin, stands=stands, emergency="emergency" in fields["flags"], is_listed=is_listed)
        told = tuple(_assertion(each) for each in line.personal("told")) if "told" in personal else ()
        called = legible(line.personal("called_as")) if "called_as" in personal else claim.called
        return attrs.evolve(claim, assertions=(*claim.assertions, *told), called=called)


def _lines(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    """The lines of a segment as far as it is written; one that is too long is cut, and so no line."""
    while (line := readline(LONGEST)) and line.strip(b"\0"):
        yield line
        while not line.endswith(b"\n") and len(line) == LONGEST:
            line = readline(LONGEST)


def _read(text: bytes) -> Mapping[str, Any] | None:
    try:
        fields = orjson.loads(text)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _is_hooks(found: Mapping[str, Any]) -> bool:
    """Whether a finding is the embedding program's own, which no profile gives again."""
    return str(found["rule"]).partition(":")[0] == HOOK


def _rank(word: str) -> Outcome:
    return Outcome[word.upper()]


def _reason(verdict: Verdict | Questions, said: Iterable[Mapping[str, Any]], old: Outcome) -> tuple[str, str, str]:
    """Rule, basis and sentence that tell why the verdict is another."""
    if isinstance(verdict, Questions):
        return "mobile", "", "The holder of a mobile number would be asked, who was not."
    deciding = verdict.deciding
    if deciding is not None:
        return deciding.rule, deciding.basis, deciding.why
    before = next(found for found in said if _rank(found["outcome"]) is old)
    return str(before["rule"]), verdict.basis, f"Nothing stands against it any more. Before: {before['why']}"


def _assertion(fields: Mapping[str, Any]) -> Assertion:
    """One that no header has told."""
    return Assertion(
        position=Position(fields["position"]),
        header=str(fields["header"]),
        index=int(fields["index"]),
        raw=legible(fields["raw"]),
        notation=Notation(fields["notation"]),
        user_phone=bool(fields["user_phone"]),
        is_first=bool(fields.get("is_first", False)),
    )
