"""What a reader makes of a datagram, in terms that every reader has, and where two readers differ."""

from typing import TypeAlias

from sipstack.errors import ParseError
from sipstack.message import Request, parse
from tests.sipstack.differential import vendors
from tests.torture import rfc4475, rfc5118

Reading: TypeAlias = dict[str, object]
"""By aspect: `target` (Request-URI or status), `cseq`, `from` ... An aspect that a reader does not tell is left out."""

CORPUS: dict[str, bytes] = {
    **{torture.name: torture.data for torture in (*rfc4475.MESSAGES, *rfc5118.MESSAGES)},
    **vendors.MESSAGES,
}

REFUSALS: dict[str, str] = {
    # What RFC 4475 and RFC 5118 say of their own messages.
    "badinv01": "4475 3.1.2.1: empty parameters in Via; should respond 400",
    "clerr": "4475 3.1.2.2: fewer octets than Content-Length says; should respond with an error",
    "ncl": "4475 3.1.2.3: Content-Length is negative; should respond with an error",
    "scalar02": "4475 3.1.2.4: CSeq is above 2**32-1; should respond 400",
    "scalarlg": "4475 3.1.2.5: CSeq is above 2**32-1; a response is dropped",
    "quotbal": "4475 3.1.2.6: the quote does not end; should respond 400",
    "ltgtruri": "4475 3.1.2.7: brackets around the Request-URI; 400 is reasonable",
    "lwsruri": "4475 3.1.2.8: a blank in the Request-URI; should respond 400",
    "lwsstart": "4475 3.1.2.9: two blanks in the request line; refusing is acceptable",
    "trws": "4475 3.1.2.10: blanks at its end; refusing is acceptable",
    "escruri": "4475 3.1.2.11: headers in the Request-URI; 400 is acceptable",
    "regbadct": "4475 3.1.2.13: a question mark without brackets; 400 is reasonable",
    "badaspec": "4475 3.1.2.14: blanks within the brackets; 400 is reasonable",
    "baddn": "4475 3.1.2.15: a comma in a bare display name; 400 is reasonable",
    "badvers": "4475 3.1.2.16: SIP/7.0; should respond 505",
    "mismatch01": "4475 3.1.2.17: CSeq has another method; will respond 400",
    "mismatch02": "4475 3.1.2.18: CSeq has another method; 400 beside 501",
    "bigcode": "4475 3.1.2.19: no such status; dropped",
    "insuf": "4475 3.3.1: From, To and Call-ID are missing; 400",
    "multi01": "4475 3.3.8: two of Call-ID, To, From and CSeq; should respond 400",
    "mcl01": "4475 3.3.9: two Content-Length; as a bad one",
    "ipv6-bad": "5118 4.2: an IPv6 address without brackets; 400",
    # What RFC 3261 says of the habits of vendors.
    "a head that ends without its empty line": "3261 7: the empty line MUST be present; without it the end is missing",
    "a Contact without a scheme": "3261 25.1: addr-spec begins with its scheme",
    "blanks after the version": "3261 7.1 and 4475 3.1.2.10: nothing follows the version",
    "a tag with nothing in it": "3261 25.1: tag-param has a token; with a tag and without one are two dialogs",
    "a carriage return too many": "3261 25.1: a CR stands before LF only; some readers end the line there",
    "backslashes before quotes": "3261 25.1: a quoted-pair stands within quotes only",
    "parameters without brackets after the host's blank": "3261 25.1 and 4475 3.1.2.14: no blank in a URI",
    "a length that is no number": "3261 20.14: Content-Length is 1*DIGIT",
    "a sequence that is no number": "3261 20.16: CSeq begins with 1*DIGIT",
    "two callers": "3261 7.3.1: From is no list; one reader would screen the first and one show the second",
    "two addresses in From": "3261 7.3.1: From is no list, in one line as in two",
    "an @ behind a semicolon without brackets": "3261 20: semicolons need brackets; the user would be cut or be whole",
    "two @ in a URI": "3261 25.1: @ is escaped in a user part; the host would be one or the other",
    "no host in Via": "3261 25.1: sent-by has a host",
    "a header name folded before its colon": "3261 25.1: HCOLON has SP and HTAB before its colon, no fold",
    "a version in other digits": "3261 7.1: the version is a literal string, SIP/2.0",
}
"""Each message of the corpus that we refuse, and why: the RFC, its section, and what it says."""


def ours(data: bytes) -> Reading | None:
    """The reading of `sipstack`; None when it refuses."""
    try:
        message = parse(data)
    except ParseError:
        return None
    return {
        "method": message.method if isinstance(message, Request) else None,
        "target": message.uri if isinstance(message, Request) else str(message.status),
        "call-id": message.call_id,
        "cseq": (message.cseq.number, message.cseq.method),
        "from": str(message.from_.uri),
        "from-tag": message.from_.tag,
        "to": str(message.to.uri),
        "to-tag": message.to.tag,
        "transports": [via.transport for via in message.vias],
        "hosts": [via.host.strip("[]") for via in message.vias],
        "branches": [via.branch for via in message.vias if via.branch],
        "body": message.body,
    }


TAKEN, REFUSED = "taken by us alone", "refused by us alone"


def differences(us: Reading | None, them: Reading | None) -> set[str]:
    """The aspects in which two readings differ, or who alone took the message."""
    if us is None or them is None:
        return set() if us is them else {TAKEN if us else REFUSED}
    return {aspect for aspect in us.keys() & them.keys() if us[aspect] != them[aspect]}


def unexplained(name: str, found: set[str]) -> set[str]:
    """The differences less that we refuse the message, which `REFUSALS` explains to every reader."""
    return found - {REFUSED} if name in REFUSALS else found
