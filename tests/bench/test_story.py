from b2bua.call import Record
from b2bua.identity.screening import claim_of
from bench.boxes import Ports, configuration
from bench.story import CALLEE, CALLER, UTC, dirty_invite, invite, tell
from policy import Claim, Outcome, Profile, Register, TrunkClass, Verdict, decide
from sipstack.effects import Send
from sipstack.message import Request, parse


def claimed(data: bytes) -> Verdict:
    request = parse(data)
    assert isinstance(request, Request)
    claim = claim_of(request, Claim(trunk="foreign", trunk_class=TrunkClass.INTERNATIONAL))
    verdict = decide(claim, Profile.load("belgium"), Register(), UTC, {})
    assert isinstance(verdict, Verdict)
    return verdict


def test_the_invite_that_is_measured_has_15_headers_and_passes() -> None:
    assert len(parse(invite()).headers) == 15
    assert claimed(invite()).outcome is Outcome.PASS


def test_the_dirty_invite_is_dirty_in_five_headers() -> None:
    blocked = {finding.header for finding in claimed(dirty_invite()).findings if finding.outcome is Outcome.BLOCK}

    assert blocked == {"From", "P-Asserted-Identity", "Remote-Party-ID", "Diversion", "History-Info"}


def test_each_call_of_a_story_is_judged_answered_and_ended() -> None:
    story = tell(3)

    assert [record.kind for record in story.records] == ["verdict", "answer", "end"] * 3
    assert {record.facts["verdict"] for record in story.records if record.kind == "verdict"} == {"pass"}


def test_a_replayed_story_does_the_same_and_leaves_nothing_behind() -> None:
    story = tell(3)
    core = story.core()
    sent: list[tuple[str, bytes]] = []
    records = []
    for given in story.inputs:
        flow, moment = given.flow, given.moment
        out = core.tick(moment) if flow is None else core.receive(given.data, flow, moment)
        sent += [(effect.flow.socket, effect.data) for effect in out if isinstance(effect, Send)]
        records += [effect for effect in out if isinstance(effect, Record)]

    assert records == list(story.records)
    assert sum(socket == CALLER.socket for socket, _ in sent) == 3 * 4  # 100, 180, 200 and the 200 to BYE
    assert sum(socket == CALLEE.socket for socket, _ in sent) == 3 * 3  # INVITE, ACK, BYE
    statistics = core.statistics()
    assert (statistics.calls, statistics.transactions, statistics.dialogs) == (0, 0, 0)
    assert not any(name.startswith("drop: ") for name in statistics.counters)


def test_a_replay_gives_a_core_every_input() -> None:
    story = tell(2)
    core = story.core()

    story.replay(core)

    ends = {name: count for name, count in core.statistics().counters.items() if name.startswith("end: ")}
    assert list(ends.values()) == [2]


def test_the_daemon_that_is_measured_screens_what_comes_from_the_caller() -> None:
    text = configuration(Ports(caller=1, front=2, back=3, callee=4))

    assert text.index('class = "international"') < text.index("127.0.0.1:2") < text.index("127.0.0.1:1")
    assert text.index('class = "national"') < text.index("127.0.0.1:3") < text.index("127.0.0.1:4")
