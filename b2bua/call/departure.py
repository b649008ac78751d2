"""The last edits of what leaves by a trunk, after the verdict's and before the egress guard looks at what is printed.

First the topology (`topology.py`), then the rules of the trunk it came in by, then those of the trunk it leaves by. In
a call whose caller number may not be shown, or must stay as it was admitted, rules do not touch what names the caller.
"""

from typing import Final

from b2bua.call.leg import Leg
from b2bua.call.topology import Side, hide, is_concerned, shown_by
from b2bua.call.upshot import Upshot
from b2bua.config import Part
from b2bua.identity.privacy import restrict, wishes
from b2bua.identity.screening import IDENTITY, TEXTS
from b2bua.trunk import Trunk, apply_rules, in_format, number_of
from policy.claim import TrunkClass
from policy.numbering import Plan
from policy.verdict import Outcome
from sipstack.message import Headers, Message, Request

#: Every header that names the caller, beside From, which no rule may touch.
CALLER: Final = IDENTITY | frozenset(TEXTS)
#: Classes whose caller number was admitted by an attestation or an agreement, as it stands.
ADMITTED: Final = frozenset({TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4})
_NOTHING: Final = frozenset[str]()
_WITHHOLD: Final = Outcome.WITHHOLD
_DIALOG: Final = Part.DIALOG
_RESPONSES: Final = Part.RESPONSES


def spared(caller: Leg, upshot: Upshot | None) -> frozenset[str]:
    """The headers that no rule changes in this call, in either direction."""
    is_withheld = upshot is not None and upshot.enforced and upshot.outcome is _WITHHOLD
    return CALLER if is_withheld or caller.trunk_class in ADMITTED else _NOTHING


def depart(
    headers: Headers,
    origin: Leg,
    far: Leg,
    message: Message,
    *,
    part: Part,
    sparing: frozenset[str] = _NOTHING,
    private: bool = True,
) -> Headers:
    """The headers as they leave by `far`; `message` is what came by `origin` and brought them. They may be changed.

    A wish not to be shown is kept last, when `private`: an emergency service is told who calls. Who asks for it once
    asks for the whole call, unless he says otherwise: not every telephone repeats it in every message."""
    if is_concerned(headers):
        headers = hide(headers, Side(origin, message), shown_by(far))
    marks = far.trunk.circuits.headers
    if marks and not marks.isdisjoint(headers.keys):  # nobody but we may write what the next peer believes of us (¶12)
        headers = headers.without(marks)
    for rules in (origin.trunk.headers.inward, far.trunk.headers.outward):
        if rules:
            method = message.method if isinstance(message, Request) else message.cseq.method
            headers = apply_rules(rules, headers, part, method, sparing=sparing)
    if "privacy" in headers:
        origin.wishes = wishes(headers)
    if private and origin.wishes and not far.is_trusted:
        restrict(headers, origin.wishes)
    return headers


def spelled(invite: Request, trunk: Trunk, plan: Plan) -> tuple[str, str]:
    """Request-URI and To of an INVITE as its called number is written by that trunk; a To that names another number
    stays as it came."""
    uri, to, form = invite.uri, invite.headers.first("to") or "", trunk.called_format
    if form is None:
        return uri, to
    same = number_of(to, plan) == number_of(uri, plan)
    return in_format(uri, form, plan), in_format(to, form, plan) if same else to


def part_of(message: Message) -> Part:
    """Where a message after the first INVITE stands."""
    return _DIALOG if isinstance(message, Request) else _RESPONSES
