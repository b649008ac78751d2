"""Laws that hold of every claim, searched for by Hypothesis."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy import Answer, Notation, Outcome, Position, Questions, Register, Roaming, TrunkClass, Verdict, decide
from policy.numbering import judge, read_display
from tests.policy.making import BELGIUM, LONDON, NOW, PLAN, claim, displayed, outcome, presented, said
from tests.policy.strategies import (
    CLI_POSITIONS,
    NATIONAL_SPELLINGS,
    SPELLINGS,
    USER_SPELLINGS,
    forbidden,
    geographic,
    home,
    mobile,
    non_geographic,
)

SIGNS = "+0123456789 -./()%;=:#*abcABCxX\u200b\u00ad\uff10\uff13\u0663\u3000\udcff\ud800\x00\t"
raws = st.one_of(
    st.text(st.characters(exclude_categories=[]), max_size=40),
    st.text(SIGNS, max_size=40),
    st.lists(st.sampled_from(["+32", "00", "32", "(0)", "0", "2555", "1212", "%2B", "%25", ";", "phone-context=", "="]))
    .map("".join),
)  # fmt: skip
notations = st.sampled_from(Notation)
positions = st.sampled_from(Position)
answers = st.sampled_from(Roaming)
cases = st.one_of(home, raws, st.sampled_from([LONDON, "anonymous", "1207", "+8001234567890", "+3293330000"]))
headers = st.sampled_from(["", "History-Info"])
assertions = st.lists(
    st.builds(said, positions, cases, notations, header=headers, user_phone=st.booleans()), max_size=6
)


def _elsewhere(position: Position) -> tuple[object, ...]:
    return () if position is Position.PRESENTATION else (presented(LONDON),)


@pytest.mark.law("K32")
@given(raws, notations, st.booleans())
def test_judging_a_text_never_raises(raw: str, notation: Notation, user_phone: bool) -> None:
    judge(raw, notation, PLAN, user_phone)
    read_display(raw, PLAN)


@pytest.mark.law("K32")
@given(assertions, raws, answers)
def test_deciding_never_raises_and_asks_only_once(claimed: list, called: str, answer: Roaming) -> None:
    one = claim(*claimed, called=called)
    decided = decide(one, BELGIUM, Register(), NOW, {})
    if isinstance(decided, Questions):
        assert 0 < len(decided.numbers) <= 8
        known = {number: Answer(answer, "t") for number in decided.numbers}
        decided = decide(one, BELGIUM, Register(), NOW, known)
    assert isinstance(decided, Verdict)
    assert decided.outcome is max((f.outcome for f in decided.findings), default=Outcome.PASS)
    assert len(decided.findings) >= len(claimed)


@pytest.mark.law("¶8 2°", "¶9")
@given(st.sampled_from(CLI_POSITIONS), st.sampled_from([*SPELLINGS, *USER_SPELLINGS, "plain"]), forbidden)
@pytest.mark.parametrize("notation", [Notation.SIP, Notation.TEL, Notation.OTHER])
@pytest.mark.parametrize("user_phone", [False, True])
def test_no_spelling_of_a_forbidden_number_passes_as_cli(
    notation: Notation, user_phone: bool, position: Position, name: str, number: str
) -> None:
    spell = {**SPELLINGS, **USER_SPELLINGS, "plain": str}[name]
    placed = said(position, spell(number), notation, user_phone=user_phone)
    assert outcome(*_elsewhere(position), placed) is Outcome.BLOCK


@pytest.mark.law("¶8 1°", "¶8 2°")
@given(st.sampled_from(CLI_POSITIONS), st.sampled_from([*NATIONAL_SPELLINGS][:3]), geographic | non_geographic)
def test_no_national_form_of_a_forbidden_number_passes_as_cli(position: Position, name: str, number: str) -> None:
    placed = said(position, NATIONAL_SPELLINGS[name](number))
    assert outcome(*_elsewhere(position), placed) is Outcome.BLOCK


@pytest.mark.law("¶9", "L2")
@given(st.sampled_from([*SPELLINGS, "plain"]), forbidden)
def test_no_spelling_of_a_forbidden_number_passes_in_a_display_name(name: str, number: str) -> None:
    text = {**SPELLINGS, "plain": str}[name](number)
    # From Greenland, where no number has more than six digits: nothing there reads as its own.
    assert outcome(presented("+299321234"), displayed(text)) is Outcome.BLOCK


@pytest.mark.law("¶9", "L2")
@given(st.sampled_from([*NATIONAL_SPELLINGS]), geographic | non_geographic)
def test_no_national_form_of_a_forbidden_number_passes_in_a_display_name(name: str, number: str) -> None:
    assert outcome(presented("+299321234"), displayed(NATIONAL_SPELLINGS[name](number))) is Outcome.BLOCK
    assert outcome(presented("+390612345678"), displayed(NATIONAL_SPELLINGS[name](number))) >= Outcome.STRIP


@pytest.mark.law("¶8")
@given(st.sampled_from(Position), st.sampled_from([*SPELLINGS, *USER_SPELLINGS]), home, answers)
@pytest.mark.parametrize("user_phone", [False, True])
def test_no_spelling_is_judged_milder_than_the_canonical_one(
    user_phone: bool, position: Position, name: str, number: str, answer: Roaming
) -> None:
    if position is Position.DISPLAY and name in USER_SPELLINGS:
        return
    text = {**SPELLINGS, **USER_SPELLINGS}[name](number)
    plain = outcome(*_elsewhere(position), said(position, number), roaming=answer)
    for notation in (Notation.SIP, Notation.TEL):
        spelt = said(position, text, notation, user_phone=user_phone)
        assert outcome(*_elsewhere(position), spelt, roaming=answer) >= plain


@pytest.mark.law("¶8 4°")
@given(st.sampled_from(["1207", "112", "116000"]), st.sampled_from(CLI_POSITIONS))
@pytest.mark.parametrize("name", ["percent escapes", "full width", "Arabic-Indic", "zero width", "hyphens", "spaces"])
def test_no_spelling_of_a_short_number_passes(name: str, number: str, position: Position) -> None:
    assert outcome(*_elsewhere(position), said(position, SPELLINGS[name](number))) is Outcome.BLOCK
    assert outcome(presented(LONDON), displayed(SPELLINGS[name](number))) is Outcome.BLOCK


@pytest.mark.law("¶8 3°")
@given(mobile, st.sampled_from(list(CLI_POSITIONS)), st.sampled_from(list(Roaming)[1:]))
def test_a_mobile_passes_as_cli_only_when_its_holder_says_abroad(
    number: str, position: Position, answer: Roaming
) -> None:
    assert outcome(*_elsewhere(position), said(position, number), roaming=answer) > Outcome.PASS
    assert outcome(*_elsewhere(position), said(position, number)) is Outcome.PASS


@pytest.mark.law("¶24")
@given(assertions, raws)
def test_a_national_call_is_never_altered(claimed: list, called: str) -> None:
    verdict = decide(claim(*claimed, called=called, trunk_class=TrunkClass.NATIONAL), BELGIUM, Register(), NOW, {})
    assert isinstance(verdict, Verdict)
    assert (verdict.outcome, verdict.findings, verdict.flags) == (Outcome.PASS, (), ())


@pytest.mark.law("¶9")
@given(assertions, st.randoms(use_true_random=False), answers)
def test_the_order_of_headers_never_matters(claimed: list, random: object, answer: Roaming) -> None:
    shuffled = list(claimed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (decide(claim(*c), BELGIUM, Register(), NOW, {}) for c in (claimed, shuffled))
    if isinstance(one, Questions):
        assert one == other
        known = {number: Answer(answer, "t") for number in one.numbers}
        one, other = (decide(claim(*c), BELGIUM, Register(), NOW, known) for c in (claimed, shuffled))
    assert isinstance(one, Verdict)
    assert isinstance(other, Verdict)
    assert (one.outcome, one.basis, one.flags) == (other.outcome, other.basis, other.flags)
    assert sorted(map(repr, one.findings)) == sorted(map(repr, other.findings))


@pytest.mark.law("¶8")
@given(assertions, assertions, answers)
def test_an_assertion_more_never_makes_a_call_milder_unless_a_display_name_repeats_it(
    claimed: list, more: list, answer: Roaming
) -> None:
    silent = [a for a in claimed if a.position is not Position.DISPLAY]
    assert outcome(*silent, *more, roaming=answer) >= outcome(*silent, roaming=answer)


@pytest.mark.law("¶25")
@given(st.sampled_from(["+33612345678", "0033612345678", "+12125550123", "+4512345678", "+2905123", "+6835123"]))
def test_a_foreign_number_passes_whatever_a_library_thinks_of_it(number: str) -> None:
    for position in CLI_POSITIONS:
        assert outcome(said(position, number)) is Outcome.PASS


@pytest.mark.law("K32")
@pytest.mark.parametrize(
    "piece",
    ["1", "0 ", "+32", "+331 ", "%25", "%2B32 ", ";phone-context=+32", "\u0301\u0316", "\ufdfa", "0a", "\udc80", "(("],
)
def test_a_huge_text_is_judged_in_linear_time(piece: str) -> None:
    huge = (piece * 65536)[:65536]
    start = time.perf_counter()
    judge(huge, Notation.SIP, PLAN)
    judge(huge, Notation.OTHER, PLAN)
    outcome(presented(LONDON), displayed(huge))
    # A quadratic step would take minutes; these take a second on a slow machine.
    assert time.perf_counter() - start < 10
