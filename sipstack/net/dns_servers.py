"""One question to the name servers, by dnspython: repeated, from server to server, over TCP when UDP has no room."""

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.rdtypes.IN.NAPTR
import dns.rdtypes.IN.SRV
import dns.resolver
import dns.ttl

from sipstack.errors import StateError
from sipstack.locate import FAILED, Answer, Host, Naptr, Outcome, Question, Record, Srv

#: Names one answer may lead on to when the name servers leave the rest of a CNAME chain to us (RFC 1034 section 3.6.2
#: wants chains followed and loops found).
CHAIN = 8
#: Octets of UDP that answers may have before they come by TCP: what crosses every path in one piece (the value agreed
#: on for the DNS Flag Day of 2020).
PAYLOAD = 1232


class NameServers:
    """The machine's name servers, or those given; recursive ones, as in `/etc/resolv.conf`.

    `addresses` are numeric addresses with ports, tried in that order. `attempt` is how many seconds one of them gets,
    `lifetime` how many the question gets over all of them. Raises `StateError` when there are none.
    """

    def __init__(
        self, addresses: tuple[tuple[str, int], ...] = (), *, attempt: float = 1.0, lifetime: float = 4.0
    ) -> None:
        try:
            resolver = dns.asyncresolver.Resolver(configure=not addresses)
        except dns.resolver.NoResolverConfiguration as error:
            raise StateError("the system names no name servers") from error
        if addresses:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in addresses]
        resolver.timeout = attempt
        resolver.lifetime = lifetime
        resolver.use_edns(0, 0, PAYLOAD)
        self._resolver = resolver

    async def ask(self, question: Question) -> Answer:
        """What they say; whatever goes wrong is `FAILED`. Takes `lifetime` at most for each name of a CNAME chain."""
        try:
            return await self._follow(question)
        except (dns.exception.DNSException, OSError, EOFError, ValueError):
            # ValueError: text that dnspython cannot make a name or a number of.
            return FAILED

    async def _follow(self, question: Question) -> Answer:
        name = dns.name.from_text(question.name)
        ttl = float(dns.ttl.MAX_TTL)
        for _ in range(CHAIN):
            try:
                answer = await self._resolver.resolve(name, question.kind.value, raise_on_no_answer=False, search=False)
            except dns.resolver.NXDOMAIN as error:
                return Answer(Outcome.NO_NAME, (), min(ttl, _negative_ttl(error, name)))
            chain = answer.chaining_result
            ttl = min(ttl, chain.minimum_ttl)
            if chain.answer is not None:
                return Answer(Outcome.FOUND, tuple([read for data in chain.answer for read in _read(data)]), ttl)
            if not chain.cnames:
                return Answer(Outcome.NO_DATA, (), ttl)
            name = chain.canonical_name
        return FAILED


def _negative_ttl(error: dns.resolver.NXDOMAIN, name: dns.name.Name) -> float:
    """What the zone's SOA says, by way of the CNAMEs that came before (RFC 2308 section 5)."""
    response = error.kwargs["responses"].get(name)
    return float(response.resolve_chaining().minimum_ttl) if isinstance(response, dns.message.QueryMessage) else 0.0


def _read(data: dns.rdata.Rdata) -> tuple[Record, ...]:
    """The record as plain data; nothing for one of another kind."""
    match data:
        case dns.rdtypes.IN.A.A() | dns.rdtypes.IN.AAAA.AAAA():
            return (Host(str(data.address)),)
        case dns.rdtypes.IN.SRV.SRV():
            return (Srv(data.priority, data.weight, data.port, target=data.target.to_text(omit_final_dot=True)),)
        case dns.rdtypes.IN.NAPTR.NAPTR():
            # Latin-1 loses no byte and fails for none; what is no ASCII is no service of ours.
            return (
                Naptr(
                    data.order,
                    data.preference,
                    data.flags.decode("latin-1"),
                    service=data.service.decode("latin-1"),
                    regexp=data.regexp.decode("latin-1"),
                    replacement=data.replacement.to_text(omit_final_dot=True),
                ),
            )
        case _:
            return ()
