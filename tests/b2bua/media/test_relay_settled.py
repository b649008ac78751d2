"""The short way of a packet whose peer has settled is the long way of all others: it leaves and is counted alike."""

import socket
from unittest.mock import patch

import attrs
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Latch
from b2bua.media import relay
from b2bua.media.relay import End, Figures
from tests.b2bua.media.rig import Party, Rig

#: Packets of one end between two looks at its sequence number, here.
LOOK = 4
STEPS = st.one_of(
    st.tuples(st.just("rtp"), st.integers(0, 1), st.integers(0, 0xFFFF)),
    st.tuples(st.just("other"), st.integers(0, 1), st.integers(0, 20)),
    st.tuples(st.just("wait"), st.just(0), st.integers(1, 9)),
    st.tuples(st.just("hold"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("resume"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("gone"), st.integers(0, 1), st.just(0)),
    st.tuples(st.just("back"), st.integers(0, 1), st.just(0)),
)
Outcome = tuple[list[list[bytes]], list[Figures]]


def told(story: list[tuple[str, int, int]]) -> Outcome:
    """What the two parties heard after each step, and the figures of both ends."""
    rig = Rig(Latch.NEVER, (socket.AF_INET, socket.AF_INET))
    parties, heard = [rig.a, rig.b], []
    places = [party.place for party in parties]
    for what, side, number in [("other", 0, 1), ("other", 1, 1), *story]:
        party = parties[side]
        is_there = party.sock.fileno() != -1
        if what == "rtp" and is_there:
            party.send(b"\x80\x00" + number.to_bytes(2, "big") + bytes(8), rig.ends[side])
        elif what == "other" and is_there:
            party.send(bytes(number), rig.ends[side])
        elif what == "wait":
            rig.now += number
        elif what in ("hold", "resume"):
            rig.relay.point(1, side, None if what == "hold" else places[side])
        elif what == "gone":
            party.sock.close()
        elif what == "back" and not is_there:
            parties[side] = Party(port=places[side][1])
            rig.parties.append(parties[side])
        for _ in range(3):
            rig.turn()
        heard.append([data for one in parties if one.sock.fileno() != -1 for data in one.heard()])
    outcome = heard, [rig.figures(0), rig.figures(1)]
    rig.close()
    return outcome


@given(st.lists(STEPS, max_size=30))
def test_a_story_ends_alike_both_ways(story: list[tuple[str, int, int]]) -> None:
    with patch.object(relay, "_LOOK", LOOK):
        short = told(story)
        with patch.object(End, "_pump_settled", End._pump_unsettled):
            long = told(story)
    assert short == long
    assert all(attrs.asdict(figures)["packets"] >= 1 for figures in short[1])


def test_rounds_of_sequence_numbers_are_counted_while_a_call_lasts() -> None:
    step, packets = 30_000, 12
    with patch.object(relay, "_LOOK", 2):
        _, (figures, _) = told([("rtp", 0, step * number & 0xFFFF) for number in range(packets)])
    others = 1  # that `told` begins with
    assert figures.lost == step * (packets - 1) + 1 - packets - others
