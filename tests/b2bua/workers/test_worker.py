"""One worker and the next in its place, killed wherever it hurts."""

import asyncio
import datetime
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest

from b2bua.call import Moment
from b2bua.call.core import Output
from b2bua.config import Config, Media, Probe, Way
from b2bua.media.kernel import FIRST_MARK, MARKS, Kernel
from b2bua.workers.post import Box
from b2bua.workers.saving import load
from b2bua.workers.shelf import Shelf
from b2bua.workers.tallies import Tallies
from b2bua.workers.worker import JUMP, Station, Worker
from bench.story import CALLER, Teller, between_carriers
from sipstack.effects import Send
from sipstack.message import Request, parse


@attrs.define(eq=False)
class Wire:
    """In place of the driver: what was sent, until the worker is killed."""

    before: Callable[[Send], None] = lambda send: None
    sent: list[Send] = attrs.field(factory=list)
    transports: dict[str, Any] = attrs.field(factory=dict)

    def send_all(self, sends: Iterable[Send]) -> None:
        for send in sends:
            self.before(send)
            self.sent.append(send)

    def rearm(self) -> None:
        """There is no timer."""


@attrs.define(eq=False)
class Place:
    """The place of one worker, and who has it."""

    config: Config
    station: Station
    worker: Worker = attrs.field(init=False)
    wire: Wire = attrs.field(factory=Wire)

    def take(self) -> Worker:
        """A worker begins there."""
        self.worker = worker = Worker.open(self.config, self.station)
        wire: Any = self.wire
        worker.app.driver = wire
        return worker

    def kill(self) -> None:
        """It is gone, and its locks with it."""
        os.close(self.worker.app.journal._fd)
        self.worker.app.journal._release()
        self.worker.app.amendments.close()
        self.wire = Wire()

    def go_on(self) -> None:
        """What `Worker.start` does, but for the sockets."""
        self.worker.app.perform(self.worker._taken_over(now()))

    # The face of a core, for the teller of stories.

    def receive(self, data: bytes, flow: Any, moment: Moment) -> list[Output]:
        out = self.worker.app.core.receive(data, flow, now())
        self.worker.app.perform(out)
        return out

    def deadline(self) -> None:
        return None

    def journal(self) -> list[dict[str, Any]]:
        folder = Path(self.config.journal.directory) / self.station.name
        lines = b"".join(path.read_bytes().rstrip(b"\0") for path in sorted(folder.glob("*.jsonl")))
        return [orjson.loads(line) for line in lines.splitlines()]

    def causes(self) -> list[str]:
        return [line["cause"] for line in self.journal() if line["kind"] == "end"]

    def requests(self, method: str) -> list[Request]:
        found = [parse(send.data) for send in self.wire.sent]
        return [message for message in found if isinstance(message, Request) and message.method == method]


def now() -> Moment:
    return Moment(1_000.0, datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    config = between_carriers()
    config = attrs.evolve(config, journal=attrs.evolve(config.journal, directory=str(tmp_path), segment_mib=1))
    box, tallies, (said, heard) = Box.make(), Tallies.make(4, 1), socket.socketpair()
    station = Station(
        slot=0, sockets={}, boxes=[box], shelf=Shelf.make(1 << 20), tallies=tallies, report=said, lifeline=0
    )
    made = Place(config, station)
    yield made
    made.kill()
    tallies.close()
    for end in (box.slit, box.key, said, heard):
        end.close()


def told(place: Place, story: Callable[[Teller], object]) -> None:
    """Plays a story with the worker that has the place, and lets what it has put off happen."""

    async def play() -> None:
        core: Any = place
        story(Teller(core, lambda given, out: None))
        await asyncio.sleep(0)

    asyncio.run(play())


def calls(count: int) -> Callable[[Teller], None]:
    """So many, one after the other, from their INVITE to their BYE."""

    def play(teller: Teller) -> None:
        for number in range(count):
            teller.call(number)

    return play


def test_an_answered_call_is_on_the_shelf_before_the_caller_hears_of_it(place: Place) -> None:
    seen: list[int] = []

    def look(send: Send) -> None:
        if send.flow == CALLER and send.data.startswith(b"SIP/2.0 200"):
            seen.append(len(Shelf.open(place.station.shelf)[1]))

    place.take()
    place.wire.before = look
    told(place, lambda teller: teller.set_up(0))
    assert seen == [1]


def test_a_call_that_is_over_is_on_no_shelf(place: Place) -> None:
    place.take()
    told(place, calls(3))
    assert Shelf.open(place.station.shelf)[1] == {}
    assert place.worker.statistics()["kept"] == 0


def test_a_successor_goes_on_with_the_call_and_ends_it_once(place: Place) -> None:
    place.take()
    tags: list[str] = []
    told(place, lambda teller: tags.append(teller.set_up(0)))
    place.kill()
    assert place.take().left.keys() == {line["call"] for line in place.journal() if line["kind"] == "answer"}
    place.go_on()
    assert [trunk.inward.held for trunk in place.worker.app.core.context.trunks.all] == [1, 0]
    told(place, lambda teller: teller.hang_up(0, tags[0]))
    assert place.causes() == ["BYE"]
    (bye,) = place.requests("BYE")
    assert bye.cseq.number > JUMP
    assert place.worker.statistics()["calls"] == 0


def test_a_worker_killed_between_an_end_and_its_messages_has_its_call_hung_up_on_both_sides(place: Place) -> None:
    place.take()
    tags: list[str] = []
    told(place, lambda teller: tags.append(teller.set_up(0)))

    left: list[bytes] = []

    def die(send: Send) -> None:
        left.append(place.station.shelf[:])
        raise KeyboardInterrupt

    place.wire.before = die
    with pytest.raises(KeyboardInterrupt):
        told(place, lambda teller: teller.hang_up(0, tags[0]))
    place.kill()
    place.station.shelf[:] = left[0]  # what the loop did after that, no dead worker does
    place.take()
    told(place, lambda teller: place.go_on())
    assert len(place.requests("BYE")) == 2
    assert place.causes() == ["BYE"]
    assert Shelf.open(place.station.shelf)[1] == {}


def test_the_ack_of_an_answer_goes_out_again_by_the_successor(place: Place) -> None:
    place.take()

    def die(send: Send) -> None:
        if send.data.startswith(b"ACK "):
            raise KeyboardInterrupt

    place.wire.before = die
    with pytest.raises(KeyboardInterrupt):
        told(place, lambda teller: teller.set_up(0))
    place.kill()
    place.take()
    place.go_on()
    assert len(place.requests("ACK")) == 1
    assert [send.data[:11] for send in place.wire.sent if send.flow == CALLER] == [b"SIP/2.0 200"]


def test_an_ack_that_has_come_is_kept_within_two_looks(place: Place) -> None:
    worker = place.take()
    told(place, lambda teller: teller.set_up(0))

    def unacked() -> list[bool]:
        kept = Shelf.open(place.station.shelf)[1].values()
        return [load(data, worker.app.core.context).call.a.unacked is not None for data in kept]

    worker.secure()
    assert unacked() == [True]
    worker.settle()
    assert unacked() == [True]
    worker.settle()
    assert unacked() == [False]
    assert (worker._changed, worker._settling) == ({}, {})


def test_what_cannot_be_read_on_the_shelf_costs_its_call_alone(place: Place) -> None:
    worker = place.take()
    told(place, lambda teller: [teller.set_up(number) for number in (0, 1)])
    broken, whole = worker.shelf._places
    worker.shelf.put(broken, b"nonsense")
    place.kill()
    assert place.take().left.keys() == {whole}
    place.go_on()
    assert [line["call"] for line in place.journal() if line["kind"] == "end"] == [broken]
    assert place.causes() == ["interrupted"]


def test_a_full_shelf_stops_no_call(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.station = attrs.evolve(place.station, shelf=Shelf.make(2_048))
    place.take()
    told(place, calls(2))
    assert place.causes() == ["BYE", "BYE"]
    assert caplog.text.count("no room is left") == 1


def test_which_targets_are_down_is_heard_of_the_worker_that_probes(tmp_path: Path) -> None:
    config = between_carriers()
    home = attrs.evolve(config.trunk[1], probe=Probe())
    config = attrs.evolve(
        config,
        trunk=(config.trunk[0], home),
        journal=attrs.evolve(config.journal, directory=str(tmp_path), segment_mib=1),
    )
    boxes, tallies, (said, heard) = [Box.make(), Box.make()], Tallies.make(4, 2), socket.socketpair()
    workers = [
        Worker.open(
            config,
            Station(
                slot=slot, sockets={}, boxes=boxes, shelf=Shelf.make(1 << 16), tallies=tallies, report=said, lifeline=0
            ),
        )
        for slot in range(2)
    ]
    assert [bool(worker.app.core.probing.watched) for worker in workers] == [True, False]
    trunks = [worker.app.core.context.trunks.by_name["home"] for worker in workers]
    (target,) = trunks[0].targets.flows
    for is_down in (True, False):
        trunks[0].health.hear(target, is_down=is_down)
        workers[0]._tell_health()
        workers[0].secure()
        workers[1].sorting.sort(())
        assert trunks[1].health.is_down(target) is is_down
    for worker in workers:
        worker.app.journal.close()
    tallies.close()
    for end in (said, heard, *(end for box in boxes for end in (box.slit, box.key))):
        end.close()


def test_each_worker_has_marks_of_its_own_in_the_kernel(place: Place) -> None:
    tallies, boxes = Tallies.make(4, 2), [*place.station.boxes, *place.station.boxes]
    place.config = attrs.evolve(place.config, media=Media(way=Way.KERNEL), workers=2)
    place.station = attrs.evolve(place.station, slot=1, boxes=boxes, tallies=tallies)
    kernel = place.take().app.carriage.carriers[Way.KERNEL]
    tallies.close()
    assert isinstance(kernel, Kernel)
    assert kernel.first_mark == FIRST_MARK + MARKS
