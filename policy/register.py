"""The register: dated entries, each with its reference, that change what the rules say. Never a code change.

An immutable snapshot; the shell puts a new one in its place, and the next INVITE is judged by that. Dates are civil
days in the home country, both ends included, because that is how agreements and decisions are written.

    against article 1   Decision (the only override); by derogation MobileRange, Consent (art. 3), Agreement (art. 4)
    of a trunk          Attestation (¶31, ¶39), Node (¶20-23), Suspension (art. 5), Shadow, CallerList
    of a caller         Dossier (art. 1 3°), BlockedUser (art. 4 §2), DoNotOriginate
"""

from collections.abc import Hashable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeVar

import attrs

_SUNDAY = 6
#: A trunk in shadow enforces nothing, so that no entry may leave it there for longer.
SHADOW_DAYS = 30


class Service(StrEnum):
    """What the holder of an article 4 interface calls for (art. 4 §1)."""

    NOMADIC = "nomadic"
    CONFERENCE = "conference"
    CUSTOMER_SUPPORT = "customer-support"
    DIRECT_MARKETING = "direct-marketing"


class Derogation(StrEnum):
    """What makes a rule of article 1 give way."""

    ARTICLE_3 = "article-3"
    """The call began at home (art. 3)."""
    ARTICLE_4 = "article-4"
    """A listed number on a special interface (art. 4 §1)."""
    AUTHENTICATED = "authenticated"
    """Somebody who may has vouched for the number, call by call."""


class Ruling(StrEnum):
    """What an individual decision of the regulator says of a number (¶6)."""

    PASS = "pass"
    WITHHOLD = "withhold"
    BLOCK = "block"


@attrs.frozen(kw_only=True)
class Entry:
    """What all entries have: where the paper is, and from when until when they hold."""

    reference: str
    since: date
    until: date | None = None
    """Last day it holds; None while it stands."""

    def holds(self, day: date) -> bool:
        """Whether it is in force on that civil day."""
        return self.since <= day and (self.until is None or day <= self.until)

    @property
    def key(self) -> Hashable:
        """What it is looked up by."""
        raise NotImplementedError


@attrs.frozen(kw_only=True)
class Dossier(Entry):
    """The dated proof that a roaming check is technically infeasible for the numbers of one holder or range (¶8 3°)."""

    prefix: str
    """E.164 with +, the numbers it speaks of."""
    holder: str = ""

    @property
    def key(self) -> str:
        """The prefix."""
        return self.prefix


@attrs.frozen(kw_only=True)
class MobileRange(Entry):
    """Numbers that a network of ours lends to foreign visitors for one call (MSRN): who is called by one is a visitor
    (art. 3 1°)."""

    prefix: str
    """E.164 with +."""

    @property
    def key(self) -> str:
        """The prefix."""
        return self.prefix


@attrs.frozen(kw_only=True)
class Consent(Entry):
    """The holder of a home number has expressly agreed to be called through a foreign one (art. 3, ¶14.1 ii)."""

    forwarding: str
    """The foreign number, E.164 with +."""
    called: str
    """The home number it forwards to, E.164 with +."""

    @property
    def key(self) -> tuple[str, str]:
        """Both numbers: a consent binds the pair."""
        return self.forwarding, self.called


@attrs.frozen(kw_only=True)
class Agreement(Entry):
    """An article 4 interface: who calls by it, for which service, with which numbers (art. 4 §1, ¶15)."""

    trunk: str
    service: Service
    holder: str
    """The operator or undertaking it was made with."""
    established_in: str = ""
    """Country (ISO 3166, two letters) where the undertaking that has the numbers is established."""
    company_number: str = ""
    """Its number in that country's register of companies."""
    numbers: frozenset[str]
    """The exhaustive list, E.164 with +."""
    evidence: str = ""
    """Where the proof is kept that the operator with whom a call begins controls all of its way (¶15)."""

    @property
    def key(self) -> str:
        """The trunk."""
        return self.trunk

    def meets(self, country: str) -> bool:
        """Whether its holder is one whom art. 4 allows it: support and marketing ask for one established at home."""
        if self.service in (Service.NOMADIC, Service.CONFERENCE):
            return True
        return self.established_in == country and bool(self.company_number)


@attrs.frozen(kw_only=True)
class Attestation(Entry):
    """That calls of a trunk are national ones in transit (¶31, ¶39); without one in force they are international."""

    trunk: str
    operator: str
    """With whom the calls begin, and who controls all of the way."""
    dedicated_circuits: bool
    total_control: bool
    evidence: str
    """Where the proof of both is kept."""

    @property
    def key(self) -> str:
        """The trunk."""
        return self.trunk

    @property
    def is_complete(self) -> bool:
        """Whether both conditions of ¶39 are met, and shown."""
        return self.dedicated_circuits and self.total_control and bool(self.evidence)


@attrs.frozen(kw_only=True)
class Suspension(Entry):
    """The regulator has withdrawn or suspended a derogation (art. 5, ¶17)."""

    derogation: Derogation
    trunk: str | None = None
    """Where; None: everywhere."""

    @property
    def key(self) -> tuple[Derogation, str | None]:
        """What is suspended, and where."""
        return self.derogation, self.trunk


@attrs.frozen(kw_only=True)
class Decision(Entry):
    """An individual decision of the regulator on one number on one trunk (¶6): the only override of article 1."""

    number: str
    """E.164 with +."""
    trunk: str
    action: Ruling
    until: date
    """Last day it holds: a decision without an end is a rule, and rules are the profile's."""

    @property
    def key(self) -> tuple[str, str]:
        """The trunk and the number."""
        return self.trunk, self.number


@attrs.frozen(kw_only=True)
class BlockedUser(Entry):
    """A user all of whose calls are refused (art. 4 §2, ¶16), known by whatever tells its calls from others'.

    Where several things are said, a call has to have all of them: an account means something on its own trunk only.
    """

    number: str | None = None
    """The number that it shows, E.164 with +."""
    account: str | None = None
    """What stands in place of a number in the URI of From or P-Asserted-Identity: `acme-7` of sip:acme-7@host."""
    peer: IPv4Network | IPv6Network | None = None
    """Where its calls come from: the addresses of whoever hands them over."""
    trunk: str | None = None
    """By which trunk or circuit they come in."""

    @property
    def key(self) -> Hashable:
        """The number; else the account; else how its calls come in, which those without a trunk have in common."""
        return self.number or (("account", self.account.casefold()) if self.account else ("way", self.trunk))

    def comes(self, trunk: str, peer: IPv4Address | IPv6Address | None) -> bool:
        """Whether a call that comes in by that trunk from that address may be one of its."""
        by_trunk = self.trunk is None or self.trunk == trunk
        return by_trunk and (self.peer is None or (peer is not None and peer in self.peer))


@attrs.frozen(kw_only=True)
class DoNotOriginate(Entry):
    """A number that makes no calls, by the wish of who has it: nobody may show it, at home neither."""

    number: str
    """E.164 with +."""

    @property
    def key(self) -> str:
        """The number."""
        return self.number


@attrs.frozen(kw_only=True)
class CallerList(Entry):
    """The home numbers that a customer on a national trunk may show: assigned to it, or lent by who has them."""

    trunk: str
    numbers: frozenset[str]
    """E.164 with +."""

    @property
    def key(self) -> str:
        """The trunk."""
        return self.trunk


@attrs.frozen(kw_only=True)
class Node(Entry):
    """Where a session border controller stands, ours or a peer's: that decides what is international (¶20-23, ¶35)."""

    network: IPv4Network | IPv6Network
    """Its addresses."""
    country: str
    """ISO 3166, two letters."""
    evidence: str

    @property
    def key(self) -> str:
        """The same for all: they are few, and looked through."""
        return ""


@attrs.frozen(kw_only=True)
class Shadow(Entry):
    """A trial: a live trunk is judged and nothing is changed. Dated, and at its end the trunk enforces."""

    trunk: str
    owner: str
    reason: str
    until: date
    """Last day; counted from `since` no later than day 30."""

    @property
    def key(self) -> str:
        """The trunk."""
        return self.trunk

    def holds(self, day: date) -> bool:
        """Whether the trial goes on; never for longer than 30 days, whatever is written."""
        return super().holds(day) and day < self.since + timedelta(days=SHADOW_DAYS)


E = TypeVar("E", bound=Entry)


@attrs.frozen
class Register:
    """One immutable state of the register; every verdict names its version."""

    version: str = "empty"
    entries: tuple[Entry, ...] = ()
    _found: Mapping[tuple[type, Hashable], tuple[Entry, ...]] = attrs.field(init=False, repr=False, eq=False)
    """By kind and key, so that a look-up costs the same among ten entries and a million."""

    names_callers: bool = attrs.field(init=False, repr=False, eq=False)
    """Whether any entry is about one caller's number, by whatever trunk it comes."""

    @names_callers.default
    def _named(self) -> bool:
        return self.has(BlockedUser, Decision, DoNotOriginate, CallerList)

    @_found.default
    def _index(self) -> dict[tuple[type, Hashable], tuple[Entry, ...]]:
        found: dict[tuple[type, Hashable], list[Entry]] = {}
        for entry in self.entries:
            found.setdefault((type(entry), entry.key), []).append(entry)
            found.setdefault((type(entry), None), []).append(entry)
        return {key: tuple(entries) for key, entries in found.items()}

    def has(self, *kinds: type[Entry]) -> bool:
        """Whether any entry is of one of these kinds, in force or not."""
        return any((kind, None) in self._found for kind in kinds)

    def all(self, kind: type[E], key: Hashable, day: date) -> Iterator[E]:
        """The entries of that kind under that key that are in force."""
        for entry in self._found.get((kind, key), ()):
            if isinstance(entry, kind) and entry.holds(day):
                yield entry

    def find(self, kind: type[E], key: Hashable, day: date) -> E | None:
        """The first of them."""
        return next(self.all(kind, key, day), None) if (kind, key) in self._found else None

    def covering(self, kind: type[E], e164: str, day: date) -> E | None:
        """The most particular entry, of a kind that is looked up by prefix, that covers this number on that day."""
        if (kind, None) not in self._found:
            return None
        return next(
            (entry for size in range(len(e164), 0, -1) for entry in self.all(kind, e164[:size], day)),
            None,
        )

    def suspension(self, derogation: Derogation, trunk: str, day: date) -> Suspension | None:
        """What suspends that derogation there."""
        if (Suspension, None) not in self._found:
            return None
        return self.find(Suspension, (derogation, trunk), day) or self.find(Suspension, (derogation, None), day)

    def node(self, address: IPv4Address | IPv6Address, day: date) -> Node | None:
        """Where that address stands; the smallest network that has it decides."""
        found = [node for node in self.all(Node, "", day) if address in node.network]
        return max(found, key=lambda node: (node.network.prefixlen, node.since), default=None)


def civil_day(now: datetime) -> date:
    """The calendar day in Brussels at an aware moment.

    Written out (directive 2000/84/EC: summer time runs between the last Sundays of March and October, 01:00 UTC), so
    that a machine without a time zone database decides like any other.
    """
    utc = now.astimezone(UTC)
    return _day_of(utc.year, utc.month, utc.day, utc.hour)


@lru_cache(maxsize=64)
def _day_of(year: int, month: int, day: int, hour: int) -> date:
    # Both ends of summer time fall on a full hour of UTC, so that an hour has one day.
    utc = datetime(year, month, day, hour, tzinfo=UTC)
    summer = _last_sunday(year, 3) <= utc < _last_sunday(year, 10)
    return (utc + timedelta(hours=2 if summer else 1)).date()


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() - _SUNDAY) % 7)
