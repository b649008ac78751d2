import attrs
import pytest

from b2bua.config import Camara
from b2bua.config import Roaming as RoamingConfig
from b2bua.roaming import Table
from policy.roaming import Questions, Roaming
from tests.world.scene import EPOCH

CONFIG = RoamingConfig(
    table={"+32470123456": Roaming.ABROAD, "+32455000000": Roaming.FAILED}, not_offered=("+32455", "+32456")
)


def said(table: Table, number: str) -> Roaming:
    return table.answer(Questions((number,)), EPOCH)[number].outcome


@pytest.mark.law("¶8 3°", "K10")
@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        ("+32470123456", Roaming.ABROAD),
        ("+32470123457", Roaming.UNKNOWN_SUBSCRIBER),
        ("+32456000000", Roaming.NOT_OFFERED),
        ("+32455000000", Roaming.FAILED),
        ("+32455000001", Roaming.NOT_OFFERED),
    ],
)
def test_a_number_is_answered_by_its_line_then_its_prefix_and_else_unknown(number: str, outcome: Roaming) -> None:
    assert said(Table.of(CONFIG), number) is outcome


def test_every_question_has_its_answer_with_source_and_time() -> None:
    answers = Table.of(CONFIG).answer(Questions(("+32470123456", "+32499")), EPOCH)
    assert set(answers) == {"+32470123456", "+32499"}
    assert {(answer.source, answer.at) for answer in answers.values()} == {("table", EPOCH)}


@pytest.mark.law("L5")
def test_without_a_table_no_holder_offers_a_check() -> None:
    assert said(Table.of(None), "+32470123456") is Roaming.NOT_OFFERED


def test_an_empty_table_knows_nobody() -> None:
    assert said(Table.of(RoamingConfig()), "+32470123456") is Roaming.UNKNOWN_SUBSCRIBER


HOLDERS = RoamingConfig(
    table={"+32470123456": Roaming.ABROAD},
    not_offered=("+32456",),
    camara=(Camara(name="one", prefixes=("+3247", "+324567"), url="https://one.example/v1"),),
)


def test_what_a_holder_would_be_asked_about_the_table_leaves_open() -> None:
    numbers = ("+32456000000", "+32456700000", "+32470000000", "+32470123456", "+32499000000")
    answers = Table.of(HOLDERS).answer(Questions(numbers), EPOCH)
    assert {number: answer.outcome for number, answer in answers.items()} == {
        "+32456000000": Roaming.NOT_OFFERED,
        "+32470123456": Roaming.ABROAD,
        "+32499000000": Roaming.NOT_OFFERED,
    }


def test_where_numbers_are_ported_any_number_may_be_anybody_s() -> None:
    ported = attrs.evolve(HOLDERS, portability="x")
    assert set(Table.of(ported).answer(Questions(("+32456000000", "+32470123456")), EPOCH)) == {"+32470123456"}
