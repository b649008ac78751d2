"""A number that passes and that nobody has verified: the callee is told so, where a country's rules ask for it.

`verstat=No-TN-Validation` beside the number (3GPP TS 24.229 §7.2A.20), in From and in P-Asserted-Identity.
"""

import attrs

from b2bua.identity.screening import CARRIERS
from policy.position import CLI
from policy.rules.clause import MARKED
from policy.verdict import Verdict
from sipstack.message import Headers
from sipstack.values import Address, SipUri, TelUri
from sipstack.values.registry import key as key_of

MARK = "verstat=No-TN-Validation"
_MARKABLE = frozenset(key for key, place in CARRIERS.items() if place in CLI)


def mark(caller: str, headers: Headers, verdict: Verdict) -> str:
    """The caller's From value, marked if its number is one of those; the other headers are changed where they stand."""
    places = {(key_of(f.header), f.index) for f in verdict.findings if f.flag == MARKED}
    for key in sorted({key for key, _ in places} & _MARKABLE - {"from"}):
        values = headers.values(key)
        marked = [_marked(value) if (key, index) in places else value for index, value in enumerate(values)]
        if marked:
            headers.replace(key, ", ".join(marked))
    return _marked(caller) if ("from", 0) in places else caller


def _marked(value: str) -> str:
    address = Address.parse(value)
    uri = address.uri
    if isinstance(uri, SipUri) and uri.user is not None:
        uri = attrs.evolve(uri, user=f"{uri.user};{MARK}")
    elif isinstance(uri, TelUri):
        name, _, text = MARK.partition("=")
        uri = attrs.evolve(uri, parameters=uri.parameters.with_(name, text))
    return str(attrs.evolve(address, uri=uri))
