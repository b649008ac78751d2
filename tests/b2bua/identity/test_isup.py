from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.identity.isup import KNOWN, LONGEST, MESSAGES, NUMBERS, IsupMessage, read_isup
from policy.claim import Assertion, Claim, Notation, Position, TrunkClass
from policy.engine import decide
from policy.profile import Profile
from policy.register import Register
from policy.roaming import Answer, Questions, Roaming
from policy.verdict import Finding, Outcome, Verdict
from sipstack.errors import ParseError
from tests.b2bua.identity.making_isup import (
    ADDITIONAL_CALLING,
    ADDITIONAL_CONNECTED,
    ADDITIONAL_ORIGINAL,
    ADDITIONAL_REDIRECTING,
    CALLED_IN,
    CALLING,
    CONNECTED,
    DIGITS,
    DISPLAY,
    GENERIC,
    INTERNATIONAL,
    LOCATION,
    NATIONAL,
    ORIGINAL,
    REDIRECTING,
    REDIRECTION,
    SUBSCRIBER,
    TRANSFER,
    TRANSPORT,
    UNKNOWN,
    Spoken,
    acm,
    anm,
    cpg,
    iam,
    inf,
    number,
    rel,
    rlc,
    spoken,
)

BELGIUM = Profile.load("belgium")
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def told(octets: bytes) -> list[tuple[str, str]]:
    """Position and text of each assertion."""
    return [(str(one.position), one.raw) for one in read_isup(octets).assertions(0)]


def judged(octets: bytes, roaming: Roaming = Roaming.NOT_ABROAD) -> Verdict:
    assertions = tuple(read_isup(octets).assertions(0))
    claim = Claim(trunk="abroad", trunk_class=TrunkClass.INTERNATIONAL, called="+3293330000", assertions=assertions)
    found = decide(claim, BELGIUM, Register(), NOW, {})
    if isinstance(found, Questions):
        found = decide(claim, BELGIUM, Register(), NOW, {one: Answer(roaming, "test") for one in found.numbers})
    assert isinstance(found, Verdict)
    return found


def deciding(octets: bytes) -> Finding:
    finding = judged(octets).deciding
    assert finding is not None
    return finding


# Which numbers there are.


@pytest.mark.law("¶9")
def test_an_initial_address_tells_who_calls_and_not_who_is_called() -> None:
    assert told(iam(number(CALLING, "33612345678"))) == [("network", "+33612345678")]


@pytest.mark.law("¶9", "L11")
@pytest.mark.parametrize(
    ("code", "position"),
    [
        (CALLING, "network"),
        (CONNECTED, "network"),
        (TRANSFER, "network"),
        (REDIRECTING, "redirect"),
        (ORIGINAL, "redirect"),
        (REDIRECTION, "other"),
        (LOCATION, "other"),
        (CALLED_IN, "other"),
    ],
)
def test_each_number_has_its_position(code: int, position: str) -> None:
    assert told(iam(number(code, "442079460000"))) == [(position, "+442079460000")]


@pytest.mark.law("¶9")
@pytest.mark.parametrize(
    ("qualifier", "position"),
    [
        (ADDITIONAL_CALLING, "network"),
        (ADDITIONAL_CONNECTED, "network"),
        (ADDITIONAL_ORIGINAL, "redirect"),
        (ADDITIONAL_REDIRECTING, "redirect"),
        (2, "network"),
        (3, "network"),
        (4, "redirect"),
        (0, "other"),
        (9, "other"),
        (0x80, "other"),
    ],
)
def test_a_generic_number_is_whose_its_qualifier_says(qualifier: int, position: str) -> None:
    assert told(iam(number(GENERIC, "442079460000", qualifier=qualifier))) == [(position, "+442079460000")]


@pytest.mark.law("¶9", "¶14.1 ii")
@pytest.mark.parametrize(
    ("parameter", "is_first"),
    [
        (number(REDIRECTING, "33612345678"), False),
        (number(ORIGINAL, "33612345678"), True),
        (number(GENERIC, "33612345678", qualifier=ADDITIONAL_REDIRECTING), False),
        (number(GENERIC, "33612345678", qualifier=ADDITIONAL_ORIGINAL), True),
        (number(GENERIC, "33612345678", qualifier=4), False),
        (number(CALLING, "33612345678"), False),
    ],
)
def test_who_was_called_at_first_is_told_from_who_redirected_last(parameter: tuple[int, bytes], is_first: bool) -> None:
    (one,) = read_isup(iam(parameter)).assertions(0)
    assert one.is_first is is_first


@pytest.mark.law("¶9", "K7")
def test_every_number_is_told_in_its_order_however_often() -> None:
    two = [number(GENERIC, "331", qualifier=6), number(CALLING, "332"), number(GENERIC, "333", qualifier=6)]
    assert [raw for _, raw in told(iam(*two))] == ["+331", "+332", "+333"]


@pytest.mark.parametrize("build", [acm, cpg, anm, inf, rel])
def test_other_messages_tell_numbers_too(build) -> None:  # type: ignore[no-untyped-def]
    assert told(build(number(CONNECTED, "3225551212"))) == [("network", "+3225551212")]


@pytest.mark.parametrize("octets", [rlc(), b"\x10", b"\x08", b"\x02\x02\x00\x03\x00\x10\x21", acm(), b"\x05\x01"])
def test_messages_without_a_number_of_a_party_tell_nothing(octets: bytes) -> None:
    assert told(octets) == []


def test_a_number_that_is_not_available_is_none() -> None:
    assert told(iam((CALLING, bytes([0x00, 0x0B])))) == []


@pytest.mark.law("¶9")
def test_what_is_not_to_be_presented_is_judged_all_the_same() -> None:
    restricted = Spoken("3225551212", presentation=1)
    assert told(iam((CALLING, restricted.content))) == [("network", "+3225551212")]


def test_the_index_runs_on() -> None:
    found = list(read_isup(iam(number(CALLING, "331"), number(ORIGINAL, "332"))).assertions(3))
    assert [(one.header, one.index) for one in found] == [("ISUP", 3), ("ISUP", 4)]


def test_what_a_telephone_is_to_show_is_a_display_text() -> None:
    (found,) = read_isup(iam((DISPLAY, b"\xb1Tel 02 555 12 12"))).assertions(0)
    assert (found.position, found.notation, found.raw) == (Position.DISPLAY, Notation.DISPLAY, "Tel 02 555 12 12")


def test_generic_digits_are_read_in_each_encoding() -> None:
    digits = [(DIGITS, bytes([0x00]) + b"\x20\x55"), (DIGITS, bytes([0x20]) + b"\x20\x05"), (DIGITS, b"\x400255")]
    assert told(iam(*digits)) == [("other", "0255"), ("other", "025"), ("other", "0255")]


def test_elements_for_a_terminal_are_read_as_text_and_subaddresses_are_no_numbers() -> None:
    subaddress, sending_complete = b"\x6d\x05\x80\x50123", b"\xa1"
    assert told(iam((TRANSPORT, sending_complete + subaddress))) == [("other", "P123")]


# How a number is written, and what the law says of it.


@pytest.mark.law("¶9", "L11")
@pytest.mark.parametrize(
    "parameter",
    [
        number(CALLING, "3225551212"),
        number(CALLING, "25551212", NATIONAL),
        number(CALLING, "025551212", NATIONAL),
        number(CALLING, "003225551212", UNKNOWN),
        number(CALLING, "025551212", UNKNOWN),
        number(GENERIC, "3225551212", qualifier=ADDITIONAL_CALLING),
        number(GENERIC, "25551212", NATIONAL, ADDITIONAL_CALLING),
        number(REDIRECTING, "3225551212"),
        number(REDIRECTING, "25551212", NATIONAL),
        number(ORIGINAL, "3225551212"),
        number(ORIGINAL, "25551212", NATIONAL),
    ],
)
def test_a_belgian_number_blocks_wherever_and_however_isup_says_it(parameter: tuple[int, bytes]) -> None:
    found = deciding(iam(number(CALLING, "33612345678"), parameter))
    assert (found.outcome, found.header, found.number) == (Outcome.BLOCK, "ISUP", "+3225551212")


@pytest.mark.law("¶8 1°")
@pytest.mark.parametrize(
    ("digits", "nature", "plan"),
    [
        ("612345678", NATIONAL, 1),
        ("0033612345678", NATIONAL, 1),
        ("0033612345678", SUBSCRIBER, 1),
        ("0033612345678", 5, 1),
        ("0033612345678", 0, 1),
        ("33612345678", UNKNOWN, 1),
        ("33612345678", INTERNATIONAL, 0),
        ("33612345678", INTERNATIONAL, 3),
        ("33612345678B", INTERNATIONAL, 1),
        ("33612345678F", INTERNATIONAL, 1),
        ("0033612345678", INTERNATIONAL, 1),
    ],
)
def test_a_calling_number_that_is_not_international_is_bad_form(digits: str, nature: int, plan: int) -> None:
    found = deciding(iam((CALLING, Spoken(digits, nature, plan).content)))
    assert (found.outcome, found.rule) == (Outcome.BLOCK, "form")


@pytest.mark.law("¶8 4°")
@pytest.mark.parametrize(("digits", "nature"), [("112", UNKNOWN), ("1207", SUBSCRIBER), ("112", NATIONAL)])
def test_a_short_number_blocks(digits: str, nature: int) -> None:
    found = deciding(iam((CALLING, Spoken(digits, nature).content)))
    assert (found.outcome, found.rule) == (Outcome.BLOCK, "short")


@pytest.mark.law("¶25")
@pytest.mark.parametrize(
    "parameters",
    [
        [number(CALLING, "33612345678")],
        [number(CALLING, "0033612345678", UNKNOWN)],
        [number(CALLING, "33612345678"), number(GENERIC, "442079460000", qualifier=ADDITIONAL_CALLING)],
        [number(REDIRECTING, "33612345678"), number(ORIGINAL, "442079460000")],
        [(CALLING, bytes([0x00, 0x0B]))],
        [number(CALLING, "33612345678"), (DISPLAY, b"Dupont")],
        [],
    ],
)
def test_foreign_numbers_and_none_pass(parameters: list[tuple[int, bytes]]) -> None:
    assert judged(iam(*parameters)).outcome is Outcome.PASS


@pytest.mark.law("¶8 3°")
@pytest.mark.parametrize(("roaming", "outcome"), [(Roaming.ABROAD, Outcome.PASS), (Roaming.NOT_ABROAD, Outcome.BLOCK)])
def test_a_mobile_number_is_asked_about(roaming: Roaming, outcome: Outcome) -> None:
    assert judged(iam(number(CALLING, "32470123456")), roaming).outcome is outcome


@pytest.mark.parametrize(
    "parameter", [number(REDIRECTING, "32470123456"), number(LOCATION, "3225551212"), number(REDIRECTION, "3225551212")]
)
def test_what_is_no_ground_to_block_is_taken_out(parameter: tuple[int, bytes]) -> None:
    assert deciding(iam(parameter)).outcome is Outcome.STRIP


# What is not read.


def refused(octets: bytes) -> str:
    with pytest.raises(ParseError) as caught:
        read_isup(octets)
    assert caught.value.status == 415
    return str(caught.value)


@pytest.mark.law("K32")
@pytest.mark.parametrize("code", sorted(set(range(1, 256)) - KNOWN))
def test_a_parameter_that_nobody_has_read_is_refused(code: int) -> None:
    assert f"{code:#04x}" in refused(iam(number(CALLING, "33612345678"), (code, b"\x04\x13\x23\x55")))


@pytest.mark.parametrize("code", sorted(set(range(256)) - MESSAGES.keys()))
def test_a_message_that_is_about_no_call_is_refused(code: int) -> None:
    assert "message type" in refused(bytes([code]) + acm()[1:])


WHOLE = iam(number(CALLING, "33612345678"), number(ORIGINAL, "442079460000"))


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_message_that_is_cut_off_is_refused_wherever(length: int) -> None:
    refused(WHOLE[:length])


@pytest.mark.parametrize("octets", [b"\x2c\x00", b"\x09", b"\x06\x00\x00", b"\x0d\x00", b"\x02\x02\x00"])
def test_a_message_that_has_an_optional_part_says_where_or_that_it_is_empty(octets: bytes) -> None:
    refused(octets)


def test_octets_behind_the_last_parameter_are_refused() -> None:
    assert "belong to no parameter" in refused(WHOLE + b"\0")
    assert "belong to no parameter" in refused(WHOLE + bytes([CALLING, 2, 0x84, 0x13]))
    assert "belong to no parameter" in refused(bytes([0x09, 0, CALLING, 2, 0x04, 0x13, 0]))


def test_a_pointer_that_leaves_octets_out_is_refused() -> None:
    hidden = WHOLE[:7] + bytes([WHOLE[7] + 1]) + WHOLE[8:]
    assert "skips or repeats" in refused(hidden)
    assert "skips or repeats" in refused(WHOLE[:6] + b"\x03" + WHOLE[7:])
    assert "skips or repeats" in refused(acm()[:3] + b"\x02" + b"\x00" + acm()[4:])


def test_an_ansi_message_is_not_taken_for_one_of_the_itu() -> None:
    # Its second variable parameter is the user service information, where the ITU-T has a medium requirement.
    called, service = Spoken("3293330000").content, b"\x80\x90\xa2"
    head = bytes([0x01, 0x00, 0x20, 0x01, 0x0A, 3, 6, 6 + len(called), len(service)]) + service
    refused(head + bytes([len(called)]) + called + b"\0")


@pytest.mark.parametrize("octets", [b"", bytes(LONGEST + 1), b"\x09\x01" + bytes([0x20, 255]) * 9 + bytes(9)])
def test_no_octets_and_too_many_are_refused(octets: bytes) -> None:
    refused(octets)


def test_a_number_without_its_indicators_is_refused() -> None:
    for content in (b"", b"\x04"):
        assert "indicators" in refused(iam((CALLING, content)))
    for content in (b"", b"\x06", b"\x06\x04"):
        assert "indicators" in refused(iam((GENERIC, content)))


@pytest.mark.parametrize("filler", ["1", "9", "A"])
def test_an_odd_number_whose_filler_is_a_digit_is_refused(filler: str) -> None:
    even = Spoken("33612345678" + filler).content
    assert "filler" in refused(iam((CALLING, bytes([0x80 | even[0]]) + even[1:])))
    assert "filler" in refused(iam((CALLING, b"\x84\x13")))


@pytest.mark.parametrize("code", [0x4C, 0x6C, 0x74, 0x76])
def test_a_number_on_its_way_past_the_exchange_is_refused(code: int) -> None:
    element = bytes([code, 10, 0xA1]) + b"025551212"
    assert "terminal" in refused(iam((TRANSPORT, element)))
    assert "terminal" in refused(iam((TRANSPORT, b"\xa1\x7d\x02\x91\x81" + element)))
    assert "cut off" in refused(iam((TRANSPORT, b"\x7d\x03\x91\x81")))


# Any octets, and any message.

parameters = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(NUMBERS)), spoken.map(lambda one: one.content)),
        st.tuples(
            st.just(GENERIC), st.tuples(st.integers(0, 255), spoken).map(lambda two: bytes([two[0]]) + two[1].content)
        ),
        st.tuples(
            st.sampled_from(sorted(KNOWN - NUMBERS.keys() - {GENERIC, DIGITS, TRANSPORT})), st.binary(max_size=40)
        ),
    ),
    max_size=12,
)


def attempted(octets: bytes) -> IsupMessage | None:
    """What is read of them; None when they are refused, and then in the only way there is."""
    try:
        return read_isup(octets)
    except ParseError as error:
        status = error.status
    assert status == 415
    return None


@pytest.mark.law("K32")
@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    found = attempted(octets)
    assert found is None or all(isinstance(one, Assertion) for one in found.assertions(0))


@given(st.sampled_from([iam, acm, cpg, anm, inf, rel]), parameters, st.data())
def test_any_message_with_an_octet_changed_is_read_or_refused(build, said, data) -> None:  # type: ignore[no-untyped-def]
    octets = bytearray(build(*said))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] = data.draw(st.integers(0, 255))
    attempted(bytes(octets))


@given(st.sampled_from([iam, acm, cpg, anm, inf, rel]), parameters)
def test_every_number_that_was_written_is_read(build, said) -> None:  # type: ignore[no-untyped-def]
    octets = build(*said)
    if len(octets) > LONGEST:
        refused(octets)
        return
    wanted = [(code, content) for code, content in said if code in NUMBERS or code == GENERIC]
    found = read_isup(octets).numbers
    assert [one.parameter for one in found] == [code for code, _ in wanted]
    again = [
        (b"" if one.qualifier is None else bytes([one.qualifier]))
        + Spoken(one.digits, one.nature, one.plan, one.presentation, one.screening).content
        for one in found
    ]
    assert again == [content for _, content in wanted]


@pytest.mark.law("¶9")
@given(
    st.sampled_from([CALLING, REDIRECTING, ORIGINAL]),
    st.sampled_from(["225551212", "3225551212", "003225551212", "025551212", "25551212"]),
    st.sampled_from([UNKNOWN, NATIONAL, INTERNATIONAL]),
    st.integers(0, 3),
)
def test_no_nature_and_no_presentation_lets_a_belgian_number_pass(
    code: int, digits: str, nature: int, presentation: int
) -> None:
    written = Spoken(digits, nature, presentation=presentation)
    is_another = nature == INTERNATIONAL and digits in ("225551212", "25551212", "025551212")
    verdict = judged(iam((code, written.content)))
    assert is_another or verdict.outcome is not Outcome.PASS
