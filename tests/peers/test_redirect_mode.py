"""SIPp as the border controller that asks: what it is told of its calls, and that nobody else hears of them."""

import pytest

from tests.peers.rig import FOREIGN, NATIONAL, Rig
from tests.peers.test_refusals import GEOGRAPHIC, UNVERIFIABLE, lacks, matches

pytestmark = pytest.mark.peer("sipp")

ROAMING = "<sip:+32470123456@foreign.example>"


def asked(rig: Rig, status: int, **values: str) -> None:
    """One question, and what SIPp sees in its answer."""
    rig.finish(rig.play("a-is-refused", FOREIGN, status=str(status), **values))


@pytest.mark.law("K25")
def test_each_verdict_is_told_and_no_call_is_made(fresh: Rig) -> None:
    fresh.start(foreign={"mode": '"redirect"', "redirect": "{ identity = true }"})
    b = fresh.play("b-answers", NATIONAL)
    there = fresh.foreign.address(fresh.foreign.peer)
    asked(fresh, 302, seen=matches("Contact", f"sip:.3293330000@{there}"))
    asked(fresh, 302, caller=ROAMING, seen=matches("Contact", f"@{there}"))
    anonymous = matches("Contact", "From=.*anonymous.invalid.*Privacy=id")
    asked(fresh, 302, caller=UNVERIFIABLE, seen=anonymous)
    asked(fresh, 603, caller=UNVERIFIABLE, extra=f"Diversion: {UNVERIFIABLE}", seen=matches("Reason", "cause=21"))
    asked(fresh, 603, caller=GEOGRAPHIC, seen=lacks("Contact:"))
    verdicts = [line["verdict"] for line in fresh.box.journal("verdict")]
    assert verdicts == ["pass", "pass", "withhold", "withhold", "block"]
    assert fresh.box.causes() == ["advised", "advised", "advised", "inexpressible", "blocked"]
    assert not b.messages
    b.close()


def test_a_404_says_that_the_next_route_may_be_taken(fresh: Rig) -> None:
    fresh.start(foreign={"mode": '"redirect"', "redirect": "{ on_pass = 404 }"})
    asked(fresh, 404, seen=lacks("Contact:"))
    asked(fresh, 603, caller=UNVERIFIABLE)
    assert fresh.box.causes() == ["advised", "inexpressible"]


def test_an_asker_over_ipv6_is_sent_to_the_targets(fresh6: Rig) -> None:
    fresh6.start(foreign={"mode": '"redirect"'})
    asked(fresh6, 302, seen=matches("Contact", f"@.::1.:{fresh6.foreign.peer}"))
