"""The stack on sockets of one's own: bytes and the time go in, what is to be sent comes out.

Two user agents in one process; one rings the other up. No asyncio, thread or timer is needed: the loop is one `select`.
"""

import os
import random  # noqa: TID251 - this program is the shell: chance, time and sockets are its part
import socket
import time  # noqa: TID251
from select import select

from sipstack import Flow, Ids, TransactionLayer, UserAgent
from sipstack.agent import Context, Established, Invited, Listener, Released

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\n"
released = []


def application(event, now):
    """Ring, answer, and hang up as soon as the call stands."""
    print(type(event).__name__)
    match event:
        case Invited(call=call):
            return [*call.ring(now), *call.answer(SDP, now)]
        case Established(call=call):
            return call.hang_up(now)
        case Released():
            released.append(event)
    return ()


def agent_on(sock):
    """A user agent that is reached at a socket."""
    sock.bind(("127.0.0.1", 0))
    host, port = sock.getsockname()
    context = Context(ids=Ids(os.urandom), dice=random.random)
    listeners = (Listener(name="ours", transport="UDP", host=host, port=port),)
    layer = TransactionLayer(context.timing, context.ids)
    return UserAgent(context=context, layer=layer, listeners=listeners, application=application)


def perform(sock, outputs):
    """Sends all; a name to look up would come as a `Locate`, but addresses need none."""
    for send in outputs:
        sock.sendto(send.data, send.flow.remote)


with socket.socket(type=socket.SOCK_DGRAM) as ours, socket.socket(type=socket.SOCK_DGRAM) as theirs:
    agents = {ours: agent_on(ours), theirs: agent_on(theirs)}
    _, acts = agents[ours].invite(f"sip:bob@127.0.0.1:{theirs.getsockname()[1]}", SDP, caller="<sip:alice@127.0.0.1>")
    perform(ours, agents[ours].do(acts, time.monotonic()))
    while len(released) < len(agents):
        due = min(agent.deadline() or time.monotonic() + 1 for agent in agents.values())
        ready, _, _ = select(agents, (), (), max(0.0, due - time.monotonic()))
        for sock, agent in agents.items():
            if sock in ready:
                data, source = sock.recvfrom(65_535)
                perform(sock, agent.receive(data, Flow("ours", source), time.monotonic()))
            perform(sock, agent.tick(time.monotonic()))
