"""Claims in one line, for the tests of the policy."""

from datetime import UTC, datetime

from policy import (
    Answer,
    Assertion,
    Claim,
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


def elsewhere(raw: str) -> Assertion:
    return said(Position.OTHER, raw)


def claim(
    *assertions: Assertion,
    trunk_class: TrunkClass = TrunkClass.INTERNATIONAL,
    called: str = CALLED,
    emergency: bool = False,
) -> Claim:
    return Claim(trunk="T", trunk_class=trunk_class, called=called, assertions=assertions, emergency=emergency)


def judged(
    *assertions: Assertion,
    roaming: Roaming = Roaming.ABROAD,
    profile: Profile = BELGIUM,
    register: Register | None = None,
    now: datetime = NOW,
    called: str = CALLED,
) -> Verdict:
    """The verdict when every question gets the same answer."""
    one = claim(*assertions, called=called)
    known = register or Register()
    decided = decide(one, profile, known, now, {})
    if isinstance(decided, Questions):
        decided = decide(one, profile, known, now, {n: Answer(roaming, "test") for n in decided.numbers})
    assert isinstance(decided, Verdict)
    return decided


def outcome(*assertions: Assertion, roaming: Roaming = Roaming.ABROAD, called: str = CALLED) -> Outcome:
    return judged(*assertions, roaming=roaming, called=called).outcome
