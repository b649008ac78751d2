"""What workers put into each other's boxes."""

from collections.abc import Iterator

import pytest

from b2bua.workers.post import DATAGRAM, LARGEST, MOST_WAITING, Box, Post
from sipstack.flow import Flow

FLOW = Flow("192.0.2.1:5060", ("192.0.2.9", 5070))


@pytest.fixture
def boxes() -> Iterator[list[Box]]:
    made = [Box.make() for _ in range(3)]
    yield made
    for box in made:
        box.slit.close()
        box.key.close()


def test_datagrams_and_news_arrive_in_their_order(boxes: list[Box]) -> None:
    posts = [Post(slot, boxes) for slot in range(3)]
    posts[0].tell("news", 1)
    posts[0].hand(1, b"\x00\xff", FLOW)
    posts[0].tell("news", 2)
    assert list(posts[1].collect()) == [], "nothing is there before it is flushed"
    posts[0].flush()
    posts[2].tell("more")
    posts[2].flush()
    handed = (DATAGRAM, b"\x00\xff", "192.0.2.1:5060", "192.0.2.9", 5070)
    assert list(posts[1].collect()) == [("news", 1), handed, ("news", 2), ("more",)]
    assert list(posts[2].collect()) == [("news", 1), ("news", 2)]
    assert list(posts[0].collect()) == [("more",)]


def test_what_waits_for_a_worker_that_is_dead_is_read_by_the_next(boxes: list[Box]) -> None:
    first = Post(0, boxes)
    first.tell("news")
    first.flush()
    assert list(Post(1, boxes).collect()) == [("news",)]
    assert list(Post(1, boxes).collect()) == []


def test_a_full_box_loses_datagrams_as_the_network_would_and_no_news(boxes: list[Box]) -> None:
    post, told = Post(0, boxes), 0
    while not post.counters["box full: datagram lost"]:
        post.hand(1, bytes(LARGEST), FLOW)
        post.tell("news", told)
        told += 1
        post.flush()
        assert told < 1_000
    found = list(Post(1, boxes).collect())
    post.flush()
    found += Post(1, boxes).collect()
    assert [item[1] for item in found if item[0] == "news"] == list(range(told))
    assert sum(item[0] == DATAGRAM for item in found) == told - post.counters["box full: datagram lost"]


def test_news_for_a_worker_that_never_reads_are_bounded(boxes: list[Box]) -> None:
    post = Post(0, boxes)
    while not post.counters["box full: datagram lost"]:
        post.hand(1, bytes(LARGEST), FLOW)
    for number in range(MOST_WAITING + 5):
        post.tell("news", number)
    post.flush()
    assert post.counters["box full: news lost"] == 5
    assert len(post._out[1]) == MOST_WAITING


def test_a_datagram_of_any_size_goes_through(boxes: list[Box]) -> None:
    post = Post(0, boxes)
    for _ in range(3):
        post.hand(1, bytes(65_535), FLOW)
    post.flush()
    assert [len(item[1]) for item in Post(1, boxes).collect()] == [65_535] * 3


def test_news_that_have_waited_arrive_however_many_they_are(boxes: list[Box]) -> None:
    """More than one putting may hold, and one reading."""
    post = Post(0, boxes)
    while not post.counters["box full: datagram lost"]:
        post.hand(1, bytes(LARGEST), FLOW)
    for number in range(MOST_WAITING):
        post.tell("news", number, f"{number:0100}")
    post.flush()
    found = []
    while read := list(Post(1, boxes).collect()):
        found += [item[1] for item in read if item[0] == "news"]
        post.flush()
    assert found == list(range(MOST_WAITING))


def test_an_item_that_no_box_takes_is_counted_and_holds_nothing_up(boxes: list[Box]) -> None:
    post = Post(0, boxes)
    post.tell("news", "x" * (64 * 1024 * 1024))
    post.tell("news", 2)
    post.flush()
    assert post.counters["box: item too large"] == 2, "one for each of the others"
    assert list(Post(1, boxes).collect()) == [("news", 2)]
