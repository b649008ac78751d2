"""One user agent against messages that the test writes, byte by byte if it likes, in virtual time."""

from collections.abc import Iterable

import attrs

from sipstack.agent import Act, Call, Event, Released
from sipstack.effects import Send
from sipstack.errors import SipError
from sipstack.flow import Flow
from sipstack.message import Message, Request, Response, parse, response_to
from tests.sipstack.agent.link import SDP, Link, Peer, Script, nothing

THERE = "127.0.0.2"
Fields = Iterable[tuple[str, str]]


@attrs.define(eq=False)
class Wire:
    """The peer: what it writes comes to the agent at once, what the agent sends is in `sent`."""

    link: Link = attrs.field(factory=Link)
    agent: Peer = attrs.field(init=False)
    flow: Flow = attrs.field(factory=lambda: Flow("alice UDP", (THERE, 5060)))
    last: bytes = b""
    """What the peer has sent last."""
    branches: int = 0
    numbers: int = 0
    invite: Request | None = None
    """The INVITE of the call, whichever side sent it."""

    @classmethod
    def of(cls, script: Script = nothing, transports: tuple[str, ...] = ("UDP",), **options: object) -> "Wire":
        wire = cls()
        wire.agent = wire.link.peer("alice", transports, **options)
        wire.agent.script = script
        wire.link.peer("bob")
        wire.link.deaf.add("bob")
        return wire

    # What the agent has done.

    @property
    def sent(self) -> list[Message]:
        return self.agent.sent

    def requests(self, method: str) -> list[Request]:
        return [m for m in self.sent if isinstance(m, Request) and m.method == method]

    def responses(self, method: str) -> list[int]:
        return [m.status for m in self.sent if isinstance(m, Response) and m.cseq.method == method]

    def response(self, method: str) -> Response:
        """The last one to that method."""
        return [m for m in self.sent if isinstance(m, Response) and m.cseq.method == method][-1]

    def told(self, kind: type) -> list:
        return self.agent.told(kind)

    @property
    def releases(self) -> list[str]:
        return self.agent.releases

    @property
    def is_empty(self) -> bool:
        agent = self.agent.agent
        return not len(agent) and not len(agent.layer) and agent.deadline() is None

    def do(self, acts: Iterable[Act]) -> None:
        self.link.do(self.agent, acts)

    def run(self, seconds: float) -> None:
        self.link.run(seconds)

    # What the peer does.

    def hear(self, data: bytes) -> None:
        self.last = data
        self.link.perform(self.agent, self.agent.agent.receive(data, self.flow, self.link.now))

    def call(self, body: bytes = SDP, headers: Fields = (), **changes: str) -> Request:
        """An INVITE of the peer's."""
        fields = [("Contact", f"<sip:bob@{THERE}:5060>"), *headers]
        self.invite = self.ask("INVITE", body, fields, **changes)
        return self.invite

    def ask(
        self,
        method: str,
        body: bytes = b"",
        headers: Fields = (),
        *,
        to: str = "<sip:alice@127.0.0.1>",
        uri: str = "sip:alice@127.0.0.1",
        number: int | None = None,
        branch: str | None = None,
        call_id: str = "call",
        origin: str = f"<sip:bob@{THERE}>;tag=theirs",
    ) -> Request:
        """A request of the peer's, by default outside all dialogs."""
        self.branches += 1
        if number is None:
            self.numbers += 1
            number = self.numbers
        typed = [("Content-Type", "application/sdp")] if body and "content-type" not in dict(headers) else []
        fields = [
            ("Via", f"SIP/2.0/UDP {THERE}:5060;rport;branch={branch or f'z9hG4bK{self.branches}'}"),
            ("Max-Forwards", "70"),
            ("From", origin),
            ("To", to),
            ("Call-ID", call_id),
            ("CSeq", f"{number} {method}"),
            *typed,
            *headers,
        ]
        lines = [f"{method} {uri} SIP/2.0", *(f"{name}: {value}" for name, value in fields)]
        lines.append(f"Content-Length: {len(body)}")
        data = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body
        self.hear(data)
        try:
            return parse(data)
        except SipError:
            return None

    def within(self, method: str, body: bytes = b"", headers: Fields = (), **changes: object) -> Request:
        """A request of the peer's in the dialog of the call."""
        assert self.invite is not None
        if self.invite.call_id == "call":
            tags = [m.to.tag for m in self.sent if isinstance(m, Response) and m.to.tag]
            tag = tags[0] if tags else "none"
            changes.setdefault("to", f"<sip:alice@127.0.0.1>;tag={tag}")
        else:
            changes.setdefault("to", self.invite.headers.first("from"))
            changes.setdefault("call_id", self.invite.call_id)
            changes.setdefault("origin", f"<sip:bob@{THERE}>;tag=one")
        contact = [("Contact", f"<sip:bob@{THERE}:5060>")] if method in ("INVITE", "UPDATE") else []
        return self.ask(method, body, [*contact, *headers], **changes)

    def ack(self, invite: Request | None = None, body: bytes = b"") -> None:
        """The ACK to the 2xx of an INVITE of theirs."""
        self.within("ACK", body, number=(invite or self.invite).cseq.number)

    def cancel(self) -> None:
        """The CANCEL of their INVITE."""
        invite = self.invite
        assert invite is not None
        self.ask("CANCEL", number=invite.cseq.number, branch=invite.via.branch, uri=invite.uri)

    def place(self, body: bytes = SDP, uri: str = f"sip:bob@{THERE}", **options: object) -> Call:
        """The agent calls the peer."""
        call, acts = self.agent.agent.invite(uri, body, caller="<sip:alice@127.0.0.1>", **options)
        self.do(acts)
        self.invite = self.requests("INVITE")[-1] if self.requests("INVITE") else None
        return call

    def respond(
        self,
        status: int,
        tag: str | None = "one",
        headers: Fields = (),
        body: bytes = b"",
        request: Request | None = None,
    ) -> Response:
        """A response of the peer's, to the INVITE of the call unless another request is given."""
        request = request or self.invite
        assert request is not None
        contact = (
            [] if "contact" in {name.lower() for name, _ in headers} else [("Contact", f"<sip:{tag}@{THERE}:5060>")]
        )
        typed = [("Content-Type", "application/sdp")] if body else []
        response = response_to(request, status, to_tag=tag, headers=[*contact, *typed, *headers], body=body)
        self.hear(response.encode())
        return response

    def answer_all(self, status: int = 200) -> None:
        """Answer each request of the agent's that has had no answer of this kind, and is no INVITE nor ACK."""
        for request in [m for m in self.sent if isinstance(m, Request) and m.method not in ("INVITE", "ACK")]:
            self.respond(status, None, (("Contact", f"<sip:bob@{THERE}>"),), request=request)


def script_of(**answers: object) -> Script:
    """An application that does, at each kind of event, what stands under its name: `Invited=lambda call, now: acts`."""

    def application(event: Event, now: float) -> Iterable[Act]:
        answer = answers.get(type(event).__name__)
        return () if answer is None else answer(event, now)

    return application


def laws(wire: Wire) -> None:
    """What must hold of every call once it is over."""
    released = [event.call for event in wire.told(Released)]
    assert len(released) == len({id(call) for call in released}), "released twice"
    calls = {id(event.call): event.call for event in wire.agent.events if hasattr(event, "call")}
    for call in calls.values():
        assert call.over, call
        mine = [event for event in wire.agent.events if getattr(event, "call", None) is call]
        assert isinstance(mine[-1], Released), "not the last event"
    assert wire.is_empty, wire.agent.agent


__all__ = ["THERE", "Send", "Wire", "laws", "script_of"]
