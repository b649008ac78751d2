"""Where a call came from, read from the lines of its evidence."""

import datetime
from typing import Any

import pytest

from b2bua.cases.origin import Origin, origin_of
from b2bua.errors import CaseError
from tests.b2bua.cases.making import CALLED_AT, call, sealed

pytestmark = pytest.mark.law("¶16 identity")

SECOND = datetime.timedelta(seconds=1)


def origin(lines: list[dict[str, Any]]) -> Origin:
    return origin_of("c1", lines, ())


def test_it_tells_what_the_network_before_us_needs_to_find_the_call() -> None:
    found = origin(sealed(*call("c1")))
    assert (found.trunk, found.peer, found.own) == ("INT-1", "198.51.100.7:5060", "192.0.2.1:5060")
    assert (found.call_id, found.called) == ("c1@carrier", "sip:+3293330000@192.0.2.1")
    assert found.headers == ("From: <sip:+32470123456@carrier>;tag=1",)


def test_it_tells_both_call_ids_and_where_the_call_went() -> None:
    (sent,) = origin(sealed(*call("c1"))).sent
    assert (sent.trunk, sent.call_id, sent.peer) == ("NAT", "c1@us", "203.0.113.9:5060")


def test_it_tells_when_the_call_began_was_answered_and_ended() -> None:
    found = origin(sealed(*call("c1")))
    assert (found.began, found.answered, found.ended) == (CALLED_AT, CALLED_AT + 8 * SECOND, CALLED_AT + 95 * SECOND)


def test_a_call_that_was_not_answered_has_no_answer() -> None:
    found = origin(sealed(*call("c1", is_answered=False)))
    assert (found.answered, found.seconds, found.sent) == (None, None, ())


def test_a_call_that_goes_on_has_no_end() -> None:
    found = origin(sealed(*call("c1")[:2]))
    assert (found.ended, found.status, found.cause) == (None, None, "")


def test_it_keeps_the_sealed_lines_as_they_are() -> None:
    lines = sealed(*call("c1"))
    assert list(origin(lines).lines) == lines


def test_it_tells_who_was_asked_about_roaming_and_when() -> None:
    (roaming,) = origin(sealed(*call("c1"))).roaming
    assert (roaming.outcome, roaming.source, roaming.at) == ("abroad", "table", CALLED_AT)


def test_what_retention_has_taken_is_not_there() -> None:
    lines = sealed(*call("c1"))
    for line in lines:
        line.pop("personal", None)
    found = origin(lines)
    assert (found.called, found.headers, found.numbers) == ("", (), ())
    assert (found.trunk, found.call_id) == ("INT-1", "c1@carrier")


def test_a_trunk_that_the_configuration_has_no_more_has_no_known_operator() -> None:
    found = origin(sealed(*call("c1")))
    assert (found.operator, found.contact) == ("", "")


def test_a_call_without_a_verdict_says_nothing_of_its_origin() -> None:
    with pytest.raises(CaseError, match="the evidence of c1 has no verdict"):
        origin(sealed(*call("c1")[1:]))
