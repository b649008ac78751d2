"""A whole user agent on real sockets of the loopback."""

import asyncio

import pytest

from sipstack.agent import Established, Invited, Released
from sipstack.errors import StateError
from sipstack.net import open_station

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"


def nothing(event, now):
    return ()


@pytest.mark.parametrize(
    "addresses",
    [
        ["udp:0.0.0.0:0"],
        ["udp:127.0.0.1:0", "tcp:[::]:0"],
        ["sctp:127.0.0.1:0"],
        ["udp:127.0.0.1"],
        ["udp:127.0.0.1:70000"],
        ["udp::5060"],
        ["127.0.0.1:5060"],
        ["tls:127.0.0.1:0"],
        [],
    ],
)
def test_what_is_no_address_to_be_reached_at_is_refused(addresses: list[str]) -> None:
    async def main() -> None:
        with pytest.raises(StateError):
            open_station(nothing, addresses)

    asyncio.run(main())


@pytest.mark.parametrize(("bound", "told"), [("0.0.0.0", "sip.example"), ("127.0.0.1", "192.0.2.1")])
def test_the_advertised_host_stands_in_via_and_contact(bound: str, told: str) -> None:
    async def main() -> None:
        station = open_station(nothing, [f"udp:{bound}:0"], advertised=told)
        call, _ = station.agent.invite("sip:bob@127.0.0.1", SDP, caller="<sip:alice@example.org>")
        assert call.invite.via.host == told
        assert call.invite.contact.uri.host == told
        station.stop()

    asyncio.run(main())


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_two_stations_have_a_call(transport: str) -> None:
    told: list[str] = []

    async def main() -> None:
        over = asyncio.get_running_loop().create_future()

        def answers(event, now):
            told.append(f"bob {type(event).__name__}")
            match event:
                case Invited(call=call):
                    return call.answer(SDP, now)
                case Released():
                    over.set_result(None)
            return ()

        def calls(event, now):
            told.append(f"alice {type(event).__name__}")
            return event.call.hang_up(now) if isinstance(event, Established) else ()

        bob = open_station(answers, [f"{transport}:127.0.0.1:0"], user="bob")
        alice = open_station(calls, [f"{transport}:127.0.0.1:0"], user="alice")
        place = bob.agent.listeners[0].contact().strip("<>")
        _, acts = alice.agent.invite(place, SDP, caller="<sip:alice@127.0.0.1>")
        alice.act(acts)
        await asyncio.wait_for(over, 10)
        for station in (alice, bob):
            station.stop()

    asyncio.run(main())
    assert told == ["bob Invited", "alice Established", "alice Released", "bob Established", "bob Released"]
