"""A callee that forks: each branch is an early dialog of its own to the caller, whatever the network does, and as well
when the call is put down and taken up again at every step."""

from collections.abc import Sequence
from functools import partial
from random import Random

import attrs
import pytest

from b2bua.call.leg import BRANCHES
from b2bua.call.naming import Named
from policy.roaming import Roaming
from tests.world.forgetful import Forgetful
from tests.world.laws import BrokenLawError
from tests.world.party import Fields, Party, Session
from tests.world.scene import Scene
from tests.world.wire import Wire

RELIABLE = (("Require", "100rel"), ("RSeq", "7"))
SUPPORTED = (("Supported", "100rel"),)
MOBILE = "+32470123456"


def sdp(port: int) -> bytes:
    return b"v=0\r\no=x 7 1 IN IP4 203.0.113.9\r\ns=-\r\nt=0 0\r\nm=audio %d RTP/AVP 8\r\n" % port


@pytest.fixture(params=[Scene, Forgetful])
def kind(request: pytest.FixtureRequest) -> type[Scene]:
    found: type[Scene] = request.param
    return found


def called(scene: Scene, headers: Fields = ()) -> tuple[Session, Wire]:
    """The caller's session, and the INVITE that the callee has and does not answer."""
    scene.callee.script = []
    session = scene.caller.invite(headers=headers)
    scene.run(0.1)
    (invite,) = scene.callee.requests("INVITE")
    return session, invite


def ring(scene: Scene, invite: Wire, tags: Sequence[str], status: int = 180) -> None:
    """Each branch rings, with a Contact and a description of its own."""
    for number, tag in enumerate(tags):
        data = scene.callee.response(invite, status, sdp(5000 + number), tag=tag)
        scene.deliver(scene.callee, data.replace(b"<sip:callee@", b"<sip:%b@" % tag.encode()))
    scene.run(0.1)


def forks(session: Session) -> list[Session]:
    """The caller's early dialogs, in the order in which it heard of them."""
    return list(session.early.values())


def branch(scene: Scene, tag: str) -> Session:
    """The callee's side of a branch."""
    far = scene.callee.sessions[-1]
    return attrs.evolve(far, tag=tag, local=f"{far.invite.first('to')};tag={tag}", cseq=0)


def won(scene: Scene, invite: Wire, tag: str) -> None:
    """A branch answers."""
    scene.callee.respond(invite, 200, sdp(6000), tag=tag)
    scene.callee.sessions[-1].tag = tag
    scene.run(1)


def statuses(party: Party, request: Wire) -> list[int]:
    return [wire.status or 0 for wire in party.responses(request.method) if wire.branch == request.branch]


def ask(scene: Scene, session: Session, method: str, headers: Fields = (), body: bytes = b"") -> list[int]:
    """What the caller is answered in one of its dialogs."""
    sent = scene.caller.request(session, method, headers, body)
    scene.run(0.2)
    return statuses(scene.caller, sent)


def end(scene: Scene, session: Session) -> None:
    scene.caller.bye(session)
    scene.run(1)


def test_three_branches_ring_and_a_fourth_answers(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two", "three"), 183)
        won(scene, invite, "four")
        told = [wire for wire in scene.caller.responses() if wire.status != 100]
        assert [(wire.status, wire.body) for wire in told] == [
            *((183, sdp(5000 + number)) for number in range(3)),
            (200, sdp(6000)),
        ]
        tags = [wire.to_tag for wire in told]
        assert len(set(tags)) == 4
        assert {wire.contact for wire in told} == {"sip:192.0.2.10:5060"}
        end(scene, session)
        (ack,) = scene.callee.requests("ACK")
        (bye,) = scene.callee.requests("BYE")
        assert (ack.to_tag, bye.to_tag) == ("four", "four")
        assert session.remote.endswith(tags[-1])


def test_a_branch_that_rings_again_does_so_in_its_own_dialog(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        for tag in ("one", "two", "one", "two", "two", "one"):
            scene.callee.respond(invite, 180, tag=tag)
            scene.run(0.1)
        one, two = session.early
        told = [wire.to_tag for wire in scene.caller.seen if wire.status == 180]
        assert told == [one, two, one, two, two, one]
        won(scene, invite, "one")
        assert scene.caller.responses()[-1].to_tag == one
        end(scene, session)


def test_each_branch_gets_its_prack_by_its_own_numbers(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene, SUPPORTED)
        for tag in ("one", "two", "three"):
            scene.callee.respond(invite, 183, sdp(5000), RELIABLE, tag=tag)
            scene.run(0.1)
        told = [wire.first("rseq") for wire in scene.caller.responses() if wire.status == 183]
        assert told == ["7", "7", "7"]
        for fork in reversed(forks(session)):
            assert ask(scene, fork, "PRACK", [("RAck", "7 1 INVITE")]) == [200]
        pracks = [(wire.to_tag, wire.first("rack"), wire.cseq) for wire in scene.callee.requests("PRACK")]
        assert pracks == [(tag, f"7 {invite.cseq} INVITE", 2) for tag in ("three", "two", "one")]
        won(scene, invite, "two")
        end(scene, session)


def test_an_update_of_either_side_is_answered_within_its_branch(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        tags = ("one", "two", "three")
        ring(scene, invite, tags)
        for number, fork in enumerate(forks(session)):
            assert ask(scene, fork, "UPDATE", body=sdp(4000 + number)) == [200]
        for number, tag in enumerate(tags):
            for again in range(2):
                asked = scene.callee.request(branch(scene, tag), "UPDATE", [("X-Again", str(again))])
                if again == 0:
                    scene.run(0.2)
                    assert statuses(scene.callee, asked) == [200], tag
            scene.run(0.2)
            assert scene.caller.requests("UPDATE")[-1].from_tag == forks(session)[number].remote.rpartition("=")[2]
        there = [(wire.to_tag, wire.cseq, wire.start.split()[1], wire.body) for wire in scene.callee.requests("UPDATE")]
        assert there == [
            (tag, 2, f"sip:{tag}@198.51.100.1:5060", sdp(4000 + number)) for number, tag in enumerate(tags)
        ]
        here = [(wire.from_tag, wire.cseq) for wire in scene.caller.requests("UPDATE")]
        assert here == [(tag, number) for tag in session.early for number in (1, 2)]
        won(scene, invite, "two")
        end(scene, session)


def test_an_answer_that_crosses_with_another_branchs_ringing_changes_only_its_own_dialog(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two"))
        one, two = forks(session)
        scene.callee.answers["UPDATE"] = None
        sent = scene.caller.request(one, "UPDATE")
        scene.run(0.1)
        ring(scene, invite, ("two",))
        (update,) = scene.callee.requests("UPDATE")
        answer = scene.callee.response(update, 200)
        scene.deliver(scene.callee, answer.replace(b"<sip:callee@", b"<sip:moved@"))
        scene.run(0.1)
        assert statuses(scene.caller, sent) == [200]
        for fork in (two, one):
            ask(scene, fork, "INFO")
        targets = [wire.start.split()[1].partition("@")[0] for wire in scene.callee.requests("INFO")]
        assert targets == ["sip:two", "sip:moved"]
        won(scene, invite, "two")
        end(scene, session)


def test_when_one_has_answered_the_other_early_dialogs_are_gone(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two", "three"))
        one, _, three = forks(session)
        scene.callee.answers["UPDATE"] = scene.caller.answers["UPDATE"] = None
        waiting = scene.caller.request(one, "UPDATE"), scene.callee.request(branch(scene, "three"), "UPDATE")
        scene.run(0.1)
        won(scene, invite, "two")
        assert statuses(scene.caller, waiting[0]) == statuses(scene.callee, waiting[1]) == [481]
        for lost in (one, three):
            assert ask(scene, lost, "INFO") == [481]
        late = attrs.evolve(branch(scene, "one"), cseq=9)
        stray = scene.callee.request(late, "INFO")
        scene.run(0.1)
        assert statuses(scene.callee, stray) == [481]
        # What the lost branches say at last ends nothing.
        (update,) = scene.callee.requests("UPDATE")
        scene.callee.respond(update, 481)
        scene.run(0.1)
        assert ask(scene, session, "INFO") == [200]
        assert scene.core.statistics().dialogs == 2
        scene.callee.respond(invite, 200, sdp(6001), tag="one")
        scene.run(0.1)
        assert [(wire.to_tag, wire.cseq) for wire in scene.callee.requests("BYE")] == [("one", 3)]
        scene.callee.sessions[-1].tag = "two"
        end(scene, session)
    assert scene.record("end").facts["cause"] == "BYE"


def test_a_cancel_ends_every_branch_in_the_first_tag_and_who_answers_late_is_hung_up(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        scene.callee.heeds_cancel = False
        ring(scene, invite, ("one", "two", "three"))
        (first, *_) = session.early
        scene.caller.cancel(session)
        scene.run(0.2)
        assert session.final == 487
        refused = [wire.to_tag for wire in scene.caller.responses() if wire.status == 487]
        taken = [wire.to_tag for wire in scene.caller.responses("CANCEL")]
        assert refused == taken == [first]
        for fork in forks(session):
            assert ask(scene, fork, "INFO") == [481]
        scene.callee.respond(invite, 200, sdp(6000), tag="two")
        scene.run(1)
        assert [wire.to_tag for wire in scene.callee.requests("ACK")] == ["two"]
        assert [wire.to_tag for wire in scene.callee.requests("BYE")] == ["two"]


def test_a_refusal_comes_by_the_first_tag_whichever_branch_says_it(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two"))
        scene.callee.respond(invite, 486, tag="two")
        scene.run(1)
        assert scene.caller.responses()[-1].status == session.final == 486
        assert scene.caller.responses()[-1].to_tag == next(iter(session.early))


def test_a_bye_in_one_of_several_early_dialogs_ends_that_branch_alone(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two"))
        one, _ = forks(session)
        assert ask(scene, one, "BYE") == [200]
        assert [(wire.to_tag, wire.cseq) for wire in scene.callee.requests("BYE")] == [("one", 2)]
        assert not scene.callee.requests("CANCEL")
        assert ask(scene, one, "INFO") == [481]
        won(scene, invite, "two")
        assert session.final == 200
        end(scene, session)


def test_a_bye_in_the_last_early_dialog_takes_the_call_back(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two"))
        for fork in forks(session):
            ask(scene, fork, "BYE")
        scene.run(1)
        assert session.final == 487
        assert scene.callee.requests("CANCEL")


def test_a_call_that_is_tried_again_after_it_rang_rings_in_a_new_dialog(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one",))
        scene.callee.answers["UPDATE"] = None
        (one,) = forks(session)
        waiting = scene.caller.request(one, "UPDATE")
        scene.run(0.1)
        scene.callee.respond(invite, 422, headers=[("Min-SE", "3600")], tag="one")
        scene.run(0.1)
        assert statuses(scene.caller, waiting) == [481]
        assert ask(scene, one, "INFO") == [481]
        _, second = scene.callee.requests("INVITE")
        ring(scene, second, ("one",))  # which is not the branch of that name before
        assert len(session.early) == 2
        assert ask(scene, forks(session)[1], "INFO") == [200]
        won(scene, second, "one")
        end(scene, session)


def test_each_branch_has_its_own_description_and_a_refresh_repeats_the_winners(kind: type[Scene]) -> None:
    with kind() as scene:
        timer = [("Supported", "timer"), ("Session-Expires", "90;refresher=uas")]
        session, invite = called(scene, [*SUPPORTED, *timer])
        for number, tag in enumerate(("one", "two")):
            scene.callee.respond(invite, 183, sdp(5000 + number), RELIABLE, tag=tag)
            scene.run(0.1)
        for fork in forks(session):
            assert ask(scene, fork, "PRACK", [("RAck", "7 1 INVITE")]) == [200]
        scene.callee.respond(invite, 200, tag="one")  # its answer was in its reliable 183
        scene.callee.sessions[-1].tag = "one"
        scene.caller.body = session.invite.body
        scene.run(60)
        (refresh,) = [wire for wire in scene.caller.requests("INVITE") if wire.to_tag]
        assert refresh.body == sdp(5000)
        end(scene, session)


def test_an_early_dialog_can_be_named_and_has_the_name_of_its_branch_on_the_other_side(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two"))
        dialogs = scene.core.context.dialogs
        ours = invite.from_tag
        for tag, shown in zip(("one", "two"), session.early, strict=True):
            far = dialogs.taken("replaces", f"{session.call_id};to-tag={shown};from-tag={session.tag}")
            assert isinstance(far, Named)
            assert far.value == f"{invite.call_id};to-tag={tag};from-tag={ours}"
            near = dialogs.taken("replaces", f"{invite.call_id};to-tag={ours};from-tag={tag}")
            assert isinstance(near, Named)
            assert near.value == f"{session.call_id};to-tag={session.tag};from-tag={shown}"
            told = dialogs.target(f"{session.call_id};local-tag={session.tag};remote-tag={shown}")
            assert told == f"{invite.call_id};local-tag={ours};remote-tag={tag}"
        scene.caller.cancel(session)


@pytest.mark.law("¶8 3°", "K11")
def test_what_a_verdict_withholds_is_shown_to_no_branch_by_no_later_request(kind: type[Scene]) -> None:
    number = f"<sip:{MOBILE}@abroad>"
    with kind(answers={MOBILE: Roaming.FAILED}) as scene:
        scene.callee.script = []
        session = scene.caller.invite(caller=number, headers=[("P-Asserted-Identity", number), *SUPPORTED])
        scene.run(0.1)
        (invite,) = scene.callee.requests("INVITE")
        ring(scene, invite, ("one", "two"))
        for fork in forks(session):
            for method in ("UPDATE", "INFO", "PRACK"):
                ask(scene, fork, method, [("P-Asserted-Identity", number), ("RAck", "7 1 INVITE"), ("X-Who", MOBILE)])
        won(scene, invite, "two")
        end(scene, session)
    assert scene.record("verdict").facts["verdict"] == "withhold"
    assert not any(MOBILE.encode() in wire.data for wire in scene.callee.seen)


def test_of_a_bomb_of_forks_a_few_are_kept_and_the_call_stands() -> None:
    with Scene() as scene:
        session, invite = called(scene)
        scene.callee.answers["UPDATE"] = None
        scene.callee.respond(invite, 180, tag="first")
        scene.run(0.1)
        (first,) = forks(session)
        waiting = scene.caller.request(first, "UPDATE")
        scene.run(0.1)
        for number in range(400):
            scene.deliver(scene.callee, scene.callee.response(invite, 180, tag=f"fork-{number}"))
            assert scene.core.statistics().dialogs <= BRANCHES + 2
        scene.run(0.1)
        assert statuses(scene.caller, waiting) == [481]
        assert ask(scene, first, "INFO") == [481]
        assert len(session.early) == 401
        kept = [ask(scene, fork, "INFO") for fork in forks(session)[-BRANCHES - 1 :]]
        assert kept == [[481], *([[200]] * BRANCHES)]
        assert [wire.to_tag for wire in scene.callee.requests("INFO")] == [
            f"fork-{number}" for number in range(400 - BRANCHES, 400)
        ]
        won(scene, invite, "fork-3")
        assert session.final == 200
        assert scene.core.statistics().dialogs == 2
        end(scene, session)


def played(kind: type[Scene], seed: int) -> Scene:
    """Five branches that ring at random while both sides speak in their dialogs, until one answers or A gives up."""
    random = Random(seed)
    tags = [f"fork-{number}" for number in range(5)]
    with kind(seed) as scene:
        session, invite = called(scene, SUPPORTED)
        scene.link.loss, scene.link.doubled, scene.link.delay = 0.1, 0.2, (0.01, 0.4)

        def rings(number: int) -> None:
            fields = [("Require", "100rel"), ("RSeq", str(number))] if random.random() < 0.5 else []
            scene.callee.respond(invite, 183, b"", fields, random.choice(tags))

        def speak() -> None:
            for fork in forks(session):
                method = random.choice(("PRACK", "UPDATE", "INFO"))
                of = fork.remote.rpartition("=")[2]
                scene.caller.request(fork, method, [("RAck", "1 1 INVITE"), ("X-Of", of)])
            if random.random() < 0.5:
                scene.callee.request(branch(scene, random.choice(tags)), "UPDATE")

        for number in range(1, 21):
            scene.after(number * 0.1, partial(rings, number))
        for number in range(1, 8):
            scene.after(number * 0.3, speak)
        scene.run(1 + 2 * random.random())
        if random.random() < 0.3:
            scene.caller.cancel(session)
        else:
            won(scene, invite, random.choice(tags))
        scene.run(20)
        if session.final == 200:
            scene.caller.bye(session)
        scene.run(5)
    return scene


@pytest.mark.parametrize("seed", range(16))
def test_whatever_the_network_does_no_branch_speaks_for_another(seed: int) -> None:
    plain, restored = played(Scene, seed), played(Forgetful, seed)
    assert restored.steps == plain.steps
    reached: dict[str, set[str]] = {}
    for wire in plain.callee.seen:
        if wire.first("x-of"):
            reached.setdefault(wire.first("x-of"), set()).add(wire.to_tag)
    assert reached
    assert all(len(branches) == 1 for branches in reached.values())
    assert len(set[str]().union(*reached.values())) == len(reached)


@pytest.mark.parametrize(
    ("tags", "ours", "message"),
    [
        (("one", "two"), ("us", "us"), "by our To tag us speaks"),
        (("one", "one"), ("us", "other"), "our To tag for .* changes from us to other"),
    ],
)
def test_the_law_sees_a_tag_of_two_branches_and_a_branch_of_two_tags(
    tags: Sequence[str], ours: Sequence[str], message: str
) -> None:
    scene = Scene()
    session, invite = called(scene)

    def tells(at: int) -> None:
        scene.laws.saw(Wire.read(scene.callee.response(invite, 180, tag=tags[at])), is_stray=False)
        told = scene.caller.response(session.invite, 180, tag=ours[at], headers=[("X-Number", str(at))])
        scene.laws._told(Wire.read(told), 180)

    tells(0)
    with pytest.raises(BrokenLawError, match=message):
        tells(1)


def test_a_branch_that_has_accepted_before_it_hears_of_its_bye_is_acked_and_the_others_ring_on(
    kind: type[Scene],
) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two"))
        one, _ = forks(session)
        assert ask(scene, one, "BYE") == [200]
        scene.callee.respond(invite, 200, sdp(5000), tag="one")
        scene.run(1)
        assert [wire.to_tag for wire in scene.callee.requests("ACK")] == ["one"]
        assert session.final is None
        won(scene, invite, "two")
        assert session.final == 200
        end(scene, session)


def test_when_none_accepts_in_64_t1_after_one_that_was_hung_up_the_call_is_over(kind: type[Scene]) -> None:
    with kind() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two"))
        one, _ = forks(session)
        assert ask(scene, one, "BYE") == [200]
        scene.callee.respond(invite, 200, sdp(5000), tag="one")
        scene.run(33)
        assert session.final == 480
    assert scene.record("end").facts["cause"] == "no answer"


def test_each_branch_has_a_session_timer_of_its_own() -> None:
    with Scene() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two"))
        (held,) = scene.core._calls.values()
        for leg in (held.call.a, held.call.b):
            assert leg is not None
            lives = [leg.before, *(branch.liveness for branch in leg.branches.values())]
            assert len({id(live) for live in lives}) == 3
            assert len({id(live.timer) for live in lives if live is not None}) == 3
        scene.caller.cancel(session)


def test_the_tags_of_branches_that_are_left_lead_nowhere_any_more() -> None:
    with Scene() as scene:
        session, invite = called(scene)
        ring(scene, invite, ("one", "two", "three"))
        (held,) = scene.core._calls.values()
        call = held.call
        near = {(call.a.call_id, tag) for tag in call.a.tags}
        assert len(near) == 3
        assert near < scene.core._dialogs.keys()
        scene.deliver(scene.callee, scene.callee.response(invite, 200, sdp(5001), tag="two"))
        scene.run(0.5)
        assert call.b is not None
        assert set(scene.core._dialogs) == {(call.a.call_id, call.a.tag), (call.b.call_id, call.b.tag)}
        assert session.final == 200
        scene.caller.bye(session)
