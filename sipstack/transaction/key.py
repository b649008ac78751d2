"""How a message finds its transaction: RFC 3261 §17.1.3 for responses, §17.2.3 for requests.

A key is one line of text. The branch stands last, so that whatever a peer writes into it cannot imitate the parts
before it, none of which can hold a space.
"""

from sipstack.effects import Key
from sipstack.message import Message, Request
from sipstack.values import Via

COOKIE = "z9hg4bk"
"""RFC 3261 §8.1.1.7, in lower case, as tokens are compared (§7.3.1)."""

_SECURE = ("TLS", "WSS")


def sent_by(via: Via) -> str:
    """The host and port a Via names, in one spelling; an absent port is the transport's own (§18.2.2, §19.1.2)."""
    port = via.port or (5061 if via.transport in _SECURE else 5060)
    return f"{via.host.lower()}:{port}"


def client_key(message: Message) -> Key:
    """The key of a request of ours, and of each response to it: the branch and the method in CSeq."""
    return Key(f"client {message.cseq.method} {(message.via.branch or '').lower()}")


def server_key(request: Request, method: str | None = None) -> Key:
    """The key of a request we received; an ACK has its INVITE's, and `method` names the INVITE a CANCEL is about."""
    if method is None:
        method = "INVITE" if request.method == "ACK" else request.method
    via = request.via
    branch = (via.branch or "").lower()
    if branch.startswith(COOKIE):
        return Key(f"server {method} {sent_by(via)} {branch}")
    return _key_of_2543(request, method, via)


def _key_of_2543(request: Request, method: str, via: Via) -> Key:
    """For a peer without the cookie: Request-URI, From tag, Call-ID, CSeq number and the top Via must be the same.

    The To tag is left out, since the ACK to a failure has one where its INVITE had none; what it would tell apart, a
    request within a dialog from the one that opened it, the CSeq number tells apart already.
    """
    parts = (request.uri, request.from_.tag or "", request.call_id, str(request.cseq.number), via.branch or "")
    return Key(f"server {method} {sent_by(via)} {' '.join(parts)}")
