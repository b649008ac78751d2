"""The early dialogs of a call whose INVITE forks: each branch of it is one on either side (RFC 3261 §12.1).

A branch is known by the callee's tag on the B leg. On the A leg another tag, of our own, stands for it, so that the
caller tells them apart as if there were nobody between: each has its own description of the session (§13.2.1),
its own sequence of reliable responses (RFC 3262 §3, §4) and its own count of requests. One of them is the current one
of both legs: that which the message at hand is of.
"""

from b2bua.call.copies import copied
from b2bua.call.leg import Branch, Leg
from b2bua.call.liveness import Liveness
from b2bua.call.pair import Pair
from sipstack.dialog import Dialog
from sipstack.message import Request, Response


def heard(pair: Pair, invite: Request, sent: Request, response: Response) -> tuple[Dialog, Dialog]:
    """The dialogs of the branch that a 101-299 is from, the caller's and the callee's, which are the current ones now.

    A branch that has not been heard before opens them. `invite` is the caller's INVITE, `sent` what it became. Raises
    ParseError when a Record-Route of the response cannot be read.
    """
    name = response.to.tag or ""
    near, far = pair.a, _far(pair)
    if name not in near.branches:
        theirs = Dialog.as_caller(sent, response)
        is_first = near.before is None and near.dialog is not None
        ours = near.dialog if is_first else Dialog.as_callee(invite, pair.context.ids.tag())
        assert ours is not None, "made when the call began"
        for leg, dialog in ((near, ours), (far, theirs)):
            leg.open(name, Branch(dialog, _anew(leg)))
    turn(pair, name)
    return near.branches[name].dialog, far.branches[name].dialog


def turn(pair: Pair, name: str) -> None:
    """Makes the dialogs of a branch the current ones, while there are several to choose from."""
    if name in pair.a.branches:
        pair.a.turn(name)
        _far(pair).turn(name)


def turn_for(pair: Pair, leg: Leg, request: Request) -> bool:
    """The same for a request of that leg; False when it is in none of our dialogs."""
    ours, theirs = request.to.tag or "", request.from_.tag or ""
    name = leg.branch_of(ours, theirs)
    if name is not None:
        turn(pair, name)
    return leg.is_in(ours, theirs)


def current(pair: Pair) -> str:
    """The name of the branch whose dialogs are the current ones; "" before there is any."""
    dialog = None if pair.b is None else pair.b.dialog
    return "" if dialog is None else dialog.remote_tag


def current_of(pair: Pair) -> str:
    """The same while the call rings, and there may be several; "" once one has accepted it."""
    return current(pair) if pair.a.branches else ""


def settle(pair: Pair) -> None:
    """The current branch has accepted the call: its dialogs are those of the call, and the caller has no other.

    The callee's others stay: whoever of them accepts the call too is hung up, and goes on counting (`fork.py`).
    """
    near, far = pair.a, _far(pair)
    assert near.dialog is not None, "made when the call began"
    near.tag = near.dialog.local_tag
    near.branches.clear()
    near.before = far.before = None


def close(pair: Pair) -> None:
    """The current branch is over, and the others, of which there are some, go on."""
    name = current(pair)
    for leg in (pair.a, _far(pair)):
        leg.leave(name)
    turn(pair, next(reversed(pair.a.branches)))


def _anew(leg: Leg) -> Liveness:
    """What that side has said of its session when a branch begins: what stands in the INVITE, and no other branch's."""
    if leg.before is None:
        leg.before = leg.liveness
    anew = copied(leg.before)
    anew.timer = copied(anew.timer)
    return anew


def _far(pair: Pair) -> Leg:
    assert pair.b is not None, "a branch is the B leg's"
    return pair.b
