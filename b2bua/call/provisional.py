"""Reliable provisional responses of an INVITE that forks, told in the one dialog that the caller has (RFC 3262).

Each branch counts its RSeq by itself (section 7.1), and the caller takes of one dialog only what is one higher than the
last (section 4): the second branch would never be acknowledged. So from the second branch on the numbers are ours, and
a PRACK goes to the branch whose response it names. While there is one branch, its numbers cross as they are.
"""

import re

from b2bua.call.leg import Leg
from sipstack.message import Headers, Response

#: Responses whose numbers are remembered; the oldest goes first.
REMEMBERED = 64

_RSEQ = re.compile(r"\s*(\d{1,10})\s*")
_RACK = re.compile(r"\s*(\d{1,10})\s+(\d+\s+\S+)\s*")


def number(leg: Leg, response: Response, reply: Response) -> None:
    """Gives the reply, which tells the caller a response of that leg to its first INVITE, the caller's next RSeq."""
    found = _RSEQ.fullmatch(response.headers.first("rseq") or "")
    if found is None:
        return
    origin, told = (response.to.tag or "", int(found[1])), leg.told
    known = next((rseq for rseq, sender in told.items() if sender == origin), None)
    if known is None:
        forked = any(tag != origin[0] for tag, _ in told.values())
        known = max(told) + 1 if forked else origin[1]
        told[known] = origin
        if len(told) > REMEMBERED:
            del told[next(iter(told))]
    if known != origin[1]:
        reply.headers.replace("rseq", str(known))


def turn_to_branch(leg: Leg, prack: Headers) -> None:
    """Makes that branch the leg's dialog whose response a PRACK of the caller names, now by the branch's own number."""
    found = _RACK.fullmatch(prack.first("rack") or "")
    sender = None if found is None else leg.told.get(int(found[1]))
    if found is None or sender is None:
        return
    tag, rseq = sender
    leg.dialog = leg.branches.get(tag, leg.dialog)
    if int(found[1]) != rseq:
        prack.replace("rack", f"{rseq} {found[2]}")
