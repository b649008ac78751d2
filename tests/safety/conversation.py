"""What follows an INVITE: an answer, an ACK, and a caller who goes on telling who he is, in whatever may come."""

import random

from tests.safety.draft import may
from tests.safety.hiding import PHRASE, SESSION, TEXT, Secret, later, secret, spell
from tests.safety.stand import SDP, Invite, Stand
from tests.safety.wire import Seen, octets, read

#: Methods that a caller may send in the dialog, the last of them unheard of.
METHODS = ("INVITE", "UPDATE", "INFO", "MESSAGE", "PRACK", "OPTIONS", "NOTIFY", "REFER", "PUBLISH-42")


def play(rng: random.Random, stand: Stand, invite: Invite, number: Secret) -> Secret:
    """The whole call after the INVITE has gone through; the number that was new in it."""
    arrived = next(seen for seen in map(read, stand.sent) if seen.method == "INVITE")
    other = secret(rng, other=number, country=number.country)
    if may(rng, 0.3):
        stand.give(invite.data, stand.caller)  # a retransmission
        stand.wait(0.6)  # and ours
    if may(rng, 0.7):
        reliable = ["Require: 100rel", "RSeq: 1"] if may(rng, 0.5) else []
        stand.answer(arrived, rng.choice(("180 Ringing", "183 Session Progress")), reliable, SDP)
        if reliable:
            lines, caller = _lines(rng, number, other)
            stand.request(invite, "PRACK", [*lines, "RAck: 1 1 INVITE"], caller=caller)
            _respond(rng, stand)
        if may(rng, 0.3):
            lines, caller = _lines(rng, number, other)
            stand.request(invite, "UPDATE", [*lines, "Content-Type: application/sdp"], SDP, caller=caller)
            _respond(rng, stand)
    if may(rng, 0.15):
        stand.request(invite, "CANCEL", [*_lines(rng, number, other)[0], _reason(rng, number)])
        stand.answer(arrived, "487 Request Terminated")
        return other
    stand.answer(arrived, "200 OK", ["Content-Type: application/sdp"], SDP)
    lines, caller = _lines(rng, number, other)
    stand.request(invite, "ACK", lines, caller=caller)
    for _ in range(rng.choice((0, 1, 2, 3))):
        if may(rng, 0.35):
            _callee_asks(rng, stand, arrived, number, other)
        else:
            _caller_goes_on(rng, stand, invite, number, other)
    lines, caller = _lines(rng, number, other)
    stand.request(invite, "BYE", [*lines, _reason(rng, number)], caller=caller)
    return other


def _lines(rng: random.Random, number: Secret, other: Secret) -> tuple[list[str], str]:
    known = may(rng, 0.6)
    return later(rng, number if known else other, known=known)


def _reason(rng: random.Random, number: Secret) -> str:
    written = "" if number.is_whole else spell(rng, number, TEXT).replace('"', "").replace("\\", "")
    return f'Reason: SIP;cause=487;text="{written}"'


def _caller_goes_on(rng: random.Random, stand: Stand, invite: Invite, number: Secret, other: Secret) -> None:
    method = rng.choice(METHODS)
    lines, caller = _lines(rng, number, other)
    body = SDP
    if method not in ("INVITE", "UPDATE") and not number.is_whole:
        body = octets(f"call {spell(rng, number, TEXT)}")
    kind = "application/sdp" if body is SDP else "text/plain"
    before = len(stand.sent)
    stand.request(invite, method, [*lines, f"Content-Type: {kind}"], body, caller=caller)
    if len(stand.sent) > before and _respond(rng, stand) and method == "INVITE":
        lines, caller = _lines(rng, number, other)
        stand.request(invite, "ACK", lines, caller=caller)


def _respond(rng: random.Random, stand: Stand) -> bool:
    """The callee's 200 to the last request it got."""
    last = read(stand.sent[-1])
    if not last.is_request or (last.method in ("INVITE", "ACK") and last.get("to").find(";tag=") < 0):
        return False
    stand.answer(last, "200 OK", ["Content-Type: application/sdp"], SDP)
    return True


def _callee_asks(rng: random.Random, stand: Stand, arrived: Seen, number: Secret, other: Secret) -> None:
    """A request of the callee, and the caller's response to it, which may say who answers too."""
    before = len(stand.got)
    method = rng.choice(("INVITE", "UPDATE", "INFO", "MESSAGE"))
    stand.callee_request(arrived, method, ["Content-Type: application/sdp"], SDP)
    asked = next((seen for seen in stand.new(stand.got, before) if seen.is_request and seen.method == method), None)
    if asked is None:
        return
    for answer in rng.choice((("200 OK",), ("183 Session Progress", "200 OK"), ("488 Not Acceptable Here",))):
        lines, _ = _lines(rng, number, other)
        status, body = answer, SDP
        if not number.is_whole and may(rng, 0.3):
            status = f"{answer} {spell(rng, number, PHRASE)}"
        if not number.is_whole and may(rng, 0.3):
            body = SDP.replace(b"s=-", b"s=" + octets(spell(rng, number, SESSION)))
        stand.caller_answer(asked, status, [*lines, "Content-Type: application/sdp"], body)
    if method == "INVITE":
        stand.callee_request(arrived, "ACK")
