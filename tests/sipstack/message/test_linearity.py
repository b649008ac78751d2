"""Hostile texts cost no more than their length, in time and in memory.

The time for eight times the text is far from 64 times as much, and what is allocated at once is a small multiple.
"""

import contextlib
import time
import tracemalloc
from collections.abc import Callable

import pytest

from sipstack import values
from sipstack.errors import ParseError
from sipstack.message import Headers, Limits, parse
from sipstack.values import parse_uri, split_list

HEAD = (
    b"INVITE sip:b@b SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP a\r\n"
    b"From: <sip:a@a>;tag=x\r\n"
    b"To: <sip:b@b>\r\n"
    b"Call-ID: 1\r\n"
    b"CSeq: 1 INVITE\r\n"
)
SOUND = HEAD + b"\r\n"
WIDE = Limits(datagram=10**8, body=10**8, headers=10**6, line=10**8, uri=10**8, parameters=10**8, values=10**8)

SMALL = 1_000
TIMES = 8
SLACK = 4
"""Quadratic work would show as a ratio of 64, linear work as 8: 32 stands between, for noise."""


def seconds(work: Callable[[int], object], size: int) -> float:
    fastest = float("inf")
    for _ in range(5):
        begun = time.process_time()
        with contextlib.suppress(ParseError):
            work(size)
        fastest = min(fastest, time.process_time() - begun)
    return fastest


def assert_linear(work: Callable[[int], object]) -> None:
    for _ in range(3):
        # What is too quick to time is not quadratic: 8000**2 steps are a third of a second.
        if seconds(work, SMALL * TIMES) <= max(seconds(work, SMALL), 100e-6) * TIMES * SLACK:
            return
    pytest.fail("time grows faster than the text")


TEXTS = {
    "open quote": lambda n: '"' + "a" * n,
    "open quote of escapes": lambda n: '"' + '\\"' * n,
    "quotes": lambda n: '"' * n,
    "open bracket": lambda n: "<" + "a" * n,
    "brackets": lambda n: "<" * n,
    "blanks": lambda n: " " * n,
    "blanks within": lambda n: "a" + " " * n + "b",
    "commas": lambda n: "a," * n,
    "semicolons": lambda n: "sip:a@b" + ";" * n,
    "parameters": lambda n: "sip:a@b" + ";a=b" * n,
    "spaced parameters": lambda n: "<sip:a@b>" + " ; a = b" * n + "!",
    "parameters, then blanks": lambda n: "<sip:a@b>;a" + " " * n + "\x00",
    "words": lambda n: "a " * n + "<",
    "no at": lambda n: "sip:" + "a" * n + " ",
    "colons": lambda n: "sip:" + "a:" * n,
    "ats": lambda n: "sip:" + "a@" * n,
    "dots": lambda n: "sip:a@" + "a." * n + "\x00",
    "digits": lambda n: "9" * n + " INVITE",
    "slashes": lambda n: "SIP/2.0/" + "/ " * n,
    "via of blanks": lambda n: "SIP/2.0/UDP h" + " " * n + "x",
    "backslashes": lambda n: "\\" * n,
}
READERS: list[Callable[[str], object]] = [
    *[
        getattr(value, name)
        for value in vars(values).values()
        for name in ("parse", "parse_list")
        if isinstance(value, type) and hasattr(value, name)
    ],
    parse_uri,
    split_list,
]
"""Whatever reads a text in `sipstack.values`."""


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_values_read_a_hostile_text_in_linear_time(text: Callable[[int], str]) -> None:
    for read in READERS:
        assert_linear(lambda size, read=read: read(text(size)))


DATAGRAMS = {
    "folds": lambda n: HEAD + b"X: a\r\n" + (b" " + b"b" * 60 + b"\r\n") * n + b"\r\n",
    "headers": lambda n: HEAD + b"X: a\r\n" * n + b"\r\n",
    # Longer than the names that are remembered: of the two sizes only the smaller one would fit there.
    "names": lambda n: HEAD + b"".join(b"X%070d: a\r\n" % serial for serial in range(n)) + b"\r\n",
    "line feeds": lambda n: HEAD + b"X: a\n" * n + b"\n",
    "carriage returns": lambda n: HEAD + b"X: " + b"\r" * n + b"\r\n\r\n",
    "empty lines": lambda n: b"\r\n" * n + HEAD,
    "quotes and a nul": lambda n: HEAD + b'X: "' + b'\\"' * n + b"\0\r\n\r\n",
    "contacts": lambda n: HEAD + b"Contact: " + b"<sip:a@b>," * n + b"\r\n\r\n",
    "vias": lambda n: HEAD + b"Via: " + b"SIP/2.0/UDP a," * n + b"\r\n\r\n",
    "short headers": lambda n: HEAD + b"a:\r\n" * n + b"\r\n",
    "empty folds": lambda n: HEAD + b"X: a\r\n" + b" \r\n" * n + b"\r\n",
    "octets that are no UTF-8": lambda n: HEAD + b"X: " + b"\xff" * n + b"\r\n\r\n",
    "one wide character": lambda n: HEAD + "X: \U0001f600".encode() + b"a" * n + b"\r\n\r\n",
    "parameters of a Via": lambda n: HEAD.replace(b"UDP a", b"UDP a" + b";a" * n) + b"\r\n",
    "a long Request-URI": lambda n: HEAD.replace(b"sip:b@b", b"sip:" + b"b" * n + b"@b") + b"\r\n",
    "a long method": lambda n: HEAD.replace(b"INVITE", b"I" * n) + b"\r\n",
    "doubles": lambda n: HEAD + b"From: <sip:a@a>\r\n" * n + b"\r\n",
}


@pytest.mark.parametrize("datagram", DATAGRAMS.values(), ids=DATAGRAMS.keys())
def test_a_hostile_datagram_is_read_in_linear_time(datagram: Callable[[int], bytes]) -> None:
    assert_linear(lambda size: parse(datagram(size), WIDE).encode())


def test_headers_are_changed_in_linear_time() -> None:
    def work(size: int) -> None:
        headers = Headers(["x"] * size, ["x: a"] * size)
        headers.values("x")
        headers.replace("x", "b")
        headers.without({"y"}).remove("x")

    assert_linear(work)


def peak(work: Callable[[], object]) -> int:
    """Octets allocated at once beyond those held before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        with contextlib.suppress(ParseError):
            work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


LARGE = 20_000
MULTIPLE = 100
"""A parameter or a list element of two characters is an object of some hundred octets, the most that anything here
takes. What grows faster than the text takes thousands of times its size."""


@pytest.mark.parametrize("datagram", DATAGRAMS.values(), ids=DATAGRAMS.keys())
@pytest.mark.parametrize("limits", [Limits(), WIDE], ids=["limits", "wide"])
def test_a_hostile_datagram_takes_a_small_multiple_of_its_size(
    datagram: Callable[[int], bytes], limits: Limits
) -> None:
    one, two = len(datagram(1)), len(datagram(2))
    data = datagram((LARGE - one) // (two - one))
    parse(SOUND)  # what is made once by the first message is not this one's
    assert peak(lambda: parse(data, limits)) <= MULTIPLE * len(data)


def test_what_is_beyond_the_limits_is_refused_before_it_is_copied() -> None:
    data = SOUND + bytes(10_000_000)
    assert peak(lambda: parse(data)) < 10_000


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_values_take_a_small_multiple_of_their_text(text: Callable[[int], str]) -> None:
    long = text(LARGE // 4)
    for read in READERS:
        assert peak(lambda read=read: read(long)) <= MULTIPLE * len(long)
