"""The answer that refuses every stream of a late offer, for the ACK of a call that ends before anybody has answered.

RFC 3261 §13.2.2.4: an offer in a 2xx that is not acceptable gets "a valid answer in the ACK and then ... a BYE". Such
an answer has a stream for each of the offer's, at port 0 (RFC 3264 §6).
"""

from typing import Final

from b2bua.identity.redaction import is_sdp
from sipstack.message import Headers, Response

_WORDS: Final = 4
"""Of a media line at least: its kind, port, transport and a format (RFC 8866 §5.14)."""


def decline(accepted: Response, *, is_ipv6: bool) -> tuple[Headers, bytes]:
    """The headers and the body of the ACK to a 2xx with an offer; nothing when it is none that can be read."""
    lines = [line.rstrip(b"\r") for line in accepted.body.split(b"\n")]
    media = [line.split() for line in lines if line.startswith(b"m=")]
    if not is_sdp(accepted.headers) or any(len(words) < _WORDS for words in media):
        return Headers(), b""
    nowhere = b"IN IP6 ::" if is_ipv6 else b"IN IP4 0.0.0.0"
    # RFC 3264 §6: the times of an answer are those of its offer.
    times = [line for line in lines if line.startswith(b"t=")] or [b"t=0 0"]
    refused = [b" ".join((words[0], b"0", *words[2:])) for words in media]
    session = [b"v=0", b"o=- 0 0 " + nowhere, b"s=-", b"c=" + nowhere, *times, *refused]
    return Headers.of([("Content-Type", "application/sdp")]), b"\r\n".join([*session, b""])
