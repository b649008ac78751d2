"""Our side of the process that has the kernel carry flows: what is asked of it, in order, one request at a time.

What comes while it is busy waits and goes together, so that the more there is, the less each costs, and its socket is
never full. Without the process nothing is carried by the kernel, so that whatever is asked is then answered at once;
its table goes with it, whichever way it ends.
"""

import asyncio
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from typing import Final

import attrs

from b2bua.media.flow import (
    LARGEST,
    NOTHING,
    TOGETHER,
    Hello,
    Reply,
    Request,
    decode_hello,
    decode_reply,
    encode_request,
)

#: Seconds after which a process that has not answered is ended, and its flows with it: less than ports are at rest.
PATIENCE: Final = 1.0
#: Seconds that it has to begin in.
_BEGINNING: Final = 15.0
#: Seconds before another is started, twice as many after each that never was ready, up to the second number.
_PAUSE: Final = (2.0, 60.0)

Then = Callable[[Reply], None]


@attrs.define(eq=False)
class Rules:
    """The kernel's flows. All of it runs in the loop that calls `start`."""

    table: str
    """The name of the table; no two processes of a host may share one."""
    first_mark: int
    ready: Callable[[Hello], None] = attrs.field(repr=False)
    """Is told when the kernel carries nothing yet, and can; must not raise."""
    lost: Callable[[str], None] = attrs.field(repr=False)
    """Is told in words why the kernel carries nothing any more, for now; must not raise."""
    versions: frozenset[int] = attrs.field(default=frozenset(), init=False)
    """Of IP: those of which the kernel carries packets now."""
    _process: "subprocess.Popen[bytes] | None" = attrs.field(default=None, init=False, repr=False)
    _control: socket.socket | None = attrs.field(default=None, init=False, repr=False)
    _asked: deque[tuple[Request, Then]] = attrs.field(factory=deque, init=False, repr=False)
    """What waits, in order."""
    _under_way: list[Then] = attrs.field(factory=list, init=False, repr=False)
    """Those whom the next reply is for."""
    _pause: float = attrs.field(default=_PAUSE[0], init=False)
    _timer: asyncio.TimerHandle | None = attrs.field(default=None, init=False, repr=False)
    """Ends the process that is late, or starts the next."""

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return None if self._process is None else self._process.pid

    @property
    def waiting(self) -> int:
        """Requests that have not gone yet."""
        return len(self._asked)

    def start(self) -> None:
        """Starts the process; call inside a running loop. Until it is ready, the kernel carries nothing."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            ours.setblocking(False)
            command = [sys.executable, "-m", "b2bua.media.netfilter", str(theirs.fileno()), self.table]
            command.append(str(self.first_mark))
            try:
                self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
            except OSError:
                ours.close()
                raise
        self._control = ours
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, self._readable)
        self._timer = loop.call_later(_BEGINNING, self._is_late)

    def stop(self) -> None:
        """Ends the process, and with it all that the kernel carries; idempotent."""
        self._leave()

    def ask(self, request: Request, then: Then) -> None:
        """`then` gets the reply, after those to all that was asked before."""
        if not self.versions:
            then(NOTHING)
            return
        self._asked.append((request, then))
        self._go_on()

    def _go_on(self) -> None:
        while self._asked and not self._under_way:
            request = self._next()
            if request.flows:
                self._send(request)
            else:
                self._answer(NOTHING)

    def _next(self) -> Request:
        """As many of one kind as go together."""
        first, then = self._asked.popleft()
        kind, flows = type(first), list(first.flows)
        self._under_way.append(then)
        while self._asked:
            request, then = self._asked[0]
            if type(request) is not kind or len(flows) + len(request.flows) > TOGETHER:
                break
            self._asked.popleft()
            self._under_way.append(then)
            flows += request.flows
        return kind(tuple(flows))

    def _send(self, request: Request) -> None:
        assert self._control is not None, "the kernel carries something"
        try:
            self._control.send(encode_request(request))
        except OSError:
            self._has_ended("has ended")
            return
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._is_late)

    def _readable(self) -> None:
        assert self._control is not None, "it is what can be read"
        try:
            data = self._control.recv(LARGEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._has_ended("has ended")
            return
        assert self._timer is not None, "it was waited for"
        self._timer.cancel()
        if self.versions:
            self._answer(decode_reply(data))
        else:
            self._begin(decode_hello(data))
        self._go_on()

    def _begin(self, hello: Hello) -> None:
        self.versions, self._pause = hello.versions, _PAUSE[0]
        if not self.versions:
            self._leave()
        self.ready(hello)

    def _answer(self, reply: Reply) -> None:
        under_way, self._under_way = self._under_way, []
        for then in under_way:
            then(reply)

    def _is_late(self) -> None:
        assert self._control is not None, "it was waited for"
        # Where the loop was held up, an answer may be there: that we did not listen is no silence.
        try:
            self._control.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            self._has_ended("does not answer, and has been ended")
        except OSError:
            self._has_ended("has ended")
        else:
            self._readable()

    def _has_ended(self, how: str) -> None:
        self._leave()
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._start_again)
        self._pause = min(2 * self._pause, _PAUSE[1])
        self.lost(f"media: the process that has the kernel carry it {how}: the relay carries it until another is there")

    def _start_again(self) -> None:
        try:
            self.start()
        except OSError as error:  # no process, descriptor or memory is left for it, just now
            self._has_ended(f"cannot be started: {error.strerror}")

    def _leave(self) -> None:
        """Ends the process, with which its table goes; whoever has asked for something learns that nothing is left."""
        self.versions = frozenset()
        if self._timer is not None:
            self._timer.cancel()
        control, self._control = self._control, None
        if control is not None:
            asyncio.get_running_loop().remove_reader(control)
            control.close()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        asked, self._asked = self._asked, deque()
        self._answer(NOTHING)
        for _, then in asked:
            then(NOTHING)
