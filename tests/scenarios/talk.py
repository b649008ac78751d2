"""What the scenarios have in common: a call that rings, a call that talks, and what was answered to one request."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.world.party import Fields, Party, Session
from tests.world.scene import Scene
from tests.world.wire import Wire


def sdp(port: int = 4000, version: int = 1, *lines: str, host: str = "203.0.113.9") -> bytes:
    """A session description; a `port` of 0 is a stream that is refused."""
    head = ("v=0", f"o=x 7 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 8")
    return "".join(f"{line}\r\n" for line in (*head, *lines)).encode()


OFFER, ANSWER = sdp(4000), sdp(5000)


@contextmanager
def ringing(scene: Scene, headers: Fields = (), *, body: bytes = OFFER) -> Iterator[tuple[Session, Session, Wire]]:
    """A call of which the callee has only got the INVITE: both sides of it, and that INVITE. What follows is the
    test's; a call that stands at the end is hung up."""
    with scene:
        scene.callee.script = []
        near = scene.caller.invite(headers=headers, body=body)
        scene.run(0.1)
        (invite,) = scene.callee.requests("INVITE")
        yield near, scene.callee.sessions[0], invite
        _part(scene, near)


@contextmanager
def talking(scene: Scene, headers: Fields = ()) -> Iterator[tuple[Session, Session]]:
    """An answered call, both sides of it; hung up at the end unless it is over."""
    with scene:
        scene.callee.script = [(0.05, 180, b""), (0.5, 200, ANSWER)]
        near = scene.caller.invite(headers=headers, body=OFFER)
        scene.run(2)
        assert near.statuses == [100, 180, 200]
        yield near, scene.callee.sessions[0]
        _part(scene, near)


def _part(scene: Scene, near: Session) -> None:
    scene.run(5)
    if near.final == 200 and not near.is_over:
        scene.caller.bye(near)


def answers(party: Party, request: Wire) -> list[int]:
    """The statuses that came to a request, each once and without 100."""
    found = [wire.status for wire in party.responses(request.method) if wire.branch == request.branch]
    return list(dict.fromkeys(status for status in found if status not in (None, 100)))


def crossed(party: Party, method: str) -> Wire:
    """The latest request of that method to have come."""
    return party.requests(method)[-1]


def methods(party: Party) -> list[str]:
    """The requests that came, in order, copies left out."""
    found = {(wire.branch, wire.method): wire.method for wire in party.seen if wire.status is None}
    return list(found.values())
