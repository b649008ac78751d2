"""A call in which anything may happen, by seed: whatever two peers and a bad network do, the laws hold.

python -m tests.world.anything 200000               that many scenes, from seed 0 on, with a progress line
python -m tests.world.anything 1 --seed 4711        that one, with its ladder
python -m tests.world.anything 1000 --forgetful     each call saved, thrown away and restored after every input
"""

import argparse
import datetime
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
    Circuit,
    Config,
    Credentials,
    Endpoint,
    HeaderRule,
    Part,
    Passage,
    Password,
    Peer,
    Profile,
    Redirects,
    Register,
    Target,
    Trunk,
)
from policy.claim import TrunkClass
from policy.register import Agreement, Attestation, DoNotOriginate, Service
from policy.roaming import Roaming
from tests.world.challenger import PASSWORD, USER, Challenger
from tests.world.forgetful import Forgetful
from tests.world.party import Fields, Party, Session
from tests.world.scene import ABROAD_SOCKET, CONFIG, HOME_SOCKET, Scene

MOBILE, LISTED, NEVER = "+32470123456", "+3225550000", "+3225559999"
#: What each side says of itself in mid-call, and nobody at set-up.
LATER: tuple[Fields, ...] = (
    (("P-Asserted-Identity", "<tel:+3225551299>"),),
    (("Diversion", "<sip:+3278151599@abroad>"),),
    (("P-Asserted-Identity", "<tel:+33199001199>"), ("Reply-To", "<sip:+3225551299@abroad>")),
)
#: National digits of what may not be shown to the other side, by the country whose law holds.
FORBIDDEN = {
    "belgium": ("25551212", "470123456", "456123456", "25550000", "25559999", "475111111", "78151515"),
    "france": ("612345678", "199001122", "712345678", "262123456"),
}
FORBIDDEN_LATER = {"belgium": ("25551299", "78151599"), "france": ("199001199",)}
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
Caller = tuple[str | None, Fields]
CALLERS: tuple[Caller, ...] = (
    (None, ()),
    ('"Ada" <sip:+442079460000@abroad>', ()),
    ("<sip:anonymous@anonymous.invalid>", ()),
    ("<sip:+3225551212@abroad>", ()),
    (f"<tel:{MOBILE}>", ()),
    ("<sip:+32456123456@abroad>", ()),
    (f"<sip:{LISTED}@abroad>", ()),
    (f"<sip:{NEVER}@abroad>", ()),
    (None, (("P-Asserted-Identity", f"<tel:{NEVER}>"),)),
    (f"<sip:{LISTED}@abroad>", (("P-Asserted-Identity", "<tel:+3225551212>"),)),
    (None, (("P-Asserted-Identity", f"<tel:{MOBILE}>"), ("X-Caller", MOBILE))),
    ('"02 555 12 12" <sip:+442079460000@abroad>', ()),
    (None, (("Diversion", "<sip:+32475111111@abroad>;reason=no-answer"),)),
    (None, (("Diversion", "<sip:+3225551212@abroad>"),)),
    (None, (("Subject", "call 078 15 15 15"), ("X-Note", "+32 78 15 15 15"))),
    (None, (("Remote-Party-ID", "<sip:+3225551212@abroad>;party=calling"),)),
    ("<sip:+33199001122@abroad>", ()),
    ("<sip:+33712345678@abroad>", (("P-Asserted-Identity", "<tel:+33712345678>"), ("X-Caller", "0712345678"))),
    (None, (("P-Asserted-Identity", "<tel:+262262123456>"),)),
    ("<sip:+442079460000@abroad>", (("Subject", "call 01 99 00 11 22"),)),
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
SINCE, LONG_AGO = datetime.date(2025, 1, 1), datetime.date(2025, 12, 31)
ATTESTED = Attestation(
    reference="T",
    since=SINCE,
    trunk="abroad",
    operator="an operator at home",
    dedicated_circuits=True,
    total_control=True,
    evidence="cabinet 3",
)
AGREED = Agreement(
    reference="A",
    since=SINCE,
    trunk="abroad",
    service=Service.NOMADIC,
    holder="a holder",
    numbers=frozenset({LISTED}),
)
#: A national circuit of a peer that is no party of the scene: whoever marks a call as its own has forged it.
FORGEABLE = Circuit(
    name="forgeable",
    trunk_class=TrunkClass.NATIONAL,
    header="X-Circuit",
    value="BE-7f3a",
    peers=(Peer.parse("192.0.2.9"),),
)
FORGED: Fields = (("X-Circuit", "BE-7f3a"),)
RULES = (
    HeaderRule(action=Action.ADD, name="X-Carrier", value="ours", messages=(Part.SETUP, Part.DIALOG)),
    HeaderRule(action=Action.REMOVE, name="Subject", messages=(Part.SETUP,)),
)

S = TypeVar("S", bound=Scene)


@attrs.frozen
class Interface:
    """What a trunk abroad was declared as, and what the register says of it."""

    declared: TrunkClass | None
    register: Register
    profile: str = "belgium"
    is_attested: bool = False
    is_agreed: bool = False


def interface(random: Random) -> Interface:
    """Of one class or another, with and without what a class rests on, by one law or another."""
    profile = random.choice(("belgium", "belgium", "france"))
    declared = random.choice((None, TrunkClass.INTERNATIONAL, TrunkClass.NATIONAL_TRANSIT, TrunkClass.ARTICLE_4))
    is_attested, is_agreed = declared is TrunkClass.NATIONAL_TRANSIT, declared is TrunkClass.ARTICLE_4
    if random.random() < 0.5:
        is_attested = is_agreed = False
    register = Register(
        attestation=(attrs.evolve(ATTESTED, until=None if is_attested else LONG_AGO),),
        agreement=(AGREED,) if is_agreed else (),
        do_not_originate=(DoNotOriginate(reference="N", since=SINCE, number=NEVER),),
    )
    return Interface(declared, register, profile, is_attested, is_agreed)


def hidden(known: Interface, *, roaming: Roaming | None, from_home: bool) -> dict[str, frozenset[str]]:
    """What nobody behind each of our sockets may be shown, by the law's own words.

    At home, what its country's numbers from abroad are; less than that only on an attested transit circuit (¶31), for a
    number of an agreement (art. 4), and for a subscriber who is abroad (art. 1 3°). Elsewhere, who never calls.
    """
    is_national = known.is_attested and known.profile == "belgium"
    later = frozenset(() if is_national else FORBIDDEN_LATER[known.profile])
    if from_home:
        return {HOME_SOCKET: later, ABROAD_SOCKET: frozenset({NEVER[3:]} if known.profile == "belgium" else ())}
    shown = {LISTED[3:] if known.is_agreed else "", MOBILE[3:] if roaming is Roaming.ABROAD else ""}
    first = {NEVER[3:]} if is_national else {*FORBIDDEN[known.profile]} - shown
    return {HOME_SOCKET: later | first}


def config(random: Random, known: Interface) -> Config:
    """One target at home or two; mostly without limits."""
    abroad, home = CONFIG.trunk
    abroad = attrs.evolve(abroad, declared_class=known.declared, circuit=(FORGEABLE,))
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
    trunks = _adorned(abroad, random), _adorned(home, random)
    return attrs.evolve(CONFIG, sip=sip, trunk=trunks, register=known.register, profile=Profile(name=known.profile))


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
    known, roaming = interface(random), random.choice((*Roaming, None))
    world = kind(
        seed,
        from_home=random.random() < 0.25,
        config=config(random, known),
        answers={MOBILE: roaming},
        thinking=random.choice((0.0, 0.0, 0.3, 5.0)),
    )
    world.laws.hidden = hidden(known, roaming=roaming, from_home=world.from_home)
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
        party.answer_headers = {method: random.choice(((), *LATER)) for method in METHODS}
    world.callee.headers = random.choice(((), (), *LATER))
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
    caller, headers = random.choice(CALLERS)
    headers = [*headers, *random.choice(ASKED_FOR), *random.choice(((), (), FORGED))]
    world.caller.invite(random.choice(CALLED), caller, headers, body=body)


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
        headers += random.choice(((), (), *LATER))
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
    verdicts: Counter[str] = Counter()
    began = time.monotonic()
    for count in range(options.calls):
        world = play(options.seed + count, Forgetful if options.forgetful else Scene)
        ends.update(str(record.facts["cause"]) for record in world.records if record.kind == "end")
        judged = [record.facts for record in world.records if record.kind == "verdict"]
        verdicts.update(f"{facts['verdict']}, {facts['class']}, {str(facts['profile']).split()[0]}" for facts in judged)
        if options.calls == 1:
            say(world.ladder(400) + "\n")
        elif count % 500 == 499:
            rate = (count + 1) / (time.monotonic() - began)
            say(f"\r{count + 1} of {options.calls}, {rate:.0f} a second; {sum(ends.values())} calls   ")
    counted = [*ends.most_common(), ("", 0), *verdicts.most_common()]
    say("\n" + "\n".join(f"{number:8} {what}" if what else "" for what, number in counted) + "\n")


if __name__ == "__main__":
    main()
