"""A holder over DNS, as a server of the test plays it on the loopback interface."""

import asyncio
from collections.abc import Callable
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from b2bua.config import Dns, Peer
from b2bua.roaming.dns import DnsHolder
from b2bua.roaming.told import Told
from policy.roaming import Roaming

NUMBER = "+32470000001"
NAME = "1.0.0.0.0.0.0.7.4.2.3.e164.arpa."
PATIENCE = 10.0

Server = Callable[[dns.message.Message], "dns.message.Message | None"]


def record(text: str) -> Server:
    def answer(question: dns.message.Message) -> dns.message.Message:
        assert str(question.question[0]) == f"{NAME} IN NAPTR"
        reply = dns.message.make_response(question)
        reply.answer.append(dns.rrset.from_text(NAME, 60, "IN", "NAPTR", f'10 10 "u" "E2U+pstn:tel" "{text}" .'))
        return reply

    return answer


def code(rcode: dns.rcode.Rcode) -> Server:
    def answer(question: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(question)
        reply.set_rcode(rcode)
        return reply

    return answer


def silent(_: dns.message.Message) -> None:
    return None


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: Server, seen: list[str]) -> None:
        self.server, self.seen = server, seen

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        question = dns.message.from_wire(data)
        self.seen.append(str(question.question[0].name))
        reply = self.server(question)
        if reply is not None:
            self.transport.sendto(reply.to_wire(), address)


def ask(*servers: Server, times: int = 1, stranger: bytes = b"") -> list[Told]:
    async def played() -> list[Told]:
        loop = asyncio.get_running_loop()
        bound = [await loop.create_datagram_endpoint(lambda s=s: _Udp(s, []), ("127.0.0.1", 0)) for s in servers]  # type: ignore[misc]
        ports = [transport.get_extra_info("sockname")[1] for transport, _ in bound]
        peers = tuple(Peer.parse(f"127.0.0.1:{port}") for port in ports)
        holder = DnsHolder(Dns(name="dns", zone="e164.arpa", nameservers=peers), frozenset({206}))
        try:
            async with asyncio.timeout(PATIENCE):
                return [await holder.ask(NUMBER, "c") for _ in range(times)]
        finally:
            await holder.close()
            for transport, _ in bound:
                transport.close()

    return asyncio.run(played())


@pytest.mark.law("¶8 3°", "K10")
@pytest.mark.parametrize(
    ("server", "told"),
    [
        (record("!^.*$!tel:+32470000001;roaming=true;mcc=262!"), Told(outcome=Roaming.ABROAD)),
        (record("!^.*$!tel:+32470000001;roaming=true;mcc=206!"), Told(outcome=Roaming.NOT_ABROAD)),
        (record("!^.*$!tel:+32470000001;roaming=false!"), Told(outcome=Roaming.NOT_ABROAD)),
        (code(dns.rcode.NXDOMAIN), Told(outcome=Roaming.UNKNOWN_SUBSCRIBER)),
        (code(dns.rcode.SERVFAIL), Told.failed("DNS SERVFAIL", may_repeat=True)),
        (code(dns.rcode.REFUSED), Told.kept_back("DNS REFUSED: our question is not taken")),
        (code(dns.rcode.NOERROR), Told.failed("a name without a record")),
        (
            record("!^.*$!tel:+32470000001;mcc=206!"),
            Told.failed("records that do not say whether the subscriber roams"),
        ),
    ],
)
def test_a_holder_is_asked_over_dns(server: Server, told: Told) -> None:
    assert ask(server) == [told]


def test_the_next_server_is_asked_when_one_fails_and_the_one_that_answers_from_then_on() -> None:
    good = record("roaming=true")
    told = ask(code(dns.rcode.SERVFAIL), good, times=3)
    assert [one.outcome for one in told] == [Roaming.FAILED, Roaming.ABROAD, Roaming.ABROAD]


def test_an_answer_to_another_question_is_passed_over() -> None:
    def other(question: dns.message.Message) -> dns.message.Message:
        reply = record("roaming=true")(question)
        assert reply is not None
        reply.id ^= 1
        return reply

    async def waits() -> None:
        async with asyncio.timeout(0.2):
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(other, []), ("127.0.0.1", 0))
            port = transport.get_extra_info("sockname")[1]
            peers = (Peer.parse(f"127.0.0.1:{port}"),)
            try:
                await DnsHolder(Dns(name="dns", zone="e164.arpa", nameservers=peers), frozenset()).ask(NUMBER, "c")
            finally:
                transport.close()

    with pytest.raises(TimeoutError):
        asyncio.run(waits())


def test_where_nobody_listens_or_answers_the_question_waits_for_its_deadline() -> None:
    async def waits() -> None:
        holder = DnsHolder(Dns(name="dns", zone="e164.arpa", nameservers=(Peer.parse("127.0.0.1:9"),)), frozenset())
        async with asyncio.timeout(0.1):
            told = await holder.ask(NUMBER, "c")
            assert told.outcome is Roaming.FAILED
            raise TimeoutError

    with pytest.raises(TimeoutError):
        asyncio.run(waits())
