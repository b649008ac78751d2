"""Whoever is not the peer of an end, whatever he tries: what he sends reaches nobody, and nothing is sent to him.

`Model` says the same as the relay in the plainest way; whole stories are held against it.
"""

import socket
from collections.abc import Iterator

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Latch
from b2bua.media.relay import BATCH, WINDOW
from tests.b2bua.media.rig import Party, Rig

BOTH = (socket.AF_INET, socket.AF_INET)
ELSEWHERE = "127.0.0.2"


@pytest.fixture(params=list(Latch))
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made = Rig(request.param, BOTH)
    yield made
    made.close()


def at(latch: Latch) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rig", [latch], indirect=True)


def exchange(rig: Rig) -> None:
    """A packet each way, which settles both ends."""
    rig.a.send(b"from a", rig.ends[0])
    rig.b.send(b"from b", rig.ends[1])
    rig.turn()
    rig.turn()
    assert (rig.b.heard(), rig.a.heard()) == ([b"from a"], [b"from b"])


@pytest.mark.parametrize("host", ["", ELSEWHERE], ids=["same host", "another host"])
def test_once_a_call_runs_nobody_gets_in_or_is_sent_anything(rig: Rig, host: str) -> None:
    exchange(rig)
    stranger = rig.stranger(host=host)
    for _ in range(3):
        stranger.send(b"false", rig.ends[0])
        stranger.send(b"false", rig.ends[1])
        rig.turn()
    exchange(rig)
    assert stranger.heard() == []


@pytest.mark.parametrize("rig", [Latch.NEVER, Latch.SAME_HOST], indirect=True)
def test_who_is_first_from_another_host_gains_nothing(rig: Rig) -> None:
    stranger = rig.stranger(host=ELSEWHERE)
    for _ in range(3):
        stranger.send(b"false", rig.ends[0])
        rig.turn()
    exchange(rig)
    assert stranger.heard() == []
    assert rig.figures(0).strangers == 3


@at(Latch.NEVER)
def test_who_is_first_from_the_same_host_gains_nothing_where_nobody_else_is_believed(rig: Rig) -> None:
    stranger = rig.stranger()
    stranger.send(b"false", rig.ends[0])
    rig.turn()
    exchange(rig)
    assert stranger.heard() == []


@at(Latch.SAME_HOST)
def test_who_is_first_from_the_same_host_is_never_sent_to_and_silenced_by_the_peer(rig: Rig) -> None:
    stranger = rig.stranger()
    stranger.send(b"asymmetric, or false", rig.ends[0])
    rig.turn()
    assert rig.b.heard() == [b"asymmetric, or false"]
    exchange(rig)
    stranger.send(b"false", rig.ends[0])
    rig.turn()
    assert (rig.b.heard(), stranger.heard()) == ([], [])


@at(Latch.WINDOW)
def test_within_the_window_the_peer_that_was_first_stays_the_peer(rig: Rig) -> None:
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    rig.relay.point(1, 0, rig.a.place)
    exchange(rig)
    stranger = rig.stranger()
    stranger.send(b"false", rig.ends[0])
    rig.turn()
    exchange(rig)
    assert stranger.heard() == []


@at(Latch.WINDOW)
def test_who_was_found_in_the_window_is_believed_no_more_when_his_peer_is_told_to_be_elsewhere(rig: Rig) -> None:
    found = rig.stranger(host=ELSEWHERE)
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    found.send(b"found", rig.ends[0])
    rig.turn()
    rig.relay.point(1, 0, rig.a.place)
    found.send(b"false", rig.ends[0])
    rig.turn()
    assert rig.b.heard() == [b"found"]
    exchange(rig)
    assert found.heard() == []


@pytest.mark.parametrize("host", ["", ELSEWHERE], ids=["same host", "another host"])
def test_strangers_in_the_queue_of_a_peer_that_settles_are_sorted_out_however_many(rig: Rig, host: str) -> None:
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    rig.relay.point(1, 0, rig.a.place)  # a window begins
    stranger = rig.stranger(host=host)
    rig.a.send(b"0", rig.ends[0])
    for number in range(1, 3 * BATCH):
        stranger.send(b"false", rig.ends[0])
        rig.a.send(b"%d" % number, rig.ends[0])
    for _ in range(9 * BATCH):
        rig.turn()
    assert rig.b.heard() == [b"%d" % number for number in range(3 * BATCH)]


def test_a_peer_that_floods_while_it_settles_leaves_the_others_their_turn(rig: Rig) -> None:
    for _ in range(3 * BATCH):
        rig.a.send(b"flood", rig.ends[0])
    rig.turn()
    assert 0 < len(rig.b.heard()) <= BATCH


@attrs.define
class Model:
    """Whom one end believes and whom it is sent to, by the words of `Latch`."""

    latch: Latch
    place: tuple[str, int]
    moved: float
    former: tuple[str, int] | None = None
    is_settled: bool = False
    other: tuple[str, int] | None = None

    def believes(self, sender: tuple[str, int], now: float) -> bool:
        if sender == self.place:
            self.is_settled, self.other = True, None
            return True
        if self.is_settled or sender == self.former:
            return False
        if self.latch is Latch.WINDOW and now < self.moved + WINDOW:
            self.place, self.is_settled = sender, True
            return True
        if self.latch is Latch.SAME_HOST and sender[0] == self.place[0]:
            self.other = self.other or sender
            return sender == self.other
        return False

    def moves(self, place: tuple[str, int], now: float) -> None:
        if place != self.place:
            self.former, self.place = self.place, place
            self.moved, self.is_settled, self.other = now, False, None


SENDERS = 4
STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(0, SENDERS - 1)),
    st.tuples(st.just("move"), st.integers(0, SENDERS - 1)),
    st.tuples(st.just("wait"), st.sampled_from([1.0, WINDOW])),
    st.tuples(st.just("back"), st.just(0)),
)


@given(latch=st.sampled_from(Latch), story=st.lists(STEPS, max_size=20))
def test_in_every_story_only_who_is_believed_is_heard_and_only_the_peer_is_sent_to(
    latch: Latch, story: list[tuple[str, float]]
) -> None:
    rig = Rig(latch, BOTH)
    senders: list[Party] = [rig.a, rig.stranger(), rig.stranger(host=ELSEWHERE), rig.stranger(host=ELSEWHERE)]
    rig.relay.point(1, 0, ("127.0.0.1", 9))
    rig.relay.point(1, 0, rig.a.place)
    model = Model(latch, rig.a.place, rig.now, former=("127.0.0.1", 9))
    try:
        for number, (what, which) in enumerate(story):
            payload = b"%d" % number
            if what == "send":
                senders[int(which)].send(payload, rig.ends[0])
                is_heard = model.believes(senders[int(which)].place, rig.now)
                rig.turn()
                rig.turn()
                assert rig.b.heard() == ([payload] if is_heard else [])
            elif what == "back":
                rig.b.send(payload, rig.ends[1])
                rig.turn()
                rig.turn()
                assert {one.place: heard for one in senders if (heard := one.heard())} == {model.place: [payload]}
            elif what == "move":
                rig.relay.point(1, 0, senders[int(which)].place)
                model.moves(senders[int(which)].place, rig.now)
            else:
                rig.now += which
    finally:
        rig.close()
