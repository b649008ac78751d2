"""How the rules meet: questions, precedence, what is not a redirection, and what is searched for afterwards."""

from datetime import UTC, date, datetime

import attrs
import pytest

from policy import (
    Answer,
    Dossier,
    Notation,
    Outcome,
    PolicyError,
    Position,
    Profile,
    Questions,
    Register,
    Roaming,
    TrunkClass,
    Verdict,
    decide,
)
from policy.rules import display
from tests.policy.making import (
    BELGIUM,
    CALLED,
    LONDON,
    NOW,
    asserted,
    claim,
    displayed,
    diverted,
    elsewhere,
    history,
    judged,
    outcome,
    presented,
    said,
)

MOBILE = "+32470123456"
OTHER_MOBILE = "+32475111111"
BRUSSELS = "+3225551212"


def _first(*assertions: object, **more: object) -> Verdict | Questions:
    return decide(claim(*assertions, **more), BELGIUM, Register("v7"), NOW, {})  # type: ignore[arg-type]


@pytest.mark.law("¶8 3°")
def test_all_mobile_numbers_that_matter_are_asked_at_once_and_each_once() -> None:
    asked = _first(presented(OTHER_MOBILE), asserted(MOBILE), asserted("0032470123456", 1), diverted("+32460000000"))
    assert asked == Questions(("+32460000000", MOBILE, OTHER_MOBILE))


def test_a_number_left_unanswered_is_asked_again() -> None:
    both = claim(presented(OTHER_MOBILE), asserted(MOBILE))
    known = {OTHER_MOBILE: Answer(Roaming.ABROAD, "t")}
    assert decide(both, BELGIUM, Register(), NOW, known) == Questions((MOBILE,))


@pytest.mark.law("¶8")
def test_nothing_is_asked_when_the_call_is_refused_anyway() -> None:
    for sure in (asserted(BRUSSELS), displayed(BRUSSELS), diverted("1207")):
        verdict = _first(presented(MOBILE), sure)
        assert isinstance(verdict, Verdict)
        assert verdict.outcome is Outcome.BLOCK
        left = next(f for f in verdict.findings if f.number == MOBILE)
        assert left.outcome is Outcome.WITHHOLD
        assert left.flag == "not-asked"
        assert "not-asked" in verdict.flags


@pytest.mark.law("L3")
def test_a_redirecting_mobile_that_is_not_asked_is_stripped() -> None:
    verdict = _first(presented("+3280012345"), diverted(MOBILE))
    assert isinstance(verdict, Verdict)
    assert [f.outcome for f in verdict.findings] == [Outcome.BLOCK, Outcome.STRIP]


def test_one_answer_that_blocks_makes_the_other_questions_needless() -> None:
    both = claim(presented(OTHER_MOBILE), asserted(MOBILE))
    verdict = decide(both, BELGIUM, Register(), NOW, {MOBILE: Answer(Roaming.NOT_ABROAD, "t")})
    assert isinstance(verdict, Verdict)
    assert [f.outcome for f in verdict.findings] == [Outcome.WITHHOLD, Outcome.BLOCK]
    assert verdict.deciding is not None
    assert verdict.deciding.number == MOBILE


@pytest.mark.law("K32")
def test_a_call_with_more_mobile_numbers_than_may_be_asked_is_refused() -> None:
    numbers = [f"+3247000000{i}" for i in range(9)]
    assert isinstance(_first(*(asserted(n, i) for i, n in enumerate(numbers[:8]))), Questions)
    refused = _first(*(asserted(n, i) for i, n in enumerate(numbers)))
    assert isinstance(refused, Verdict)
    assert refused.outcome is Outcome.BLOCK


@pytest.mark.law("K32")
def test_a_call_with_more_identities_than_are_read_is_refused() -> None:
    assert outcome(*(asserted(LONDON, i) for i in range(256))) is Outcome.PASS
    assert outcome(*(asserted(LONDON, i) for i in range(257))) is Outcome.BLOCK


@pytest.mark.law("¶25")
def test_a_text_and_a_foreign_number_ask_nothing() -> None:
    assert isinstance(_first(presented("anonymous"), asserted(LONDON), displayed(MOBILE)), Verdict)


@pytest.mark.law("¶8 3°", "L5", "K12")
def test_withholding_for_want_of_a_check_needs_a_dossier_that_holds_today() -> None:
    dossier = Dossier(prefix="+32456", reference="D-1", since=date(2026, 7, 1), until=date(2026, 7, 1))
    register = Register("v1", (dossier,))
    verdict = judged(presented("+32456000000"), roaming=Roaming.NOT_OFFERED, register=register)
    assert verdict.outcome is Outcome.WITHHOLD
    assert verdict.deciding is not None
    assert "D-1" in verdict.deciding.why
    assert verdict.register == "v1"
    for number, day in (("+32455000000", 1), ("+32456000000", 2)):
        late = datetime(2026, 7, day, 12, tzinfo=UTC)
        blocked = judged(presented(number), roaming=Roaming.NOT_OFFERED, register=register, now=late)
        assert blocked.outcome is Outcome.BLOCK


def _with(old: str, new: str) -> Profile:
    from importlib.resources import files

    text = (files("policy.profiles") / "belgium.toml").read_text(encoding="utf-8")
    assert old in text
    return Profile.parse(text.replace(old, new).encode(), "belgium.toml")


@pytest.mark.law("L4")
def test_a_failed_check_blocks_when_the_profile_says_so() -> None:
    strict = _with('on_error = "withhold"', 'on_error = "block"')
    assert judged(presented(MOBILE), roaming=Roaming.FAILED, profile=strict).outcome is Outcome.BLOCK


@pytest.mark.law("L6")
def test_machines_are_asked_about_when_the_profile_calls_them_mobile() -> None:
    mobile = _with('machine = "non-geographic"', 'machine = "mobile"')
    machine = claim(presented("+32771234567890"))
    assert decide(machine, mobile, Register(), NOW, {}) == Questions(("+32771234567890",))


@pytest.mark.law("¶4")
@pytest.mark.parametrize(
    ("moment", "fixed", "mobile"),
    [
        (datetime(2024, 8, 31, 21, 59, tzinfo=UTC), Outcome.PASS, Outcome.PASS),
        (datetime(2024, 8, 31, 22, 0, tzinfo=UTC), Outcome.BLOCK, Outcome.PASS),  # midnight in Brussels, summer
        (datetime(2024, 11, 30, 22, 59, tzinfo=UTC), Outcome.BLOCK, Outcome.PASS),
        (datetime(2024, 11, 30, 23, 0, tzinfo=UTC), Outcome.BLOCK, Outcome.BLOCK),  # and in winter
    ],
)
def test_each_rule_begins_at_midnight_in_brussels_of_its_day(moment: datetime, fixed: Outcome, mobile: Outcome) -> None:
    for raw, expected in ((BRUSSELS, fixed), ("1207", fixed), ("612345678", fixed), (MOBILE, mobile)):
        assert judged(presented(raw), roaming=Roaming.NOT_ABROAD, now=moment).outcome is expected


@pytest.mark.law("¶4")
def test_a_mobile_is_not_asked_about_before_its_rule() -> None:
    before = datetime(2024, 10, 1, tzinfo=UTC)
    verdict = decide(claim(presented(MOBILE), displayed("+32470999999")), BELGIUM, Register(), before, {})
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.PASS
    assert "2024-12-01" in verdict.findings[0].why


@pytest.mark.law("¶24")
def test_national_traffic_is_untouched_and_asks_nothing() -> None:
    everything = (presented(BRUSSELS), displayed("112"), asserted(MOBILE), diverted("0470"), elsewhere(BRUSSELS))
    verdict = _first(*everything, trunk_class=TrunkClass.NATIONAL)
    assert isinstance(verdict, Verdict)
    assert (verdict.outcome, verdict.basis, verdict.findings, verdict.flags) == (Outcome.PASS, "¶24", (), ())


@pytest.mark.law("L13")
def test_a_call_to_an_emergency_service_is_never_stopped() -> None:
    verdict = _first(presented(BRUSSELS), asserted(MOBILE), called="112", emergency=True)
    assert isinstance(verdict, Verdict)
    assert (verdict.outcome, verdict.flags) == (Outcome.PASS, ("emergency",))
    assert outcome(presented(BRUSSELS), called="112") is Outcome.BLOCK


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(PolicyError, match="aware"):
        decide(claim(), BELGIUM, Register(), datetime(2026, 7, 1), {})


@pytest.mark.law("¶33", "K18")
def test_the_verdict_names_profile_register_and_moment() -> None:
    verdict = judged(presented(LONDON))
    assert verdict.profile.startswith("belgium 2024-12-01 ")
    assert verdict.register == "empty"
    assert verdict.decided_at == NOW
    assert verdict.basis == "¶25"
    assert verdict.deciding is None


@pytest.mark.law("K9")
@pytest.mark.parametrize(
    "entry",
    ["+3293330000", "003293330000", "%2B3293330000", "093330000", "+3293330000;npdi", "93330000;phone-context=+32"],
)
def test_a_history_entry_that_is_the_called_number_is_no_redirection(entry: str) -> None:
    assert outcome(presented(LONDON), history(entry)) is Outcome.PASS
    assert outcome(presented(LONDON), history("+33612345678"), history(entry, 1)) is Outcome.PASS


@pytest.mark.law("K9")
def test_the_called_number_may_be_written_in_any_form_in_the_request_uri() -> None:
    for called in ("093330000", "003293330000", "+3293330000;npdi", "+3293330000;rn=+3248601"):
        assert outcome(presented(LONDON), history("+3293330000"), called=called) is Outcome.PASS
    assert outcome(presented(LONDON), history("1733"), called="1733") is Outcome.PASS


@pytest.mark.law("¶9", "K9")
def test_a_number_that_only_the_request_uris_parameters_hold_is_not_the_called_one() -> None:
    smuggling = "+3293330000;rn=+3225551212"
    assert outcome(presented(LONDON), history(BRUSSELS), called=smuggling) is Outcome.BLOCK
    assert outcome(presented(LONDON), elsewhere(BRUSSELS), called=smuggling) is Outcome.STRIP
    assert outcome(presented(LONDON), history(smuggling), called=smuggling) is Outcome.PASS


@pytest.mark.law("¶9", "K9")
@pytest.mark.parametrize("entry", ["+3293330000", "+33612345678", "anonymous"])
def test_a_home_number_behind_the_host_of_an_entry_is_never_the_called_one(entry: str) -> None:
    rest = attrs.evolve(history(";npdi;rn=+3227654321"), notation=Notation.PARAMETERS)
    for called in (CALLED, f"{CALLED};npdi;rn=+3227654321"):
        assert outcome(presented(LONDON), history(entry), rest, called=called) is Outcome.BLOCK
    network = attrs.evolve(rest, raw=";npdi;rn=C00001;rn-context=+32")
    assert outcome(presented(LONDON), history(entry), network) is Outcome.PASS


@pytest.mark.law("K9")
def test_a_call_to_nobody_has_no_current_target() -> None:
    for called in ("", "alice", "alice;rn=+3225551212"):
        assert outcome(presented(LONDON), history(BRUSSELS), called=called) is Outcome.BLOCK


@pytest.mark.law("¶9", "K9")
def test_a_history_entry_that_is_another_number_is_judged() -> None:
    assert outcome(presented(LONDON), history(BRUSSELS), history(CALLED, 1)) is Outcome.BLOCK
    assert outcome(presented(LONDON), history("+3293330000;rn=+3225551212")) is Outcome.BLOCK
    assert outcome(presented(LONDON), history("+32475111111"), roaming=Roaming.NOT_ABROAD) is Outcome.STRIP


@pytest.mark.law("¶9")
def test_a_diversion_from_the_called_number_is_a_redirection_all_the_same() -> None:
    assert outcome(presented(LONDON), diverted(CALLED)) is Outcome.BLOCK


def test_a_home_number_that_is_no_cli_is_stripped_and_flagged_but_never_asked_about() -> None:
    for raw in (BRUSSELS, MOBILE, "025551212", "+32(0)2 555 12 12", "+442079460000;rn=+3225551212"):
        verdict = _first(presented(LONDON), elsewhere(raw))
        assert isinstance(verdict, Verdict)
        assert (verdict.outcome, verdict.flags) == (Outcome.STRIP, ("not-a-cli",))
    assert outcome(presented(LONDON), elsewhere(CALLED)) is Outcome.PASS
    assert outcome(presented(LONDON), elsewhere("093330000")) is Outcome.PASS
    assert outcome(presented(LONDON), elsewhere("+3293330000;rn=+3225551212")) is Outcome.STRIP
    assert outcome(presented(LONDON), elsewhere("1207;rn=+3225551212")) is Outcome.STRIP


def test_flags_name_what_is_to_be_counted() -> None:
    assert judged(presented("+8001234567890")).flags == ("global-service",)
    assert judged(presented(LONDON), displayed("Police 101")).flags == ("protected-code",)
    assert judged(presented(LONDON)).flags == ()


@pytest.mark.law("¶8")
def test_the_most_severe_position_decides() -> None:
    strip = (presented(LONDON), displayed("+33612345678"))
    assert outcome(*strip) is Outcome.STRIP
    assert outcome(*strip, asserted(MOBILE), roaming=Roaming.FAILED) is Outcome.WITHHOLD
    assert outcome(*strip, asserted(MOBILE), roaming=Roaming.NOT_ABROAD) is Outcome.BLOCK


@pytest.mark.law("¶8")
def test_every_home_number_of_a_field_has_its_finding_and_digits() -> None:
    verdict = judged(presented(LONDON), elsewhere("+3225551212 or 0470 12 34 56"))
    assert {f.digits for f in verdict.findings if f.position is Position.OTHER} == {"25551212", "470123456"}


def test_a_withheld_number_is_searched_for_without_its_country_code() -> None:
    verdict = judged(presented("0032470123456"), roaming=Roaming.FAILED)
    assert [(f.number, f.digits) for f in verdict.findings] == [(MOBILE, "470123456")]


def test_digits_that_may_be_shown_elsewhere_in_the_call_are_not_searched_for() -> None:
    own_badly_spelt = judged(presented(LONDON), displayed("442079460000"))
    assert own_badly_spelt.outcome is Outcome.STRIP
    assert {f.digits for f in own_badly_spelt.findings} == {""}
    national = judged(presented(MOBILE), displayed("0470123456"))
    assert {f.digits for f in national.findings} == {""}


def test_a_protected_word_and_a_short_number_leave_nothing_to_search_for() -> None:
    for raw in ("Police 101", "Call +321207"):
        verdict = judged(presented(LONDON), displayed(raw))
        assert verdict.outcome is Outcome.STRIP
        assert {f.digits for f in verdict.findings} == {""}


@pytest.mark.law("¶33")
def test_a_reason_can_be_handed_on() -> None:
    verdict = judged(presented("+320470123456"))
    assert verdict.deciding is not None
    assert verdict.deciding.why == (
        "'+320470123456' in From is not in E.157 form: it keeps the national trunk zero after the country code, and it "
        "hides +32470123456 (mobile); a call from abroad may not carry it there."
    )
    assert verdict.deciding.number == MOBILE
    assert verdict.deciding.range == "bad form"


@pytest.mark.law("L9")
def test_a_transit_to_another_country_is_judged_like_any_call() -> None:
    assert outcome(presented(BRUSSELS), called="+33155555555") is Outcome.BLOCK


@pytest.mark.law("¶8 1°")
def test_a_display_notation_where_a_cli_stands_is_judged_as_strictly_as_a_cli() -> None:
    assert outcome(presented("+33 6 12 34 56 78", Notation.DISPLAY)) is Outcome.BLOCK


@pytest.mark.law("¶9", "L11")
def test_a_number_that_passed_at_the_set_up_passes_again_within_the_call() -> None:
    later = claim(asserted(BRUSSELS), diverted(BRUSSELS), admitted=frozenset({BRUSSELS}))
    verdict = decide(later, BELGIUM, Register(), NOW, {})
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.PASS
    other = decide(claim(asserted("+3225551213"), admitted=frozenset({BRUSSELS})), BELGIUM, Register(), NOW, {})
    assert isinstance(other, Verdict)
    assert other.outcome is Outcome.BLOCK
    named = decide(
        claim(asserted(BRUSSELS), displayed("02 555 12 12"), admitted=frozenset({BRUSSELS})),
        BELGIUM,
        Register(),
        NOW,
        {},
    )
    assert isinstance(named, Verdict)
    assert named.outcome is Outcome.PASS
    mobile = claim(asserted(MOBILE), displayed("0470 12 34 56"), admitted=frozenset({MOBILE}))
    unnamed = decide(mobile, BELGIUM, Register(), NOW, {})
    assert isinstance(unnamed, Verdict)
    assert {str(found.position): found.outcome for found in unnamed.findings} == {
        "network": Outcome.PASS,
        "display": Outcome.STRIP,
    }
    badly = decide(claim(asserted("3225551212"), admitted=frozenset({BRUSSELS})), BELGIUM, Register(), NOW, {})
    assert isinstance(badly, Verdict)
    assert badly.outcome is Outcome.BLOCK


@pytest.mark.law("¶9", "K11")
def test_a_number_that_contains_the_digits_of_a_hidden_one_does_not_uncover_it() -> None:
    # +1 470 123 4567 is a number of Atlanta; it holds the national digits of the Belgian mobile.
    failed = {MOBILE: Answer(Roaming.FAILED, "t")}
    withheld = decide(claim(presented(MOBILE), asserted("+14701234567")), BELGIUM, Register(), NOW, failed)
    assert isinstance(withheld, Verdict)
    assert "470123456" in {f.digits for f in withheld.findings}
    home = {MOBILE: Answer(Roaming.NOT_ABROAD, "t")}
    stripped = decide(claim(presented("+14701234567"), diverted(MOBILE)), BELGIUM, Register(), NOW, home)
    assert isinstance(stripped, Verdict)
    assert (stripped.outcome, stripped.findings[-1].digits) == (Outcome.STRIP, "470123456")


@pytest.mark.law("¶25")
@pytest.mark.parametrize(
    ("number", "name", "digits"),
    [
        ("+31475123456", "0475 123456", ""),
        ("+39025551212", "02 555 12 12", ""),
        ("+31475123457", "0475 123456", "475123456"),
        ("+3904751234567", "0475 123456", "475123456"),
    ],
)
def test_the_cli_as_its_own_country_dials_it_is_no_secret_and_another_number_is(
    number: str, name: str, digits: str
) -> None:
    for caller in ((presented(number),), (presented("anonymous"), asserted(number))):
        verdict = judged(*caller, displayed(name))
        (shown,) = [f for f in verdict.findings if f.position is Position.DISPLAY]
        assert (verdict.outcome, shown.digits) == (Outcome.STRIP, digits)


@pytest.mark.parametrize(("countries", "names"), [(49, 8), (3, 25), (49, 25)])
def test_a_claim_of_many_countries_or_many_names_is_not_read_at_length(
    countries: int, names: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(display, "dialled_in", lambda digits, code: bool(asked.append(digits)))
    codes = [code for code in range(20, 90) if code != 32][:countries]
    shown = [" / ".join(f"02{5_000_000 + 100 * n + k}" for k in range(64)) for n in range(names)]
    callers = [asserted(f"+{code}{'5' * 9}", code) for code in codes]
    said_names = [said(Position.DISPLAY, text, index=n) for n, text in enumerate(shown)]
    verdict = decide(claim(presented(LONDON), *callers, *said_names), BELGIUM, Register(), NOW, {})
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.BLOCK
    assert asked == []
