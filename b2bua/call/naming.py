"""Names of dialogs: which call of ours a message names, and what its peer on the other side knows it by.

Replaces (RFC 3891), Join (RFC 3911) and Target-Dialog (RFC 4538) name a dialog by a Call-ID and two tags, as whoever is
to read them knows it. A call through us is two dialogs, so the name that one side has for it means nothing to the
other: what crosses is the name it has there. An INVITE that names a call goes where that call goes, whatever its
Request-URI, since the dialog to be replaced is nowhere else.

A Call-ID with two tags, one of them 64 random bits of ours, is known to the parties of a call and to whom they tell it:
to know it is to be allowed to use it (RFC 3891 section 8), where the trunk is.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from b2bua.call.bridge import next_hop
from b2bua.call.leg import Leg
from b2bua.trunk import Trunk, called_number
from sipstack.dialog import Dialog
from sipstack.errors import ParseError
from sipstack.flow import Flow
from sipstack.message import Headers, Request
from sipstack.values import Join, Replaces, TargetDialog
from sipstack.values.negotiation import OptionTags

if TYPE_CHECKING:
    from b2bua.call.call import Call

#: Headers that say which call a new one takes over or joins, with what reads them; each is an option tag too.
TAKING: Final[Mapping[str, type[Replaces] | type[Join]]] = {"replaces": Replaces, "join": Join}


@attrs.frozen
class Refusal:
    """What is answered to a request that names a dialog it may not, or that is none."""

    status: int
    why: str
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class Named:
    """The side of a call that a message names, with the name that the peer there knows."""

    leg: Leg
    dialog: Dialog
    called: str
    """The number that the peer was called by; "" when it is the one who called."""
    key: str
    """The header that names it, with its value there."""
    value: str

    @property
    def flow(self) -> Flow:
        """Where that peer is."""
        return next_hop(self.dialog.next_hop, self.leg.flow)


@attrs.define(eq=False)
class Dialogs:
    """The legs of all calls of a gateway, by Call-ID and our tag."""

    legs: "dict[tuple[str, str], tuple[Call, Leg]]" = attrs.field(factory=dict, repr=False)

    def taken(self, key: str, text: str) -> Named | Refusal | None:
        """The side that an INVITE with this Replaces or Join is for; None for a dialog that is none of ours.

        Two readings are ours. Where `to-tag` is our tag, the sender takes us for the far end of the call, which is
        whoever is behind us: the other leg. Where `from-tag` is, the sender knows the name as the peer of that leg has
        it, because we told it so in a Refer-To, or because that peer did.
        """
        try:
            name = TAKING[key].parse(text)
        except ParseError as error:
            return Refusal(400, error.reason)
        known = self.legs.get((name.call_id, name.to_tag))
        if known is not None:
            call, leg = known
            other = call.pair.other(leg)
            dialog = None if other is None else leg.across(other, name.to_tag, name.from_tag)
            return self._named(call, other, dialog, name, key)
        known = self.legs.get((name.call_id, name.from_tag))
        if known is not None:
            call, leg = known
            return self._named(call, leg, leg.find(name.from_tag, name.to_tag), name, key)
        return None

    def target(self, text: str) -> str | None:
        """The same for Target-Dialog, which names a dialog of its sender with its reader; None when it is none of ours.

        What cannot be read is none of ours either: the header only ever adds to what its sender may do.
        """
        try:
            name = TargetDialog.parse(text)
        except ParseError:
            return None
        call, leg = self.legs.get((name.call_id, name.remote_tag), (None, None))
        other = call.pair.other(leg) if call and leg else None
        there = leg.across(other, name.remote_tag, name.local_tag) if leg and other else None
        if there is None:
            return None
        return str(attrs.evolve(name, call_id=there.call_id, local_tag=there.local_tag, remote_tag=there.remote_tag))

    def _named(
        self, call: "Call", leg: Leg | None, dialog: Dialog | None, name: Replaces | Join, key: str
    ) -> Named | Refusal:
        # A call that is over but not forgotten is answered as one that is forgotten; 481 covers both (section 3).
        if leg is None or dialog is None or not call.is_up:
            return Refusal(481, "no such dialog")
        if call.pair.is_emergency:
            return Refusal(403, "an emergency call")
        there = attrs.evolve(name, call_id=dialog.call_id, to_tag=dialog.remote_tag, from_tag=dialog.local_tag)
        called = (call.pair.called or "") if leg is call.pair.b else ""
        return Named(leg, dialog, called, key, str(there))


def way_of(invite: Request, trunk: Trunk, dialogs: Dialogs) -> Named | Refusal | None:
    """The call that a new INVITE takes over or joins; None when it is a call like any other.

    Where the trunk has no say in such calls we are a user agent that does not know the extension: 420 when the INVITE
    requires it, else it is a call like any other (RFC 3261 section 8.2.2.3).
    """
    keys = [key for key in TAKING if key in invite.headers]
    if not keys:
        return None
    if not trunk.passes_replaces:
        unknown = OptionTags(tuple([tag for tag in _required(invite.headers) if tag.lower() in TAKING]))
        return Refusal(420, "Replaces refused", (("Unsupported", str(unknown)),)) if unknown else None
    if len(keys) > 1 or len(invite.headers.all(keys[0])) > 1:
        return Refusal(400, "two dialogs named")  # RFC 3891 section 3, RFC 3911 section 4
    found = dialogs.taken(keys[0], invite.headers.first(keys[0]) or "")
    if found is None and not called_number(invite.uri):
        # Such a URI is a Contact of ours, and only a dialog of ours could have been meant.
        return Refusal(481, "no such dialog")
    return found


def rename(headers: Headers, dialogs: Dialogs, named: Named | None, *, takes: bool = False) -> None:
    """Gives the lines of an INVITE or a later request that crosses the names of the other side.

    `takes` while a Replaces or Join may cross that names no call of ours: it may name one of somebody else's. In a
    dialog they mean nothing (RFC 3891 section 4) and stay behind.
    """
    for key in TAKING:
        if named is not None and key == named.key:
            headers.replace(key, named.value)
        elif not takes:
            headers.remove(key)
    if not takes and "require" in headers:
        _require_less(headers)
    target = headers.first("target-dialog")
    renamed = None if target is None else dialogs.target(target)
    if renamed is not None:
        headers.replace("target-dialog", renamed)


def _required(headers: Headers) -> list[str]:
    try:
        return headers.values("require")
    except ParseError:
        return []


def _require_less(headers: Headers) -> None:
    """What stays behind must not be required of the other side."""
    required = _required(headers)
    kept = [tag for tag in required if tag.lower() not in TAKING]
    if kept == required:
        return
    if kept:
        headers.replace("require", ", ".join(kept))
    else:
        headers.remove("require")
