"""Traces made by hand: a call that keeps every law, whose packets a test can change, drop or add to."""

from typing import Self

import attrs

from tests.trace.reading import Packet
from tests.trace.trace import Trace

ABROAD, HOME = "192.0.2.10:5060", "198.51.100.10:5060"
PEERS = {ABROAD: "192.0.2.1:5060", HOME: "198.51.100.1:5060"}
OFFER = b"v=0\r\no=- 7 1 IN IP4 203.0.113.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
ANSWER = OFFER.replace(b"- 7 1", b"- 8 1")
PROXY = "<sip:proxy.example;lr>"


def text(start: str, branch: str, *names: str, body: bytes = b"") -> bytes:
    """A message; its names are From tag, To tag ("" for none), Call-ID and CSeq, and then whatever lines there are."""
    from_, to, call_id, cseq, *more = names
    tagged = f";tag={to}" if to else ""
    lines = [
        start if start.startswith("SIP/") else f"{start} SIP/2.0",
        f"Via: SIP/2.0/UDP host.example;branch={branch}",
        f"From: <sip:caller@x.example>;tag={from_}",
        f"To: <sip:callee@x.example>{tagged}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq}",
        *more,
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


@attrs.define(eq=False)
class Story:
    """Packets by name."""

    packets: dict[str, Packet] = attrs.field(factory=dict)
    refused: tuple[str, ...] = ()

    def say(self, name: str, at: float, side: str, data: bytes, *, ours: bool = True) -> Self:
        """One more, or another of that name."""
        self.packets[name] = Packet(at, ours, side, peer=PEERS[side], data=data)
        return self

    def drop(self, *names: str) -> Self:
        for name in names:
            del self.packets[name]
        return self

    def change(self, name: str, old: str, new: str) -> Self:
        """Other bytes in a packet; its Content-Length stays."""
        data = self.packets[name].data
        assert old.encode() in data, (old, data)
        self.packets[name] = attrs.evolve(self.packets[name], data=data.replace(old.encode(), new.encode()))
        return self

    def carry(self, name: str, body: bytes) -> Self:
        """Another session description, or none."""
        head = self.packets[name].data.partition(b"\r\n\r\n")[0].split(b"\r\n")
        kept = [line for line in head if not line.startswith(b"Content-")]
        typed = [b"Content-Type: application/sdp"] if body else []
        data = b"\r\n".join([*kept, *typed, b"Content-Length: %d" % len(body), b"", body])
        self.packets[name] = attrs.evolve(self.packets[name], data=data)
        return self

    def move(self, name: str, at: float) -> Self:
        """The same at another time."""
        self.packets[name] = attrs.evolve(self.packets[name], at=at)
        return self

    def again(self, name: str, at: float, **changes: str) -> Self:
        """A copy of it; `changes` are bytes to replace in it."""
        copy = f"{name} at {at}"
        self.packets[copy] = attrs.evolve(self.packets[name], at=at)
        for old, new in changes.items():
            self.change(copy, old, new)
        return self

    def trace(self, *, is_whole: bool = True, slack: float = 0.0) -> Trace:
        """What the laws look at."""
        packets = sorted(self.packets.values(), key=lambda packet: packet.at)
        ours = [(ABROAD, ABROAD), (HOME, HOME)]
        return Trace.of(packets, is_whole=is_whole, slack=slack, refused=self.refused, ours=ours)


def call() -> Story:
    """Set up, answered, and hung up by the caller. Its INVITE has branch a1; the one that leaves has b1."""
    story = Story()
    near, far = ("<sip:caller@192.0.2.1>", f"<sip:{ABROAD}>"), (f"<sip:{HOME}>", "<sip:callee@198.51.100.1>")
    story.say(
        "invite",
        0.0,
        ABROAD,
        text(
            "INVITE sip:+321@192.0.2.10",
            "a1",
            "alice",
            "",
            "near",
            "1 INVITE",
            f"Contact: {near[0]}",
            "Max-Forwards: 70",
            body=OFFER,
        ),
        ours=False,
    )
    story.say("trying", 0.0, ABROAD, text("SIP/2.0 100 Trying", "a1", "alice", "", "near", "1 INVITE"))
    invite = (f"Contact: {far[0]}", "Max-Forwards: 69")
    story.say(
        "b invite",
        0.0,
        HOME,
        text("INVITE sip:+321@198.51.100.1", "b1", "we", "", "far", "1 INVITE", *invite, body=OFFER),
    )
    ringing = ("SIP/2.0 180 Ringing", "1 INVITE")
    b_ringing = text(ringing[0], "b1", "we", "bob", "far", ringing[1], f"Contact: {far[1]}")
    story.say("b ringing", 0.1, HOME, b_ringing, ours=False)
    story.say("ringing", 0.1, ABROAD, text(ringing[0], "a1", "alice", "us", "near", ringing[1], f"Contact: {near[1]}"))
    taken = ("SIP/2.0 200 OK", "1 INVITE")
    route = (f"Contact: {far[1]}", f"Record-Route: {PROXY}")
    story.say("b ok", 1.0, HOME, text(taken[0], "b1", "we", "bob", "far", taken[1], *route, body=ANSWER), ours=False)
    hop = (f"Route: {PROXY}", "Max-Forwards: 70")
    story.say("b ack", 1.0, HOME, text("ACK sip:callee@198.51.100.1", "b2", "we", "bob", "far", "1 ACK", *hop))
    told = f"Contact: {near[1]}"
    story.say("ok", 1.0, ABROAD, text(taken[0], "a1", "alice", "us", "near", taken[1], told, body=ANSWER))
    story.say("ack", 1.1, ABROAD, text("ACK sip:192.0.2.10", "a2", "alice", "us", "near", "1 ACK"), ours=False)
    story.say("bye", 9.0, ABROAD, text("BYE sip:192.0.2.10", "a3", "alice", "us", "near", "2 BYE"), ours=False)
    story.say("bye ok", 9.0, ABROAD, text("SIP/2.0 200 OK", "a3", "alice", "us", "near", "2 BYE"))
    story.say("b bye", 9.0, HOME, text("BYE sip:callee@198.51.100.1", "b3", "we", "bob", "far", "2 BYE", *hop))
    story.say("b bye ok", 9.1, HOME, text("SIP/2.0 200 OK", "b3", "we", "bob", "far", "2 BYE"), ours=False)
    return story


def refused() -> Story:
    """Cancelled by the caller while it rings, so that each side has its CANCEL, its 487 and an ACK with its branch."""
    story = call()
    kept = ("invite", "trying", "b invite", "b ringing", "ringing")
    story.drop(*(name for name in tuple(story.packets) if name not in kept))
    uri, b_uri = "sip:+321@192.0.2.10", "sip:+321@198.51.100.1"
    hops = "Max-Forwards: 70"
    story.say("cancel", 2.0, ABROAD, text(f"CANCEL {uri}", "a1", "alice", "", "near", "1 CANCEL"), ours=False)
    story.say("cancel ok", 2.0, ABROAD, text("SIP/2.0 200 OK", "a1", "alice", "us", "near", "1 CANCEL"))
    story.say("failure", 2.0, ABROAD, text("SIP/2.0 487 Terminated", "a1", "alice", "us", "near", "1 INVITE"))
    story.say("b cancel", 2.0, HOME, text(f"CANCEL {b_uri}", "b1", "we", "", "far", "1 CANCEL", hops))
    story.say("b cancel ok", 2.1, HOME, text("SIP/2.0 200 OK", "b1", "we", "bob", "far", "1 CANCEL"), ours=False)
    failure = text("SIP/2.0 487 Terminated", "b1", "we", "bob", "far", "1 INVITE")
    story.say("b failure", 2.2, HOME, failure, ours=False)
    story.say("b ack", 2.2, HOME, text(f"ACK {b_uri}", "b1", "we", "bob", "far", "1 ACK", hops))
    story.say("ack", 2.3, ABROAD, text(f"ACK {uri}", "a1", "alice", "us", "near", "1 ACK"), ours=False)
    return story
