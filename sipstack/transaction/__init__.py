"""Transactions: RFC 3261 §17 with RFC 6026, and what of §18 needs no socket.

    bytes ──receive──▶ TransactionLayer ──▶ effects: Send, Incoming, Cancelled, Answered, Failed, Ended, Dropped
    user ──request, respond, repeat, cancel──▶   ▲ one Key and one Flow for each
                                                 │
                        ClientInvite · Client · ServerInvite · Server      (one machine a file)

Start with `base.py` (a state and two deadlines), then `client_invite.py` beside figure 5 of the RFC; `layer.py` pairs
machines with keys (`key.py`) and flows (`routing.py`) and finds them again in its `table.py`. Time comes in as `now`;
nothing here is woken by itself: when `deadline()` has come, call `tick(now)`.
"""

from sipstack.transaction.base import State, Transaction
from sipstack.transaction.client import Client
from sipstack.transaction.client_invite import ClientInvite
from sipstack.transaction.key import client_key, client_key_of, sent_by, server_key
from sipstack.transaction.layer import Statistics, TransactionLayer
from sipstack.transaction.routing import note_source, reopened_flow, reply_flow
from sipstack.transaction.server import Server
from sipstack.transaction.server_invite import ServerInvite

__all__ = [
    "Client",
    "ClientInvite",
    "Server",
    "ServerInvite",
    "State",
    "Statistics",
    "Transaction",
    "TransactionLayer",
    "client_key",
    "client_key_of",
    "note_source",
    "reopened_flow",
    "reply_flow",
    "sent_by",
    "server_key",
]
