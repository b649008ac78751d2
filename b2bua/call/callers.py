"""Who a call that is not judged says it is from: read for our own memory, and never touched (¶24).

Art. 3 is proved by what we have seen leave, and nomadic use is occasional beside use at home (art. 4 §1): both want the
numbers of national calls, as home networks write them.
"""

from b2bua.trunk import as_global
from policy.numbering import Plan
from sipstack.errors import ParseError
from sipstack.message import Request
from sipstack.values import Address, SipUri, TelUri

_SAID = ("from", "p-asserted-identity")
#: A From and two P-Asserted-Identities (RFC 3325 §9.1): a call that claims more callers is remembered for none.
MOST = 3


def callers_of(invite: Request, plan: Plan) -> frozenset[str]:
    """The presentation and network numbers, E.164 with +, at most `MOST`; what cannot be read is none."""
    found = set[str]()
    for key in _SAID:
        try:
            values = invite.headers.values(key)
            if len(values) > MOST:
                return frozenset()
            said = [Address.parse(value) for value in values]
        except ParseError:
            continue
        found.update(number for address in said if (number := _number(address, plan)) is not None)
    return frozenset(found) if len(found) <= MOST else frozenset()


def _number(address: Address, plan: Plan) -> str | None:
    uri = address.uri
    written = uri.user if isinstance(uri, SipUri) else uri.subscriber if isinstance(uri, TelUri) else None
    return None if written is None else as_global(written.partition(";")[0], plan)
