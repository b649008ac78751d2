"""TLS over real sockets: who is believed, what is refused, and certificates that change under open connections."""

import asyncio
import contextlib
import datetime
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest
import trustme
from cryptography.hazmat.primitives import serialization as form
from hypothesis import given
from hypothesis import strategies as st

from sipstack.effects import Send
from sipstack.errors import StateError
from sipstack.net import Certificate, Clients, StreamLimits, Tls, identities, matches
from sipstack.net.tls import TlsSession
from tests.sipstack.net.ends import End, Ends, message, play, stream_end


@attrs.define
class Authority:
    """A certificate authority with a folder for what it issues."""

    folder: Path
    ca: trustme.CA = attrs.field(factory=trustme.CA)
    count: int = 0

    @property
    def file(self) -> str:
        path = self.folder / "authority.pem"
        self.ca.cert_pem.write_to_path(path)
        return str(path)

    def issue(self, *names: str, serves: tuple[str, ...] = (), expired: bool = False) -> Certificate:
        self.count += 1
        return self.issue_as(f"{self.count}", *names, serves=serves, expired=expired)

    def issue_as(self, file: str, *names: str, serves: tuple[str, ...] = (), expired: bool = False) -> Certificate:
        until = datetime.datetime(2001, 1, 1) if expired else None
        before = datetime.datetime(2000, 1, 1) if expired else None
        issued = self.ca.issue_cert(*names, not_after=until, not_before=before)
        chain, key = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        issued.cert_chain_pems[0].write_to_path(chain)
        issued.private_key_pem.write_to_path(key)
        return Certificate(str(chain), str(key), serves)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    (tmp_path / "stranger").mkdir()
    return Authority(tmp_path / "stranger")


def echo(data: bytes) -> bytes:
    return data


def tls_end(authority: Authority, *names: str, clients: Clients = Clients.NAMED, **settings: object) -> End:
    tls = Tls.load([authority.issue(*names)], authority.file, clients)
    settings.setdefault("domain_of", lambda _: "b.example")
    return stream_end(tls=tls, **settings)  # type: ignore[arg-type]


# Connections.


def test_two_ends_that_name_themselves_exchange_messages(loop: str, host: str, authority: Authority) -> None:
    async def story() -> None:
        one = tls_end(authority, "a.example", host=host)
        other = tls_end(authority, "b.example", host=host, recorder={"answer": echo})
        async with Ends(one, other):
            for number in range(5):
                one.send(other.address, message(number))
            await one.recorder.until(lambda: len(one.recorder.received) == 5)
            [(data, flow), *_] = other.recorder.received
            assert (data, flow.transport) == (message(0), "TLS")
            assert other.stream.identities(flow) == ("a.example",)
            assert one.stream.identities(one.flow(other.address)) == ("b.example",)
            assert one.counters == {"opened": 1}

    play(loop, story())


def test_large_messages_cross_whole_both_ways(loop: str, authority: Authority) -> None:
    async def story() -> None:
        one = tls_end(authority, "a.example", limits=StreamLimits(unsent=8_000_000))
        other = tls_end(authority, "b.example", recorder={"answer": echo}, limits=StreamLimits(unsent=8_000_000))
        async with Ends(one, other):
            wires = [message(number, bytes([number]) * 60_000) for number in range(50)]
            one.driver.send_all([Send(one.flow(other.address), wire) for wire in wires])
            await one.recorder.until(lambda: len(one.recorder.received) == 50)
            assert one.recorder.messages == wires

    play(loop, story())


def test_octet_by_octet_ciphertext_is_understood(loop: str, authority: Authority) -> None:
    async def story() -> None:
        async with Ends(tls_end(authority, "b.example", recorder={"answer": echo}, clients=Clients.ANONYMOUS)) as (
            one,
        ):
            session = Tls.load(trusted=authority.file).connect("b.example")
            reader, writer = await asyncio.open_connection(*one.address)
            session.receive(b"")
            plain = b""
            while plain != message():
                for octet in session.output():
                    writer.write(bytes([octet]))
                    await asyncio.sleep(0)
                was_secured = session.is_secured
                plain += session.receive(await reader.read(65_536))
                if session.is_secured and not was_secured:
                    session.send(message())
            session.close()
            writer.write(session.output())
            assert session.receive(await reader.read()) == b""
            assert session.is_ended or not one.stream.statistics().connections
            writer.close()

    play(loop, story())


def refused(loop: str, one: End, other: End, mine: str, theirs: str | None = None) -> None:
    """One end connects to the other; its flow fails, under this name at either end, and nothing is delivered."""

    async def story() -> None:
        async with Ends(one, other):
            flow = one.send(other.address, message())
            await one.recorder.until(lambda: one.recorder.failed == [flow])
            assert [why for why in one.counters if why.startswith(mine)]
            if theirs is not None:
                while not [why for why in other.counters if why.startswith(theirs)]:
                    other.counters.changed.clear()
                    await other.counters.changed.wait()
            assert other.recorder.received == []

    play(loop, story())


def test_a_certificate_of_another_domain_is_refused(loop: str, authority: Authority) -> None:
    refused(
        loop,
        tls_end(authority, "a.example"),
        tls_end(authority, "other.example"),
        "certificate refused: not of that peer",
    )


def test_a_wildcard_certificate_is_refused(loop: str, authority: Authority) -> None:
    one = tls_end(authority, "a.example")
    refused(loop, one, tls_end(authority, "*.example"), "certificate refused: not of that peer")


def test_an_expired_certificate_is_refused(loop: str, authority: Authority) -> None:
    tls = Tls.load([authority.issue("b.example", expired=True)], authority.file)
    one = tls_end(authority, "a.example")
    refused(loop, one, stream_end(tls=tls), "certificate refused: certificate has expired", "TLS failed")


def test_a_certificate_of_an_unknown_authority_is_refused(loop: str, authority: Authority, stranger: Authority) -> None:
    refused(
        loop,
        tls_end(authority, "a.example"),
        tls_end(stranger, "b.example"),
        "certificate refused: ",
    )


def test_a_client_of_an_unknown_authority_is_refused(loop: str, authority: Authority, stranger: Authority) -> None:
    mine = Tls.load([stranger.issue("a.example")], authority.file)
    one = stream_end(tls=mine, domain_of=lambda _: "b.example")
    refused(loop, one, tls_end(authority, "b.example"), "TLS failed", "certificate refused")


def test_a_client_without_a_certificate_is_refused_by_mutual_tls(loop: str, authority: Authority) -> None:
    one = stream_end(None, tls=Tls.load(trusted=authority.file), domain_of=lambda _: "b.example")
    refused(loop, one, tls_end(authority, "b.example"), "TLS failed", "TLS failed: peer did not return a certificate")


@pytest.mark.parametrize("clients", [Clients.ANONYMOUS, Clients.ASKED])
def test_a_client_without_a_certificate_is_nobody_where_that_is_allowed(
    loop: str, authority: Authority, clients: Clients
) -> None:
    async def story() -> None:
        one = stream_end(None, tls=Tls.load(trusted=authority.file), domain_of=lambda _: "b.example")
        other = tls_end(authority, "b.example", clients=clients)
        async with Ends(one, other):
            one.send(other.address, message())
            await other.recorder.until(lambda: other.recorder.messages == [message()])
            assert other.stream.identities(other.recorder.received[0][1]) == ()

    play(loop, story())


def test_the_application_may_refuse_an_identity(loop: str, authority: Authority) -> None:
    asked: list[tuple[str, ...]] = []

    def trusts(_: object, names: tuple[str, ...]) -> bool:
        asked.append(names)
        return False

    one, other = tls_end(authority, "a.example"), tls_end(authority, "b.example", trusts=trusts)
    refused(loop, one, other, "", "certificate refused: not of that peer")
    assert asked == [("a.example",)]


def test_a_peer_known_by_address_alone_proves_its_address(loop: str, authority: Authority) -> None:
    async def story() -> None:
        one = stream_end(tls=Tls.load([authority.issue("a.example")], authority.file))
        other = tls_end(authority, "127.0.0.1")
        async with Ends(one, other):
            one.send(other.address, message())
            await other.recorder.until(lambda: other.recorder.messages == [message()])

    play(loop, story())


def test_a_peer_known_by_address_alone_cannot_show_any_domain(loop: str, authority: Authority) -> None:
    one = stream_end(tls=Tls.load([authority.issue("a.example")], authority.file))
    refused(loop, one, tls_end(authority, "b.example"), "certificate refused: not of that peer")


def test_a_connection_to_one_domain_carries_no_messages_to_another_at_its_address(
    loop: str, authority: Authority
) -> None:
    expected = ["b.example"]

    async def story() -> None:
        one = tls_end(authority, "a.example", domain_of=lambda _: expected[0])
        other = tls_end(authority, "b.example", "c.example")
        async with Ends(one, other):
            one.send(other.address, message(1))
            expected[0] = "x.example"  # while the first one is still connecting
            flow = one.send(other.address, message(2))
            await one.recorder.until(lambda: flow in one.recorder.failed)
            await other.recorder.until(lambda: other.recorder.messages == [message(1)])
            assert one.counters["certificate refused: not of that peer"] == 1
            expected[0] = "b.example"
            one.send(other.address, message(3))
            expected[0] = "c.example"
            await other.recorder.until(lambda: other.recorder.messages == [message(1), message(3)])
            one.send(other.address, message(4))  # of the same certificate
            await other.recorder.until(lambda: other.recorder.messages[2:] == [message(4)])
            assert one.counters["opened"] == 3

    play(loop, story())


def test_an_answer_goes_back_by_its_connection_whatever_is_expected_there_now(loop: str, authority: Authority) -> None:
    expected = ["b.example"]

    async def story() -> None:
        one = tls_end(authority, "a.example", domain_of=lambda _: expected[0])
        other = tls_end(authority, "b.example", recorder={"answer": echo})
        async with Ends(one, other):
            one.send(other.address, message(1))
            await one.recorder.until(lambda: len(one.recorder.received) == 1)
            expected[0] = "x.example"
            one.send(other.address, message(2), otherwise=("127.0.0.1", 1))
            await one.recorder.until(lambda: one.recorder.messages == [message(1), message(2)])

    play(loop, story())


@pytest.mark.parametrize("domain", ["", ".x", "\0", "ü" * 80, "b.example\0"])
def test_a_domain_that_cannot_be_asked_for_fails_at_once(loop: str, authority: Authority, domain: str) -> None:
    async def story() -> None:
        async with Ends(tls_end(authority, "a.example", domain_of=lambda _: domain)) as (one,):
            flow = one.send(("127.0.0.1", 1), message())
            await one.recorder.until(lambda: one.recorder.failed == [flow])

    play(loop, story())


def test_plain_text_to_a_tls_port_is_refused(loop: str, authority: Authority) -> None:
    async def story() -> None:
        async with Ends(tls_end(authority, "b.example")) as (one,):
            reader, writer = await asyncio.open_connection(*one.address)
            writer.write(message())
            with contextlib.suppress(OSError):
                assert not (await reader.read()).startswith(b"SIP")
            writer.close()
            await one.recorder.until(lambda: len(one.recorder.failed) == 1)
            assert one.recorder.received == []
            assert [why for why in one.counters if why.startswith("TLS failed")]

    play(loop, story())


def test_ciphertext_that_is_none_ends_the_connection_and_fails_its_flow(loop: str, authority: Authority) -> None:
    async def story() -> None:
        one, other = tls_end(authority, "a.example"), tls_end(authority, "b.example", recorder={"answer": echo})
        async with Ends(one, other):
            flow = one.send(other.address, message())
            await one.recorder.until(lambda: len(one.recorder.received) == 1)
            one.stream._by_remote[flow.remote].sock.send(b"\x17\x03\x03\x00\x20" + bytes(32))
            await other.recorder.until(lambda: len(other.recorder.failed) == 1)
            await one.recorder.until(lambda: one.recorder.failed == [flow])
            assert [why for why in other.counters if why.startswith("TLS failed")]

    play(loop, story())


def test_a_handshake_that_stalls_is_closed(loop: str, authority: Authority) -> None:
    async def story() -> None:
        async with Ends(tls_end(authority, "b.example", limits=StreamLimits(sweep=0.01, handshake=0.05))) as (one,):
            with socket.create_connection(one.address) as peer:
                peer.sendall(b"\x16\x03\x01")
                await one.counters.until("handshake timed out")
                assert one.stream.statistics().connections == 0

    play(loop, story())


def test_versions_before_1_2_are_refused(authority: Authority) -> None:
    tls = Tls.load([authority.issue("b.example")], authority.file, Clients.ANONYMOUS)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError):
        shake(TlsSession.over(old, "b.example"), tls.accept())


def shake(client: TlsSession, server: TlsSession) -> None:
    client.receive(b"")
    for _ in range(4):
        server.receive(client.output())
        client.receive(server.output())
    assert client.is_secured
    assert server.is_secured


# Certificates.


def test_reloaded_certificates_serve_new_connections_and_old_ones_go_on(loop: str, authority: Authority) -> None:
    async def story() -> None:
        tls = Tls.load([authority.issue_as("ours", "old.example", "b.example")], authority.file)
        server = stream_end(tls=tls, recorder={"answer": echo})
        early, late = tls_end(authority, "a.example"), tls_end(authority, "c.example")
        async with Ends(server, early, late):
            early.send(server.address, message(1))
            await early.recorder.until(lambda: len(early.recorder.received) == 1)
            authority.issue_as("ours", "new.example", "b.example")
            tls.reload()
            late.send(server.address, message(2))
            await late.recorder.until(lambda: len(late.recorder.received) == 1)
            early.send(server.address, message(3))
            await early.recorder.until(lambda: len(early.recorder.received) == 2)
            assert early.stream.identities(early.flow(server.address)) == ("old.example", "b.example")
            assert late.stream.identities(late.flow(server.address)) == ("new.example", "b.example")
            assert server.counters == {"accepted": 2}

    play(loop, story())


@pytest.mark.parametrize("broken", [0, 1])
def test_a_reload_that_fails_changes_nothing(authority: Authority, broken: int) -> None:
    certificates = [authority.issue("b.example"), authority.issue("c.example")]
    tls = Tls.load(certificates, authority.file, Clients.ANONYMOUS)
    Path(certificates[broken].key).write_text("no key")
    with pytest.raises(OSError, match="PEM"):
        tls.reload()
    client = Tls.load(trusted=authority.file).connect("b.example")
    shake(client, tls.accept())
    assert identities(client.certificate()) == ("b.example",)


def test_a_key_that_needs_a_password_does_not_ask_the_terminal(authority: Authority) -> None:
    certificate = authority.issue("b.example")
    key = form.load_pem_private_key(Path(certificate.key).read_bytes(), None)
    sealed = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(b"secret"))
    Path(certificate.key).write_bytes(sealed)
    with pytest.raises(ssl.SSLError):
        Tls.load([certificate], authority.file)
    Tls.load([attrs.evolve(certificate, password="secret")], authority.file)
    assert "secret" not in repr(attrs.evolve(certificate, password="secret"))


@pytest.mark.parametrize(
    ("asked", "shown"), [("two.example", "two.example"), ("TWO.example", "two.example"), ("x.example", "one.example")]
)
def test_the_name_a_client_asks_for_chooses_the_certificate(authority: Authority, asked: str, shown: str) -> None:
    ours = [authority.issue("one.example"), authority.issue("two.example", serves=("two.example",))]
    server = Tls.load(ours, authority.file, Clients.ANONYMOUS).accept()
    client = Tls.load(trusted=authority.file).connect(asked)
    shake(client, server)
    assert identities(client.certificate()) == (shown,)


def test_a_named_certificate_asks_clients_for_theirs_like_the_first(authority: Authority) -> None:
    ours = [authority.issue("one.example"), authority.issue("two.example", serves=("two.example",))]
    server = Tls.load(ours, authority.file).accept()
    client = Tls.load([authority.issue("a.example")], authority.file).connect("two.example")
    shake(client, server)
    assert identities(server.certificate()) == ("a.example",)


def test_only_who_has_a_certificate_can_accept(authority: Authority) -> None:
    with pytest.raises(StateError):
        Tls.load(trusted=authority.file).accept()
    with pytest.raises(StateError):
        Tls((), None, Clients.NAMED).connect("b.example")


def test_no_session_is_resumed(authority: Authority) -> None:
    tls = Tls.load([authority.issue("b.example")], authority.file, Clients.ANONYMOUS)
    client = Tls.load(trusted=authority.file).connect("b.example")
    shake(client, tls.accept())
    session = client._tls.session
    assert session is None or not session.has_ticket


# Identities (RFC 5922 §7.1, §7.2).

SAN, SUBJECT = "subjectAltName", "subject"


def subject(*names: str) -> tuple[object, ...]:
    return ((("organizationName", "X"),), *((("commonName", name),) for name in names))


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        ({}, ()),
        ({SAN: (("URI", "sip:example.com"), ("DNS", "host.example.com"))}, ("example.com",)),
        ({SAN: (("URI", "sip:Example.COM"), ("URI", "sip:other.example"))}, ("example.com", "other.example")),
        ({SAN: (("URI", "sip:example.com:5061;transport=tls"),)}, ("example.com",)),
        ({SAN: (("URI", "SIP:example.com"),)}, ("example.com",)),
        ({SAN: (("URI", "sip:alice@example.com"), ("DNS", "example.org"))}, ("example.org",)),
        ({SAN: (("URI", "sip:alice@example.com"),), SUBJECT: subject("example.com")}, ()),
        ({SAN: (("URI", "sips:example.com"), ("URI", "im:example.com"), ("URI", "https://example.com"))}, ()),
        ({SAN: (("URI", "sip:"), ("URI", ""), ("URI", "sip:[::1"))}, ()),
        ({SAN: (("DNS", "example.com"), ("DNS", "example.com")), SUBJECT: subject("cn.example")}, ("example.com",)),
        ({SAN: (("DNS", "*.example.com"),)}, ("*.example.com",)),
        ({SAN: (("IP Address", "192.0.2.1"), ("DNS", "example.com"))}, ("example.com", "192.0.2.1")),
        ({SAN: (("email", "a@example.com"),), SUBJECT: subject("example.com")}, ()),
        ({SAN: (("IP Address", "2001:DB8:0:0:0:0:0:1\n"),)}, ("2001:db8::1",)),
        ({SAN: (("DNS", "192.0.2.1"), ("URI", "sip:192.0.2.2")), SUBJECT: subject("192.0.2.3")}, ()),
        ({SUBJECT: subject("192.0.2.1")}, ()),
        ({SUBJECT: subject("example.com")}, ("example.com",)),
    ],
)
def test_the_identities_of_a_certificate(certificate: Mapping[str, object], expected: tuple[str, ...]) -> None:
    assert identities(certificate) == expected


@pytest.mark.parametrize(
    ("domain", "names", "expected"),
    [
        ("example.com", ("example.com",), True),
        ("EXAMPLE.com.", ("example.com",), True),
        ("sip.example.com", ("example.com",), False),
        ("example.com", ("sip.example.com",), False),
        ("sip.example.com", ("*.example.com",), False),
        ("*.example.com", ("*.example.com",), False),
        ("", ("",), False),
        ("2001:DB8:0::1", ("2001:db8::1",), True),
        ("[2001:db8::1]", ("2001:db8::1",), True),
        ("example.com", (), False),
    ],
)
def test_a_domain_is_compared_whole(domain: str, names: tuple[str, ...], expected: bool) -> None:
    assert matches(domain, names) is expected


@given(st.dictionaries(st.sampled_from([SAN, SUBJECT]), st.tuples(st.tuples(st.text(max_size=9), st.text(max_size=9)))))
def test_no_certificate_makes_it_raise(certificate: Mapping[str, object]) -> None:
    identities(certificate)


# Reuse in the other direction (RFC 5923).


def reused(
    loop: str, caller: End, server: End, via: str, *, remote_port: int = 5099, transport_fails: bool = False
) -> None:
    """The caller's request comes with this Via; then the server's own request to that port takes the same connection.

    Or does not, and fails, since nobody listens at that port.
    """

    async def story() -> None:
        async with Ends(caller, server):
            caller.send(server.address, message(via=via))
            await server.recorder.until(lambda: len(server.recorder.received) == 1)
            flow = server.send(("127.0.0.1", remote_port), message(2))
            if transport_fails:
                await server.recorder.until(lambda: server.recorder.failed == [flow])
                return
            await caller.recorder.until(lambda: caller.recorder.messages == [message(2)])
            assert server.counters["opened"] == 0
            caller.stream.close(caller.flow(server.address))
            await server.recorder.until(lambda: flow in server.recorder.failed)
            assert server.recorder.failed == [server.recorder.received[0][1], flow]

    play(loop, story())


def expecting(authority: Authority, name: str, whom: str, clients: Clients = Clients.NAMED) -> End:
    return tls_end(authority, name, clients=clients, domain_of=lambda _: whom)


def test_a_proved_peer_is_reached_over_its_own_connection(loop: str, authority: Authority) -> None:
    caller, server = expecting(authority, "a.example", "b.example"), expecting(authority, "b.example", "a.example")
    reused(loop, caller, server, "SIP/2.0/TLS a.example:5099;alias")


def test_without_alias_nothing_is_reused(loop: str, authority: Authority) -> None:
    caller, server = expecting(authority, "a.example", "b.example"), expecting(authority, "b.example", "a.example")
    reused(loop, caller, server, "SIP/2.0/TLS a.example:5099", transport_fails=True)


def test_who_advertises_another_name_than_its_certificate_bears_is_not_reused(loop: str, authority: Authority) -> None:
    caller, server = expecting(authority, "a.example", "b.example"), expecting(authority, "b.example", "a.example")
    reused(loop, caller, server, "SIP/2.0/TLS c.example:5099;alias", transport_fails=True)


def test_a_proved_peer_is_not_reused_for_messages_to_another_domain(loop: str, authority: Authority) -> None:
    caller, server = expecting(authority, "a.example", "b.example"), expecting(authority, "b.example", "c.example")
    reused(loop, caller, server, "SIP/2.0/TLS a.example:5099;alias", transport_fails=True)


def test_a_peer_without_a_certificate_is_not_reused(loop: str, authority: Authority) -> None:
    caller = stream_end(None, tls=Tls.load(trusted=authority.file), domain_of=lambda _: "b.example")
    server = expecting(authority, "b.example", "a.example", clients=Clients.ANONYMOUS)
    reused(loop, caller, server, "SIP/2.0/TLS a.example:5099;alias", transport_fails=True)


def test_over_tcp_alias_means_nothing(loop: str) -> None:
    reused(loop, stream_end(), stream_end(), "SIP/2.0/TCP 127.0.0.1:5099;alias", transport_fails=True)
