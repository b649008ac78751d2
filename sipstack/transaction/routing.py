"""Where a request really came from, and where its responses go (RFC 3261 §18.2.1 and §18.2.2, RFC 3581 §4).

`maddr` is honoured only when it is a multicast group, which is what it is for (§18.1.1): any other address in it would
lead our responses to a third party, as a forged `received` would.
"""

import ipaddress

from sipstack.flow import Flow
from sipstack.message import Request
from sipstack.values import Via

_SECURE = ("TLS", "WSS")


def note_source(request: Request, flow: Flow) -> None:
    """Write `received` and `rport` into the top Via; the other values and all other headers keep their bytes.

    A `received` that the sender wrote itself is overwritten or removed: it would lead our responses to a third party.
    """
    via = request.via
    parameters = via.parameters
    address, port = flow.remote
    asked = "rport" in parameters
    if asked:
        parameters = parameters.with_("rport", str(port))
    # RFC 3581 §4: with rport, "received" goes in even when the source is what sent-by says.
    if asked or not (via.host == address or _same_host(via.host, address)):
        parameters = parameters.with_("received", address)
    elif "received" in parameters:
        parameters = parameters.without("received")
    if parameters is not via.parameters and parameters != via.parameters:
        request.headers.replace_top("via", str(Via(via.transport, via.host, via.port, parameters=parameters)))


def reply_flow(via: Via, flow: Flow) -> Flow:
    """The flow for responses to a request that came by `flow` with this top Via."""
    if flow.reliable:
        return flow
    group = via.parameters.get("maddr")
    if group and _is_multicast(group):
        return Flow(flow.socket, (_bare(group), via.port or 5060), flow.transport)
    port = via.port or 5060
    if port == flow.remote[1] or "rport" in via.parameters:
        return flow
    return Flow(flow.socket, (flow.remote[0], port), flow.transport)


def reopened_flow(via: Via, flow: Flow) -> Flow | None:
    """Where a response goes when the connection `flow`, by which its request came, is gone; None for UDP.

    §18.2.2: "to the IP address in the "received" parameter, if present, using the port in the "sent-by" value, or the
    default port". That address is always the source, since `note_source` writes nothing else. A WebSocket client
    cannot be connected to (RFC 7118 §5).
    """
    if flow.transport not in ("TCP", "TLS"):
        return None
    return Flow(flow.socket, (flow.remote[0], via.port or default_port(flow.transport)), flow.transport)


def default_port(transport: str) -> int:
    """Where a transport, named as in Via, is listened for when nobody says a port (§18.2.2, §19.1.2)."""
    return 5061 if transport in _SECURE else 5060


def _same_host(host: str, address: str) -> bool:
    return _bare(host).lower() == address.lower()


def _is_multicast(text: str) -> bool:
    try:
        return ipaddress.ip_address(_bare(text)).is_multicast
    except ValueError:
        return False


def _bare(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")
