"""Requests of our own inside the dialogs: session refreshes, and OPTIONS to a side that has gone quiet.

They end with the leg they go to and carry nothing of the other side but its session description, as it crossed. A
refresh is an UPDATE without a body where the peer takes one, else a re-INVITE with the session description that was
said there last, byte for byte (RFC 4028 §7.4), and no other part of the body it stood in.

A peer may change its session in the answer to such a re-INVITE. The other side sends its media by what it was told
last, so it is told at once, by a re-INVITE of its own; only the `o=` line, which some count up in every answer, is no
change. What is answered to that goes no further: two peers that answer each other for ever would never come to rest.

A re-INVITE of one side that it has taken back may have been accepted by the other in the same moment. To the one the
session stands as it was, so the other is told to go back to it.
"""

from typing import Final

from b2bua.call.acts import Abandon, Act, Alarm, Start, Transmit
from b2bua.call.decline import decline
from b2bua.call.description import Description, describes, session
from b2bua.call.leg import Leg
from b2bua.call.liveness import EXPIRED, GONE, Duty, state
from b2bua.call.pair import Pair
from b2bua.moment import Moment
from sipstack.dialog import back_off
from sipstack.effects import Cause
from sipstack.message import Headers, Request, Response

#: By what purpose our own requests to a leg are known.
OWN_A, OWN_B = "own a", "own b"
PURPOSES: Final = frozenset({OWN_A, OWN_B})
#: Finals that end the dialog they come in (RFC 3261 §12.2.1.2).
ENDS_DIALOG: Final = (408, 481)
#: How often a request goes out again after a 491, for a peer that says nothing else.
_MOST_REFUSALS: Final = 4
#: Seconds until we look again whether the way is free, and the least of a pause after a 491.
_PAUSE, _LEAST_PAUSE = 2.0, 0.5


def tick(pair: Pair, leg: Leg, moment: Moment, *, is_busy: bool) -> list[Act]:
    """Does what is due on a leg; `is_busy` while another request for its session is under way (§14.1).

    Where `leg.liveness.lost` is set after it, the call is to end.
    """
    live, acts = leg.liveness, list[Act]()
    while not live.lost and (duty := live.tick(moment.tick)) is not None:
        waits = is_busy or live.asked is not None
        match duty:
            case Duty.END:
                live.lost = EXPIRED
            case Duty.WITHDRAW:
                acts.append(Abandon(_purpose(pair, leg)))
            case Duty.PROBE:
                acts += _ask(pair, leg, "OPTIONS", None, moment)
            case Duty.REFRESH if waits:
                live.timer.put_off(moment.tick)
            case Duty.REFRESH:
                acts += _refresh(pair, leg, moment)
            case Duty.OFFER if waits:
                live.offer_at = moment.tick + _PAUSE
            case Duty.OFFER:
                acts += _ask(pair, leg, "INVITE", live.owed, moment)
    return acts


def answered(pair: Pair, purpose: str, response: Response, moment: Moment) -> list[Act]:
    """A response to a request of ours."""
    leg = _leg(pair, purpose)
    if leg.dialog is None or response.status < 200:
        return []
    acts: list[Act] = []
    if response.cseq.method == "INVITE" and response.status < 300:
        repeated = leg.acks.repeat(response)
        if repeated is not None:
            return [Transmit(leg.next_hop(), repeated)]
        acts.append(leg.acknowledge(response, leg.dialog, pair.context.ids, Headers(), b""))
    asked = leg.liveness.asked
    if asked is None or asked.cseq.number != response.cseq.number:
        return acts
    proved = leg.again(asked, response, leg.dialog, pair.context.ids)
    if proved is not None:
        leg.liveness.asked = proved
        return [Start(purpose, proved, leg.next_hop())]
    leg.liveness.asked = leg.liveness.answer_by = None
    if response.status < 300:
        return acts + _accepted(pair, leg, asked, response, moment)
    return _refused(pair, leg, asked, response, moment)


def failed(pair: Pair, purpose: str, cause: Cause, moment: Moment) -> list[Act]:
    """A request of ours will have no response: after 64*T1 of silence nobody is there (RFC 4028 §10).

    Not everybody answers an OPTIONS in a dialog, or its first copy: that must be met by silence twice.
    """
    live, now = _leg(pair, purpose).liveness, moment.tick
    asked, live.asked, live.answer_by = live.asked, None, None
    if asked is None:
        return []
    is_silence = cause is Cause.TIMEOUT
    if asked.method == "OPTIONS":
        live.missed(now, 0.0 if is_silence else pair.context.timing.give_up)
    elif is_silence:
        live.lost = GONE
    else:
        return _put_off(pair, _leg(pair, purpose), asked, now)
    return []


def start_again(pair: Pair, purpose: str, moment: Moment) -> list[Act]:
    """A request of ours has lost its transaction: a re-INVITE goes out once more, for a 2xx of its wants an ACK, and
    is taken back again if it was. Anything else has failed, and a new one is made in its time."""
    leg = _leg(pair, purpose)
    live, asked = leg.liveness, leg.liveness.asked
    if asked is None:
        return []
    if asked.method == "INVITE":
        start = Start(purpose, asked, leg.next_hop())
        return [start, Abandon(purpose)] if live.answer_by is None else [start]
    live.asked = None
    if asked.method == "OPTIONS":
        live.probe_at = moment.tick
        return []
    return _put_off(pair, leg, asked, moment.tick)


def retract(pair: Pair, leg: Leg, sent: Request, response: Response, moment: Moment) -> list[Act]:
    """That leg has accepted a re-INVITE which its sender has taken back: its ACK, and the session as it stood before.

    An offer that was accepted is undone by another, of what had been said before. One that came with the 2xx must be
    answered in the ACK (RFC 3261 §13.2.2.4): by that same description where it fits, else by declining every stream.
    """
    assert leg.dialog is not None, "accepted within a dialog"
    live, ids = leg.liveness, pair.context.ids
    answer, acts = (Headers(), b""), list[Act]()
    stays = not describes(sent.headers, sent.body)
    if stays and describes(response.headers, response.body):
        stays = live.said is not None and _streams(live.said.body) == _streams(response.body)
        if live.said is not None and stays:
            answer = Headers.of(live.said.fields), live.said.body
        else:
            answer = decline(response, is_ipv6=leg.socket.is_ipv6)
        acts += _pass_on(pair, leg, response, moment) if _is_news(leg, response) else []
    if not stays and live.said is not None:
        live.owed, live.offer_at = live.said, moment.tick
    return [leg.acknowledge(response, leg.dialog, ids, *answer), *acts]


def give_up(pair: Pair) -> list[Act]:
    """The call ends: a re-INVITE of ours that rings would wait for ever (RFC 3261 §17.1.1.2)."""
    acts: list[Act] = []
    for leg in (pair.a, pair.b):
        if leg is not None and offers(leg):
            leg.liveness.asked = leg.liveness.answer_by = None
            acts.append(Abandon(_purpose(pair, leg)))
    return acts


def inviting(pair: Pair) -> list[tuple[str, Leg, Request]]:
    """The re-INVITEs of ours that are under way: purpose, leg and request."""
    asked = [(leg, leg.liveness.asked) for leg in (pair.a, pair.b) if leg is not None]
    return [(_purpose(pair, leg), leg, sent) for leg, sent in asked if sent is not None and sent.method == "INVITE"]


def offers(leg: Leg) -> bool:
    """Whether a re-INVITE of ours waits for its response there."""
    asked = leg.liveness.asked
    return asked is not None and asked.method == "INVITE"


def updates(leg: Leg) -> bool:
    """The same of an UPDATE."""
    asked = leg.liveness.asked
    return asked is not None and asked.method == "UPDATE"


def _refresh(pair: Pair, leg: Leg, moment: Moment) -> list[Act]:
    live = leg.liveness
    # Without a description there is nothing to say again, and an INVITE without a body would ask for a new offer.
    if live.updates or live.said is None:
        return _ask(pair, leg, "UPDATE", None, moment)
    return _ask(pair, leg, "INVITE", live.said, moment)


def _ask(pair: Pair, leg: Leg, method: str, description: Description | None, moment: Moment) -> list[Act]:
    live = leg.liveness
    sent = leg.request(method, pair.context.ids)
    if method != "OPTIONS":
        state(sent, live.timer.request_fields())
    if description is not None:
        sent.headers.extend(Headers.of(description.fields))
        sent.body = description.body
    # What was said here before has passed the guard; what the other side has just answered has not.
    shown = pair.leaks(sent) if leg is pair.b and description is not live.said else None
    if shown is not None:
        live.owed = None
        return [Alarm("egress guard", f"call {pair.call}: {shown} of our {method} showed what must not be seen")]
    leg.prove(sent, pair.context.ids)
    live.asked = sent
    live.answer_by = moment.tick + pair.context.no_answer if method == "INVITE" else None
    return [Start(_purpose(pair, leg), sent, leg.next_hop())]


def _accepted(pair: Pair, leg: Leg, asked: Request, response: Response, moment: Moment) -> list[Act]:
    live = leg.liveness
    live.refusals = 0
    if asked.method == "OPTIONS":
        return []
    live.learn(response)
    live.timer.accepted(response, moment.tick)
    if leg.dialog is not None:
        leg.dialog.refresh_by(response)
    if asked.method == "UPDATE":
        return []
    if is_owed := _is_owed(leg, asked):
        live.say(Description.of(asked.headers, asked.body))
    if not describes(response.headers, response.body):
        return []
    if not _is_news(leg, response):
        return []
    if is_owed:
        pair.carried(leg, response, moment)  # it goes no further, but its media goes by it
        return []
    return _pass_on(pair, leg, response, moment)


def _is_news(leg: Leg, response: Response) -> bool:
    """Takes note of what that side has said of its session; whether it has said something else before."""
    live = leg.liveness
    before, live.heard = live.heard, session(response.headers, response.body)
    return not _same(before, live.heard)


def _pass_on(pair: Pair, leg: Leg, response: Response, moment: Moment) -> list[Act]:
    """The answer to a refresh says something new: the other side shall hear it."""
    other = pair.other(leg)
    carried = pair.carried(leg, response, moment)
    if other is None or not carried.body:
        return [_unheard(pair, leg, "may not cross")]
    other.liveness.owed = Description.of(carried.headers, carried.body)
    other.liveness.offer_at = moment.tick
    return []


def _refused(pair: Pair, leg: Leg, asked: Request, response: Response, moment: Moment) -> list[Act]:
    live, status = leg.liveness, response.status
    if status in ENDS_DIALOG:
        live.lost = GONE
        return []
    if asked.method == "OPTIONS":
        return []  # whatever it says, somebody has said it
    if status == 422 and live.timer.too_small(response):
        return _ask(pair, leg, asked.method, _description(leg, asked), moment)
    if status == 491 and live.refusals < _MOST_REFUSALS:
        live.refusals += 1
        _again(pair, leg, asked, moment.tick)
        return []
    live.refusals = 0
    if asked.method == "UPDATE" and status != 491:
        live.updates = False  # whatever it does not like about one without a body: the next refresh is a re-INVITE
    return _put_off(pair, leg, asked, moment.tick)


def _again(pair: Pair, leg: Leg, asked: Request, now: float) -> None:
    """After the pause of §14.1, in which a request of theirs has its time."""
    assert leg.dialog is not None, "asked within a dialog"
    dice = int.from_bytes(pair.context.ids.randbytes(4)) / 2**32
    at = now + max(_LEAST_PAUSE, back_off(dice, owns_call_id=leg.dialog.is_caller))
    if _is_owed(leg, asked):
        leg.liveness.offer_at = at
    elif leg.liveness.timer.we_refresh:
        leg.liveness.timer.refresh_at = at


def _put_off(pair: Pair, leg: Leg, asked: Request, now: float) -> list[Act]:
    """It has failed, and the session stands as it was: a refresh is tried again before its end, an offer is not."""
    leg.liveness.timer.put_off(now)
    if not _is_owed(leg, asked):
        return []
    leg.liveness.owed = None
    return [_unheard(pair, pair.other(leg) or leg, "was refused across")]


def _unheard(pair: Pair, leg: Leg, why: str) -> Alarm:
    side = leg.trunk.name
    return Alarm("session", f"call {pair.call}: what {side} changed in its answer to a refresh {why}")


def _description(leg: Leg, asked: Request) -> Description | None:
    if asked.method != "INVITE":
        return None
    return leg.liveness.owed if _is_owed(leg, asked) else leg.liveness.said


def _is_owed(leg: Leg, asked: Request) -> bool:
    owed = leg.liveness.owed
    return asked.method == "INVITE" and owed is not None and asked.body == owed.body


def _same(before: bytes, after: bytes) -> bool:
    """Whether two descriptions differ in no line but `o=`."""
    return before == after or _lines(before) == _lines(after)


def _lines(body: bytes) -> list[bytes]:
    return [line.rstrip(b"\r") for line in body.split(b"\n") if not line.startswith(b"o=")]


def _streams(body: bytes) -> int:
    """An answer has as many as its offer (RFC 3264 §6)."""
    return sum(line.startswith(b"m=") for line in body.split(b"\n"))


def _purpose(pair: Pair, leg: Leg) -> str:
    return OWN_A if leg is pair.a else OWN_B


def _leg(pair: Pair, purpose: str) -> Leg:
    leg = pair.a if purpose == OWN_A else pair.b
    assert leg is not None, "asked of a leg that is there"
    return leg
