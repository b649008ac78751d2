"""What comes to a worker is kept, handed over or heeded, and in that order which makes several memories one."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import attrs
import pytest

from b2bua.workers.ledger import CommonLedger
from b2bua.workers.marks import MarkedIds, mark_of
from b2bua.workers.owner import owner_of
from b2bua.workers.post import Box, Item, Post
from b2bua.workers.sorting import REMEMBERED, Sorting
from sipstack.flow import Flow

WORKERS = 3
FLOW = Flow("192.0.2.1:5060", ("192.0.2.9", 5070))
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@attrs.define(eq=False)
class Desk:
    """One worker, as far as this is about."""

    sorting: Sorting
    ledger: CommonLedger
    got: list[object] = attrs.field(factory=list)
    """What the core was given, what was heeded, and what failed, in order."""

    def received(self, messages: Iterable[tuple[bytes, Flow]]) -> None:
        self.got += messages

    def failed(self, flow: Flow) -> None:
        self.got.append(flow)

    def heed(self, item: Item) -> None:
        self.got.append(item[0])
        self.ledger.hear(item)


@pytest.fixture
def desks() -> Iterator[list[Desk]]:
    boxes, made = [Box.make() for _ in range(WORKERS)], list[Desk]()
    for slot in range(WORKERS):
        post = Post(slot, boxes)
        desk = Desk(Sorting(post, lambda item: None), CommonLedger(tell=post.tell))
        desk.sorting.heed, desk.sorting.inbox = desk.heed, desk
        made.append(desk)
    yield made
    for box in boxes:
        box.slit.close()
        box.key.close()


def message(method: str, call_id: str, to_tag: str = "", *more: str) -> bytes:
    tail = f";tag={to_tag}" if to_tag else ""
    head = (
        f"{method} sip:b@192.0.2.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK{call_id}",
        "From: <sip:a@b>;tag=1",
        f"To: <sip:b@192.0.2.1>{tail}",
        f"Call-ID: {call_id}",
        f"CSeq: 1 {method}",
        *more,
    )
    return "\r\n".join((*head, "", "")).encode()


def test_wherever_a_datagram_comes_it_reaches_its_owner_once(desks: list[Desk]) -> None:
    sent = [message("INVITE", f"call-{number}") for number in range(30)]
    for number, data in enumerate(sent):
        desks[number % WORKERS].sorting.sort([(data, FLOW)])
    for desk in desks:
        desk.sorting.sort(())
    for slot, desk in enumerate(desks):
        assert sorted(desk.got) == sorted((data, FLOW) for data in sent if owner_of(data, WORKERS) == slot)  # type: ignore[type-var]


def test_a_leg_is_in_every_ledger_before_a_call_that_came_later_is_looked_at(desks: list[Desk]) -> None:
    desks[0].ledger.sent(["+3225550000"], "+442079460000", NOW)
    desks[0].sorting.post.flush()  # the INVITE leaves now, and what it leads to comes to another worker
    returning = message("INVITE", "back", MarkedIds(bytes, mark_of(1)).tag())
    desks[1].sorting.sort([(returning, FLOW)])
    assert desks[1].got == ["leg sent", (returning, FLOW)]
    assert desks[1].ledger.leg(frozenset({"+3225550000"}), "+442079460000", NOW) is not None
    desks[1].ledger.forwarded("+442079460000", NOW)
    desks[1].sorting.post.flush()
    desks[0].sorting.sort([(message("INVITE", "again", MarkedIds(bytes, mark_of(0)).tag()), FLOW)])
    assert desks[0].ledger.forwardings("+442079460000", NOW) == 1
    assert desks[2].got == []


def test_the_same_holds_for_a_call_that_is_handed_over(desks: list[Desk]) -> None:
    desks[0].ledger.sent(["+3225550000"], "+442079460000", NOW)
    desks[0].sorting.post.flush()
    returning = message("INVITE", "back", MarkedIds(bytes, mark_of(1)).tag())
    desks[2].sorting.sort([(returning, FLOW)])
    desks[1].sorting.sort(())
    assert desks[1].got == ["leg sent", (returning, FLOW)]


def test_a_peer_that_cannot_be_reached_is_told_to_all_that_may_have_sent(desks: list[Desk]) -> None:
    desks[0].sorting.failed(FLOW)
    for desk in desks[1:]:
        desk.sorting.sort(())
    assert [desk.got for desk in desks] == [[FLOW]] * WORKERS


def test_the_cancel_of_a_call_that_takes_over_another_finds_it(desks: list[Desk]) -> None:
    tag = MarkedIds(bytes, mark_of(2)).tag()
    call_id = next(f"{n}" for n in range(99) if owner_of(message("CANCEL", f"{n}"), WORKERS) == 1)
    invite = message("INVITE", call_id, "", f"Replaces: x;to-tag={tag};from-tag=y")
    desks[0].sorting.sort([(invite, FLOW)])
    for slot in (2, 0, 1):
        cancel = message("CANCEL", call_id, "", f"X-Copy: {slot}")
        desks[slot].sorting.sort([(cancel, FLOW)])
    for desk in desks:
        desk.sorting.sort(())
    assert [len(desk.got) for desk in desks] == [0, 0, 4]


def test_what_is_remembered_of_such_calls_is_bounded(desks: list[Desk]) -> None:
    tag = MarkedIds(bytes, mark_of(2)).tag()
    for number in range(REMEMBERED + 2_000):
        desks[0].sorting._note_stray(message("INVITE", f"{number}", "", f"Replaces: x;to-tag={tag};from-tag=y"), 2, 3)
    assert len(desks[0].sorting.strays) <= REMEMBERED


def test_an_endless_number_of_sources_fills_no_memory(desks: list[Desk]) -> None:
    for port in range(REMEMBERED + 10):
        desks[0].sorting._flow("192.0.2.1:5060", "192.0.2.9", port)
    assert len(desks[0].sorting._flows) <= REMEMBERED
