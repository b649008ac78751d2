"""What stands inside a message, as frozen values that parse and print themselves.

Each has `parse(text)`, which raises `ParseError` and nothing else, and `str(value)`, with `parse(str(value)) == value`.

    grammar      tokens, quoted strings, numbers, comma-separated lists
    registry     header names to keys, and what is known about each header
    parameters   ;name=value
    uri          sip, sips, tel and other URIs
    address      display name, URI and parameters: From, To, Contact, Route, P-Asserted-Identity ...
    via, cseq, reason

Start at `address`: it uses most of the others. This floor imports only `sipstack.errors`.
"""

from sipstack.values.address import Address
from sipstack.values.cseq import CSeq
from sipstack.values.grammar import is_token, quote, split_list, unquote
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.reason import Reason
from sipstack.values.registry import LISTS, SINGLE, canonical, key
from sipstack.values.uri import OtherUri, SipUri, TelUri, Uri, parse_uri
from sipstack.values.via import Via

__all__ = [
    "LISTS",
    "NO_PARAMETERS",
    "SINGLE",
    "Address",
    "CSeq",
    "OtherUri",
    "Parameters",
    "Reason",
    "SipUri",
    "TelUri",
    "Uri",
    "Via",
    "canonical",
    "is_token",
    "key",
    "parse_uri",
    "quote",
    "split_list",
    "unquote",
]
