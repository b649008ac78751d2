"""How a message finds its transaction: RFC 3261 §17.1.3 for responses, §17.2.3 for requests.

A key is one line of text. The branch stands last, so that whatever a peer writes into it cannot imitate the parts
before it, none of which can hold a space. A request that opened a transaction is also known by its bytes (`Copy`) and,
whatever way it comes, by what its sender wrote once (`merge_key`, §8.2.2.2).
"""

import hashlib
from typing import NewType

from sipstack.effects import Key
from sipstack.flow import Flow
from sipstack.message import Message, Request
from sipstack.transaction.routing import default_port
from sipstack.values import Via

Copy = NewType("Copy", tuple[Flow, bytes])
"""A datagram as it would come again: by the same socket, from the same source, with the same bytes."""

COOKIE = "z9hg4bk"
"""RFC 3261 §8.1.1.7, in lower case, as tokens are compared (§7.3.1)."""


def sent_by(via: Via) -> str:
    """The host and port a Via names, in one spelling; an absent port is the transport's own (§18.2.2, §19.1.2)."""
    return f"{via.host.lower()}:{via.port or default_port(via.transport)}"


def client_key(message: Message) -> Key:
    """The key of a request of ours, and of each response to it: the branch and the method in CSeq."""
    return client_key_of(message.cseq.method, message.via.branch or "")


def client_key_of(method: str, branch: str) -> Key:
    """The same from its parts: how a Via of ours in somebody else's message is known again (§16.3 step 4)."""
    return Key(f"client {method} {branch.lower()}")


def server_key(request: Request, method: str | None = None, *, socket: str = "") -> Key:
    """The key of a request we received; an ACK has its INVITE's, and `method` names the INVITE a CANCEL is about."""
    if method is None:
        method = "INVITE" if request.method == "ACK" else request.method
    via = request.via
    branch = (via.branch or "").lower()
    if branch.startswith(COOKIE):
        return Key(f"server {method} {socket} {sent_by(via)} {branch}")
    return _key_of_2543(request, method, socket, via)


def copy_key(data: bytes, flow: Flow) -> Copy | None:
    """What tells a repeated datagram before it is parsed; None for what opens no transaction or is never repeated.

    A digest and not the bytes, which may be long, nor Python's hash of them: 64 bits are too few to answer one request
    with what was said to another.
    """
    if flow.reliable or data.startswith((b"SIP/", b"ACK ")):
        return None
    return Copy((flow, hashlib.blake2b(data, digest_size=16).digest()))


def merge_key(request: Request) -> str | None:
    """From tag, Call-ID and CSeq, by which §8.2.2.2 tells that a forked request has come by two ways.

    None within a dialog, where it is not asked, and for ACK and CANCEL, which repeat their INVITE's.
    """
    if request.method in ("ACK", "CANCEL") or request.to.tag is not None:
        return None
    cseq = request.cseq
    return f"{cseq.number} {cseq.method} {request.call_id} {request.from_.tag or ''}"


def _key_of_2543(request: Request, method: str, socket: str, via: Via) -> Key:
    """For a peer without the cookie: Request-URI, From tag, Call-ID, CSeq number and the top Via must be the same.

    The To tag is left out, since the ACK to a failure has one where its INVITE had none; what it would tell apart, a
    request within a dialog from the one that opened it, the CSeq number tells apart already.
    """
    parts = (request.uri, request.from_.tag or "", request.call_id, str(request.cseq.number), via.branch or "")
    return Key(f"server {method} {socket} {sent_by(via)} {' '.join(parts)}")
