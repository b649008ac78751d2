import orjson
import pytest

from b2bua.call import account
from policy.claim import Position
from policy.verdict import Finding, Outcome, Verdict
from tests.world.scene import EPOCH

FINDING = Finding(
    position=Position.NETWORK,
    header="P-Asserted-Identity",
    index=1,
    raw="+3225551212",
    number="+3225551212",
    range="geographic",
    rule="geographic",
    basis="art. 1 2°",
    outcome=Outcome.BLOCK,
    why="+3225551212 is one.",
    digits="3225551212",
)
VERDICT = Verdict(
    outcome=Outcome.BLOCK,
    basis="art. 1 2°",
    findings=(FINDING, FINDING),
    flags=("seen",),
    profile="belgium",
    register="r",
    decided_at=EPOCH,
)


@pytest.mark.law("K18")
def test_a_finding_is_told_under_the_names_that_stay() -> None:
    assert account.of_finding(FINDING) == {
        "position": "network",
        "header": "P-Asserted-Identity",
        "index": 1,
        "raw": "+3225551212",
        "number": "+3225551212",
        "range": "geographic",
        "rule": "geographic",
        "basis": "art. 1 2°",
        "outcome": "block",
        "why": "+3225551212 is one.",
        "entry": "",
    }


@pytest.mark.law("K31")
def test_a_verdict_is_told_without_a_number_of_anybody() -> None:
    told = account.of_verdict(VERDICT)
    assert told == {
        "verdict": "block",
        "basis": "art. 1 2°",
        "rules": ["geographic"],
        "flags": ["seen"],
        "profile": "belgium",
        "register": "r",
        "class_entry": "",
        "trial": "",
        "enforced": True,
    }
    assert b"3225551212" not in orjson.dumps(told)
