"""The headers a message may have, as attributes by theme (RFC 3261 section 20 and the RFCs named beside each).

Each is typed when first read and remembered. An absent header is None where absence means something, else empty; one
that cannot be read raises `ParseError`. What every message must have is in `message`.
"""

from sipstack.message.typed import joined, joined_if_any, number, several, several_if_any, single, text
from sipstack.values.address import Address
from sipstack.values.content import Disposition, MediaType
from sipstack.values.credentials import AuthenticationInfo, Challenge, Credentials
from sipstack.values.date import Date
from sipstack.values.diversion import Diversion
from sipstack.values.events import Event, SubscriptionState
from sipstack.values.grammar import WHITE
from sipstack.values.history import HistoryEntry
from sipstack.values.identity import Identity
from sipstack.values.naming_dialogs import Join, Replaces, TargetDialog
from sipstack.values.negotiation import Methods, OptionTags
from sipstack.values.preference import Preference
from sipstack.values.privacy import Privacy
from sipstack.values.rack import RAck
from sipstack.values.reason import Reason
from sipstack.values.referral import ReferredBy, ReferTo
from sipstack.values.remote_party_id import RemotePartyId
from sipstack.values.retry_after import RetryAfter
from sipstack.values.session_expires import SessionExpires
from sipstack.values.shapes import integer, tokens, with_parameters
from sipstack.values.timestamp import Timestamp
from sipstack.values.warning import WarningValue


def _number_before_parameters(value: str, name: str) -> int:
    return integer(with_parameters(value)[0], name)


def _lower_tokens(value: str) -> tuple[str, ...]:
    return tuple([token.lower() for token in tokens(value, "Content")])


def _event_packages(value: str) -> tuple[str, ...]:
    return tokens(value, "Allow-Events")


def _call_ids(value: str) -> tuple[str, ...]:
    """A Call-ID may hold quotes and brackets that protect nothing, hence no `split_list`."""
    return tuple([call_id for piece in value.split(",") if (call_id := piece.strip(WHITE))])


class ContentFields:
    """What a body is: of a message, or of one part of a multipart."""

    __slots__ = ()

    media_type = single("content-type", MediaType.parse)
    """The body's type with its parameters (section 20.15); `content_type` is its bare name."""
    disposition = single("content-disposition", Disposition.parse)
    """What the body is for (section 20.11); None means `session` for SDP and `render` for all else."""
    content_encodings = several("content-encoding", _lower_tokens)
    """What was done to the body, first to last, lower-case (section 20.12)."""
    content_languages = several("content-language", _lower_tokens)
    """The languages of the body, lower-case (section 20.13)."""
    content_id = text("content-id")
    """The body's own name, in brackets (RFC 2045 section 7, RFC 8262)."""
    mime_version = text("mime-version")
    """`1.0` (section 20.24)."""


class Fields(ContentFields):
    """All others."""

    __slots__ = ()

    # What each side can do.
    require = joined("require", OptionTags.parse)
    """What the receiver must understand or answer 420 (section 20.32)."""
    proxy_require = joined("proxy-require", OptionTags.parse)
    """What each proxy on the way must understand (section 20.29)."""
    supported = joined("supported", OptionTags.parse)
    """What the sender understands (section 20.37)."""
    unsupported = joined("unsupported", OptionTags.parse)
    """What a 420 did not understand (section 20.40)."""
    allow = joined_if_any("allow", Methods.parse)
    """The methods the sender takes (section 20.5); None says nothing about them."""
    allow_events = several("allow-events", _event_packages)
    """The event packages the sender can be asked for (RFC 6665 section 8.2.2)."""
    accept = several_if_any("accept", MediaType.parse_list)
    """The bodies the sender takes (section 20.1): None means application/sdp, an empty one means none at all."""
    accept_encodings = several_if_any("accept-encoding", Preference.parse_list)
    """The codings the sender undoes (section 20.2): None and an empty one both mean `identity`."""
    accept_languages = several_if_any("accept-language", Preference.parse_list)
    """The languages the sender reads (section 20.3); None means all."""

    # How long, and when.
    expires = number("expires", integer)
    """Seconds for which the message or what it makes holds (section 20.19)."""
    min_expires = number("min-expires", integer)
    """The fewest seconds a registrar takes, in a 423 (section 20.23)."""
    session_expires = single("session-expires", SessionExpires.parse)
    """How long the session lasts unless refreshed, and who refreshes (RFC 4028 section 4)."""
    min_se = number("min-se", _number_before_parameters)
    """The fewest seconds of a session interval (RFC 4028 section 5)."""
    retry_after = single("retry-after", RetryAfter.parse)
    """When to try again (section 20.33)."""
    date = single("date", Date.parse)
    """When the message was first sent (section 20.17)."""
    timestamp = single("timestamp", Timestamp.parse)
    """When the request was sent, on its sender's clock (section 20.38)."""

    # In which order, and in which dialog.
    rseq = number("rseq", integer)
    """The number of a reliable provisional response (RFC 3262 section 7.1)."""
    rack = single("rack", RAck.parse)
    """What a PRACK acknowledges (RFC 3262 section 7.2)."""
    replaces = single("replaces", Replaces.parse)
    """The dialog an INVITE takes over (RFC 3891)."""
    join = single("join", Join.parse)
    """The dialog an INVITE becomes party of (RFC 3911)."""
    target_dialog = single("target-dialog", TargetDialog.parse)
    """The dialog that gives its sender the right to ask (RFC 4538)."""
    refer_to = single("refer-to", ReferTo.parse)
    """Whom to contact instead (RFC 3515 section 2.1)."""
    referred_by = single("referred-by", ReferredBy.parse)
    """Who asked for the request (RFC 3892 section 2)."""
    event = single("event", Event.parse)
    """The package of a subscription (RFC 6665 section 8.2.1)."""
    subscription_state = single("subscription-state", SubscriptionState.parse)
    """How a subscription stands after a NOTIFY (RFC 6665 section 8.2.3)."""
    in_reply_to = several("in-reply-to", _call_ids)
    """The Call-IDs of the calls this one returns (section 20.21)."""

    # Who.
    asserted_identities = several("p-asserted-identity", Address.parse_list)
    """Who the caller is, says a network that is trusted (RFC 3325 section 9.1)."""
    preferred_identities = several("p-preferred-identity", Address.parse_list)
    """Who the caller would like to be asserted as (RFC 3325 section 9.2)."""
    remote_party_ids = several("remote-party-id", RemotePartyId.parse_list)
    """The same as it was before RFC 3325."""
    identities = several("identity", Identity.parse_list)
    """Signatures over who calls whom (RFC 8224)."""
    privacy = joined_if_any("privacy", Privacy.parse, ";")
    """What the caller wants hidden (RFC 3323 section 4.2)."""
    diversions = several("diversion", Diversion.parse_list)
    """Who sent the call on, the last one first (RFC 5806)."""
    history = several("history-info", HistoryEntry.parse_list)
    """Every target the request has had (RFC 7044)."""
    reply_to = single("reply-to", Address.parse)
    """Whom to call back (section 20.31)."""

    # Why.
    reasons = several("reason", Reason.parse_list)
    """Why the message was sent (RFC 3326)."""
    warnings = several("warning", WarningValue.parse_list)
    """What went otherwise than asked (section 20.43)."""

    # With what proof.
    challenges = several("www-authenticate", Challenge.parse_list)
    """What the user agent server asks, best liked first (section 20.44, RFC 8760 section 2.4)."""
    proxy_challenges = several("proxy-authenticate", Challenge.parse_list)
    """What proxies ask (section 20.27)."""
    authorizations = several("authorization", Credentials.parse_list)
    """What the user agent client answers (section 20.7)."""
    proxy_authorizations = several("proxy-authorization", Credentials.parse_list)
    """What it answers to proxies, one for each realm (section 20.28)."""
    authentication_info = single("authentication-info", AuthenticationInfo.parse)
    """The server's own proof (section 20.6)."""
    proxy_authentication_info = single("proxy-authentication-info", AuthenticationInfo.parse)
    """A proxy's own proof (RFC 7615)."""

    # Which way.
    paths = several("path", Address.parse_list)
    """The proxies between registrar and user agent (RFC 3327)."""
    service_routes = several("service-route", Address.parse_list)
    """The route a registrar gives for later requests (RFC 3608)."""

    # For people and their telephones.
    alert_infos = several("alert-info", Address.parse_list)
    """What to ring with, each a URI in brackets (section 20.4)."""
    call_infos = several("call-info", Address.parse_list)
    """More about the caller, each a URI with its `purpose` (section 20.9)."""
    error_infos = several("error-info", Address.parse_list)
    """More about an error, each a URI in brackets (section 20.18)."""
    subject = text("subject")
    """What the call is about (section 20.36)."""
    organization = text("organization")
    """Whose the sending element is (section 20.25)."""
    priority = text("priority")
    """`emergency`, `urgent`, `normal`, `non-urgent` or another word (section 20.26)."""
    user_agent = text("user-agent")
    """What program asks (section 20.41)."""
    server = text("server")
    """What program answers (section 20.35)."""
