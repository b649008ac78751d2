"""Past verdicts judged again: by their own rules nothing changes, by others what the others say."""

import datetime
import importlib.resources
import json
import tracemalloc
from collections.abc import Callable, Iterable
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.app import core_of
from b2bua.call import Ask, Hooks, Moment, Record
from b2bua.config import Isup, Register, load
from b2bua.errors import JournalError
from b2bua.evidence import Broken, Journal, legible, printable, seal, verify
from b2bua.evidence.packing import pack_closed
from b2bua.explain import flow_of, message_of
from b2bua.replay import LONGEST, Change, Judge, Line, replayed, segments, verdict_lines
from b2bua.roaming import Table
from policy.claim import TrunkClass
from policy.profile import Profile
from policy.register import Attestation, BlockedUser, Consent, DoNotOriginate, Dossier, Node, Shadow
from policy.register import Register as PolicyRegister
from policy.roaming import Roaming
from policy.verdict import Outcome
from sipstack.ids import Ids
from tests.b2bua.evidence.making import WHEN, opened, salts
from tests.b2bua.identity.making_isup import CALLING, MULTIPART, ORIGINAL, REDIRECTING, iam, number, sip_i
from tests.b2bua.test_cli import Command, run  # noqa: F401 - a fixture
from tests.world.scene import CONFIG, Scene
from tests.world.test_article_3 import FOREIGN as FORWARDING
from tests.world.test_article_3 import finish, returning
from tests.world.test_circuits import MARKED
from tests.world.test_circuits import config as of_circuits
from tests.world.test_isup import SipI
from tests.world.test_transfer import config as of_transfers
from tests.world.test_transfer import replaces, talking

ROOT = Path(__file__).parents[2]
VECTORS = load(ROOT / "examples/vectors/b2bua.toml")
BELGIUM = Profile.load("belgium")
GEOGRAPHIC, MOBILE, FOREIGN = "+3225551212", "+32470123456", "+33612345678"
DAY = datetime.date(2026, 1, 1)


def kept(folder: Path, records: Iterable[Record], size: int = 65_536) -> Path:
    """A journal of these lines."""
    journal = opened(folder, size)
    assert journal.append(records)
    journal.close()
    return folder


def judged(folder: Path, profile: Profile = BELGIUM, register: PolicyRegister | None = None) -> "Replay":
    judge, broken = Judge(profile, register), list[Broken]()
    changes = list(replayed(segments(folder), judge, broken.append))
    return Replay(changes, judge, broken)


@attrs.frozen
class Replay:
    changes: list[Change]
    judge: Judge
    broken: list[Broken]

    @property
    def counts(self) -> tuple[int, int]:
        """How many verdicts were judged, and how many would be others."""
        return self.judge.tally.judged, self.judge.tally.changed


def changed(*edits: tuple[str, str]) -> Profile:
    """Belgium's profile with some of its lines otherwise."""
    text = importlib.resources.files("policy.profiles").joinpath("belgium.toml").read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    return Profile.parse(text.encode(), "changed.toml")


def rule(name: str, line: str, new: str) -> tuple[str, str]:
    """An edit of one line of one rule."""
    text = importlib.resources.files("policy.profiles").joinpath("belgium.toml").read_text()
    _, head, rest = text.partition(f"[rules.{name}]\n")
    before, found, _ = rest.partition(line)
    assert found
    return head + before + found, head + before + new


def play(act: Callable[[Scene], None], **options: Any) -> list[Record]:
    kind = options.pop("kind", Scene)
    with kind(**options) as scene:
        scene.is_traced = False
        act(scene)
    records: list[Record] = scene.records
    return records


def invite(*callers: str, headers: Iterable[tuple[str, str]] = ()) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        for caller in callers or (FOREIGN,):
            value = caller if "<" in caller else f"<sip:{caller}@x>"
            session = scene.caller.invite(caller=value, headers=list(headers))
            scene.run(4)
            if session.final == 200:
                scene.caller.bye(session)
                scene.run(1)

    return act


# By its own rules.


@cache
def vectors() -> list[Record]:
    """The evidence of every call among the vectors of the decree."""
    config = VECTORS
    core, at = core_of(config, Ids(salts)), datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
    for leg in config.explain.outbound:
        core.context.ledger.sent([leg.caller], leg.called, at - datetime.timedelta(seconds=leg.seconds_ago))
    assert config.roaming is not None
    table, records = Table.of(config.roaming), list[Record]()
    for tick, vector in enumerate(orjson.loads((ROOT / "examples/vectors/decree.json").read_bytes())["vectors"]):
        moment = Moment(float(100 * tick), at)
        data = message_of(vector).replace(b"vector@vector", b"v%d@vector" % tick).replace(b"bKvector", b"bK%d" % tick)
        waiting = list(core.receive(data, flow_of(core.context.trunks.by_name[vector["trunk"]]), moment))
        for output in waiting:
            if isinstance(output, Ask):
                waiting += core.answered(output.call, table.answer(output.questions, at), moment)
            elif isinstance(output, Record):
                records.append(output)
    return records


@pytest.mark.law("K25")
def test_every_verdict_is_the_same_by_the_rules_that_gave_it(tmp_path: Path) -> None:
    records = vectors()
    folder = kept(tmp_path / "journal", records, 8 << 20)
    verdicts = [record for record in records if record.kind == "verdict"]
    again = judged(folder, VECTORS.profile.load(), VECTORS.register.as_register())
    assert (again.changes, again.broken) == ([], [])
    assert again.judge.tally.judged == len(verdicts) > 250


def test_without_a_register_what_rests_on_one_is_left_out_and_the_rest_is_the_same(tmp_path: Path) -> None:
    records = vectors()
    again = judged(kept(tmp_path / "journal", records, 8 << 20))
    assert again.changes == []
    left_out = again.judge.tally.left_out["register"]
    assert left_out > 20
    assert again.judge.tally.judged + left_out == len([record for record in records if record.kind == "verdict"])


def test_what_a_body_told_is_judged_again(tmp_path: Path) -> None:
    def act(scene: Scene) -> None:
        for digits in ("33612345678", "3225551212"):
            body = sip_i(b"v=0\r\n", iam(number(CALLING, digits)))
            session = scene.caller.invite(headers=[("Content-Type", MULTIPART)], body=body)
            scene.run(4)
            if session.final == 200:
                scene.caller.bye(session)

    abroad, home = CONFIG.trunk
    config = attrs.evolve(CONFIG, trunk=(attrs.evolve(abroad, isup=Isup.JUDGE), home))
    folder = kept(tmp_path / "journal", play(act, kind=SipI, config=config))
    assert judged(folder).counts == (2, 0)
    (change,) = judged(folder, changed(rule("geographic", 'network = "block"', 'network = "pass"'))).changes
    assert (change.old, change.new) == ("block", "pass")


def test_who_a_body_told_to_have_been_called_at_first_is_told_so_again(tmp_path: Path) -> None:
    def act(scene: Scene) -> None:
        first, last = number(ORIGINAL, "33199999999"), number(REDIRECTING, FORWARDING[1:])
        body = sip_i(b"v=0\r\n", iam(number(CALLING, "3225551212"), first, last))
        session = scene.caller.invite(headers=[("Content-Type", MULTIPART)], body=body)
        scene.run(4)
        assert session.final == 200
        scene.caller.bye(session)

    abroad, home = CONFIG.trunk
    agreed = Consent(reference="C", since=datetime.date(2024, 9, 1), forwarding=FORWARDING, called="+3293330000")
    config = attrs.evolve(
        CONFIG, trunk=(attrs.evolve(abroad, isup=Isup.JUDGE), home), register=Register(consent=(agreed,))
    )
    folder = kept(tmp_path / "journal", play(act, kind=SipI, config=config))
    assert judged(folder, register=PolicyRegister("v", (agreed,))).counts == (1, 0)


def test_what_our_ledger_knew_is_known_again(tmp_path: Path) -> None:
    with returning() as world:
        assert world.come_back() == 603
        session = world.leave()
        assert [world.come_back(), world.come_back()] == [200, 200]
        finish(world, session)
    folder = kept(tmp_path / "journal", world.records)
    assert judged(folder, register=PolicyRegister()).counts == (4, 0)
    changes = judged(folder, changed(("outbound = true ", "outbound = false ")), PolicyRegister()).changes
    assert [(change.old, change.new) for change in changes] == [("pass", "block")] * 2
    capped = judged(folder, changed(("forwardings_per_hour = 60", "forwardings_per_hour = 1")), PolicyRegister())
    assert capped.counts == (4, 1), "the first of an hour is within a cap of one, the second is not"
    assert FORWARDING not in str([record.facts for record in world.records])


def test_a_call_that_took_another_over_is_judged_by_the_number_it_was_for(tmp_path: Path) -> None:
    with Scene(config=of_transfers()) as scene:
        session = talking(scene)
        history = [("History-Info", "<sip:+3293330000@x>;index=1"), ("Replaces", replaces(session))]
        other = scene.caller.invite("+3293330009", headers=history)
        scene.run(3)
        assert other.final == 200
        scene.caller.bye(other)
        scene.run(1)
        scene.caller.bye(session)
    taken = [record for record in scene.records if "called_as" in record.personal]
    assert [record.personal["called_as"] for record in taken] == ["+3293330000"]
    assert judged(kept(tmp_path / "journal", scene.records)).counts == (2, 0)


def test_an_identity_in_octets_that_are_no_text_is_judged_as_it_came(tmp_path: Path) -> None:
    records = play(invite(f'"\udcff\udc80 {GEOGRAPHIC}" <sip:{FOREIGN}@x>', headers=[("Subject", "\udcfe")]))
    folder = kept(tmp_path / "journal", records)
    lines = [line for line in verdict_lines(segments(folder)) if isinstance(line, Line)]
    assert "\\udcff" in str(lines[0].personal("identity"))
    claim = Judge(BELGIUM)._claim(lines[0], PolicyRegister(), WHEN)
    assert [one.raw for one in claim.assertions][1:] == [f"\udcff\udc80 {GEOGRAPHIC}", "\udcfe"]
    assert judged(folder).counts == (1, 0)


def test_legible_undoes_printable() -> None:
    for text in ("plain", "\udcff\udc80 x", "Zoë", "\\u0041", ""):
        assert legible(str(printable(text))) == text


def test_what_nobody_could_read_stays_what_it_was(tmp_path: Path) -> None:
    records = play(invite(headers=[("P-Asserted-Identity", '"open <sip:x@y>')]))
    records += play(invite(headers=[("Content-Encoding", "gzip")]))
    assert judged(kept(tmp_path / "journal", records)).counts == (2, 0)


def test_national_and_emergency_calls_stay_what_they_were(tmp_path: Path) -> None:
    records = play(invite(GEOGRAPHIC), from_home=True)

    def emergency(scene: Scene) -> None:
        session = scene.caller.invite("112", caller=f"<sip:{GEOGRAPHIC}@x>")
        scene.run(3)
        scene.caller.bye(session)

    records += play(emergency)
    assert judged(kept(tmp_path / "journal", records)).counts == (2, 0)


@pytest.mark.law("K25")
def test_a_call_in_shadow_and_one_that_a_hook_refused_are_compared_by_the_law_alone(tmp_path: Path) -> None:
    day = datetime.date(2026, 1, 31)
    entry = Shadow(trunk="abroad", owner="o", reason="r", reference="S", since=day, until=day)
    records = play(invite(GEOGRAPHIC), config=attrs.evolve(CONFIG, register=Register(shadow=(entry,))))
    assert records[0].facts["enforced"] is False

    def refused(scene: Scene) -> None:
        block = Hooks(verdict=lambda _, verdict: attrs.evolve(verdict, outcome=Outcome.BLOCK))
        scene.core.context = attrs.evolve(scene.core.context, hooks=block)
        invite()(scene)

    records += play(refused)
    assert [record.facts["verdict"] for record in records if record.kind == "verdict"] == ["block", "block"]
    assert judged(kept(tmp_path / "journal", records)).counts == (2, 0)


# By others.


@pytest.mark.law("¶28", "K25")
def test_a_new_profile_changes_what_it_changes_and_says_why(tmp_path: Path) -> None:
    headers = [("Diversion", f"<sip:{MOBILE}@x>")]
    records = play(invite(FOREIGN, GEOGRAPHIC))
    records += play(invite(FOREIGN, headers=headers), answers={MOBILE: Roaming.NOT_ABROAD})
    folder = kept(tmp_path / "journal", records)
    milder = judged(folder, changed(rule("geographic", 'presentation = "block"', 'presentation = "pass"')))
    (change,) = milder.changes
    assert (change.trunk, change.old, change.new, change.rule) == ("abroad", "block", "pass", "geographic")
    assert GEOGRAPHIC in change.why
    assert dict(milder.judge.tally.changes) == {("block", "pass"): 1}
    assert dict(milder.judge.tally.rules) == {"geographic": 1}
    harder = judged(folder, changed(rule("foreign", 'presentation = "pass"', 'presentation = "block"')))
    assert {(change.old, change.new) for change in harder.changes} == {("pass", "block"), ("strip", "block")}
    assert all(change.basis and change.call_id.startswith("call-caller") for change in harder.changes)


def test_a_holder_who_was_not_asked_then_is_not_asked_now(tmp_path: Path) -> None:
    folder = kept(tmp_path / "journal", play(invite("+3277123456")))
    (change,) = judged(folder, changed(('machine = "non-geographic"', 'machine = "mobile"'))).changes
    assert (change.old, change.new) == ("block", "needs check")
    answered = kept(tmp_path / "other", play(invite(MOBILE), answers={MOBILE: Roaming.NOT_ABROAD}))
    assert judged(answered, changed(('not-abroad = "block"', 'not-abroad = "withhold"'))).changes[0].new == "withhold"


@pytest.mark.law("¶4")
def test_the_rules_are_those_of_the_day_of_the_call(tmp_path: Path) -> None:
    folder = kept(tmp_path / "journal", play(invite(GEOGRAPHIC)))
    later = changed(rule("geographic", "effective = 2024-09-01", "effective = 2026-02-01"))
    same = changed(rule("geographic", "effective = 2024-09-01", "effective = 2026-01-31"))
    assert [judged(folder, profile).counts for profile in (later, same)] == [(1, 1), (1, 0)]


@pytest.mark.law("¶28", "K25")
def test_another_register_changes_what_its_entries_change(tmp_path: Path) -> None:
    records = play(invite(MOBILE), answers={MOBILE: Roaming.NOT_OFFERED})
    folder = kept(tmp_path / "journal", records)
    dossier = Dossier(prefix="+3247", reference="D-1", since=DAY)
    (change,) = judged(folder, register=PolicyRegister("new", (dossier,))).changes
    assert (change.old, change.new) == ("block", "withhold")
    late = attrs.evolve(dossier, since=datetime.date(2026, 2, 1))
    assert judged(folder, register=PolicyRegister("new", (late,))).counts == (1, 0)


def test_a_national_trunk_whose_peer_stands_abroad_by_the_new_register_is_judged(tmp_path: Path) -> None:
    folder = kept(tmp_path / "journal", play(invite(GEOGRAPHIC), from_home=True))
    dno = DoNotOriginate(number=GEOGRAPHIC, reference="N-1", since=DAY)
    assert judged(folder, register=PolicyRegister("new", (dno,))).changes[0].rule == "do-not-originate"
    for network in ("198.51.100.1/32", "198.51.100.10/32"):
        node = Node(network=ip_network(network), country="FR", evidence="e", reference="L-1", since=DAY)
        (change,) = judged(folder, register=PolicyRegister("new", (node,))).changes
        assert (change.old, change.new) == ("pass", "block")


def test_a_class_that_had_lapsed_is_judged_by_what_was_declared(tmp_path: Path) -> None:
    abroad, home = CONFIG.trunk
    config = attrs.evolve(
        CONFIG, trunk=(attrs.evolve(abroad, declared_class=TrunkClass.NATIONAL_TRANSIT), home), register=Register()
    )
    folder = kept(tmp_path / "journal", play(invite(GEOGRAPHIC), config=config))
    shown = Attestation(
        trunk="abroad",
        operator="o",
        dedicated_circuits=True,
        total_control=True,
        evidence="e",
        reference="A-1",
        since=DAY,
    )
    (change,) = judged(folder, register=PolicyRegister("new", (shown,))).changes
    assert (change.old, change.new) == ("block", "pass")


@pytest.mark.parametrize(("trunk", "new"), [("abroad", ["block"]), ("marked", ["block"]), ("home", [])])
def test_a_call_of_a_circuit_is_judged_again_as_one_of_its_trunk(tmp_path: Path, trunk: str, new: list[str]) -> None:
    folder = kept(tmp_path / "journal", play(invite(GEOGRAPHIC, headers=MARKED), config=of_circuits()))
    entry = BlockedUser(trunk=trunk, reference="B-1", since=DAY)
    assert [change.new for change in judged(folder, register=PolicyRegister("new", (entry,))).changes] == new


# What cannot be judged again.


def test_undecided_purged_and_broken_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    def taken_back(scene: Scene) -> None:
        session = scene.caller.invite(caller=f"<sip:{MOBILE}@x>")
        scene.run(1)
        scene.caller.cancel(session)
        scene.run(2)

    records = play(invite(GEOGRAPHIC, FOREIGN)) + play(taken_back, answers={MOBILE: None})
    folder = kept(tmp_path / "journal", records)
    (path,) = segments(folder)
    lines = path.read_bytes().splitlines()
    verdicts = [at for at, line in enumerate(lines) if b'"kind":"verdict"' in line]
    purged = orjson.loads(lines[verdicts[0]])
    del purged["personal"]
    lines[verdicts[0]] = orjson.dumps(purged)
    spoilt = orjson.loads(lines[verdicts[1]])
    spoilt["personal"]["roaming"]["value"] = {"+32": "on the moon"}
    lines[verdicts[1]] = orjson.dumps(spoilt)
    path.write_bytes(b"\n".join([*lines, b"{torn", b"[]"]) + b"\n\0\0\0")
    again = judged(folder)
    assert again.counts == (0, 0)
    assert dict(again.judge.tally.left_out) == {"undecided": 1, "purged": 1, "broken": 3}
    assert [broken.line for broken in again.broken] == [verdicts[1] + 1, len(lines) + 1, len(lines) + 2]
    assert all(str(path) in str(broken) for broken in again.broken)


def test_a_packed_journal_is_judged_like_a_plain_one_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = kept(tmp_path / "journal", play(invite(GEOGRAPHIC, FOREIGN)))
    opened(folder).close()
    before = judged(folder).counts
    (packed,) = pack_closed(folder)
    assert judged(folder).counts == before
    packed.write_bytes(packed.read_bytes()[:-9])
    (broken,) = judged(folder).broken
    assert (broken.file, "cannot be unpacked" in broken.problem) == (packed, True)


def test_a_line_of_any_length_costs_no_more_than_the_longest_that_is_read(tmp_path: Path) -> None:
    folder = kept(tmp_path / "journal", play(invite(GEOGRAPHIC)))
    (path,) = segments(folder)
    path.write_bytes(b'{"kind":"verdict","x":"' + b"9" * (2 * LONGEST) + b'"}\n' + path.read_bytes())
    again = judged(folder)
    assert again.counts == (1, 0)
    assert [broken.line for broken in again.broken] == [1]


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"verdict": "block"},
        {"verdict": 1, "personal": []},
        {"verdict": "pass", "class": "galactic"},
        {
            "verdict": "pass",
            "class": "national",
            "personal": dict.fromkeys(("identity", "called", "findings", "roaming")),
        },
    ],
)
def test_no_line_whatever_is_in_it_ends_a_replay(tmp_path: Path, line: dict[str, Any]) -> None:
    path = tmp_path / "journal-00000001.jsonl"
    path.write_bytes(json.dumps({"kind": "verdict", **line}).encode() + b"\n")
    again = judged(tmp_path)
    assert again.counts == (0, 0)
    assert again.judge.tally.left_out.total() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "2026-01-01T00:00:00"),
        ("at", "0001-01-01T00:00:00+00:00"),
        ("at", "yesterday"),
        ("peer", "nowhere:5060"),
        ("own", "[::1"),
        ("class", "galactic"),
        ("flags", None),
        ("personal", []),
    ],
)
def test_a_field_that_cannot_be_makes_its_line_a_broken_one(field: str, value: object) -> None:
    node = Node(network=ip_network("192.0.2.0/24"), country="FR", evidence="e", reference="L-1", since=DAY)
    judge = Judge(BELGIUM, PolicyRegister("nodes", (node,)))
    told = judge.judge(Line({**a_line(), "class": "national", field: value}, Path("x"), 7))
    assert isinstance(told, Broken) or field == "personal"
    assert judge.tally.judged == 0


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0001-01-01", "block"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@cache
def a_line() -> dict[str, Any]:
    """A verdict that rests on as much as one can."""
    lines = [json.loads(seal({"at": WHEN, **record.facts}, record.personal, "", bytes(160))[0]) for record in vectors()]
    return max(lines, key=lambda line: len(line.get("personal", ())))


@given(data=st.data())
def test_no_field_whatever_is_in_it_ends_a_replay(data: st.DataObject) -> None:
    line = json.loads(json.dumps(a_line()))
    for _ in range(data.draw(st.integers(1, 3))):
        place = line
        while True:
            key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            inner = place[key]
            if not inner or not isinstance(inner, dict | list) or data.draw(st.booleans()):
                break
            place = inner
        place[key] = data.draw(VALUES)
    node = Node(network=ip_network("192.0.2.0/24"), country="FR", evidence="e", reference="L-1", since=DAY)
    for register in (None, VECTORS.register.as_register(), PolicyRegister("nodes", (node,))):
        judge = Judge(BELGIUM, register)
        judge.judge(Line(line, Path("x"), 1))
        assert judge.tally.judged + judge.tally.left_out.total() == 1


def test_a_journal_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="holds no journal"):
        segments(tmp_path)


def test_a_long_journal_is_never_held_whole(tmp_path: Path) -> None:
    line = json.dumps({"kind": "verdict", **a_line()}).encode() + b"\n"
    path = tmp_path / "journal-00000001.jsonl"
    path.write_bytes(line * (20_000_000 // len(line)))
    tracemalloc.start()
    try:
        count = sum(1 for _ in verdict_lines([path]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000_000 // len(line)
    assert peak < 1_000_000


def test_every_segment_is_read_in_order_and_one_may_be_named(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal", 8_192, salts, WHEN)
    for _ in range(12):
        assert journal.append(play(invite(GEOGRAPHIC)))
    journal.close()
    paths = segments(tmp_path / "journal")
    assert len(paths) > 2
    assert verify(paths) is None
    assert judged(tmp_path / "journal").counts == (12, 0)
    assert 0 < judged(paths[1]).counts[0] < 12


# The command.


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return kept(tmp_path / "journal", play(invite(FOREIGN, GEOGRAPHIC)))


def written(tmp_path: Path, *edits: tuple[str, str]) -> Path:
    text = importlib.resources.files("policy.profiles").joinpath("belgium.toml").read_text()
    for old, new in edits:
        text = text.replace(old, new, 1)
    path = tmp_path / "new.toml"
    path.write_text(text)
    return path


def test_replay_ends_with_0_when_nothing_would_change(run: Command, journal: Path) -> None:  # noqa: F811
    code, out, err = run("replay", journal, "--profile", "belgium")
    assert (code, err) == (0, "")
    assert out == "2 verdicts judged again, 0 would change.\n"


def test_replay_ends_with_1_and_tells_each_change(run: Command, journal: Path, tmp_path: Path) -> None:  # noqa: F811
    new = written(tmp_path, rule("geographic", 'presentation = "block"', 'presentation = "pass"'))
    code, out, _ = run("replay", journal, "--profile", new)
    assert code == 1
    head, *_, last = out.splitlines()
    assert head == "2 verdicts judged again, 1 would change."
    assert "block -> pass" in last
    assert "abroad" in last
    assert GEOGRAPHIC in last
    assert any(line.split() == ["block", "pass", "1"] for line in out.splitlines())
    assert any(line.split() == ["by", "geographic", "1"] for line in out.splitlines())


def test_replay_writes_a_json_line_for_each_change_and_one_for_the_counts(
    run: Command,  # noqa: F811
    journal: Path,
    tmp_path: Path,
) -> None:
    new = written(tmp_path, rule("geographic", 'presentation = "block"', 'presentation = "pass"'))
    code, out, _ = run("replay", journal, "--profile", new, "--json")
    change, summary = map(json.loads, out.splitlines())
    assert code == 1
    assert change.keys() == {"at", "trunk", "call", "call_id", "old", "new", "rule", "basis", "why"}
    assert (change["old"], change["new"]) == ("block", "pass")
    assert summary == {
        "judged": 2,
        "changed": 1,
        "changes": [{"from": "block", "to": "pass", "count": 1}],
        "rules": {"geographic": 1},
        "left_out": {},
    }


def test_replay_takes_register_and_profile_of_a_configuration(run: Command, tmp_path: Path) -> None:  # noqa: F811
    folder = kept(tmp_path / "journal", play(invite(MOBILE), answers={MOBILE: Roaming.NOT_OFFERED}))
    config = tmp_path / "gateway.toml"
    entry = '[[register.dossier]]\nprefix = "+3247"\nreference = "D"\nsince = 2026-01-01\n'
    trunk = '[[trunk]]\nname = "abroad"\nclass = "international"\nlisten = ["192.0.2.10"]\npeers = ["192.0.2.1"]\n'
    config.write_text(f'[journal]\ndirectory = "x"\n{entry}{trunk}')
    for arguments in (["--config", config], ["--config", config, "--profile", "belgium"]):
        code, out, _ = run("replay", folder, *arguments)
        assert code == 1
        assert "block -> withhold" in out
    assert run("replay", folder, "--profile", "belgium")[0] == 0


@pytest.mark.parametrize(
    "arguments", [[], ["--profile", "atlantis"], ["--profile", "nowhere.toml"], ["--config", "nowhere.toml"]]
)
def test_replay_ends_with_2_and_says_why(run: Command, journal: Path, arguments: list[str]) -> None:  # noqa: F811
    code, out, err = run("replay", journal, *arguments)
    assert code == 2
    assert err
    assert not out


def test_replay_names_lines_that_cannot_be_read_and_goes_on(run: Command, journal: Path) -> None:  # noqa: F811
    (path,) = segments(journal)
    path.write_bytes(b"torn\n" + path.read_bytes())
    code, out, err = run("replay", path, "--profile", "belgium")
    assert code == 0
    assert err == f"{path}:1: is not a journal line\n"
    assert out.splitlines() == ["2 verdicts judged again, 0 would change.", "1 left out that cannot be read."]
