"""What crosses from one leg to the other.

Everything, byte for byte, but the lines that belong to one hop or one dialog (RFC 3261 §16.6, §12): those each leg has
of its own. Nothing here judges; `redaction` has been before.
"""

import ipaddress
import re
from typing import Final

from b2bua.trunk import is_sos
from sipstack.errors import ParseError
from sipstack.flow import Flow
from sipstack.message import Headers, Message
from sipstack.values import SipUri, TelUri, parse_uri

#: Lines of one hop or of one dialog.
OWN: Final = frozenset(
    {
        "via",
        "route",
        "record-route",
        "max-forwards",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "content-length",
        "in-reply-to",  # Call-IDs of calls that are long over (§20.21), as only this side knew them
        "session-expires",
        "min-se",
    }
)
#: Lines that speak of a body, and stay behind with it.
CONTENT: Final = frozenset({"content-type", "content-encoding", "content-disposition", "content-language"})
#: Where a call without Max-Forwards starts (RFC 3261 §8.1.1.6).
HOPS: Final = 70

_RACK = re.compile(r"\s*(\d+)\s+\d+\s+(\S+)\s*")


def crossing(message: Message) -> Headers:
    """A copy of the lines that may cross."""
    headers = message.headers.without(OWN)
    if "require" in headers:
        _require_no_timer(headers)
    return headers


def _require_no_timer(headers: Headers) -> None:
    """Each leg has its own session timer (RFC 4028), so what one side requires of it is no matter of the other's."""
    try:
        required = headers.values("require")
    except ParseError:
        return
    others = [option for option in required if option.lower() != "timer"]
    if not others:
        headers.remove("require")
    elif len(others) < len(required):
        headers.replace("require", ", ".join(others))


def hops_left(message: Message) -> int:
    """What Max-Forwards the other leg starts with; negative when the message may go no further (§16.3)."""
    hops = message.max_forwards
    return HOPS if hops is None else hops - 1


def is_routable(uri: str) -> bool:
    """Whether a Request-URI may be asked for on another leg (§8.2.2.1, §16.3: else 416).

    A sips URI wants TLS on each hop (§26.2.2), which no trunk has; of what is neither sip nor tel, only the emergency
    service is anybody here.
    """
    try:
        parsed = parse_uri(uri)
    except ParseError:
        return False
    return isinstance(parsed, TelUri) or (isinstance(parsed, SipUri) and parsed.scheme == "sip") or is_sos(uri)


def retarget(uri: str, flow: Flow) -> str:
    """The Request-URI for the next hop: the user part and its parameters as they came, the host theirs.

    A tel URI has no host and stays. `maddr` and `transport` spoke of the hop that is done (§19.1.1).
    """
    try:
        parsed = parse_uri(uri)
    except ParseError:
        return uri
    if not isinstance(parsed, SipUri):
        return uri
    host, port = flow.remote
    parameters = parsed.parameters
    for hop in ("maddr", "transport"):
        if hop in parameters:
            parameters = parameters.without(hop)
    shown = f"[{host}]" if ":" in host else host
    password = "" if parsed.password is None else f":{parsed.password}"
    user = "" if parsed.user is None else f"{parsed.user}{password}@"
    return f"{parsed.scheme}:{user}{shown}:{port}{parameters}"


def rack_for(value: str, invite_cseq: int) -> str | None:
    """A RAck that names the INVITE by the other leg's number (RFC 3262 §7.2); None when it is not one."""
    found = _RACK.fullmatch(value)
    return f"{found[1]} {invite_cseq} {found[2]}" if found else None


def next_hop(uri: str, otherwise: Flow) -> Flow:
    """Where an in-dialog request to `uri` goes: its numeric address, or the flow the dialog was made over.

    A name waits for RFC 3263; the peer's own flow reaches it meanwhile.
    """
    try:
        parsed = parse_uri(uri)
    except ParseError:
        return otherwise
    if not isinstance(parsed, SipUri):
        return otherwise
    port = parsed.port or 5060
    if otherwise.remote == (parsed.host, port):
        return otherwise  # as nearly always
    try:
        host = ipaddress.ip_address(parsed.host.strip("[]"))
    except ValueError:
        return otherwise
    remote = (str(host), port)
    if remote == otherwise.remote or (host.version == 6) != (":" in otherwise.remote[0]):
        return otherwise
    return Flow(otherwise.socket, remote, otherwise.transport)
