"""The user agent core (RFC 3261 §8, §12 to §15): calls, for programs that are no B2BUA.

    agent        UserAgent: an endpoint; tells the application events, does the acts it returns
    events       what the application is told          acts     what it, and calls, want done
    call         Call: what can be done with any call  incoming, outgoing: until it stands
    session      one dialog of a call: offers, session timer, BYE
    sending      requests of ours: next hop, target after target, credentials, ACK to a 2xx
    attempt      one of them, and how far it has come
    unanswered   requests of theirs that the application passes over
    inspection   what is looked at before a request is taken (§8.2)
    registration REGISTER and its refreshes            enrolment: the same as the agent runs it
    listener, context, content

An application is one function:

    def application(event, now):
        match event:
            case Invited(call=call):
                return call.answer(SDP, now)
        return ()

`sipstack.net.serve` runs one over sockets. Start at `agent.py`; `examples/ua.py` is the shortest whole program.
"""

from sipstack.agent.acts import Act, Ask, Reply
from sipstack.agent.agent import Application, UserAgent
from sipstack.agent.call import Call
from sipstack.agent.context import Context
from sipstack.agent.enrolment import Enrolment
from sipstack.agent.events import (
    Concluded,
    Enrolled,
    Established,
    Event,
    Invited,
    Progressed,
    Reanswered,
    Received,
    Release,
    Released,
    Reoffered,
    Requested,
    Responded,
)
from sipstack.agent.incoming import IncomingCall
from sipstack.agent.inspection import Abilities, Refusal, inspect
from sipstack.agent.listener import Listener
from sipstack.agent.outgoing import OutgoingCall
from sipstack.agent.registration import Binding

__all__ = [
    "Abilities",
    "Act",
    "Application",
    "Ask",
    "Binding",
    "Call",
    "Concluded",
    "Context",
    "Enrolled",
    "Enrolment",
    "Established",
    "Event",
    "IncomingCall",
    "Invited",
    "Listener",
    "OutgoingCall",
    "Progressed",
    "Reanswered",
    "Received",
    "Refusal",
    "Release",
    "Released",
    "Reoffered",
    "Reply",
    "Requested",
    "Responded",
    "UserAgent",
    "inspect",
]
