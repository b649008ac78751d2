"""What stands inside a message, as frozen values that parse and print themselves.

Each has `parse(text)`, which raises `ParseError` and nothing else, and `str(value)`, with `parse(str(value)) == value`;
`parse_list` where a header holds several.

    grammar, shapes     tokens, quoted strings, numbers, lists, comments
    registry            header names to keys, and what is known about each header
    parameters          ;name=value
    uri                 sip, sips, tel and other URIs, kept as written
    escaping            what their escapes say · equivalence   same_uri · forming   the request a URI describes
    address             display name, URI and parameters: From, To, Contact, Route, P-Asserted-Identity ...
    addressed           headers that are an address and more: diversion, history, remote_party_id, referral
    via, cseq, rack     hops and order
    negotiation         option tags and methods
    credentials         challenges, their answers, Authentication-Info
    content, preference what a body is; what a peer takes
    naming_dialogs      Replaces, Join, Target-Dialog
    events, identity, privacy, reason, session_expires, retry_after, timestamp, date, warning   one header each

Start at `address`: it uses most of the others. This floor imports only `sipstack.errors`.
"""

from sipstack.values.address import Address
from sipstack.values.content import Disposition, MediaType
from sipstack.values.credentials import AuthenticationInfo, Challenge, Credentials
from sipstack.values.cseq import CSeq
from sipstack.values.date import Date
from sipstack.values.diversion import Diversion
from sipstack.values.equivalence import same_uri
from sipstack.values.escaping import escape_header, escape_user, unescape
from sipstack.values.events import Event, SubscriptionState
from sipstack.values.forming import RequestParts, request_parts
from sipstack.values.grammar import is_token, quote, split_list, unquote
from sipstack.values.history import HistoryEntry
from sipstack.values.identity import Identity
from sipstack.values.naming_dialogs import Join, Replaces, TargetDialog
from sipstack.values.negotiation import Methods, OptionTags
from sipstack.values.parameters import NO_PARAMETERS, Parameters
from sipstack.values.preference import Preference
from sipstack.values.privacy import Privacy
from sipstack.values.rack import RAck
from sipstack.values.reason import Reason
from sipstack.values.referral import ReferredBy, ReferTo
from sipstack.values.registry import LISTS, SINGLE, canonical, key
from sipstack.values.remote_party_id import RemotePartyId
from sipstack.values.retry_after import RetryAfter
from sipstack.values.session_expires import SessionExpires
from sipstack.values.timestamp import Timestamp
from sipstack.values.uri import OtherUri, SipUri, TelUri, Uri, parse_uri
from sipstack.values.via import Via
from sipstack.values.warning import WarningValue

__all__ = [
    "LISTS",
    "NO_PARAMETERS",
    "SINGLE",
    "Address",
    "AuthenticationInfo",
    "CSeq",
    "Challenge",
    "Credentials",
    "Date",
    "Disposition",
    "Diversion",
    "Event",
    "HistoryEntry",
    "Identity",
    "Join",
    "MediaType",
    "Methods",
    "OptionTags",
    "OtherUri",
    "Parameters",
    "Preference",
    "Privacy",
    "RAck",
    "Reason",
    "ReferTo",
    "ReferredBy",
    "RemotePartyId",
    "Replaces",
    "RequestParts",
    "RetryAfter",
    "SessionExpires",
    "SipUri",
    "SubscriptionState",
    "TargetDialog",
    "TelUri",
    "Timestamp",
    "Uri",
    "Via",
    "WarningValue",
    "canonical",
    "escape_header",
    "escape_user",
    "is_token",
    "key",
    "parse_uri",
    "quote",
    "request_parts",
    "same_uri",
    "split_list",
    "unescape",
    "unquote",
]
