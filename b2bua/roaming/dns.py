"""A holder over DNS: the socket beside `naptr.py`."""

from collections.abc import Collection
from typing import Final

import attrs
import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

from b2bua.config import Dns
from b2bua.roaming.naptr import domain_of, read
from b2bua.roaming.told import Told, failure_of
from policy.roaming import Roaming

_PORT: Final = 53


@attrs.define(eq=False)
class DnsHolder:
    """Asks one server after the other, UDP first, and over TCP what does not fit."""

    config: Dns
    home: Collection[int]
    """MCCs of the home country."""
    _server: int = attrs.field(default=0, init=False)
    """The place of the one that is asked now."""

    async def ask(self, number: str, correlator: str) -> Told:
        """One attempt."""
        servers = self.config.nameservers
        server = servers[self._server % len(servers)]
        host, port = str(server.network.network_address), server.port or _PORT
        self._server += 1  # another one next time, unless this one answers
        told = await self._told(number, host, port)
        if told.is_answer:
            self._server -= 1
        return told

    async def close(self) -> None:
        """Nothing is open between questions."""

    async def _told(self, number: str, host: str, port: int) -> Told:
        question = dns.message.make_query(domain_of(number, self.config.zone), dns.rdatatype.NAPTR)
        try:
            answer, _ = await dns.asyncquery.udp_with_fallback(
                question, host, port=port, ignore_unexpected=True, ignore_errors=True
            )
        except dns.exception.DNSException as error:
            return Told.failed(f"no DNS answer: {type(error).__name__}", may_repeat=True)
        except OSError as error:
            return failure_of(error)
        return _meaning(answer, self.config, self.home)


def _meaning(answer: dns.message.Message, config: Dns, home: Collection[int]) -> Told:
    code = answer.rcode()
    if code == dns.rcode.NXDOMAIN:
        return Told(outcome=Roaming.UNKNOWN_SUBSCRIBER)
    if code == dns.rcode.REFUSED:
        return Told.kept_back("DNS REFUSED: our question is not taken")
    if code != dns.rcode.NOERROR:
        return Told.failed(f"DNS {dns.rcode.to_text(code)}", may_repeat=True)
    records = [record for found in answer.answer if found.rdtype == dns.rdatatype.NAPTR for record in found]
    if not records:
        return Told.failed("a name without a record")
    return read([record.regexp.decode("ascii", "replace") for record in records], config, home)
