"""Names of dialogs, read from a call that stands: whose they are, and what they are on the other side."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.call.call import State
from b2bua.call.naming import Dialogs, Named, Refusal, rename, way_of
from sipstack.message import Headers, Request, request
from tests.world.scene import Scene


@contextmanager
def dialogs(*, is_answered: bool = True) -> Iterator[tuple[Dialogs, dict[str, str]]]:
    """The table of a scene with one call, and the names in it: of each side, ours and theirs."""
    with Scene() as scene:
        if not is_answered:
            scene.callee.script = [(0.01, 180, b"")]
        session = scene.caller.invite()
        scene.run(3)
        (held,) = scene.core._calls.values()
        a, b = held.call.a, held.call.b
        assert b is not None
        far = scene.callee.sessions[0]
        names = {"a": a.call_id, "a ours": a.tag, "a theirs": session.tag}
        yield scene.core.context.dialogs, {**names, "b": b.call_id, "b ours": b.tag, "b theirs": far.tag}
        if is_answered:
            scene.caller.bye(session)
        else:
            scene.caller.cancel(session)


def name(names: dict[str, str], call: str, to: str, from_: str) -> str:
    return f"{names[call]};to-tag={names[to]};from-tag={names[from_]}"


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        (("a", "a ours", "a theirs"), "b"),
        (("a", "a theirs", "a ours"), "a"),
        (("b", "b ours", "b theirs"), "a"),
        (("b", "b theirs", "b ours"), "b"),
    ],
)
@pytest.mark.parametrize("key", ["replaces", "join"])
def test_a_name_means_the_side_that_knows_it_or_the_one_behind_us(
    key: str, given_: tuple[str, str, str], meant: str, is_answered: bool
) -> None:
    with dialogs(is_answered=is_answered) as (table, names):
        found = table.taken(key, name(names, *given_))
        assert isinstance(found, Named)
        assert found.leg.call_id == names[meant]
        assert found.value == name(names, meant, f"{meant} theirs", f"{meant} ours")
        assert found.called == ("+3293330000" if meant == "b" else "")
        assert found.flow == found.leg.next_hop()


@pytest.mark.parametrize(
    "given_",
    [("a", "a ours", "b theirs"), ("a", "a ours", "a ours"), ("b", "a theirs", "b ours"), ("b", "b ours", "b")],
)
def test_our_tag_with_another_peers_is_no_dialog(given_: tuple[str, str, str]) -> None:
    with dialogs() as (table, names):
        found = table.taken("replaces", name(names, *given_))
        assert isinstance(found, Refusal)
        assert found.status == 481


@pytest.mark.parametrize("given_", [("a", "b ours", "b theirs"), ("b", "a ours", "a theirs"), ("a", "b theirs", "b")])
def test_a_name_without_a_tag_of_ours_is_somebody_elses(given_: tuple[str, str, str]) -> None:
    with dialogs() as (table, names):
        assert table.taken("replaces", name(names, *given_)) is None


@pytest.mark.parametrize("state", [State.ASKING, State.CANCELLING, State.PARTING, State.ENDED])
def test_a_call_that_does_not_stand_has_no_name(state: State) -> None:
    with dialogs() as (table, names):
        call, _ = table.legs[names["a"], names["a ours"]]
        before, call.state = call.state, state
        found = table.taken("replaces", name(names, "a", "a ours", "a theirs"))
        call.state = before
        assert isinstance(found, Refusal)
        assert found.status == 481


def test_an_emergency_call_is_not_to_be_had() -> None:
    with dialogs() as (table, names):
        pair = table.legs[names["a"], names["a ours"]][0].pair
        pair.is_emergency = True
        found = table.taken("replaces", name(names, "a", "a ours", "a theirs"))
        pair.is_emergency = False
        assert isinstance(found, Refusal)
        assert found.status == 403


def test_a_branch_of_a_fork_is_named_by_its_own_tag() -> None:
    with Scene() as scene:
        scene.callee.script = [(0.01, 180, b"")]
        session = scene.caller.invite()
        scene.run(1)
        (invite,) = scene.callee.requests("INVITE")
        scene.callee.respond(invite, 180, tag="second")
        scene.run(1)
        (held,) = scene.core._calls.values()
        leg = held.call.b
        assert leg is not None
        for tag in (scene.callee.sessions[0].tag, "second"):
            found = scene.core.context.dialogs.taken("replaces", f"{leg.call_id};to-tag={tag};from-tag={leg.tag}")
            assert isinstance(found, Named)
            assert found.dialog.remote_tag == tag
        scene.caller.cancel(session)


def test_a_target_dialog_is_what_the_sender_has_with_its_reader() -> None:
    with dialogs() as (table, names):
        near = f"{names['a']};local-tag={names['a theirs']};remote-tag={names['a ours']};x=1"
        assert table.target(near) == f"{names['b']};local-tag={names['b ours']};remote-tag={names['b theirs']};x=1"
        far = f"{names['b']};local-tag={names['b theirs']};remote-tag={names['b ours']}"
        assert table.target(far) == f"{names['a']};local-tag={names['a ours']};remote-tag={names['a theirs']}"
        for strange in ("", near.replace("local-tag=", "local-tag=x"), near.replace("remote-tag=", "remote-tag=x")):
            assert table.target(strange) is None


def test_the_tables_of_two_gateways_are_two() -> None:
    first, second = Scene(), Scene()
    assert first.core.context.dialogs is not second.core.context.dialogs
    assert first.core.context.dialogs.legs is not second.core.context.dialogs.legs


def invite(*fields: tuple[str, str], uri: str = "sip:+3293330000@x") -> Request:
    return request("INVITE", uri, [("Via", "SIP/2.0/UDP x;branch=z9hG4bKx"), *fields])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("Replaces", "x")], 400),
        ([("Replaces", "x;to-tag=1")], 400),
        ([("Replaces", "x;to-tag=1;from-tag=2;early-only=1")], 400),
        ([("Replaces", "x;to-tag=1;from-tag=2"), ("Replaces", "x;to-tag=1;from-tag=2")], 400),
        ([("Replaces", "x;to-tag=1;from-tag=2"), ("Join", "x;to-tag=1;from-tag=2")], 400),
        ([("Replaces", "x;to-tag=1;from-tag=2")], None),
        ([("Join", "x;to-tag=1;from-tag=2")], None),
        ([], None),
    ],
)
def test_an_invite_names_one_dialog_that_can_be_read(fields: list[tuple[str, str]], status: int | None) -> None:
    trunk = attrs.evolve(Scene().core.context.trunks.by_name["home"], passes_replaces=True)
    found = way_of(invite(*fields), trunk, Dialogs())
    assert found is None if status is None else isinstance(found, Refusal) and found.status == status


def test_a_uri_without_a_number_can_only_mean_a_dialog_of_ours() -> None:
    trunk = attrs.evolve(Scene().core.context.trunks.by_name["home"], passes_replaces=True)
    found = way_of(invite(("Replaces", "x;to-tag=1;from-tag=2"), uri="sip:198.51.100.10:5060"), trunk, Dialogs())
    assert found == Refusal(481, "no such dialog")


@pytest.mark.parametrize(
    ("require", "status"),
    [([], None), (["100rel"], None), (["replaces"], 420), (["100rel, JOIN"], 420), ([",replaces"], 420), (['"'], None)],
)
def test_where_the_trunk_may_not_only_who_requires_it_is_refused(require: list[str], status: int | None) -> None:
    trunk = attrs.evolve(Scene().core.context.trunks.by_name["home"], passes_replaces=False)
    fields = [("Replaces", "x;to-tag=1;from-tag=2"), *[("Require", value) for value in require]]
    found = way_of(invite(*fields), trunk, Dialogs())
    assert found is None if status is None else isinstance(found, Refusal) and found.status == status
    assert way_of(invite(("Require", "replaces")), trunk, Dialogs()) is None


@pytest.mark.parametrize(
    ("require", "left"),
    [("replaces", []), ("100rel, Replaces,join", ["100rel"]), ("100rel", ["100rel"]), ("a,b", ["a,b"]), ('"', ['"'])],
)
def test_what_stays_behind_is_not_required(require: str, left: list[str]) -> None:
    headers = Headers.of([("Replaces", "x"), ("Join", "y"), ("Require", require), ("Other", "z")])
    rename(headers, Dialogs(), None)
    assert headers.all("require") == left
    assert [key for key in headers.keys if key != "require"] == ["other"]


def test_a_name_of_somebody_elses_dialog_crosses_where_the_trunk_may() -> None:
    fields = [("Replaces", "x;to-tag=1;from-tag=2"), ("Require", "replaces"), ("Target-Dialog", "x")]
    headers = Headers.of(fields)
    rename(headers, Dialogs(), None, takes=True)
    assert list(headers) == [(name.lower(), value) for name, value in fields]


TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="\x7f"), max_size=60)


@given(key=st.sampled_from(["replaces", "join"]), text=TEXT | TEXT.map("x;to-tag={0};from-tag={0}".format))
def test_whatever_a_name_says_it_is_answered(key: str, text: str) -> None:
    table = Dialogs()
    found = table.taken(key, text)
    assert found is None or (isinstance(found, Refusal) and found.status == 400)
    assert table.target(text) is None
