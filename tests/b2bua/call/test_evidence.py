"""What the evidence of a call says beside its verdict: since when, who was asked, what it rested on, where it went."""

import datetime
from typing import Any

import attrs
import pytest

from b2bua.config import Endpoint, Peer, Redirects, Target
from policy.register import BlockedUser, Dossier, Register
from policy.roaming import Roaming
from tests.world.scene import CONFIG, HOME, HOME_SOCKET, SPARE, Scene
from tests.world.test_redirection import CALLED, MOVED, Redirector

MOBILE, CALLER = "+32470123456", "+442079460000"
SINCE = datetime.date(2025, 1, 1)


def two_targets(**trunk: Any) -> Scene:
    """One whose calls are tried at SPARE, then at HOME."""
    abroad, home = CONFIG.trunk
    targets = (Target(address=Endpoint.parse(SPARE)), Target(address=Endpoint.parse(HOME)))
    home = attrs.evolve(home, peers=(*home.peers, Peer.parse("198.51.100.2")), targets=targets, **trunk)
    return Scene(config=attrs.evolve(CONFIG, trunk=(abroad, home)))


# When it began, and who was asked.


@pytest.mark.law("K18", "K10")
def test_a_verdict_that_waited_for_an_answer_says_since_when_and_who_gave_it() -> None:
    with Scene(answers={MOBILE: Roaming.ABROAD}, thinking=1.0) as scene:
        began = scene.moment.utc
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@x>")
        scene.run(5)
        scene.caller.bye(session)
    verdict = scene.record("verdict")
    assert verdict.at - datetime.timedelta(seconds=1.1) < verdict.facts["began"] < verdict.at  # type: ignore[operator]
    assert abs(verdict.facts["began"] - began) < datetime.timedelta(seconds=0.1)  # type: ignore[operator]
    assert verdict.facts["answers"] == [{"outcome": "abroad", "source": "scene", "at": None}]


@pytest.mark.law("¶8 3°", "K12")
def test_the_failure_that_let_a_number_be_withheld_stays_without_the_number() -> None:
    with Scene(answers={MOBILE: Roaming.FAILED}) as scene:
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@x>")
        scene.run(30)
        scene.caller.bye(session)
    facts = scene.record("verdict").facts
    assert facts["verdict"] == "withhold"
    (answer,) = facts["answers"]  # type: ignore[misc, attr-defined]
    assert (answer["outcome"], answer["source"]) == ("failed", "scene")
    assert "470123456" not in str(facts)


@pytest.mark.law("¶8 3°", "K12")
def test_that_we_brought_no_word_in_time_is_no_failure_of_the_holder_s() -> None:
    with Scene(answers={MOBILE: None}) as scene:
        scene.caller.invite(caller=f"<sip:{MOBILE}@x>")
        scene.run(30)
    facts = scene.record("verdict").facts
    assert facts["verdict"] == "block"
    (answer,) = facts["answers"]  # type: ignore[misc, attr-defined]
    assert (answer["outcome"], answer["source"]) == ("not asked", "no answer in time")
    assert "470123456" not in str(facts)


def test_a_caller_who_gave_up_before_the_answer_is_on_record_since_his_call() -> None:
    with Scene(answers={MOBILE: Roaming.ABROAD}, thinking=3.0) as scene:
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@x>")
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(5)
    verdict = scene.record("verdict")
    assert verdict.facts["verdict"] == "undecided"
    assert verdict.facts["began"] < verdict.at  # type: ignore[operator]


def test_a_verdict_that_nobody_waited_for_says_nothing_of_that() -> None:
    with Scene() as scene:
        session = scene.caller.invite(caller=f"<sip:{CALLER}@x>")
        scene.run(5)
        scene.caller.bye(session)
    assert scene.record("verdict").facts.keys().isdisjoint({"began", "answers", "entries"})


# What it rested on.


@pytest.mark.law("K18", "K21")
def test_the_entries_that_a_verdict_rests_on_stay_without_the_number() -> None:
    register = Register("amended", (BlockedUser(reference="B-7", since=SINCE, number=CALLER),))
    with Scene() as scene:
        scene.core.amend(register)
        scene.caller.invite(caller=f"<sip:{CALLER}@x>")
    facts = scene.record("verdict").facts
    assert (facts["verdict"], facts["entries"]) == ("block", ["B-7"])
    assert CALLER not in str(facts)


@pytest.mark.law("¶8 3°", "K12")
def test_a_dossier_that_lets_a_number_be_withheld_is_named() -> None:
    register = Register("amended", (Dossier(reference="D-1", since=SINCE, prefix="+32470"),))
    with Scene(answers={MOBILE: Roaming.NOT_OFFERED}) as scene:
        scene.core.amend(register)
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@x>")
        scene.run(5)
        scene.caller.bye(session)
    facts = scene.record("verdict").facts
    assert (facts["verdict"], facts["entries"]) == ("withhold", ["D-1"])


# Where it went.


def test_an_answer_names_the_targets_that_had_not_taken_the_call() -> None:
    with two_targets() as scene:
        scene.spare.script = [(0.01, 503, b"")]
        session = scene.caller.invite()
        scene.run(5)
        scene.caller.bye(session)
    answer = scene.record("answer").facts
    assert (answer["to"], answer["b_peer"]) == ("home", HOME)
    assert answer["tried"] == [{"to": "home", "b_peer": SPARE, "why": "503"}]
    assert scene.record("end").facts.keys() == {"cause", "status", "seconds", "by"}


def test_a_call_that_no_target_took_says_which_were_tried_and_why_not() -> None:
    with two_targets() as scene:
        scene.spare.is_silent = True
        scene.unreachable.add("198.51.100.1")
        scene.caller.invite()
        scene.run(45)
    end = scene.record("end").facts
    assert (end["cause"], end["b_peer"]) == ("target: transport", HOME)
    first, second = end["tried"]  # type: ignore[misc]
    assert first == {"to": "home", "b_peer": SPARE, "why": "timeout"}
    assert second == {"to": "home", "b_peer": HOME, "why": "transport"}


def test_a_call_that_was_refused_has_the_call_id_of_its_other_side() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.01, 486, b"")]
        scene.caller.invite()
        scene.run(5)
        (sent,) = [wire for wire in scene.callee.seen if wire.method == "INVITE" and wire.status is None]
    end = scene.record("end").facts
    assert (end["to"], end["b_call_id"], end["b_peer"]) == ("home", sent.call_id, HOME)
    assert "tried" not in end


def test_a_call_that_never_left_has_no_other_side() -> None:
    with Scene() as scene:
        scene.caller.invite(caller="<sip:+3225551212@x>")
    assert scene.record("end").facts.keys() == {"cause", "status", "seconds", "by"}


def test_a_redirection_is_one_of_the_places_that_were_tried() -> None:
    abroad, home = CONFIG.trunk
    config = attrs.evolve(CONFIG, trunk=(abroad, attrs.evolve(home, redirects=Redirects.FOLLOW)))
    scene = Scene(config=config)
    scene.callee = Redirector("callee", HOME, HOME_SOCKET, scene, named={CALLED: [f"<sip:{MOVED}@198.51.100.1>"]})
    with scene:
        session = scene.caller.invite(CALLED)
        scene.run(5)
        scene.caller.bye(session)
    answer = scene.record("answer").facts
    assert answer["redirected"] == 1
    assert answer["tried"] == [{"to": "home", "b_peer": HOME, "why": "redirected"}]
