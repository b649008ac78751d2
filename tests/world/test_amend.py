"""The register changes while calls stand: the next INVITE is judged by the new one, and no call feels it else."""

import datetime

import attrs
import pytest

from b2bua.config import Config, Register
from policy.claim import TrunkClass
from policy.register import Agreement, BlockedUser, Derogation, Entry, Service, Suspension
from policy.roaming import Roaming
from tests.world.scene import CONFIG, EPOCH, Scene

START = datetime.date(2026, 1, 1)
LISTED, MOBILE = "<sip:+3225551212@abroad>", "<sip:+32470123456@abroad>"
AGREEMENT = Agreement(
    reference="A",
    since=START,
    trunk="abroad",
    service=Service.NOMADIC,
    holder="Operator",
    numbers=frozenset({"+3225551212"}),
)
SUSPENSION = Suspension(reference="S", since=START, derogation=Derogation.ARTICLE_4, trunk="abroad")
#: From the beginning of a scene to midnight in Brussels, which has UTC+1 in January.
TO_MIDNIGHT = 11 * 3_600 - 1_000


def special(**changes: object) -> Config:
    abroad, home = CONFIG.trunk
    trunks = attrs.evolve(abroad, declared_class=TrunkClass.ARTICLE_4), home
    return attrs.evolve(CONFIG, trunk=trunks, register=Register(agreement=(attrs.evolve(AGREEMENT, **changes),)))


def amend(scene: Scene, *entries: Entry) -> None:
    known = scene.core.context.register
    scene.core.amend(attrs.evolve(known, version="amended", entries=(*known.entries, *entries)))


@pytest.mark.law("¶17", "art. 4")
def test_a_suspension_takes_effect_at_the_next_invite_and_calls_that_stand_go_on() -> None:
    with Scene(config=special()) as scene:
        standing = scene.caller.invite(caller=LISTED)
        scene.run(3)
        assert standing.final == 200
        ringing = scene.caller.invite(caller=LISTED)
        scene.run(0.5)
        amend(scene, SUSPENSION)
        refused = scene.caller.invite(caller=LISTED)
        scene.run(3)
        assert (ringing.final, refused.final) == (200, 603)
        scene.caller.request(standing, "INVITE", body=b"v=0\r\n")
        scene.run(1)
        for session in (standing, ringing):
            scene.caller.bye(session)
    assert len(scene.callee.sessions) == 2
    versions = [record.facts["register"] for record in scene.records if record.kind == "verdict"]
    assert versions[0] == versions[1] != versions[2] == "amended"


@pytest.mark.law("¶16 block")
def test_a_call_that_waits_for_an_answer_is_judged_by_the_register_of_when_it_comes() -> None:
    with Scene(answers={"+32470123456": Roaming.ABROAD}, thinking=1.0) as scene:
        waiting = scene.caller.invite(caller=MOBILE)
        scene.run(0.5)
        amend(scene, BlockedUser(reference="B", since=START, number="+32470123456"))
        scene.run(3)
        assert waiting.final == 603
    assert scene.record("verdict").facts["register"] == "amended"
    assert scene.callee.sessions == []


@pytest.mark.law("¶15")
def test_an_agreement_ends_with_its_last_day_in_brussels_without_anybody_amending_it() -> None:
    with Scene(config=special(until=EPOCH.date())) as scene:
        scene.run(TO_MIDNIGHT - 10)
        last = scene.caller.invite(caller=LISTED)
        scene.run(9)
        assert last.final == 200
        scene.caller.bye(last)
        scene.run(2)
        late = scene.caller.invite(caller=LISTED)
        scene.run(3)
        assert late.final == 603
