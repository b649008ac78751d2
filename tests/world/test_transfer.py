"""Transfers through the gateway: what of a REFER crosses, and the calls that follow it (RFC 3515, 3891, 5589)."""

import json
import re
from typing import Any
from urllib.parse import quote, unquote

import attrs
import pytest

from b2bua.config import Config, Endpoint, Passage, Peer, Redirects, Route, Target, Trunk
from policy.claim import TrunkClass
from tests.world.party import Party, Session
from tests.world.scene import ABROAD_SOCKET, CONFIG, HOME, HOME_SOCKET, SPARE, Scene
from tests.world.wire import Wire

#: What leads to the third party, who stands at home beside the callee.
THIRD = "+3249330000"
GEOGRAPHIC = "+3225551212"


def config(**changes: Any) -> Config:
    """One carrier abroad, two at home on one socket; `changes` are keys of every trunk."""
    abroad, home = CONFIG.trunk
    third = Trunk(
        name="third",
        declared_class=TrunkClass.NATIONAL,
        listen=home.listen,
        peers=(Peer.parse("198.51.100.2"),),
        targets=(Target(address=Endpoint.parse("198.51.100.2")),),
        refer=Passage.PASS,
        replaces=Passage.PASS,
    )
    routes = (Route(source="abroad", prefix="+3249", to="third"), Route(source="third", to="abroad"))
    trunks = tuple(attrs.evolve(trunk, **changes) for trunk in (abroad, home, third))
    return attrs.evolve(CONFIG, trunk=trunks, route=(*CONFIG.route, *routes))


def scene(**changes: Any) -> Scene:
    return Scene(config=config(**changes))


def talking(world: Scene, number: str = "+3293330000") -> Session:
    session = world.caller.invite(number)
    world.run(3)
    assert session.final == 200
    return session


def replaces(session: Session, remote_tag: str | None = None) -> str:
    """The Replaces by which that party's peer knows their dialog."""
    remote = re.search(r";tag=(\S+)", session.remote)
    assert remote is not None
    return f"{session.call_id};to-tag={remote_tag or remote[1]};from-tag={session.tag}"


def referred(uri: str, *fields: tuple[str, str]) -> tuple[str, str]:
    written = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields)
    return "Refer-To", f"<{uri}?{written}>" if written else f"<{uri}>"


def status_of(party: Party, request: Wire) -> int:
    """Of the final response to it."""
    (found,) = {w.status for w in party.seen if w.status and w.status >= 200 and w.branch == request.branch}
    return found


def refer_to(request: Wire) -> tuple[str, dict[str, str]]:
    """The URI of a Refer-To without its headers, and these."""
    found = re.fullmatch(r"<([^?>]*)\??([^>]*)>", request.first("refer-to"))
    assert found is not None
    fields = [field.partition("=") for field in found[2].split("&") if field]
    return found[1], {unquote(name).lower(): unquote(value) for name, _, value in fields}


# An attended transfer.


def test_an_attended_transfer_reaches_the_call_it_names_though_no_side_knows_the_other_sides_names() -> None:
    with scene() as world:
        first, second = talking(world), talking(world, THIRD)
        world.caller.request(first, "REFER", [referred(f"sip:{ABROAD_SOCKET}", ("Replaces", replaces(second)))])
        world.run(1)
        (refer,) = world.callee.requests("REFER")
        uri, fields = refer_to(refer)
        assert uri == f"sip:{HOME_SOCKET}"
        third = world.spare.sessions[0]
        assert fields == {"replaces": f"{third.call_id};to-tag={third.tag};from-tag={third.invite.from_tag}"}
        assert second.call_id not in refer.data.decode()

        taking = world.callee.invite(uri=uri, headers=[("Replaces", fields["replaces"]), ("Require", "replaces")])
        world.run(3)
        assert taking.final == 200
        _, invite = world.spare.requests("INVITE")
        assert invite.first("replaces") == fields["replaces"]
        assert invite.first("require") == "replaces"
        assert invite.start == f"INVITE {third.invite.start.split()[1].partition(':')[0]}:spare@{SPARE} SIP/2.0"
        world.spare.bye(third)
        world.caller.bye(first)
        world.run(1)
        assert not taking.is_over
        assert second.is_over
        world.callee.bye(taking)


def test_a_call_that_takes_over_another_goes_to_the_peer_of_that_call_whatever_its_request_uri_says() -> None:
    with scene() as world:
        second = talking(world, THIRD)
        third = world.spare.sessions[0]
        name = f"{third.call_id};to-tag={third.tag};from-tag={third.invite.from_tag}"
        taking = world.callee.invite("+33155555555", headers=[("Replaces", name)])
        world.run(3)
        assert taking.final == 200
        assert len(world.spare.requests("INVITE")) == 2
        assert [wire.method for wire in world.caller.seen if wire.status is None] == []
        world.caller.bye(second)
        world.callee.bye(taking)


def test_who_takes_the_place_of_the_caller_names_the_call_as_we_are_called_in_it() -> None:
    with scene() as world:
        session = talking(world)
        far = world.callee.sessions[0]
        taking = world.spare.invite(uri=f"sip:{HOME_SOCKET}", headers=[("Replaces", replaces(session))])
        world.run(3)
        assert taking.final == 200
        _, invite = world.callee.requests("INVITE")
        assert invite.first("replaces") == f"{far.call_id};to-tag={far.tag};from-tag={far.invite.from_tag}"
        world.caller.bye(session)
        world.spare.bye(taking)


def test_a_join_is_renamed_like_a_replaces() -> None:
    with scene() as world:
        session = talking(world)
        far = world.callee.sessions[0]
        joining = world.spare.invite(uri=f"sip:{HOME_SOCKET}", headers=[("Join", replaces(session))])
        world.run(3)
        assert joining.final == 200
        _, invite = world.callee.requests("INVITE")
        assert invite.first("join") == f"{far.call_id};to-tag={far.tag};from-tag={far.invite.from_tag}"
        world.caller.bye(session)
        world.spare.bye(joining)


def test_early_only_and_other_parameters_cross_and_what_the_far_peer_says_of_them_comes_back() -> None:
    with scene() as world:
        session = talking(world)
        world.callee.script = [(0.01, 486, b"")]
        name = replaces(session) + ";early-only;x=1"
        taking = world.spare.invite(uri=f"sip:{HOME_SOCKET}", headers=[("Replaces", name)])
        world.run(3)
        assert taking.final == 486
        assert world.callee.requests("INVITE")[1].first("replaces").endswith(";early-only;x=1")
        world.caller.bye(session)


def test_a_call_that_rings_can_be_taken_over_by_the_name_of_its_early_dialog() -> None:
    with scene() as world:
        world.callee.script = [(0.01, 180, b"")]
        ringing = world.caller.invite()
        world.run(1)
        world.callee.script = [(0.01, 200, b"")]
        taking = world.spare.invite(uri=f"sip:{HOME_SOCKET}", headers=[("Replaces", replaces(ringing))])
        world.run(1)
        assert taking.final == 200
        world.caller.cancel(ringing)
        world.spare.bye(taking)


class Elsewhere(Party):
    """One whose Contact names no address."""

    def _contact(self) -> tuple[str, str]:
        return "Contact", "<sip:desk@phones.example;x=1;transport=udp>"


def test_the_request_uri_of_a_call_that_takes_over_another_is_the_contact_of_its_peer_as_it_stands() -> None:
    with scene() as world:
        world.callee = Elsewhere("callee", HOME, HOME_SOCKET, world)
        session = talking(world)
        taking = world.spare.invite(uri=f"sip:{HOME_SOCKET}", headers=[("Replaces", replaces(session))])
        world.run(3)
        assert taking.final == 200
        _, invite = world.callee.requests("INVITE")
        assert invite.start == "INVITE sip:desk@phones.example;x=1;transport=udp SIP/2.0"
        world.caller.bye(session)
        world.spare.bye(taking)


@pytest.mark.parametrize("redirects", list(Redirects))
def test_a_redirection_of_a_call_that_takes_over_another_leads_nowhere(redirects: Redirects) -> None:
    with scene(redirects=redirects) as world:
        session = talking(world)
        world.callee.script = [(0.01, 302, b"")]
        world.callee.headers = [("Contact", "<sip:+3293339999@198.51.100.1>")]
        taking = world.spare.invite(uri=f"sip:{HOME_SOCKET}", headers=[("Replaces", replaces(session))])
        world.run(3)
        assert taking.final == 480
        assert len(world.callee.requests("INVITE")) == 2
        world.caller.bye(session)


def test_a_peer_that_has_gone_silent_is_not_looked_for_elsewhere() -> None:
    with scene() as world:
        session = talking(world)
        world.callee.is_silent = True
        taking = world.spare.invite(uri=f"sip:{HOME_SOCKET}", headers=[("Replaces", replaces(session))])
        world.run(40)
        assert taking.final == 408
        world.caller.bye(session)


# Screening.


@pytest.mark.law("¶10")
def test_a_call_that_takes_over_another_is_judged_like_any_other() -> None:
    with scene() as world:
        session = talking(world)
        taking = world.caller.invite(
            uri=f"sip:{ABROAD_SOCKET}", caller=f"<sip:{GEOGRAPHIC}@x>", headers=[("Replaces", replaces(session))]
        )
        world.run(1)
        assert taking.final == 603
        assert len(world.callee.requests("INVITE")) == 1
        world.caller.bye(session)
    assert [record.facts["verdict"] for record in world.records if record.kind == "verdict"] == ["pass", "block"]


def test_the_number_that_a_taken_call_called_is_nobodys_claim() -> None:
    """A History-Info that ends in the called number names no diverter, here as in any call."""
    with scene() as world:
        session = talking(world)
        history = ("History-Info", "<sip:+3293330000@x>;index=1")
        name = [("Replaces", replaces(session)), history]
        taking = world.caller.invite(uri=f"sip:{ABROAD_SOCKET}", headers=name)
        diverted = ("History-Info", f"<sip:{GEOGRAPHIC}@x>;index=1")
        other = world.caller.invite(uri=f"sip:{ABROAD_SOCKET}", headers=[name[0], diverted])
        world.run(3)
        assert taking.final == 200
        assert other.final == 603
        (first,) = world.callee.requests("INVITE")[1:]
        assert first.all("history-info") == [history[1]]
        world.caller.bye(session)
        world.caller.bye(taking)


@pytest.mark.law("¶9", "L11")
def test_a_forbidden_number_does_not_cross_in_the_headers_of_a_refer_to() -> None:
    with scene() as world:
        session = talking(world)
        fields = [("From", f"<sip:{GEOGRAPHIC}@x>"), ("P-Asserted-Identity", f"<tel:{GEOGRAPHIC}>")]
        fields += [("body", GEOGRAPHIC), ("X-Other", GEOGRAPHIC)]
        name, value = referred("sip:+3293331111@elsewhere.example;user=phone", *fields)
        world.caller.request(session, "REFER", [(name, f'"{GEOGRAPHIC}" {value}')])
        world.run(1)
        (refer,) = world.callee.requests("REFER")
        assert refer.first("refer-to") == "<sip:+3293331111@elsewhere.example;user=phone>"
        assert b"25551212" not in refer.data
        world.caller.bye(session)


@pytest.mark.law("L11")
def test_a_forbidden_referrer_is_taken_out() -> None:
    with scene() as world:
        session = talking(world)
        target = ("Refer-To", "<sip:+3293331111@elsewhere.example>")
        world.caller.request(session, "REFER", [target, ("Referred-By", f"<sip:{GEOGRAPHIC}@x>")])
        world.run(1)
        (refer,) = world.callee.requests("REFER")
        assert refer.first("refer-to") == target[1]
        assert not refer.all("referred-by")
        world.caller.bye(session)


def test_a_refer_to_of_a_national_side_keeps_its_headers() -> None:
    with scene() as world:
        session = talking(world)
        fields = [("From", f"<sip:{GEOGRAPHIC}@x>"), ("X-Reason", "transfer")]
        target = referred("sip:+33155555555@elsewhere.example", *fields)
        world.callee.request(world.callee.sessions[0], "REFER", [target])
        world.run(1)
        (refer,) = world.caller.requests("REFER")
        assert refer.first("refer-to") == target[1]
        world.caller.bye(session)


def test_a_refer_to_that_nobody_can_read_is_400() -> None:
    with scene() as world:
        session = talking(world)
        values = ("<sip:x@y", "<sip:x@y>, <sip:z@y>", "<sip:x@y?Replaces=1>", "<sip:x@y?%00=1>", "<sip:x@y?X=%0D>")
        sent = [world.caller.request(session, "REFER", [("Refer-To", value)]) for value in values]
        world.run(1)
        assert {status_of(world.caller, request) for request in sent} == {400}
        assert not world.callee.requests("REFER")
        world.caller.bye(session)


# Where a Refer-To leads.


@pytest.mark.parametrize(
    ("uri", "there"),
    [
        (f"sip:+3293331111@{ABROAD_SOCKET}", f"sip:+3293331111@{HOME_SOCKET}"),
        (f"sip:+3293331111@{ABROAD_SOCKET};transport=udp;user=phone", f"sip:+3293331111@{HOME_SOCKET};user=phone"),
        ("sip:200@192.0.2.1", f"sip:200@{HOME_SOCKET}"),
        ("sip:caller@192.0.2.1:5060;maddr=192.0.2.1", f"sip:caller@{HOME_SOCKET}"),
        ("sip:+3293331111@elsewhere.example", "sip:+3293331111@elsewhere.example"),
        ("sip:200@192.0.2.1:5070", f"sip:200@{HOME_SOCKET}"),
        ("tel:+3293331111", "tel:+3293331111"),
        ("https://elsewhere.example/", "https://elsewhere.example/"),
    ],
)
def test_a_refer_to_that_leads_to_us_or_to_the_referrer_leads_to_us_on_the_other_side(uri: str, there: str) -> None:
    with scene() as world:
        session = talking(world)
        world.caller.request(session, "REFER", [("Refer-To", f"<{uri}>")])
        world.run(1)
        (refer,) = world.callee.requests("REFER")
        assert refer.first("refer-to") == f"<{there}>"
        world.caller.bye(session)


def test_a_refer_to_that_needs_no_change_crosses_byte_for_byte() -> None:
    with scene() as world:
        session = talking(world)
        value = 'sales  <sip:+3293331111@Elsewhere.example?Replaces=a%3bto-tag%3d1%3Bfrom-tag=2> ; x="y"'
        world.callee.request(world.callee.sessions[0], "REFER", [("r", value)])
        world.run(1)
        (refer,) = world.caller.requests("REFER")
        assert f"\r\nr: {value}\r\n".encode() in refer.data
        world.caller.bye(session)


# By setting.


def test_a_refer_is_refused_where_its_trunk_may_send_none() -> None:
    with scene(refer=Passage.REFUSE) as world:
        session = talking(world)
        target = [("Refer-To", "<sip:+3293331111@elsewhere.example>")]
        near = world.caller.request(session, "REFER", target)
        far = world.callee.request(world.callee.sessions[0], "REFER", target)
        world.run(1)
        assert (status_of(world.caller, near), status_of(world.callee, far)) == (403, 403)
        assert not world.callee.requests("REFER")
        assert not world.caller.requests("REFER")
        world.caller.bye(session)


def test_neither_is_let_through_unless_the_trunk_says_so() -> None:
    trunk = Trunk(name="x", listen=(), peers=())
    assert (trunk.refer, trunk.replaces) == (Passage.REFUSE, Passage.REFUSE)


def test_where_calls_may_not_be_taken_over_it_is_a_call_like_any_other() -> None:
    with scene(replaces=Passage.REFUSE) as world:
        session = talking(world)
        taking = world.caller.invite(THIRD, headers=[("Replaces", replaces(session)), ("Supported", "replaces")])
        world.run(3)
        assert taking.final == 200
        (invite,) = world.spare.requests("INVITE")
        assert not invite.all("replaces")
        assert invite.first("supported") == "replaces"
        world.caller.bye(session)
        world.caller.bye(taking)


@pytest.mark.parametrize("tag", ["replaces", "Join"])
def test_where_calls_may_not_be_taken_over_who_requires_it_gets_420(tag: str) -> None:
    with scene(replaces=Passage.REFUSE) as world:
        session = talking(world)
        headers = [(tag, replaces(session)), ("Require", f"{tag}, 100rel")]
        taking = world.caller.invite(THIRD, headers=headers)
        world.run(1)
        assert taking.final == 420
        refusal = next(wire for wire in world.caller.responses() if wire.status == 420)
        assert refusal.first("unsupported") == tag
        assert not world.spare.seen
        world.caller.bye(session)


# Names that are none.


@pytest.mark.parametrize(
    "damage",
    [
        lambda name: name.replace(";from-tag=", ";from-tag=x"),
        lambda name: re.sub(r";to-tag=\w", ";to-tag=", name),
        lambda name: "x" + name,
    ],
)
def test_a_name_that_is_no_dialogs_is_481_where_only_a_dialog_of_ours_could_be_meant(damage: Any) -> None:
    with scene() as world:
        session = talking(world)
        name = damage(replaces(session))
        taking = world.caller.invite(uri=f"sip:{ABROAD_SOCKET}", headers=[("Replaces", name)])
        world.run(1)
        assert taking.final == 481
        assert len(world.callee.requests("INVITE")) == 1
        world.caller.bye(session)
    assert [record.kind for record in world.records].count("verdict") == 2


def test_a_dialog_of_ours_with_another_peers_tag_is_481_even_for_a_call_with_a_number() -> None:
    with scene() as world:
        session = talking(world)
        name = replaces(session).replace(";from-tag=", ";from-tag=x")
        taking = world.caller.invite(THIRD, headers=[("Replaces", name)])
        referring = world.caller.request(session, "REFER", [referred(f"sip:{ABROAD_SOCKET}", ("Replaces", name))])
        world.run(1)
        assert taking.final == 481
        assert status_of(world.caller, referring) == 481
        assert not world.spare.seen
        world.caller.bye(session)


def test_a_name_that_may_be_somebody_elses_crosses_with_the_call() -> None:
    with scene() as world:
        name = "a84b4c76e66710@elsewhere.example;to-tag=1;from-tag=2"
        taking = world.caller.invite(headers=[("Replaces", name)])
        world.run(3)
        assert taking.final == 200
        (invite,) = world.callee.requests("INVITE")
        assert invite.first("replaces") == name
        world.caller.bye(taking)


def test_a_call_that_is_over_cannot_be_taken_over() -> None:
    with scene() as world:
        session = talking(world)
        world.callee.answers["BYE"] = None
        name = replaces(session)
        world.caller.bye(session)
        world.run(0.1)
        taking = world.caller.invite(uri=f"sip:{ABROAD_SOCKET}", headers=[("Replaces", name)])
        world.run(1)
        assert taking.final == 481


@pytest.mark.parametrize(
    "headers",
    [
        [("Replaces", "nothing")],
        [("Replaces", "a;to-tag=1;from-tag=2"), ("Join", "a;to-tag=1;from-tag=2")],
        [("Join", "a;to-tag=1;from-tag=2"), ("Join", "b;to-tag=1;from-tag=2")],
    ],
)
def test_two_names_or_one_that_cannot_be_read_are_400(headers: list[tuple[str, str]]) -> None:
    with scene() as world:
        taking = world.caller.invite(headers=headers)
        world.run(1)
        assert taking.final == 400
    assert not world.callee.seen


# Inside the dialog.


def test_a_replaces_inside_a_dialog_stays_behind_with_what_requires_it() -> None:
    with scene() as world:
        session = talking(world)
        headers = [("Replaces", replaces(session)), ("Require", "replaces, 100rel")]
        world.caller.request(session, "INVITE", headers)
        world.run(1)
        _, invite = world.callee.requests("INVITE")
        assert not invite.all("replaces")
        assert invite.first("require") == "100rel"
        world.caller.bye(session)


def test_a_target_dialog_names_the_dialog_that_the_other_side_has() -> None:
    with scene() as world:
        session = talking(world)
        far = world.callee.sessions[0]
        remote = re.search(r";tag=(\S+)", session.remote)
        assert remote is not None
        target = f"{session.call_id};local-tag={session.tag};remote-tag={remote[1]}"
        world.caller.request(session, "INFO", [("Target-Dialog", target)])
        world.caller.request(session, "INFO", [("Target-Dialog", "elsewhere;local-tag=1;remote-tag=2")])
        world.run(1)
        first, second = world.callee.requests("INFO")
        assert first.first("target-dialog") == (f"{far.call_id};local-tag={far.invite.from_tag};remote-tag={far.tag}")
        assert second.first("target-dialog") == "elsewhere;local-tag=1;remote-tag=2"
        world.caller.bye(session)


def test_the_call_ids_of_old_calls_stay_on_their_side() -> None:
    with scene() as world:
        session = world.caller.invite(headers=[("In-Reply-To", "one@192.0.2.1, two@192.0.2.1")])
        world.run(3)
        (invite,) = world.callee.requests("INVITE")
        assert not invite.all("in-reply-to")
        world.caller.bye(session)


# The NOTIFYs.


FRAGMENT = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 198.51.100.1\r\nContact: <sip:callee@198.51.100.1>\r\n"


def notify(number: int | None) -> list[tuple[str, str]]:
    event = "refer" if number is None else f"refer;id={number}"
    return [("Event", event), ("Subscription-State", "active;expires=60"), ("Content-Type", "message/sipfrag")]


@pytest.mark.parametrize(
    ("body", "crosses"),
    [
        (FRAGMENT, b"SIP/2.0 200 OK\r\n"),
        (b"SIP/2.0 100 Trying", b"SIP/2.0 100 Trying"),
        (b"SIP/2.0 100 Trying\r\n\r\n", b"SIP/2.0 100 Trying\r\n\r\n"),
        (b"Via: SIP/2.0/UDP 198.51.100.1\r\n", b""),
        (b"SIP/2.0 200 OK\nVia: SIP/2.0/UDP 198.51.100.1\n", b""),
    ],
)
def test_of_a_fragment_only_its_status_line_crosses(body: bytes, crosses: bytes) -> None:
    with scene() as world:
        session = talking(world)
        # A party gives each body the type of a session; the type that the test names stands above it.
        callee = world.callee
        far = callee.sessions[0]
        far.cseq += 1
        wire = callee._in_dialog(far, "NOTIFY", far.cseq, notify(None), body)
        world.deliver(callee, wire.replace(b"Content-Type: application/sdp\r\n", b"", 1))
        world.run(1)
        (crossed,) = world.caller.requests("NOTIFY")
        assert crossed.body == crosses
        assert crossed.first("content-type") == "message/sipfrag"
        world.caller.bye(session)


def test_a_notify_names_the_refer_by_the_number_it_had_on_its_own_side() -> None:
    with scene() as world:
        session = talking(world)
        target = [("Refer-To", "<sip:+3293331111@elsewhere.example>")]
        session.cseq = 100
        refers = [world.caller.request(session, "REFER", target) for _ in range(2)]
        world.run(1)
        far = world.callee.sessions[0]
        crossed = world.callee.requests("REFER")
        assert [refer.cseq for refer in crossed] == [2, 3]
        for refer in crossed:
            world.callee.request(far, "NOTIFY", notify(refer.cseq)[:2])
        world.callee.request(far, "NOTIFY", notify(777)[:2])
        world.run(1)
        told = [wire.first("event") for wire in world.caller.requests("NOTIFY")]
        assert told == [f"refer;id={refers[0].cseq}", f"refer;id={refers[1].cseq}", "refer;id=777"]
        world.caller.request(session, "SUBSCRIBE", [("Event", f"refer;id={refers[1].cseq}"), ("Expires", "60")])
        world.run(1)
        (subscribe,) = world.callee.requests("SUBSCRIBE")
        assert subscribe.first("event") == f"refer;id={crossed[1].cseq}"
        world.caller.bye(session)


def test_a_blind_transfer_is_told_of_and_the_call_stands_until_its_bye() -> None:
    with scene() as world:
        session = talking(world)
        far = world.callee.sessions[0]
        world.callee.answers["REFER"] = 202
        refer = world.caller.request(session, "REFER", [("Refer-To", "<sip:+33155555555@elsewhere.example>")])
        world.run(0.5)
        assert status_of(world.caller, refer) == 202
        (accepted,) = [wire for wire in world.caller.responses("REFER") if wire.status == 202]
        assert accepted.contact == f"sip:{ABROAD_SOCKET}"
        notified = world.callee.request(far, "NOTIFY", notify(None)[:2])
        world.run(0.5)
        assert status_of(world.callee, notified) == 200
        assert not session.is_over
        world.caller.bye(session)
        world.run(1)
        late = world.callee.request(far, "NOTIFY", notify(None)[:2])
        world.run(1)
        assert status_of(world.callee, late) == 481


def test_more_refers_than_are_remembered_leave_the_last_ones_known() -> None:
    with scene() as world:
        session = talking(world)
        target = [("Refer-To", "<sip:+3293331111@elsewhere.example>")]
        session.cseq = 100
        refers = [world.caller.request(session, "REFER", target) for _ in range(40)]
        world.run(1)
        far = world.callee.sessions[0]
        world.callee.request(far, "NOTIFY", notify(world.callee.requests("REFER")[-1].cseq)[:2])
        world.run(1)
        (told,) = world.caller.requests("NOTIFY")
        assert told.first("event") == f"refer;id={refers[-1].cseq}"
        (call,) = world.core._calls.values()
        assert call.call.b is not None
        assert len(call.call.b.referred) <= 16
        world.caller.bye(session)


def test_a_call_that_was_saved_and_taken_up_is_named_as_before_and_knows_its_refers() -> None:
    with scene() as world:
        session = talking(world)
        session.cseq = 100
        refer = world.caller.request(session, "REFER", [("Refer-To", "<sip:+3293331111@elsewhere.example>")])
        world.run(1)
        (name,) = world.core._calls
        saved = json.loads(json.dumps(world.core.put_down(name, world.moment)))
        assert not world.core.context.dialogs.legs
        world.core.take_up(saved, world.moment)
        far = world.callee.sessions[0]
        world.callee.request(far, "NOTIFY", notify(world.callee.requests("REFER")[0].cseq)[:2])
        taking = world.spare.invite(uri=f"sip:{HOME_SOCKET}", headers=[("Replaces", replaces(session))])
        world.run(3)
        (told,) = world.caller.requests("NOTIFY")
        assert told.first("event") == f"refer;id={refer.cseq}"
        assert taking.final == 200
        world.caller.bye(session)
        world.spare.bye(taking)
