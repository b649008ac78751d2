"""One listening UDP socket: source check, then bytes; and what ICMP says of those we send to (RFC 3261 §18.4).

Datagrams are read with recvfrom until the socket would block, which costs a third of what asyncio's own datagram
protocol does (measured on loopback with uvloop 0.23: 0.06 against 0.20 ms of CPU per call of 14 messages).

An unconnected socket hears of no ICMP error unless it asks for its error queue (IP_RECVERR, Linux). Then each error
names the address it is about; but the kernel also fails the next call on the socket with it, whomever that call
concerns. So a call that fails is tried again as long as the queue explains the failure by somebody else.
"""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from sipstack.effects import Send
from sipstack.flow import Flow
from sipstack.net.transport import Inbox

#: How many datagrams one wake-up may take before timers and other sockets get their turn; of errors, too.
BATCH = 128
#: The largest UDP payload there is (RFC 768); one more byte would show truncation, which UDP forbids.
LARGEST = 65_535
#: Flows remembered per socket, so that a peer's datagrams share one `Flow`; forgotten all at once when full.
REMEMBERED = 4_096
#: Room in the kernel for a burst that arrives while the loop is busy, bytes.
BUFFER = 4 * 1024 * 1024

# Of <linux/in.h>, <linux/in6.h> and <linux/errqueue.h>; the socket module of Python 3.11 does not name them.
_IP_MTU_DISCOVER: Final = 10
_IP_RECVERR: Final = 11
_IPV6_MTU_DISCOVER: Final = 23
_IPV6_RECVERR: Final = 25
_PMTUDISC_DONT: Final = 0
_EXTENDED_ERROR: Final = struct.Struct("=IBBBxII")
_LOCAL, _ICMP, _ICMP6 = 1, 2, 3
# §18.4: "host, network, port or protocol unreachable errors, or parameter problem errors" are told, time exceeded and
# source quench are not. Neither is "packet too big": the kernel has learnt the path's size, the next copy will fit.
_TOLD: Final = {(_ICMP, 3), (_ICMP, 12), (_ICMP6, 1), (_ICMP6, 4)}
_ICMP_TOO_BIG: Final = (_ICMP, 3, 4)


def bind_udp(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A bound, non-blocking UDP socket; `host` is an address, IPv6 without brackets. Raises OSError.

    With `is_shared` others that are, and belong to the same user, may be bound to the address too (SO_REUSEPORT).
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if is_shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # A datagram longer than the path's MTU is fragmented on its way; with path discovery on, as is Linux's default,
        # the first ones would be lost.
        if family == socket.AF_INET6:
            # An IPv6 socket that also took IPv4 would hide one peer under two addresses from the source check.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_DONT)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_DONT)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        sock.bind((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


@attrs.define(eq=False)
class UdpSocket:
    """A listening address by `name`, and who may speak to it; `sock` is made by `bind_udp`.

    `admits(host, port)` is asked before a datagram is parsed; what it refuses is counted under "unknown source" and
    read no further.
    """

    name: str
    sock: socket.socket
    admits: Callable[[str, int], bool]
    counters: Counter[str] = attrs.field(factory=Counter)
    _flows: dict[tuple[str, int], Flow] = attrs.field(factory=dict, repr=False)
    _loop: asyncio.AbstractEventLoop | None = attrs.field(default=None, init=False, repr=False)
    _inbox: Inbox | None = attrs.field(default=None, init=False, repr=False)
    _has_heard: bool = attrs.field(default=False, init=False, repr=False)
    """Whether the error queue has been read since the socket was last put under watch."""

    def start(self, loop: asyncio.AbstractEventLoop, inbox: Inbox) -> None:
        """Begins to read."""
        self._loop, self._inbox = loop, inbox
        loop.add_reader(self.sock.fileno(), self._readable)

    def poll(self) -> None:
        """Hands to the inbox what has arrived."""
        if self._inbox is not None:
            self._inbox.received(self.datagrams())

    def datagrams(self) -> Iterator[tuple[bytes, Flow]]:
        """What has arrived from admitted sources, at most `BATCH` datagrams."""
        recvfrom = self.sock.recvfrom
        for _ in range(BATCH):
            try:
                data, address = recvfrom(LARGEST)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if not self._hear_errors():
                    self.counters[f"receive failed: {error.strerror}"] += 1
                    return
                continue
            flow = self._flows.get(address[:2]) or self._admit(address[0], address[1])
            if flow is None:
                self.counters["unknown source"] += 1
            else:
                yield data, flow

    def send(self, send: Send) -> None:
        """Hands one datagram to the kernel; what it does not take is counted, and told when it says why."""
        try:
            self.sock.sendto(send.data, send.flow.remote)
        except (BlockingIOError, InterruptedError):
            # A full send buffer loses the datagram as the network would; retransmission makes it good.
            self.counters["send buffer full"] += 1
        except (OSError, OverflowError) as error:
            self._send_again(send, error)

    def stop(self) -> None:
        """Gives the address back; idempotent."""
        if self._loop is not None:
            self._loop.remove_reader(self.sock.fileno())
        self._loop = self._inbox = None
        self.sock.close()

    def _readable(self) -> None:
        self.poll()
        if self._has_heard and self._loop is not None:
            # libuv stops watching a descriptor on which the kernel has reported an error, also one that was heard
            # before the loop came to tell of it.
            self._has_heard = False
            self._loop.remove_reader(self.sock.fileno())
            self._loop.add_reader(self.sock.fileno(), self._readable)

    def _send_again(self, send: Send, error: OSError | OverflowError) -> None:
        """Sends what was failed for an error of somebody else; tells the failure that is its own."""
        for _ in range(BATCH):
            if not self._hear_errors():
                self.counters[f"send failed: {getattr(error, 'strerror', None) or error}"] += 1
                if self._inbox is not None:
                    self._inbox.failed(send.flow)
                return
            try:
                self.sock.sendto(send.data, send.flow.remote)
            except (OSError, OverflowError) as again:
                error = again
            else:
                return
        self.counters["send failed: too many errors"] += 1

    def _admit(self, host: str, port: int) -> Flow | None:
        if not self.admits(host, port):
            return None
        if len(self._flows) >= REMEMBERED:
            self._flows.clear()
        flow = self._flows[host, port] = Flow(self.name, (host, port))
        return flow

    def _hear_errors(self) -> bool:
        """Reads the error queue; whether the network had reported anything in it."""
        self._has_heard = True
        heard = False
        for _ in range(BATCH):
            try:
                _, ancillary, _, address = self.sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
            except OSError:
                break
            for _, _, data in ancillary:
                heard |= self._hear_error(data, address)
        return heard

    def _hear_error(self, data: bytes, address: tuple[str, int]) -> bool:
        _, origin, kind, code, _, _ = _EXTENDED_ERROR.unpack_from(data)
        if origin == _LOCAL:  # the call that it failed has said so itself
            return False
        if (origin, kind) in _TOLD and (origin, kind, code) != _ICMP_TOO_BIG:
            self.counters["ICMP: unreachable"] += 1
            if self._inbox is not None:
                self._inbox.failed(Flow(self.name, address[:2]))
        else:
            self.counters["ICMP: passed over"] += 1
        return True
