"""What the gateway emits: in stories that show every kind of message, and in calls in which anything happens."""

from collections.abc import Callable, Iterable
from typing import Final

import attrs

from policy.roaming import Roaming
from tests.trace.reading import Packet
from tests.world import anything
from tests.world.anything import SDP
from tests.world.scene import CONFIG, Scene

MOBILE: Final = "+32470123456"
#: As many seeds as take two seconds.
SEEDS: Final = range(9_000, 9_200)
RINGS_LONG: Final = [(0.05, 180, b""), (30.0, 200, SDP)]

Story = Callable[[], Scene]


def everyday() -> Scene:
    """Call and answer, a change of the session from either side, a message and a method that nobody knows."""
    with Scene() as scene:
        session = scene.caller.invite(headers=[("Subject", "Grüße"), ("X-Unknown", 'a, b;c="d"')], body=SDP)
        scene.run(5)
        for party, its in ((scene.caller, session), (scene.callee, scene.callee.sessions[0])):
            for method in ("INVITE", "UPDATE", "INFO", "MESSAGE", "OPTIONS", "NOTIFY", "BREW"):
                party.request(its, method, body=SDP if method in ("INVITE", "UPDATE") else b"")
                scene.run(1)
        scene.callee.bye(scene.callee.sessions[0])
    return scene


def late_offer() -> Scene:
    """An INVITE without a session, answered with an offer."""
    with Scene() as scene:
        scene.callee.script = [(0.1, 183, SDP), (0.5, 200, SDP)]
        session = scene.caller.invite(body=b"")
        scene.run(5)
        scene.caller.bye(session)
    return scene


def reliable_ringing() -> Scene:
    """100rel, and its PRACK."""
    with Scene() as scene:
        scene.callee.script = [(0.05, 183, SDP), (2.0, 200, b"")]
        scene.callee.headers = (("Require", "100rel"), ("RSeq", "7"))
        session = scene.caller.invite(headers=[("Supported", "100rel")], body=SDP)
        scene.run(1)
        scene.caller.request(session, "PRACK", [("RAck", "7 1 INVITE")])
        scene.run(5)
        scene.caller.bye(session)
    return scene


def cancelled() -> Scene:
    """CANCEL with a reason, and the 487."""
    with Scene() as scene:
        scene.callee.script = RINGS_LONG
        session = scene.caller.invite(body=SDP)
        scene.run(1)
        scene.caller.cancel(session, [("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
        scene.run(1)
    return scene


def judged() -> Scene:
    """Blocked, stripped and withheld callers, and an emergency."""
    with Scene(answers={MOBILE: Roaming.FAILED}) as scene:
        identity = ("P-Asserted-Identity", f"<sip:{MOBILE}@abroad>, <tel:{MOBILE}>")
        forwarded = ("Diversion", "<sip:+3212345@abroad>;reason=no-answer")
        for number, caller, headers in (
            ("+3293330000", "<sip:+3225551212@abroad>", []),
            ("+3293330000", None, [forwarded]),
            ("+3293330000", f'"Ada" <sip:{MOBILE}@abroad>', [identity, ("Privacy", "none")]),
            ("112", "<sip:+3225551212@abroad>", [identity]),
        ):
            session = scene.caller.invite(number, caller, headers, body=SDP)
            scene.run(3)
            if session.final == 200:
                scene.caller.bye(session)
    return scene


def refused() -> Scene:
    """Failures of the callee, and our own: no route, too many hops, a limit, a body that nobody can judge."""
    _, home = CONFIG.trunk
    limited = attrs.evolve(CONFIG, trunk=(CONFIG.trunk[0], attrs.evolve(home, max_calls_out=1)))
    with Scene(config=limited) as scene:
        for status in (302, 401, 404, 407, 420, 422, 486, 488, 500, 503, 600, 603):
            scene.callee.script = [(0.01, status, b"")]
            scene.caller.invite(body=SDP)
            scene.run(1)
        scene.callee.script = RINGS_LONG
        scene.caller.invite("+4930123456", body=SDP)
        session = scene.caller.invite(body=SDP)
        scene.caller.invite(body=SDP)
        scene.run(1)
        scene.caller.cancel(session)
    return scene


def unheard() -> Scene:
    """Requests in the dialog that the callee never answers, or answers but with 18x."""
    with Scene() as scene:
        session = scene.caller.invite(body=SDP)
        scene.run(3)
        scene.callee.answers = {"INFO": None, "MESSAGE": 183}
        scene.caller.request(session, "INFO")
        scene.caller.request(session, "MESSAGE")
        scene.run(40)
    return scene


def from_home() -> Scene:
    """The same way out, with nothing judged."""
    with Scene(from_home=True) as scene:
        session = scene.caller.invite("+442079460000", body=SDP)
        scene.run(3)
        scene.caller.bye(session)
    return scene


def without_an_ack() -> Scene:
    """Our own BYE to both."""
    with Scene() as scene:
        scene.caller.acks = False
        scene.caller.invite(body=SDP)
        scene.run(40)
    return scene


def longest() -> Scene:
    """A call that lasts until we end it."""
    with Scene() as scene:
        scene.caller.invite(body=SDP)
        scene.run(700)
    return scene


STORIES: Final[tuple[Story, ...]] = (
    everyday,
    late_offer,
    reliable_ringing,
    cancelled,
    judged,
    refused,
    unheard,
    from_home,
    without_an_ack,
    longest,
)


def emitted(packets: Iterable[Packet]) -> list[bytes]:
    """What left the gateway, each once."""
    return list(dict.fromkeys(packet.data for packet in packets if packet.emitted))


def of_stories() -> list[bytes]:
    """Of all of them."""
    return emitted(packet for story in STORIES for packet in story().packets)


def of_anything() -> list[bytes]:
    """Of the calls of `SEEDS`."""
    return emitted(packet for seed in SEEDS for packet in anything.play(seed, Scene).packets)
