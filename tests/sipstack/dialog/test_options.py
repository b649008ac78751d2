import pytest

from sipstack.dialog.options import requires, supports
from sipstack.errors import ParseError
from sipstack.message import request as build


def invite(*fields):
    return build("INVITE", "sip:b@b", fields)


def test_a_tag_is_found_in_any_line_place_and_case():
    message = invite(("Supported", "path, TIMER"), ("Supported", "100rel"), ("Require", "x"))
    assert supports(message, "timer")
    assert supports(message, "100rel")
    assert not supports(message, "x")
    assert requires(message, "x")
    assert not requires(message, "timer")


def test_the_compact_form_counts():
    assert supports(invite(("k", "timer")), "timer")


def test_a_tag_within_another_is_not_that_tag():
    assert not supports(invite(("Supported", "xtimer, timers")), "timer")


def test_an_unreadable_line_is_the_peers_fault():
    with pytest.raises(ParseError):
        requires(invite(("Require", '"open')), "timer")
