"""What holds of every trace of a gateway, whatever the story: twelve invariants, a function each.

A B2BUA answers for what it emits, and relays what its peers do; so each law is about datagrams that left the gateway,
given those that came. Where a law of the RFCs is kept or broken by the peers alone, its docstring says which form is
left for us. Times are asserted to the letter where the trace has the gateway's own clock (`Trace.is_exact`), and what
must happen at last where nothing is missing (`Trace.is_whole`).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Final, ParamSpec

from tests.trace.reading import Message, uri_of
from tests.trace.sessions import Offers, is_steady
from tests.trace.trace import Pair, Seen, Trace, Transaction

P = ParamSpec("P")

#: Branches of one fork that a gateway remembers.
MOST_BRANCHES: Final = 16

#: Seconds within which two moments of one clock are the same.
SAME: Final = 1e-6
#: §17.2.1: an INVITE is answered, by 100 at least, within that time.
TRYING: Final = 0.2
#: How much longer it may take where what is timed is a peer's log on a machine that does other things: in slacks.
LATE: Final = 10.0
#: Headers that say who or where somebody is, in either form; RFC 3261 §20, RFC 3325, 5806, 7044, 3892, 7315.
TELLING: Final = frozenset(
    b"via v contact m route record-route call-id i from f to t reply-to p-asserted-identity p-preferred-identity "
    b"remote-party-id diversion history-info referred-by b refer-to r warning p-called-party-id".split()
)
#: What a response has from its request (RFC 3261 §8.2.6.2, §12.1.1).
MIRRORED: Final = frozenset(b"via v record-route call-id i from f to t".split())
ONCE: Final = ("from", "to", "call-id", "cseq", "content-length")


class BrokenInvariantError(AssertionError):
    """A trace shows what no gateway may do."""


def _law(holds: object, law: str, sentence: str) -> None:
    if not holds:
        raise BrokenInvariantError(f"{law}: {sentence}")


def check(trace: Trace) -> None:
    """Raises BrokenInvariantError with all that `violations` finds."""
    found = violations(trace)
    if found:
        raise BrokenInvariantError("\n".join(found))


def violations(trace: Trace) -> list[str]:
    """What each law that a trace can show has against it first."""
    found = [_objection(law, trace) for law in LAWS]
    pairs, orphans = trace.pairs()
    if trace.is_whole and orphans:
        found.append(f"G7: no INVITE asked for {orphans[0].request}")
    found += [_objection(law, trace, pair) for pair in pairs for law in JOINT_LAWS]
    return [objection for objection in found if objection is not None]


def _objection(law: Callable[P, None], *trace: P.args, **named: P.kwargs) -> str | None:
    try:
        law(*trace, **named)
    except BrokenInvariantError as broken:
        return str(broken)
    return None


# G1


def g1_one_tag_of_ours(trace: Trace) -> None:
    """Every response but 100 has a To tag: the request's, where it has one, and else one for all that answers it, but
    that an INVITE's provisional ones have one for each branch that it has reached (RFC 3261 §8.2.6.2, §12.1). The
    CANCEL has that of its end (§9.2), and our requests in a dialog the dialog's in From (§12.1.1). The From tag of a
    Call-ID that we open is one (§12.1.2)."""
    told: dict[str, set[str]] = defaultdict(set)
    for t in _theirs(trace):
        request = t.request.message
        tags = {seen.message.to_tag for seen in t.responses if seen.message.status != 100}
        if not tags:
            continue
        _law("" not in tags, "G1", f"a response to {t.request} has no To tag")
        last = {seen.message.to_tag for seen in t.responses if seen.message.is_final} if t.is_initial else tags
        _law(len(last) <= 1, "G1", f"{t.request} is answered with the tags {sorted(last)}")
        _law(not request.to_tag or request.to_tag in tags, "G1", f"{t.request} is answered with another To tag")
        told[request.call_id] |= tags
        invite = trace.find(t.request, "INVITE")
        if request.method == "CANCEL" and invite is not None and t.final is not None and t.final.message.is_accepting:
            of_invite = {seen.message.to_tag for seen in invite.responses if seen.message.is_final}
            _law(not of_invite or tags == of_invite, "G1", f"{t.request} has not the To tag of its INVITE")
    opened: dict[str, str] = {}
    placed = _call_ids(t for t in _ours(trace) if t.is_initial)
    for t in _ours(trace):
        request = t.request.message
        if request.call_id in told and request.call_id not in placed:
            _law(request.from_tag in told[request.call_id], "G1", f"{t.request} comes from a tag that nobody was told")
        else:
            first = opened.setdefault(request.call_id, request.from_tag)
            _law(request.from_tag == first, "G1", f"{t.request} comes from another tag than {first}")


def g1_a_tag_for_each_branch(trace: Trace) -> None:
    """A caller is shown no more early dialogs than the callee's side has opened: a tag of ours never changes inside one
    (§12.1). Of more branches than `MOST_BRANCHES` one that was forgotten may open another."""
    heard: Counter[str] = Counter()
    for t in _ours(trace):
        if t.is_initial:  # each target's, and each try's, in one Call-ID
            heard[t.request.message.call_id] += len(_tags_of_dialogs(t))
    for pair in trace.pairs()[0] if trace.is_whole else ():
        shown, count = len(_tags_of_dialogs(pair.a)), heard[pair.b.request.message.call_id]
        kept = shown <= count or count > MOST_BRANCHES
        _law(kept, "G1", f"{pair.a.request} has {shown} To tags for {count} branches")


def _tags_of_dialogs(invite: Transaction) -> set[str]:
    return {seen.message.to_tag for seen in invite.responses if 100 < (seen.message.status or 0) < 300}


def g1_responses_mirror_their_requests(trace: Trace) -> None:
    """A response of ours has its request's From, Call-ID, CSeq and Vias, in their order (§8.2.6.2); only the topmost
    Via has got more: `received` and `rport` (§18.2.1, RFC 3581)."""
    for t in _theirs(trace):
        request = t.request.message
        vias = request.list("via")
        for seen in t.responses:
            response = seen.message
            for name in ("from", "call-id", "cseq"):
                same = response.fields.get(name) == request.fields.get(name)
                _law(same, "G1", f"{seen} has not the {name} of {t.request}")
            mirrored = response.list("via")
            _law(mirrored[1:] == vias[1:], "G1", f"{seen} has not the Vias of {t.request}")
            _law(mirrored[0].partition(";")[0] == vias[0].partition(";")[0], "G1", f"{seen} has another topmost Via")


# G2


def g2_sides_share_nothing(trace: Trace) -> None:
    """Call-ID, tags and branches of one side are never those of another (RFC 3261 §12); no address of one side, the
    peer's or ours, stands in the start line of what another gets, or in a header that says who or where somebody is
    (`TELLING`). Any other header is unknown to us and crosses as it came, and so does media with its addresses.
    """
    placed = _call_ids(t for t in _ours(trace) if t.is_initial)
    placed -= _call_ids(t for t in _theirs(trace) if t.is_initial)
    first: dict[str, Seen] = {}
    checked: set[tuple[str, bytes]] = set()
    foreign = _foreign_addresses(trace)
    for seen in trace.seen:
        message, side = seen.message, seen.packet.side
        if (side, message.data) in checked:
            continue
        checked.add((side, message.data))
        for name in (message.call_id, message.branch, message.from_tag, message.to_tag):
            if name and (other := first.setdefault(name, seen)).packet.side != side:
                # One Call-ID at every target of a call, whatever the trunk (§8.1.3.4): none of them is its caller.
                same_call = other.message.call_id == message.call_id and message.call_id in placed
                _law(same_call, "G2", f"{seen} has {name}, which is of the side {other.packet.side}")
        if seen.packet.emitted:
            for address in foreign.get(side, ()):
                shown = address in message.head and _is_told(message, address)
                _law(not shown, "G2", f"{seen} shows {address.decode()}")


def _is_told(message: Message, address: bytes) -> bool:
    """Whether the address stands where it tells who or where somebody is; not in what a response mirrors, for that the
    peer has said itself."""
    start, *lines = message.head.split(b"\r\n")
    telling = TELLING if message.status is None else TELLING - MIRRORED
    return address in start or any(
        address in line and line.partition(b":")[0].strip().lower() in telling for line in lines
    )


def _foreign_addresses(trace: Trace) -> dict[str, list[bytes]]:
    """What may not be seen on each side: the addresses of the others; and their hosts, unless it has them too."""
    found = {}
    for side, own in trace.addresses.items():
        near = {text for address in own for text in address}
        far = {text for other, addresses in trace.addresses.items() if other != side for a in addresses for text in a}
        found[side] = [text.encode() for text in sorted(far - near)]
    return found


def g2_legs_share_nothing(trace: Trace, pair: Pair) -> None:
    """The same for the two legs of a call by one socket, where a side tells nothing."""
    a, b = pair.a.request, pair.b.request
    if a.packet.side != b.packet.side:
        return
    names = {"Call-ID": "call_id", "branch": "branch", "From tag": "from_tag"}
    for name, attribute in names.items():
        _law(getattr(a.message, attribute) != getattr(b.message, attribute), "G2", f"{b} has the {name} of {a}")


# G3


def g3_numbers_rise(trace: Trace) -> None:
    """Each new request of ours in a dialog has a higher CSeq number than the one before (§12.2.1.1), and so has each
    new INVITE that tries to open it; a CANCEL and an ACK have that of their INVITE (§9.1, §13.2.2.4, §17.1.1.3)."""
    last: dict[tuple[str, str, str], int] = {}
    invites: dict[str, set[int]] = defaultdict(set)
    for t in _ours(trace):
        request = t.request.message
        if request.method == "INVITE":
            invites[request.call_id].add(request.number)
        if request.method == "CANCEL":
            invite = trace.find(t.request, "INVITE")
            fits = invite is not None and invite.request.message.number == request.number
            _law(fits, "G3", f"{t.request} has not its INVITE's number")
            continue
        opened = last.get((request.call_id, request.from_tag, ""), 0)
        before = last.get((request.call_id, request.from_tag, request.to_tag), opened)
        _law(request.number > before, "G3", f"{t.request} comes after the number {before}")
        last[request.call_id, request.from_tag, request.to_tag] = request.number
    for ack in _our_acks(trace):
        _law(ack.message.number in invites[ack.message.call_id], "G3", f"{ack} has no INVITE's number")


# G4


def g4_acks_fit(trace: Trace) -> None:
    """The ACK to a failure is its INVITE again: one Via, and that the INVITE's; its Request-URI, From, Call-ID and
    Route; To from a failure that has come (§17.1.1.3). So is a CANCEL, but for its To (§9.1)."""
    for t in _ours(trace):
        if t.request.message.method == "CANCEL":
            invite = trace.find(t.request, "INVITE")
            _law(invite, "G4", f"{t.request} has no INVITE's branch")
            if invite is not None:
                _same_hop(invite.request.message, t.request, to=[invite.request.message.first("to")])
        for ack in t.acks:
            failures = [s.message.first("to") for s in t.responses if (s.message.status or 0) >= 300 and s.at <= ack.at]
            _law(failures, "G4", f"{ack} has the branch of an INVITE that has not failed")
            _same_hop(t.request.message, ack, to=failures)


def _same_hop(invite: Message, seen: Seen, *, to: list[str]) -> None:
    message = seen.message
    _law(message.all("via") == invite.all("via")[:1], "G4", f"{seen} has not its INVITE's Via alone")
    _law(message.uri == invite.uri, "G4", f"{seen} has not its INVITE's Request-URI {invite.uri}")
    for name in ("from", "call-id", "route"):
        _law(message.all(name) == invite.all(name), "G4", f"{seen} has not its INVITE's {name}")
    _law(message.first("to") in to, "G4", f"{seen} has a To that is not among {to}")


def g4_acks_to_a_2xx_are_of_the_dialog(trace: Trace) -> None:
    """The ACK to a 2xx has a branch that nothing else has, and follows the 2xx: its To tag and number, and, for the
    INVITE that opened the dialog, its Contact and Record-Route as Request-URI and Route (§13.2.2.4, §12.2.1.1)."""
    accepted: dict[tuple[str, str, int], list[tuple[Transaction, Seen]]] = defaultdict(list)
    branches: dict[str, bytes] = {}
    for t in _ours(trace):
        if t.request.message.method == "CANCEL":
            continue
        _of_its_own(branches, t.request)
        if t.request.message.method == "INVITE":
            for seen in t.responses:
                if seen.message.is_accepting:
                    accepted[seen.message.call_id, seen.message.to_tag, seen.message.number].append((t, seen))
    for ack in trace.acks:
        if not ack.packet.emitted:
            continue
        _of_its_own(branches, ack)
        answers = accepted[ack.message.call_id, ack.message.to_tag, ack.message.number]
        known = [(t, seen) for t, seen in answers if seen.at <= ack.at]
        _law(known or not trace.is_whole, "G4", f"{ack} acknowledges nothing that has come")
        if known and known[0][0].is_initial:
            _follows(ack, known[0][1].message)


def _of_its_own(branches: dict[str, bytes], seen: Seen) -> None:
    first = branches.setdefault(seen.message.branch, seen.message.data)
    _law(first == seen.message.data, "G4", f"{seen} has the branch of another request")


def _follows(ack: Seen, answer: Message) -> None:
    """Target and route set; a Contact or Record-Route that nobody could read is left aside."""
    if not answer.contact:
        return
    routes = list(reversed(answer.list("record-route")))
    target = answer.contact
    if routes and "lr" not in [p.partition("=")[0].lower() for p in uri_of(routes[0]).split(";")[1:]]:
        # A strict router: its URI is the Request-URI, and the target comes last (§12.2.1.1).
        routes, target = [*routes[1:], f"<{target}>"], uri_of(routes[0])
    _law(ack.message.uri == target, "G4", f"{ack} does not go to the Contact {target} of what it acknowledges")
    _law(ack.message.list("route") == routes, "G4", f"{ack} does not go by {routes}")


# G5


def g5_repetitions_are_identical(trace: Trace) -> None:
    """What is sent again is sent byte for byte: a request, a final response, a reliable provisional one, which its tag
    and RSeq name (RFC 3261 §17, RFC 3262 §3). Unreliable ones are each news of their own."""
    for t in trace.transactions:
        if t.is_ours:
            _identical(t.copies)
            _identical(t.acks)
            continue
        _identical([seen for seen in t.responses if seen.message.is_final])
        reliable: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        for seen in t.responses:
            if not seen.message.is_final and seen.message.all("rseq"):
                reliable[seen.message.to_tag, seen.message.first("rseq")].append(seen)
        for copies in reliable.values():
            _identical(copies)


def _identical(copies: list[Seen]) -> None:
    for copy in copies[1:]:
        _law(copy.message.data == copies[0].message.data, "G5", f"{copy} is not what was sent before")


def g5_requests_are_repeated_in_time(trace: Trace) -> None:
    """A request is sent again after T1, 2*T1 ..., without an end for INVITE, up to T2 and with T2 after a provisional
    response for others, while 64*T1 last: an INVITE seven times at most and never after a response, others never
    after their final one (§17.1.1.2, §17.1.2.2)."""
    times = {inviting: len(_schedule(trace, capped=not inviting)) for inviting in (True, False)}
    for t in _ours(trace):
        inviting = t.request.message.method == "INVITE"
        most = times[inviting]
        _law(len(t.copies) <= most, "G5", f"{t.request} was sent {len(t.copies)} times")
        if not trace.is_exact:
            continue
        end = t.responses[0] if inviting and t.responses else t.final
        _law(end is None or t.copies[-1].at <= end.at, "G5", f"{t.request} was sent again after {end}")
        pause = trace.times.t1
        for before, after in pairwise(t.copies):
            in_time = abs(after.at - before.at - pause) <= SAME
            _law(in_time, "G5", f"{after} was sent again {after.at - before.at:.3f} s later, not {pause:.3f}")
            longest = trace.times.t2 if not inviting else float("inf")
            pause = trace.times.t2 if not inviting and t.heard_before(after.at) else min(2 * pause, longest)
        silent = not t.responses and t.request.packet.peer not in trace.refused
        _law(not silent or len(t.copies) == most, "G5", f"{t.request}, never answered, was sent {len(t.copies)} times")


def g5_responses_are_repeated_in_time(trace: Trace) -> None:
    """A final response to an INVITE is sent again after T1, 2*T1 ... T2 until its ACK has come or 64*T1 are over; all
    but a 2xx, and the response to any other request, whenever the request comes again too (§13.3.1.4, §17.2.1,
    §17.2.2, RFC 6026 §7.1)."""
    acked: dict[tuple[str, str, int], float] = {}
    for ack in trace.acks:
        if not ack.packet.emitted:
            acked.setdefault((ack.message.call_id, ack.message.to_tag, ack.message.number), ack.at)
    offsets = _schedule(trace, capped=True)
    for t in _theirs(trace):
        finals = [seen for seen in t.responses if seen.message.is_final]
        if len(finals) < 2:
            continue
        first = finals[0]
        inviting = t.request.message.method == "INVITE"
        by_itself = len(offsets) if inviting else 1
        asked = 0 if first.message.is_accepting and inviting else len(t.copies) - 1
        _law(len(finals) <= by_itself + asked, "G5", f"{first} was sent {len(finals)} times")
        if not trace.is_exact:
            continue
        key = first.message.call_id, first.message.to_tag, first.message.number
        ack_at = acked.get(key) if first.message.is_accepting else t.acks[0].at if t.acks else None
        due = {round(first.at + offset, 6) for offset in offsets} if inviting else set()
        due |= {round(copy.at, 6) for copy in t.copies} if asked else set()
        for copy in finals[1:]:
            in_time = round(copy.at, 6) in due
            _law(in_time, "G5", f"{copy} was sent again {copy.at - first.at:.3f} s after it was sent first")
            _law(ack_at is None or copy.at <= ack_at or not inviting, "G5", f"{copy} was sent again after its ACK")


def _schedule(trace: Trace, *, capped: bool) -> list[float]:
    """When a message leaves, from its first time on, while 64*T1 last."""
    offsets, at, pause = [], 0.0, trace.times.t1
    while at < trace.times.patience:
        offsets.append(at)
        at, pause = at + pause, min(2 * pause, trace.times.t2) if capped else 2 * pause
    return offsets


# G6


def g6_hops_are_counted(trace: Trace) -> None:
    """Every request of ours has one Max-Forwards, from 0 to 255 (§8.1.1.6, §20.22); an INVITE that came with 0 is
    answered 483 (§16.3) unless something else was wrong with it."""
    for t in _ours(trace):
        values = t.request.message.all("max-forwards")
        sound = len(values) == 1 and values[0].isdigit() and int(values[0]) <= 255
        _law(sound, "G6", f"{t.request} has the Max-Forwards {values}")


def g6_the_other_leg_has_one_hop_less(trace: Trace, pair: Pair) -> None:
    """The callee's INVITE has one less than the caller's, or 70 where that had none (§16.6 step 3)."""
    a, b = pair.a.request.message, pair.b.request.message
    came, left = a.first("max-forwards"), b.first("max-forwards")
    expected = str(int(came) - 1) if came.isdigit() else "70"
    _law(left == expected, "G6", f"{pair.b.request} has Max-Forwards {left} where {came or 'none'} came")


# G7


def g7_one_final_response(trace: Trace) -> None:
    """Every request that came has one final response at most, and where nothing is missing exactly one; a provisional
    one never after it (§17.2.1, §17.2.2)."""
    for t in _theirs(trace):
        finals = {seen.message.data for seen in t.responses if seen.message.is_final}
        _law(len(finals) <= 1, "G7", f"{t.request} has {len(finals)} final responses")
        _law(finals or not trace.is_whole, "G7", f"{t.request} has no final response")
        for before, after in pairwise(t.responses):
            fell = before.message.is_final and not after.message.is_final
            _law(not fell, "G7", f"{after} comes after the final response")


def g7_every_answer_is_acknowledged_and_every_call_hung_up(trace: Trace) -> None:
    """An ACK for each final response to an INVITE of ours, and a BYE, whoever says it, in each dialog that a 2xx has
    made (§13.2.2.4, §15, §17.1.1.3). A final response that came when ours had ended, by timer B or 64*T1 after its
    CANCEL (§9.1) or after the first 2xx (RFC 6026 §8.4), is nobody's any more, nor is a failure after a 2xx."""
    if not trace.is_whole:
        return
    acked = {(s.message.call_id, s.message.to_tag, s.message.number) for s in trace.acks}
    ended = set()
    for t in trace.transactions:
        if t.request.message.method == "BYE":
            message = t.request.message
            ended.add((message.call_id, frozenset((message.from_tag, message.to_tag))))
    for t in trace.transactions:
        if t.request.message.method != "INVITE":
            continue
        for seen in t.responses:
            message = seen.message
            if not message.is_final or (t.is_ours and seen.at > _end_of(trace, t)):
                continue
            if t.is_ours and message.is_accepting:
                key = message.call_id, message.to_tag, message.number
                _law(key in acked, "G7", f"{seen} was not acknowledged")
            elif t.is_ours and t.final is not None and not t.final.message.is_accepting:
                _law(t.acks, "G7", f"{seen} was not acknowledged")
            if message.is_accepting and t.is_initial:
                dialog = message.call_id, frozenset((message.from_tag, message.to_tag))
                _law(dialog in ended, "G7", f"the dialog of {seen} has no BYE")


def _end_of(trace: Trace, t: Transaction) -> float:
    """When an INVITE of ours has ended in any case."""
    first = t.responses[0].at
    if first >= t.request.at + trace.times.patience:
        return t.request.at
    cancel = trace.find(t.request, "CANCEL")
    cancelled = float("inf") if cancel is None else cancel.request.at + trace.times.patience
    final = t.final
    if final is None or final.at >= cancelled:
        return min(first, cancelled)
    return final.at + trace.times.patience if final.message.is_accepting else final.at


# G8


def g8_sessions_cross_unchanged(trace: Trace, pair: Pair) -> None:
    """A session description that one leg gets has come from the other, byte for byte; or less what a verdict takes out
    of its `o= s= i= u= e= p=` lines; or is our last word, the refusal of an offer, every port 0. So version, order and
    count of the media are the peers' own (RFC 3264 §5, §8): where the peer that speaks keeps its session and takes no
    media line away, so do we. A fork may speak with several voices, and is heard as one. Where media is relayed, the
    same but for the places that it names, which are then the relay's."""
    ids = (pair.a.request.message.call_id, pair.b.request.message.call_id)
    for to, source in (ids, ids[::-1]):
        sent = [seen for _, seen in trace.by_call[to] if seen.packet.emitted and seen.message.has_session]
        if not sent:
            continue
        came = [seen for _, seen in trace.by_call[source] if not seen.packet.emitted and seen.message.has_session]
        spoken = (seen for _, seen in trace.by_call[to] if not seen.packet.emitted and seen.message.has_session)
        offered = {seen.message.body for seen in spoken}
        bodies = {_placeless(seen.message.body) if trace.relays else seen.message.body for seen in came}
        crossed = []
        for seen in sent:
            body = seen.message.body
            if trace.relays:
                away = sorted(_hosts(body) - trace.relays)
                _law(not away, "G8", f"{seen} names {away}, which is no place of ours")
                body = _placeless(body)
            if body in bodies or any(_is_edited(body, other) for other in bodies):
                crossed.append(seen.message)
                continue
            refuses = any(_is_refusal(body, offer) for offer in offered)
            _law(refuses or not trace.is_whole, "G8", f"{seen} has a session that came from nobody")
        if is_steady([seen.message for seen in came]):
            _law(is_steady(crossed), "G8", f"the session told on {to} is unsteady: {sent[-1]}")


_HOST: Final = re.compile(rb"(?m)^(c=IN IP[46] |a=rtcp:\d+ IN IP[46] )(\S+)")
_PORT: Final = re.compile(rb"(?m)^(m=\S+ |a=rtcp:)[1-9]\d*")
#: Where nobody is: an old way to say hold.
_NOWHERE: Final = frozenset({"0.0.0.0", "::"})


def _hosts(body: bytes) -> frozenset[str]:
    return frozenset(host.decode() for _, host in _HOST.findall(body)) - _NOWHERE


def _placeless(body: bytes) -> bytes:
    """Less the places that it names."""
    return _PORT.sub(rb"\1*", _HOST.sub(rb"\1*", body))


_EDITED: Final = (b"o=", b"s=", b"i=", b"u=", b"e=", b"p=")


def _is_edited(sent: bytes, came: bytes) -> bool:
    """Whether nothing but the lines differs that may name a person."""
    kept = [line for line in sent.split(b"\r\n") if line[:2] not in _EDITED]
    return kept == [line for line in came.split(b"\r\n") if line[:2] not in _EDITED]


def _is_refusal(sent: bytes, offer: bytes) -> bool:
    """Whether it takes none of the media of that offer (RFC 3264 §6)."""
    lines = [[m for m in body.split(b"\r\n") if m.startswith(b"m=")] for body in (sent, offer)]
    kinds = [[line.split(b" ")[0] for line in found] for found in lines]
    return kinds[0] == kinds[1] and all(line.split(b" ")[1] == b"0" for line in lines[0])


# G9


def g9_one_offer_at_a_time(trace: Trace, pair: Pair) -> None:
    """No request of ours makes an offer in a dialog that has one open, ours or theirs (RFC 3264 §4, RFC 3261 §14.1,
    RFC 3311 §5.1). What a peer itself lays over an offer that is open on its own leg crosses all the same, since it is
    the far end that refuses it, in the words that the peer should hear (491, 500): an UPDATE over an INVITE may be an
    error or glare, and which of them only the ends know."""
    offers = {t: Offers.of(trace, t.request.message.call_id) for t in (pair.a, pair.b)}
    for near, far in ((pair.a, pair.b), (pair.b, pair.a)):
        for offer in offers[near].all:
            at = offer.seen.at
            open_ = offers[near].open_at(offer.place, at) if offer.ours and offer.seen.message.status is None else []
            if open_:
                laid_over = len(offers[far].open_at(offer.place, at)) > 1
                _law(laid_over, "G9", f"{offer.seen} makes an offer while that of {open_[0].seen} is open")


# G10


def g10_messages_are_well_made(trace: Trace) -> None:
    """Every datagram of ours is a message, with one From, To, Call-ID, CSeq and Content-Length each, the last exact
    (§8.1.1, §18.3), a Via, CSeq and start line of one method, and no line folded or ended by half. Parsers that are not
    ours read all of it in `tests/trace/test_parsers.py`."""
    unread = [(packet, why) for packet, why in trace.unread if packet.emitted]
    _law(not unread, "G10", f"what left for {unread and unread[0][0].peer} is no message: {unread and unread[0][1]}")
    checked: set[bytes] = set()
    for seen in trace.seen:
        message = seen.message
        if not seen.packet.emitted or message.data in checked:
            continue
        checked.add(message.data)
        for name in ONCE:
            _law(len(message.all(name)) == 1, "G10", f"{seen} has {len(message.all(name))} {name}")
        exact = message.first("content-length") == str(len(message.body))
        _law(exact, "G10", f"{seen} has a body of {len(message.body)} octets")
        _law(message.all("via"), "G10", f"{seen} has no Via")
        head = message.head.replace(b"\r\n", b"")
        _law(b"\r" not in head and b"\n" not in head and b"\0" not in head, "G10", f"{seen} has half an end of line")
        _law(message.status is not None or message.start == f"{message.method} {message.uri} SIP/2.0", "G10", f"{seen}")


# G11


def g11_invites_are_answered_soon_and_nothing_else_is_tried(trace: Trace) -> None:
    """An INVITE has its first response within 200 ms (§17.2.1). Any other request has no provisional response but 100,
    and that only when its sender repeats it no faster than each T2; and no 408 but one that the far end has said to
    such a request (RFC 4320 §4.1, §4.2)."""
    patience = TRYING + LATE * trace.slack + SAME
    timed_out = {t.request.message.method for t in _ours(trace) for seen in t.responses if seen.message.status == 408}
    tries = next(offset for offset in _schedule(trace, capped=True) if 2 * (offset + trace.times.t1) > trace.times.t2)
    for t in _theirs(trace):
        if not t.responses:
            continue
        if t.request.message.method == "INVITE":
            waited = t.responses[0].at - t.request.at
            _law(waited <= patience, "G11", f"{t.request} waited {waited:.3f} s for its first response")
            continue
        for seen in t.responses:
            status = seen.message.status or 0
            too_soon = status == 100 and seen.at < t.request.at + tries - trace.slack
            _law(not too_soon, "G11", f"{seen} came before {t.request} was repeated at T2")
            _law(not 100 < status < 200, "G11", f"{seen}: a provisional response to no INVITE")
            relayed = status == 408 and t.request.message.method in timed_out
            _law(status != 408 or relayed, "G11", f"{seen}: 408 to no INVITE")


# G12


def g12_nothing_is_left(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    """When 64*T1 and T4 are over after a run, whatever can be counted - transactions, dialogs, deadlines, sockets,
    tasks - is what it was before. No trace shows it: the counts are the gateway's own, or the operating system's."""
    changed = [f"{name} {count} -> {after.get(name)}" for name, count in before.items() if after.get(name) != count]
    _law(not changed, "G12", f"left over: {', '.join(changed)}")


def g12_one_record_a_call(lines: Iterable[tuple[str, str]], *, is_whole: bool = True) -> None:
    """Each call has one `verdict` line, at most one `answer` and one `end`, whatever has happened to it; `lines` are
    call and kind. Unless all is over and all of it is here, one of each at most."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for call, kind in lines:
        kinds[call].append(kind)
    for call, found in kinds.items():
        counts = [found.count(kind) for kind in ("verdict", "answer", "end")]
        sound = counts in ([1, 0, 1], [1, 1, 1]) if is_whole else max(counts) <= 1
        _law(sound, "G12", f"the call {call} has the lines {', '.join(found)}")


def _ours(trace: Trace) -> Iterable[Transaction]:
    return (t for t in trace.transactions if t.is_ours)


def _theirs(trace: Trace) -> Iterable[Transaction]:
    return (t for t in trace.transactions if not t.is_ours)


def _call_ids(transactions: Iterable[Transaction]) -> set[str]:
    return {t.request.message.call_id for t in transactions}


def _our_acks(trace: Trace) -> Iterable[Seen]:
    yield from (ack for ack in trace.acks if ack.packet.emitted)
    for t in _ours(trace):
        yield from t.acks


LAWS: Final[tuple[Callable[[Trace], None], ...]] = (
    g1_one_tag_of_ours,
    g1_a_tag_for_each_branch,
    g1_responses_mirror_their_requests,
    g2_sides_share_nothing,
    g3_numbers_rise,
    g4_acks_fit,
    g4_acks_to_a_2xx_are_of_the_dialog,
    g5_repetitions_are_identical,
    g5_requests_are_repeated_in_time,
    g5_responses_are_repeated_in_time,
    g6_hops_are_counted,
    g7_one_final_response,
    g7_every_answer_is_acknowledged_and_every_call_hung_up,
    g10_messages_are_well_made,
    g11_invites_are_answered_soon_and_nothing_else_is_tried,
)
JOINT_LAWS: Final[tuple[Callable[[Trace, Pair], None], ...]] = (
    g2_legs_share_nothing,
    g6_the_other_leg_has_one_hop_less,
    g8_sessions_cross_unchanged,
    g9_one_offer_at_a_time,
)
