import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import CalledFormat
from b2bua.trunk import in_format, number_of
from b2bua.trunk.number_format import as_global
from policy.profile import Profile

PLAN = Profile.load("belgium").plan
PLUS, ZEROS, NATIONAL = CalledFormat.PLUS, CalledFormat.ZEROS, CalledFormat.NATIONAL

home = st.sampled_from(["2", "3", "4", "9"]).flatmap(
    lambda zone: st.from_regex(rf"{zone}[1-9][0-9]{{6}}", fullmatch=True)
)
abroad = st.sampled_from(["33", "44", "1", "683"]).flatmap(
    lambda code: st.from_regex(rf"{code}[0-9]{{5,10}}", fullmatch=True)
)
numbers = st.one_of(home.map(lambda national: f"+32{national}"), abroad.map(lambda digits: f"+{digits}"))


@pytest.mark.parametrize(
    ("uri", "plus", "zeros", "national"),
    [
        ("sip:+3293330000@h", "+3293330000", "003293330000", "093330000"),
        ("sip:003293330000@h", "+3293330000", "003293330000", "093330000"),
        ("sip:093330000@h", "+3293330000", "003293330000", "093330000"),
        ("sips:+33612345678@h:5061", "+33612345678", "0033612345678", "0033612345678"),
        ("sip:+32470123456:secret@h", "+32470123456", "0032470123456", "0470123456"),
    ],
)
def test_a_number_is_written_as_the_trunk_wants_it(uri: str, plus: str, zeros: str, national: str) -> None:
    user = uri.partition(":")[2].partition("@")[0].partition(":")[0]
    for form, written in ((PLUS, plus), (ZEROS, zeros), (NATIONAL, national)):
        assert in_format(uri, form, PLAN) == uri.replace(user, written, 1)


def test_separators_and_escapes_are_undone_only_with_the_format() -> None:
    assert in_format("sip:+32-9-333.00.00@h", ZEROS, PLAN) == "sip:003293330000@h"
    assert in_format("sip:+32-9-333.00.00@h", PLUS, PLAN) == "sip:+32-9-333.00.00@h"
    assert in_format("sip:%2B3293330000@h", NATIONAL, PLAN) == "sip:093330000@h"


def test_parameters_of_the_user_part_stay() -> None:
    user = "sip:+3293330000;npdi;rn=+3212345678@h;user=phone"
    assert in_format(user, NATIONAL, PLAN) == "sip:093330000;npdi;rn=+3212345678@h;user=phone"


@pytest.mark.parametrize("form", CalledFormat)
@pytest.mark.parametrize(
    "uri",
    [
        "sip:112@h",
        "sip:100@h",
        "sip:+32112@h",
        "sip:1207@h",
        "sip:alice@h",
        "sip:0@h",
        "sip:00@h",
        "sip:*21*093330000%23@h",
        "sip:093330000;phone-context=+32@h",
        "sip:+3202555@h",
        "sip:+32025551212@h",
        "sip:+123456789012345678@h",
        "sip:192.0.2.1",
        "sip:093330000",
        "sip:3293330000@h",
        "tel:+3293330000",
        "tel:093330000;phone-context=+32",
        "urn:service:sos",
        "",
        "\udc80",
    ],
)
def test_what_is_no_telephone_number_in_a_sip_uri_stays(uri: str, form: CalledFormat) -> None:
    assert in_format(uri, form, PLAN) == uri


@pytest.mark.parametrize(
    ("to", "written"),
    [
        ("<sip:+3293330000@h>", "<sip:093330000@h>"),
        (
            '"sip:+3211111111@x" <sip:+3293330000@h>;x=+3293330000',
            '"sip:+3211111111@x" <sip:093330000@h>;x=+3293330000',
        ),
        ("Ghent <sip:+3293330000@h>", "Ghent <sip:093330000@h>"),
        ("sip:+3293330000@h;x=y", "sip:093330000@h;x=y"),
    ],
)
def test_only_the_number_of_to_changes(to: str, written: str) -> None:
    assert in_format(to, NATIONAL, PLAN) == written
    assert number_of(to, PLAN) == number_of(written, PLAN) == "+3293330000"


@given(numbers, st.sampled_from(CalledFormat), st.sampled_from(CalledFormat))
def test_no_format_changes_which_number_it_is(number: str, first: CalledFormat, second: CalledFormat) -> None:
    uri = f"sip:{number}@h"
    there = in_format(in_format(uri, first, PLAN), second, PLAN)
    assert number_of(there, PLAN) == number
    assert in_format(there, PLUS, PLAN) == uri


@given(st.text(max_size=40), st.sampled_from(CalledFormat))
def test_whatever_stands_there_is_written_and_read_without_fault(text: str, form: CalledFormat) -> None:
    for uri in (text, f"sip:{text}@h", f"<sip:{text}@h>"):
        once = in_format(uri, form, PLAN)
        assert in_format(once, form, PLAN) == once
        assert number_of(once, PLAN) == number_of(uri, PLAN)


def test_a_text_made_to_be_tried_for_ever_is_not() -> None:
    for piece in ('"', "<sip:", "sip:", '""', "<sip:1", "a<"):
        assert in_format(piece * 20_000, PLUS, PLAN) == piece * 20_000


def test_the_shortest_numbers_abroad_are_numbers() -> None:
    assert as_global("+6834002", PLAN) == "+6834002"
    assert as_global("+6834", PLAN) is None
