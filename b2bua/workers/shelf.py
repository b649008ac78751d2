"""Memory that outlives a worker: what it would lose by its death, under a name each.

The parent maps it before the first worker is made, and each worker that takes the place finds it as the last one left
it. A thing lies in blocks, each of which says which is the next. The first block of a thing has a serial number, which
is written last, in one store: a worker that is killed in the middle has put nothing down, and one that is killed
between the new version and the end of the old one has left both, of which the greater number counts.

Nothing is ever read here by its own worker: what is where is known by `_places`. Free blocks are not touched, so that
they take no memory.
"""

import mmap
import struct
from typing import Final, Self

import attrs

BLOCK: Final = 1_024
"""Octets of one block; a plain call takes three or four."""
_HEAD: Final = struct.Struct("=QII")
"""The serial number, 0 in all blocks but the first; the next block's number, 0 in the last; the octets in this one."""
_ROOM: Final = BLOCK - _HEAD.size
_WORDS: Final = BLOCK // 8
_NAME: Final = struct.Struct("=H")


@attrs.define(eq=False)
class Shelf:
    """The things of one worker, over a map of a whole number of blocks. Block 0 says how many have been used."""

    memory: mmap.mmap = attrs.field(repr=False)
    _words: memoryview = attrs.field(init=False, repr=False)
    _places: dict[str, list[int]] = attrs.field(factory=dict, init=False, repr=False)
    _free: list[int] = attrs.field(factory=list, init=False, repr=False)
    _used: int = attrs.field(default=1, init=False)
    """Blocks that have been used, the first one included."""
    _serial: int = attrs.field(default=0, init=False)

    @_words.default
    def _as_words(self) -> memoryview:
        return memoryview(self.memory).cast("Q")

    @classmethod
    def make(cls, size: int) -> mmap.mmap:
        """Memory for `size` octets, shared with all processes made later, none of it taken before it is used."""
        flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0x4000)
        return mmap.mmap(-1, size // BLOCK * BLOCK, flags=flags)

    @classmethod
    def open(cls, memory: mmap.mmap) -> tuple[Self, dict[str, bytes]]:
        """The shelf as the worker before has left it, and what lies there."""
        shelf = cls(memory)
        return shelf, shelf._find()

    def __len__(self) -> int:
        return len(self._places)

    def put(self, name: str, data: bytes) -> bool:
        """Puts a thing there, in place of the one of that name; False when there is no room, and nothing changes."""
        label = name.encode()
        whole = b"".join((_NAME.pack(len(label)), label, data))
        blocks = self._take(-(-len(whole) // _ROOM))
        if blocks is None:
            return False
        for place, block in enumerate(blocks):
            piece = whole[place * _ROOM : (place + 1) * _ROOM]
            at = block * BLOCK
            following = blocks[place + 1] if place + 1 < len(blocks) else 0
            _HEAD.pack_into(self.memory, at, 0, following, len(piece))
            self.memory[at + _HEAD.size : at + _HEAD.size + len(piece)] = piece
        self._serial += 1
        self._words[blocks[0] * _WORDS] = self._serial
        self.drop(name)
        self._places[name] = blocks
        return True

    def drop(self, name: str) -> None:
        """Takes a thing away; one that is not there is no fault."""
        blocks = self._places.pop(name, None)
        if blocks is not None:
            self._words[blocks[0] * _WORDS] = 0
            self._free += blocks

    def _take(self, count: int) -> list[int] | None:
        free = self._free
        fresh = count - len(free)
        if fresh <= 0:
            taken = free[-count:]
            del free[-count:]
            return taken
        if (self._used + fresh) * BLOCK > len(self.memory):
            return None
        taken = [*free, *range(self._used, self._used + fresh)]
        free.clear()
        self._used += fresh
        self._words[0] = self._used
        return taken

    def _find(self) -> dict[str, bytes]:
        """Reads what is there; after it, what is not of it is free."""
        self._used = max(1, self._words[0])
        found: dict[str, tuple[int, bytes]] = {}
        for first in range(1, self._used):
            serial = self._words[first * _WORDS]
            if not serial:
                continue
            blocks, whole = self._read(first)
            size = _NAME.unpack_from(whole)[0]
            name, data = whole[_NAME.size : _NAME.size + size].decode(), whole[_NAME.size + size :]
            if name in found and found[name][0] > serial:
                self._words[first * _WORDS] = 0
                continue
            if name in found:
                self._words[self._places[name][0] * _WORDS] = 0
            found[name], self._places[name] = (serial, data), blocks
            self._serial = max(self._serial, serial)
        taken = {block for blocks in self._places.values() for block in blocks}
        self._free = [block for block in range(1, self._used) if block not in taken]
        return {name: data for name, (_, data) in found.items()}

    def _read(self, first: int) -> tuple[list[int], bytes]:
        blocks, pieces = list[int](), list[bytes]()
        block = first
        while block:
            blocks.append(block)
            _, following, size = _HEAD.unpack_from(self.memory, block * BLOCK)
            at = block * BLOCK + _HEAD.size
            pieces.append(self.memory[at : at + size])
            block = following
        return blocks, b"".join(pieces)
