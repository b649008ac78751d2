from random import Random

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from b2bua.call import Moment
from b2bua.call import core as core_module
from b2bua.call.core import ALLOW
from policy.roaming import Roaming
from sipstack.effects import Send
from sipstack.flow import Flow
from tests.world import anything
from tests.world.party import Party, Session
from tests.world.scene import Scene
from tests.world.wire import Wire

GEOGRAPHIC = "<sip:+3225551212@x>"


def outside(method: str, *, to: str = "<sip:gw@192.0.2.10>") -> bytes:
    """A request in no dialog of ours."""
    lines = [
        f"{method} sip:gw@192.0.2.10 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{method.lower()}",
        "Max-Forwards: 70",
        "From: <sip:a@192.0.2.1>;tag=a",
        f"To: {to}",
        "Call-ID: outside",
        f"CSeq: 7 {method}",
        "Contact: <sip:a@192.0.2.1>",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def answers_to(method: str, to: str = "<sip:gw@192.0.2.10>") -> list[Wire]:
    with Scene() as scene:
        scene.deliver(scene.caller, outside(method, to=to))
        scene.run(1)
    assert not scene.records
    assert not scene.callee.seen
    return scene.caller.responses(method)


# Outside every dialog.


def test_options_is_answered_and_says_what_is_allowed() -> None:
    (answer,) = answers_to("OPTIONS")
    assert answer.status == 200
    assert answer.first("allow") == ALLOW
    assert (answer.first("accept"), answer.first("supported")) == ("application/sdp", "timer")
    assert answer.to_tag


@pytest.mark.parametrize(
    ("method", "status"),
    [
        *[(method, 481) for method in ("BYE", "PRACK", "UPDATE")],
        *[(method, 405) for method in ("REGISTER", "SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY", "INFO", "MESSAGE")],
        ("BREW", 501),
    ],
)
def test_other_requests_outside_a_dialog_are_refused_by_their_kind(method: str, status: int) -> None:
    (answer,) = answers_to(method)
    assert answer.status == status


@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO", "OPTIONS", "BREW"])
def test_a_request_with_a_tag_that_is_nobodys_is_481(method: str) -> None:
    (answer,) = answers_to(method, "<sip:gw@192.0.2.10>;tag=nobody")
    assert answer.status == 481


@pytest.mark.parametrize("to", ["<sip:gw@192.0.2.10>", "<sip:gw@192.0.2.10>;tag=nobody"])
def test_an_ack_that_is_nobodys_is_dropped(to: str) -> None:
    assert answers_to("ACK", to) == []


def test_a_cancel_of_nothing_is_481() -> None:
    (answer,) = answers_to("CANCEL")
    assert answer.status == 481


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"\0" * 40, b"INVITE", b"SIP/2.0 200 OK\r\n\r\n", b"\xff\xfe" * 700]
)
def test_what_is_no_message_comes_to_nothing(data: bytes) -> None:
    scene = Scene()
    assert scene.core.receive(data, Flow("192.0.2.10:5060", ("192.0.2.1", 5060)), scene.moment) == []
    assert scene.core.statistics().transactions == 0


def test_an_invite_of_a_trunk_that_is_gone_is_403() -> None:
    scene = Scene()
    flow = Flow("192.0.2.10:5060", ("203.0.113.1", 5060))
    (sent,) = scene.core.receive(outside("INVITE"), flow, scene.moment)
    assert isinstance(sent, Send)
    assert b" 403 " in sent.data.split(b"\r\n")[0]


# Evidence that cannot be kept.


@pytest.mark.law("¶33")
def test_without_evidence_a_screened_call_is_503_and_told_when_to_come_back() -> None:
    with Scene() as scene:
        scene.core.may_record = False
        session = scene.caller.invite()
    assert session.statuses == [503]
    assert scene.caller.responses()[0].first("retry-after") == "30"
    assert not scene.records
    assert scene.core.statistics().counters["refused: no evidence possible"] == 1


@pytest.mark.law("¶24")
def test_without_evidence_national_calls_go_on() -> None:
    with Scene(from_home=True) as scene:
        scene.core.may_record = False
        session = scene.caller.invite("+33612345678")
        scene.run(5)
        assert session.final == 200
        scene.caller.bye(session)


def test_without_evidence_a_call_that_stands_goes_on_to_its_end() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.core.may_record = False
        scene.caller.request(session, "INVITE", body=b"v=0\r\n")
        scene.run(5)
        assert session.statuses[-1] == 200
        scene.caller.bye(session)
    assert scene.record("end").facts["cause"] == "BYE"


# What is told and what is kept.


@pytest.mark.law("K26")
def test_statistics_count_verdicts_ends_and_drops_by_name() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.caller.invite(caller=GEOGRAPHIC)
        scene.run(5)
        held = scene.core.statistics()
        assert (held.calls, held.dialogs) == (1, 2)
        scene.deliver(scene.caller, b"\r\n")
        scene.caller.bye(session)
    counters = scene.core.statistics().counters
    assert counters["verdict: pass"] == counters["verdict: block"] == 1
    assert counters["end: BYE"] == counters["end: blocked"] == 1
    assert counters["drop: keepalive"] == 1


@pytest.mark.law("¶33")
def test_a_line_of_evidence_stands_before_what_it_allows() -> None:
    with Scene() as scene:
        first = scene.caller.invite()
        outputs = scene.deliver(scene.caller, first.invite.data)
        kinds = [getattr(output, "kind", "send") for output in outputs]
        assert kinds == ["verdict", "send", "send"]
        scene.callee.script = []
        scene.run(1)
        scene.callee.respond(scene.callee.requests("INVITE")[0], 200)
        answer = scene.callee._replies[scene.callee.requests("INVITE")[0].branch, "INVITE"][0]
        outputs = scene.deliver(scene.callee, answer)
        told = [output for output in outputs if b"SIP/2.0 200" in getattr(output, "data", b"")]
        (record,) = [output for output in outputs if getattr(output, "kind", "") == "answer"]
        assert outputs.index(record) < outputs.index(told[0])
        scene.run(1)
        scene.caller.bye(first)


def test_a_repeated_invite_gets_the_same_answer_and_opens_no_second_call() -> None:
    with Scene() as scene:
        session = scene.caller.invite(caller=GEOGRAPHIC)
        for _ in range(3):
            scene.deliver(scene.caller, session.invite.data)
        scene.run(0.05)
        finals = [wire.data for wire in scene.caller.seen if wire.status == 603]
        assert len(finals) >= 3
        assert len(set(finals)) == 1
        assert len([record for record in scene.records if record.kind == "verdict"]) == 1


def test_a_hundred_calls_of_one_call_id_are_a_hundred_calls() -> None:
    with Scene() as scene:
        sessions = [scene.caller.invite() for _ in range(100)]
        for session in sessions:
            session.call_id = "one-for-all"
        scene._events.clear()
        for session in sessions:
            data = session.invite.data.replace(session.invite.call_id.encode(), b"one-for-all")
            scene.deliver(scene.caller, data)
        scene.run(0.5)
        assert scene.core.statistics().calls == 100
        assert len(scene.callee.requests("INVITE")) == 100
        scene.run(5)
        assert {session.final for session in sessions} == {200}
        for session in sessions:
            scene.caller.bye(session)


def test_calls_that_end_leave_no_heap_behind_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_module, "_STALE", 10)
    with Scene() as scene:
        scene.callee.script = [(0.01, 486, b"")]
        for _ in range(40):
            scene.caller.invite()
            scene.run(0.1)
            assert len(scene.core._heap) <= 10 + 1


def test_an_answer_to_a_call_that_is_gone_is_forgotten() -> None:
    assert Scene().core.answered("nobody", {}, Scene().moment) == []


def test_a_core_says_when_it_wants_to_be_called() -> None:
    scene = Scene()
    assert scene.core.deadline() is None
    scene.deliver(scene.caller, scene.caller.invite().invite.data)
    due = scene.core.deadline()
    assert due is not None
    assert scene.now < due <= scene.now + 0.5
    assert scene.core.tick(Moment(due - 0.01, scene.moment.utc)) == []


# A bad network.


@pytest.mark.parametrize("seed", range(12))
def test_calls_go_through_a_bad_network_and_end_alike(seed: int) -> None:
    with Scene(seed) as scene:
        scene.link.loss, scene.link.doubled, scene.link.delay = 0.2, 0.1, (0.005, 0.3)
        sessions = [scene.caller.invite() for _ in range(5)]
        scene.run(30)
        assert {session.final for session in sessions} == {200}
        for session in sessions[:3]:
            scene.caller.bye(session)
        for far in scene.callee.sessions:
            if not far.is_over:
                scene.callee.bye(far)
        scene.run(40)
        assert all(session.is_over for session in scene.callee.sessions)


@pytest.mark.parametrize("seed", range(6))
def test_cancels_race_answers_on_a_slow_network_and_no_call_is_left_half_open(seed: int) -> None:
    with Scene(seed) as scene:
        scene.link.delay = (0.01, 0.4)
        scene.callee.script = [(0.1, 180, b""), (0.5, 200, b"v=0\r\n")]
        for _ in range(10):
            session = scene.caller.invite()
            scene.run(0.9)
            scene.caller.cancel(session)
            scene.run(5)
            if session.final == 200:
                scene.caller.bye(session)
        scene.run(10)
        assert all(far.is_over for far in scene.callee.sessions if scene.callee.said(far) == 200)


def test_a_partition_in_mid_call_ends_it_at_the_longest_duration() -> None:
    with Scene() as scene:
        session = scene.caller.invite()
        scene.run(5)
        scene.link.loss = 1.0
        scene.caller.bye(session)
        scene.run(700)
        assert scene.core.statistics().calls == 0
    assert scene.record("end").facts["cause"] == "maximum duration"


CALLERS = [
    None,
    "<sip:anonymous@anonymous.invalid>",
    GEOGRAPHIC,
    "<sip:+32470111111@x>",
    "<sip:+32470222222@x>",
    "<sip:+32470333333@x>",
    '"02 555 12 12" <sip:+442079460000@x>',
]
ROAMING = {
    "+32470111111": Roaming.ABROAD,
    "+32470222222": Roaming.NOT_ABROAD,
    "+32470333333": Roaming.FAILED,
}
SIDES = st.sampled_from(["caller", "callee"])
PICK = st.integers(0, 7)


class Life(RuleBasedStateMachine):
    """Calls between two peers who do what they like over a link that does what it likes; the laws look on."""

    @initialize(seed=st.integers(0, 2**16), from_home=st.booleans())
    def begin(self, seed: int, from_home: bool) -> None:
        self.scene = Scene(seed, from_home=from_home, answers=ROAMING)
        self.scene.callee.script = []

    def party(self, side: str) -> Party:
        return self.scene.caller if side == "caller" else self.scene.callee

    def session(self, side: str, pick: int) -> Session | None:
        sessions = self.party(side).sessions
        return sessions[pick % len(sessions)] if sessions else None

    def talking(self, side: str, pick: int) -> Session | None:
        session = self.session(side, pick)
        is_up = session is not None and (session.final == 200 if session.is_caller else bool(session.acked))
        return session if is_up and session is not None and not session.is_over else None

    @precondition(lambda self: len(self.scene.caller.sessions) < 4)
    @rule(caller=st.sampled_from(CALLERS), offers=st.booleans())
    def place(self, caller: str | None, offers: bool) -> None:
        number = "+33612345678" if self.scene.from_home else "+3293330000"
        self.scene.caller.invite(number, caller, body=b"v=0\r\n" if offers else b"")

    @precondition(lambda self: self.scene.callee.sessions)
    @rule(pick=PICK, status=st.sampled_from([100, 180, 183, 200, 200, 302, 404, 486, 503, 603]), body=st.booleans())
    def answer(self, pick: int, status: int, body: bool) -> None:
        session = self.session("callee", pick)
        assert session is not None
        self.scene.callee._play(session.invite, status, b"v=0\r\n" if body else b"")

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        session = self.session("caller", pick)
        if session is not None and session.statuses and session.final is None:
            self.scene.caller.cancel(session)

    @rule(side=SIDES, pick=PICK)
    def hang_up(self, side: str, pick: int) -> None:
        session = self.talking(side, pick)
        if session is not None:
            self.party(side).bye(session)

    @rule(side=SIDES, pick=PICK, method=st.sampled_from(["INVITE", "UPDATE", "INFO", "BREW"]), body=st.booleans())
    def ask(self, side: str, pick: int, method: str, body: bool) -> None:
        session = self.talking(side, pick)
        if session is not None:
            self.party(side).request(session, method, body=b"v=0\r\n" if body else b"")

    @rule(side=SIDES, status=st.sampled_from([200, 200, 488, 491, None]))
    def decide(self, side: str, status: int | None) -> None:
        self.party(side).answers["INVITE"] = status

    @rule(
        loss=st.sampled_from([0.0, 0.0, 0.2, 0.5]),
        doubled=st.sampled_from([0.0, 0.3]),
        slow=st.sampled_from([0.01, 0.3, 1.2]),
    )
    def weather(self, loss: float, doubled: float, slow: float) -> None:
        link = self.scene.link
        link.loss, link.doubled, link.delay = loss, doubled, (0.01, slow)

    @rule(side=SIDES, acks=st.booleans())
    def forget_to_ack(self, side: str, acks: bool) -> None:
        self.party(side).acks = acks

    @rule(seconds=st.sampled_from([0.005, 0.05, 0.6, 3.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.scene.run(seconds)

    def teardown(self) -> None:
        if hasattr(self, "scene"):
            with self.scene:
                self.scene.caller.acks = self.scene.callee.acks = True


Life.TestCase.settings = settings(stateful_step_count=40)
test_peers_may_live_as_they_like = Life.TestCase


def test_the_snapshot_is_a_value() -> None:
    nothing = {"calls": 0, "transactions": 0, "dialogs": 0, "counters": {}, "targets": {}, "shares": {}}
    assert attrs.asdict(Scene().core.statistics()) == nothing


def test_the_table_of_dialogs_has_each_leg_by_each_of_its_tags_at_every_moment() -> None:
    checked = 0
    for seed in range(25):
        scene = anything.scene(seed, Scene)
        anything.happenings(scene, Random(-seed - 1))
        for _ in range(12):
            scene.run(0.4)
            calls = [held.call for held in scene.core._calls.values()]
            legs = [(call, leg) for call in calls for leg in (call.a, call.b) if leg is not None]
            named = {(leg.call_id, tag): (call, leg) for call, leg in legs for tag in leg.tags}
            assert scene.core._dialogs == named
            checked += len(named)
    assert checked > 200


def test_a_call_is_woken_no_later_than_the_first_that_waits_in_it() -> None:
    checked = 0
    for seed in range(25):
        scene = anything.scene(seed, Scene)
        anything.happenings(scene, Random(-seed - 1))
        for _ in range(12):
            scene.run(0.4)
            for held in scene.core._calls.values():
                call = held.call
                legs = [leg for leg in (call.a, call.b) if leg is not None]
                waits = [call.answer_by, call.ends_by, call.relays.deadline(), *(leg.deadline() for leg in legs)]
                if call.is_answered:
                    for live in (leg.liveness for leg in legs):
                        is_probed = live.may_be_probed and live.timer.agreed is None and live.asked is None
                        waits += [live.timer.deadline(), live.offer_at, live.answer_by]
                        waits += [live.probe_at] if is_probed else []
                due = min([at for at in waits if at is not None], default=None)
                assert call.deadline() == due
                assert due is None or (held.queued is not None and held.queued <= due)
                checked += due is not None
    assert checked > 100
