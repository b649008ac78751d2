"""docs/compliance.md is as the entries and the markers have it, and they fit each other."""

import re
from collections.abc import Iterator

import attrs
import pytest

from tests.compliance.entry import (
    CAPABILITIES,
    PARAGRAPHS,
    SILENCES,
    Capability,
    Choice,
    Demand,
    Law,
    Silence,
    Status,
    law,
    missing_paths,
    unknown_citations,
)
from tests.compliance.example import Example, entries_of, examples
from tests.compliance.marker import ROOT, Proof, all_proofs
from tests.compliance.page import PAGE, by_entry, calls_by_entry, page, unproved, written

LAW = law()

DEMAND = Demand(
    at="¶7",
    also=("art. 1",),
    title="T",
    says="Says.",
    original="dit",
    status=Status.MET,
    met="So.",
    modules=("README.md",),
)
SILENCE = Silence(at="L1", question="Why?", readings=("a", "b"), choice="One. Two.", why="Because.", setting="a key")
CHOICE = Choice(at="¶7", about="Which?", ours="Three", setting="another")
CAPABILITY = Capability(at="K1", does="Does.", serves=("¶7",), status=Status.MET, proved=("¶7",))
SMALL = Law(
    demands=(DEMAND,), background={"¶1": "nothing"}, silences=(SILENCE,), choices=(CHOICE,), capabilities=(CAPABILITY,)
)
PROOF = Proof("¶7", "tests/test_a.py", "test_b")


def test_the_page_is_as_it_is_written_today() -> None:
    assert PAGE.read_text("utf-8") == written(), "write it anew: python -m tests.compliance"


def test_every_paragraph_of_the_communication_demands_something_or_is_said_not_to() -> None:
    cited = [*LAW.homes(), *LAW.background]
    paragraphs = {int(number) for at in cited for number in re.findall(r"^¶(\d+)", at)}
    assert paragraphs == set(range(1, PARAGRAPHS + 1))
    assert not LAW.homes().keys() & LAW.background.keys()


def test_silences_and_capabilities_are_numbered_without_a_gap() -> None:
    assert [silence.at for silence in LAW.silences] == [f"L{i + 1}" for i in range(SILENCES)]
    assert [one.at for one in LAW.capabilities] == [f"K{i + 1}" for i in range(CAPABILITIES)]


def test_every_module_that_is_named_is_there() -> None:
    assert missing_paths(LAW.entries) == []


def test_what_is_not_met_is_said() -> None:
    silent = [
        entry.at
        for entry in (*LAW.demands, *LAW.capabilities)
        if entry.status in (Status.PART, Status.OPERATOR, Status.OPEN) and not entry.left
    ]
    assert silent == []


def test_every_setting_that_is_named_is_explained() -> None:
    """A key in backquotes stands in the page of keys; one of the profile stands in the profile."""
    profile = (ROOT / "policy" / "profiles" / "belgium.toml").read_text("utf-8")
    keys = " ".join(re.findall(r"```.*?```|`[^`]+`", (ROOT / "docs" / "operating.md").read_text("utf-8"), re.DOTALL))
    unknown = []
    for entry, setting in settings(LAW):
        for key in re.findall(r"`\[*([\w.-]+)[^`]*`", setting.partition(":")[0]):
            name = re.escape(key.rpartition(".")[2])
            there = (
                re.search(rf"^(\[.*)?{name}( =|\])", profile, re.MULTILINE)
                if "profile" in setting
                else re.search(rf"\b{name}\b", keys)
            )
            if not there:
                unknown.append(f"{entry}: {key}")
    assert unknown == []


def settings(found: Law) -> Iterator[tuple[str, str]]:
    yield from ((demand.at, setting) for demand in found.demands for setting in demand.settings)
    yield from ((one.at, one.setting) for one in (*found.silences, *found.choices))


def test_a_page_has_each_entry_with_its_tests_and_links_that_lead_somewhere() -> None:
    text = page(SMALL, by_entry(SMALL, [PROOF]), {"L1": [Example(name, "f", "") for name in "abcde"]})
    assert "| [¶7](#p7) | T | met | [1](#tests-p7) | – |" in text
    assert "Tests: –. Examples: `a`, `b`, `c`, `d` and 1 more." in text
    assert "### ¶7, art. 1: T" in text
    assert "- `tests/test_a.py`: `test_b`" in text
    assert "- ¶1: nothing" in text
    assert "**Our choice:** One. Two." in text
    assert "| [L1](#l1) | Why? | One | a key |\n| [¶7](#p7) | Which? | Three | another |" in text
    assert "| K1 | Does. | [¶7](#p7) | met | – |" in text


def test_every_link_within_the_page_leads_somewhere() -> None:
    text = page(LAW, by_entry(LAW, all_proofs()), {})
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= set(re.findall(r'<a id="([^"]*)">', text))


def test_a_citation_of_an_article_proves_its_paragraph_and_one_test_counts_once() -> None:
    again = attrs.evolve(PROOF, citation="art. 1")
    assert by_entry(SMALL, [PROOF, again]) == {"¶7": [PROOF]}


@pytest.mark.parametrize(("citation", "why"), [("¶99", "no entry has"), ("art. 9", "no entry has"), ("¶1", "nothing")])
def test_a_citation_that_no_entry_has_is_refused_with_its_test(citation: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"tests/test_a.py::test_b cites .*{why}"):
        by_entry(SMALL, [attrs.evolve(PROOF, citation=citation)])


def test_what_is_said_to_be_met_needs_a_test() -> None:
    found = unproved(SMALL.entries, {"L1": [PROOF]})
    assert found == [f'{at} is said to be "met", and no test has its marker' for at in ("¶7", "K1")]
    assert unproved(SMALL.entries, {"¶7": [PROOF], "L1": [PROOF]}) == []
    opened = attrs.evolve(DEMAND, status=Status.OPEN)
    assert unproved([opened, attrs.evolve(opened, status=Status.OPERATOR)], {}) == []


def test_a_module_that_is_not_there_is_told() -> None:
    gone = attrs.evolve(DEMAND, modules=("README.md", "policy/gone.py"))
    assert missing_paths([gone]) == ["¶7: policy/gone.py"]


def test_one_citation_has_one_home() -> None:
    twice = attrs.evolve(SMALL, demands=(DEMAND, attrs.evolve(DEMAND, at="¶8")))
    with pytest.raises(ValueError, match=r"art\. 1 belongs to ¶7 and to ¶8"):
        twice.homes()


def test_a_capability_serves_what_is_demanded() -> None:
    lost = attrs.evolve(SMALL, capabilities=(attrs.evolve(CAPABILITY, serves=("¶1", "¶98"), proved=("¶99",)),))
    assert unknown_citations(lost) == ["K1: ¶98", "K1: ¶99"]
    astray = attrs.evolve(SMALL, choices=(attrs.evolve(CHOICE, at="¶97"),))
    assert unknown_citations(astray) == ["a choice: ¶97"]
    assert unknown_citations(LAW) == []


@pytest.mark.parametrize(
    ("says", "entries"),
    [
        ("art. 1 1°: the form (¶8)", {"¶8 1°", "¶8"}),
        ("art. 1 2°, ¶8-9", {"¶8 2°", "¶8", "¶9"}),
        ("¶8 3° (failed check); L4", {"¶8 3°", "L4"}),
        ("art. 3 2°, ¶14.1 ii", {"¶14.1 ii"}),
        ("art. 4 §1, ¶15", {"¶15"}),
        ("art.4 conference", {"¶14.2"}),
        ("art. 5", {"¶17"}),
        ("¶20-24", {"¶21", "¶22", "¶23", "¶24"}),
        ("art. 3 4°", {"¶14.1"}),
        ("article 99, ¶99, ¶1, RFC 3261 §8, 2024-09-01", set()),
    ],
)
def test_an_example_rests_on_what_it_cites(says: str, entries: set[str]) -> None:
    assert entries_of(Example("x", "f", says), LAW.homes()) == entries


def test_the_examples_are_read_and_rest_on_most_of_what_is_demanded() -> None:
    found = calls_by_entry(LAW, examples())
    assert {"¶8 1°", "¶8 2°", "¶8 3°", "¶8 4°", "¶9", "¶24", "¶25"} <= found.keys()
