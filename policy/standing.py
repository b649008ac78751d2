"""What a call truly is, whatever its trunk was declared as: the conditions of ¶20-23, ¶31-32 and ¶39-40.

A national trunk is national as long as both ends of it stand at home; national transit lasts as long as its
attestation. When either falls away the call is an international one, by itself and at the next INVITE.
"""

from datetime import date
from ipaddress import ip_address

import attrs

from .claim import Claim, TrunkClass
from .profile import Measure, Profile
from .register import Attestation, Node, Register


@attrs.frozen
class Standing:
    """The class that a call is judged by."""

    trunk_class: TrunkClass
    flag: str = ""
    """Why it is another than was declared; "" when it is not."""
    entry: str = ""
    """The reference of the register's entry that it rests on."""


def standing(claim: Claim, register: Register, profile: Profile, day: date) -> Standing:
    """The class of a call on that civil day."""
    declared = claim.trunk_class
    if declared is TrunkClass.INTERNATIONAL:
        return _AS_DECLARED[declared]
    if declared is TrunkClass.NATIONAL:
        abroad = _abroad(claim, register, profile.country, day)
        return _AS_DECLARED[declared] if abroad is None else _international("node-abroad", abroad.reference)
    if declared is TrunkClass.NATIONAL_TRANSIT:
        if profile.measure(Measure.NATIONAL_TRANSIT, day) is None:
            return _international("no-transit-here")
        found = next((a for a in register.all(Attestation, claim.trunk, day) if a.is_complete), None)
        return _international("attestation-lapsed") if found is None else Standing(declared, entry=found.reference)
    return _AS_DECLARED[declared]


_AS_DECLARED = {trunk_class: Standing(trunk_class) for trunk_class in TrunkClass}


def _international(flag: str, entry: str = "") -> Standing:
    return Standing(TrunkClass.INTERNATIONAL, flag, entry)


def _abroad(claim: Claim, register: Register, country: str, day: date) -> Node | None:
    """A node in another country at either end of the interface (¶21): the peer's, or our own."""
    if not register.has(Node):
        return None
    for address in (claim.peer, claim.own):
        node = register.node(ip_address(address), day) if address else None
        if node is not None and node.country != country:
            return node
    return None
