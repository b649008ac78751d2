"""What must hold of a gateway whatever its peers and the network do; looked at after every input, and at the end.

The laws read datagrams and records alone. They are told what went in and what came out, in order, and know nothing of
how the gateway is made.
"""

from collections import Counter
from collections.abc import Sequence

import attrs

from b2bua.call import Record
from b2bua.call.core import Output
from sipstack.effects import Send
from tests.world.wire import Wire


class BrokenLawError(AssertionError):
    """The gateway has done what it never may."""


@attrs.define(eq=False)
class Laws:
    """The memory that the laws need of one scene."""

    records: list[Record] = attrs.field(factory=list)
    _offered: set[tuple[str, str]] = attrs.field(factory=set)
    """Call-ID and branch of each INVITE that went in."""
    _initial: set[tuple[str, str]] = attrs.field(factory=set)
    """Those of them that open a call."""
    _finals: dict[tuple[str, str], bytes] = attrs.field(factory=dict)
    """The final response to each of them."""
    _tags: dict[tuple[str, str], str] = attrs.field(factory=dict)
    """Our To tag towards each of them."""
    _accepted: dict[tuple[str, str, int], bool] = attrs.field(factory=dict)
    """Each 2xx that went in, by Call-ID, To tag and CSeq; true once it is ACKed."""
    _ended: set[tuple[str, str]] = attrs.field(factory=set)
    """Dialogs with a BYE in either direction, by Call-ID and the peer's tag."""
    _placed: set[str] = attrs.field(factory=set)
    """Call-IDs of the calls that we placed."""
    _allowed: int = 0
    """How many verdicts let their call go on."""
    _sent: set[bytes] = attrs.field(factory=set)
    """Our requests, for what repeats one."""
    _numbers: dict[tuple[str, str], int] = attrs.field(factory=dict)
    """Our last CSeq number by Call-ID and their tag; "" before they have one."""
    _kinds: Counter[tuple[str, str]] = attrs.field(factory=Counter)

    def saw(self, wire: Wire, *, is_stray: bool) -> None:
        """A datagram has gone in."""
        if is_stray:
            return
        status = wire.status
        if status is None and wire.method == "INVITE":
            self._offered.add((wire.call_id, wire.branch))
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
        _law(self._kinds[record.call, record.kind] == 1, f"call {record.call} has a second {record.kind} line")
        _law(not self._kinds[record.call, "end"] or record.kind == "end", f"call {record.call} goes on after its end")
        if record.kind == "verdict" and record.facts["verdict"] != "block":
            self._allowed += 1

    def _asked(self, wire: Wire) -> None:
        """A request of ours."""
        if wire.method == "INVITE" and not wire.to_tag:
            self._placed.add(wire.call_id)
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
        opened = self._numbers.get((wire.call_id, ""), 0)
        last = self._numbers.get((wire.call_id, wire.to_tag), opened)
        _law(wire.cseq > last, f"a {wire.method} with CSeq {wire.cseq} after {last} in {wire.call_id}")
        self._numbers[wire.call_id, wire.to_tag] = wire.cseq

    def _told(self, wire: Wire, status: int) -> None:
        """A response of ours."""
        if wire.method != "INVITE":
            return
        key = wire.call_id, wire.branch
        if status > 100:
            _law(bool(wire.to_tag), f"a {status} without a To tag")
            tag = self._tags.setdefault(key, wire.to_tag)
            _law(tag == wire.to_tag, f"our To tag changes from {tag} to {wire.to_tag}")
        if status >= 200:
            first = self._finals.setdefault(key, wire.data)
            _law(first == wire.data, f"a second final answer to the INVITE {key}: {wire.start}")
            accepted = sum(data.startswith(b"SIP/2.0 2") for at, data in self._finals.items() if at in self._initial)
            answers = sum(count for (_, kind), count in self._kinds.items() if kind == "answer")
            _law(accepted <= answers, f"the INVITE {key} is accepted before its answer line stands")
        else:
            _law(key not in self._finals, f"{status} after the final answer to the INVITE {key}")


def _law(holds: bool, sentence: str) -> None:
    if not holds:
        raise BrokenLawError(sentence)
