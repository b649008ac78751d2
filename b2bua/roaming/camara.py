"""CAMARA Device Roaming Status, version 1, as octets: the question, and what a holder's answer to it means.

`POST {url}/retrieve` with `{"device": {"phoneNumber": "+32..."}}`, a two-legged token and `x-correlator`; the answer is
`{"lastStatusTime", "roaming", "countryCode", "countryName"}`, its `countryCode` the mobile country code (MCC) of the
visited network. That is looked at once, to tell home from abroad, and goes no further: it is where somebody is, and the
decree asks only *whether* he is abroad.

What a holder says is believed only where it is whole and does not contradict itself; anything else is a failure of its
side. Of its own words none is repeated.
"""

import base64
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote_plus, urlencode

import attrs
import orjson

from b2bua.config import OAuth
from b2bua.roaming.told import Told
from policy.roaming import Roaming

#: The longest answer that is read, octets; a true one has some two hundred.
LONGEST: Final = 16 * 1024
#: How far a holder's clock may be ahead of ours.
_AHEAD: Final = timedelta(minutes=5)
#: Seconds for which a token is held to be good that does not say how long it is (RFC 6749 §5.1 recommends it does).
_UNSAID: Final = 60.0
#: The longest that a token is used, whatever it says of itself.
_LONGEST_USE: Final = 86_400.0
#: A token is not used in its last seconds, or its last tenth: it has a way to go.
_MARGIN: Final = 30.0
#: What may stand in an Authorization header (RFC 6750 §2.1).
_TOKEN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=")
_LONGEST_TOKEN: Final = 8_192
_JWT: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: What a 4xx says of the subscriber, and not of us.
_OF_THE_SUBSCRIBER: Final = {
    (404, "IDENTIFIER_NOT_FOUND"): Roaming.UNKNOWN_SUBSCRIBER,
    (422, "SERVICE_NOT_APPLICABLE"): Roaming.NOT_OFFERED,
    (422, "UNSUPPORTED_IDENTIFIER"): Roaming.NOT_OFFERED,
}
#: What is wrong with a question of ours, by status.
_OURS: Final = {
    400: "our question is not taken",
    401: "our token is not taken",
    403: "our token does not allow it",
    404: "the address has no such service",
    422: "our question is not taken",
    429: "we have asked more than we may",
}


@attrs.frozen
class Page:
    """An HTTP response as far as it counts."""

    status: int
    body: bytes = attrs.field(repr=False)
    """No longer than LONGEST."""
    retry_after: str | None = None
    is_encoded: bool = False
    """Whether it has a Content-Encoding, for which nobody has asked."""


@attrs.frozen
class Token:
    """A bearer token."""

    text: str = attrs.field(repr=False)
    until: float
    """Monotonic seconds, from which another is fetched."""


def question(number: str) -> bytes:
    """The body of the request."""
    return orjson.dumps({"device": {"phoneNumber": number}})


def read(page: Page, number: str, home: Collection[int], now: datetime, max_age: float | None = None) -> Told:
    """What a response says of that number; `home` are the MCCs of the home country, `max_age` is seconds."""
    if page.status != 200:
        return _refusal(page)
    if page.is_encoded:
        return Told.failed("an answer that is packed, which nobody has asked for")
    said = _said(page)
    at = _moment(said.get("lastStatusTime"))
    fault = next(_faults(said, number, home), None) or _fault_of_time(said, at, now, max_age)
    if fault is not None:
        return Told.failed(fault)
    is_abroad = said["roaming"] and said.get("countryCode") not in home
    return Told(outcome=Roaming.ABROAD if is_abroad else Roaming.NOT_ABROAD, at=at)


def _faults(said: Mapping[str, object], number: str, home: Collection[int]) -> Iterator[str]:
    """Why what a holder says of a subscriber cannot be believed."""
    roaming, code, device = said.get("roaming"), said.get("countryCode"), said.get("device")
    if type(roaming) is not bool:
        yield "status 200 that does not say whether the subscriber roams"
    if device is not None and not (type(device) is dict and device.get("phoneNumber") == number):
        yield "an answer about another subscriber"
    if code is None:
        return
    if type(code) is not int or not 200 <= code <= 999:
        yield "a country code that is none"
    elif not roaming and code not in home:
        yield "a contradiction: not roaming, and in another country"


def _fault_of_time(said: Mapping[str, object], at: datetime | None, now: datetime, max_age: float | None) -> str | None:
    """The same of when it was true, which version 1.0 need not say."""
    if at is None:
        return None if said.get("lastStatusTime") is None else "a time that is none"
    if at > now + _AHEAD:
        return "a time that is yet to come"
    if max_age is not None and (now - at).total_seconds() > max_age:
        return f"a status that is older than {max_age:g} s"
    return None


def token_request(oauth: OAuth, assertion: str | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the request for a token (RFC 6749 §4.4.2), with a secret (§2.3.1) or a signed `assertion` of
    who we are (RFC 7523 §2.2)."""
    form = {"grant_type": "client_credentials"}
    if oauth.scope:
        form["scope"] = oauth.scope
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secret = "" if oauth.client_secret is None else oauth.client_secret.text
    if assertion is not None:
        form |= {"client_id": oauth.client_id, "client_assertion_type": _JWT, "client_assertion": assertion}
    elif oauth.secret_in_body:
        form |= {"client_id": oauth.client_id, "client_secret": secret}
    else:
        pair = f"{quote_plus(oauth.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return urlencode(form).encode(), headers


def read_token(page: Page, now: float) -> Token | Told:
    """The token of a response, or why there is none; `now` is monotonic seconds."""
    if page.status in (400, 401, 403):
        return Told.kept_back(f"no token: our credentials are not taken (status {page.status})")
    if page.status != 200:
        told = _refusal(page)
        return attrs.evolve(told, why=f"no token: {told.why}")
    said = _said(page)
    text, kind, seconds = said.get("access_token"), said.get("token_type"), said.get("expires_in", _UNSAID)
    if type(text) is not str or not 0 < len(text) <= _LONGEST_TOKEN or not _TOKEN.issuperset(text):
        return Told.failed("no token: status 200 without one")
    if type(kind) is not str or kind.lower() != "bearer":
        return Told.failed("no token: it is of a kind that nobody has asked for")
    if not isinstance(seconds, int | float) or not seconds > 0:
        return Told.failed("no token: it is of no use any more")
    used = min(float(seconds), _LONGEST_USE)
    return Token(text, now + used - min(_MARGIN, used / 10))


def _refusal(page: Page) -> Told:
    """What any status but 200 means."""
    status, pause = page.status, _seconds(page.retry_after)
    if 300 <= status < 400:
        return Told.failed(f"status {status}, which leads elsewhere and is not followed")
    if status >= 500 or status == 408:
        return Told.failed(f"status {status}", may_repeat=pause is None, pause=pause)
    if status < 300:
        return Told.failed(f"status {status}, which is no answer")
    named = _said(page).get("code")
    outcome = _OF_THE_SUBSCRIBER.get((status, named)) if type(named) is str else None
    if outcome is not None:
        return Told(outcome=outcome)
    return Told.kept_back(f"status {status}: {_OURS.get(status, 'our question is not taken')}", pause=pause)


def _said(page: Page) -> dict[str, object]:
    """The JSON object of a response; empty when there is none."""
    if page.is_encoded:
        return {}
    try:
        said = orjson.loads(page.body)
    except orjson.JSONDecodeError:
        return {}
    return said if type(said) is dict else {}


def _moment(written: object) -> datetime | None:
    """RFC 3339; None when it is not that."""
    if type(written) is not str or len(written) > 64:
        return None
    try:
        moment = datetime.fromisoformat(written)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds (RFC 9110 §10.2.3); as a date it is not read."""
    digits = "" if retry_after is None else retry_after.strip()
    return float(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
