"""docs/compliance.md, as text: what counsel reads.

Written from the entries and from the markers of the tests, so that a demand cannot be said to be met by a test that is
gone, and no test can prove what nobody demands.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from tests.compliance.entry import Capability, Demand, Entry, Law, Silence, Status, law, unknown_citations
from tests.compliance.example import Example, entries_of, examples
from tests.compliance.marker import ROOT, Proof, all_proofs

PAGE = ROOT / "docs" / "compliance.md"

Proofs = Mapping[str, list[Proof]]
Calls = Mapping[str, list[Example]]

#: So many examples are named, and the rest counted.
NAMED = 4

_HEAD = """\
<!-- Written by `python -m tests.compliance` from tests/compliance and the markers of the tests: mend it there. -->
# What the decree demands, and what is done about it

For counsel, and for whoever has to answer to the regulator. The royal decree of 12 May 2024 on international voice
calls with spoofed Belgian numbers (numac 2024005253) is read here with the communication of BIPT's council of 26 June
2026, whose paragraphs are cited as ¶. For each paragraph that demands something stand what does it, how far, what is
left to the operator, and the tests that prove it. Then come the questions that the law leaves open, with our answers,
and the settings by which an operator can answer otherwise. The rules themselves, as an engineer needs them, are in
[decree.md](decree.md), the keys of the configuration in [operating.md](operating.md).

Examples are calls with their verdicts, in [examples/vectors](../examples/vectors); `b2bua explain --vectors` runs them.

This page is a reading of the law, not advice on it. The decree was read in the Dutch text up to the first half of
article 4 §1, the rest of it through the communication; the report to the King through the communication's quotations.
The communication is general guidance (¶6). Quotations are in French, its language.

"""

_STATUSES = {
    Status.MET: "the software does it, and tests prove it",
    Status.SETTING: "it does when it is configured so, and tests prove it",
    Status.REGISTER: "it does by entries that the operator keeps, such as agreements, and tests prove it",
    Status.PART: "the software does a part; what is missing is said",
    Status.OPERATOR: "not a technical demand; what the software offers for it is said",
    Status.OPEN: "not built yet; what there is already is said",
}


def written() -> str:
    """The page as it should stand. Raises ValueError for entries and markers that do not fit each other."""
    found = law()
    proofs = by_entry(found, all_proofs())
    faults = [*unknown_citations(found), *unproved(found.entries, proofs)]
    if faults:
        raise ValueError("\n".join(faults))
    return page(found, proofs, calls_by_entry(found, examples()))


def calls_by_entry(found: Law, calls: Iterable[Example]) -> dict[str, list[Example]]:
    """The example calls by the entries that they rest on, in their order; one may rest on several, or on none."""
    homes = found.homes()
    sorted_out: dict[str, list[Example]] = defaultdict(list)
    for call in calls:
        for at in entries_of(call, homes):
            sorted_out[at].append(call)
    return sorted_out


def by_entry(found: Law, proofs: Iterable[Proof]) -> dict[str, list[Proof]]:
    """The proofs by the entry that their citations belong to. Raises ValueError for a citation that none has."""
    homes = found.homes()
    sorted_out: dict[str, set[Proof]] = defaultdict(set)
    for proof in proofs:
        if proof.citation in found.background:
            raise ValueError(f"{proof.file}::{proof.test} cites {proof.citation}, which demands nothing")
        if proof.citation not in homes:
            raise ValueError(f"{proof.file}::{proof.test} cites {proof.citation!r}, which no entry has")
        home = homes[proof.citation]
        sorted_out[home].add(Proof(home, proof.file, proof.test))
    return {at: sorted(some) for at, some in sorted_out.items()}


def unproved(entries: Iterable[Entry], proofs: Proofs) -> list[str]:
    """What is said to be done without a test that proves it."""
    faults = []
    for entry in entries:
        beside = entry.proved if isinstance(entry, Capability) else ()
        if entry.status.needs_tests and not any(proofs.get(at) for at in (entry.at, *beside)):
            faults.append(f'{entry.at} is said to be "{entry.status}", and no test has its marker')
    return faults


def page(found: Law, proofs: Proofs, calls: Calls) -> str:
    """The text of it."""
    parts = (
        _HEAD.splitlines(),
        _summary(found, proofs, calls),
        _demands(found, proofs, calls),
        _background(found),
        _silences(found, proofs, calls),
        _choices(found),
        _capabilities(found, proofs),
        _tests(found, proofs),
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _summary(found: Law, proofs: Proofs, calls: Calls) -> Iterator[str]:
    yield "## At a glance"
    yield ""
    counted = Counter(demand.status for demand in found.demands)
    yield "| | demands | |"
    yield "|---|---|---|"
    for status, meaning in _STATUSES.items():
        yield f"| {status} | {counted[status]} | {meaning} |"
    yield ""
    yield "| ¶ | demand | | tests | examples |"
    yield "|---|---|---|---|---|"
    for demand in found.demands:
        tests, shown = _count(demand.at, proofs), len(calls.get(demand.at, ())) or "–"
        yield f"| {_link(demand.at)} | {demand.title} | {demand.status} | {tests} | {shown} |"
    yield ""


def _count(at: str, proofs: Proofs) -> str:
    number = len(proofs.get(at, ()))
    return f"[{number}](#{_anchor(at, 'tests')})" if number else "–"


def _examples(at: str, calls: Calls) -> str:
    """What to look up among the example calls."""
    some = calls.get(at, [])
    if not some:
        return ""
    named = ", ".join(f"`{call.id}`" for call in some[:NAMED])
    return f" Examples: {named}" + (f" and {len(some) - NAMED} more." if len(some) > NAMED else ".")


def _demands(found: Law, proofs: Proofs, calls: Calls) -> Iterator[str]:
    yield "## Paragraph by paragraph"
    for demand in found.demands:
        yield ""
        yield from _demand(demand, proofs, calls)


def _demand(demand: Demand, proofs: Proofs, calls: Calls) -> Iterator[str]:
    yield f'<a id="{_anchor(demand.at)}"></a>'
    yield ""
    others = (at for at in demand.also if not at.startswith(f"{demand.at} "))
    yield f"### {', '.join((demand.at, *others))}: {demand.title}"
    yield ""
    yield demand.says
    yield ""
    yield f"> {demand.original}"
    yield ""
    yield f"**{_sentence(demand.status)}.** {demand.met}"
    yield ""
    if demand.left:
        yield f"*To note:* {demand.left}"
        yield ""
    if demand.settings:
        yield f"Where it is set: {', '.join(demand.settings)}."
        yield ""
    tests = f"Tests: {_count(demand.at, proofs)}."
    yield f"Where it is done: {_paths(demand.modules)}. {tests}{_examples(demand.at, calls)}"


def _background(found: Law) -> Iterator[str]:
    yield ""
    yield "## Paragraphs that demand nothing"
    yield ""
    for paragraph, tells in found.background.items():
        yield f"- {paragraph}: {tells}"
    yield ""


def _silences(found: Law, proofs: Proofs, calls: Calls) -> Iterator[str]:
    yield "## Where the law is silent"
    yield ""
    yield "Questions that neither the decree nor the communication answers, or that they answer in two ways, with the"
    yield "readings that are possible. Each choice is ours and can be contested; where there is a setting, an operator"
    yield "can choose otherwise."
    for silence in found.silences:
        yield ""
        yield from _silence(silence, proofs, calls)


def _silence(silence: Silence, proofs: Proofs, calls: Calls) -> Iterator[str]:
    yield f'<a id="{_anchor(silence.at)}"></a>'
    yield ""
    yield f"### {silence.at}. {silence.question}"
    yield ""
    yield from (f"- {reading}" for reading in silence.readings)
    yield ""
    yield f"**Our choice:** {silence.choice}"
    yield ""
    yield f"Why: {silence.why}"
    yield ""
    yield f"Setting: {silence.setting or 'none'}."
    yield ""
    yield f"{_built(silence)} Tests: {_count(silence.at, proofs)}.{_examples(silence.at, calls)}"


def _built(silence: Silence) -> str:
    done = f"Where it is done: {_paths(silence.modules)}."
    return f"Not built yet. {done}" if silence.status is Status.OPEN else done


def _choices(found: Law) -> Iterator[str]:
    yield ""
    yield "## What can be chosen otherwise"
    yield ""
    yield "All other choices are fixed. Whoever changes one of these should be able to say why."
    yield ""
    yield "| | question | our choice | set by |"
    yield "|---|---|---|---|"
    for silence in found.silences:
        if silence.setting:
            yield f"| {_link(silence.at)} | {silence.question} | {_first(silence.choice)} | {silence.setting} |"
    for choice in found.choices:
        yield f"| {_link(choice.at)} | {choice.about} | {choice.ours} | {choice.setting} |"
    yield ""


def _capabilities(found: Law, proofs: Proofs) -> Iterator[str]:
    yield "## What a gateway must be able to do"
    yield ""
    yield "| | capability | for | | where, and tests |"
    yield "|---|---|---|---|---|"
    for one in found.capabilities:
        status = f"{one.status}: {one.left}" if one.left else str(one.status)
        serves = ", ".join(_cited(at, found) for at in one.serves)
        tests = ", ".join(_proofs(one, proofs)) or "–"
        where = f"{_paths(one.modules)}; tests: {tests}" if one.modules else "–"
        yield f"| {one.at} | {one.does} | {serves} | {status} | {where} |"
    yield ""


def _proofs(one: Capability, proofs: Proofs) -> Iterator[str]:
    if one.at in proofs:
        yield _count(one.at, proofs)
    yield from (f"those of {_link(at)}" for at in one.proved)


def _tests(found: Law, proofs: Proofs) -> Iterator[str]:
    yield "## The tests"
    yield ""
    yield "Each has a marker that names the paragraph; `pytest FILE::TEST` runs one of them."
    for entry in found.entries:
        if not proofs.get(entry.at):
            continue
        yield ""
        yield f'<a id="{_anchor(entry.at, "tests")}"></a>'
        yield ""
        yield f"**{entry.at}**"
        yield ""
        for file, some in groupby(proofs[entry.at], key=lambda proof: proof.file):
            yield f"- `{file}`: {', '.join(f'`{proof.test}`' for proof in some)}"


def _anchor(at: str, kind: str = "") -> str:
    plain = at.replace("¶", "p").replace("°", "").replace("§", "").replace(".", "-").replace(" ", "-").lower()
    return f"{kind}-{plain}" if kind else plain


def _link(at: str) -> str:
    return f"[{at}](#{_anchor(at)})"


def _cited(at: str, found: Law) -> str:
    return _link(at) if any(entry.at == at for entry in found.entries) else at


def _paths(paths: Iterable[str]) -> str:
    return ", ".join(f"[`{path}`](../{path})" for path in paths)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _first(text: str) -> str:
    """The first sentence of a text."""
    return text.partition(". ")[0].rstrip(".")
