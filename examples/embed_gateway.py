"""A gateway in a program of one's own, beside its two carriers: a verdict of ours, and the evidence as it comes."""

import asyncio
import sys
from tempfile import TemporaryDirectory

import attrs

from b2bua import Gateway, Hooks, Record
from b2bua.config import Config, Endpoint, Journal, Peer, Route, Target, Trunk
from policy import Outcome, TrunkClass
from sipstack.agent import Invited
from sipstack.net import open_station

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\n"
NETWORK = sys.argv[1] if sys.argv[1:] else "127.77.0"
CALLERS = "+33612345678", "+3225551212", "+447700900123"


def verdict(claim, found):
    """The decree's verdict, or a harder one: callers on our own list do not pass."""
    ours = {finding.number for finding in found.findings} & {"+447700900123"}
    return attrs.evolve(found, outcome=Outcome.BLOCK) if ours else found


def trunk(name, kind, ours, theirs):
    """An interconnection: a socket of ours, and the one host behind it."""
    here, there = (Endpoint(f"{NETWORK}.{host}", 5060) for host in (ours, theirs))
    where = {"listen": (here,), "peers": (Peer.parse(there.host),), "targets": (Target(address=there),)}
    return Trunk(name=name, declared_class=kind, **where)


async def main(journal):
    """Three calls from abroad."""

    def carrier(event, now):
        return event.call.answer(SDP, now) if isinstance(event, Invited) else ()

    trunks = trunk("abroad", TrunkClass.INTERNATIONAL, 1, 2), trunk("home", TrunkClass.NATIONAL, 3, 4)
    config = Config(journal=Journal(directory=journal), trunk=trunks, route=(Route(source="abroad", to="home"),))
    async with Gateway(config, hooks=Hooks(verdict=verdict)) as gateway:
        notes = gateway.watch()
        abroad, home = (open_station(carrier, [f"udp:{NETWORK}.{host}:5060"]) for host in (2, 4))
        for caller in CALLERS:
            call, acts = abroad.agent.invite(f"sip:+3293330000@{NETWORK}.1", SDP, caller=f"<sip:{caller}@abroad>")
            abroad.act(acts)
            async for note in notes:
                match note:
                    case Record(kind="verdict", facts=facts):
                        print(caller, facts["verdict"], *facts["rules"])
                    case Record(kind="answer"):
                        abroad.act(call.hang_up(asyncio.get_running_loop().time()))
                    case Record(kind="end"):
                        break
        abroad.stop(), home.stop()


with TemporaryDirectory() as directory:
    asyncio.run(main(directory))
