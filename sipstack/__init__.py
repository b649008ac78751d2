"""SIP as bytes, values, messages and machines (RFC 3261 and the RFCs around it), without I/O of its own.

    bytes ── message ──▶ Request, Response         parse and print; untouched lines cross byte for byte
             values      Via, Address, SipUri ...  what header lines hold, typed on first reading
             transaction TransactionLayer          the four machines of §17, keys, one heap of deadlines
             auth        DigestClient, -Server     challenges and what answers them
             locate      search, Hunt              RFC 3263: where to send, and where next
             dialog      Dialog, Offers, Glare ... who, in which order, along which way; one idea a machine
             agent       UserAgent, Call           the user agent core: calls, for programs to embed
             net         serve, Driver, sockets    the only part with sockets, a loop and a clock

A floor imports only what stands above it in this list (`net` stands on all; `values` stands below `message`;
`transaction`, `auth` and `locate` beside each other). Inputs carry `now` and return effects (`effects.py`); ids are
minted from random bytes that are an argument (`ids.py`); every fault has one root (`errors.py`) and says whose it is.

Start reading at `message/__init__.py`; to embed, at `agent/__init__.py` or, for the layer alone, `net/driver.py`;
docs/sipstack.md has the machines as figures and a table of the RFCs. `python -m sipstack FILE...` shows what a
datagram parses to, or why not.
"""

from sipstack.agent import Call, UserAgent
from sipstack.auth import Account, DigestClient, DigestServer, Secret
from sipstack.dialog import Dialog, SentAcks, UnackedAnswer
from sipstack.errors import ParseError, ProtocolError, SipError, StateError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Headers, Message, Request, Response, parse, request, response_to
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer
from sipstack.values import Address, CSeq, Parameters, Reason, SipUri, TelUri, Via, parse_uri

__all__ = [
    "Account",
    "Address",
    "CSeq",
    "Call",
    "Dialog",
    "DigestClient",
    "DigestServer",
    "Flow",
    "Headers",
    "Ids",
    "Message",
    "Parameters",
    "ParseError",
    "ProtocolError",
    "Reason",
    "Request",
    "Response",
    "Secret",
    "SentAcks",
    "SipError",
    "SipUri",
    "StateError",
    "TelUri",
    "Timing",
    "TransactionLayer",
    "UnackedAnswer",
    "UserAgent",
    "Via",
    "parse",
    "parse_uri",
    "request",
    "response_to",
]
