"""Redirections (3xx): the called side says where else the callee may be reached (RFC 3261 §8.1.3.4, §21.3).

By default a 3xx of a trunk comes to nothing (480): where a call goes, and who pays for it, is not the called side's to
say. A trunk may have its 3xx followed, or passed to the caller. Either way only the user part of a Contact counts, as
a new called number. Its host never is an address that we send to: one that is a target of the trunk or ours chooses
among the trunk's targets, any other leads back into the routes of the trunk the call came by.

305 and 380 are never followed or passed: the first would choose our next hop, the second speaks of another service
than the call. Nor is there a way out of a call to an emergency service, or into one.
"""

from typing import Final

import attrs

from b2bua.call import account
from b2bua.call.acts import Alarm
from b2bua.call.outgoing import Outgoing, hunt_for, trunk_for
from b2bua.call.pair import Pair
from b2bua.config import CalledFormat, Redirects
from b2bua.identity.guard import shows
from b2bua.identity.screening import user_of
from b2bua.moment import Moment
from b2bua.trunk import Limit, Trunk, called_number, canonical_host, in_format, number_of
from policy.numbering import Plan
from policy.roaming import Questions
from policy.verdict import Outcome, Verdict
from sipstack.message import Response
from sipstack.values import Address, SipUri, TelUri, parse_uri
from sipstack.values.parameters import NO_PARAMETERS, Parameters

#: How many numbers a call may be sent on to; also how many of them are kept, or passed.
MOST: Final = 5
#: Use Proxy and Alternative Service.
_OTHERWISE: Final = (305, 380)
_PHONE: Final = Parameters((("user", "phone"),))
#: What a Contact's URI says of how to reach it, and of the request that a web page would make of it (§19.1.5).
_OF_THE_WAY: Final = ("maddr", "transport", "ttl", "method", "lr")


@attrs.define(eq=False)
class Redirections:
    """Where one call has been sent on to, and where it may still go."""

    waiting: tuple[str, ...] = ()
    """URIs that were named and not tried yet."""
    tried: tuple[tuple[str, str], ...] = ()
    """Each called number, with the place it was tried at."""
    followed: int = 0

    def hear(self, response: Response, pair: Pair, outgoing: Outgoing) -> None:
        """A final response has come from where the call was tried last.

        The Contacts of a 3xx go before those of an earlier one, for they stand in the place of the one that led there.
        A 6xx says that nobody takes the call, wherever he is (§21.6).
        """
        if response.status >= 600:
            self.waiting = ()
        if outgoing.trunk.redirects is not Redirects.FOLLOW or _is_bound(pair, outgoing):
            return
        if response.status < 400 and response.status not in _OTHERWISE:
            target = outgoing.hunt.target
            places = [outgoing.trunk.name, *([] if target is None else [_spell(target.remote)])]
            number = _number(outgoing.uri, outgoing.trunk, pair)
            self.tried += tuple([(number, place) for place in places])
            named = tuple([str(contact.uri) for contact in _contacts(response)])
            self.waiting = (*named, *self.waiting)

    def follow(self, pair: Pair, outgoing: Outgoing, counted: list[Limit], moment: Moment) -> tuple[bool, list[Alarm]]:
        """Makes the next try one for the next number that the call may go to; False when there is none."""
        alarms: list[Alarm] = []
        while self.waiting and self.followed < MOST and outgoing.can_begin_anew:
            uri, self.waiting = self.waiting[0], self.waiting[1:]
            way, news = _way(uri, pair, outgoing)
            alarms += news
            if way is None or way.key in self.tried:
                continue
            self.tried += (way.key,)
            may, news = _may_go(way, pair, moment)
            alarms += news
            hunt = hunt_for(way.trunk, pair.context, moment.tick, first=way.first) if may else None
            if hunt is None or hunt.target is None or not _counts(way.trunk, outgoing.trunk, counted, alarms, moment):
                continue
            self.followed += 1
            if pair.claim is not None:  # what comes later is judged by where the call has gone
                pair.claims(attrs.evolve(pair.claim, called=user_of(way.uri)))
            outgoing.redirect(way.written(pair.context.profile.plan), way.trunk, hunt)
            return True, alarms
        return False, alarms


@attrs.frozen(kw_only=True)
class _Way:
    """Where a Contact leads."""

    uri: str
    number: str
    trunk: Trunk
    is_routed: bool
    """Whether the routes have chosen the trunk."""
    first: tuple[str, int] | None = None
    """The target it names."""

    @property
    def key(self) -> tuple[str, str]:
        """What is not tried twice."""
        return self.number, self.trunk.name if self.first is None else _spell(self.first)

    def written(self, plan: Plan) -> str:
        """The Request-URI; a number that its own trunk has named stays as that trunk writes it."""
        form = self.trunk.called_format if self.is_routed else None
        return self.uri if form is None else in_format(self.uri, form, plan)


def passed(response: Response, pair: Pair, outgoing: Outgoing) -> list[str]:
    """The Contacts of a 3xx as its caller may see them, at our own address, so that the call that follows is judged as
    this one was; none when it does not cross.

    The body is not theirs to see either: a 300 lists the same addresses in it.
    """
    if outgoing.trunk.redirects is not Redirects.PASS or _is_bound(pair, outgoing) or response.status in _OTHERWISE:
        return []
    ours = Address.parse(pair.a.socket.contact).uri
    assert isinstance(ours, SipUri), "our own Contact is a SIP URI"
    values = []
    for contact in _contacts(response):
        uri = contact.uri
        if called_number(str(uri)) in pair.context.routes.emergency_numbers:
            continue
        if isinstance(uri, SipUri):
            uri = attrs.evolve(uri, host=ours.host, port=ours.port)
        rank = contact.parameters.get("q") if contact.q is not None else None
        lasts = "" if contact.expires is None else f";expires={contact.expires}"
        values.append(f"<{uri}>{'' if rank is None else f';q={rank}'}{lasts}")
    return values


def _is_bound(pair: Pair, outgoing: Outgoing) -> bool:
    """Whether the call is to nobody else: to an emergency service, or to the peer of a call that it takes over."""
    return pair.is_emergency or outgoing.straight_to is not None


def _contacts(response: Response) -> list[Address]:
    """Those that name a number, the most wanted first, less what does not concern us."""
    found = []
    for contact in response.contacts:
        uri = contact.uri
        if isinstance(uri, SipUri) and uri.scheme == "sip" and uri.user:
            found.append(attrs.evolve(contact, uri=_bare(uri)))
        elif isinstance(uri, TelUri):
            found.append(contact)
    return sorted(found, key=lambda contact: -1.0 if contact.q is None else -contact.q)[:MOST]


def _bare(uri: SipUri) -> SipUri:
    parameters = uri.parameters
    for name in _OF_THE_WAY:
        parameters = parameters.without(name)
    return attrs.evolve(uri, password=None, parameters=parameters, headers="")


def _way(text: str, pair: Pair, outgoing: Outgoing) -> tuple[_Way | None, list[Alarm]]:
    """The trunk for a URI that was named; None when there is none, or its number is an emergency service's."""
    context, trunk, uri = pair.context, outgoing.trunk, parse_uri(text)
    number = _number(text, trunk, pair)
    if not number or not {number, called_number(text)}.isdisjoint(context.routes.emergency_numbers):
        return None, []
    if isinstance(uri, SipUri) and trunk.is_known_as(canonical_host(uri.host)):
        place = canonical_host(uri.host), uri.port or 5060
        first = place if place in trunk.targets.flows else None
        return _Way(uri=text, number=number, trunk=trunk, is_routed=False, first=first), []
    found, alarms = trunk_for(context, pair.a.trunk.name, number)
    # Parameters of a URI are the words of its host, but for that which says what kind of user part it is.
    user = uri.user if isinstance(uri, SipUri) else str(uri).removeprefix("tel:")
    is_phone = not isinstance(uri, SipUri) or uri.is_phone
    routed = str(SipUri("sip", user, "invalid", parameters=_PHONE if is_phone else NO_PARAMETERS))
    if not trunk.is_screened:
        routed = in_format(routed, CalledFormat.PLUS, context.profile.plan)
    return None if found is None else _Way(uri=routed, number=number, trunk=found, is_routed=True), alarms


def _number(uri: str, trunk: Trunk, pair: Pair) -> str:
    """The called number that a URI of that trunk names, `+32...` where it is one: 09 333 00 00 is a number at home, and
    something else in every other country."""
    at_home = None if trunk.is_screened else number_of(uri, pair.context.profile.plan)
    return at_home or called_number(uri)


def _may_go(way: _Way, pair: Pair, moment: Moment) -> tuple[bool, list[Alarm]]:
    """Whether the verdict on the call holds for another called number too.

    It is judged anew, since what names the called number is no redirection and what names another may be. What would
    have to be asked, or taken out beside what has been taken out, keeps the call from going there.
    """
    claim, verdict, context = pair.claim, pair.verdict, pair.context
    if claim is None or verdict is None or shows(way.uri, *pair.secrets):
        return not pair.a.is_enforced, []
    claim = attrs.evolve(claim, called=user_of(way.uri))
    decided = context.decide(claim, pair.answers, moment)
    if isinstance(decided, Questions):
        return not verdict.enforced, []
    decided, alarms = context.hooks.review(claim, attrs.evolve(decided, enforced=verdict.enforced))
    if not decided.enforced:
        return True, alarms
    return decided.outcome <= verdict.outcome and _taken_out(decided) <= _taken_out(verdict), alarms


def _taken_out(verdict: Verdict) -> set[tuple[str, str, int, str | None, Outcome]]:
    return {
        (str(found.position), found.header, found.index, found.number, found.outcome)
        for found in verdict.findings
        if found.outcome is not Outcome.PASS
    }


def _counts(trunk: Trunk, before: Trunk, counted: list[Limit], alarms: list[Alarm], moment: Moment) -> bool:
    """Counts the call towards the limit of the trunk it goes on to, and no more towards the last one's."""
    if trunk is before:
        return True
    if trunk.outward.admit(moment.tick) is not None:
        alarms += account.over_limit(f"to trunk {trunk.name}", trunk.outward, moment)
        return False
    counted.remove(before.outward)
    before.outward.leave()
    counted.append(trunk.outward)
    return True


def _spell(place: tuple[str, int]) -> str:
    return f"{place[0]} {place[1]}"
