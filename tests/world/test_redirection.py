"""A called side that says where else the callee is (RFC 3261 §8.1.3.4): refused, followed or passed."""

import json
import re
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import attrs
import pytest

from b2bua.call import Hooks
from b2bua.config import CalledFormat, Config, Endpoint, Peer, Redirects, Route, Target
from policy.roaming import Roaming
from policy.verdict import Outcome
from tests.world.party import Party
from tests.world.scene import CONFIG, HOME, HOME_SOCKET, SPARE, Scene
from tests.world.wire import Wire

CALLED, MOVED, ELSEWHERE = "+3293330000", "+3293330001", "+3270123456"
FAR = "203.0.113.9"
"""The host of nobody: the gateway must never send there, and the scene knows no such party."""


@attrs.define(eq=False)
class Redirector(Party):
    """Answers an INVITE for some numbers by a 3xx, and all others by its script."""

    named: dict[str, Sequence[str]] = attrs.field(factory=dict, kw_only=True)
    """The Contact values, by called number."""
    status: int = attrs.field(default=302, kw_only=True)
    before: list[tuple[float, int, bytes]] = attrs.field(factory=list, kw_only=True)
    """What comes before the 3xx."""
    body: bytes = attrs.field(default=b"", kw_only=True)

    def _called(self, wire: Wire) -> None:
        contacts = self.named.get(number_of(wire))
        script = self.script
        if contacts is not None:
            self.script = self.before
        super()._called(wire)
        self.script = script
        if contacts is not None:
            fields = [("Contact", contact) for contact in contacts]
            fields += [("Content-Type", "text/plain")] if self.body else []
            at = 0.05 + sum(pause for pause, _, _ in self.before)
            self.world.after(at, partial(self._move, wire, fields))

    def _move(self, wire: Wire, fields: list[tuple[str, str]]) -> None:
        replies = self._replies[wire.branch, "INVITE"]
        if not (replies and (Wire.read(replies[-1]).status or 0) >= 200):
            self.respond(wire, self.status, self.body, fields)


def number_of(wire: Wire) -> str:
    found = re.search(r"\Asips?:([^@]*)@|\Atel:(.*)", wire.start.split()[1])
    assert found is not None
    return found[1] or found[2]


def asked(party: Party) -> list[str]:
    """The numbers that were asked for there, in order."""
    return [number_of(wire) for wire in party.requests("INVITE")]


def config(redirects: Redirects, *, two_targets: bool = False, **other: Any) -> Config:
    """Calls to +3270 leave by a third trunk, `other`, where the spare party is; calls to the trunk `home` are moved."""
    abroad, home = CONFIG.trunk
    spare = Endpoint.parse("198.51.100.2")
    third = attrs.evolve(
        home, name="other", peers=(Peer.parse("198.51.100.2"),), targets=(Target(address=spare),), **other
    )
    home = attrs.evolve(home, redirects=redirects)
    if two_targets:
        home = attrs.evolve(
            home,
            peers=(*home.peers, Peer.parse("198.51.100.2")),
            targets=(Target(address=Endpoint.parse("198.51.100.1")), Target(address=spare)),
        )
        return attrs.evolve(CONFIG, trunk=(abroad, home))
    route = (*CONFIG.route, Route(source="abroad", prefix="+3270", to="other"))
    return attrs.evolve(CONFIG, trunk=(abroad, home, third), route=route)


def moving(
    redirects: Redirects, named: dict[str, Sequence[str]], *, conf: Config | None = None, **options: Any
) -> tuple[Scene, Redirector]:
    scene = Scene(config=conf or config(redirects))
    scene.callee = party = Redirector("callee", HOME, HOME_SOCKET, scene, named=named, **options)
    return scene, party


def to(*numbers: str, host: str = FAR) -> list[str]:
    return [f"<sip:{number}@{host}>" for number in numbers]


@pytest.mark.parametrize("status", [300, 301, 302, 305, 380])
def test_a_redirection_is_refused_unless_its_trunk_says_otherwise(status: int) -> None:
    scene, callee = moving(Redirects.REFUSE, {CALLED: to(MOVED)}, status=status)
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.statuses == [100, 480]
        assert asked(callee) == [CALLED]
    assert not any(FAR.encode() in wire.data for wire in scene.caller.seen)


@pytest.mark.parametrize("status", [300, 301, 302])
def test_a_followed_redirection_is_another_try_of_the_same_call(status: int) -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED, host="198.51.100.1")}, status=status)
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.statuses == [100, 180, 200]
        first, second = callee.requests("INVITE")
        assert asked(callee) == [CALLED, MOVED]
        assert (first.call_id, first.first("from")) == (second.call_id, second.first("from"))
        assert first.first("to") == second.first("to")
        assert (first.cseq, second.cseq, first.body) == (1, 2, second.body)
        assert not second.all("diversion") + second.all("history-info")
        scene.caller.bye(session)
    answer = scene.record("answer")
    assert answer.facts["redirected"] == 1
    assert MOVED not in str(answer.facts)
    assert MOVED in str(answer.personal["called"])


@pytest.mark.parametrize("status", [305, 380])
def test_another_proxy_or_another_service_is_never_followed_nor_passed(status: int) -> None:
    for redirects in (Redirects.FOLLOW, Redirects.PASS):
        scene, callee = moving(redirects, {CALLED: to(MOVED)}, status=status)
        with scene:
            session = scene.caller.invite()
            scene.run(5)
            assert session.final == 480
            assert asked(callee) == [CALLED]


def test_another_host_is_never_dialled_and_its_number_goes_by_the_routes_of_the_caller() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(ELSEWHERE)})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert (asked(callee), asked(scene.spare)) == ([CALLED], [ELSEWHERE])
        home, other = (scene.core.context.trunks.by_name[name].outward for name in ("home", "other"))
        assert (home.held, other.held) == (0, 1)
        assert not any(FAR.encode() in wire.data for wire in scene.spare.seen)
        scene.caller.bye(session)
        scene.run(1)
        assert (home.held, other.held) == (0, 0)
    assert scene.record("answer").facts["to"] == "other"


def test_a_number_is_routed_and_written_whatever_form_the_carrier_gave_it() -> None:
    conf = config(Redirects.FOLLOW, called_format=CalledFormat.ZEROS)
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to("070 123 456".replace(" ", ""))}, conf=conf)
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert (asked(callee), asked(scene.spare)) == ([CALLED], ["003270123456"])
        scene.caller.bye(session)


def test_a_number_that_no_route_takes_is_left_out() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to("+4420794600", MOVED)})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert asked(callee) == [CALLED, MOVED]
        scene.caller.bye(session)


def test_a_trunk_that_is_full_takes_no_redirected_call_and_the_count_stays_right() -> None:
    full = config(Redirects.FOLLOW, max_calls_out=0)
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(ELSEWHERE, MOVED)}, conf=full)
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert (asked(callee), asked(scene.spare)) == ([CALLED, MOVED], [])
        scene.caller.bye(session)
        scene.run(1)
        assert all(trunk.outward.held == 0 for trunk in scene.core.context.trunks.all)
    assert [alarm.name for alarm in scene.alarms] == ["limit"]


def test_the_most_wanted_contact_is_tried_first_and_the_others_after_its_failure() -> None:
    contacts = [f"<sip:{CALLED[:-1]}{n}@{FAR}>;q={q}" for n, q in ((1, "0.1"), (2, "0.9"), (3, "0.5"))]
    scene, callee = moving(Redirects.FOLLOW, {CALLED: contacts})
    callee.script = [(0.01, 486, b"")]
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 486
        assert [number[-1] for number in asked(callee)] == ["0", "2", "3", "1"]


def test_the_numbers_of_a_later_redirection_come_before_those_that_are_left() -> None:
    first, second, last = "+3293330001", "+3293330002", "+3293330003"
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(first, last), first: to(second)})
    callee.script = [(0.01, 486, b"")]
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 486
        assert asked(callee) == [CALLED, first, second, last]


def test_a_refusal_everywhere_ends_the_search() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED, CALLED[:-1] + "2")})
    callee.script = [(0.01, 603, b"")]
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 603
        assert asked(callee) == [CALLED, MOVED]


def test_silence_at_one_number_leads_to_the_next() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(ELSEWHERE, MOVED)})
    scene.spare.is_silent = True
    with scene:
        session = scene.caller.invite()
        scene.run(45)
        assert session.final == 200
        assert asked(callee) == [CALLED, MOVED]
        scene.caller.bye(session)


def test_a_redirection_to_itself_ends_at_once() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(CALLED, "003293330000", "093330000", "+32-9-333.00.00")})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 480
        assert asked(callee) == [CALLED]


def test_two_numbers_that_redirect_to_each_other_end() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED), MOVED: to(CALLED)})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 480
        assert asked(callee) == [CALLED, MOVED]


def test_a_redirection_to_ever_new_numbers_ends_after_five() -> None:
    chain = [f"+32933300{number:02d}" for number in range(20)]
    scene, callee = moving(Redirects.FOLLOW, {here: to(there) for here, there in pairwise(chain)})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 480
        assert asked(callee) == chain[:6]


def test_a_list_of_a_hundred_numbers_is_not_gone_through() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(*(f"+3293331{number:03d}" for number in range(100)))})
    callee.script = [(0.01, 486, b"")]
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 486
        assert len(asked(callee)) == 6


def test_a_redirect_server_may_name_another_target_for_the_same_number() -> None:
    conf = config(Redirects.FOLLOW, two_targets=True)
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(CALLED, host="198.51.100.2:5060")}, conf=conf)
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert (asked(callee), asked(scene.spare)) == ([CALLED], [CALLED])
        scene.caller.bye(session)


def test_two_targets_that_send_a_number_to_and_fro_end() -> None:
    conf = config(Redirects.FOLLOW, two_targets=True)
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(CALLED, host="198.51.100.2")}, conf=conf)
    scene.spare = back = Redirector("spare", SPARE, HOME_SOCKET, scene, named={CALLED: to(CALLED, host="198.51.100.1")})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 480
        assert (asked(callee), asked(back)) == ([CALLED], [CALLED])


def test_after_ringing_the_call_is_still_sent_on() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED)}, before=[(0.05, 180, b"")])
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert asked(callee) == [CALLED, MOVED]
        scene.caller.bye(session)


@pytest.mark.parametrize(("body", "fields"), [(b"v=0\r\n", ()), (b"", (("RSeq", "7"), ("Require", "100rel")))])
def test_once_the_caller_is_bound_to_one_callee_the_call_is_not_sent_on(body: bytes, fields: Any) -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED)}, before=[(0.05, 183, body)])
    callee.headers = fields
    with scene:
        session = scene.caller.invite(headers=[("Supported", "100rel")])
        scene.run(5)
        assert session.final == 480
        assert asked(callee) == [CALLED]


@pytest.mark.parametrize(
    "uri", ["sip:+3293330001;npdi;rn=+3270@{}", "sip:+3293330001:pw@{};maddr=203.0.113.8;method=BYE"]
)
def test_only_the_user_part_of_a_contact_goes_on(uri: str) -> None:
    contact = f"<{uri.format(FAR)}?P-Asserted-Identity=%3Csip%3A%2B3225551212%40x%3E>;expires=60"
    scene, callee = moving(Redirects.FOLLOW, {CALLED: ['"Somebody" ' + contact]})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        second = callee.requests("INVITE")[1]
        user = uri.partition("@")[0].removeprefix("sip:").removesuffix(":pw")
        assert second.start == f"INVITE sip:{user}@198.51.100.1:5060 SIP/2.0"
        assert not any(word in second.data for word in (b"3225551212", b"203.0.113", b"Somebody", b":pw"))
        scene.caller.bye(session)


@pytest.mark.parametrize(
    "contact", ["<mailto:a@b>", "<sip:203.0.113.9>", "<sips:+3293330001@x>", "*", "<sip:+32@@x>", ""]
)
def test_a_contact_that_names_no_number_we_can_call_is_none(contact: str) -> None:
    for redirects in (Redirects.FOLLOW, Redirects.PASS):
        scene, callee = moving(redirects, {CALLED: [contact]})
        with scene:
            session = scene.caller.invite()
            scene.run(5)
            assert session.final == 480
            assert asked(callee) == [CALLED]


def test_a_contact_at_a_target_keeps_its_parameters_and_loses_what_spoke_of_the_way() -> None:
    contact = "<sip:+3293330001:pw@198.51.100.1;line=7;maddr=203.0.113.8;transport=tcp;method=BYE?Subject=x>"
    scene, callee = moving(Redirects.FOLLOW, {CALLED: [contact]})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert callee.requests("INVITE")[1].start == "INVITE sip:+3293330001@198.51.100.1:5060;line=7 SIP/2.0"
        scene.caller.bye(session)


def test_a_tel_uri_is_a_number_too() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: [f"<tel:{MOVED}>"]})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert callee.requests("INVITE")[1].start == f"INVITE sip:{MOVED}@198.51.100.1:5060;user=phone SIP/2.0"
        scene.caller.bye(session)


# Emergency services: no way out, and no way in.


@pytest.mark.parametrize("redirects", list(Redirects))
def test_a_call_to_an_emergency_service_is_never_sent_elsewhere(redirects: Redirects) -> None:
    scene, callee = moving(redirects, {"112": to(MOVED)})
    with scene:
        session = scene.caller.invite("112")
        scene.run(5)
        assert session.final == 480
        assert asked(callee) == ["112"]


def test_the_next_target_has_an_emergency_call_that_is_redirected() -> None:
    conf = config(Redirects.FOLLOW, two_targets=True)
    scene, callee = moving(Redirects.FOLLOW, {"112": to(MOVED)}, conf=conf)
    with scene:
        session = scene.caller.invite("112")
        scene.run(5)
        assert session.final == 200
        assert (asked(callee), asked(scene.spare)) == (["112"], ["112"])
        scene.caller.bye(session)


@pytest.mark.parametrize("redirects", [Redirects.FOLLOW, Redirects.PASS])
def test_no_redirection_leads_to_an_emergency_service(redirects: Redirects) -> None:
    scene, callee = moving(redirects, {CALLED: ["<sip:112@198.51.100.1>", "<tel:101>"]})
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 480
        assert asked(callee) == [CALLED]


# The verdict.


@pytest.mark.law("K11")
def test_what_is_withheld_is_withheld_at_the_next_number_too() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED)})
    scene.answers = {"+32470666666": Roaming.FAILED}
    with scene:
        session = scene.caller.invite(caller="<sip:+32470666666@abroad>")
        scene.run(5)
        assert session.final == 200
        assert asked(callee) == [CALLED, MOVED]
        assert not any(b"470666666" in wire.data for wire in callee.seen)
        scene.caller.bye(session)


def test_a_number_that_is_withheld_is_not_called_either() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to("+32470666666", "0470666666", MOVED)})
    scene.answers = {"+32470666666": Roaming.FAILED}
    with scene:
        session = scene.caller.invite(caller="<sip:+32470666666@abroad>")
        scene.run(5)
        assert session.final == 200
        assert asked(callee) == [CALLED, MOVED]
        assert not any(b"470666666" in wire.data for wire in callee.seen)
        scene.caller.bye(session)
    assert not scene.alarms


@pytest.mark.law("¶10")
@pytest.mark.parametrize("entry", ["+3293330000", "+32470123456"])
def test_a_call_whose_verdict_hangs_on_the_called_number_is_not_sent_on(entry: str) -> None:
    history = ("History-Info", f"<sip:{entry}@abroad>;index=1")
    scene, callee = moving(Redirects.FOLLOW, {entry: to(MOVED)})
    with scene:
        session = scene.caller.invite(entry, headers=[history])
        scene.run(5)
        assert session.final == 480
        assert asked(callee) == [entry]


def test_a_national_callers_history_keeps_nobody_from_following() -> None:
    abroad, home = CONFIG.trunk
    conf = attrs.evolve(CONFIG, trunk=(attrs.evolve(abroad, redirects=Redirects.FOLLOW), home))
    scene = Scene(config=conf, from_home=True)
    named = {"+33612345678": to("+33612")}
    party = Redirector("callee", scene.callee.address, scene.callee.gateway, scene, named=named)
    scene.callee = party
    with scene:
        session = scene.caller.invite("+33612345678", headers=[("History-Info", "<sip:+33612345678@home>;index=1")])
        scene.run(5)
        assert session.final == 200
        assert asked(party) == ["+33612345678", "+33612"]
        scene.caller.bye(session)


def test_a_hook_that_blocks_a_number_blocks_the_redirection_to_it() -> None:
    def verdict(claim: Any, given: Any) -> Any:
        return attrs.evolve(given, outcome=Outcome.BLOCK) if claim.called == MOVED else given

    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED)})
    scene.core.context = attrs.evolve(scene.core.context, hooks=Hooks(verdict=verdict))
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 480
        assert asked(callee) == [CALLED]


# Passed to the caller.


def test_a_passed_redirection_names_our_own_address_and_no_other() -> None:
    carol = f'"Carol" <sip:{MOVED}:pw@{FAR}:5080;transport=tcp;maddr={FAR}?Subject=x>;q=0.5;expires=60'
    contacts = [carol, "<tel:+3270123456>"]
    scene, callee = moving(Redirects.PASS, {CALLED: contacts}, body=b"see sip:x@203.0.113.9")
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.statuses == [100, 302]
        (moved,) = [wire for wire in scene.caller.responses() if wire.status == 302]
        assert moved.all("contact") == ["<tel:+3270123456>", f"<sip:{MOVED}@192.0.2.10:5060>;q=0.5;expires=60"]
        assert not moved.body
        assert asked(callee) == [CALLED]
        assert not any(b"203.0.113" in wire.data or b"198.51.100" in wire.data for wire in scene.caller.seen)
    assert scene.record("end").facts["cause"] == "redirected"


# When things cross.


@pytest.mark.parametrize("at", [0.001, 0.025, 0.065, 0.075, 0.085, 0.095, 0.15])
def test_a_call_can_be_cancelled_at_any_moment_around_the_redirection(at: float) -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(ELSEWHERE)})
    with scene:
        session = scene.caller.invite()
        scene.run(at)
        scene.caller.cancel(session)
        scene.run(10)
        assert session.final == 487
    assert all(trunk.outward.held == 0 for trunk in scene.core.context.trunks.all)
    assert len(asked(callee)) <= 1


def test_a_redirection_that_comes_after_a_cancel_is_not_followed() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED)}, before=[(0.05, 180, b"")], heeds_cancel=False)
    with scene:
        session = scene.caller.invite()
        scene.run(0.085)
        scene.caller.cancel(session)
        scene.run(10)
        assert session.final == 487
        assert asked(callee) == [CALLED]


def test_a_redirection_that_comes_again_is_acked_again_and_followed_once() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED)})
    scene.link.doubled = 1.0
    with scene:
        session = scene.caller.invite()
        scene.run(5)
        assert session.final == 200
        assert asked(callee) == [CALLED, MOVED]
        scene.caller.bye(session)


def test_a_call_that_goes_on_in_another_process_still_knows_where_it_may_go() -> None:
    scene, callee = moving(Redirects.FOLLOW, {CALLED: to(MOVED, ELSEWHERE)})
    callee.script = [(0.3, 486, b"")]
    with scene:
        session = scene.caller.invite()
        for _ in range(70):
            scene.run(0.03)
            for name in list(scene.core._calls):
                saved = json.loads(json.dumps(scene.core.put_down(name, scene.moment)))
                scene.core.take_up(saved, scene.moment)
        assert session.final == 200
        assert (asked(callee), asked(scene.spare)) == ([CALLED, MOVED], [ELSEWHERE])
        assert scene.core.context.trunks.by_name["home"].outward.held == 0
        scene.caller.bye(session)
