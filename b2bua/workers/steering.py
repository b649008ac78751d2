"""The sockets of all workers on one address, and the kernel's guess which of them a datagram is for.

Without a filter the kernel chooses by a hash of the two addresses: all that a carrier sends from one port lands on one
worker. The filter looks for the first mark in the first `DEPTH` octets: in a response that is the branch of our Via, in
a request within a dialog our tag in To, or our Call-ID. A datagram that has none is a new call, mostly, and goes to
anybody. A wrong guess costs a hand-over.

It is a program of the classic kind, which any process may attach (SO_ATTACH_REUSEPORT_CBPF, Linux 4.5), and which has
no loops: every place that a mark may begin at has instructions of its own. Where it cannot be attached, the hand-overs
do all the work.
"""

import array
import socket
import struct
from typing import Final

from b2bua.workers.marks import FIRST, PREFIX
from sipstack.net import bind_udp

DEPTH: Final = 480
"""Octets in which the filter looks for a mark; the To of a BYE begins at 150 to 400."""
_SO_ATTACH_REUSEPORT_CBPF: Final = 51
# Of <linux/bpf_common.h>: loading a word or a byte of the packet into A, arithmetic with A, jumps.
_LOAD_WORD, _LOAD_BYTE, _SUBTRACT, _SHIFT_RIGHT, _MODULO = 0x20, 0x30, 0x14, 0x74, 0x94
_IF_EQUAL, _IF_AT_LEAST, _GO, _RETURN_A = 0x15, 0x35, 0x05, 0x16
_RANDOM: Final = 0xFFFF_F000 + 56
"""SKF_AD_OFF + SKF_AD_RANDOM: what is loaded from there is a number that nobody has chosen."""
_STEPS: Final = 5
"""Instructions for one place."""
_ANYBODY: Final = 3
"""Instructions that choose anybody."""

Step = tuple[int, int, int, int]
"""Code, where to if true, where to if false, operand."""


def bind_all(host: str, port: int, workers: int) -> list[socket.socket]:
    """A bound socket for each worker, in their order, and the filter before them. Raises OSError."""
    # Whoever else has the address must be met here: a second daemon that set the same option would share it with us.
    bind_udp(host, port).close()
    bound: list[socket.socket] = []
    try:
        while len(bound) < workers:
            bound.append(bind_udp(host, port, is_shared=True))
        _attach(bound[0], program(workers))
    except BaseException:
        for sock in bound:
            sock.close()
        raise
    return bound


def program(workers: int) -> list[Step]:
    """The filter: it returns the place of a socket among those of its address. A datagram that is too short for it
    goes to the first."""
    steps = [step for at in range(DEPTH) for step in _place(at)]
    # No mark: to anybody. Else to the one of that letter, if there is such a worker.
    return [
        *steps,
        *_anybody(workers),
        (_SUBTRACT, 0, 0, ord(FIRST)),
        (_IF_AT_LEAST, 1, 0, workers),
        (_RETURN_A, 0, 0, 0),
        *_anybody(workers),
    ]


def _place(at: int) -> list[Step]:
    """Whether a mark begins there; then its letter is loaded, and found out what to do with it."""
    return [
        (_LOAD_WORD, 0, 0, at),
        (_SHIFT_RIGHT, 0, 0, 8),
        (_IF_EQUAL, 0, 2, int.from_bytes(PREFIX.encode())),
        (_LOAD_BYTE, 0, 0, at + len(PREFIX)),
        (_GO, 0, 0, _STEPS * (DEPTH - at - 1) + _ANYBODY),
    ]


def _anybody(workers: int) -> list[Step]:
    return [(_LOAD_WORD, 0, 0, _RANDOM), (_MODULO, 0, 0, workers), (_RETURN_A, 0, 0, 0)]


def _attach(sock: socket.socket, steps: list[Step]) -> None:
    """Gives the kernel the program for all sockets of this one's address; one that takes none guesses worse."""
    packed = array.array("B", b"".join(struct.pack("=HBBI", *step) for step in steps))
    address, _ = packed.buffer_info()
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, struct.pack("@HP", len(steps), address))
    except OSError:
        return
