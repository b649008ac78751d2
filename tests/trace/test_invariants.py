"""Each law lets a sound trace through, and is broken by one that is not."""

import re
from collections.abc import Callable

import pytest

from tests.trace import invariants
from tests.trace.invariants import (
    BrokenInvariantError,
    check,
    g12_nothing_is_left,
    g12_one_record_a_call,
    violations,
)
from tests.trace.making import ABROAD, ANSWER, HOME, OFFER, PEERS, Story, call, refused, text

Change = Callable[[Story], object]
AGAIN = text("SIP/2.0 200 OK", "a3", "alice", "us", "near", "2 BYE")


def update(
    side: str, at: float, branch: str, *, ours: bool, number: int = 2, body: bytes = OFFER
) -> tuple[float, str, bytes]:
    """An UPDATE, with an offer unless told, as `Story.say` takes it."""
    names = {
        (ABROAD, True): ("us", "alice", "near"),
        (ABROAD, False): ("alice", "us", "near"),
        (HOME, True): ("we", "bob", "far"),
        (HOME, False): ("bob", "we", "far"),
    }
    cseq = f"{number} UPDATE"
    data = text("UPDATE sip:x", branch, *names[side, ours], cseq, "Max-Forwards: 70", body=body)
    return at, side, data


@pytest.mark.parametrize("story", [call, refused])
@pytest.mark.parametrize("is_whole", [True, False])
def test_a_sound_call_keeps_every_law(story: Callable[[], Story], is_whole: bool) -> None:
    check(story().trace(is_whole=is_whole))
    check(story().trace(is_whole=is_whole, slack=0.1))


def test_a_call_that_is_repeated_as_it_should_be_keeps_every_law() -> None:
    # The first answer of the callee comes late, the caller's ACK too; a BYE is lost, and the 200 to another.
    late = call().move("b ringing", 8.0).move("ringing", 8.0).move("b ok", 8.5).move("b ack", 8.5).move("ok", 8.5)
    late.again("b invite", 0.5).again("b invite", 1.5).again("b invite", 3.5).again("b invite", 7.5)
    late.move("ack", 9.7).again("ok", 9.0)
    for name, at in (("bye", 20.0), ("bye ok", 20.0), ("b bye", 20.0), ("b bye ok", 21.7)):
        late.move(name, at)
    late.again("bye", 20.5).again("bye ok", 20.5).again("b bye", 20.5).again("b bye", 21.5)
    check(late.trace())


SIDES: list[tuple[Callable[[], Story], Change, str]] = [
    # G1
    (call, lambda s: s.change("ringing", ";tag=us", ""), "G1: a response .* has no To tag"),
    (call, lambda s: s.change("ok", ";tag=us", ";tag=other"), "G1: .* has 2 To tags for 1 branches"),
    (call, lambda s: s.again("ok", 1.5, us="other"), "G1: .* answered with the tags"),
    (call, lambda s: s.change("bye ok", ";tag=us", ";tag=other"), "G1: .* another To tag"),
    (refused, lambda s: s.change("cancel ok", ";tag=us", ";tag=other"), "G1: .* has not the To tag of its INVITE"),
    (call, lambda s: s.change("b bye", ";tag=we", ";tag=they"), "G1: .* comes from another tag than we"),
    (
        call,
        lambda s: s.say("odd", 5.0, ABROAD, text("INFO sip:x", "c1", "odd", "alice", "near", "1 INFO")),
        "G1: .* a tag that nobody was told",
    ),
    (call, lambda s: s.change("ok", "caller@x", "caller@y"), "G1: .* has not the from"),
    (call, lambda s: s.change("ok", "1 INVITE", "1  INVITE"), "G1: .* has not the cseq"),
    (call, lambda s: s.change("ok", "UDP host", "UDP other"), "G1: .* another topmost Via"),
    (call, lambda s: s.change("ok", "branch=a1", "branch=a1, SIP/2.0/UDP x;branch=y"), "G1: .* has not the Vias"),
    # G2
    (call, lambda s: s.change("b invite", "Call-ID: far", "Call-ID: near"), "G2: .* has near"),
    (call, lambda s: s.change("b invite", ";tag=we", ";tag=alice"), "G2: .* has alice"),
    (call, lambda s: s.change("b invite", "branch=b1", "branch=a1"), "G2: .* has a1"),
    (call, lambda s: s.change("b invite", "sip:198.51.100.10:5060", "sip:192.0.2.10:5060"), "G2: .* shows 192.0.2.1"),
    (call, lambda s: s.change("b invite", "caller@x.example", "caller@192.0.2.1"), "G2: .* shows 192.0.2.1"),
    (call, lambda s: s.change("ok", "<sip:192.0.2.10:5060>", "<sip:c@198.51.100.1>"), "G2: .* shows 198.51.100.1"),
    # G3
    (call, lambda s: s.change("b bye", "2 BYE", "1 BYE"), "G3: .* comes after the number 1"),
    (refused, lambda s: s.change("b cancel", "1 CANCEL", "2 CANCEL"), "G3: .* has not its INVITE's number"),
    (call, lambda s: s.change("b ack", "1 ACK", "2 ACK"), "G3: .* has no INVITE's number"),
    # G4
    (refused, lambda s: s.change("b ack", "branch=b1", "branch=b1\r\nVia: SIP/2.0/UDP x"), "G4: .* Via alone"),
    (refused, lambda s: s.change("b ack", "198.51.100.1 ", "198.51.100.7 "), "G4: .* Request-URI"),
    (refused, lambda s: s.change("b ack", ";tag=bob", ";tag=bab"), "G4: .* To that is not among"),
    (refused, lambda s: s.change("b cancel", "caller@x", "caller@y"), "G4: .* INVITE's from"),
    (refused, lambda s: s.change("b cancel", "callee@x", "callee@y"), "G4: .* To that is not among"),
    (call, lambda s: s.change("b ack", "branch=b2", "branch=b1"), "G4: .* of an INVITE that has not failed"),
    (call, lambda s: s.change("b ack", "branch=b2", "branch=b3"), "G4: .* the branch of another request"),
    (call, lambda s: s.change("b ack", ";tag=bob", ";tag=bab"), "G4: .* acknowledges nothing"),
    (call, lambda s: s.change("b ack", "sip:callee@", "sip:other@"), "G4: .* does not go to the Contact"),
    (call, lambda s: s.change("b ack", "Route:", "X-Route:"), "G4: .* does not go by"),
    (call, lambda s: s.change("b ok", ";lr", ""), "G4: .* does not go to the Contact sip:proxy.example"),
    # G5
    (call, lambda s: s.again("b bye", 9.5, Forwards="forwards").move("b bye ok", 9.7), "G5: .* not what was sent"),
    (
        call,
        lambda s: s.change("ringing", "Content-Length", "RSeq: 7\r\nContent-Length").again(
            "ringing", 0.6, Ringing="ringing"
        ),
        "G5: .* not what was sent",
    ),
    (call, lambda s: s.move("b bye ok", 10.0).again("b bye", 9.6), "G5: .* 0.600 s later, not 0.500"),
    (call, lambda s: s.again("b invite", 0.5), "G5: .* was sent again after"),
    (call, lambda s: s.again("b bye", 9.5), "G5: .* was sent again after"),
    (call, lambda s: s.drop("b bye ok"), "G5: .* never answered, was sent 1 times"),
    (call, lambda s: s.again("ok", 1.05), "G5: .* again 0.050 s after"),
    (call, lambda s: s.again("ok", 1.5), "G5: .* again after its ACK"),
    (call, lambda s: s.again("bye ok", 9.5), "G5: .* was sent 2 times"),
    (refused, lambda s: s.again("failure", 2.5), "G5: .* again after its ACK"),
    (refused, lambda s: s.change("failure", "487", "487").again("failure", 2.1), "G5: .* again 0.100 s after"),
    # G6
    (call, lambda s: s.change("b bye", "Max-Forwards: 70\r\n", ""), "G6: .* Max-Forwards \\[\\]"),
    (call, lambda s: s.change("b invite", "Max-Forwards: 69", "Max-Forwards: -1"), "G6: .* \\['-1'\\]"),
    (call, lambda s: s.change("b invite", "Max-Forwards: 69", "Max-Forwards: 70"), "G6: .* 70 where 70 came"),
    (call, lambda s: s.change("invite", "Max-Forwards: 70\r\n", ""), "G6: .* 69 where none came"),
    # G7
    (call, lambda s: s.say("other", 9.0, ABROAD, AGAIN.replace(b"OK", b"Ok")), "G7: .* has 2 final responses"),
    (call, lambda s: s.drop("bye ok"), "G7: .* has no final response"),
    (call, lambda s: s.move("ringing", 1.05), "G7: .* comes after the final response"),
    (call, lambda s: s.drop("b ack"), "G7: .* was not acknowledged"),
    (refused, lambda s: s.drop("b ack"), "G7: .* was not acknowledged"),
    (call, lambda s: s.drop("b bye", "b bye ok"), "G7: the dialog of .* has no BYE"),
    (call, lambda s: s.drop("bye", "bye ok"), "G7: the dialog of .* has no BYE"),
    (call, lambda s: s.move("b invite", 1.05), "G7: no INVITE asked for"),
    # G8
    (call, lambda s: s.change("ok", "- 8 1", "- 9 1").change("ok", "4000", "4002"), "G8: .* came from nobody"),
    (call, lambda s: s.change("b invite", "RTP/AVP 8", "RTP/AVP 0"), "G8: .* came from nobody"),
    # G9
    (call, lambda s: s.say("odd", *update(HOME, 0.5, "c1", ours=True)), "G9: .* an offer while"),
    # G10
    (call, lambda s: s.change("b bye", "Content-Length: 0", "Content-Length: 1"), "G10: .* a body of 0 octets"),
    (call, lambda s: s.change("b bye", "Content-Length: 0\r\n", ""), "G10: .* has 0 content-length"),
    (call, lambda s: s.change("b bye", "CSeq: 2 BYE", "CSeq: 2 BYE\r\nCSeq: 2 BYE"), "G10: .* has 2 cseq"),
    (call, lambda s: s.change("b bye", "Route: <", "Route: \r<"), "G10: .* half an end of line"),
    (call, lambda s: s.change("b bye", "BYE sip", "BYB sip"), "G10: "),
    (call, lambda s: s.change("b bye", "\r\n\r\n", "\r\n"), "G10: .* is no message"),
    (call, lambda s: s.change("b bye", "CSeq: ", "CSeq "), "G10: .* is no message"),
    # G11
    (call, lambda s: s.move("trying", 0.09).move("invite", -0.2).move("b invite", 0.1), "G11: .* waited 0.290 s"),
    (
        call,
        lambda s: s.say("soon", 9.0, ABROAD, AGAIN.replace(b"200 OK", b"100 Trying")).move("bye ok", 9.1),
        "G11: .* came before",
    ),
    (
        call,
        lambda s: s.say("news", 9.0, ABROAD, AGAIN.replace(b"200 OK", b"183 News")).move("bye ok", 9.1),
        "G11: .* a provisional response to no INVITE",
    ),
    (call, lambda s: s.change("bye ok", "200 OK", "408 OK"), "G11: .* 408 to no INVITE"),
]


@pytest.mark.parametrize(("story", "change", "sentence"), SIDES, ids=[f"{n} {row[2]}" for n, row in enumerate(SIDES)])
def test_a_trace_that_breaks_a_law_is_told(story: Callable[[], Story], change: Change, sentence: str) -> None:
    broken = story()
    change(broken)
    found = violations(broken.trace())
    assert any(re.search(sentence, objection) for objection in found), found


def test_every_law_is_broken_by_some_trace_above() -> None:
    told = {sentence.partition(":")[0] for _, _, sentence in SIDES}
    named = {law.__name__.split("_")[0].upper() for law in (*invariants.LAWS, *invariants.JOINT_LAWS)}
    assert told == named == {f"G{number}" for number in range(1, 12)}


def test_seven_invites_are_the_most() -> None:
    silent = call().drop("b ringing", "ringing", "b ok", "b ack", "ok", "ack", "bye", "bye ok", "b bye", "b bye ok")
    silent.say("failure", 32.0, ABROAD, text("SIP/2.0 408 Timeout", "a1", "alice", "us", "near", "1 INVITE"))
    silent.say("ack", 32.1, ABROAD, text("ACK sip:x", "a1", "alice", "us", "near", "1 ACK"), ours=False)
    for at in (0.5, 1.5, 3.5, 7.5, 15.5):
        silent.again("b invite", at)
    with pytest.raises(BrokenInvariantError, match="never answered, was sent 6 times"):
        check(silent.trace())
    silent.again("b invite", 31.5)
    check(silent.trace())
    silent.again("b invite", 31.6)
    with pytest.raises(BrokenInvariantError, match="was sent 8 times"):
        check(silent.trace(is_whole=False, slack=0.1))


def test_eleven_of_anything_else_are_the_most_and_never_more_than_t2_apart() -> None:
    silent = call().drop("b bye ok")
    for after in (0.5, 1.5, 3.5, *range(7, 32, 4)):
        silent.again("b bye", 9.0 + (after if after < 7 else after + 0.5))
    check(silent.trace())
    with pytest.raises(BrokenInvariantError, match="was sent 12 times"):
        check(silent.again("b bye", 44.5).trace())


def test_a_peer_that_is_not_there_is_not_asked_again() -> None:
    gone = call().drop("b bye ok")
    gone.refused = (PEERS[HOME],)
    check(gone.trace())


def test_a_request_that_comes_when_its_transaction_is_over_is_a_request_of_its_own() -> None:
    late = refused().again("cancel", 40.0)
    late.say("gone", 40.0, ABROAD, text("SIP/2.0 481 Gone", "a1", "alice", "new", "near", "1 CANCEL"))
    check(late.trace())
    with pytest.raises(BrokenInvariantError, match="G1"):
        check(late.move("cancel at 40.0", 30.0).move("gone", 30.0).trace())


def test_a_408_of_the_far_end_crosses() -> None:
    story = call().say("info", *update(ABROAD, 3.0, "a9", ours=False, body=b""), ours=False)
    story.say("b info", *update(HOME, 3.0, "b9", ours=True, body=b"")).change("b bye", "2 BYE", "3 BYE")
    story.change("b bye ok", "2 BYE", "3 BYE")
    story.say("b no", 3.1, HOME, text("SIP/2.0 408 Late", "b9", "we", "bob", "far", "2 UPDATE"), ours=False)
    story.say("no", 3.1, ABROAD, text("SIP/2.0 408 Late", "a9", "alice", "us", "near", "2 UPDATE"))
    check(story.trace())


def test_what_a_verdict_takes_out_of_a_session_is_no_invention() -> None:
    named = OFFER.replace(b"o=- 7", b"o=+32470123456 7")
    check(call().carry("invite", named).trace())
    with pytest.raises(BrokenInvariantError, match=r"G8: .* came from nobody"):
        check(call().carry("invite", named.replace(b"audio 4000", b"audio 4002")).trace())


def test_a_late_offer_may_be_refused_by_us_and_by_every_port() -> None:
    late = call().carry("invite", b"").carry("b invite", b"").carry("b ack", OFFER.replace(b"audio 4000", b"audio 0"))
    check(late.trace())
    with pytest.raises(BrokenInvariantError, match=r"G8: .* came from nobody"):
        check(late.carry("b ack", OFFER).trace())


def test_a_session_that_is_kept_by_its_speaker_is_kept_by_us() -> None:
    # The callee says the same twice; the caller hears a second version of it, which is not the later one.
    later = call().carry("b ringing", ANSWER).carry("ringing", ANSWER.replace(b"- 8 1", b"- 8 2"))
    with pytest.raises(BrokenInvariantError, match=r"G8: .* is unsteady"):
        check(later.trace())
    # Where the callee itself goes back to an older one, so does what the caller hears.
    check(later.carry("b ringing", ANSWER.replace(b"- 8 1", b"- 8 2")).trace())


def test_what_a_peer_lays_over_its_own_offer_is_not_ours_to_answer_for() -> None:
    early = call().say("b update", *update(HOME, 0.5, "b9", ours=False, number=1, body=ANSWER), ours=False)
    early.say("update", *update(ABROAD, 0.5, "a9", ours=True, number=1, body=ANSWER))
    early.say("no", 0.6, ABROAD, text("SIP/2.0 491 Pending", "a9", "us", "alice", "near", "1 UPDATE"), ours=False)
    early.say("b no", 0.6, HOME, text("SIP/2.0 491 Pending", "b9", "bob", "we", "far", "1 UPDATE"))
    check(early.trace())
    with pytest.raises(BrokenInvariantError, match="G9"):
        check(early.drop("b update", "b no").trace())


def test_what_is_left_over_is_told_by_name() -> None:
    g12_nothing_is_left({"calls": 0, "sockets": 4}, {"calls": 0, "sockets": 4, "counted": 9})
    with pytest.raises(BrokenInvariantError, match=r"G12: left over: sockets 4 -> 5"):
        g12_nothing_is_left({"calls": 0, "sockets": 4}, {"calls": 0, "sockets": 5})


@pytest.mark.parametrize("kinds", [["verdict"], ["end"], ["verdict", "answer"], ["verdict", "end", "end"]])
def test_a_call_has_one_record(kinds: list[str]) -> None:
    g12_one_record_a_call([("a", "verdict"), ("b", "verdict"), ("b", "answer"), ("b", "end"), ("a", "end")])
    with pytest.raises(BrokenInvariantError, match="G12"):
        g12_one_record_a_call([("a", kind) for kind in kinds])


def test_before_all_is_over_a_record_may_lack_but_not_stand_twice() -> None:
    g12_one_record_a_call([("a", "verdict"), ("b", "end")], is_whole=False)
    with pytest.raises(BrokenInvariantError, match="G12"):
        g12_one_record_a_call([("a", "verdict"), ("a", "verdict")], is_whole=False)
