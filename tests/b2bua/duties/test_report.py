import csv
import datetime
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call import Record
from b2bua.config import Language
from b2bua.duties.month import Month
from b2bua.duties.page import page
from b2bua.duties.report import NO_BASIS, VERDICTS, Report, Row, report
from b2bua.evidence import Desk
from b2bua.register import Action
from b2bua.store import Store
from b2bua.wording import words_of
from policy.claim import TrunkClass
from tests.b2bua.duties.making import NOW, ago, national, salts, segment, verdict

OCTOBER = Month(2026, 10)
INSIDE = datetime.datetime(2026, 10, 15, 12, tzinfo=datetime.UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db", tmp_path / "journal") as opened:
        yield opened


def made(store: Store, *lines: Any, **options: Any) -> dict[str, Any]:
    segment(store.journal, lines, ago(300))
    store.rebuild()
    return report(OCTOBER, store, Desk(store.journal).lines(), NOW, **options).as_dict()


def printed(found: dict[str, Any], language: str = "en", operator: str = "") -> str:
    return page(found, words_of("b2bua.duties", language), operator)


def of(rows: list[Row]) -> Report:
    return Report(month=OCTOBER, made=NOW, rows=tuple(sorted(rows)), desk={}, duties={})


def row(**fields: Any) -> Row:
    told = {"trunk": "INT-1", "trunk_class": "international", "basis": "¶25", "verdict": "pass", "enforced": True}
    return Row(**{**told, "calls": 1, **fields})


@pytest.mark.law("K26")
def test_calls_are_counted_by_trunk_and_article(store: Store) -> None:
    found = made(
        store,
        verdict("a", INSIDE),
        verdict("b", INSIDE),
        verdict("c", INSIDE, outcome="withhold", basis="art. 1 3°, ¶8"),
        national("d", INSIDE, "+32470123456"),
    )
    assert (found["month"], found["calls"], found["block"], found["withhold"], found["pass"]) == ("2026-10", 4, 2, 1, 1)
    assert [(one["trunk"], one["class"], one["calls"]) for one in found["trunks"]] == [
        ("INT-1", "international", 3),
        ("NAT-1", "national", 1),
    ]
    assert [(one["article"], one["calls"], one["block"]) for one in found["trunks"][0]["articles"]] == [
        ("art. 1 2°, ¶8-9", 2, 2),
        ("art. 1 3°, ¶8", 1, 0),
    ]


@pytest.mark.parametrize(
    ("at", "calls"),
    [
        (datetime.datetime(2026, 9, 30, 21, 59, 59, tzinfo=datetime.UTC), 0),
        (datetime.datetime(2026, 9, 30, 22, tzinfo=datetime.UTC), 1),
        (datetime.datetime(2026, 10, 31, 22, 59, 59, tzinfo=datetime.UTC), 1),
        (datetime.datetime(2026, 10, 31, 23, tzinfo=datetime.UTC), 0),
    ],
)
def test_a_call_is_of_the_month_that_it_is_in_brussels(store: Store, at: datetime.datetime, calls: int) -> None:
    assert made(store, verdict("a", at))["calls"] == calls


def test_a_circuit_counts_by_its_own_name(store: Store) -> None:
    found = made(store, verdict("a", INSIDE), verdict("b", INSIDE, circuit="CIRCUIT", **{"class": "national"}))
    assert [one["trunk"] for one in found["trunks"]] == ["CIRCUIT", "INT-1"]


def test_some_trunks_may_be_asked_for_alone(store: Store) -> None:
    lines = (verdict("a", INSIDE), verdict("b", INSIDE, trunk="INT-2"), verdict("c", INSIDE, circuit="CIRCUIT"))
    found = made(store, *lines, trunks=["INT-2", "CIRCUIT"])
    assert [one["trunk"] for one in found["trunks"]] == ["CIRCUIT", "INT-2"]


def test_verdicts_of_a_trunk_on_trial_are_said_to_be_without_effect(store: Store) -> None:
    found = made(store, verdict("a", INSIDE, enforced=False), verdict("b", INSIDE))
    assert (found["block"], found["not_enforced"]) == (2, 1)


def test_a_call_that_was_taken_back_while_a_holder_was_asked_is_undecided(store: Store) -> None:
    found = made(store, verdict("a", INSIDE, outcome="undecided", basis=""))
    assert (found["undecided"], found["articles"][0]["article"]) == (1, "undecided")


def test_what_people_entered_in_the_month_stands_beside_it(store: Store) -> None:
    desk = Desk(store.journal, salts)
    facts = {"by": "ann", "what": "victim calls", "calls": 1, "why": "letter"}
    desk.write(
        [
            Record("look", "", INSIDE, facts),
            Record("look", "", INSIDE, facts),
            Record("look", "", NOW, facts),
            Record("case", "", INSIDE, {"case": "2026-0001", "event": "opened", "by": "ann"}),
        ]
    )
    found = made(store, verdict("a", INSIDE))
    assert found["desk"] == [
        {"kind": "case", "act": "opened", "lines": 1},
        {"kind": "look", "act": "victim calls", "lines": 2},
    ]


def test_a_month_without_calls_is_a_report_too(store: Store) -> None:
    found = made(store, verdict("a", ago(200)))
    assert (found["calls"], found["trunks"], found["articles"]) == (0, [], [])
    assert "No calls came in" in printed(found)


def test_a_month_that_goes_on_is_said_to(store: Store) -> None:
    told = of([])
    assert told.is_over
    assert not attrs.evolve(told, made=INSIDE).is_over
    assert "not over" in printed(attrs.evolve(told, made=INSIDE).as_dict())
    assert "not over" not in printed(told.as_dict())


@given(
    st.lists(
        st.builds(
            row,
            trunk=st.sampled_from(["A", "B"]),
            trunk_class=st.sampled_from(["international", "national"]),
            basis=st.sampled_from(["art. 1 2°", "¶25"]),
            verdict=st.sampled_from(VERDICTS),
            enforced=st.booleans(),
            calls=st.integers(1, 1_000),
        ),
        max_size=12,
    )
)
def test_every_sum_is_the_sum_of_its_parts(rows: list[Row]) -> None:
    told = of(rows)
    found = told.as_dict()
    total = sum(one.calls for one in rows)
    assert found["calls"] == total == sum(found[verdict] for verdict in VERDICTS)
    for name in ("calls", "not_enforced", *VERDICTS):
        assert found[name] == sum(trunk[name] for trunk in found["trunks"])
        assert found[name] == sum(article[name] for article in found["articles"])
        for trunk in found["trunks"]:
            assert trunk[name] == sum(article[name] for article in trunk["articles"])
    printed = Counter[str]()
    for line in csv.DictReader(io.StringIO(told.as_csv())):
        printed[line["verdict"]] += int(line["calls"])
    assert printed == Counter({verdict: found[verdict] for verdict in VERDICTS if found[verdict]})


def test_the_csv_has_a_line_for_each_combination() -> None:
    text = of([row(calls=3), row(trunk='IN,T "x"', verdict="block", enforced=False, calls=2)]).as_csv()
    assert text.splitlines() == [
        "month,trunk,class,article,verdict,enforced,calls",
        '2026-10,"IN,T ""x""",international,¶25,block,no,2',
        "2026-10,INT-1,international,¶25,pass,yes,3",
    ]


def test_on_the_page_every_value_is_escaped_and_nothing_is_fetched() -> None:
    told = of([row(trunk="<script>alert(1)</script>", basis="<b>&", calls=7)])
    duties = {"requests": 2, "answered_late": 1}
    text = printed(attrs.evolve(told, duties=duties, desk={("<i>", "x"): 1}).as_dict(), operator="<u>Us</u>")
    assert "<script" not in text
    assert "<b>&" not in text
    assert "<i>" not in text
    assert "<u>" not in text
    assert "&lt;script&gt;" in text
    assert "Answered after more than 24 hours" in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "")


def test_a_report_is_json() -> None:
    told = orjson.loads(orjson.dumps(of([row()]).as_dict()))
    assert told["since"] == "2026-09-30T22:00:00+00:00"
    assert told["trunks"][0]["articles"][0] == {
        "article": "¶25",
        "calls": 1,
        "pass": 1,
        "strip": 0,
        "withhold": 0,
        "block": 0,
        "undecided": 0,
        "not_enforced": 0,
    }


# The page.


def everything() -> dict[str, Any]:
    """A report with each verdict, class, duty and act that there is."""
    rows = [row(verdict=verdict, trunk_class=str(one)) for one in TrunkClass for verdict in VERDICTS]
    rows += [row(basis=NO_BASIS, verdict="undecided"), row(basis="no number is shown", enforced=False)]
    acts = {
        "entry": [str(action) for action in Action],
        "case": ["opened", "found", "identified", "incomplete", "trace requested", "prepared", "answered"],
        "hold": ["hold", "release"],
        "look": ["case find", "journal show", "nomadic show", "roaming ask", "store search", "victim calls"],
        "nomadic": [""],
        "retention": ["begun", "purged", "store", "desk", "torn"],
    }
    acts["case"] += ["noted", "reminded", "closed"]
    desk = {(kind, act): 1 for kind, each in acts.items() for act in each}
    duties = dict.fromkeys(("requests", "answered", "answered_late", "unanswered_late", "users_blocked"), 1)
    return attrs.evolve(of(rows), desk=desk, duties=duties).as_dict()


@pytest.mark.law("K26")
@pytest.mark.parametrize("language", list(Language))
def test_the_page_says_nothing_in_the_words_of_the_program(language: Language) -> None:
    """What stands between the tags has a word of the language for each value, and no name of ours."""
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", printed(everything(), language), flags=re.DOTALL)
    ours = {*VERDICTS, *TrunkClass, "not_enforced", "enforced", "verdict", "shadow", "store", "purged", "torn", "look"}
    assert set(re.findall(r"[\w-]+", text)) & ours <= {"international", "national"}
    rows = {one.strip() for one in re.findall(r"<td>(.*?)</td>", printed(everything(), language))}
    assert not rows & {*everything()["duties"], *(f"{line['kind']} {line['act']}" for line in everything()["desk"])}


@pytest.mark.parametrize(
    ("language", "period"),
    [
        ("en", "From 1 October 2026 to 31 October 2026, Belgian time. Made on 23 November 2026, 13:00."),
        ("fr", "Du 1er octobre 2026 au 31 octobre 2026, heure belge. Établi le 23 novembre 2026, 13:00."),
        ("nl", "Van 1 oktober 2026 tot en met 31 oktober 2026, Belgische tijd. Opgesteld op 23 november 2026, 13:00."),
    ],
)
def test_the_page_tells_the_month_of_brussels_and_whose_it_is(language: str, period: str) -> None:
    text = printed(of([row()]).as_dict(), language, "Voorbeeld NV")
    assert period in text
    assert "Voorbeeld NV" in text
    assert f'<html lang="{language}">' in text


@pytest.mark.parametrize("language", ["fr", "nl"])
@pytest.mark.parametrize(
    "basis", ["art. 1 3°, ¶8 3° (failed check)", "call to an emergency service (the law is silent)"]
)
def test_an_article_that_has_words_beside_it_is_told_in_the_language_of_the_page(language: str, basis: str) -> None:
    assert words_of("b2bua.duties", language).perhaps("article", basis) != basis


def test_all_languages_have_the_same_words() -> None:
    english = words_of("b2bua.duties", "en").tables
    for language in ("fr", "nl"):
        tables = words_of("b2bua.duties", language).tables
        assert {name: set(table) for name, table in tables.items() if name != "article"} == {
            name: set(table) for name, table in english.items() if name != "article"
        }
        assert set(english["article"]) <= set(tables["article"])
