"""Writes what happens to a case at the desk, after a look whether it may: read and written under one hold, so that two
people who work on one case see each other's work.

Everything here raises CaseError for what cannot be done, MomentError for what is no moment, and JournalError where the
desk cannot be read or written; then nothing has happened.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

from b2bua.call.acts import Record
from b2bua.cases import event
from b2bua.cases.case import Case, State
from b2bua.cases.clock import Duty
from b2bua.cases.docket import Docket
from b2bua.cases.event import Asked, Event
from b2bua.cases.identity import LONGEST, Identity, Method
from b2bua.civil import BRUSSELS, error_of, spans_of
from b2bua.errors import CaseError
from b2bua.evidence import Desk, holds
from policy.register import civil_day

#: The events that follow from a case as it stands.
Making = Callable[[Case], Sequence[Event]]


def docket_of(desk: Desk, now: datetime.datetime) -> Docket:
    """All cases as the desk has them."""
    return Docket.fold(desk.lines(), civil_day(now))


def open_case(desk: Desk, asked: Asked, *, by: str, note: str = "", now: datetime.datetime) -> Case:
    """A request has come in: its clock runs from `asked.requested`."""
    _must_be_said(reference=asked.reference, moment=asked.moment)
    _judge_texts(by, asked.reference, asked.number, asked.called, note)
    if asked.requested > now:
        raise CaseError(f"the request came in at {asked.requested}, which is in the future")
    spans_of(asked.moment, error_of(asked.error_seconds))
    with desk.writing() as append:
        case = docket_of(desk, now).next_id(now.astimezone(BRUSSELS).year)
        append([event.opened(asked, by, now, note).record(case)])
        return docket_of(desk, now)[case]


def file_calls(desk: Desk, case: str, calls: Sequence[str], matches: int, *, by: str, now: datetime.datetime) -> Case:
    """It was these calls, of so many that were looked at, or none of them; their evidence is kept from retention, and
    that of calls that were named before is not."""

    def making(found: Case) -> list[Event]:
        _must_be_open(found)
        return [event.found(calls, matches, by, now)]

    return _file(desk, case, making, by, now, holding=_hold)


def identify(desk: Desk, case: str, given: Mapping[str, str], *, by: str, now: datetime.datetime) -> Case:
    """Something of the user's identity has become known; fields that were known take the new text."""
    _judge_texts(by, *given.values())
    _judge_fields(given)
    if given.get("method", "direct") not in [*Method]:
        raise CaseError(f"{given['method']!r} is no way to obtain an identity; direct or indirect (art. 127)")
    if not any(given.values()):
        raise CaseError("nothing has been told of the user; --name, --address, --data, or --other with --method")

    def making(found: Case) -> list[Event]:
        _must_be_open(found)
        disputed = found.disputed - set(given)
        missing = dict.fromkeys([*found.identity.after(given).missing, *sorted(disputed)])
        return [event.identified(given, list(missing), by, now)]

    return _file(desk, case, making, by, now)


def dispute(
    desk: Desk,
    case: str,
    fields: Sequence[str],
    why: str,
    *,
    when: datetime.datetime | None = None,
    by: str,
    now: datetime.datetime,
) -> Case:
    """The identity is incomplete or wrong: the second clock runs. A case that was closed is open again."""
    _must_be_said(why=why)
    _judge_texts(by, why)
    _judge_fields(fields)

    def making(found: Case) -> list[Event]:
        told = fields or (("other", "method") if found.identity.other else Identity().missing)
        if when is not None and not found.asked.requested <= when <= now:
            raise CaseError(f"it cannot have been found wrong at {when}: before the request, or in the future")
        return [event.disputed(told, why, by, now, when)]

    return _file(desk, case, making, by, now, holding=_hold_again)


def file_trace(
    desk: Desk, case: str, asked: Sequence[tuple[str, str]], language: str, *, by: str, now: datetime.datetime
) -> Case:
    """These operators, each with its trunk, have been sent the request to trace."""

    def making(found: Case) -> list[Event]:
        _must_be_open(found)
        return [event.traced(operator, trunk, language, by, now) for operator, trunk in asked]

    return _file(desk, case, making, by, now)


def file_answer(
    desk: Desk,
    case: Case,
    files: Sequence[str],
    digest: str,
    language: str,
    *,
    by: str,
    now: datetime.datetime,
) -> Case:
    """The answer's files have been made of the case as it is handed over here."""

    def making(found: Case) -> list[Event]:
        _must_be_open(found)
        if found.identity != case.identity or found.calls != case.calls:
            raise CaseError(f"{case.id} was changed by somebody else while the answer was made; make it again")
        return [event.prepared(files, digest, found.lacks, language=language, by=by, now=now)]

    return _file(desk, case.id, making, by, now)


def send(desk: Desk, case: str, how: str, when: datetime.datetime, *, by: str, now: datetime.datetime) -> Case:
    """The answer that was made last has been handed to the regulator at that moment."""
    _must_be_said(how=how)
    _judge_texts(by, how)

    def making(found: Case) -> list[Event]:
        _must_be_open(found)
        if not found.digest:
            raise CaseError(f"no answer has been made for {case}; `b2bua case answer`")
        if not found.asked.requested <= when <= now:
            raise CaseError(f"an answer cannot have been sent at {when}: before the request, or in the future")
        made = next(one.at for one in reversed(found.history) if one.name == "prepared")
        if when < made:
            raise CaseError(f"the answer was made at {made}, and cannot have been sent at {when}")
        return [event.answered(how, when, found.digest, found.prepared, by=by, now=now)]

    return _file(desk, case, making, by, now)


def note(desk: Desk, case: str, text: str, *, by: str, now: datetime.datetime) -> Case:
    """Something that should be known of it."""
    _must_be_said(note=text)
    _judge_texts(by, text)
    return _file(desk, case, lambda _: [event.noted(text, by, now)], by, now)


def remind(desk: Desk, case: str, duty: Duty, hours: int, way: str, *, by: str, now: datetime.datetime) -> Case:
    """Somebody was told; once for each mark and way."""

    def making(found: Case) -> list[Event]:
        return [] if (duty, hours, way) in found.told else [event.reminded(duty, hours, way, by, now)]

    return _file(desk, case, making, by, now)


def hold(desk: Desk, case: str, *, is_held: bool, by: str, now: datetime.datetime) -> Case:
    """Whether the evidence of its calls is kept from retention."""
    return _file(desk, case, lambda _: [], by, now, holding=_hold if is_held else _free)


def close(desk: Desk, case: str, why: str, *, keep_hold: bool, by: str, now: datetime.datetime) -> Case:
    """Nothing more is to be done; what is still due must be given up in so many words. Unless it is kept, the hold on
    its calls ends."""
    _judge_texts(by, why)

    def making(found: Case) -> list[Event]:
        _must_be_open(found)
        state = found.state(now)
        if any(clock.met is None for clock in found.clocks(now)) and not why.strip():
            left = f"{state}, which" if state in (State.OPEN, State.TO_BLOCK) else f"{state}, but its answer"
            raise CaseError(f"{case} is {left} is a duty by law; --why says for what reason it ends undone")
        return [event.closed(why, by, now)]

    return _file(desk, case, making, by, now, holding=None if keep_hold else _free)


#: The lines about holds that go with it.
Holding = Callable[[Case, str, datetime.datetime], Sequence[Record]]


def _file(
    desk: Desk, case: str, making: Making, by: str, now: datetime.datetime, *, holding: Holding | None = None
) -> Case:
    if not by.strip():
        raise CaseError("nobody is named who could answer for it; --by NAME")
    with desk.writing() as append:
        found = docket_of(desk, now)[case]
        made = making(found)
        for one in made:
            found = found.after(one)
        lines = [*(one.record(case) for one in made), *(holding(found, by, now) if holding else ())]
        if lines:
            append(lines)
        return docket_of(desk, now)[case]


def _hold(case: Case, by: str, now: datetime.datetime) -> list[Record]:
    """Its calls, and no others for its sake."""
    return [*_free(case, by, now), holds.hold(case.calls, by, case.reason, now)] if case.calls else _free(case, by, now)


def _hold_again(case: Case, by: str, now: datetime.datetime) -> list[Record]:
    """The calls of a case that is open again."""
    return [] if case.is_held else _hold(case, by, now)


def _free(case: Case, by: str, now: datetime.datetime) -> list[Record]:
    return [holds.release(case.reason, by, now)] if case.is_held else []


def _must_be_open(case: Case) -> None:
    if case.closed is not None:
        raise CaseError(f"{case.id} is closed; `b2bua case incomplete` opens it again, where its answer was wrong")


def _must_be_said(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise CaseError(f"--{name} says nothing")


def _judge_fields(fields: Iterable[str]) -> None:
    known = [field.name for field in attrs.fields(Identity)]
    for field in fields:
        if field not in known:
            raise CaseError(f"{field!r} is no part of an identity; one of {', '.join(known)}")


def _judge_texts(*texts: str) -> None:
    """What people write is kept for years, and shown to others."""
    for text in texts:
        if len(text) > LONGEST:
            raise CaseError(
                f"a text of {len(text)} characters is longer than {LONGEST}; keep it in a file, and name that"
            )
        if not all(one == "\n" or one.isprintable() for one in text):
            raise CaseError(f"{text!r} holds characters that cannot be shown")
