"""A carrier that asks who we are: the trunk answers, and the caller hears nothing of it (RFC 3261 §22)."""

import json
from typing import Any

import attrs
import pytest

from b2bua.config import Config, Credentials, Endpoint, Password, Peer, Target
from policy.roaming import Roaming
from tests.world.challenger import PASSWORD, REALM, USER, Challenger, read
from tests.world.scene import CONFIG, HOME, HOME_SOCKET, SPARE, Scene

OURS = Credentials(username=USER, password=Password(PASSWORD))
CARRIER = Credentials(username=USER, password=Password(PASSWORD), realm=REALM)
HOLD = b"v=0\r\na=sendonly\r\n"


def config(*credentials: Credentials, spare: bool = False) -> Config:
    abroad, home = CONFIG.trunk
    home = attrs.evolve(home, credentials=credentials)
    if spare:
        first, second = Endpoint.parse("198.51.100.2"), Endpoint.parse("198.51.100.1")
        home = attrs.evolve(
            home,
            peers=(*home.peers, Peer.parse("198.51.100.2")),
            targets=(Target(address=first), Target(address=second)),
        )
    return attrs.evolve(CONFIG, trunk=(abroad, home))


def challenged(*credentials: Credentials, spare: bool = False, **options: Any) -> tuple[Scene, Challenger]:
    """A scene whose callee is behind a carrier that asks for the credentials of the trunk."""
    scene = Scene(config=config(*(credentials or (OURS,)), spare=spare))
    carrier = Challenger("callee", HOME, HOME_SOCKET, scene, **options)
    scene.callee = carrier
    return scene, carrier


def answer(scene: Scene, **options: Any) -> Any:
    session = scene.caller.invite(**options)
    scene.run(5)
    assert session.final == 200, session.statuses
    return session


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", ["auth", None])
def test_a_challenge_is_answered_and_the_caller_hears_one_final_response(
    status: int, algorithm: str, qop: str | None
) -> None:
    scene, carrier = challenged(status=status, algorithm=algorithm, qop=qop)
    with scene:
        session = answer(scene)
        assert session.statuses == [100, 180, 200]
        first, second = carrier.requests("INVITE")
        assert first.call_id == second.call_id
        assert first.first("from") == second.first("from")
        assert not second.to_tag
        assert (first.cseq, second.cseq) == (1, 2)
        assert first.branch != second.branch
        scene.caller.bye(session)
    assert not scene.alarms


def test_nothing_of_the_challenge_or_its_answer_crosses() -> None:
    scene, carrier = challenged()
    carrier.headers = (("Proxy-Authentication-Info", 'rspauth="00", nextnonce="callee-nonce-77"'),)
    carrier.script = [(0.5, 200, b"v=0\r\n")]
    with scene:
        session = answer(scene)
        scene.caller.bye(session)
    for wire in scene.caller.seen:
        for word in (REALM, PASSWORD, "nonce", "rspauth"):
            assert word.encode() not in wire.data


def test_the_ack_repeats_the_credentials_of_its_invite() -> None:
    scene, carrier = challenged(spares=frozenset({"BYE"}))
    with scene:
        session = answer(scene)
        second = carrier.requests("INVITE")[1]
        (ack,) = [wire for wire in carrier.requests("ACK") if wire.to_tag != "callee-challenge"]
        assert ack.all("proxy-authorization") == second.all("proxy-authorization") != []
        scene.caller.bye(session)


def test_the_ack_to_a_late_offer_repeats_them_too_and_once() -> None:
    scene, carrier = challenged()
    carrier.script = [(0.05, 180, b""), (0.5, 200, b"v=0\r\noffer\r\n")]
    with scene:
        session = answer(scene, body=b"", headers=[("Proxy-Authorization", f'Digest realm="{REALM}", username="x"')])
        second = carrier.requests("INVITE")[1]
        (ack,) = [wire for wire in carrier.requests("ACK") if wire.to_tag != "callee-challenge"]
        assert ack.all("proxy-authorization") == second.all("proxy-authorization")
        scene.caller.bye(session)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "MESSAGE"])
def test_a_request_in_the_dialog_brings_the_proof_with_it(method: str) -> None:
    scene, carrier = challenged()
    with scene:
        session = answer(scene)
        asked = len(carrier.challenged)
        scene.caller.request(session, method, body=HOLD)
        scene.run(2)
        assert [wire.status for wire in scene.caller.responses(method)][-1] == 200
        assert len(carrier.challenged) == asked == 1
        scene.caller.bye(session)
    assert [int(proof["nc"], 16) for proof in carrier.proofs] == list(range(1, len(carrier.proofs) + 1))


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "PRACK"])
def test_a_request_in_the_dialog_that_is_challenged_is_repeated_and_answered_once(method: str) -> None:
    scene, carrier = challenged(lasts=1)
    carrier.spares = frozenset({"ACK"})
    with scene:
        session = answer(scene)
        sent = scene.caller.request(session, method, [("RAck", "1 1 INVITE")], HOLD)
        scene.run(2)
        finals = [wire for wire in scene.caller.responses(method) if wire.branch == sent.branch and wire.status != 100]
        assert [wire.status for wire in finals] == [200]
        first, second = [wire for wire in carrier.requests(method) if wire.to_tag]
        assert second.cseq == first.cseq + 1
        assert second.body == HOLD
        scene.caller.bye(session)


def test_a_challenged_bye_is_repeated_so_that_the_other_side_comes_down() -> None:
    scene, carrier = challenged(lasts=1)
    with scene:
        session = answer(scene)
        scene.caller.bye(session)
        scene.run(2)
        first, second = carrier.requests("BYE")
        assert (second.cseq, second.branch != first.branch) == (first.cseq + 1, True)
        assert carrier.sessions[-1].is_over
        assert scene.core.statistics().calls == 0


def test_a_bye_that_is_challenged_for_ever_is_let_go() -> None:
    scene, carrier = challenged()
    with scene:
        session = answer(scene)
        carrier.trusts = False
        scene.caller.bye(session)
        scene.run(40)
        assert len(carrier.requests("BYE")) < 8


def test_a_bye_towards_a_caller_whose_trunk_has_credentials_is_repeated_too() -> None:
    abroad, home = CONFIG.trunk
    scene = Scene(config=attrs.evolve(CONFIG, trunk=(attrs.evolve(abroad, credentials=(OURS,)), home)))
    old = scene.caller
    scene.caller = caller = Challenger("caller", old.address, old.gateway, scene, old.number)
    with scene:
        answer(scene)
        scene.callee.bye(scene.callee.sessions[0])
        scene.run(2)
        assert len(caller.requests("BYE")) == 2
        assert caller.sessions[0].is_over


def test_a_stale_nonce_is_renewed() -> None:
    scene, carrier = challenged(lasts=2)
    with scene:
        session = answer(scene)
        for _ in range(6):
            scene.caller.request(session, "INFO")
            scene.run(1)
        assert [wire.status for wire in scene.caller.responses("INFO")] == [200] * 6
        assert len(carrier.challenged) > 2
        scene.caller.bye(session)


@pytest.mark.parametrize("says_stale", [True, False])
def test_credentials_that_are_not_taken_are_our_failure_and_not_the_callers(says_stale: bool) -> None:
    scene, carrier = challenged(Credentials(username=USER, password=Password("wrong-one")), says_stale=says_stale)
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.statuses == [100, 500]
        assert len(carrier.requests("INVITE")) == 2
    (alarm,) = scene.alarms
    assert alarm.name == "credentials"
    assert "wrong-one" not in repr((scene.alarms, scene.records, scene.core.context.trunks))
    assert scene.record("end").facts["cause"] == "credentials"
    assert not any(b"nonce" in wire.data for wire in scene.caller.seen)


def test_who_calls_every_nonce_stale_for_ever_is_not_answered_for_ever() -> None:
    scene, carrier = challenged(lasts=0)
    with scene:
        session = scene.caller.invite()
        scene.run(20)
        assert session.final == 500
        assert len(carrier.requests("INVITE")) <= 6


def test_who_asks_for_another_realm_each_time_is_not_answered_for_ever() -> None:
    class Fickle(Challenger):
        def _admits(self, wire: Any) -> bool:
            self.realms = [f"realm {len(self.challenged)}"]
            return super()._admits(wire)

    scene, _ = challenged()
    scene.callee = carrier = Fickle("callee", HOME, HOME_SOCKET, scene)
    with scene:
        session = scene.caller.invite()
        scene.run(20)
        assert session.final == 500
        assert len(carrier.requests("INVITE")) == 6


@pytest.mark.parametrize("method", ["INFO", "BYE"])
def test_who_asks_for_another_realm_each_time_in_the_dialog_is_not_either(method: str) -> None:
    class Fickle(Challenger):
        def _admits(self, wire: Any) -> bool:
            if wire.method == method:
                self.realms = [f"realm {len(self.challenged)}"]
            return super()._admits(wire)

    scene, _ = challenged()
    scene.callee = carrier = Fickle("callee", HOME, HOME_SOCKET, scene)
    with scene:
        session = answer(scene)
        scene.caller.request(session, method)
        scene.run(20)
        assert len(carrier.requests(method)) == 6
        assert [w.status for w in scene.caller.responses(method)] == [500 if method == "INFO" else 200]
        scene.caller.bye(session)


def test_several_challenges_at_once_are_all_answered() -> None:
    scene, carrier = challenged(realms=["one", "two"])
    with scene:
        session = answer(scene)
        second = carrier.requests("INVITE")[1]
        assert {read(line)["realm"] for line in second.all("proxy-authorization")} == {"one", "two"}
        scene.caller.bye(session)


def test_without_credentials_the_challenge_crosses_and_so_does_the_callers_answer() -> None:
    scene = Scene()
    scene.callee = carrier = Challenger("callee", HOME, HOME_SOCKET, scene, status=401)
    mine = f'Digest realm="{REALM}", username="ada", nonce="n", uri="sip:x", response="00"'
    with scene:
        session = scene.caller.invite(headers=[("Authorization", mine)])
        scene.run(2)
        assert session.statuses == [100, 401]
        (refusal,) = [wire for wire in scene.caller.responses() if wire.status == 401]
        assert refusal.first("www-authenticate").startswith(f'Digest realm="{REALM}"')
        assert carrier.requests("INVITE")[0].all("authorization") == [mine]


def test_a_realm_that_the_credentials_do_not_name_is_the_callers_to_answer() -> None:
    scene, carrier = challenged(CARRIER, realms=["pbx.example"])
    mine = 'Digest realm="pbx.example", username="ada", nonce="n", uri="sip:x", response="00"'
    both = f'Digest realm="{REALM}", username="forged", nonce="n", uri="sip:x", response="00"'
    with scene:
        session = scene.caller.invite(headers=[("Proxy-Authorization", both), ("Proxy-Authorization", mine)])
        scene.run(2)
        assert session.statuses == [100, 407]
        (refusal,) = [wire for wire in scene.caller.responses() if wire.status == 407]
        assert "pbx.example" in refusal.first("proxy-authenticate")
        (invite,) = carrier.requests("INVITE")
        assert invite.all("proxy-authorization") == [mine]
    assert not scene.alarms


def test_of_two_challenges_only_the_one_that_is_not_for_us_crosses() -> None:
    scene, carrier = challenged(CARRIER, realms=[REALM, "pbx.example"])
    with scene:
        session = scene.caller.invite()
        scene.run(2)
        assert session.statuses == [100, 407]
        (refusal,) = [wire for wire in scene.caller.responses() if wire.status == 407]
        assert [read(line)["realm"] for line in refusal.all("proxy-authenticate")] == ["pbx.example"]
        assert len(carrier.requests("INVITE")) == 2


@pytest.mark.parametrize("at", [0.001, 0.015, 0.025, 0.035, 0.045, 0.055, 0.075])
def test_a_call_can_be_cancelled_at_any_moment_around_the_challenge(at: float) -> None:
    scene, carrier = challenged()
    with scene:
        session = scene.caller.invite()
        scene.run(at)
        scene.caller.cancel(session)
        scene.run(10)
        assert session.final == 487
        assert not any(wire.all("proxy-authorization") for wire in carrier.requests("CANCEL"))


def test_a_challenge_after_a_cancel_is_not_answered() -> None:
    class Slow(Challenger):
        def _admits(self, wire: Any) -> bool:
            if wire.method == "INVITE":
                self.respond(wire, 100)
                self.world.after(1.0, lambda: Challenger._admits(self, wire))
                return False
            return super()._admits(wire)

    scene, _ = challenged()
    scene.callee = carrier = Slow("callee", HOME, HOME_SOCKET, scene, heeds_cancel=False)
    with scene:
        session = scene.caller.invite()
        scene.run(0.5)
        scene.caller.cancel(session)
        scene.run(10)
        assert session.final == 487
        assert len(carrier.requests("INVITE")) == 1


def test_a_challenge_after_an_early_session_description_is_not_answered() -> None:
    class Late(Challenger):
        def _admits(self, wire: Any) -> bool:
            if wire.method == "INVITE":
                self.respond(wire, 183, b"v=0\r\n")
                self.world.after(0.5, lambda: Challenger._admits(self, wire))
                return False
            return super()._admits(wire)

    scene, _ = challenged()
    scene.callee = carrier = Late("callee", HOME, HOME_SOCKET, scene)
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.statuses == [100, 183, 500]
        assert len(carrier.requests("INVITE")) == 1


def test_a_re_invite_that_is_taken_back_is_not_repeated_when_it_is_challenged() -> None:
    class Late(Challenger):
        def _admits(self, wire: Any) -> bool:
            if wire.method == "INVITE" and wire.to_tag:
                self.respond(wire, 180)
                self.world.after(1.0, lambda: Challenger._admits(self, wire))
                return False
            return super()._admits(wire)

    scene, _ = challenged(lasts=1)
    scene.callee = carrier = Late("callee", HOME, HOME_SOCKET, scene, lasts=1, heeds_cancel=False)
    with scene:
        session = answer(scene)
        sent = scene.caller.request(session, "INVITE", body=HOLD)
        scene.run(0.5)
        scene.caller.cancel(attrs.evolve(session, invite=sent))
        scene.run(5)
        assert len([wire for wire in carrier.requests("INVITE") if wire.to_tag]) == 1
        scene.caller.bye(session)


def test_a_challenge_that_comes_again_is_acked_again_and_answered_once() -> None:
    scene, carrier = challenged()
    with scene:
        session = scene.caller.invite()
        scene.run(0.025)
        refusal = carrier._replies[carrier.challenged[0].branch, "INVITE"][0]
        for _ in range(3):
            scene.deliver(carrier, refusal)
        scene.run(5)
        assert session.final == 200
        assert len(carrier.requests("INVITE")) == 2
        scene.caller.bye(session)


def test_a_fork_in_which_one_accepts_and_one_challenges_is_accepted() -> None:
    scene, carrier = challenged(spares=frozenset({"INVITE"}))
    scene.is_traced = False  # the proxy errs: after a 2xx, no other final response is anybody's to ACK (RFC 6026 §7.2)
    with scene:
        session = answer(scene)
        (invite,) = carrier.requests("INVITE")
        late = carrier.response(invite, 407, headers=[("Proxy-Authenticate", f'Digest realm="{REALM}", nonce="z"')])
        scene.deliver(carrier, late)
        scene.run(1)
        assert len(carrier.requests("INVITE")) == 1
        scene.caller.bye(session)


def test_after_the_challenge_a_target_can_still_fail_and_the_next_has_a_nonce_of_its_own() -> None:
    scene, carrier = challenged(spare=True)
    scene.spare = first = Challenger("spare", SPARE, HOME_SOCKET, scene)
    first.script = [(0.01, 503, b"")]
    with scene:
        session = answer(scene)
        assert len(first.requests("INVITE")) == len(carrier.requests("INVITE")) == 2
        assert not carrier.requests("INVITE")[0].all("proxy-authorization")
        assert {proof["nonce"] for proof in first.proofs} == {"spare-nonce-1"}
        assert {proof["nonce"] for proof in carrier.proofs} == {"callee-nonce-1"}
        scene.caller.bye(session)
    assert [alarm.name for alarm in scene.alarms] == ["target"]


def test_after_the_challenge_a_target_that_falls_silent_is_left_for_the_next() -> None:
    scene, carrier = challenged(spare=True)
    scene.spare = first = Challenger("spare", SPARE, HOME_SOCKET, scene)
    with scene:
        session = scene.caller.invite()
        scene.run(0.025)
        first.is_silent = True
        scene.run(45)
        assert session.final == 200
        assert [bool(wire.all("proxy-authorization")) for wire in first.requests("INVITE")] == [False, True]
        assert carrier.proofs
        scene.caller.bye(session)


@pytest.mark.law("K11")
def test_what_a_verdict_takes_out_stays_out_of_the_second_try() -> None:
    scene, carrier = challenged()
    scene.answers = {"+32470666666": Roaming.FAILED}
    with scene:
        session = answer(scene, caller="<sip:+32470666666@abroad>", headers=[("X-Note", "470666666")])
        assert len(carrier.requests("INVITE")) == 2
        assert not any(b"470666666" in wire.data for wire in carrier.seen)
        scene.caller.bye(session)
    assert scene.record("verdict").facts["verdict"] == "withhold"


def test_a_refresh_of_ours_brings_the_proof_and_answers_a_challenge() -> None:
    scene, carrier = challenged(lasts=1)
    carrier.headers = (("Session-Expires", "90;refresher=uac"), ("Allow", "UPDATE"), ("Require", "timer"))
    with scene:
        session = answer(scene, headers=[("Supported", "timer")])
        scene.run(60)
        updates = carrier.requests("UPDATE")
        assert len(updates) >= 2
        assert updates[-1].all("proxy-authorization")
        assert scene.core.statistics().calls == 1
        scene.caller.bye(session)


def test_a_call_that_goes_on_in_another_process_still_knows_what_was_asked() -> None:
    scene, carrier = challenged()
    with scene:
        session = scene.caller.invite()
        for _ in range(70):
            scene.run(0.03)
            for name in list(scene.core._calls):
                saved = scene.core.put_down(name, scene.moment)
                assert PASSWORD not in json.dumps(saved)
                scene.core.take_up(json.loads(json.dumps(saved)), scene.moment)
        assert session.final == 200
        scene.caller.request(session, "INFO")
        scene.run(1)
        scene.caller.bye(session)
    assert len(carrier.challenged) == 1
    assert [int(proof["nc"], 16) for proof in carrier.proofs] == [1, 2, 3]
