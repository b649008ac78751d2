"""A user agent that takes every call: `python examples/ua.py udp:127.0.0.1:5060 tcp:127.0.0.1:5060`."""

import asyncio
import sys

from sipstack.agent import Invited, Reoffered
from sipstack.net import serve

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\n"


def application(event, now):
    """Ring, answer, and take whatever is offered."""
    match event:
        case Invited(call=call):
            return [*call.ring(now), *call.answer(SDP, now)]
        case Reoffered(call=call):
            return call.accept(SDP, now)
    return ()


asyncio.run(serve(application, *sys.argv[1:]))
