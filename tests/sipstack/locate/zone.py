"""A whole name service as a table, and a search run over it to its end."""

from collections.abc import Mapping

import attrs

from sipstack.locate import (
    Answer,
    Findings,
    Host,
    Kind,
    Miss,
    Naptr,
    Outcome,
    Preferences,
    Question,
    Record,
    Srv,
    search,
)
from sipstack.values import Uri, Via, parse_uri

Zone = Mapping[tuple[str, Kind], tuple[Record, ...] | Answer]

NOTHING = Answer(Outcome.NO_NAME)


def naptr(order: int, preference: int, service: str, replacement: str, *, flags: str = "s", regexp: str = "") -> Naptr:
    return Naptr(order, preference, flags, service=service, regexp=regexp, replacement=replacement)


def srv(target: str, *, priority: int = 0, weight: int = 0, port: int = 5060) -> Srv:
    return Srv(priority, weight, port, target=target)


def hosts(*addresses: str) -> tuple[Host, ...]:
    return tuple([Host(address) for address in addresses])


def answer(zone: Zone, question: Question) -> Answer:
    found = zone.get((question.name, question.kind), NOTHING)
    return found if isinstance(found, Answer) else Answer(Outcome.FOUND, found, 60.0)


@attrs.define
class Run:
    """A search that was run to its end."""

    findings: Findings
    rounds: list[tuple[Question, ...]]

    @property
    def places(self) -> list[tuple[str, str, int]]:
        return [(target.transport, target.address, target.port) for target in self.findings.targets]

    @property
    def asked(self) -> list[str]:
        return [f"{question.kind} {question.name}" for asked in self.rounds for question in asked]

    @property
    def miss(self) -> Miss | None:
        return self.findings.miss


def run(wanted: str | Uri | Via, zone: Zone, preferences: Preferences | None = None, dice: bytes = b"") -> Run:
    known: dict[Question, Answer] = {}
    rounds: list[tuple[Question, ...]] = []
    uri = parse_uri(wanted) if isinstance(wanted, str) else wanted
    while True:
        findings = search(uri, known.get, preferences or Preferences(), dice)
        if not findings.questions:
            return Run(findings, rounds)
        rounds.append(findings.questions)
        known |= {question: answer(zone, question) for question in findings.questions}
