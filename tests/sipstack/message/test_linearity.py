"""Hostile texts cost no more than their length: the time for eight times the text is far from 64 times as much."""

import contextlib
import time
from collections.abc import Callable

import pytest

from sipstack.errors import ParseError
from sipstack.message import Headers, Limits, parse
from sipstack.values import Address, CSeq, Parameters, Reason, Via, parse_uri, split_list

HEAD = (
    b"INVITE sip:b@b SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP a\r\n"
    b"From: <sip:a@a>;tag=x\r\n"
    b"To: <sip:b@b>\r\n"
    b"Call-ID: 1\r\n"
    b"CSeq: 1 INVITE\r\n"
)
WIDE = Limits(datagram=10**8, headers=10**6, line=10**8, uri=10**8)

SMALL = 2_000
TIMES = 8
SLACK = 4
"""Quadratic work would show as a ratio of 64, linear work as 8: 32 stands between, for noise."""


def seconds(work: Callable[[int], object], size: int) -> float:
    fastest = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        with contextlib.suppress(ParseError):
            work(size)
        fastest = min(fastest, time.perf_counter() - begun)
    return fastest


def assert_linear(work: Callable[[int], object]) -> None:
    for _ in range(3):
        # What is too quick to time is not quadratic: 16000**2 steps are a second.
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
READERS = [
    Address.parse,
    Address.parse_list,
    Via.parse,
    Parameters.parse,
    CSeq.parse,
    Reason.parse,
    parse_uri,
    split_list,
]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_values_read_a_hostile_text_in_linear_time(text: Callable[[int], str]) -> None:
    for read in READERS:
        assert_linear(lambda size, read=read: read(text(size)))


DATAGRAMS = {
    "folds": lambda n: HEAD + b"X: a\r\n" + (b" " + b"b" * 60 + b"\r\n") * n + b"\r\n",
    "headers": lambda n: HEAD + b"X: a\r\n" * n + b"\r\n",
    "names": lambda n: HEAD + b"".join(b"X%d: a\r\n" % serial for serial in range(n)) + b"\r\n",
    "line feeds": lambda n: HEAD + b"X: a\n" * n + b"\n",
    "carriage returns": lambda n: HEAD + b"X: " + b"\r" * n + b"\r\n\r\n",
    "empty lines": lambda n: b"\r\n" * n + HEAD,
    "quotes and a nul": lambda n: HEAD + b'X: "' + b'\\"' * n + b"\0\r\n\r\n",
    "contacts": lambda n: HEAD + b"Contact: " + b"<sip:a@b>," * n + b"\r\n\r\n",
    "vias": lambda n: HEAD + b"Via: " + b"SIP/2.0/UDP a," * n + b"\r\n\r\n",
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
