import datetime
import enum
from contextlib import suppress
from random import Random
from typing import Any, get_args, get_type_hints

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call.call import Call, State
from b2bua.call.snapshot import MEMORIES, MOMENTS, PARTS, load, save
from b2bua.errors import SnapshotError
from sipstack.flow import Flow
from sipstack.message import Headers, Request
from tests.world import anything
from tests.world.scene import Scene

#: Seconds that are a length of time, or a share of one, and so the same in every process.
LENGTHS = {
    *(("Timing", "t1"), ("Timing", "t2"), ("Timing", "t4"), ("Timing", "trying")),
    *(("SessionTimer", "refreshes_after"), ("UnackedAnswer", "_interval")),
}


def calls(scene: Scene) -> list[Call]:
    return [held.call for held in scene.core._calls.values()]


def seen_calls(seed: int) -> list[tuple[Scene, Call]]:
    """The calls of a scene of that seed, at some moment in the middle of it."""
    scene = anything.scene(seed, Scene)
    anything.happenings(scene, Random(-seed - 1))
    scene.run(1 + seed % 7)
    return [(scene, call) for call in calls(scene)]


def test_every_field_of_seconds_is_a_moment_or_a_length_of_time() -> None:
    floats = set()
    for kind in (Call, *PARTS):
        if issubclass(kind, enum.Enum):
            continue
        hints = get_type_hints(kind)
        floats |= {
            (kind.__name__, field.name)
            for field in attrs.fields(kind)  # type: ignore[arg-type]  # all of them are
            if float in (hints[field.name], *get_args(hints[field.name]))
        }
    moments = {(kind, name) for kind, names in MOMENTS.items() for name in names}
    assert floats == moments | LENGTHS


def test_a_restored_call_has_its_deadlines_as_far_ahead_as_they_were() -> None:
    checked = 0
    for seed in range(60):
        for scene, call in seen_calls(seed):
            before = call.deadline()
            restored = Call.restore(call.snapshot(scene.now), scene.core.context, scene.now + 5_000)
            after = restored.deadline()
            if before is None:  # its transactions have the time
                assert after is None
                continue
            assert after == pytest.approx(before + 5_000)
            checked += 1
    assert checked > 30


def test_a_restored_call_says_the_same_when_it_is_saved_again() -> None:
    for seed in range(40):
        for scene, call in seen_calls(seed):
            saved = orjson.dumps(call.snapshot(scene.now))
            restored = Call.restore(orjson.loads(saved), scene.core.context, scene.now)
            assert orjson.dumps(restored.snapshot(scene.now)) == saved


def test_to_save_a_call_changes_nothing_in_it() -> None:
    for scene, call in [pair for seed in range(9) for pair in seen_calls(seed)]:
        assert call.snapshot(scene.now) == call.snapshot(scene.now)


def test_what_two_places_hold_together_they_hold_together_again() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.05, 180, b"")]
        session = scene.caller.invite()
        scene.run(1)
        (call,) = calls(scene)
        restored = Call.restore(call.snapshot(scene.now), scene.core.context, scene.now)
        assert restored.b is not None
        for leg in (restored.a, restored.b):
            (branch,) = leg.branches.values()
            assert leg.dialog is branch.dialog
            assert leg.liveness is branch.liveness
        assert restored.pair.context is scene.core.context
        assert restored.a.trunk is scene.core.context.trunks.by_name["abroad"]
        assert restored.counted == call.counted
        scene.caller.cancel(session)


def test_octets_that_are_no_text_stay_what_they_are() -> None:
    request = Request("INVITE", "sip:x", Headers.of([("X", "caf\udce9")]), b"\x00\xff")
    restored = reloaded(request)
    assert restored.encode() == request.encode()


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        True,
        1.5,
        "é",
        (),
        [],
        {},
        {("a", 1): [b"x"]},
        frozenset({"b", "a"}),
        State.PARTING,
        Flow("s", ("h", 1)),
    ],
)
def test_each_kind_of_value_comes_back_as_it_was(value: object) -> None:
    assert reloaded(value) == value
    assert type(reloaded(value)) is type(value)


def test_a_time_of_day_comes_back_with_its_zone() -> None:
    at = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
    assert reloaded(at) == at


def test_what_has_no_place_in_a_call_is_not_saved() -> None:
    with pytest.raises(SnapshotError, match="a object has no place"):
        save(object(), 0.0)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"is": "Nobody"},
        {"is": "State", "of": "dreaming"},
        {"is": "trunk", "of": "gone"},
        {"is": "same", "of": 3},
        {"is": "Flow"},
        {"is": "bytes", "of": "€"},
        {"is": "Call"},
    ],
)
def test_what_is_no_snapshot_is_refused_by_one_error(data: Any) -> None:
    with pytest.raises(SnapshotError):
        load(data, (Call, State), Scene().core.context, 0.0)


def test_a_snapshot_of_something_else_is_no_call() -> None:
    with pytest.raises(SnapshotError, match="not the snapshot of a call"):
        Call.restore(save("x", 0.0), Scene().core.context, 0.0)


@given(st.data())
def test_a_damaged_snapshot_gives_a_call_or_the_one_error(data: st.DataObject) -> None:
    scene = Scene()
    scene.caller.invite("+3293330000", '"Ada" <sip:+442079460000@abroad>')
    scene.run(0.5)
    (call,) = calls(scene)
    saved = call.snapshot(scene.now)
    place = saved
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 3)) == 0:
            place[key] = data.draw(
                st.sampled_from([None, 0, "x", [], {}, {"is": "context"}, {"is": "bytes", "of": ""}])
            )
            break
        place = inner
    with suppress(SnapshotError):
        Call.restore(saved, scene.core.context, scene.now)


def test_memories_are_fields_that_there_are() -> None:
    names = {kind.__name__: kind for kind in PARTS}
    for kind, field in MEMORIES:
        assert field in {one.name for one in attrs.fields(names[kind])}


def reloaded(value: object) -> Any:
    return load(orjson.loads(orjson.dumps(save(value, 1.0))), (State,), Scene().core.context, 1.0)
