"""Events as lines of the desk and back, whole and after retention."""

import pytest

from b2bua.call import Record
from b2bua.cases import event
from b2bua.cases.clock import Duty
from b2bua.cases.event import Event
from tests.b2bua.cases.making import NOW, after, asked, sealed

EVENTS = [
    event.opened(asked(called="+3293330000"), "anna", NOW, "by telephone"),
    event.found(["c1", "c2"], 5, "anna", NOW),
    event.identified({"name": "Łukasz"}, ["address", "data"], "anna", NOW),
    event.disputed(["address"], "no such street", "anna", NOW),
    event.traced("Carrier", "INT-1", "en", "anna", NOW),
    event.prepared(["a.json"], "d" * 64, [], language="fr", by="anna", now=NOW),
    event.answered("mail", after(1), "d" * 64, ["data"], by="anna", now=after(2)),
    event.noted("he calls from abroad", "anna", NOW),
    event.reminded(Duty.BLOCK, 20, "webhook", "clerk", NOW),
    event.closed("done", "anna", NOW),
]


def line_of(one: Event) -> dict[str, object]:
    return sealed(one.record("2026-0001"))[0]


@pytest.mark.parametrize("one", EVENTS, ids=lambda one: one.name)
def test_an_event_is_read_from_the_desk_as_it_was_written(one: Event) -> None:
    read = Event.of(line_of(one))
    assert (read.name, read.at, read.by, dict(read.personal)) == (one.name, one.at, one.by, dict(one.personal))
    assert line_of(read) | {"digests": 0, "hash": 0, "personal": 0} == line_of(one) | {
        "digests": 0,
        "hash": 0,
        "personal": 0,
    }


@pytest.mark.parametrize("one", EVENTS, ids=lambda one: one.name)
def test_what_can_name_a_person_stands_where_retention_can_take_it(one: Event) -> None:
    facts = {name: value for name, value in line_of(one).items() if name != "personal"}
    told = repr(facts)
    for secret in ("0470", "+3293330000", "Łukasz", "telephone", "street", "from abroad"):
        assert secret not in told


@pytest.mark.parametrize("one", EVENTS, ids=lambda one: one.name)
def test_an_event_is_read_without_it(one: Event) -> None:
    line = line_of(one)
    line.pop("personal", None)
    read = Event.of(line)
    assert (read.name, read.personal) == (one.name, {})


@pytest.mark.parametrize(
    ("name", "personal"),
    [
        ("opened", {"number": "0470 12 34 56", "called": "+3293330000", "note": "by telephone"}),
        ("identified", {"identity": {"name": "Łukasz"}}),
        ("incomplete", {"why": "no such street"}),
        ("answered", {"how": "mail"}),
        ("noted", {"note": "he calls from abroad"}),
        ("closed", {"why": "done"}),
    ],
)
def test_what_people_have_said_is_written_down(name: str, personal: dict[str, object]) -> None:
    (one,) = [one for one in EVENTS if one.name == name]
    assert Event.of(line_of(one)).personal == personal


def test_a_line_names_its_case() -> None:
    record = EVENTS[0].record("2026-0007")
    assert isinstance(record, Record)
    assert (record.kind, record.facts["case"], record.facts["by"]) == ("case", "2026-0007", "anna")


def test_only_fields_of_an_identity_are_taken_from_a_line() -> None:
    strange = Event("identified", NOW, "anna", {}, {"identity": {"name": "N", "shoe size": "43"}})
    assert event.identity_of(strange) == {"name": "N"}
