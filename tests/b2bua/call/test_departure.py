import attrs
import pytest

from b2bua.call.departure import CALLER, depart, part_of, spared, spelled
from b2bua.call.upshot import Upshot
from b2bua.config import Action, CalledFormat, Direction, HeaderRule, Part
from b2bua.trunk import HeaderRules
from policy.claim import TrunkClass
from policy.profile import Profile
from policy.verdict import Outcome, Verdict
from sipstack.message import Headers, Request, Response, response_to
from tests.b2bua.call.test_topology import invite, leg
from tests.world.scene import EPOCH

PLAN = Profile.load("belgium").plan
IDENTITY = ("P-Asserted-Identity", "<sip:+33612345678@carrier.example>")


def verdict(outcome: Outcome) -> Verdict:
    return Verdict(outcome=outcome, basis="", findings=(), flags=(), profile="", register="", decided_at=EPOCH)


@pytest.mark.law("¶15", "¶31", "K17")
@pytest.mark.parametrize("trunk_class", TrunkClass)
@pytest.mark.parametrize("outcome", Outcome)
def test_what_names_the_caller_is_spared_where_it_must_not_show_or_must_not_change(
    trunk_class: TrunkClass, outcome: Outcome
) -> None:
    caller = leg(trunk_class=trunk_class)
    is_spared = outcome is Outcome.WITHHOLD or trunk_class in (TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4)
    assert spared(caller, Upshot.of(verdict(outcome))) == (CALLER if is_spared else frozenset())


@pytest.mark.law("¶15", "¶31", "K17")
@pytest.mark.parametrize("trunk_class", [TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4])
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("on", Direction)
def test_a_caller_number_that_was_admitted_stays_as_it_is(
    trunk_class: TrunkClass, action: Action, on: Direction
) -> None:
    rules = HeaderRules.of(
        [
            HeaderRule(on=on, action=action, name=name, value="<sip:other@y>", pattern="*")
            for name in (*sorted(CALLER), "X-Other")
        ]
    )
    caller, callee = leg(trunk_class=trunk_class, headers=rules), leg("home", headers=rules)
    headers = Headers.of([IDENTITY, ("Diversion", "<sip:+33612345679@carrier.example>"), ("X-Other", "a")])
    before = list(headers.lines)
    made = depart(headers, caller, callee, invite(), part=Part.SETUP, sparing=spared(caller, None)).lines
    assert made[:2] == before[:2]
    assert [line for line in made[2:] if not line.startswith("X-Other")] == []
    assert made != before


def test_hosts_are_hidden_before_the_rules_have_their_word() -> None:
    rules = HeaderRules.of(
        [HeaderRule(action=Action.REWRITE, name="Diversion", pattern="*@198.51.100.10*", value="*@kept*")]
    )
    far = leg("home", headers=rules)
    far.socket = far.trunk.sockets[0]
    headers = Headers.of([("Diversion", "<sip:1@192.0.2.1>")])
    assert depart(headers, leg(), far, invite(), part=Part.SETUP).lines == ["Diversion: <sip:1@kept>"]


def test_a_message_stands_in_the_dialog_or_answers() -> None:
    request = invite()
    assert part_of(request) is Part.DIALOG
    response: Response = response_to(request, 200)
    assert part_of(response) is Part.RESPONSES


def to(value: str) -> Request:
    request = invite()
    request.headers.replace("to", value)
    return request


def test_to_is_written_as_the_request_uri_when_it_names_the_same_number() -> None:
    one = attrs.evolve(leg("home").trunk, called_format=CalledFormat.NATIONAL)
    uri, same = spelled(to("Ghent <sip:003293330000@x>"), one, PLAN)
    assert (uri, same) == ("sip:093330000@192.0.2.10", "Ghent <sip:093330000@x>")
    assert spelled(to("<sip:+3293330001@x>"), one, PLAN)[1] == "<sip:+3293330001@x>"
    assert spelled(to("<sip:alice@x>"), one, PLAN)[1] == "<sip:alice@x>"


def test_without_a_format_both_are_as_they_came() -> None:
    assert spelled(to("<sip:+3293330000@x>"), leg("home").trunk, PLAN) == (
        "sip:+3293330000@192.0.2.10",
        "<sip:+3293330000@x>",
    )
