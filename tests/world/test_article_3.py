"""Art. 3 by our own ledger: a call that leaves by us, is forwarded home abroad, and comes back."""

import datetime
from typing import Any

import attrs
import pytest

from b2bua.config import Config, Redirects, Register, Route
from policy.register import Derogation as Law
from policy.register import MobileRange, Suspension
from tests.world.party import Fields, Session
from tests.world.scene import CONFIG, Scene

FOREIGN, HOME, CALLER = "+33699999999", "+3293330000", "+3225551212"
DAY = datetime.date(2026, 1, 1)


@attrs.define(eq=False)
class Returning(Scene):
    """The callee abroad forwards what it is called to a number at home: a Belgian caller's call leaves and returns."""

    def leave(self, called: str = FOREIGN, caller: str | None = None, headers: Fields = ()) -> Session:
        session = self.caller.invite(called, caller, headers)
        self.run(2)
        return session

    def come_back(
        self, caller: str = CALLER, called: str = HOME, by: str = FOREIGN, headers: Fields = ()
    ) -> int | None:
        diverted = [("Diversion", f"<sip:{by}@abroad>;reason=unconditional")] if by else []
        session = self.callee.invite(called, f"<sip:{caller}@abroad>", [*diverted, *headers])
        self.run(2)
        if session.final == 200:
            self.callee.bye(session)
            self.run(1)
        return session.final


def returning(config: Config = CONFIG, **changes: Any) -> Returning:
    made = attrs.evolve(config, **changes)
    world = Returning(from_home=True, config=made)
    world.callee.script = world.caller.script = [(0.01, 200, b"v=0\r\n")]
    return world


def finish(world: Returning, *sessions: Session) -> None:
    for session in sessions:
        if session.final == 200:
            world.caller.bye(session)


@pytest.mark.law("art. 3", "¶14.1", "L8", "K13")
def test_a_call_that_has_just_left_by_us_comes_back_and_rings_at_home() -> None:
    with returning() as world:
        session = world.leave()
        assert world.come_back() == 200
        finish(world, session)
    arrived = world.caller.requests("INVITE")[0]
    assert CALLER in arrived.first("from")
    verdict = [record for record in world.records if record.kind == "verdict"][1]
    assert (verdict.facts["verdict"], verdict.facts["basis"]) == ("pass", "art. 3, ¶14.1")


@pytest.mark.law("art. 3", "¶10", "L8", "K13")
def test_what_has_not_left_by_us_does_not_come_back() -> None:
    with returning() as world:
        assert world.come_back() == 603
        session = world.leave()
        assert world.come_back(caller="+3225551213") == 603  # somebody else
        assert world.come_back(by="+33611111111") == 603  # by somebody who was not called
        assert world.come_back(by="") == 603  # by nobody
        other = [("P-Asserted-Identity", "<tel:+3225551213>")]
        assert world.come_back(headers=other) == 603  # with a second caller who was not there
        finish(world, session)


@pytest.mark.law("art. 3", "L8", "K13")
def test_a_call_that_left_long_ago_proves_nothing() -> None:
    with returning() as world:
        session = world.leave()
        finish(world, session)
        world.run(240)
        assert world.come_back() == 200
        world.run(120)
        assert world.come_back() == 603


@pytest.mark.law("art. 3", "K13")
@pytest.mark.parametrize("caller", ["025551212", "003225551212", "+32-2-555.12.12", "%2B3225551212"])
def test_a_caller_is_remembered_however_home_networks_write_him(caller: str) -> None:
    with returning() as world:
        session = world.leave(caller=f'"Jan" <sip:{caller}@home;user=phone>')
        assert world.come_back() == 200
        finish(world, session)
    assert caller in world.callee.requests("INVITE")[0].first("from")  # and what he wrote is what has left


@pytest.mark.law("art. 3", "K13")
def test_the_network_number_is_remembered_too() -> None:
    with returning() as world:
        asserted = [("P-Asserted-Identity", "<tel:025551212;phone-context=+32>, <sip:+3225551213@home>")]
        session = world.leave(caller="<sip:+3278151515@home>", headers=asserted)
        assert world.come_back("+3225551213") == 200
        assert world.come_back(headers=[("P-Asserted-Identity", "<tel:+3225551213>")]) == 200
        finish(world, session)


@pytest.mark.law("art. 3", "K13")
def test_a_call_that_is_redirected_is_remembered_by_where_it_went() -> None:
    abroad, home = CONFIG.trunk
    made = attrs.evolve(CONFIG, trunk=(attrs.evolve(abroad, redirects=Redirects.FOLLOW), home))
    with returning(made) as world:
        world.callee.script = [(0.01, 302, b"")]
        world.callee.headers = (("Contact", f"<sip:{FOREIGN}@192.0.2.1>"),)
        session = world.caller.invite("+33611111111")
        world.run(0.2)
        world.callee.script = [(0.01, 200, b"v=0\r\n")]
        world.callee.headers = ()
        world.run(3)
        assert world.come_back() == 200
        finish(world, session)


@pytest.mark.law("art. 3", "K13", "¶24")
def test_only_what_began_at_home_is_remembered() -> None:
    """A call from abroad that goes abroad again is nobody's proof."""
    routes = (*CONFIG.route, Route(source="abroad", prefix="+336", to="abroad"))
    with returning(route=routes) as world:
        assert world.come_back(caller="+442079460000", called=FOREIGN, by="") is not None
        assert not world.core.context.ledger._legs
        session = world.leave(HOME)
        finish(world, session)


@pytest.mark.law("art. 3", "K13", "¶24")
def test_a_national_call_that_stays_at_home_is_not_remembered() -> None:
    routes = (Route(source="home", prefix="+32", to="home"), *CONFIG.route)
    with returning(route=routes) as world:
        world.is_traced = False  # both ends are one party
        session = world.leave(HOME)
        assert not world.core.context.ledger._legs
        finish(world, session)


@pytest.mark.law("art. 3 1°", "¶14.1", "K13")
def test_a_visitor_is_reached_by_the_number_lent_to_him_and_by_no_other() -> None:
    lent = MobileRange(reference="MSRN-1", since=DAY, prefix="+3248699")
    with returning(register=Register(mobile_range=(lent,))) as world:
        assert world.come_back(called="+32486990001", by="") == 200
        assert world.come_back(called="+32486980001", by="") == 603
        assert world.come_back("+3280012345", called="+32486990001", by="") == 603


@pytest.mark.law("¶10", "L8", "K13", "K26")
def test_one_redirecting_number_proves_only_so_many_calls_an_hour() -> None:
    with returning() as world:
        world.caller.script = [(0.01, 486, b"")]
        session = world.leave()
        assert session.final == 200
        cap = world.core.context.profile.article_3
        assert cap is not None
        answers = [world.come_back() for _ in range(cap.forwardings_per_hour + 2)]
        assert answers == [486] * cap.forwardings_per_hour + [603, 603]
        finish(world, session)
    assert [alarm.name for alarm in world.alarms] == ["article-3-rate"]


@pytest.mark.law("art. 5", "¶17", "K21")
def test_a_suspended_article_3_proves_nothing_at_the_next_invite() -> None:
    with returning() as world:
        session = world.leave()
        assert world.come_back() == 200
        entry = Suspension(reference="S-1", since=DAY, derogation=Law.ARTICLE_3)
        world.core.amend(Register(suspension=(entry,)).as_register())
        assert world.come_back() == 603
        finish(world, session)


@pytest.mark.law("¶10")
def test_a_call_that_claims_many_callers_is_remembered_for_none() -> None:
    many = [f"+322555{n:04}" for n in range(20)]
    with returning() as world:
        session = world.leave(headers=[("P-Asserted-Identity", ", ".join(f"<tel:{n}>" for n in many))])
        assert {world.come_back(caller=number, called="+3293330000") for number in many[:5]} == {603}
        finish(world, session)
