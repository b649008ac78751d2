"""The roaming check of art. 1 3° as data: the question, and what the number's holder said.

Never the visited country: the decree asks only *whether* the subscriber is abroad, and where is location data.
"""

from datetime import datetime
from enum import StrEnum

import attrs


class Roaming(StrEnum):
    """What came of a question."""

    ABROAD = "abroad"
    NOT_ABROAD = "not abroad"
    """At home; "roaming" on a network of the home country is at home too."""
    UNKNOWN_SUBSCRIBER = "unknown subscriber"
    FAILED = "failed"
    """The holder's side failed, and the failure is recorded: the proof that withholding needs."""
    NOT_ASKED = "not asked"
    """Our own limits kept us from asking, or our question was not taken (credentials, a quota), which proves nothing of
    the holder's side: no ground to withhold."""
    NOT_OFFERED = "not offered"
    """The holder has no check at all; withholding then needs a dossier."""


@attrs.frozen
class Answer:
    """One holder's answer about one number."""

    outcome: Roaming
    source: str
    """Who said so: an adapter's or a holder's name, for the evidence."""
    at: datetime | None = None
    """When it was true, aware UTC; None when the source does not say."""


@attrs.frozen
class Questions:
    """The mobile numbers whose roaming decides the call, all at once."""

    numbers: tuple[str, ...]
    """E.164 with +, unique, sorted, at most the profile's `max_questions`."""
