"""What somebody abroad might try against calls that are not his, and what comes of it."""

import attrs
import pytest

from b2bua.config import Config, Endpoint, Peer, Redirects, Route, Target
from policy.roaming import Roaming
from sipstack.flow import Flow
from tests.world.party import Party
from tests.world.scene import ABROAD_SOCKET, CONFIG, HOME, HOME_SOCKET, SPARE, Scene
from tests.world.test_emergency import scene as emergency_scene
from tests.world.test_redirection import MOVED, moving, to
from tests.world.test_transfer import (
    GEOGRAPHIC,
    THIRD,
    config,
    refer_to,
    referred,
    replaces,
    scene,
    status_of,
    talking,
)
from tests.world.wire import write

FORBIDDEN = GEOGRAPHIC[3:].encode()


def shown(party: Party, since: int = 0) -> list[bytes]:
    return [wire.data for wire in party.seen[since:] if FORBIDDEN in wire.data]


def home_to_home() -> Config:
    first = config()
    return attrs.evolve(first, route=(*first.route, Route(source="home", prefix="+3249", to="third")))


@pytest.mark.law("¶11")
@pytest.mark.parametrize("method", ["UPDATE", "INVITE", "INFO", "BYE"])
def test_who_is_told_the_name_of_a_call_at_home_cannot_speak_in_it_from_abroad(method: str) -> None:
    """An attended transfer tells the transferee abroad (Call-ID, both tags) of the consultation between two at home."""
    with Scene(config=home_to_home(), is_traced=False) as world:
        first = talking(world)
        consultation = world.callee.invite(THIRD)
        world.run(3)
        target = referred(f"sip:{HOME_SOCKET}", ("Replaces", replaces(consultation)))
        world.callee.request(world.callee.sessions[0], "REFER", [target])
        world.run(1)
        (refer,) = world.caller.requests("REFER")
        uri, fields = refer_to(refer)
        call_id, theirs, ours = [part.partition("=")[2] or part for part in fields["replaces"].split(";")]
        own = [("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKevil"), ("Max-Forwards", "70")]
        own += [("From", f"<sip:x@x>;tag={theirs}"), ("To", f"<sip:y@y>;tag={ours}"), ("Call-ID", call_id)]
        own += [("CSeq", f"77 {method}"), ("Contact", "<sip:evil@192.0.2.1>")]
        forged = write(f"{method} {uri} SIP/2.0", [*own, ("P-Asserted-Identity", f"<sip:{GEOGRAPHIC}@x>")])
        before = len(world.callee.seen)
        world.deliver(world.caller, forged)
        world.run(1)
        assert not shown(world.callee, before)
        assert not consultation.is_over
        world.caller.bye(first)
        world.callee.bye(consultation)


@pytest.mark.law("L13")
@pytest.mark.parametrize(
    "uri",
    [
        "sip:112;phone-context=+3293330@gw",
        "sip:112;phone-context=%2B3293330@gw",
        "tel:112;phone-context=+3293330",
        "sip:112;npdi;rn=+3293330000@gw",
        "tel:112;npdi;rn=+3293330000;phone-context=+32",
    ],
)
def test_a_number_that_112_is_only_the_end_of_is_judged_like_any_other(uri: str) -> None:
    with Scene() as world:
        session = world.caller.invite(caller=f"<sip:{GEOGRAPHIC}@x>", uri=uri)
        world.run(3)
        assert session.final == 603
        assert not world.callee.seen


@pytest.mark.parametrize("uri", [
    "sip:112;phone-context=+32@gw", "tel:112;phone-context=ims.mnc001.mcc206.3gppnetwork.org", "sip:112;isub=1@gw",
])  # fmt: skip
def test_a_context_that_completes_nothing_keeps_no_emergency_call_from_being_one(uri: str) -> None:
    with Scene() as world:
        session = world.caller.invite(caller=f"<sip:{GEOGRAPHIC}@x>", uri=uri)
        world.run(3)
        assert session.final == 200
        world.caller.bye(session)


def test_a_call_whose_named_call_ends_while_it_is_judged_goes_nowhere_else() -> None:
    """The forbidden number is the called number of the named call, and as such nobody's claim; elsewhere it is one."""
    with scene() as world:
        world.answers, world.thinking = {"+32470123456": Roaming.ABROAD}, 1.0
        first = talking(world, GEOGRAPHIC)
        fields = [("Replaces", replaces(first)), ("History-Info", f"<sip:{GEOGRAPHIC}@x>;index=1")]
        taking = world.caller.invite(THIRD, caller="<sip:+32470123456@x>", headers=fields)
        world.run(0.2)
        world.caller.bye(first)
        world.run(4)
        assert taking.final == 481
        assert not world.spare.seen


@pytest.mark.parametrize("name", ["History-Info", "Reply-To"])
def test_after_a_redirection_the_number_first_called_is_no_more_the_called_one(name: str) -> None:
    world, callee = moving(Redirects.FOLLOW, {GEOGRAPHIC: to(MOVED)})
    with world:
        session = world.caller.invite(GEOGRAPHIC)
        world.run(5)
        assert session.final == 200
        world.caller.request(session, "INFO", [(name, f"<sip:{GEOGRAPHIC}@x>;index=1")])
        world.run(1)
        (info,) = callee.requests("INFO")
        assert not info.all(name.lower())
        world.caller.bye(session)


@pytest.mark.law("¶9")
@pytest.mark.parametrize(
    "written", ["sip:x@y;method=INVITE?From={}", "sip:x@y;a=b?P-Asserted-Identity={}", '<sip:x@y>;n="{}"']
)
def test_a_refer_to_without_brackets_carries_no_headers_either(written: str) -> None:
    with scene() as world:
        session = talking(world)
        world.caller.request(session, "REFER", [("Refer-To", written.format("%3Csip%3A%2B3225551212%40x%3E"))])
        world.run(1)
        assert not shown(world.callee)
        world.caller.bye(session)


@pytest.mark.parametrize("is_copied", [True, False])
def test_a_cancel_from_abroad_takes_no_call_from_home_back(is_copied: bool) -> None:
    """All it has to know is a branch, which many a user agent counts up: neither Call-ID nor tag is compared."""
    with Scene(from_home=True, is_traced=False) as world:
        session = world.caller.invite("+33155555555")
        world.run(0.5)
        invite = session.invite
        own = [("Via", invite.first("via")), ("From", "<sip:q@r>;tag=zz"), ("To", "<sip:q@s>"), ("Call-ID", "other")]
        if is_copied:
            own = [(name, invite.first(name.lower())) for name in ("Via", "From", "To", "Call-ID")]
        world.deliver(world.callee, write("CANCEL sip:x@y SIP/2.0", [*own, ("CSeq", "1 CANCEL")]))
        world.run(3)
        assert session.final == 200
        world.caller.bye(session)


def test_a_request_from_abroad_takes_nobodys_place_at_home() -> None:
    """Sent before the branch is used at home: the INVITE from home was then thought a copy, and never answered."""
    with Scene(from_home=True, is_traced=False) as world:
        via = f"SIP/2.0/UDP {HOME};branch=z9hG4bKcaller2"  # the next that the caller will use
        own = [("Via", via), ("From", "<sip:q@r>;tag=zz"), ("To", "<sip:q@s>"), ("Call-ID", "other")]
        world.deliver(
            world.callee,
            write("INVITE sip:x@y SIP/2.0", [*own, ("CSeq", "1 INVITE"), ("Contact", "<sip:x@192.0.2.1>")]),
        )
        session = world.caller.invite("+33155555555")
        assert session.invite.first("via") == via
        world.run(3)
        assert session.final == 200
        world.caller.bye(session)


@pytest.mark.parametrize(
    "value", ["<tel:112>", "<sip:112@elsewhere.example>", "<urn:service:sos>", "sip:1-1-2@192.0.2.10"]
)
def test_nobody_abroad_has_a_telephone_at_home_call_the_emergency_services(value: str) -> None:
    with scene() as world:
        session = talking(world)
        refer = world.caller.request(session, "REFER", [("Refer-To", value)])
        world.run(1)
        assert not world.callee.requests("REFER")
        assert status_of(world.caller, refer) == 403
        world.caller.bye(session)


class Liar(Party):
    """Abroad; its Contact is a number at the carrier at home."""

    def _contact(self) -> tuple[str, str]:
        return "Contact", f"<sip:+88213000000@{HOME}>"


class Wide(Scene):
    """What leaves by the socket abroad for the carrier at home arrives, and is not answered."""

    def _party(self, flow: Flow) -> Party:
        if flow.socket == ABROAD_SOCKET and flow.remote[0] == "198.51.100.1":
            strayed.append(flow)
            hole = Party("hole", HOME, ABROAD_SOCKET, self)
            hole.is_silent = True
            return hole
        return super()._party(flow)


strayed: list[Flow] = []


def test_a_contact_sends_no_new_call_to_another_carrier_and_has_none_of_its_targets_distrusted() -> None:
    abroad, home = CONFIG.trunk
    both = tuple(Target(address=Endpoint.parse(place)) for place in (HOME, SPARE))
    home = attrs.evolve(home, targets=both, peers=(Peer.parse("198.51.100.0/24"),))
    world = Wide(config=attrs.evolve(CONFIG, trunk=(abroad, home)), is_traced=False)
    world.caller = Liar("caller", "192.0.2.1:5060", ABROAD_SOCKET, world)
    first = world.caller.invite()
    world.run(3)
    strayed.clear()
    own = f"{first.call_id};to-tag={first.tag};from-tag={first.remote.partition('tag=')[2]}"
    world.caller.invite(uri=f"sip:{ABROAD_SOCKET}", headers=[("Replaces", own)])
    world.run(1)
    is_astray = bool(strayed)
    world.run(40)
    before = len(world.callee.requests("INVITE"))
    world.caller.invite()
    world.run(3)
    assert not is_astray
    assert len(world.callee.requests("INVITE")) == before + 1, "the first target has the next call"


def test_a_flood_from_abroad_keeps_no_emergency_call_at_home_waiting() -> None:
    with emergency_scene(from_home=True) as world:
        world.core.layer.limit = 50
        for number in range(80):
            via = ("Via", f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKf{number}")
            own = [
                via,
                ("From", "<sip:a@b>;tag=1"),
                ("To", "<sip:c@d>;tag=2"),
                ("Call-ID", str(number)),
                ("CSeq", "1 INFO"),
            ]
            world.deliver(world.callee, write("INFO sip:x@y SIP/2.0", own))
        session = world.caller.invite("112")
        world.run(3)
        assert session.final == 200
        world.caller.bye(session)
