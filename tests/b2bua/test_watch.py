import asyncio
import datetime

import pytest

from b2bua import Alarm, Record, Watch

AT = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


def note(number: int) -> Record:
    return Record("verdict", str(number), AT, {})


async def rest(watch: Watch) -> list[str]:
    return [one.call if isinstance(one, Record) else one.name async for one in watch]


def test_a_reader_gets_what_came_in_its_order_and_then_the_end() -> None:
    async def story() -> None:
        watch = Watch(10)
        watch.tell(note(1))
        watch.tell(Alarm("bug", "x"))
        watch.end()
        assert await rest(watch) == ["1", "bug"]
        assert await rest(watch) == []
        assert watch.missed == 0

    asyncio.run(asyncio.wait_for(story(), 10))


def test_a_reader_waits_for_the_next_one() -> None:
    async def story() -> None:
        watch = Watch(10)
        reading = asyncio.ensure_future(rest(watch))
        for number in range(3):
            await asyncio.sleep(0)
            watch.tell(note(number))
        await asyncio.sleep(0)
        assert not reading.done()
        watch.end()
        assert await reading == ["0", "1", "2"]

    asyncio.run(asyncio.wait_for(story(), 10))


def test_for_a_reader_who_is_too_slow_the_oldest_make_room_and_are_counted() -> None:
    async def story() -> None:
        watch = Watch(2)
        for number in range(5):
            watch.tell(note(number))
        watch.end()
        assert await rest(watch) == ["3", "4"]
        assert watch.missed == 3

    asyncio.run(asyncio.wait_for(story(), 10))


def test_a_watch_that_could_hold_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="limit"):
        Watch(0)
