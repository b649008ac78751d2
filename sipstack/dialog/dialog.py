"""The dialog: who speaks with whom, in which order, along which way (RFC 3261 §12; for SUBSCRIBE RFC 6665).

A dialog counts and addresses; it sends nothing and knows no transaction. Its fields are plain data, so that a dialog
can be saved and restored field by field.
"""

from collections.abc import Iterable
from typing import Final

import attrs

from sipstack.errors import ParseError, ProtocolError, StateError
from sipstack.message import Message, Request, Response
from sipstack.message import request as build
from sipstack.values import Address, SipUri, Uri

Fields = Iterable[tuple[str, str]]

TARGET_REFRESH: Final = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})
"""The methods whose Contact, and that of their 2xx, is the sender's target from then on (RFC 3261 §12.2, RFC 3311 §5,
RFC 6665); REFER is one by practice, as RFC 5057 tells."""

_HIGHEST_CSEQ: Final = 2**31 - 1
"""§8.1.1.5: a CSeq number of ours "MUST be less than 2**31"."""


@attrs.define(eq=False, repr=False, kw_only=True)
class Dialog:
    """One side's view of a dialog, early or confirmed. Make it by `as_caller` or `as_callee`, or from saved fields."""

    call_id: str
    local: str
    """The value of From in our requests and of To in theirs, as first written, with our tag."""
    remote: str
    """The same for the other side; kept as text, since RFC 2543 peers compare all of it (§12.2.1.1)."""
    local_tag: str
    remote_tag: str
    """Empty when the peer is so old that it has none (§12.1.1)."""
    local_cseq: int
    """The number of our last request."""
    remote_cseq: int | None = None
    """The number of their last request; None before the first."""
    route_set: tuple[str, ...] = ()
    """The Route values of our requests, as received in Record-Route and in the order of our sending."""
    remote_target: str
    """The URI of their Contact, where a request finally goes."""
    is_caller: bool
    """Whether our side sent the INVITE."""
    confirmed: bool = False
    """Whether there has been a 2xx."""
    secure: bool = False
    """Whether our Contact in the dialog must be a sips URI (§8.1.1.8, §12.1.1); that it is one is our user's to see."""

    @classmethod
    def as_caller(cls, invite: Request, response: Response) -> "Dialog":
        """The dialog that a 101-299 with a To tag opens for the side that called (§12.1.2).

        Where its mandatory Contact is missing or damaged, the Request-URI stands in: an ACK and a BYE must go
        somewhere. Raises ParseError when its Record-Route cannot be read.
        """
        return cls(
            call_id=invite.call_id,
            local=invite.headers.first("from") or "",
            remote=response.headers.first("to") or "",
            local_tag=invite.from_.tag or "",
            remote_tag=response.to.tag or "",
            local_cseq=invite.cseq.number,
            route_set=_recorded(response)[::-1],
            remote_target=_contact_or_none(response) or invite.uri,
            is_caller=True,
            confirmed=200 <= response.status < 300,
            secure=_asks_sips(invite),
        )

    @classmethod
    def as_callee(cls, invite: Request, local_tag: str) -> "Dialog":
        """The dialog that our 101-299 with `local_tag` opens for the side that is called (§12.1.1).

        Raises ProtocolError (400) when the INVITE has no Contact, which §8.1.1.8 makes mandatory.
        """
        target = _contact(invite)
        if target is None:
            raise ProtocolError("Missing Contact", status=400)
        to = (invite.headers.first("to") or "").rstrip("; \t")
        return cls(
            call_id=invite.call_id,
            local=f"{to};tag={local_tag}",
            remote=invite.headers.first("from") or "",
            local_tag=local_tag,
            remote_tag=invite.from_.tag or "",
            local_cseq=0,
            remote_cseq=invite.cseq.number,
            route_set=_recorded(invite),
            remote_target=target,
            is_caller=False,
            secure=wants_sips(invite),
        )

    @classmethod
    def as_subscriber(cls, subscribe: Request, notify: Request) -> "Dialog":
        """The dialog that a NOTIFY opens for the side that subscribed, often before the 2xx to its SUBSCRIBE.

        RFC 6665 §4.4.1: one SUBSCRIBE may be answered by NOTIFYs of several dialogs, told apart by their From tag.
        Raises ProtocolError: 481 when the NOTIFY is not to that SUBSCRIBE, 400 when it has no Contact or no From tag.
        """
        if (notify.call_id, notify.to.tag) != (subscribe.call_id, subscribe.from_.tag):
            raise ProtocolError("Subscription Does Not Exist", status=481)
        target = _contact(notify)
        if target is None or not notify.from_.tag:
            raise ProtocolError("Missing Contact" if target is None else "Missing From Tag", status=400)
        return cls(
            call_id=subscribe.call_id,
            local=subscribe.headers.first("from") or "",
            remote=notify.headers.first("from") or "",
            local_tag=subscribe.from_.tag or "",
            remote_tag=notify.from_.tag,
            local_cseq=subscribe.cseq.number,
            remote_cseq=notify.cseq.number,
            route_set=_recorded(notify),
            remote_target=target,
            is_caller=True,
            confirmed=True,
            secure=_asks_sips(subscribe),
        )

    @property
    def id(self) -> tuple[str, str, str]:
        """Call-ID, our tag, their tag: what the dialog is found by (§12)."""
        return self.call_id, self.local_tag, self.remote_tag

    @property
    def next_hop(self) -> str:
        """The URI whose host a request is sent to: the topmost route, loose or strict, else the target (§8.1.2)."""
        return _uri_of(self.route_set[0]) if self.route_set else self.remote_target

    def confirm(self, response: Response) -> None:
        """The 2xx has been received, or sent: the early dialog is confirmed.

        The caller takes its route set and target anew from the 2xx (§13.2.2.4), once; the route set is fixed from
        then on (§12.2). Raises StateError when the 2xx opens another dialog, as a forked one does, and ParseError as
        `as_caller` does.
        """
        if (response.to.tag or "") != (self.remote_tag if self.is_caller else self.local_tag):
            raise StateError(f"a 2xx with the To tag {response.to.tag!r} is not of the dialog {self.id}")
        if self.is_caller and not self.confirmed:
            self.route_set = _recorded(response)[::-1]
            self.remote_target = _contact_or_none(response) or self.remote_target
        self.confirmed = True

    def refresh(self, contact: str) -> None:
        """Take `contact`, the URI of a target refresh request or of its 2xx, as their target (§12.2.1.2, §12.2.2)."""
        self.remote_target = contact

    def refresh_by(self, message: Message) -> None:
        """Take the target from a request of theirs that we accept, or from their 2xx to one of ours.

        Nothing changes unless the method is in `TARGET_REFRESH` and there is a Contact. Raises ParseError when a
        request's cannot be read; a response's is then left, since a response cannot be refused.
        """
        if message.cseq.method not in TARGET_REFRESH:
            return
        if isinstance(message, Response):
            contact = _contact_or_none(message) if 200 <= message.status < 300 else None
        else:
            contact = _contact(message)
        if contact is not None:
            self.refresh(contact)

    def receive(self, request: Request) -> None:
        """Note the number of a request of theirs, other than ACK and CANCEL, which repeat their INVITE's.

        It may be higher by more than one, "this is not an error condition": another request may have been lost, or
        refused by a proxy. Raises ProtocolError (500) when it is lower than the last one (§12.2.2).
        """
        number = request.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            raise ProtocolError("Request Out Of Order", status=500)
        self.remote_cseq = number

    def request(
        self,
        method: str,
        *,
        via: str,
        contact: str | None = None,
        max_forwards: int = 70,
        headers: Fields = (),
        body: bytes = b"",
    ) -> Request:
        """Our next request in the dialog (§12.2.1.1), with a CSeq number of its own.

        `via` is the whole Via value with a fresh branch, `contact` a whole Contact value for a target refresh; the
        Content-Type of `body` stands in `headers`. For an ACK call `ack`; raises StateError for ACK and CANCEL, and
        when the numbers are used up.
        """
        if method in ("ACK", "CANCEL"):
            raise StateError(f"{method} takes the CSeq number of its INVITE")
        if self.local_cseq >= _HIGHEST_CSEQ:
            raise StateError("CSeq does not wrap within a dialog (§12.2.1.1)")
        self.local_cseq += 1
        own = () if contact is None else (("Contact", contact),)
        fields = (("Via", via), ("Max-Forwards", str(max_forwards)), *own, *headers)
        return self._address(method, self.local_cseq, fields, body)

    def ack(self, invite_cseq: int, *, via: str, headers: Fields = (), body: bytes = b"") -> Request:
        """The ACK to a 2xx: its INVITE's number, the dialog's way, a branch of its own (§13.2.2.4)."""
        return self._address("ACK", invite_cseq, (("Via", via), ("Max-Forwards", "70"), *headers), body)

    def _address(self, method: str, number: int, fields: Fields, body: bytes) -> Request:
        uri, routes = self._way()
        via, max_forwards, *others = fields
        identity = [
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"),
        ]
        way = [("Route", route) for route in routes]
        return build(method, uri, [via, *way, max_forwards, *identity, *others], body)

    def _way(self) -> tuple[str, tuple[str, ...]]:
        """Request-URI and Route values: a strict first router wants itself in the Request-URI (§12.2.1.1)."""
        if not self.route_set:
            return self.remote_target, ()
        first = Address.parse(self.route_set[0]).uri
        if not isinstance(first, SipUri) or "lr" in first.parameters:
            return self.remote_target, self.route_set
        return _as_target(first), (*self.route_set[1:], f"<{self.remote_target}>")

    def __repr__(self) -> str:
        state = "confirmed" if self.confirmed else "early"
        return f"<Dialog {state} {self.call_id} local {self.local_cseq} remote {self.remote_cseq}>"


def wants_sips(request: Request) -> bool:
    """Whether the Contact of the side that takes a request must be a sips URI (§12.1.1).

    So it is because of its Request-URI or its topmost Record-Route, or, without one, of its Contact. Raises ParseError
    when these cannot be read.
    """
    recorded = "record-route" in request.headers and request.record_routes
    return _is_sips(request.uri) or _leads_by_sips(recorded or request.contacts)


def _is_sips(uri: str) -> bool:
    return uri[:5].lower() == "sips:"


def _asks_sips(request: Request) -> bool:
    """Whether the Contact of the side that sends it must be one: for a sips Request-URI or top Route (§8.1.1.8)."""
    return _is_sips(request.uri) or ("route" in request.headers and _leads_by_sips(request.routes))


def _leads_by_sips(addresses: tuple[Address, ...]) -> bool:
    first = addresses[0].uri if addresses else None
    return isinstance(first, SipUri) and first.scheme == "sips"


def _recorded(message: Message) -> tuple[str, ...]:
    if "record-route" not in message.headers:
        return ()
    routes = tuple(message.headers.values("record-route"))
    message.record_routes  # noqa: B018 - read to be tried: a request built later must not fail on it
    return routes


def _contact(message: Message) -> str | None:
    contact = message.contact
    return None if contact is None else _as_target(contact.uri)


def _as_target(uri: Uri) -> str:
    """§19.1.1, table 1: neither the method parameter nor headers may stand in a Request-URI."""
    if isinstance(uri, SipUri) and (uri.headers or "method" in uri.parameters):
        uri = attrs.evolve(uri, parameters=uri.parameters.without("method"), headers="")
    return str(uri)


def _contact_or_none(response: Response) -> str | None:
    try:
        return _contact(response)
    except ParseError:
        return None


def _uri_of(route: str) -> str:
    return str(Address.parse(route).uri)
