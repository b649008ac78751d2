"""The session timer: a session that nobody refreshes ends by itself (RFC 4028).

Both roles and both refreshers: §7 (our requests and the 2xx to them), §9 (theirs and our 2xx), §10 (when to refresh
and when to give up). Whether a refresh is a re-INVITE or an UPDATE is its user's choice.
"""

import enum
from typing import Final

import attrs

from sipstack.dialog.options import supports
from sipstack.errors import ParseError, ProtocolError
from sipstack.message import Request, Response
from sipstack.message.headers import Reader
from sipstack.values.grammar import WHITE
from sipstack.values.session_expires import Refresher, SessionExpires
from sipstack.values.shapes import integer

LEAST: Final = 90
"""The shortest session interval there is, and Min-SE where that header is absent (§4, §5), in seconds."""
_REFUSALS: Final = 4
"""How many 422 in a row are obeyed; a path whose hops outbid each other for ever gets no call."""
_MARGIN: Final = 32.0
_LAST_TRY: Final = 2.0
"""Seconds before the end from which a failed refresh is not tried again."""

Fields = list[tuple[str, str]]


class Due(enum.StrEnum):
    """What `SessionTimer.tick` wants."""

    REFRESH = "refresh"
    """Send a re-INVITE or UPDATE with `request_fields` now."""
    EXPIRE = "expire"
    """No refresh came, or ours did not succeed in time: send a BYE."""


class IntervalTooSmall(ProtocolError):  # noqa: N818 - named as the 422 names it
    """The peer's Session-Expires is below our minimum: 422 with `fields`, a Min-SE (§9)."""

    fields: Fields

    def __init__(self, min_se: int) -> None:
        super().__init__("Session Interval Too Small", status=422)
        self.fields = [("Min-SE", str(min_se))]


@attrs.define(eq=False, repr=False, kw_only=True)
class SessionTimer:
    """The session timer of one dialog.

    Our INVITE or UPDATE: add `request_fields()`; then `accepted(response, now)` for its 2xx, `too_small(response)` for
    a 422, `refresh_failed(status, now)` when a refresh has failed otherwise. Theirs: `judge(request)`, and
    `accept(request, now)` for the fields of our 2xx. When `deadline()` has come, do what `tick(now)` says.
    """

    interval: int | None = 1800
    """The Session-Expires we ask for, in seconds; None to ask for none and only follow the peer's."""
    min_se: int = LEAST
    """The shortest interval we take from the peer, at least 90."""
    prefer_refreshing: bool | None = None
    """Whether we would refresh ourselves; None, which §7.1 recommends, leaves the choice to the peer."""
    refreshes_after: float = 0.5
    """How much of an interval passes before we refresh: half, as is recommended (§7.2), or a little more for who passes
    on the refreshes of somebody else, which then come first. Less than two thirds, after which it may be over (§10)."""
    insist: bool = False
    """Whether to refresh by ourselves when the peer knows no session timers (§7.2)."""
    peer_min_se: int = LEAST
    """The largest Min-SE that has come in this call, in a 422 or a refresh (§7.4)."""
    refusals: int = 0
    """How many 422 have come since the last 2xx."""
    agreed: int | None = None
    """The session interval in force, in seconds; None while there is no session timer."""
    we_refresh: bool = False
    """Whether the refreshes of the interval in force are ours."""
    refresh_at: float | None = None
    """When our refresh is due; None when it is the peer's to do, or while ours is under way."""
    expire_at: float | None = None
    """When the session counts as dead: the lesser of 32 s and a third before its end (§10)."""

    def request_fields(self) -> Fields:
        """Supported, Session-Expires and Min-SE for an INVITE or UPDATE of ours (§7.1, §7.4)."""
        fields = [("Supported", "timer")]
        ours = self.prefer_refreshing if self.agreed is None else self.we_refresh
        who: Refresher | None = None if ours is None else "uac" if ours else "uas"
        if self._asked is not None:
            fields.append(("Session-Expires", str(SessionExpires.of(self._asked, who))))
        if self._least > LEAST:
            fields.append(("Min-SE", str(self._least)))
        return fields

    @property
    def _least(self) -> int:
        return max(LEAST, self.min_se, self.peer_min_se)

    @property
    def _asked(self) -> int | None:
        """§7.4: "equal to the maximum of the Min-SE header field ... and the current session interval"."""
        wanted = self.interval if self.agreed is None else self.agreed
        return None if wanted is None else max(wanted, self._least)

    def judge(self, request: Request) -> None:
        """Looks at the peer's INVITE or UPDATE before it is accepted.

        Raises IntervalTooSmall (422) when its Session-Expires is below `min_se` and the peer knows session timers, for
        one that does not "MUST NOT" get a 422 (§9). Raises ParseError when a header of RFC 4028 cannot be read.
        """
        expires = request.session_expires
        request.headers.typed(_MIN_SE)
        least = max(LEAST, self.min_se)
        # Supported is read whatever comes of it, since `accept` cannot refuse any more.
        if supports(request, "timer") and expires is not None and expires.seconds < least:
            raise IntervalTooSmall(least)

    def accept(self, request: Request, now: float) -> Fields:
        """We answer the peer's INVITE or UPDATE with a 2xx: its Session-Expires, and Require where due (§9).

        Raises ParseError as `judge` does.
        """
        expires = request.session_expires
        floor = request.headers.typed(_MIN_SE) or LEAST
        self.peer_min_se = max(self.peer_min_se, floor)
        knows = supports(request, "timer")
        wanted = None if self.interval is None else max(self.interval, floor, LEAST)
        if expires is None and wanted is None:
            self.stop()
            return []
        if expires is None:
            value = wanted or LEAST
        else:
            # "the UAS MAY reduce its value, but MUST NOT set it to a value lower than ... Min-SE", nor increase it.
            value = expires.seconds if wanted is None else min(expires.seconds, wanted)
        who = self._choose(None if expires is None else expires.refresher) if knows else "uas"
        agreed = self._run(value, we_refresh=who == "uas", now=now)
        fields = [("Session-Expires", str(SessionExpires.of(agreed, who)))]
        # MUST for `uac`, SHOULD for `uas` when the peer knows timers: it is then to send the BYE (§9).
        return [("Require", "timer"), *fields] if knows else fields

    def _choose(self, asked: Refresher | None) -> Refresher:
        """Table 2 of §9: what the request asks for; else who refreshes already; else as we like it."""
        if asked is not None:
            return asked
        ours = self.we_refresh if self.agreed is not None else bool(self.prefer_refreshing)
        return "uas" if ours else "uac"

    def accepted(self, response: Response, now: float) -> None:
        """The 2xx to our INVITE or UPDATE has come: the interval and the refresher are what it says (§7.2).

        Without Session-Expires there is no session timer from now on, unless we `insist`. One that cannot be read
        counts as none, since a 2xx cannot be refused.
        """
        self.refusals = 0
        try:
            expires = response.session_expires
        except ParseError:
            expires = None
        if expires is not None:
            # A 2xx must say who refreshes; where it does not, two refreshers harm less than none.
            self._run(expires.seconds, we_refresh=expires.refresher != "uas", now=now)
        elif self.insist and self._asked is not None:
            self._run(self._asked, we_refresh=True, now=now)
        else:
            self.stop()

    def too_small(self, response: Response) -> bool:
        """A 422 has come. Whether to send the request again, with the larger values `request_fields` has now (§7.3).

        Not when its Min-SE is missing or was met already, nor after several in a row.
        """
        try:
            least = response.headers.typed(_MIN_SE)
        except ParseError:
            return False
        asked = self._asked
        self.refusals += 1
        if least is None or asked is None or least <= asked or self.refusals > _REFUSALS:
            return False
        self.peer_min_se = max(self.peer_min_se, least)
        return True

    def refresh_failed(self, status: int, now: float) -> bool:
        """Our refresh has got this final response, no 2xx and no 422 to obey. Whether to send a BYE.

        That is so for 408 and 481 (§10, RFC 3261 §12.2.1.2); for others the refresh is put off.
        """
        if status in (408, 481):
            self.stop()
            return True
        self.put_off(now)
        return False

    def put_off(self, now: float) -> None:
        """Our refresh has failed, or could not go while another request was under way: try half way to the end.

        Nothing changes while it is still to come, as when some other re-INVITE has failed.
        """
        waits = self.we_refresh and self.refresh_at is None
        if waits and self.expire_at is not None and self.expire_at - now > _LAST_TRY:
            self.refresh_at = now + (self.expire_at - now) / 2

    def stop(self) -> None:
        """The session has ended, or its timer."""
        self.agreed = self.refresh_at = self.expire_at = None
        self.we_refresh = False

    def deadline(self) -> float | None:
        """When `tick` is due; None without a session timer."""
        if self.refresh_at is None or self.expire_at is None:
            return self.expire_at if self.refresh_at is None else self.refresh_at
        return min(self.refresh_at, self.expire_at)

    def tick(self, now: float) -> Due | None:
        """What is due now, once. After EXPIRE there is no session timer any more."""
        if self.expire_at is not None and now >= self.expire_at:
            self.stop()
            return Due.EXPIRE
        if self.refresh_at is not None and now >= self.refresh_at:
            self.refresh_at = None
            return Due.REFRESH
        return None

    def _run(self, interval: int, *, we_refresh: bool, now: float) -> int:
        # Below 90 s a value breaks the RFC, and a peer that says 1 would have us send for ever: it counts as 90.
        self.agreed = agreed = max(LEAST, interval)
        self.we_refresh = we_refresh
        self.refresh_at = now + agreed * self.refreshes_after if we_refresh else None
        self.expire_at = now + agreed - min(_MARGIN, agreed / 3)
        return agreed

    def __repr__(self) -> str:
        if self.agreed is None:
            return "<SessionTimer off>"
        who = "we" if self.we_refresh else "they"
        return f"<SessionTimer {self.agreed} s, {who} refresh, expires at {self.expire_at:g}>"


def _min_se(lines: list[str]) -> int | None:
    """§5 lets parameters follow the number; none is defined, so nobody looks at them."""
    if len(lines) > 1:
        raise ParseError("Two Min-SE")
    return integer(lines[0].partition(";")[0].strip(WHITE), "Min-SE") if lines else None


_MIN_SE: Final = Reader("min-se", _min_se)
