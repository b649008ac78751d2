"""A case and the calls it may mean, as plain data and as lines on a terminal."""

import datetime
from collections.abc import Iterator
from typing import Any

from b2bua.cases.block import Block
from b2bua.cases.case import Case, Sent
from b2bua.cases.clock import Clock
from b2bua.cases.event import Event
from b2bua.cases.origin import Origin
from b2bua.cases.plain import plain
from b2bua.cases.sheet import spell
from b2bua.civil import local
from b2bua.store import StoredCall


def case_data(case: Case, now: datetime.datetime) -> dict[str, Any]:
    """Under the names that stay (`b2bua case ... --json`)."""
    return {
        "case": case.id,
        "reference": case.asked.reference,
        "state": str(case.state(now)),
        "requested": case.asked.requested,
        "number": case.asked.number,
        "called": case.asked.called,
        "moment": case.asked.moment,
        "error_seconds": case.asked.error_seconds,
        "clocks": [_clock_data(clock, now) for clock in case.clocks(now)],
        "calls": list(case.calls),
        "held": case.is_held,
        "identity": case.identity.given,
        "missing": list(case.missing),
        "answers": [
            {"at": sent.at, "calls": list(sent.calls), "missing": list(sent.missing), "counts": case.counts(sent)}
            for sent in case.sent
        ],
        "blocks": [
            {
                "entry": block.entry,
                "user": dict(block.user),
                "since": block.since,
                "state": str(block.state),
                "ended": block.ended,
                "released_by": None if block.release is None else block.release.by,
                "released_why": None if block.release is None else block.release.why,
                "acts": [{"at": act.at, "action": str(act.action), "by": act.by, "why": act.why} for act in block.acts],
            }
            for block in case.blocks
        ],
        "history": [_event_data(event) for event in case.history],
    }


def call_data(call: StoredCall) -> dict[str, Any]:
    """One call that a request may mean."""
    return {
        "call": call.call,
        "at": call.at,
        "trunk": call.trunk,
        "class": call.trunk_class,
        "peer": call.peer,
        "call_id": call.call_id,
        "caller": call.caller,
        "called": call.called,
        "verdict": call.verdict,
        "basis": call.basis,
        "answered_at": call.answered_at,
        "seconds": call.seconds,
    }


def headline(case: Case, now: datetime.datetime) -> str:
    """A case in one line: its id, its state, the next clock, the regulator's reference."""
    running = [clock for clock in case.clocks(now) if clock.met is None] if case.closed is None else []
    first = min(running, key=lambda clock: clock.due, default=None)
    what = "nothing is due" if first is None else f"{first.duty} {_clock(first, now)}"
    return plain(f"{case.id}  {case.state(now):<9} {what}  {case.asked.reference}")


def summary(case: Case, now: datetime.datetime) -> Iterator[str]:
    """All that is known of a case but its calls."""
    asked = case.asked
    yield f"case {case.id}: {case.state(now)}"
    yield f"  reference   {asked.reference}"
    yield f"  requested   {local(asked.requested)}"
    yield f"  asked       from {asked.number or '-'} to {asked.called or '-'}"
    yield f"  moment      {asked.moment}, give or take {asked.error_seconds} s"
    for clock in case.clocks(now):
        yield f"  {clock.duty:<11} {_clock(clock, now)}"
    none = "none of those that agree" if case.is_none else "none chosen yet"
    yield f"  calls       {', '.join(case.calls) or none}{' (held)' if case.is_held else ''}"
    for field, text in case.identity.given.items():
        yield plain(f"  {field:<11} " + text.replace("\n", "\n" + " " * 14))
    if case.missing:
        yield f"  missing     {', '.join(case.missing)}"
    for sent in case.sent:
        other = ": does not count, the case stands on other calls" if not (case.counts(sent) or sent.missing) else ""
        yield f"  sent        {local(sent.at)} {_sent(sent)}{other}"
    for block in case.blocks:
        yield from map(plain, _block(block))


def history(case: Case) -> Iterator[str]:
    """What happened, at the case and at the entries that block for it, oldest first; reminders are left to `--json`."""
    told = [(event.at, _told(event)) for event in case.history if event.name != "reminded"]
    told += [
        (act.at, f"{block.entry}: {act.action} by {act.by}: {act.why}") for block in case.blocks for act in block.acts
    ]
    for at, text in sorted(told, key=lambda one: one[0]):
        yield plain(f"  {local(at)}  {text}")


def match(call: StoredCall) -> str:
    """One call that a request may mean, in one line."""
    spoken = "not answered" if call.answered_at is None else f"{call.seconds or 0:.0f} s"
    numbers = f"{call.caller or 'no number'} -> {call.called or 'no number'}"
    return plain(f"{call.call}  {local(call.at)}  {numbers}  {call.trunk} from {call.peer}  {call.verdict}  {spoken}")


def origin(found: Origin) -> Iterator[str]:
    """Where a call came from."""
    yield f"call {found.call}"
    yield f"  began       {local(found.began)}"
    if found.answered is not None:
        yield f"  answered    {local(found.answered)}"
    if found.ended is not None:
        yield f"  ended       {local(found.ended)} {plain(found.cause)} ({found.status})"
    circuit = f", circuit {found.circuit}" if found.circuit else ""
    yield f"  trunk       {found.trunk} ({found.trunk_class}{circuit})"
    yield f"  operator    {found.operator or 'unknown; add operator to the trunk'}"
    yield f"  contact     {found.contact or 'unknown; add contact to the trunk'}"
    yield f"  peer        {found.peer} to {found.own}"
    yield plain(f"  call-id     {found.call_id}")
    for one in found.sent:
        yield f"  sent on     by {one.trunk} to {one.peer}, Call-ID {one.call_id}"
    for asked in found.roaming:
        yield f"  roaming     {asked.outcome}, {asked.source}, {local(asked.at)}"
    yield plain(f"  called      {found.called or 'purged'}")
    yield f"  verdict     {found.verdict} {found.basis}{'' if found.enforced else ' (trial: not enforced)'}"
    for number in found.numbers:
        yield plain(
            f"  number      {number.position}, {number.header}: {number.number or number.raw}, {number.outcome}"
        )
    for line in found.headers:
        yield plain(f"  | {line}")


def _sent(sent: Sent) -> str:
    """An answer that was handed over: what it was about, and what it left out."""
    if not sent.calls:
        return "that there is no such call" if not sent.missing else "about no call"
    lacks = f", without {', '.join(sent.missing)}" if sent.missing else ""
    return f"about {', '.join(sent.calls)}{lacks}"


def _block(block: Block) -> Iterator[str]:
    """What blocks the user, and whose word it was that it does no more."""
    user = ", ".join(f"{name} {text}" for name, text in block.user.items())
    yield f"  entry       {block.entry}, {block.state}: {user}"
    if block.ended is not None and block.release is not None:
        yield f"  released    {local(block.ended)} by {block.release.by}: {block.release.why}"


def _clock(clock: Clock, now: datetime.datetime) -> str:
    left = spell(clock.left(now))
    if clock.met is not None:
        return f"done {local(clock.met)}" + (f", LATE by {left}" if clock.is_late(now) else "")
    return f"LATE by {left}" if clock.is_late(now) else f"due {local(clock.due)}, in {left}"


def _clock_data(clock: Clock, now: datetime.datetime) -> dict[str, Any]:
    return {
        "duty": str(clock.duty),
        "since": clock.since,
        "due": clock.due,
        "met": clock.met,
        "late": clock.is_late(now),
        "seconds_left": round(clock.left(now).total_seconds()),
    }


def _told(event: Event) -> str:
    """An event and what it says, but for the identity, which is told as it is now."""
    rest = {name: value for name, value in {**event.facts, **event.personal}.items() if name != "identity" and value}
    listed = [f"{name} {', '.join(value) if isinstance(value, list) else value}" for name, value in rest.items()]
    return f"{event.name} by {event.by}" + (f": {'; '.join(listed)}" if listed else "")


def _event_data(event: Event) -> dict[str, Any]:
    return {"event": event.name, "at": event.at, "by": event.by, **event.facts, **event.personal}
