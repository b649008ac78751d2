"""Messages: from bytes, as lines with lazily typed values, and back to bytes with untouched lines as they came.

    headers    the lines, looked up by key; typed values are remembered here
    message    Request and Response: start line, typed properties, `encode`
    parse      bytes to message: `parse` = `parse_structure` + `check`; `Limits`
    framing    messages out of a stream
    build      responses, ACK and CANCEL made from a request
    essentials the headers each message of a call is handled by, and how each is read
    fields     the typed properties that not every call needs; `typed` is how they are made
    multipart  the parts of a body, read and replaced where they stand

    message = parse(datagram)          ParseError: `.status` to answer, `.message` if it can be answered
    message.from_.uri                  typed when first read
    message.headers.values("p-asserted-identity")
    response_to(message, 180).encode()

Start at `parse`. This floor imports `sipstack.values` and what stands below it.
"""

from sipstack.message.build import ack_to_failure, cancel_of, request, response_to
from sipstack.message.headers import Headers
from sipstack.message.message import Message, Request, Response
from sipstack.message.multipart import (
    DEFAULT_PART_LIMITS,
    Part,
    PartLimits,
    content_of,
    parts_of,
    read_parts,
    replaced,
    without,
)
from sipstack.message.parse import DEFAULT_LIMITS, Limits, check, parse, parse_structure

__all__ = [
    "DEFAULT_LIMITS",
    "DEFAULT_PART_LIMITS",
    "Headers",
    "Limits",
    "Message",
    "Part",
    "PartLimits",
    "Request",
    "Response",
    "ack_to_failure",
    "cancel_of",
    "check",
    "content_of",
    "parse",
    "parse_structure",
    "parts_of",
    "read_parts",
    "replaced",
    "request",
    "response_to",
    "without",
]
