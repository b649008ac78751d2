"""What must hold of a gateway whatever its peers and the network do; looked at after every input, and at the end.

The laws read datagrams and records alone. They are told what went in and what came out, in order, and know nothing of
how the gateway is made.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from b2bua.call import Record
from b2bua.call.core import Output
from sipstack.effects import Send
from tests.trace.invariants import MOST_BRANCHES
from tests.world.wire import Wire

#: Headers whose digits are nobody's number: names of hops and dialogs.
_NAMELESS = frozenset({"via", "call-id", "cseq", "content-length", "max-forwards", "record-route", "route"})
_TAG = re.compile(r";tag=[^;,\s]*")
_SEPARATORS = re.compile(r"[ ./()-]")

Branch = tuple[str, int, str]
"""Call-ID and CSeq number of an INVITE of ours, and the tag of a callee that it has reached."""


class BrokenLawError(AssertionError):
    """The gateway has done what it never may."""


@attrs.define(eq=False)
class Laws:
    """The memory that the laws need of one scene."""

    records: list[Record] = attrs.field(factory=list)
    hidden: Mapping[str, frozenset[str]] = attrs.field(factory=dict)
    """By socket of ours, the national digits of the numbers that whoever is behind it may not be shown."""
    waits: bool = False
    """Whether what came waits for somebody else before it leads to anything, so that nobody here knows what did."""
    _emergencies: set[str] = attrs.field(factory=set)
    """Call-IDs of calls to an emergency service, which is told who calls (L13)."""
    _offered: set[tuple[str, str]] = attrs.field(factory=set)
    """Call-ID and branch of each INVITE that went in."""
    _initial: set[tuple[str, str]] = attrs.field(factory=set)
    """Those of them that open a call."""
    _finals: dict[tuple[str, str], bytes] = attrs.field(factory=dict)
    """The final response to each of them."""
    _speaking: Branch | None = None
    """The branch whose response has just gone in."""
    _voices: dict[tuple[str, str], Branch] = attrs.field(factory=dict)
    """The branch that speaks by each tag of ours, which goes with a Call-ID."""
    _names: dict[Branch, str] = attrs.field(factory=dict)
    """The tag of ours by which each branch speaks."""
    _accepted: dict[tuple[str, str, int], bool] = attrs.field(factory=dict)
    """Each 2xx that went in, by Call-ID, To tag and CSeq; true once it is ACKed."""
    _ended: set[tuple[str, str]] = attrs.field(factory=set)
    """Dialogs with a BYE in either direction, by Call-ID and the peer's tag."""
    _placed: set[str] = attrs.field(factory=set)
    """Call-IDs of the calls that we placed."""
    _allowed: int = 0
    """How many verdicts let their call go on."""
    _sent: set[bytes] = attrs.field(factory=set)
    """Our requests and provisional responses, for what repeats one."""
    _numbers: dict[tuple[str, str, str], int] = attrs.field(factory=dict)
    """Our last CSeq number by Call-ID, our tag and theirs; "" before they have one."""
    _kinds: Counter[tuple[str, str]] = attrs.field(factory=Counter)

    def saw(self, wire: Wire, *, is_stray: bool) -> None:
        """A datagram has gone in."""
        self._speaking = None
        if is_stray:
            return
        status = wire.status
        if status is not None and 100 < status < 300 and wire.method == "INVITE":
            self._speaking = wire.call_id, wire.cseq, wire.to_tag
        if status is None and wire.method == "INVITE":
            self._offered.add((wire.call_id, wire.branch))
            self._notice(wire)
            if not wire.to_tag:
                self._initial.add((wire.call_id, wire.branch))
        elif status is None and wire.method == "BYE":
            self._ended.add((wire.call_id, wire.from_tag))
        elif status is not None and 200 <= status < 300 and wire.method == "INVITE":
            self._accepted.setdefault((wire.call_id, wire.to_tag, wire.cseq), False)

    def did(self, outputs: Sequence[Output]) -> None:
        """What one input led to."""
        for output in outputs:
            if isinstance(output, Record):
                self._recorded(output)
            elif isinstance(output, Send):
                wire = Wire.read(output.data)
                if wire.status is None:
                    self._asked(wire)
                else:
                    self._told(wire, wire.status)
                self._keeps(wire, output.flow.socket)
        self._speaking = None

    def finish(self) -> None:
        """Nothing will happen any more."""
        for key in self._offered:
            _law(key in self._finals, f"the INVITE {key} has no final answer")
        for (call_id, tag, cseq), is_acked in self._accepted.items():
            settled = is_acked or (call_id, tag) in self._ended
            _law(settled, f"the 2xx of {tag} to {cseq} INVITE in {call_id} was neither ACKed nor was there a BYE")
        for call in {call for call, _ in self._kinds}:
            counts = {kind: self._kinds[call, kind] for kind in ("verdict", "answer", "end")}
            _law(counts["verdict"] == 1, f"call {call} has {counts['verdict']} verdict lines")
            _law(counts["answer"] <= 1, f"call {call} has {counts['answer']} answer lines")
            _law(counts["end"] == 1, f"call {call} has {counts['end']} end lines")

    def _recorded(self, record: Record) -> None:
        self.records.append(record)
        self._kinds[record.call, record.kind] += 1
        once = record.kind != "later"
        _law(
            not once or self._kinds[record.call, record.kind] == 1,
            f"call {record.call} has a second {record.kind} line",
        )
        _law(not self._kinds[record.call, "end"] or record.kind == "end", f"call {record.call} goes on after its end")
        if record.kind == "verdict" and (record.facts["verdict"] != "block" or not record.facts.get("enforced", True)):
            self._allowed += 1

    def _asked(self, wire: Wire) -> None:
        """A request of ours."""
        if wire.method == "INVITE" and not wire.to_tag:
            self._placed.add(wire.call_id)
            self._notice(wire)
            _law(len(self._placed) <= self._allowed, "a call leaves that no verdict line before it lets go on")
        known = wire.call_id in self._placed or any(call_id == wire.call_id for call_id, _ in self._initial)
        _law(known, f"a {wire.method} of no call: {wire.call_id}")
        if wire.method == "ACK":
            key = wire.call_id, wire.to_tag, wire.cseq
            if key in self._accepted:
                self._accepted[key] = True
            return
        if wire.method == "BYE":
            self._ended.add((wire.call_id, wire.to_tag))
        if wire.method != "CANCEL":
            self._counts_up(wire)

    def _counts_up(self, wire: Wire) -> None:
        """RFC 3261 §12.2.1.1: each new request of a dialog has a higher number; what repeats one repeats all of it."""
        if wire.data in self._sent:
            return
        self._sent.add(wire.data)
        opened = self._numbers.get((wire.call_id, wire.from_tag, ""), 0)
        last = self._numbers.get((wire.call_id, wire.from_tag, wire.to_tag), opened)
        _law(wire.cseq > last, f"a {wire.method} with CSeq {wire.cseq} after {last} in {wire.call_id}")
        self._numbers[wire.call_id, wire.from_tag, wire.to_tag] = wire.cseq

    def _told(self, wire: Wire, status: int) -> None:
        """A response of ours."""
        if wire.method != "INVITE":
            return
        key = wire.call_id, wire.branch
        if status > 100:
            _law(bool(wire.to_tag), f"a {status} without a To tag")
        if status >= 200:
            first = self._finals.setdefault(key, wire.data)
            _law(first == wire.data, f"a second final answer to the INVITE {key}: {wire.start}")
            accepted = sum(data.startswith(b"SIP/2.0 2") for at, data in self._finals.items() if at in self._initial)
            answers = sum(count for (_, kind), count in self._kinds.items() if kind == "answer")
            _law(accepted <= answers, f"the INVITE {key} is accepted before its answer line stands")
        else:
            _law(key not in self._finals, f"{status} after the final answer to the INVITE {key}")
        if 100 < status < 300 and key in self._initial:
            self._speaks(wire)

    def _notice(self, invite: Wire) -> None:
        if invite.start.startswith("INVITE sip:112@"):
            self._emergencies.add(invite.call_id)

    def _keeps(self, wire: Wire, socket: str) -> None:
        """Nobody is shown a forbidden number, in whatever line of whatever message."""
        hidden = self.hidden.get(socket)
        if not hidden or wire.call_id in self._emergencies:
            return
        lines = [wire.start, *(_TAG.sub("", value) for name, value in wire.fields if name not in _NAMELESS)]
        said = [_SEPARATORS.sub("", line) for line in [*lines, *wire.body.decode(errors="replace").split("\n")]]
        for digits in hidden:
            _law(not any(digits in line for line in said), f"{wire.start} shows {digits} behind {socket}")

    def _speaks(self, wire: Wire) -> None:
        """By each tag of ours one branch speaks, and each branch by one, unless there are more than one may keep."""
        if wire.data in self._sent:
            return
        self._sent.add(wire.data)
        if self.waits:
            return
        branch = self._speaking
        _law(branch is not None, f"nobody has sent what {wire.start} tells")
        if branch is None or not (branch[2] or wire.start.startswith("SIP/2.0 2")):
            return
        voice = self._voices.setdefault((wire.call_id, wire.to_tag), branch)
        _law(voice == branch, f"by our To tag {wire.to_tag} speaks {branch} after {voice}")
        if sum(known[:2] == branch[:2] for known in self._names) < MOST_BRANCHES:
            name = self._names.setdefault(branch, wire.to_tag)
            _law(name == wire.to_tag, f"our To tag for {branch} changes from {name} to {wire.to_tag}")


def _law(holds: bool, sentence: str) -> None:
    if not holds:
        raise BrokenLawError(sentence)
