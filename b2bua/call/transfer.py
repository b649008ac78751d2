"""REFER and what follows it: one side asks the other to call somebody (RFC 3515, RFC 5589).

A REFER crosses where its trunk may send any: whoever sends one has the other side's telephone make a call, at that
side's cost. Its Refer-To then names what the other side can reach: what leads to us or to the referrer's side leads to
our Contact there, and the dialog it would replace gets the name it has there (`naming.py`). Nothing else of it is
touched, but from a screened side it carries no headers for the INVITE to come save those that name a dialog: a From or
a P-Asserted-Identity in them would be one that nobody has judged.

A NOTIFY of a transfer crosses with the status line of its fragment alone, which is all that RFC 3515 section 2.4.5
asks for: the lines below it are of a dialog on the other side, with its Via, its Contact and its numbers.
"""

import re

import attrs

from b2bua.call.leg import Leg
from b2bua.call.naming import TAKING, Dialogs, Named, Refusal, rename
from b2bua.call.pair import Crossing, Pair
from b2bua.call.topology import Side
from b2bua.trunk import Routes, Socket, called_number, is_sos
from sipstack.errors import ParseError
from sipstack.message import Headers, Request
from sipstack.values import Address, SipUri, parse_uri
from sipstack.values.events import Event
from sipstack.values.parameters import NO_PARAMETERS

#: REFERs of one leg whose numbers are remembered: as many subscriptions as one dialog will have at a time.
REMEMBERED = 16
#: Headers in a Refer-To that may come from a screened side.
ADMITTED = frozenset(TAKING) | {"require"}

_DIGIT = re.compile(r"\d")


def is_refused(pair: Pair, origin: Leg, request: Request) -> bool:
    """Whether it is a REFER that may not cross: its trunk sends none, or nothing may lead out of the call (L13)."""
    return request.method == "REFER" and (pair.is_emergency or not origin.trunk.passes_refer)


def adapt(pair: Pair, origin: Leg, far: Leg, request: Request, carried: Crossing) -> int | None:
    """Makes what crosses with a later request mean on the other side what it meant on this one; a status refuses it."""
    headers = carried.headers
    rename(headers, pair.context.dialogs, None)
    if request.method in ("NOTIFY", "SUBSCRIBE"):
        _renumber(request.method, origin, far, headers)
    if request.method == "NOTIFY" and request.content_type == "message/sipfrag" and _event(headers) is not None:
        carried.body = _status_line(carried.body)
    if request.method != "REFER" or "refer-to" not in headers:
        return None
    try:
        found = _target(headers, pair.context.dialogs, screened=origin.is_screened and origin.is_enforced)
        leads_back = _leads_back(origin, request)
    except ParseError as error:
        return error.status
    if isinstance(found, Refusal):
        return found.status
    address, is_named = found
    if origin.is_screened and _is_emergency(str(address.uri), pair.context.routes):
        return 403  # nobody abroad has a telephone at home call the emergency services
    if isinstance(address.uri, SipUri) and (is_named or leads_back):
        address = attrs.evolve(address, uri=_at(address.uri, far.socket))
    if address != Address.parse(headers.first("refer-to") or ""):
        headers.replace("refer-to", str(address))
    return None


def _is_emergency(uri: str, routes: Routes) -> bool:
    return is_sos(uri) or called_number(uri) in routes.emergency_numbers


def remember(far: Leg, sent: Request, request: Request) -> None:
    """Notes a REFER that was sent on: its NOTIFYs name it by the number it has there (RFC 3515 section 2.4.6)."""
    if request.method == "REFER":
        far.referred = (*far.referred[1 - REMEMBERED :], (sent.cseq.number, request.cseq.number))


def _renumber(method: str, origin: Leg, far: Leg, headers: Headers) -> None:
    """Event's `id` is the CSeq number of a REFER, which each leg counts for itself."""
    event = _event(headers)
    if event is None or event.id is None:
        return
    numbers = origin.referred if method == "NOTIFY" else tuple((there, here) for here, there in far.referred)
    there = next((str(number) for ours, number in reversed(numbers) if str(ours) == event.id), None)
    if there is not None:
        headers.replace("event", str(attrs.evolve(event, parameters=event.parameters.with_("id", there))))


def _event(headers: Headers) -> Event | None:
    """The event of a transfer; None for another package's."""
    try:
        event = Event.parse(headers.first("event") or "")
    except ParseError:
        return None
    return event if event.package.lower() == "refer" else None


def _status_line(fragment: bytes) -> bytes:
    line, end, rest = fragment.partition(b"\r\n")
    if not line.startswith(b"SIP/2.0 ") or b"\n" in line:
        return b""
    return fragment if not rest.strip(b"\r\n") else line + end


def _target(headers: Headers, dialogs: Dialogs, *, screened: bool) -> tuple[Address, bool] | Refusal:
    """The Refer-To with the headers that it may have over there, and whether they name a call of ours.

    Raises ParseError.
    """
    address = Address.parse(headers.first("refer-to") or "")
    if screened and _DIGIT.search(address.display_name):
        address = attrs.evolve(address, display_name="")
    if screened:  # without brackets these are what some readers take for the URI's own, headers and all (RFC 3261 §20)
        address = attrs.evolve(address, parameters=NO_PARAMETERS)
    uri = address.uri
    if not isinstance(uri, SipUri):
        return address, False
    fields = _fields(uri, dialogs, screened=screened)
    if isinstance(fields, Refusal):
        return fields
    kept, is_named = fields
    if kept != list(uri.header_fields()):
        address = attrs.evolve(address, uri=uri.with_header_fields(kept))
    return address, is_named


def _fields(uri: SipUri, dialogs: Dialogs, *, screened: bool) -> tuple[list[tuple[str, str]], bool] | Refusal:
    """The headers of a Refer-To as the other side is to use them, and whether they name a call of ours."""
    kept: list[tuple[str, str]] = []
    is_named = False
    for name, value in uri.header_fields():
        key = name.lower()
        found = dialogs.taken(key, value) if key in TAKING else None
        if isinstance(found, Refusal):
            return found
        if isinstance(found, Named):
            is_named = True
            kept.append((name, found.value))
        elif not screened or key in ADMITTED:
            kept.append((name, value))
    return kept, is_named


def _leads_back(origin: Leg, refer: Request) -> bool:
    """Whether the Refer-To, as it came, leads to us or to the referrer's own side, which only that side can reach."""
    uri = Address.parse(refer.headers.first("refer-to") or "").uri
    return isinstance(uri, SipUri) and Side(origin, refer).holds(uri.host)


def _at(uri: SipUri, socket: Socket) -> SipUri:
    """The URI at one of our sockets; what it said of the way there spoke of another (RFC 3261 section 19.1.1)."""
    ours = parse_uri(f"sip:{socket.shown}")
    assert isinstance(ours, SipUri), "a socket shows a host and a port"
    parameters = uri.parameters.without("maddr").without("transport")
    return attrs.evolve(uri, host=ours.host, port=ours.port, parameters=parameters)
