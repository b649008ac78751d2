"""Time that grows no faster than the text, whatever text is repeated."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

from sipstack.errors import ParseError
from sipstack.message import PartLimits, parse, read_parts
from sipstack.message.framing import Framer
from sipstack.values import MediaType, parse_uri, split_list
from tests.fuzz.reading import WIDE
from tests.fuzz.texts import KINDS

MARK: Final = b"\n%%\n"
"""Between what begins the text, what is repeated, and what ends it."""
MANY: Final = PartLimits(parts=10**6, depth=64, head=10**8)
HEAD: Final = (
    b"INVITE sip:b@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@a>;tag=x\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\n"
    b"CSeq: 1 INVITE\r\n"
)
FEW: Final = 200
TIMES: Final = 8
#: Quadratic work would show as 64, linear work as 8.
TOO_MUCH: Final = 32
#: What takes less is not measured well enough, and is not long enough to matter.
FLOOR: Final = 0.002


def growth(data: bytes) -> None:
    """No reader of `sipstack` takes more than linear time for `head`, `n` times `unit`, `tail`."""
    head, _, rest = data.partition(MARK)
    unit, _, tail = rest.partition(MARK)
    unit = unit[:48] or b"x"

    def grown(times: int) -> bytes:
        return head[:256] + unit * times + tail[:256]

    for name, reader in readers():
        assert_linear(name, reader, grown)


def assert_linear(name: str, reader: Callable[[bytes], object], grown: Callable[[int], bytes]) -> None:
    for more in range(4):  # never the same text twice: some readers remember what they have read
        base = max(seconds(reader, grown(FEW + more)), FLOOR / TIMES)
        if seconds(reader, grown((FEW + more) * TIMES)) <= base * TOO_MUCH:
            return
    raise AssertionError(f"{name}: time grows faster than the text")


def seconds(reader: Callable[[bytes], object], data: bytes) -> float:
    begun = time.process_time()
    with contextlib.suppress(ParseError):
        reader(data)
    return time.process_time() - begun


def readers() -> Iterator[tuple[str, Callable[[bytes], object]]]:
    """Whatever reads octets or a text in `sipstack`, by name."""
    for kind in KINDS:
        for name in ("parse", "parse_list"):
            if hasattr(kind, name):
                read = getattr(kind, name)
                yield f"{kind.__name__}.{name}", lambda data, read=read: read(_text(data))
    yield "parse_uri", lambda data: parse_uri(_text(data))
    yield "split_list", lambda data: split_list(_text(data))
    yield "parse", lambda data: parse(data, WIDE).encode()
    yield "parse, as headers", lambda data: parse(HEAD + data + b"\r\n\r\n", WIDE).encode()
    yield "parse, as one header", lambda data: parse(HEAD + b"X: " + data + b"\r\n\r\n", WIDE).encode()
    yield "read_parts", lambda data: read_parts(MediaType.parse("multipart/mixed;boundary=b1"), data, MANY)
    yield "Framer", _framed


def _framed(data: bytes) -> None:
    framer = Framer(WIDE)
    for at in range(0, len(data), 64):
        list(framer.feed(data[at : at + 64]))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
