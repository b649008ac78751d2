"""The kernel's way of media as a process: `python kernel_box.py` runs until it is killed, after a line with the ids of
its processes; with `once`, it says what it is alarmed by, and ends."""

import asyncio
import sys

from b2bua.media.kernel import Kernel


async def run(is_once: bool) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    kernel = Kernel(60.0, lambda _: None, told.put_nowait)
    kernel.start()
    if is_once:
        print(await told.get(), flush=True)
        kernel.stop()
        return
    while not kernel.is_ready:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    print(kernel.pid, kernel.rules_pid, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run("once" in sys.argv[1:]))
