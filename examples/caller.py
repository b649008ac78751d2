"""A user agent that places one call, talks for a second and hangs up.

python examples/caller.py sip:bob@127.0.0.1:5060 udp:127.0.0.1:5070 tcp:127.0.0.1:5070
"""

import asyncio
import sys

from sipstack.agent import Established, Released
from sipstack.net import open_station

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\n"


async def main(uri: str, *addresses: str) -> None:
    """One call."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()

    def application(event, now):
        print(type(event).__name__, flush=True)
        match event:
            case Established(call=call):
                loop.call_later(1.0, lambda: station.act(call.hang_up(loop.time())))
            case Released():
                loop.call_later(0.5, over.set_result, None)
        return ()

    station = open_station(application, addresses)
    _, acts = station.agent.invite(uri, SDP, caller="<sip:caller@127.0.0.1>")
    station.act(acts)
    await over
    station.stop()


asyncio.run(main(*sys.argv[1:]))
