"""A peer of the gateway: a small user agent that keeps to RFC 3261 by itself, and otherwise does what a test tells it.

It repeats what is not answered, ACKs what wants an ACK, answers by `script` and `answers`, and remembers all it saw.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import attrs

from tests.world.wire import Wire, write

T1, T2 = 0.5, 4.0
PATIENCE = 64 * T1

Fields = Sequence[tuple[str, str]]


class World(Protocol):
    """What a party needs of its scene."""

    def send(self, party: "Party", data: bytes) -> None: ...

    def after(self, seconds: float, action: Callable[[], None]) -> None: ...


@attrs.define(eq=False, kw_only=True)
class Session:
    """One dialog of a party, or the attempt at one."""

    call_id: str
    tag: str
    local: str
    """Our From or To, with our tag."""
    remote: str
    target: str
    invite: Wire
    """Its first INVITE, sent or received."""
    is_caller: bool
    cseq: int = 1
    routes: tuple[str, ...] = ()
    statuses: list[int] = attrs.field(factory=list)
    """Of the responses to our INVITE, each once."""
    early: "dict[str, Session]" = attrs.field(factory=dict)
    """The dialogs that responses to our INVITE have opened, by their tag; each counts its own requests. This one is the
    dialog of the latest, and of the 2xx for good."""
    acked: set[int] = attrs.field(factory=set)
    """CSeq numbers of INVITEs whose ACK has come."""
    is_over: bool = False
    """A BYE has come, or has gone."""

    @property
    def final(self) -> int | None:
        return next((status for status in self.statuses if status >= 200), None)


@attrs.define(eq=False)
class Party:
    """One peer. `script` is how it answers a first INVITE: (seconds after the one before, status, body)."""

    name: str
    address: str
    gateway: str
    world: World = attrs.field(repr=False)
    number: str = "+33612345678"
    script: list[tuple[float, int, bytes]] = attrs.field(factory=lambda: [(0.05, 180, b""), (1.0, 200, b"v=0\r\n")])
    answers: dict[str, int | None] = attrs.field(factory=dict)
    """Status by method for requests in a dialog; None is silence, and 200 what is not told."""
    answer_headers: dict[str, Fields] = attrs.field(factory=dict)
    """Added to each of its responses in a dialog, by method."""
    body: bytes = b"v=0\r\n"
    """Of its 2xx to a re-INVITE."""
    acks: bool = True
    """Whether it ACKs a 2xx."""
    heeds_cancel: bool = True
    is_silent: bool = False
    """A dead peer: it hears nothing and says nothing."""
    headers: Fields = ()
    """Added to each of its responses to INVITE."""
    seen: list[Wire] = attrs.field(factory=list, repr=False)
    sessions: list[Session] = attrs.field(factory=list, repr=False)
    _pending: dict[tuple[str, str], Session] = attrs.field(factory=dict, repr=False)
    """Our requests without a final response, by branch and method."""
    _requests: dict[tuple[str, str], Wire] = attrs.field(factory=dict, repr=False)
    _replies: dict[tuple[str, str], list[bytes]] = attrs.field(factory=dict, repr=False)
    """Our last response to each of their requests, in a box."""
    _count: int = 0

    # What a test makes it do.

    def invite(
        self,
        number: str = "+3293330000",
        caller: str | None = None,
        headers: Fields = (),
        *,
        body: bytes = b"v=0\r\n",
        uri: str | None = None,
    ) -> Session:
        """Places a call; `caller` is the From value without a tag, `uri` the Request-URI in place of the number's."""
        self._count += 1
        name = f"{self.name}-{self._count}"
        local = f"{caller or f'<sip:{self.number}@{self.address}>'};tag={name}"
        uri = uri or f"sip:{number}@{self.gateway}"
        fields = [*self._via(), ("From", local), ("To", f"<{uri}>"), ("Call-ID", f"call-{name}"), ("CSeq", "1 INVITE")]
        is_typed = any(name == "Content-Type" for name, _ in headers)
        typed = [("Content-Type", "application/sdp")] if body and not is_typed else []
        wire = Wire.read(write(f"INVITE {uri} SIP/2.0", [*fields, self._contact(), *headers, *typed], body))
        session = Session(
            call_id=wire.call_id, tag=name, local=local, remote=f"<{uri}>", target=uri, invite=wire, is_caller=True
        )
        self.sessions.append(session)
        self._ask(session, wire)
        return session

    def cancel(self, session: Session, headers: Fields = ()) -> None:
        invite = session.invite
        kept = [(name, invite.first(name.lower())) for name in ("Via", "From", "To", "Call-ID")]
        fields = [*kept, ("Max-Forwards", "70"), ("CSeq", f"{invite.cseq} CANCEL"), *headers]
        self._ask(session, Wire.read(write(f"CANCEL {invite.start.split()[1]} SIP/2.0", fields)))

    def bye(self, session: Session, headers: Fields = ()) -> None:
        session.is_over = True
        self.request(session, "BYE", headers)

    def request(self, session: Session, method: str, headers: Fields = (), body: bytes = b"") -> Wire:
        """Sends a request in the dialog."""
        session.cseq += 1
        wire = Wire.read(self._in_dialog(session, method, session.cseq, headers, body))
        self._ask(session, wire)
        return wire

    def respond(
        self, request: Wire, status: int, body: bytes = b"", headers: Fields = (), tag: str | None = None
    ) -> None:
        """Answers a request; a final response to an INVITE is repeated until its ACK comes."""
        session = self._session(request)
        data = self.response(request, status, body, headers, tag)
        self._replies[request.branch, request.method] = [data]
        if request.method == "INVITE" and status >= 200:
            self._repeat(data, lambda: session is None or request.cseq in session.acked, T2)
        else:
            self.world.send(self, data)

    def response(
        self,
        request: Wire,
        status: int,
        body: bytes = b"",
        headers: Fields = (),
        tag: str | None = None,
        *,
        without: Sequence[str] = (),
    ) -> bytes:
        """A response, unsent; a `tag` of "" is none, and lines of the names in `without` are left out."""
        session = self._session(request)
        tag = tag if tag is not None else session.tag if session else f"{self.name}-x"
        to = request.first("to") + ("" if request.to_tag or status == 100 or not tag else f";tag={tag}")
        kept = [("Via", value) for value in request.all("via")]
        kept += [("Record-Route", value) for value in request.all("record-route")]
        kept += [("From", request.first("from")), ("To", to), ("Call-ID", request.call_id)]
        typed = [("Content-Type", "application/sdp")] if body else []
        contact = [self._contact()] if 100 < status < 300 else []
        fields = [*kept, ("CSeq", request.first("cseq")), *contact, *typed, *headers]
        return write(f"SIP/2.0 {status} Whatever", [field for field in fields if field[0] not in without], body)

    # What it does by itself.

    def receive(self, data: bytes) -> None:
        """A datagram has come."""
        wire = Wire.read(data)
        self.seen.append(wire)
        if self.is_silent:
            return
        if wire.status is None:
            self._requested(wire)
        else:
            self._answered(wire, wire.status)

    def requests(self, method: str) -> list[Wire]:
        """The requests of that method that came, copies left out."""
        found = {wire.branch: wire for wire in self.seen if wire.status is None and wire.method == method}
        return list(found.values())

    def responses(self, method: str = "INVITE") -> list[Wire]:
        """The responses that came, copies left out."""
        found = {wire.data: wire for wire in self.seen if wire.status is not None and wire.method == method}
        return list(found.values())

    def said(self, session: Session) -> int | None:
        """Our last response to the INVITE of that session."""
        replies = self._replies.get((session.invite.branch, "INVITE"))
        return Wire.read(replies[-1]).status if replies else None

    def _requested(self, wire: Wire) -> None:
        if wire.method == "ACK":
            for session in self.sessions:
                if session.call_id == wire.call_id:
                    session.acked.add(wire.cseq)
            return
        key = wire.branch, wire.method
        if key in self._replies:
            for data in self._replies[key]:
                self.world.send(self, data)
            return
        self._replies[key] = []
        self._requests[key] = wire
        if wire.method == "INVITE" and not wire.to_tag:
            self._called(wire)
        elif wire.method == "CANCEL":
            self._cancelled(wire)
        else:
            self._in_session(wire)

    def _called(self, wire: Wire) -> None:
        self._count += 1
        tag = f"{self.name}-{self._count}"
        session = Session(
            call_id=wire.call_id,
            tag=tag,
            local=f"{wire.first('to')};tag={tag}",
            remote=wire.first("from"),
            target=wire.contact,
            invite=wire,
            is_caller=False,
            cseq=0,
            routes=tuple(wire.all("record-route")),
        )
        self.sessions.append(session)
        at = 0.0
        for seconds, status, body in self.script:
            at += seconds
            self.world.after(at, partial(self._play, wire, status, body))

    def _play(self, invite: Wire, status: int, body: bytes) -> None:
        replies = self._replies[invite.branch, "INVITE"]
        if not self.is_silent and not (replies and (Wire.read(replies[-1]).status or 0) >= 200):
            self.respond(invite, status, body, self.headers)

    def _cancelled(self, wire: Wire) -> None:
        invite = self._requests.get((wire.branch, "INVITE"))
        self.respond(wire, 481 if invite is None else 200)
        if invite is not None and self.heeds_cancel:
            self._play(invite, 487, b"")

    def _in_session(self, wire: Wire) -> None:
        session = self._session(wire)
        if session is None:
            self.respond(wire, 481)
            return
        if wire.method == "BYE":
            session.is_over = True
        status = self.answers.get(wire.method, 200)
        if status is not None:
            body = self.body if wire.method == "INVITE" and status == 200 else b""
            self.respond(wire, status, body, self.answer_headers.get(wire.method, ()))

    def _answered(self, wire: Wire, status: int) -> None:
        session = self._pending.get((wire.branch, wire.method))
        if session is None:
            return
        if status >= 200 and wire.method != "INVITE":
            del self._pending[wire.branch, wire.method]
        if wire.method != "INVITE":
            return
        if status not in session.statuses:
            session.statuses.append(status)
        if status >= 300:
            self.world.send(self, self._ack_failure(wire))
        elif status > 100:
            fork = session.early.setdefault(wire.to_tag, attrs.evolve(session, early={}, cseq=wire.cseq))
            for dialog in (fork, session) if status >= 200 or session.final is None else (fork,):
                dialog.remote = wire.first("to")
                dialog.target = wire.contact or dialog.target
                dialog.routes = tuple(reversed(wire.all("record-route")))
            if status >= 200 and self.acks:
                self.world.send(self, self._in_dialog(session, "ACK", wire.cseq, (), b""))

    # How it writes.

    def _ask(self, session: Session, wire: Wire) -> None:
        key = wire.branch, wire.method
        self._pending[key] = session
        self._requests[key] = wire

        def is_heard() -> bool:
            return key not in self._pending or (
                wire.method == "INVITE"
                and any(
                    seen.branch == wire.branch and seen.status is not None and seen.method == "INVITE"
                    for seen in self.seen
                )
            )

        self._repeat(wire.data, is_heard, PATIENCE if wire.method == "INVITE" else T2)

    def _repeat(
        self, data: bytes, is_done: Callable[[], bool], cap: float, waited: float = 0.0, pause: float = T1
    ) -> None:
        if self.is_silent or waited > PATIENCE or (waited and is_done()):
            return
        self.world.send(self, data)
        self.world.after(pause, lambda: self._repeat(data, is_done, cap, waited + pause, min(2 * pause, cap)))

    def _via(self) -> Fields:
        self._count += 1
        branch = f"z9hG4bK{self.name}{self._count}"
        return (("Via", f"SIP/2.0/UDP {self.address};branch={branch}"), ("Max-Forwards", "70"))

    def _contact(self) -> tuple[str, str]:
        return "Contact", f"<sip:{self.name}@{self.address}>"

    def _in_dialog(self, session: Session, method: str, cseq: int, headers: Fields, body: bytes) -> bytes:
        way = [("Route", route) for route in session.routes]
        who = [("From", session.local), ("To", session.remote), ("Call-ID", session.call_id)]
        typed = [("Content-Type", "application/sdp")] if body else []
        contact = [self._contact()] if method in ("INVITE", "UPDATE") else []
        fields = [*self._via(), *way, *who, ("CSeq", f"{cseq} {method}"), *contact, *headers, *typed]
        return write(f"{method} {session.target} SIP/2.0", fields, body)

    def _ack_failure(self, response: Wire) -> bytes:
        invite = self._requests[response.branch, "INVITE"]
        fields = [("Via", invite.first("via")), ("Max-Forwards", "70"), ("From", invite.first("from"))]
        fields += [("To", response.first("to")), ("Call-ID", invite.call_id), ("CSeq", f"{invite.cseq} ACK")]
        return write(f"ACK {invite.start.split()[1]} SIP/2.0", fields)

    def _session(self, wire: Wire) -> Session | None:
        mine = [session for session in self.sessions if session.call_id == wire.call_id]
        return mine[-1] if mine else None
