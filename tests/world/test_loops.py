"""Calls that come back: a loop ends with 482, or 483 where it cannot be seen, and a spiral goes on (RFC 3261 §16.3)."""

import re
from collections.abc import Callable

import attrs
import pytest

from b2bua.config import Config, Endpoint, Peer, Route, Target
from tests.world.party import Party
from tests.world.scene import CONFIG, HOME_SOCKET, SPARE, Scene
from tests.world.wire import Wire, write

Change = Callable[[str], str]
#: A Via of the proxy at home.
HOP = f"SIP/2.0/UDP {SPARE};branch=z9hG4bKhop"


def config(target: str) -> Config:
    """The trunk at home leads to the proxy, or to its own socket."""
    abroad, home = CONFIG.trunk
    peers = (*home.peers, Peer.parse("198.51.100.2"), Peer.parse("198.51.100.10"))
    home = attrs.evolve(home, peers=peers, targets=(Target(address=Endpoint.parse(target)),))
    return attrs.evolve(CONFIG, trunk=(abroad, home))


class Mirror(Party):
    """Our own socket as a peer: what is sent there comes in."""

    def receive(self, data: bytes) -> None:
        self.seen.append(Wire.read(data))
        self.world.send(self, data)


class Proxy(Party):
    """A stateless proxy at home that sends every INVITE back to us, its Request-URI changed by `change`."""

    change: Change
    is_loud: bool = False
    """Whether it writes the branches of others in capitals."""

    def receive(self, data: bytes) -> None:
        wire = Wire.read(data)
        self.seen.append(wire)
        if wire.status is None:
            text = data.decode()
            lines = (text.replace(wire.branch, wire.branch.upper()) if self.is_loud else text).split("\r\n")
            hop = f"{HOP}{wire.branch[-12:]}"
            lines[0] = re.sub(r" \S+ ", lambda uri: f" {self.change(uri[0].strip())} ", lines[0], count=1)
            lines.insert(1, f"Via: {hop}")
            self.world.send(self, "\r\n".join(lines).encode())
        else:
            kept = data.decode().split("\r\n")
            kept.pop(next(at for at, line in enumerate(kept) if line.startswith("Via:")))
            self.world.send(self, "\r\n".join(kept).encode())


class Hiding(Party):
    """A back-to-back user agent at home that sends every INVITE back to us and hides all but Max-Forwards."""

    hidden: dict[str, Wire]

    def receive(self, data: bytes) -> None:
        wire = Wire.read(data)
        self.seen.append(wire)
        if wire.status is not None:
            if wire.status >= 200:
                self.world.send(self, self._ack_failure(wire))
            first = self.hidden[wire.branch]
            self.respond(first, wire.status, tag=f"{wire.to_tag or 'x'}")
        elif wire.method == "INVITE":
            number = len(self.hidden)
            via = f"SIP/2.0/UDP {self.address};branch=z9hG4bKhiding{number}"
            fields = [("Via", via), ("Max-Forwards", str(int(wire.first("max-forwards")) - 1))]
            fields += [("From", f"<sip:x@x>;tag=hiding-{number}"), ("To", "<sip:y@y>"), ("Call-ID", f"hiding-{number}")]
            fields += [("CSeq", "1 INVITE"), self._contact()]
            again = write(wire.start.replace(self.address, HOME_SOCKET), fields)
            self._requests[f"z9hG4bKhiding{number}", "INVITE"] = Wire.read(again)
            self.hidden[f"z9hG4bKhiding{number}"] = wire
            self.world.send(self, again)


def through_a_proxy(change: Change) -> Scene:
    """The proxy's calls back to a number abroad are answered by the caller."""
    scene = Scene(config=config("198.51.100.2"), is_traced=False)
    scene.spare = proxy = Proxy("spare", SPARE, HOME_SOCKET, scene)
    proxy.change = change
    scene.callee = Mirror("callee", HOME_SOCKET, HOME_SOCKET, scene)
    return scene


def to_abroad(uri: str) -> str:
    return f"sip:+33155555555@{HOME_SOCKET}"


def test_a_trunk_whose_target_is_its_own_socket_gets_its_call_back_once_and_ends_it() -> None:
    with Scene(config=config("198.51.100.10"), is_traced=False) as world:
        world.callee = mirror = Mirror("callee", HOME_SOCKET, HOME_SOCKET, world)
        session = world.caller.invite()
        world.run(5)
        assert session.statuses == [100, 482]
        assert len(mirror.requests("INVITE")) == 1
        assert world.core.counters["refused: loop"] == 1
    assert [record.kind for record in world.records] == ["verdict", "end"]


@pytest.mark.parametrize(
    "change",
    [
        lambda uri: uri,
        lambda uri: f"sip:+3293330000@{HOME_SOCKET};user=phone",
        lambda uri: f"sip:003293330000@{HOME_SOCKET}",
        lambda uri: "tel:+32-9-333.00.00",
    ],
)
def test_a_call_that_comes_back_for_the_same_number_is_a_loop(change: Change) -> None:
    with through_a_proxy(change) as world:
        session = world.caller.invite()
        world.run(5)
        assert session.statuses == [100, 482]
        assert len(world.spare.requests("INVITE")) == 1


def test_our_via_is_known_again_in_capitals() -> None:
    with through_a_proxy(lambda uri: uri) as world:
        assert isinstance(world.spare, Proxy)
        world.spare.is_loud = True
        session = world.caller.invite()
        world.run(5)
        assert session.final == 482


@pytest.mark.parametrize(
    "change",
    [
        to_abroad,
        lambda uri: f"sip:+3293330000;npdi;rn=+33999@{HOME_SOCKET}",
        lambda uri: f"sip:+3293330000@{HOME_SOCKET};npdi;rn=+33999",
    ],
)
def test_a_call_that_is_forwarded_or_ported_at_home_is_a_spiral_and_goes_on(change: Change) -> None:
    with through_a_proxy(change) as world:
        session = world.caller.invite()
        world.run(5)
        assert session.final == 200
        back = world.caller.sessions[-1]
        assert not back.is_caller
        assert int(back.invite.first("max-forwards")) == 68
        world.caller.bye(session)
        world.run(1)
        assert back.is_over


def test_a_loop_that_hides_its_way_ends_when_its_hops_are_used_up() -> None:
    looping = config("198.51.100.2")
    looping = attrs.evolve(looping, route=(*looping.route, Route(source="home", prefix="+32", to="home")))
    with Scene(config=looping, is_traced=False) as world:
        world.spare = hiding = Hiding("spare", SPARE, HOME_SOCKET, world)
        hiding.hidden = {}
        session = world.caller.invite()
        world.run(10)
        assert session.final == 483
        assert len(hiding.requests("INVITE")) == 35
        assert world.core.statistics().calls == 0


def test_a_via_of_ours_that_is_of_no_open_call_is_no_loop() -> None:
    with Scene(is_traced=False) as world:
        via = ("Via", "SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bK0123456789abcdef01234567;rport")
        first = world.caller.invite(headers=[via])
        world.run(3)
        (invite,) = world.callee.requests("INVITE")
        second = world.caller.invite(headers=[("Via", invite.first("via"))])
        world.run(3)
        assert (first.final, second.final) == (200, 200)
        world.caller.bye(first)
        world.caller.bye(second)


def test_vias_that_cannot_be_read_and_vias_without_end_are_no_loop() -> None:
    with Scene() as world:
        damaged = world.caller.invite(headers=[("Via", "SIP/2.0/UDP"), ("Via", "SIP/2.0/UDP x;branch=")])
        many = world.caller.invite(headers=[("Via", f"SIP/2.0/UDP x;branch=z9hG4bK{at}") for at in range(200)])
        world.run(3)
        assert (damaged.final, many.final) == (200, 200)
        world.caller.bye(damaged)
        world.caller.bye(many)
