"""Digest authentication, both ways, without I/O (RFC 3261 §22, RFC 7616, RFC 8760).

    digest   Hash, Algorithm, Secret, Proof: the arithmetic
    client   DigestClient: answers 401 and 407, keeps credentials for later requests, checks the server's own proof
    server   DigestServer: challenges others and judges what they answer
    replay   which nonces have been used how far, in bounded memory

    fields = client.answer(request, response)      Authorization and Proxy-Authorization for the repetition, or None
    outcome = server.judge(request, now)           Authenticated | Challenged | Refused | Exempt

Start at `client` or `server`. This floor stands beside `transaction`, above `message`: nothing here sends, knows a
dialog or reads a clock; cnonces and nonces are made from random bytes that are an argument.
"""

from sipstack.auth.client import CREDENTIALS, Account, DigestClient, Known, repeated_in_ack
from sipstack.auth.digest import AVAILABLE, Algorithm, Hash, Proof, Secret, ha1, userhash
from sipstack.auth.replay import NonceMemory
from sipstack.auth.server import (
    Authenticated,
    Challenged,
    DigestServer,
    Exempt,
    Outcome,
    Protection,
    Refused,
)

__all__ = [
    "AVAILABLE",
    "CREDENTIALS",
    "Account",
    "Algorithm",
    "Authenticated",
    "Challenged",
    "DigestClient",
    "DigestServer",
    "Exempt",
    "Hash",
    "Known",
    "NonceMemory",
    "Outcome",
    "Proof",
    "Protection",
    "Refused",
    "Secret",
    "ha1",
    "repeated_in_ack",
    "userhash",
]
