"""Addresses, families and damaged messages, over real sockets: scenarios 57 to 60 of docs/scenarios.md."""

import pytest

from tests.peers.rig import Rig
from tests.scenarios.peer import Peer
from tests.scenarios.talk import ANSWER, OFFER, sdp
from tests.torture import rfc4475, rfc5118
from tests.world.party import Fields
from tests.world.wire import Wire

TYPED: Fields = [("Content-Type", "application/sdp")]


class Caller:
    """A dialog of ours, spoken from whichever socket."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0
        self.to = "<sip:+3293330000@box.example>"
        self.target = "sip:+3293330000@box.example"

    def fields(self, method: str, via: str, contact: str, number: int = 0) -> list[tuple[str, str]]:
        number = number or self.number
        return [
            ("Via", f"SIP/2.0/UDP {via};branch=z9hG4bK{self.name}{method}{number}"),
            ("Max-Forwards", "70"),
            ("From", f"<sip:+442079460000@foreign.example>;tag={self.name}"),
            ("To", self.to),
            ("Call-ID", self.name),
            ("CSeq", f"{number} {method}"),
            ("Contact", f"<sip:a@{contact}>"),
        ]

    def ask(self, peer: Peer, method: str, via: str = "", body: bytes = b"") -> None:
        """A new request; `via` is the sent-by and parameters, if not that of the socket."""
        self.number += method != "ACK"
        fields = self.fields(method, via or peer.address, peer.address)
        peer.say(f"{method} {self.target} SIP/2.0", [*fields, *(TYPED if body else ())], body)

    def take(self, answer: Wire) -> None:
        """Goes on in the dialog of that 2xx."""
        self.to, self.target = answer.first("to"), answer.contact


def calls(a: Peer, b: Peer, name: str, via: str = "") -> tuple[Caller, Wire]:
    """An answered call: the caller's dialog, and the INVITE that reached the callee."""
    caller = Caller(name)
    caller.ask(a, "INVITE", via, OFFER)
    invite = b.hear_request("INVITE")
    b.answer(invite, 200, [("Contact", f"<sip:b@{b.address}>"), *TYPED], ANSWER, tag="b")
    b.hear_request("ACK")
    caller.take(a.hear_status(200, "INVITE"))
    caller.ask(a, "ACK")
    return caller, invite


def hang_up(caller: Caller, a: Peer, b: Peer) -> None:
    caller.ask(a, "BYE")
    b.answer(b.hear_request("BYE"), 200)
    a.hear_status(200, "BYE")


def test_an_answer_goes_back_to_where_the_request_came_from_whatever_its_via_says(box: Rig) -> None:
    with Peer(box.foreign, box.foreign.odd) as a, Peer(box.national, box.national.peer) as b:
        caller, _ = calls(a, b, "behind-nat", "10.1.2.3:5099;rport")
        caller.ask(a, "INFO", "phone.invalid;rport")
        info = b.hear_request("INFO")
        b.answer(info, 200)
        answer = a.hear_status(200, "INFO")
        via = answer.first("via")
        assert f";rport={box.foreign.odd}" in via
        assert ";received=127.0.0.1" in via
        hang_up(caller, a, b)


def test_a_caller_on_ipv4_and_a_callee_on_ipv6_see_their_own_family_alone(box: Rig) -> None:
    with Peer(box.foreign, box.foreign.odd) as a, Peer(box.national, box.national.peer) as b:
        caller, invite = calls(a, b, "two-families")
        assert invite.start == f"INVITE sip:+3293330000@{b.address} SIP/2.0"
        own = f"[::1]:{box.national.listen}"
        assert invite.contact == f"sip:{own}"
        assert invite.first("via").startswith(f"SIP/2.0/UDP {own};branch=")
        assert b"127.0.0.1" not in invite.data
        assert caller.target == f"sip:127.0.0.1:{box.foreign.listen}"
        hang_up(caller, a, b)


def test_a_caller_that_moves_to_another_port_in_mid_call_is_followed(box: Rig) -> None:
    side = box.foreign
    with Peer(side, side.odd) as a, Peer(side, side.caller) as moved, Peer(box.national, box.national.peer) as b:
        caller, _ = calls(a, b, "moving")
        caller.ask(moved, "INVITE", body=sdp(4002, 2))
        change = b.hear_request("INVITE")
        b.answer(change, 200, [("Contact", f"<sip:b@{b.address}>"), *TYPED], sdp(5000, 2))
        b.hear_request("ACK")
        moved.hear_status(200, "INVITE")
        caller.ask(moved, "ACK")
        info = [("Via", f"SIP/2.0/UDP {b.address};branch=z9hG4bKmoved"), ("Max-Forwards", "70")]
        info += [("From", f"{change.first('to')}"), ("To", change.first("from"))]
        info += [("Call-ID", change.call_id), ("CSeq", "1 INFO")]
        b.say(f"INFO {change.contact} SIP/2.0", info)
        asked = moved.hear_request("INFO")
        assert asked.start == f"INFO sip:a@{moved.address} SIP/2.0"
        moved.answer(asked, 200)
        b.hear_status(200, "INFO")
        hang_up(caller, moved, b)


MESSAGES = (*rfc4475.MESSAGES, *rfc5118.MESSAGES)


def probe(peer: Peer, number: int) -> None:
    """A sound question is answered, whatever came before it."""
    fields = [
        ("Via", f"SIP/2.0/UDP {peer.address};branch=z9hG4bKprobe{number}"),
        ("Max-Forwards", "70"),
        ("From", "<sip:probe@foreign.example>;tag=p"),
        ("To", "<sip:box.example>"),
        ("Call-ID", f"probe-{number}"),
        ("CSeq", "1 OPTIONS"),
    ]
    peer.say("OPTIONS sip:box.example SIP/2.0", fields)
    answer = peer.hear(lambda wire: wire.status is not None and wire.call_id == f"probe-{number}")
    assert answer.status == 200


def mutated(caller: Caller, contact: str) -> list[bytes]:
    """Requests in the dialog, each with one thing wrong."""
    caller.number += 1
    fields = caller.fields("INFO", contact, contact)
    sound = "\r\n".join([f"INFO {caller.target} SIP/2.0", *(f"{name}: {value}" for name, value in fields), "\r\n"])
    return [
        change.encode("utf-8", "surrogateescape")
        for change in (
            sound.replace(f"CSeq: {caller.number} INFO\r\n", ""),
            sound.replace("INFO\r\n", "BYE\r\n", 1),
            sound.replace(f"CSeq: {caller.number}", "CSeq: 99999999999"),
            sound.replace(f"CSeq: {caller.number}", "CSeq: 0"),
            sound.replace(";tag=", ";tag=x", 1),
            sound.replace("SIP/2.0\r\n", "SIP/3.0\r\n", 1),
            sound.replace("Max-Forwards: 70", "Max-Forwards: -1"),
            sound.replace("Max-Forwards: 70", "Max-Forwards: 70\r\nContent-Length: 9999"),
            sound.replace("From: <", 'From: "\0 <'),
            sound.replace("To: <", "To: <<"),
            sound.replace("INFO ", "INFO\r\n ", 1),
            sound.replace("Call-ID: ", "Call-ID: \udcff"),
        )
    ]


@pytest.mark.parametrize("part", range(4))
def test_damaged_messages_between_its_steps_do_not_disturb_a_call(box: Rig, part: int) -> None:
    thrown = [message.data for message in MESSAGES[part::4]]
    with (
        Peer(box.foreign, box.foreign.odd) as a,
        Peer(box.foreign, box.foreign.caller) as odd,
        Peer(box.national, box.national.peer) as b,
    ):
        third = len(thrown) // 3
        caller = Caller(f"undisturbed-{part}")
        caller.ask(a, "INVITE", body=OFFER)
        invite = b.hear_request("INVITE")

        def sweep(messages: list[bytes], name: int) -> None:
            for serial, data in enumerate(messages):
                odd.throw(data)
                probe(odd, part * 1_000 + name * 100 + serial)

        sweep(thrown[:third], 1)
        b.answer(invite, 180, tag="b")
        a.hear_status(180, "INVITE")
        sweep(thrown[third : 2 * third], 2)
        b.answer(invite, 200, [("Contact", f"<sip:b@{b.address}>"), *TYPED], ANSWER, tag="b")
        b.hear_request("ACK")
        caller.take(a.hear_status(200, "INVITE"))
        caller.ask(a, "ACK")
        sweep(thrown[2 * third :], 3)
        sweep(mutated(caller, odd.address), 4)
        caller.ask(a, "INFO")
        b.answer(b.hear(lambda wire: wire.status is None and wire.method in ("INFO", "BYE")), 200)
        a.hear_status(200, "INFO")
        hang_up(caller, a, b)
