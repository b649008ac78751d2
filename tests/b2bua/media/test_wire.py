"""What is said between us and the process that relays comes as it was said."""

from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Latch
from b2bua.media.orders import Close, Face, Open, Place, Point
from b2bua.media.relay import Figures, Settled
from b2bua.media.wire import Carried, Message, Told, decode, decode_told, encode, encode_told

NUMBERS = st.integers(0, 2**53)
PORTS = st.integers(0, 65_535)
SECONDS = st.floats(0, 1e9)
PLACES: st.SearchStrategy[Place] = st.tuples(st.ip_addresses().map(str), PORTS)
FACES = st.builds(Face, st.ip_addresses().map(str), PORTS, st.sampled_from(Latch))
MESSAGES = (
    st.builds(Open, NUMBERS, st.tuples(FACES, FACES))
    | st.builds(Point, NUMBERS, st.sampled_from([0, 1]), st.none() | PLACES)
    | st.builds(Close, NUMBERS)
    | st.builds(Carried, NUMBERS, st.sampled_from([0, 1]), NUMBERS, NUMBERS, SECONDS)
)
FIGURES = st.builds(
    Figures,
    packets=NUMBERS,
    octets=NUMBERS,
    lost=NUMBERS,
    strangers=NUMBERS,
    unsent=NUMBERS,
    first=st.none() | SECONDS,
    last=st.none() | SECONDS,
    longest_gap=SECONDS,
)
SETTLED = st.builds(
    Settled,
    channel=NUMBERS,
    ordered=st.tuples(st.none() | PLACES, st.none() | PLACES),
    places=st.tuples(PLACES, PLACES),
)
CHANNELS = st.lists(NUMBERS, max_size=5).map(tuple)


@given(st.lists(MESSAGES, max_size=5))
def test_messages_come_as_they_were_sent(messages: list[Message]) -> None:
    assert decode(encode(messages)) == messages


@given(
    st.lists(st.tuples(NUMBERS, st.tuples(FIGURES, FIGURES)), max_size=3).map(tuple),
    CHANNELS,
    st.lists(SETTLED, max_size=3).map(tuple),
    CHANNELS,
)
def test_news_come_as_they_were_told(
    closed: tuple[tuple[int, tuple[Figures, Figures]], ...],
    silent: tuple[int, ...],
    settled: tuple[Settled, ...],
    heard: tuple[int, ...],
) -> None:
    told = Told(closed, silent, settled, heard)
    assert decode_told(encode_told(told)) == told
