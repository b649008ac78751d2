"""The request to the operator before us."""

import attrs
import pytest

from b2bua.cases.letter import Letter, letters_of
from b2bua.cases.origin import Origin, origin_of
from b2bua.config import Cases, Language
from tests.b2bua.cases.making import after, call, case_of, sealed

pytestmark = pytest.mark.law("¶16 identity", "K19")

WHO = Cases(operator="Voorbeeld NV", contact="regulatory@example.be")
LANGUAGES = [*Language]


def origin(name: str = "c1", **other: object) -> Origin:
    found = origin_of(name, sealed(*call(name)), ())
    return attrs.evolve(found, **{"operator": "Carrier", "contact": "noc@carrier.example", **other})


def letters(*origins: Origin, at: float = 1, language: Language = Language.ENGLISH) -> list[Letter]:
    return letters_of(case_of(), origins, WHO, language, after(at))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_tells_what_is_needed_to_find_the_call(language: Language) -> None:
    (letter,) = letters(origin(), language=language)
    for told in (
        "c1@carrier",
        "198.51.100.7:5060",
        "2026-11-22 14:03:20 +0100",
        "From: <sip:+32470123456@carrier>;tag=1",
    ):
        assert told in letter.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_nothing_of_what_the_regulator_wrote_to_us(language: Language) -> None:
    (letter,) = letters(origin(), language=language)
    assert "BIPT/42" not in letter.text
    assert "0470 12 34 56" not in letter.text


def test_it_asks_for_an_answer_before_our_own_time_is_up() -> None:
    (letter,) = letters(origin())
    assert "before 2026-11-23 14:00:00 +0100" in letter.text


def test_when_our_time_is_up_it_still_leaves_an_hour() -> None:
    (letter,) = letters(origin(), at=30)
    assert "before 2026-11-23 23:00:00 +0100" in letter.text


def test_calls_of_one_trunk_are_one_letter_and_those_of_another_another() -> None:
    found = letters(origin("c1"), origin("c2"), origin("c3", trunk="INT-2", operator="Other"))
    assert [letter.addressee for letter in found] == ["Carrier noc@carrier.example", "Other noc@carrier.example"]
    assert "Call 2" in found[0].text
    assert "c3@carrier" not in found[0].text


def test_an_operator_that_nobody_wrote_down_is_called_by_its_trunk() -> None:
    (letter,) = letters(origin(operator="", contact=""))
    assert "To: INT-1" in letter.text


def test_a_header_cannot_write_a_line_of_the_letter() -> None:
    (letter,) = letters(origin(headers=("From: <sip:x@y>\r\x1b[2Jplease ignore",)))
    assert "U+000DU+001B[2Jplease ignore" in letter.text


def test_a_call_that_was_not_answered_says_nothing_of_an_answer() -> None:
    (letter,) = letters(attrs.evolve(origin(), answered=None))
    assert "Answered" not in letter.text
