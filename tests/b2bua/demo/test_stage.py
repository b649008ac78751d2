"""The daemon and the carriers on real sockets; and what they say when the daemon is planted a fault."""

import asyncio

import attrs
import pytest
import uvloop

from b2bua.app import App
from b2bua.call.call import Call
from b2bua.demo import stage
from b2bua.demo.stage import staged
from b2bua.demo.stories import STORIES
from b2bua.demo.story import Side
from b2bua.errors import GatewayError
from b2bua.identity.redaction import Redacted
from policy.claim import Position
from policy.profile import Action, Profile, RuleName
from sipstack.effects import Send

BY_TITLE = {story.title: story for story in STORIES}


def play(folder, *titles, patience=5.0):
    async def stories():
        async with staged(folder) as opened:
            return [await opened.play(BY_TITLE[title], patience) for title in titles]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(stories())


def with_action(rule, position, action):
    """Belgium's profile with one action changed."""
    profile = Profile.load("belgium")
    row = profile.rules[rule]
    changed = attrs.evolve(row, actions={**row.actions, position: action})
    return attrs.evolve(profile, rules={**profile.rules, rule: changed})


def test_every_story_goes_as_it_should_in_any_order_and_again(tmp_path):
    titles = [*reversed(BY_TITLE), *BY_TITLE]
    assert [(played.story.title, played.faults) for played in play(tmp_path, *titles)] == [(t, ()) for t in titles]


def test_a_policy_that_lets_a_landline_pass_is_seen_by_the_callee(tmp_path, monkeypatch):
    wrong = with_action(RuleName.GEOGRAPHIC, Position.PRESENTATION, Action.PASS)
    monkeypatch.setattr("b2bua.config.tree.Profile.load", lambda _: wrong)
    [bad, good] = play(tmp_path, "02 number from abroad", "0800 number from abroad")
    assert good.as_expected
    assert bad.verdict == "pass"
    assert "the caller got 200, not 603" in bad.faults
    assert any("the callee's side received" in fault for fault in bad.faults)


def test_a_policy_that_blocks_foreigners_is_seen_by_the_caller(tmp_path, monkeypatch):
    wrong = with_action(RuleName.FOREIGN, Position.PRESENTATION, Action.BLOCK)
    monkeypatch.setattr("b2bua.config.tree.Profile.load", lambda _: wrong)
    [bad] = play(tmp_path, "Foreign number")
    assert "the callee got no INVITE" in bad.faults


def test_a_daemon_that_withholds_on_paper_only_is_seen_by_the_callee(tmp_path, monkeypatch):
    monkeypatch.setattr("b2bua.call.call.redact", lambda *message, **_: Redacted(*message[:3], ()))
    monkeypatch.setattr("b2bua.call.pair.leak", lambda *_: None)
    for bad in play(tmp_path, "0475 not verifiable", "Referred by an 02 number", "Mobile number as a name"):
        assert bad.verdict == bad.story.verdict.word, "the evidence alone would not have shown it"
        assert f"the digits {bad.story.secret} stand in what the callee received" in bad.faults


def test_a_daemon_that_refuses_with_another_reason_is_seen_by_the_caller(tmp_path, monkeypatch):
    monkeypatch.setattr("b2bua.call.call.REJECTED", ("Reason", "Q.850;cause=16"))
    [bad] = play(tmp_path, "Short number as caller")
    assert bad.faults == ("the refusal has the Reason Q.850;cause=16",)


@pytest.mark.parametrize(
    ("side", "fault"),
    [(1, "the callee's side received 1 packets"), (2, "1 packets reached a carrier that has no part in the call")],
)
@pytest.mark.parametrize("moment", ["the refusal is acknowledged", "the caller probes", "that side probes"])
def test_a_packet_after_a_refusal_is_seen_however_late_and_wherever(tmp_path, monkeypatch, side, fault, moment):
    receive = App.receive
    method, sender = (b"ACK", 0) if "refusal" in moment else (b"OPTIONS", 0 if "caller" in moment else side)

    def chatty(app, data, flow, now):
        trunks = app.core.context.trunks.all
        is_it = data.startswith(method) and flow.remote == next(iter(trunks[sender].targets.flows))
        late = [Send(next(iter(trunks[side].targets.flows.values())), b"INFO sip:x SIP/2.0\r\n\r\n")] if is_it else []
        return [*late, *receive(app, data, flow, now)]

    monkeypatch.setattr(App, "receive", chatty)
    [bad] = play(tmp_path, "02 number from abroad")
    assert bad.faults == (fault,)


def test_a_daemon_that_keeps_no_evidence_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr("b2bua.evidence.journal.Journal.append", lambda *_: True)
    [bad] = play(tmp_path, "Foreign number")
    assert bad.verdict is None
    assert "the journal has nothing, not verdict, answer, end" in bad.faults


def test_a_daemon_that_says_nothing_makes_the_story_end_by_its_own_deadline(tmp_path, monkeypatch):
    monkeypatch.setattr(App, "receive", lambda *_: [])
    [bad] = play(tmp_path, "Foreign number", patience=0.05)
    assert "the call did not end in time" in bad.faults
    assert bad.seen == "no answer; no packet"
    assert bad.ms is None


def test_a_daemon_that_never_hangs_up_the_other_leg_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr(Call, "_bye", lambda *_: [])
    [bad] = play(tmp_path, "National call", patience=0.3)
    assert "the callee got no BYE" in bad.faults
    assert "the call did not end in time" in bad.faults


def test_a_machine_without_the_loopback_addresses_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setitem(stage._HOSTS, Side.NEIGHBOUR, "192.0.2.1")
    with pytest.raises(GatewayError, match=r"needs the loopback address 192\.0\.2\.1"):
        play(tmp_path, "Foreign number")
