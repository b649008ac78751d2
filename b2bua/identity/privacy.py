"""The caller's own wish not to be shown, kept where the next network need not keep it (RFC 3323, RFC 3325 §7).

Between networks that trust each other a restricted number travels with `Privacy: id`, and the last of them does not
show it. One that is outside gets no number at all. That is no screening and no verdict: it is what the caller has asked
of us, so it holds for national callers and for called parties too, and in every message.
"""

from collections.abc import Iterator

from b2bua.identity.guard import FEWEST, shows
from b2bua.identity.redaction import ANONYMOUS
from policy.numbering.hidden import plain
from sipstack.errors import ParseError
from sipstack.message import Headers
from sipstack.values import Address, Privacy, SipUri, TelUri

#: What asks for it. `id` speaks of the network number; who wants `user` or `header` privacy wants no other header to
#: tell either, and telephone networks take all three for "presentation restricted" (3GPP TS 29.163).
RESTRICTS = frozenset({"id", "user", "header"})
#: What tells the network number, or where its subscriber is (RFC 7315 §6.4), beside From.
ASSERTED = frozenset(
    {
        "p-asserted-identity",
        "p-preferred-identity",
        "remote-party-id",
        "additional-identity",
        "charge-info",
        "p-charge-info",
        "p-associated-uri",
        "p-served-user",
        "identity",  # signed over the same number (RFC 8224 §4.1)
        "identity-info",
        "p-access-network-info",
        "cellular-network-info",
    }
)
#: The digits in which a national and an international spelling of one number agree.
_TAIL = 8


def wishes(headers: Headers) -> frozenset[str]:
    """What a message asks for that keeps its sender's number from being shown; what cannot be read asks for all."""
    try:
        asked = [level for line in headers.all("privacy") for level in Privacy.parse(line.lower())]
    except ParseError:
        return RESTRICTS
    return RESTRICTS.intersection(asked)


def restrict(headers: Headers, wanted: frozenset[str]) -> None:
    """Takes out of a message that leaves for a network without trust what its sender, who wants that, does not want
    shown.

    From stays as it was written, unless `user` asks us to hide it (RFC 3323 §5.3), or it tells the number that is taken
    out.
    """
    tails = [tail for key in sorted(ASSERTED) for value in headers.all(key) for tail in _tails(value)]
    for key in ASSERTED:
        headers.remove(key)
    caller = headers.first("from")
    if caller is not None and ("user" in wanted or shows(caller, *tails)):
        tag = Address.parse(caller).tag
        headers.replace("from", ANONYMOUS if tag is None else f"{ANONYMOUS};tag={tag}")


def _tails(line: str) -> Iterator[str]:
    """The last digits of each number that a line of addresses tells; none of what cannot be read."""
    try:
        addresses = Address.parse_list(line)
    except ParseError:
        return
    for address in addresses:
        uri = address.uri
        number = uri.user if isinstance(uri, SipUri) else uri.subscriber if isinstance(uri, TelUri) else None
        digits = plain((number or "").partition(";")[0]).replace(" ", "").lstrip("+")
        if len(digits) >= FEWEST and digits.isdigit():
            yield digits[-_TAIL:]
