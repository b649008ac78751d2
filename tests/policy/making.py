"""Claims in one line, for the tests of the policy."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from policy import (
    Answer,
    Assertion,
    Claim,
    Ledger,
    Notation,
    Outcome,
    Position,
    Profile,
    Questions,
    Register,
    Roaming,
    TrunkClass,
    Verdict,
    decide,
)

BELGIUM = Profile.load("belgium")
PLAN = BELGIUM.plan
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
CALLED = "+3293330000"
LONDON = "+442079460000"
_HEADERS = {
    Position.PRESENTATION: "From",
    Position.DISPLAY: "From",
    Position.NETWORK: "P-Asserted-Identity",
    Position.REDIRECT: "Diversion",
    Position.OTHER: "Referred-By",
}


def said(
    position: Position,
    raw: str,
    notation: Notation = Notation.SIP,
    *,
    header: str = "",
    index: int = 0,
    user_phone: bool = False,
) -> Assertion:
    if position is Position.DISPLAY:
        notation = Notation.DISPLAY
    return Assertion(
        position=position,
        header=header or _HEADERS[position],
        index=index,
        raw=raw,
        notation=notation,
        user_phone=user_phone,
    )


def presented(raw: str, notation: Notation = Notation.SIP, *, user_phone: bool = False) -> Assertion:
    return said(Position.PRESENTATION, raw, notation, user_phone=user_phone)


def displayed(raw: str) -> Assertion:
    return said(Position.DISPLAY, raw)


def asserted(raw: str, index: int = 0) -> Assertion:
    return said(Position.NETWORK, raw, index=index)


def diverted(raw: str, index: int = 0) -> Assertion:
    return said(Position.REDIRECT, raw, index=index)


def history(raw: str, index: int = 0) -> Assertion:
    return said(Position.REDIRECT, raw, header="History-Info", index=index)


def enclosed(raw: str, index: int = 0, *, is_first: bool = False) -> Assertion:
    """Who redirected, by the ISUP of a SIP-I peer."""
    return attrs.evolve(said(Position.REDIRECT, raw, header="ISUP", index=index), is_first=is_first)


def elsewhere(raw: str) -> Assertion:
    return said(Position.OTHER, raw)


def claim(
    *assertions: Assertion,
    trunk_class: TrunkClass = TrunkClass.INTERNATIONAL,
    called: str = CALLED,
    trunk: str = "T",
    **more: Any,
) -> Claim:
    return Claim(trunk=trunk, trunk_class=trunk_class, called=called, assertions=assertions, **more)


def asked(
    one: Claim,
    register: Register = Register(),  # noqa: B008 - it never changes
    roaming: Mapping[str, Roaming] | Roaming = Roaming.ABROAD,
    *,
    profile: Profile = BELGIUM,
    now: datetime = NOW,
    ledger: Ledger | None = None,
) -> Verdict:
    """The verdict once every question has been answered: with one answer for all, or by number."""
    decided = decide(one, profile, register, now, {}, ledger=ledger)
    if isinstance(decided, Questions):
        said = {n: roaming if isinstance(roaming, Roaming) else roaming[n] for n in decided.numbers}
        known = {n: Answer(outcome, "test") for n, outcome in said.items()}
        decided = decide(one, profile, register, now, known, ledger=ledger)
    assert isinstance(decided, Verdict)
    return decided


def judged(
    *assertions: Assertion,
    roaming: Roaming = Roaming.ABROAD,
    profile: Profile = BELGIUM,
    register: Register | None = None,
    now: datetime = NOW,
    called: str = CALLED,
) -> Verdict:
    """The verdict on an international trunk when every question gets the same answer."""
    return asked(claim(*assertions, called=called), register or Register(), roaming, profile=profile, now=now)


def outcome(*assertions: Assertion, roaming: Roaming = Roaming.ABROAD, called: str = CALLED) -> Outcome:
    return judged(*assertions, roaming=roaming, called=called).outcome
