"""SIP as bytes, values, messages and machines (RFC 3261 and the RFCs around it), without I/O of its own.

    bytes ── message ──▶ Request, Response         parse and print; untouched lines cross byte for byte
             values      Via, Address, SipUri ...  what header lines hold, typed on first reading
             transaction TransactionLayer          the four machines of §17, keys, one heap of deadlines
             dialog      Dialog, UnackedAnswer     who, in which order, along which way; 2xx and ACK
             net         Driver, UdpSocket         the only part with sockets, a loop and a clock

Left of each other in that order: a floor imports only what stands above it in this list (`net` stands on all). Inputs
carry `now` and return effects (`effects.py`); ids are minted from random bytes that are an argument (`ids.py`); every
fault has one root (`errors.py`) and says whose it is.

Start reading at `message/__init__.py`; to embed, at `net/driver.py`. `python -m sipstack FILE...` shows what a
datagram parses to, or why not.
"""

from sipstack.dialog import Dialog, SentAcks, UnackedAnswer
from sipstack.errors import ParseError, ProtocolError, SipError, StateError
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Headers, Message, Request, Response, parse, request, response_to
from sipstack.timing import Timing
from sipstack.transaction import TransactionLayer
from sipstack.values import Address, CSeq, Parameters, Reason, SipUri, TelUri, Via, parse_uri

__all__ = [
    "Address",
    "CSeq",
    "Dialog",
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
    "SentAcks",
    "SipError",
    "SipUri",
    "StateError",
    "TelUri",
    "Timing",
    "TransactionLayer",
    "UnackedAnswer",
    "Via",
    "parse",
    "parse_uri",
    "request",
    "response_to",
]
