"""nftables as libnftables has it, and the counters of its elements.

libnftables(3) takes any change in one transaction. To read one element it reads all of them (1.0.6: 60 ms of processor
time among 4,000, and asked for 150 at once it overruns its stack), so that counters are asked of the kernel itself, by
their keys: one message, and one answer for each (linux/netfilter/nf_tables.h).
"""

import ctypes
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import orjson

from b2bua.errors import NetfilterError

_LIBRARY: Final = "libnftables.so.1"
#: nft_ctx_output_set_flags(3): commands may be JSON.
_JSON: Final = 1 << 4
#: netlink(7), linux/netfilter/nfnetlink.h: messages, their flags, and the families of them.
_NETFILTER: Final = 12
_INET: Final = 1
_ERROR: Final = 2
_REQUEST_ACK: Final = 0x5
_GET_ELEMENT: Final = 10 << 8 | 13
_NESTED: Final = 0x8000
_KIND: Final = 0x3FFF
_HEADER: Final = struct.Struct("=IHHII")
_ATTRIBUTE: Final = struct.Struct("=HH")
#: linux/netfilter/nf_tables.h: of a list of elements, an element, its data, its expression, a counter.
_LIST_TABLE, _LIST_SET, _LIST_ELEMENTS = 1, 2, 3
_ONE: Final = 1
_KEY, _EXPRESSION = 1, 7
_VALUE: Final = 1
_OPERAND: Final = 2
_OCTETS, _PACKETS = 1, 2
_ROOM: Final = 1024 * 1024
#: Seconds in which the kernel answers, which it does before `send` returns.
_PATIENCE: Final = 1.0


class Libnftables:
    """A connection to the kernel, which owns the tables that are made through it."""

    def __init__(self) -> None:
        """Raises NetfilterError without the library."""
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise NetfilterError(f"there is no {_LIBRARY}; apt-get install nftables") from error
        self._library.nft_ctx_new.restype = ctypes.c_void_p
        self._library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
        self._context = ctypes.c_void_p(self._library.nft_ctx_new(0))
        self._library.nft_ctx_output_set_flags(self._context, _JSON)
        self._library.nft_ctx_buffer_output(self._context)
        self._library.nft_ctx_buffer_error(self._context)

    def run(self, commands: str | dict[str, Any]) -> None:
        """All of it, or nothing: as nft(8) reads it, or as JSON. Raises NetfilterError in the kernel's words."""
        text = commands.encode() if isinstance(commands, str) else orjson.dumps(commands)
        if self._library.nft_run_cmd_from_buffer(self._context, ctypes.c_char_p(text)) != 0:
            said = self._library.nft_ctx_get_error_buffer(self._context) or b""
            raise NetfilterError(said.decode(errors="replace").partition("\n")[0].removeprefix("Error: "))


@attrs.define(eq=False)
class Counters:
    """Of the elements of a table."""

    table: str
    _socket: socket.socket = attrs.field(init=False, repr=False)
    _number: int = attrs.field(default=0, init=False)

    @_socket.default
    def _connected(self) -> socket.socket:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
        sock.bind((0, 0))
        sock.settimeout(_PATIENCE)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        return sock

    def read(self, name: str, keys: Sequence[bytes]) -> list[tuple[int, int]]:
        """Packets and octets of those elements of a map, in their order. Raises NetfilterError if one is not there."""
        self._number += 1
        elements = b"".join(_attribute(_NESTED | _ONE, _value(_KEY, key)) for key in keys)
        body = (
            struct.pack("=BBH", _INET, 0, 0)
            + _attribute(_LIST_TABLE, self.table.encode() + b"\0")
            + _attribute(_LIST_SET, name.encode() + b"\0")
            + _attribute(_NESTED | _LIST_ELEMENTS, elements)
        )
        header = _HEADER.pack(_HEADER.size + len(body), _GET_ELEMENT, _REQUEST_ACK, self._number, 0)
        try:
            self._socket.send(header + body)
            return list(self._answers())
        except OSError as error:
            raise NetfilterError(f"the counters of {name} cannot be read: {error.strerror}") from error

    def _answers(self) -> Iterator[tuple[int, int]]:
        """Until the kernel says that it was all. Raises OSError."""
        while True:
            data = memoryview(self._socket.recv(_ROOM))
            while data:
                size, kind, _, number, _ = _HEADER.unpack_from(data)
                message, data = data[_HEADER.size : size], data[(size + 3) & ~3 :]
                if number != self._number:
                    continue
                if kind == _ERROR:
                    failure = -struct.unpack_from("=i", message)[0]
                    if failure:
                        raise OSError(failure, os.strerror(failure))
                    return
                yield _counter(message[4:])


def _counter(message: memoryview) -> tuple[int, int]:
    """Packets and octets of the element that a message has."""
    found = message
    for kind in (_LIST_ELEMENTS, _ONE, _EXPRESSION, _OPERAND):
        found = _attributes(found)[kind]
    values = _attributes(found)
    return int.from_bytes(values[_PACKETS], "big"), int.from_bytes(values[_OCTETS], "big")


def _attributes(data: memoryview) -> dict[int, memoryview]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        size, kind = _ATTRIBUTE.unpack_from(data)
        found[kind & _KIND] = data[_ATTRIBUTE.size : size]
        data = data[(size + 3) & ~3 :]
    return found


def _attribute(kind: int, data: bytes) -> bytes:
    size = _ATTRIBUTE.size + len(data)
    return _ATTRIBUTE.pack(size, kind) + data + bytes(-size % 4)


def _value(kind: int, data: bytes) -> bytes:
    return _attribute(_NESTED | kind, _attribute(_VALUE, data))
