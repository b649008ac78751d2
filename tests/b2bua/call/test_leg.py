import pytest

from b2bua.call.acts import Repeat, Reply, Transmit
from b2bua.call.leg import BRANCHES, Branch, Leg
from b2bua.call.liveness import Liveness
from b2bua.trunk import Trunks
from sipstack.dialog import Dialog
from sipstack.effects import Key
from sipstack.flow import Flow
from sipstack.ids import Ids
from sipstack.message import Headers, Request, Response, parse, response_to
from sipstack.timing import Timing
from tests.world.scene import CONFIG

TRUNK = Trunks.of(CONFIG).by_name["abroad"]
FLOW = Flow("192.0.2.10:5060", ("192.0.2.1", 5060))
IDS = Ids(lambda size: b"\x07" * size)
INVITE = parse(
    b"INVITE sip:+3293330000@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    b"From: <sip:a@x>;tag=their\r\nTo: <sip:b@y>\r\nCall-ID: c\r\nCSeq: 5 INVITE\r\n"
    b"Contact: <sip:a@192.0.2.7:5070>\r\n\r\n"
)


def leg() -> Leg:
    assert isinstance(INVITE, Request)
    return Leg(
        trunk=TRUNK,
        flow=FLOW,
        socket=TRUNK.sockets[0],
        call_id="c",
        tag="our",
        dialog=Dialog.as_callee(INVITE, "our"),
    )


def test_what_comes_by_a_circuit_says_which_trunk_carries_it() -> None:
    one = leg()
    assert (one.origin.trunk, one.origin.carrier) == ("abroad", "")
    one.known_as = "marked"
    assert (one.origin.trunk, one.origin.carrier) == ("marked", "abroad")


def early(tag: str) -> Dialog:
    assert isinstance(INVITE, Request)
    return Dialog.as_callee(INVITE, tag)


def accepted() -> Response:
    assert isinstance(INVITE, Request)
    return response_to(INVITE, 200, to_tag="our")


def test_a_leg_is_found_by_each_of_our_tags_once() -> None:
    one = leg()
    assert one.tags == ("our",)
    one.open("there", Branch(early("our"), Liveness()))
    one.open("beside", Branch(early("our-other"), Liveness()))
    assert one.tags == ("our", "our-other")


def test_of_too_many_branches_the_oldest_is_forgotten() -> None:
    one = leg()
    for number in range(BRANCHES + 3):
        one.open(f"there-{number}", Branch(early(f"our-{number}"), Liveness()))
    assert list(one.branches) == [f"there-{number}" for number in range(3, BRANCHES + 3)]


def test_a_leg_that_is_turned_to_a_branch_goes_on_in_its_dialog() -> None:
    one = leg()
    for name in ("b", "c"):
        one.open(name, Branch(early(f"our-{name}"), Liveness()))
    one.turn("b")
    assert (one.dialog, one.liveness) == (one.branches["b"].dialog, one.branches["b"].liveness)
    assert one.is_in("our-b", "their")
    assert not one.is_in("our-c", "their")


def test_dialogs_are_found_by_both_tags_on_either_leg() -> None:
    one, other = leg(), leg()
    for name in ("b", "c"):
        one.open(name, Branch(early(f"our-{name}"), Liveness()))
        other.open(name, Branch(early(f"far-{name}"), Liveness()))
    one.turn("c")
    for name in ("b", "c"):
        assert one.branch_of(f"our-{name}", "their") == name
        assert one.find(f"our-{name}", "their") is one.branches[name].dialog
        assert one.across(other, f"our-{name}", "their") is other.branches[name].dialog
    assert one.branch_of("our-b", "nobody") is one.find("our-b", "nobody") is None
    assert one.across(other, "our-b", "nobody") is None
    one.branches.clear()
    assert one.across(other, "our-c", "their") is other.dialog
    assert one.across(other, "our-b", "their") is None


@pytest.mark.parametrize(
    ("method", "has_contact"), [("INVITE", True), ("UPDATE", True), ("REFER", True), ("BYE", False)]
)
def test_a_request_bears_our_contact_where_it_refreshes_a_target(method: str, has_contact: bool) -> None:
    sent = leg().request(method, IDS, hops=12)
    assert (sent.headers.first("contact") == "<sip:192.0.2.10:5060>") is has_contact
    assert sent.headers.first("max-forwards") == "12"
    assert sent.via.parameters.get("branch") == "z9hG4bK" + "07" * 12


def test_requests_go_to_the_target_of_the_dialog() -> None:
    assert leg().next_hop().remote == ("192.0.2.7", 5070)


def test_without_a_dialog_requests_go_where_the_invite_came_from() -> None:
    bare = leg()
    bare.dialog = None
    assert bare.next_hop() == FLOW
    with pytest.raises(AssertionError):
        bare.request("BYE", IDS)


def test_an_ack_carries_the_other_sides_lines_and_body() -> None:
    one = leg()
    assert one.dialog is not None
    act = one.acknowledge(accepted(), one.dialog, IDS, Headers.of([("X-A", "1")]), b"v=0\r\n")
    assert isinstance(act, Transmit)
    ack = parse(act.wire)
    assert isinstance(ack, Request)
    assert (ack.method, ack.headers.first("x-a"), ack.body) == ("ACK", "1", b"v=0\r\n")
    assert ack.cseq.number == 5
    assert one.acks.repeat(accepted()) == act.wire


def test_a_2xx_is_repeated_at_t1_doubling_until_acknowledged() -> None:
    one = leg()
    act = one.answer(Key("k"), accepted(), Timing(), 100.0)
    assert isinstance(act, Reply)
    first = act.response.encode()
    sendings = []
    while one.unacked is not None and not one.unacked.given_up:
        at = one.deadline()
        assert at is not None
        sendings += [at - 100 for again in one.tick(at) if isinstance(again, Repeat) and again.wire == first]
    assert sendings[:6] == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5]
    assert sendings[-1] < 32


def test_an_acknowledged_2xx_waits_for_nothing() -> None:
    one = leg()
    one.answer(Key("k"), accepted(), Timing(), 100.0)
    one.acknowledged()
    assert one.deadline() is None
    assert one.tick(200.0) == []
