"""Where a request really came from, and where its responses go (RFC 3261 §18.2.1 and §18.2.2, RFC 3581 §4).

`maddr` is honoured only when it is a multicast group, which is what it is for (§18.1.1): any other address in it would
lead our responses to a third party, as a forged `received` would.
"""

import ipaddress

from sipstack.flow import Flow
from sipstack.message import Request
from sipstack.values import Via


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
    if asked or not _same_host(via.host, address):
        parameters = parameters.with_("received", address)
    elif "received" in parameters:
        parameters = parameters.without("received")
    if parameters != via.parameters:
        request.headers.replace_top("via", str(Via(via.transport, via.host, via.port, parameters=parameters)))


def reply_flow(via: Via, flow: Flow) -> Flow:
    """The flow for responses to a request that came by `flow` with this top Via."""
    if flow.reliable:
        return flow
    group = via.parameters.get("maddr")
    if group and _is_multicast(group):
        return Flow(flow.socket, (_bare(group), via.port or 5060), flow.transport)
    if "rport" in via.parameters:
        return flow
    return Flow(flow.socket, (flow.remote[0], via.port or 5060), flow.transport)


def _same_host(host: str, address: str) -> bool:
    return _bare(host).lower() == address.lower()


def _is_multicast(text: str) -> bool:
    try:
        return ipaddress.ip_address(_bare(text)).is_multicast
    except ValueError:
        return False


def _bare(host: str) -> str:
    return host.removeprefix("[").removesuffix("]")
