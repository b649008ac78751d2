"""What makes an entry of the register right: whom it names, which numbers, from when until when.

An entry that could never have an effect is a mistake, for whoever wrote it believes that it has one. One that the law
gives no effect is a warning: the rules then hold as if it were not there.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from ipaddress import ip_network
from itertools import islice
from typing import Final, TypeVar

import attrs
import phonenumbers

from b2bua.config.address import Network, Peer
from b2bua.config.finding import Finding, Where
from b2bua.config.tree import Config, Register
from policy import register as kinds
from policy.claim import TrunkClass
from policy.errors import PolicyError
from policy.numbering import Plan, Range
from policy.profile import Profile
from policy.rules.article_3 import LENT

E = TypeVar("E", bound=kinds.Entry)

_E164: Final = re.compile(r"\+[1-9][0-9]{5,14}")
_PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,14}")
_ACCOUNT: Final = re.compile(r"(?!(?i:anonymous|unknown|unavailable|restricted)\Z)[^\s@:;<>\"]{1,128}")
_COMPANY: Final = re.compile(r"[01][0-9]{3}\.?[0-9]{3}\.?[0-9]{3}")
#: Wrong numbers of one list that are told.
_MOST: Final = 10
_SCREENED: Final = (TrunkClass.INTERNATIONAL, TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4)


@attrs.frozen
class _Known:
    """What entries are held against."""

    interfaces: Mapping[str, TrunkClass]
    """Trunks and circuits."""
    profile: Profile

    @property
    def plan(self) -> Plan:
        return self.profile.plan

    def is_home(self, number: str) -> bool:
        return self.plan.at_home(number.removeprefix("+")) is not None

    def is_geographic(self, number: str) -> bool:
        home = self.plan.at_home(number.removeprefix("+"))
        return home is not None and home[0].classify(home[1]) is Range.GEOGRAPHIC


def check_entries(config: Config) -> Iterator[Finding]:
    """Everything wrong or doubtful with the register of a configuration of the right shape."""
    try:
        profile = config.profile.load()
    except (PolicyError, ValueError):  # told where the profile is named
        return
    known = _Known({name: trunk_class for _, name, trunk_class in config.interfaces()}, profile)
    register = config.register
    yield from _each("dossier", register.dossier, known, _dossier)
    yield from _each("mobile_range", register.mobile_range, known, _mobile_range)
    yield from _each("consent", register.consent, known, _consent)
    yield from _each("agreement", register.agreement, known, _agreement)
    yield from _each("attestation", register.attestation, known, _attestation)
    yield from _each("suspension", register.suspension, known, _suspension)
    yield from _each("decision", register.decision, known, _decision)
    yield from _each("blocked_user", register.blocked_user, known, _blocked_user)
    yield from _each("do_not_originate", register.do_not_originate, known, _do_not_originate)
    yield from _each("caller_list", register.caller_list, known, _caller_list)
    yield from _each("node", register.node, known, _node)
    yield from _each("shadow", register.shadow, known, _shadow)
    yield from _trials(register)
    yield from _locations(config, profile.country)


def _each(
    kind: str, entries: tuple[E, ...], known: _Known, judge: Callable[[Where, E, _Known], Iterable[Finding]]
) -> Iterator[Finding]:
    for index, entry in enumerate(entries):
        where: Where = ("register", kind, index)
        yield from _text((*where, "reference"), entry.reference, "name the paper that it rests on")
        if entry.until is not None and entry.until < entry.since:
            yield Finding((*where, "until"), f"{entry.until} is before it begins", "give it a later day")
        yield from judge(where, entry, known)


# One kind each.


def _dossier(where: Where, entry: kinds.Dossier, known: _Known) -> Iterator[Finding]:
    yield from _prefix((*where, "prefix"), entry.prefix, known)


def _mobile_range(where: Where, entry: kinds.MobileRange, known: _Known) -> Iterator[Finding]:
    wrong = list(_prefix((*where, "prefix"), entry.prefix, known))
    yield from wrong
    if not wrong and len(known.plan.national(entry.prefix)) < LENT:
        yield Finding(
            (*where, "prefix"),
            f"{entry.prefix} is a range of whole operators, and every call to it would count as one to a visitor",
            f"name the range that is lent: the country code and at least {LENT} digits",
        )


def _consent(where: Where, entry: kinds.Consent, known: _Known) -> Iterator[Finding]:
    wrong = list(_number((*where, "forwarding"), entry.forwarding))
    if not wrong and known.is_home(entry.forwarding):
        wrong = [
            Finding(
                (*where, "forwarding"),
                f"{entry.forwarding} is a {known.profile.home} number",
                "name the foreign one that forwards",
            )
        ]
    yield from wrong
    yield from _home_number((*where, "called"), entry.called, known)


def _agreement(where: Where, entry: kinds.Agreement, known: _Known) -> Iterator[Finding]:
    yield from _interface((*where, "trunk"), entry.trunk, known, (TrunkClass.ARTICLE_4,))
    yield from _text((*where, "holder"), entry.holder, "name with whom it was made")
    yield from _listed(
        (*where, "numbers"), entry.numbers, known.is_geographic, f"no {known.profile.home} geographic number"
    )
    country = known.profile.country
    if entry.established_in:
        yield from _country((*where, "established_in"), entry.established_in)
    if entry.company_number and entry.established_in == "BE" and not _is_enterprise(entry.company_number):
        yield Finding(
            (*where, "company_number"),
            f"{entry.company_number!r} is no Belgian enterprise number: its check digits do not fit",
            "write the ten digits of the Crossroads Bank for Enterprises, 0123.456.749",
        )
    if not entry.evidence:
        yield Finding(
            (*where, "evidence"),
            "is missing: art. 4 wants the whole way under the control of the operator with whom a call begins (¶15)",
            "write where the proof of it is kept",
            fatal=False,
        )
    if not entry.meets(country):
        yield Finding(
            where,
            f"a service of {entry.service} is for undertakings established in {country} with a company number, so every"
            f" {known.profile.home} number on {entry.trunk!r} is refused (art. 4 §1)",
            f'write established_in = "{country}" and company_number, if it is',
            fatal=False,
        )


def _attestation(where: Where, entry: kinds.Attestation, known: _Known) -> Iterator[Finding]:
    yield from _interface((*where, "trunk"), entry.trunk, known, (TrunkClass.NATIONAL_TRANSIT,))
    yield from _text((*where, "operator"), entry.operator, "name with whom the calls begin")
    if not entry.is_complete:
        yield Finding(
            where,
            f"does not say that circuits are dedicated, control is total and where the evidence is, so calls of"
            f" {entry.trunk!r} count as international (¶39)",
            "have the three shown, then write dedicated_circuits = true, total_control = true and evidence",
            fatal=False,
        )


def _suspension(where: Where, entry: kinds.Suspension, known: _Known) -> Iterator[Finding]:
    if entry.trunk is not None:
        classes = (TrunkClass.ARTICLE_4,) if entry.derogation is kinds.Derogation.ARTICLE_4 else _SCREENED
        yield from _interface((*where, "trunk"), entry.trunk, known, classes)


def _decision(where: Where, entry: kinds.Decision, known: _Known) -> Iterator[Finding]:
    yield from _number((*where, "number"), entry.number)
    yield from _interface((*where, "trunk"), entry.trunk, known, _SCREENED)


def _blocked_user(where: Where, entry: kinds.BlockedUser, known: _Known) -> Iterator[Finding]:
    if entry.number is not None:
        yield from _number((*where, "number"), entry.number)
    if entry.account is not None and not _ACCOUNT.fullmatch(entry.account):
        yield Finding(
            (*where, "account"),
            f"{entry.account!r} can be no user part of a SIP URI, or is one that all have",
            "write what stands before the @ in From or P-Asserted-Identity, without spaces, and not anonymous",
        )
    if entry.trunk is not None:
        yield from _interface((*where, "trunk"), entry.trunk, known, tuple(TrunkClass))
    if entry.peer is not None and entry.peer.prefixlen == 0:
        yield Finding(
            (*where, "peer"), f"{entry.peer} is everybody", "name the addresses that hand the user's calls over"
        )
    if not any((entry.number, entry.account, entry.peer, entry.trunk)):
        yield Finding(where, "says nothing of whose calls are meant", "write number, account, peer or trunk")


def _do_not_originate(where: Where, entry: kinds.DoNotOriginate, _: _Known) -> Iterator[Finding]:
    yield from _number((*where, "number"), entry.number)


def _caller_list(where: Where, entry: kinds.CallerList, known: _Known) -> Iterator[Finding]:
    yield from _interface((*where, "trunk"), entry.trunk, known, (TrunkClass.NATIONAL,))
    yield from _listed((*where, "numbers"), entry.numbers, known.is_home, f"no {known.profile.home} number")


def _node(where: Where, entry: kinds.Node, _: _Known) -> Iterator[Finding]:
    yield from _country((*where, "country"), entry.country)
    yield from _text((*where, "evidence"), entry.evidence, "say where the proof of its place is kept")


def _shadow(where: Where, entry: kinds.Shadow, known: _Known) -> Iterator[Finding]:
    yield from _interface((*where, "trunk"), entry.trunk, known, _SCREENED)
    yield from _text((*where, "owner"), entry.owner, "name who answers for the trial")
    yield from _text((*where, "reason"), entry.reason, "say what the trial is for")
    if (entry.until - entry.since).days >= kinds.SHADOW_DAYS:
        yield Finding(
            (*where, "until"),
            f"is more than {kinds.SHADOW_DAYS} days from {entry.since}: a trunk in shadow enforces nothing",
            f"end it on {entry.since + timedelta(days=kinds.SHADOW_DAYS - 1)} or before",
        )


# What several kinds have.


def _text(where: Where, text: str, mend: str) -> Iterator[Finding]:
    if not text.strip() or not text.isprintable():
        yield Finding(where, f"{text!r} says nothing", mend)


def _number(where: Where, number: str) -> Iterator[Finding]:
    if not _E164.fullmatch(number):
        yield Finding(where, f"{number!r} is no number in the form +32...", "write + and the country code first")


def _home_number(where: Where, number: str, known: _Known) -> Iterator[Finding]:
    wrong = list(_number(where, number))
    yield from wrong
    if not wrong and not known.is_home(number):
        yield Finding(where, f"{number} is no {known.profile.home} number", "name one of the home country")


def _prefix(where: Where, prefix: str, known: _Known) -> Iterator[Finding]:
    if not _PREFIX.fullmatch(prefix):
        yield Finding(where, f"{prefix!r} is no number in the form +32...", "write + and the country code first")
    elif not known.is_home(prefix):
        yield Finding(where, f"{prefix} begins no {known.profile.home} number", "name a range of the home country")


def _listed(where: Where, numbers: Iterable[str], fits: Callable[[str], bool], otherwise: str) -> Iterator[Finding]:
    """Each number of a list; after some that do not fit, it is the list that does not."""
    if not numbers:
        yield Finding(where, "is empty", "name the numbers; the list is what the entry is about")
    wrong = (number for number in sorted(numbers) if not (_E164.fullmatch(number) and fits(number)))
    for number in islice(wrong, _MOST):
        problem = otherwise if _E164.fullmatch(number) else "no number in the form +32..."
        yield Finding((*where, number), f"{number!r} is {problem}", "take it out or mend it")
    if (rest := sum(1 for _ in wrong)) > 0:
        yield Finding(where, f"{rest} numbers more do not fit", "mend these first")


def _interface(where: Where, name: str, known: _Known, classes: tuple[TrunkClass, ...]) -> Iterator[Finding]:
    found = known.interfaces.get(name)
    if found is None:
        names = ", ".join(sorted(known.interfaces)) or "none declared"
        yield Finding(where, f"{name!r} is no trunk", f"one of {names}")
    elif found not in classes:
        fit = ", ".join(sorted(name for name, of in known.interfaces.items() if of in classes)) or "none is declared"
        yield Finding(
            where,
            f"{name!r} is {found}, and such an entry is for {' and '.join(classes)} trunks",
            f"name one that fits: {fit}",
        )


def _country(where: Where, country: str) -> Iterator[Finding]:
    if country not in phonenumbers.SUPPORTED_REGIONS:  # all of ISO 3166 that have telephones
        yield Finding(where, f"{country!r} is no country (ISO 3166, two letters)", 'write "BE", "FR", "GB" ...')


def _is_enterprise(number: str) -> bool:
    """Whether the last two digits are 97 less the remainder of the first eight (royal decree of 24 June 2003)."""
    digits = number.replace(".", "")
    return bool(_COMPANY.fullmatch(number)) and int(digits[8:]) == 97 - int(digits[:8]) % 97


# What several entries say together.


def _trials(register: Register) -> Iterator[Finding]:
    """Trials of one trunk one after the other, which together are a longer one."""
    spans: dict[str, tuple[date, date]] = {}
    for index, entry in sorted(enumerate(register.shadow), key=lambda one: one[1].since):
        since, until = spans.get(entry.trunk, (entry.since, entry.until))
        if (entry.since - until).days > 1:
            since = entry.since
        elif entry.trunk in spans and (entry.until - since).days >= kinds.SHADOW_DAYS:
            yield Finding(
                ("register", "shadow", index),
                f"goes on without a day between from a trial that began on {since}: more than {kinds.SHADOW_DAYS} days",
                "let the trunk enforce after a trial",
            )
        spans[entry.trunk] = since, max(until, entry.until)


def _locations(config: Config, country: str) -> Iterator[Finding]:
    """National trunks with an end abroad, or with one of which nobody says where it stands (¶20-23, ¶35)."""
    nodes = {node.network: node for node in sorted(config.register.node, key=lambda node: node.since)}
    if not nodes:
        return
    for index, trunk in enumerate(config.trunk):
        where: Where = ("trunk", index)
        if trunk.trunk_class is TrunkClass.NATIONAL:
            ours = [("listen", ip_network(one.host)) for one in trunk.listen if not one.is_wildcard]
            yield from _location(where, [*ours, *_peers(trunk.peers)], list(nodes.values()), country)
        for inner, circuit in enumerate(trunk.circuit):
            if circuit.trunk_class is TrunkClass.NATIONAL:
                here = (*where, "circuit", inner)
                yield from _location(here, _peers(circuit.peers), list(nodes.values()), country)


def _peers(peers: Iterable[Peer]) -> list[tuple[str, Network]]:
    return [("peers", peer.network) for peer in peers]


def _standing(network: Network, nodes: Iterable[kinds.Node]) -> list[kinds.Node]:
    """The nodes inside a network, and the nearest around it."""
    same = [(node, node.network) for node in nodes if node.network.version == network.version]
    inside = [node for node, own in same if own.network_address in network and own.prefixlen > network.prefixlen]
    around = [node for node, own in same if network.network_address in own and own.prefixlen <= network.prefixlen]
    return inside + sorted(around, key=lambda node: node.network.prefixlen)[-1:]


def _location(
    where: Where, ends: list[tuple[str, Network]], nodes: list[kinds.Node], country: str
) -> Iterator[Finding]:
    for key, network in ends:
        standing = _standing(network, nodes)
        abroad = next((node for node in standing if node.country != country), None)
        if abroad is not None:
            yield Finding(
                (*where, key),
                f"{network} stands in {abroad.country} ({abroad.reference}), so its calls count as international (¶21)",
                "declare the trunk international, or correct [[register.node]]",
                fatal=False,
            )
        elif not standing and key == "peers":
            yield Finding(
                (*where, key),
                f"no [[register.node]] says where {network} stands",
                "write where it does: a node abroad makes calls international (¶21)",
                fatal=False,
            )
