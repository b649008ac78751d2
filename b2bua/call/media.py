"""The media of a call: which way it takes, and what of its messages that way has to do with.

Whether a description is an offer or an answer follows from its message and from the request that a response is to (RFC
3261 §13.2.1, RFC 3262 §5, RFC 3311 §5.1, RFC 6337 §2.2).
"""

from typing import TYPE_CHECKING, Final

from b2bua.call.acts import Alarm, Carry, Engage
from b2bua.config import Way
from b2bua.media.engaged import Engaged
from b2bua.media.ng import Command
from b2bua.media.session import Session
from b2bua.moment import Moment
from b2bua.trunk import Trunk
from sipstack.message import Message, Request, Response

if TYPE_CHECKING:
    from b2bua.call.leg import Leg
    from b2bua.call.pair import Pair

#: Who moves descriptions, and has somebody carry the packets.
Mover = Session | Engaged
#: What it wants done.
Wanted = Carry | Engage | Alarm
#: Messages whose body, and whose answer's, may describe the session.
_DESCRIBING: Final = frozenset({"INVITE", "UPDATE", "PRACK", "ACK"})
_OFFERING: Final = frozenset({"INVITE", "UPDATE"})


def may_describe(message: Message) -> bool:
    """Whether a description in it is one of offer and answer: in a failure it only says what somebody could do."""
    if isinstance(message, Request):
        return message.method in _DESCRIBING
    assert isinstance(message, Response), "a message is one or the other"
    return message.status < 300 and message.cseq.method in _DESCRIBING


def is_offer(message: Message, mover: Mover, side: int, *, offers: bool) -> bool:
    """Whether that side makes an offer by a message that may describe; `offers`: it is a response to an INVITE that has
    made none."""
    if isinstance(message, Response):
        return offers and message.cseq.method == "INVITE"
    assert isinstance(message, Request), "a message is one or the other"
    if message.method == "PRACK":  # it answers what a reliable response to an INVITE without a body has offered
        return mover.proposer != 1 - side
    return message.method in _OFFERING


def engaged_for(pair: "Pair", trunk: Trunk) -> Engaged | None:
    """Who speaks with the engine that has the media between the caller and that trunk; None where none has."""
    ways, caller, standing = pair.context.ways, pair.a.trunk, pair.media
    if ways.between(caller.name, trunk.name) is not Way.RTPENGINE:
        return None
    sides = ways.interfaces.get(caller.name, ""), ways.interfaces.get(trunk.name, "")
    if isinstance(standing, Engaged) and standing.sides == sides:
        return standing
    # To the engine it is another call, so that what ends the one before cannot end it.
    name = f"{standing.call}+" if isinstance(standing, Engaged) else pair.call
    return Engaged(call=name, sides=sides, passes=pair.is_emergency or ways.goes_past)


def provide(pair: "Pair", leg: "Leg", moment: Moment) -> list[Wanted]:
    """Gives the call who moves its descriptions on the way to that leg, and gives back what a try before it had.

    Raises MediaError where a trunk has no address for media of its family.
    """
    ways, caller, standing = pair.context.ways, pair.a, pair.media
    way = ways.between(caller.trunk.name, leg.trunk.name)
    if way is Way.RTPENGINE and isinstance(standing, Engaged):
        return []
    names = (caller.trunk.name, caller.socket.is_ipv6), (leg.trunk.name, leg.socket.is_ipv6)
    if isinstance(standing, Session) and standing.way is way and tuple(side.name for side in standing.sides) == names:
        return []
    acts = leave(pair, moment)
    if way in (Way.RELAY, Way.KERNEL):
        pair.media = ways.session(way, *names)
    return acts


def leave(pair: "Pair", moment: Moment) -> list[Wanted]:
    """Nobody relays the call's media any more."""
    standing, pair.media = pair.media, None
    if standing is None:
        return []
    if isinstance(standing, Session):
        standing.over(moment.tick)
    else:
        _ask(pair, standing.over())
    return wanted(pair, standing)


def chosen(pair: "Pair", branch: str) -> None:
    """That branch has accepted the call."""
    if pair.media is not None:
        _ask(pair, pair.media.chosen(branch))


def settled(pair: "Pair") -> None:
    """What was offered is agreed."""
    if pair.media is not None:
        pair.media.settled()


def refused(pair: "Pair") -> None:
    """What was offered has come to nothing."""
    if pair.media is not None:
        _ask(pair, pair.media.refused())


def wanted(pair: "Pair", mover: Mover) -> list[Wanted]:
    """What is to be done for its media before its next messages leave."""
    acts: list[Wanted] = [Engage(pair.call, command) for command in pair.asks]
    pair.asks.clear()
    if isinstance(mover, Session) and mover.orders:
        acts.append(Carry(pair.call, mover.way, tuple(mover.orders)))
        mover.orders.clear()
    acts += [Alarm("media", f"call {pair.call}: {fault}") for fault in mover.faults]
    mover.faults.clear()
    return acts


def is_undoing(pair: "Pair") -> bool:
    """Whether an engine is taking back what was refused."""
    return isinstance(pair.media, Engaged) and pair.media.is_undoing


def _ask(pair: "Pair", command: Command | None) -> None:
    if command is not None:
        pair.asks.append(command)
