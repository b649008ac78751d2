"""The resolver against a real name server, a deaf one and broken ones, on loopback; on asyncio and on uvloop."""

import asyncio
import contextlib
import random
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
import uvloop

from sipstack.errors import StateError
from sipstack.locate import (
    FAILED,
    Answer,
    Host,
    Kind,
    Locate,
    Located,
    Miss,
    Outcome,
    Preferences,
    Question,
    Srv,
    parse_hosts,
)
from sipstack.net.dns_servers import CHAIN, PAYLOAD, NameServers
from sipstack.net.resolver import Resolver, Servers, system_hosts
from sipstack.values import Via, parse_uri

Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]
LOCALHOST = parse_hosts("")
HEAD = """
$TTL 300
@ IN SOA ns.example. admin.example. 1 3600 600 86400 7
@ IN NS ns.example.
"""
MANY = 60
ZONES = {
    "example": """
ns IN A 127.0.0.1
full 600 IN NAPTR 10 20 "s" "SIP+D2U" "" _sip._udp.full
full 600 IN NAPTR 10 10 "s" "SIPS+D2T" "" _sips._tcp.full
full 600 IN NAPTR 20 10 "s" "SIP+D2T" "" _sip._tcp.full
_sip._udp.full 120 IN SRV 1 1 5070 a.full
_sips._tcp.full 120 IN SRV 1 1 5071 b.full
_sips._tcp.full 120 IN SRV 0 1 5072 a.full
_sip._tcp.full 120 IN SRV 0 1 5073 a.full
a.full 60 IN A 127.0.0.11
a.full 60 IN AAAA ::11
b.full 60 IN A 127.0.0.12
_sip._udp.weights IN SRV 0 30 5060 w1
_sip._udp.weights IN SRV 0 10 5060 w2
w1 IN A 127.0.0.1
w2 IN A 127.0.0.2
alias IN CNAME plain
plain 60 IN A 127.0.0.3
far 40 IN CNAME plain.elsewhere.
round IN CNAME round.elsewhere.
_sip._udp.closed IN SRV 0 0 0 .
_sip._tcp.closed IN SRV 0 0 0 .
closed IN A 127.0.0.4
_sip._udp.lame IN SRV 0 0 5060 nobody.lame
_sip._udp.lame IN SRV 1 0 5060 w1
fleeting 0 IN A 127.0.0.5
_sip._tcp.streams IN SRV 0 0 5080 w1
_sips._tcp.streams IN SRV 0 0 5081 w1
"""
    + "".join(f"_sip._udp.many IN SRV {at} 0 5060 server-with-a-long-name-{at}.many\n" for at in range(MANY))
    + "".join(f"server-with-a-long-name-{at}.many IN A 127.0.1.{at}\n" for at in range(MANY)),
    "elsewhere": "plain 50 IN A 127.0.0.6\nround IN CNAME round.example.\n",
    "broken": "this is no zone file\n",
}


@attrs.frozen
class NameServer:
    """A running nsd."""

    address: tuple[str, int]


def free_port() -> int:
    """Free for both transports; another test's connection may hold the TCP port that UDP offers first."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                tcp.bind(udp.getsockname())
                return int(udp.getsockname()[1])


@pytest.fixture(scope="module")
def nsd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    place = tmp_path_factory.mktemp("nsd")
    port = free_port()
    for name, text in ZONES.items():
        (place / f"{name}.zone").write_text(text if name == "broken" else HEAD + text)
    zones = "".join(f'zone:\n  name: "{name}"\n  zonefile: "{name}.zone"\n' for name in ZONES)
    (place / "nsd.conf").write_text(
        f"""server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{place}"
  database: ""
  pidfile: ""
  logfile: "{place}/log"
  xfrdfile: "{place}/xfrd.state"
  zonelistfile: "{place}/zone.list"
  xfrdir: "{place}"
remote-control:
  control-enable: no
{zones}"""
    )
    process = subprocess.Popen(["/usr/sbin/nsd", "-d", "-c", str(place / "nsd.conf")])
    try:
        wait_until_it_answers(port, process, place / "log")
        yield NameServer(("127.0.0.1", port))
    finally:
        process.terminate()
        process.wait(10)


def wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    query = dns.message.make_query("ns.example.", "A")
    for _ in range(100):
        try:
            dns.query.tcp(query, "127.0.0.1", timeout=0.1, port=port)
        except (dns.exception.Timeout, OSError):
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"nsd has ended: {log.read_text()}")
        else:
            return
    pytest.fail(f"nsd does not answer: {log.read_text()}")


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a story on a loop of its own."""

    def runs(story: Coroutine[Any, Any, None]) -> None:
        factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(story)

    return runs


@attrs.define(eq=False)
class Desk:
    """An endpoint that asks, and collects what is delivered."""

    resolver: Resolver = attrs.field(init=False)
    waiting: dict[str, "asyncio.Future[Located]"] = attrs.field(factory=dict, init=False)
    delivered: list[Located] = attrs.field(factory=list, init=False)

    def deliver(self, located: Located) -> None:
        self.delivered.append(located)
        if located.token in self.waiting:
            self.waiting[located.token].set_result(located)

    async def locate(self, wanted: str | Via, transports: tuple[str, ...] | None = None) -> Located:
        token = f"{wanted} {len(self.waiting)}"
        uri = parse_uri(wanted) if isinstance(wanted, str) else wanted
        self.waiting[token] = asyncio.get_running_loop().create_future()
        at_once = self.resolver.locate(Locate(token, uri, transports))
        return at_once or await asyncio.wait_for(self.waiting[token], 20)

    async def places(self, wanted: str | Via, transports: tuple[str, ...] | None = None) -> list[tuple[str, str, int]]:
        located = await self.locate(wanted, transports)
        assert (located.miss is None) == bool(located.targets)
        return [(target.transport, target.address, target.port) for target in located.targets]


def desk(servers: Servers, **settings: Any) -> Desk:
    made = Desk()
    made.resolver = Resolver(made.deliver, servers, hosts=LOCALHOST, **settings)
    return made


def asking(nsd: NameServer, **settings: Any) -> Desk:
    return desk(NameServers((nsd.address,)), **settings)


# Against nsd


@pytest.mark.peer("nsd")
def test_naptr_srv_and_both_families_of_a_real_zone(nsd: NameServer, run: Run) -> None:
    async def story() -> None:
        assert await asking(nsd).places("sip:alice@full.example") == [
            ("TLS", "127.0.0.11", 5072),
            ("TLS", "::11", 5072),
            ("TLS", "127.0.0.12", 5071),
            ("UDP", "127.0.0.11", 5070),
            ("UDP", "::11", 5070),
        ]

    run(story())


@pytest.mark.peer("nsd")
@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ("sip:full.example;transport=tcp", [("TCP", "127.0.0.11", 5073), ("TCP", "::11", 5073)]),
        ("sip:streams.example", [("TCP", "127.0.0.1", 5080), ("TLS", "127.0.0.1", 5081)]),
        ("sips:streams.example", [("TLS", "127.0.0.1", 5081)]),
        ("sip:plain.example:5099", [("UDP", "127.0.0.3", 5099)]),
        ("sip:plain.example", [("UDP", "127.0.0.3", 5060)]),
        ("sip:alias.example:5060", [("UDP", "127.0.0.3", 5060)]),
        ("sip:far.example:5060", [("UDP", "127.0.0.6", 5060)]),
        ("sip:lame.example", [("UDP", "127.0.0.1", 5060)]),
        ("sip:fleeting.example:5060", [("UDP", "127.0.0.5", 5060)]),
        (Via("TLS", "streams.example"), [("TLS", "127.0.0.1", 5081)]),
        (Via("UDP", "plain.example", 5068), [("UDP", "127.0.0.3", 5068)]),
    ],
)
def test_each_way_through_the_zone(
    nsd: NameServer, run: Run, wanted: str | Via, places: list[tuple[str, str, int]]
) -> None:
    async def story() -> None:
        assert await asking(nsd).places(wanted) == places

    run(story())


@pytest.mark.peer("nsd")
@pytest.mark.parametrize(
    ("uri", "miss"),
    [
        ("sip:nobody.example", Miss.NOT_FOUND),
        ("sip:closed.example", Miss.NOT_FOUND),
        ("sip:x.broken", Miss.UNAVAILABLE),
        ("sip:refused.invalid", Miss.UNAVAILABLE),
        ("sip:round.example:5060", Miss.UNAVAILABLE),
    ],
)
def test_no_such_name_is_told_from_a_name_server_that_fails(nsd: NameServer, run: Run, uri: str, miss: Miss) -> None:
    async def story() -> None:
        assert (await asking(nsd).locate(uri)).miss is miss

    run(story())


@pytest.mark.peer("nsd")
def test_an_answer_too_large_for_udp_comes_whole_by_tcp(nsd: NameServer, run: Run) -> None:
    question = Question("_sip._udp.many.example", Kind.SRV)
    query = dns.message.make_query(question.name, "SRV", use_edns=0, payload=PAYLOAD)
    assert dns.query.udp(query, "127.0.0.1", timeout=5, port=nsd.address[1]).flags & dns.flags.TC

    async def story() -> None:
        answer = await NameServers((nsd.address,)).ask(question)
        assert len(answer.records) == MANY
        found = await asking(nsd).places("sip:many.example")
        assert [place[1] for place in found] == [f"127.0.1.{at}" for at in range(8)]

    run(story())


@pytest.mark.peer("nsd")
def test_answers_say_how_long_they_may_be_kept(nsd: NameServer, run: Run) -> None:
    async def story() -> None:
        servers = NameServers((nsd.address,))
        assert [
            (await servers.ask(Question(name, kind))).ttl
            for name, kind in [
                ("full.example", Kind.NAPTR),
                ("a.full.example", Kind.A),
                ("far.example", Kind.A),  # a CNAME that lives shorter than what it leads to
                ("alias.example", Kind.A),  # and one that lives longer
                ("nobody.example", Kind.A),  # the SOA's last figure
                ("plain.example", Kind.AAAA),
            ]
        ] == [600, 60, 40, 60, 7, 7]

    run(story())


@pytest.mark.peer("nsd")
def test_what_is_known_is_told_at_once_and_nobody_is_asked(nsd: NameServer, run: Run) -> None:
    async def story() -> None:
        at = asking(nsd)
        first = await at.locate("sip:full.example")
        asked = at.resolver.counters["asked"]
        again = at.resolver.locate(Locate("again", parse_uri("sip:full.example")))
        assert again is not None
        assert again.targets == first.targets
        assert at.resolver.counters["asked"] == asked
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(story())


@pytest.mark.peer("nsd")
def test_a_record_with_ttl_0_is_asked_for_each_time(nsd: NameServer, run: Run) -> None:
    async def story() -> None:
        at = asking(nsd, preferences=Preferences(families=(Kind.A,)))
        for times in (1, 2):
            assert await at.places("sip:fleeting.example:5060") == [("UDP", "127.0.0.5", 5060)]
            assert at.resolver.counters["asked"] == times

    run(story())


@pytest.mark.peer("nsd")
def test_servers_of_one_priority_share_the_load_by_weight(nsd: NameServer, run: Run) -> None:
    async def story() -> None:
        at = asking(nsd, randbytes=random.Random(5).randbytes)
        firsts = Counter([(await at.places("sip:weights.example"))[0][1] for _ in range(800)])
        assert firsts["127.0.0.1"] == pytest.approx(600, abs=60)
        assert firsts["127.0.0.2"] == 800 - firsts["127.0.0.1"]

    run(story())


@pytest.mark.peer("nsd")
def test_only_streams_are_found_when_only_streams_are_wanted(nsd: NameServer, run: Run) -> None:
    async def story() -> None:
        at = asking(nsd)
        assert await at.places("sip:full.example", ("TCP",)) == [("TCP", "127.0.0.11", 5073), ("TCP", "::11", 5073)]
        with pytest.raises(StateError):
            await at.locate("sip:full.example", ("SCTP",))

    run(story())


@pytest.mark.peer("nsd")
def test_a_question_is_under_way_once_however_many_ask_it(nsd: NameServer, run: Run) -> None:
    async def story() -> None:
        at = asking(nsd)
        found = await asyncio.gather(*[at.places("sip:full.example") for _ in range(50)])
        assert {tuple(places) for places in found} == {tuple(found[0])}
        # One NAPTR, two SRV, and both families of two hosts.
        assert at.resolver.counters["asked"] == 7

    run(story())


@pytest.mark.peer("nsd")
def test_a_deaf_name_server_costs_its_time_and_the_next_one_is_asked(nsd: NameServer, run: Run) -> None:
    async def story() -> None:
        with deaf() as address:
            servers = NameServers((address, nsd.address), attempt=0.1, lifetime=1.5)
            assert await desk(servers).places("sip:plain.example:5060") == [("UDP", "127.0.0.3", 5060)]

    run(story())


# Name servers that are no good


@contextlib.contextmanager
def deaf() -> Iterator[tuple[str, int]]:
    """A socket that takes everything and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()


def test_a_deaf_name_server_makes_a_domain_unavailable_and_holds_up_nobody_else(run: Run) -> None:
    async def story() -> None:
        with deaf() as address:
            at = desk(NameServers((address,), lifetime=5.0), patience=0.5)
            slow = asyncio.ensure_future(at.locate("sip:example.com"))
            await asyncio.sleep(0)  # lets it ask
            assert await at.places("sip:192.0.2.1") == [("UDP", "192.0.2.1", 5060)]
            assert await at.places("sip:localhost") == [("UDP", "127.0.0.1", 5060), ("UDP", "::1", 5060)]
            assert not slow.done()
            assert (await slow).miss is Miss.UNAVAILABLE
            assert at.resolver.counters["out of patience"] == 1
            at.resolver.stop()

    run(story())


def test_a_name_server_that_is_not_there_makes_a_domain_unavailable(run: Run) -> None:
    async def story() -> None:
        at = desk(NameServers((("127.0.0.1", free_port()),), lifetime=0.1))
        assert (await at.locate("sip:plain.example:5060")).miss is Miss.UNAVAILABLE
        assert at.resolver.counters["failed"] == 2

    run(story())


Words: TypeAlias = Callable[[bytes], bytes]


@attrs.define(eq=False)
class Babbler:
    """Answers everything with what `words` makes of the question."""

    words: Words
    sock: socket.socket
    heard: int = 0

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.sock.getsockname()
        return host, port

    def readable(self) -> None:
        data, asker = self.sock.recvfrom(4096)
        self.heard += 1
        self.sock.sendto(self.words(data), asker)


@contextlib.contextmanager
def babbling(words: Words) -> Iterator[Babbler]:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        babbler = Babbler(words, sock)
        loop.add_reader(sock, babbler.readable)
        try:
            yield babbler
        finally:
            loop.remove_reader(sock)


def response_with(rcode: int) -> Words:
    def words(data: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(data))
        response.set_rcode(dns.rcode.Rcode(rcode))
        return response.to_wire()

    return words


def forged(data: bytes) -> bytes:
    """A good answer to a question with another number."""
    query = dns.message.from_wire(data)
    response = dns.message.make_response(query)
    response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.66"))
    response.id ^= 1
    return response.to_wire()


@pytest.mark.parametrize(
    "words",
    [
        lambda data: b"",
        lambda data: b"junk",
        lambda data: data,
        lambda data: data[:2] + b"\xff" * 60,
        lambda data: data[:2] + b"\x81\x80\x00\x01\xff\xff\x00\x00\x00\x00" + data[12:],
        response_with(1),
        response_with(2),
        response_with(4),
        response_with(5),
        response_with(6),
        forged,
    ],
    ids=["empty", "junk", "echo", "ones", "short", "FORMERR", "SERVFAIL", "NOTIMP", "REFUSED", "YXDOMAIN", "forged"],
)
def test_a_name_server_that_talks_nonsense_has_failed(run: Run, words: Words) -> None:
    async def story() -> None:
        with babbling(words) as babbler:
            servers = NameServers((babbler.address,), attempt=0.1, lifetime=0.2)
            assert await servers.ask(Question("example.com", Kind.A)) == FAILED
            assert babbler.heard > 0

    run(story())


def one_link(data: bytes) -> bytes:
    """Names lead from `c0.example` to `c1.example` and so on for ever, but `c7.example` has an address too."""
    query = dns.message.from_wire(data)
    response = dns.message.make_response(query)
    name = query.question[0].name
    number = int(name.labels[0][1:])
    if number == CHAIN - 1:
        response.answer.append(dns.rrset.from_text(name, 90, "IN", "A", "192.0.2.7"))
    else:
        response.answer.append(dns.rrset.from_text(name, 50 + number, "IN", "CNAME", f"c{number + 1}.example."))
    return response.to_wire()


def test_a_chain_of_cnames_is_followed_link_by_link_and_not_for_ever(run: Run) -> None:
    async def story() -> None:
        with babbling(one_link) as babbler:
            servers = NameServers((babbler.address,))
            assert await servers.ask(Question("c0.example", Kind.A)) == Answer(
                Outcome.FOUND, (Host("192.0.2.7"),), 50.0
            )
            assert babbler.heard == CHAIN
            assert await servers.ask(Question(f"c{CHAIN}.example", Kind.A)) == FAILED
            assert babbler.heard == 2 * CHAIN

    run(story())


def test_a_machine_that_names_no_name_servers_is_our_own_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(self: object, file: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", nothing)
    with pytest.raises(StateError):
        NameServers()


def test_the_hosts_of_the_machine_are_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_bytes(b"192.0.2.5 sbc\n\xff\xfe \x00\n")
    assert system_hosts(str(tmp_path / "hosts")) == {**LOCALHOST, "sbc": ("192.0.2.5",)}
    assert system_hosts(str(tmp_path / "none")) == LOCALHOST


# Name servers that wait for their cue


@attrs.define(eq=False)
class Scripted:
    """Answers when it is told to."""

    answers: dict[Question, "asyncio.Future[Answer]"] = attrs.field(factory=dict)
    most: int = 0

    async def ask(self, question: Question) -> Answer:
        self.answers[question] = asyncio.get_running_loop().create_future()
        self.most = max(self.most, len(self.answers))
        try:
            return await self.answers[question]
        finally:
            del self.answers[question]

    def says(self, name: str, *addresses: str) -> None:
        self.answers[Question(name, Kind.A)].set_result(found(*addresses))


def found(*addresses: str) -> Answer:
    return Answer(Outcome.FOUND, tuple([Host(address) for address in addresses]), 60.0)


async def settle() -> None:
    """Until every task has gone as far as it goes without an answer: three turns are more than any needs."""
    for _ in range(3):
        await asyncio.sleep(0)


def scripted(**settings: Any) -> tuple[Desk, Scripted]:
    servers = Scripted()
    return desk(servers, preferences=Preferences(families=(Kind.A,)), **settings), servers


def begin(at: Desk, *names: str) -> None:
    for name in names:
        assert at.resolver.locate(Locate(name, parse_uri(f"sip:{name}:5060"))) is None


def test_only_so_many_questions_are_under_way_and_the_others_have_their_turn(run: Run) -> None:
    async def story() -> None:
        at, servers = scripted(concurrency=2)
        names = [f"h{number}.example" for number in range(6)]
        begin(at, *names)
        for name in names:
            await settle()
            assert len(servers.answers) <= 2
            servers.says(name, "192.0.2.1")
        await settle()
        assert servers.most == 2
        assert [located.token for located in at.delivered] == names

    run(story())


def test_questions_beyond_the_backlog_fail_at_once(run: Run) -> None:
    async def story() -> None:
        at, _ = scripted(concurrency=1, backlog=1)
        begin(at, "a.example", "b.example")
        refused = await at.locate("sip:c.example:5060")
        assert refused.miss is Miss.UNAVAILABLE
        assert at.resolver.counters["too many questions"] == 1
        at.resolver.stop()

    run(story())


def test_searches_beyond_the_limit_fail_at_once_and_known_names_are_still_found(run: Run) -> None:
    async def story() -> None:
        at, servers = scripted(searches=1)
        begin(at, "a.example")
        assert (await at.locate("sip:a.example:5060")).miss is Miss.UNAVAILABLE
        assert await at.places("sip:192.0.2.1:5060")
        assert at.resolver.counters["too many searches"] == 1
        await settle()
        servers.says("a.example", "192.0.2.1")
        await settle()
        begin(at, "b.example")
        at.resolver.stop()

    run(story())


def test_when_patience_ends_what_is_known_by_then_is_told(run: Run) -> None:
    async def story() -> None:
        at, servers = scripted(patience=0.5)
        one_slow = Answer(
            Outcome.FOUND, (Srv(0, 0, 5060, target="slow.example"), Srv(1, 0, 5060, target="fast.example")), 60.0
        )
        at.resolver.cache.put(Question("_sip._udp.x.example", Kind.SRV), one_slow, time.monotonic())
        waiting = asyncio.ensure_future(at.places("sip:x.example;transport=udp"))
        await settle()
        servers.says("fast.example", "192.0.2.2")
        assert await waiting == [("UDP", "192.0.2.2", 5060)]
        servers.says("slow.example", "192.0.2.1")
        await settle()
        assert len(at.delivered) == 1
        assert await at.places("sip:x.example;transport=udp") == [
            ("UDP", "192.0.2.1", 5060),
            ("UDP", "192.0.2.2", 5060),
        ]

    run(story())


def test_each_search_has_its_own_patience(run: Run) -> None:
    async def story() -> None:
        at, _ = scripted(patience=0.1)
        first = asyncio.ensure_future(at.locate("sip:a.example:5060"))
        await asyncio.sleep(0.03)  # so that their times do not end together
        second = asyncio.ensure_future(at.locate("sip:b.example:5060"))
        assert (await first).miss is Miss.UNAVAILABLE
        assert (await second).miss is Miss.UNAVAILABLE
        assert at.resolver.counters["out of patience"] == 2
        at.resolver.stop()

    run(story())


def test_name_servers_that_break_are_reported_and_count_as_failed(run: Run) -> None:
    class Broken:
        async def ask(self, question: Question) -> Answer:
            raise RuntimeError(question.name)

    async def story() -> None:
        reports: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
        at = desk(Broken(), preferences=Preferences(families=(Kind.A,)))
        assert (await at.locate("sip:a.example:5060")).miss is Miss.UNAVAILABLE
        assert [type(report["exception"]) for report in reports] == [RuntimeError]

    run(story())


def test_records_that_served_before_serve_while_name_servers_are_away(run: Run) -> None:
    async def story() -> None:
        at, servers = scripted()
        question = Question("a.example", Kind.A)
        at.resolver.cache.put(question, found("192.0.2.1"), time.monotonic() - 100)
        waiting = asyncio.ensure_future(at.places("sip:a.example:5060"))
        await settle()
        servers.answers[question].set_result(FAILED)
        assert await waiting == [("UDP", "192.0.2.1", 5060)]

    run(story())


def test_nothing_is_delivered_and_no_task_is_left_after_stop(run: Run) -> None:
    async def story() -> None:
        with deaf() as address:
            at = desk(NameServers((address,), lifetime=30.0), concurrency=2)
            begin(at, "a.example", "b.example", "c.example")
            await settle()
            at.resolver.stop()
            at.resolver.stop()
            _, left = await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=2)
            assert left == set()
            assert at.delivered == []
            assert (await at.locate("sip:192.0.2.1")).miss is Miss.UNAVAILABLE

    run(story())


def test_an_answer_that_comes_in_spite_of_stop_is_not_delivered(run: Run) -> None:
    """`asyncio.wait_for` of Python 3.11 returns a result that is there when it is cancelled, and forgets the latter."""

    class Stubborn:
        async def ask(self, question: Question) -> Answer:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()
            return found("192.0.2.1")

    async def story() -> None:
        reports: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
        at = desk(Stubborn())
        begin(at, "a.example")
        await settle()
        at.resolver.stop()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        assert [task.exception() for task in (await asyncio.wait(tasks, timeout=2))[0]] == [None, None]
        assert (at.delivered, reports) == ([], [])

    run(story())
