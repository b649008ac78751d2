"""What holds whatever two user agents and a bad network do to each other."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sipstack.agent import Call, Established, Event, IncomingCall, Invited, Received, Released, Reply
from sipstack.errors import StateError
from sipstack.message import Request
from tests.sipstack.agent.link import SDP, Link, Peer

ALICE = "<sip:alice@127.0.0.1>"


class TwoAgents(RuleBasedStateMachine):
    """Alice and Bob call each other; anything may be lost, doubled or late, and either may do anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.link = Link()
        self.peers = [
            self.link.peer("alice", ("UDP",), session_interval=90),
            self.link.peer("bob", ("UDP",), session_interval=90),
        ]
        self.reliable = False
        for peer in self.peers:
            peer.script = self.script(peer)

    def script(self, peer: Peer):
        def application(event: Event, now: float):
            match event:
                case Established(call=call) if call.awaits_answer:
                    return call.acknowledge(SDP)
                case Received(key=key):
                    return [Reply(key, event.response(200))]
            return ()

        return application

    def calls(self, peer: Peer) -> list[Call]:
        return list(dict.fromkeys(event.call for event in peer.events if hasattr(event, "call")))

    def attempt(self, peer: Peer, act) -> None:
        """An application's mistake is told by StateError and changes nothing."""
        try:
            acts = act()
        except StateError:
            return
        self.link.do(peer, acts)

    @rule(who=st.integers(0, 1), offers=st.booleans())
    @precondition(lambda self: sum(len(self.calls(peer)) for peer in self.peers) < 4)
    def place(self, who: int, offers: bool) -> None:
        peer, other = self.peers[who], self.peers[1 - who]
        _, acts = peer.agent.invite(self.link.uri(other), SDP if offers else b"", caller=ALICE)
        self.link.do(peer, acts)

    @rule(who=st.integers(0, 1), data=st.data(), what=st.sampled_from(["ring", "reliable", "answer", "refuse"]))
    def respond(self, who: int, data: st.DataObject, what: str) -> None:
        peer, now = self.peers[who], self.link.now
        calls = [call for call in self.calls(peer) if isinstance(call, IncomingCall) and not call.over]
        if not calls:
            return
        call = data.draw(st.sampled_from(calls))
        match what:
            case "ring":
                self.attempt(peer, lambda: call.ring(now))
            case "reliable":
                offered = call.session.offers.to_answer is not None
                self.attempt(peer, lambda: call.ring(now, 183, SDP if offered else b"", reliable=True))
            case "answer":
                self.attempt(peer, lambda: call.answer(SDP, now))
            case "refuse":
                self.attempt(peer, lambda: call.refuse(486, now))

    @rule(
        who=st.integers(0, 1),
        data=st.data(),
        what=st.sampled_from(["hang up", "INVITE", "UPDATE", "INFO", "accept", "refuse"]),
    )
    def do(self, who: int, data: st.DataObject, what: str) -> None:
        peer, now = self.peers[who], self.link.now
        calls = self.calls(peer)
        if not calls:
            return
        call = data.draw(st.sampled_from(calls))
        match what:
            case "hang up":
                self.attempt(peer, lambda: call.hang_up(now))
            case "INVITE" | "UPDATE":
                self.attempt(peer, lambda: call.reoffer(SDP, now, method=what))
            case "INFO":
                self.attempt(peer, lambda: call.request("INFO"))
            case "accept":
                self.attempt(peer, lambda: call.accept(SDP, now))
            case "refuse":
                self.attempt(peer, call.refuse_offer)

    @rule(seconds=st.sampled_from([0.005, 0.1, 1.0, 10.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.link.run(seconds)

    @rule(loss=st.sampled_from([0.0, 0.3]), copies=st.sampled_from([0.0, 0.3]), jitter=st.sampled_from([0.0, 0.5]))
    def weather(self, loss: float, copies: float, jitter: float) -> None:
        self.link.loss, self.link.copies, self.link.jitter = loss, copies, jitter

    @invariant()
    def released_at_most_once(self) -> None:
        for peer in self.peers:
            released = [id(event.call) for event in peer.told(Released)]
            assert len(released) == len(set(released))

    @invariant()
    def established_at_most_once_and_never_after_release(self) -> None:
        for peer in self.peers:
            for call in self.calls(peer):
                kinds = [type(event) for event in peer.events if getattr(event, "call", None) is call]
                assert kinds.count(Established) <= 1
                assert kinds.count(Invited) <= 1
                assert Released not in kinds[:-1] or kinds[-1] is Released

    @invariant()
    def numbers_grow(self) -> None:
        for peer in self.peers:
            highest: dict[tuple[str, str], int] = {}
            seen: set[tuple[str, str, int, str]] = set()
            for message in peer.sent:
                if not isinstance(message, Request) or message.method in ("ACK", "CANCEL"):
                    continue
                name = (message.call_id, message.from_.tag or "")
                new = (*name, message.cseq.number, message.via.branch or "")
                if new not in seen:
                    assert message.cseq.number > highest.get(name, 0)
                    highest[name] = message.cseq.number
                seen.add(new)

    def teardown(self) -> None:
        self.link.loss = self.link.copies = self.link.jitter = 0.0
        for _ in range(3):
            self.link.run(40.0)
            for peer in self.peers:
                for call in self.calls(peer):
                    if isinstance(call, IncomingCall) and not call.over:
                        self.attempt(peer, lambda call=call: call.refuse(480, self.link.now))
                    self.attempt(peer, lambda call=call: call.hang_up(self.link.now))
        self.link.settle()
        for peer in self.peers:
            assert not len(peer.agent), peer.agent
            assert not len(peer.agent.layer), peer.agent.layer
            assert peer.agent.deadline() is None
            for call in self.calls(peer):
                assert call.over


TestTwoAgents = TwoAgents.TestCase
