"""A call in which anything may happen, by seed: whatever two peers and a bad network do, the laws hold.

python -m tests.world.anything 200000               that many scenes, from seed 0 on, with a progress line
python -m tests.world.anything 1 --seed 4711        that one, with its ladder
python -m tests.world.anything 1000 --forgetful     each call saved, thrown away and restored after every input
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TypeVar

import attrs

from b2bua.config import (
    Action,
    CalledFormat,
    Config,
    Credentials,
    Endpoint,
    HeaderRule,
    Part,
    Passage,
    Password,
    Peer,
    Redirects,
    Target,
    Trunk,
)
from policy.roaming import Roaming
from tests.world.challenger import PASSWORD, USER, Challenger
from tests.world.forgetful import Forgetful
from tests.world.party import Fields, Party, Session
from tests.world.scene import CONFIG, Scene

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
CALLERS = (
    None,
    '"Ada" <sip:+442079460000@abroad>',
    "<sip:+3225551212@abroad>",
    "<sip:+32470123456@abroad>",
    "<sip:+32456123456@abroad>",
    "<sip:anonymous@anonymous.invalid>",
)
CALLED = ("+3293330000",) * 6 + ("112", "+4930123456")
SCRIPTS: tuple[tuple[tuple[float, int, bytes], ...], ...] = (
    ((0.05, 180, b""), (1.0, 200, SDP)),
    ((0.05, 183, SDP), (0.5, 180, b""), (2.0, 200, SDP)),
    ((0.0, 200, SDP),),
    ((0.05, 180, b""), (1.0, 486, b"")),
    ((0.01, 503, b""),),
    ((0.05, 180, b""), (1.0, 503, b"")),
    ((0.01, 302, b""),),
    ((0.01, 404, b""),),
    ((0.05, 180, b""),),
    ((0.05, 100, b""),),
    (),
)
METHODS = ("INVITE", "INVITE", "UPDATE", "INFO", "BYE", "BREW", "OPTIONS", "PRACK", "REFER", "NOTIFY")
ASKED_FOR: tuple[Fields, ...] = (
    (),
    (),
    (("Supported", "100rel, timer"),),
    (("Supported", "timer"), ("Session-Expires", "90;refresher=uac")),
    (("Supported", "timer"), ("Session-Expires", "120;refresher=uas")),
    (("Supported", "timer"), ("Session-Expires", "60")),
    (("Session-Expires", "1800"),),
)
ELSEWHERE = (
    "<sip:+3293330001@elsewhere.example>",
    "<sip:+3293330002@198.51.100.1>;q=0.5, <tel:+3293330003>",
    "<sip:x>",
)
RULES = (
    HeaderRule(action=Action.ADD, name="X-Carrier", value="ours", messages=(Part.SETUP, Part.DIALOG)),
    HeaderRule(action=Action.REMOVE, name="Subject", messages=(Part.SETUP,)),
)

S = TypeVar("S", bound=Scene)


def config(random: Random) -> Config:
    """One target at home or two; mostly without limits."""
    abroad, home = CONFIG.trunk
    if random.random() < 0.4:
        targets = tuple(Target(address=Endpoint.parse(host)) for host in ("198.51.100.2", "198.51.100.1"))
        home = attrs.evolve(home, peers=(*home.peers, Peer.parse("198.51.100.2")), targets=targets)
    if random.random() < 0.1:
        home = attrs.evolve(home, max_calls_out=1)
    sip = attrs.evolve(
        CONFIG.sip,
        session_seconds=random.choice((0, 90, 90, 1_800)),
        probe_call_seconds=random.choice((0, 30, 900)),
    )
    return attrs.evolve(CONFIG, sip=sip, trunk=(_adorned(abroad, random), _adorned(home, random)))


def _adorned(trunk: Trunk, random: Random) -> Trunk:
    """The trunk with some of what an operator may write for it."""
    ours = Credentials(username=USER, password=Password(PASSWORD))
    return attrs.evolve(
        trunk,
        redirects=random.choice(tuple(Redirects)),
        refer=random.choice(tuple(Passage)),
        replaces=random.choice(tuple(Passage)),
        called_format=random.choice((None, None, *CalledFormat)),
        credentials=random.choice(((), (ours,))),
        header=random.choice(((), (), RULES)),
    )


def scene(seed: int, kind: type[S]) -> S:
    """The world of that seed, before anybody has spoken."""
    random = Random(seed)
    roaming = {"+32470123456": random.choice((*Roaming, None))}
    world = kind(
        seed,
        from_home=random.random() < 0.25,
        config=config(random),
        answers=roaming,
        thinking=random.choice((0.0, 0.0, 0.3, 5.0)),
    )
    if random.random() < 0.7:
        world.link.loss = random.choice((0.0, 0.05, 0.3))
        world.link.doubled = random.choice((0.0, 0.3))
        # No longer than T1: the last copy of an INVITE leaves after 31.5 s, and one that comes when timer H has ended
        # (64*T1 after the refusal) is a new call, as RFC 3261 has it.
        world.link.delay = random.choice(((0.01, 0.01), (0.01, 0.3), (0.1, 0.5)))
    if random.random() < 0.15:
        world.callee = _challenging(world.callee, world, random)
    for party in (world.callee, world.spare):
        party.script = list(random.choice(SCRIPTS))
        party.heeds_cancel = random.random() < 0.9
        party.is_silent = random.random() < 0.05
    if random.random() < 0.1:
        world.unreachable.add("198.51.100.2")
    for party in (world.caller, world.callee):
        party.acks = random.random() < 0.9
        party.answers = {method: random.choice((200, 200, 488, 491, 481, 183, None)) for method in METHODS[:4]}
        party.answers["BYE"] = random.choice((200, 200, 481, None))
    if world.callee.script and world.callee.script[-1][1] == 302:
        world.callee.headers = (("Contact", random.choice(ELSEWHERE)),)
    return world


def _challenging(party: Party, world: Scene, random: Random) -> Party:
    """The same, but that it wants to know who we are."""
    return Challenger(
        party.name,
        party.address,
        party.gateway,
        world,
        status=random.choice((401, 407)),
        lasts=random.choice((1, 1_000)),
        trusts=random.random() < 0.8,
    )


def happenings(world: Scene, random: Random) -> None:
    """Up to four calls, and up to a dozen things that happen to them."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.uniform(0, 3)
        world.after(at, lambda: _place(world, random))
    for _ in range(random.randrange(12)):
        world.after(random.choice((random.uniform(0, 4), random.uniform(0, 90))), lambda: _disturb(world, random))


def _place(world: Scene, random: Random) -> None:
    body = SDP if random.random() < 0.85 else b""
    world.caller.invite(random.choice(CALLED), random.choice(CALLERS), random.choice(ASKED_FOR), body=body)


def _disturb(world: Scene, random: Random) -> None:
    party = random.choice((world.caller, world.callee, world.spare))
    happening = random.choice((_cancel, _ask, _ask, _ask, _fork, _fork, _hang_up, _hang_up, _die, _part))
    if party.sessions or happening in (_die, _part):
        happening(world, party, random)


def _cancel(world: Scene, party: Party, random: Random) -> None:
    session = random.choice(party.sessions)
    if session.is_caller:
        party.cancel(session)


def _ask(world: Scene, party: Party, random: Random) -> None:
    session = random.choice(party.sessions)
    method = random.choice(METHODS)
    if _speaks(session) and method != "BYE":
        headers = [("Refer-To", "<sip:+3293330009@elsewhere.example>")] if method == "REFER" else []
        body = SDP if method in ("INVITE", "UPDATE") and random.random() < 0.8 else b""
        party.request(session, method, headers, body=body)


def _fork(world: Scene, party: Party, random: Random) -> None:
    """One more branch of a called INVITE speaks, unless its proxy has refused it for them all (RFC 3261 §16.7)."""
    session = random.choice(party.sessions)
    if not session.is_caller and not party.is_silent and (party.said(session) or 100) < 300:
        status = random.choice((180, 183, 200))
        party.respond(session.invite, status, SDP if status > 180 else b"", tag=f"{session.tag}-{random.randrange(4)}")


def _hang_up(world: Scene, party: Party, random: Random) -> None:
    session = random.choice(party.sessions)
    if _speaks(session) and not session.is_over:
        party.bye(session)


def _speaks(session: Session) -> bool:
    """Whether it can send in a dialog: a caller has heard a To tag, a callee has answered."""
    return "tag=" in session.remote if session.is_caller else bool(session.target)


def _die(world: Scene, party: Party, random: Random) -> None:
    if random.random() < 0.4:
        party.is_silent = not party.is_silent


def _part(world: Scene, party: Party, random: Random) -> None:
    """The network is cut for a while."""
    before, world.link.loss = world.link.loss, 1.0

    def mend() -> None:
        world.link.loss = min(before, 0.3)

    world.after(random.uniform(0.5, 40), mend)


def play(seed: int, kind: type[S]) -> S:
    """The whole scene of that seed; raises, with ladder and seed, when a law is broken or something is left."""
    try:
        with scene(seed, kind) as world:
            happenings(world, Random(-seed - 1))
            world.run(120)
    except BaseException as error:
        forgetful = " --forgetful" if kind is Forgetful else ""
        error.add_note(f"seed {seed}: python -m tests.world.anything 1 --seed {seed}{forgetful}")
        raise
    return world


def main(say: Callable[[str], object] = sys.stderr.write) -> None:
    """Plays as many as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=int)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--forgetful", action="store_true", help="restore each call after every input")
    options = parser.parse_args()
    ends: Counter[str] = Counter()
    began = time.monotonic()
    for count in range(options.calls):
        world = play(options.seed + count, Forgetful if options.forgetful else Scene)
        ends.update(str(record.facts["cause"]) for record in world.records if record.kind == "end")
        if options.calls == 1:
            say(world.ladder(400) + "\n")
        elif count % 500 == 499:
            rate = (count + 1) / (time.monotonic() - began)
            say(f"\r{count + 1} of {options.calls}, {rate:.0f} a second; {sum(ends.values())} calls   ")
    say("\n" + "\n".join(f"{number:8} {cause}" for cause, number in ends.most_common()) + "\n")


if __name__ == "__main__":
    main()
