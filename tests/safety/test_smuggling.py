"""Header smuggling: what leaves has the headers that were meant, for a reader who knows nothing but CRLF.

A line either crosses as one line of its own name, or the message that has it does not cross at all.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.safety.draft import may
from tests.safety.stand import CALLED, FOREIGN, NATIONAL, SDP, Stand
from tests.safety.wire import read

OURS = ["via", "max-forwards", "from", "to", "call-id", "cseq", "contact"]
EVIL = b"P-Asserted-Identity: <sip:+3225551212@x>"
#: Octets of one line or more, and the names of the headers they are; None where no message may hold them.
PIECES: tuple[tuple[bytes, tuple[str, ...] | None], ...] = (
    (b"X-A: a%0d%0a" + EVIL, ("x-a",)),
    (b"X-A: a\\\r\n\t" + EVIL.replace(b":", b";"), ("x-a",)),
    (b"X-A: one\r\n two\r\n\t three", ("x-a",)),
    (b"X-A: blank fold\r\n \r\n end", ("x-a",)),
    (b"X-A: a\rX-B: b", None),
    (b"X-A: a\r X-B: b", None),
    (b"X-A: a\nX-B: b", ("x-a", "x-b")),
    (b"X-A: a\n X-B: b", ("x-a",)),
    (b"X-A: a\x00b", None),
    (b'X-A: "a\\\x00b"', ("x-a",)),
    (b'X-A: "a\x00b"', None),
    (b"X-A: \xc0\x8d\xc0\x8aX-B: overlong", ("x-a",)),
    (b"X-A: \xff\xfe\x80", ("x-a",)),
    (b"X-A: \xc2\x85X-B: next line \xe2\x80\xa8X-C: separator", ("x-a",)),
    (b"X-A: \x0bX-B: b\x0cX-C: c\x1cX-D: d\x1eX-E: e", ("x-a",)),
    (b"X-A : a", ("x-a",)),
    (b"X-A\t: a", ("x-a",)),
    (b"X-A:", ("x-a",)),
    (b"X-A:b:c", ("x-a",)),
    (b"X A: a", None),
    (b": nameless", None),
    (b"no colon at all", None),
    (b"X-\xc3\xa9: name", None),
    (b"X-%0d%0aX-B: b", ("x-%0d%0ax-b",)),
    (b"INVITE sip:a@b SIP/2.0: x", None),
    (b"c: application/sdp", None),  # a second one
    (b"Content-Length: 5", None),  # a second one
    (b"l : 0", None),
    (b"f: <sip:+3225551212@x>;tag=z", None),
    (b"To: <sip:+3225551212@x>", None),
    (b"X-Content-Length: 3", ("x-content-length",)),
    (b'X-A: "unclosed', ("x-a",)),
    (b"X-A: <unclosed", ("x-a",)),
    (b"x: 1800", ()),  # each leg has its own
)


def invite(pieces: list[bytes], caller: bytes = b"<sip:+33612345678@c.example>", body: bytes = SDP) -> bytes:
    head = [
        f"INVITE sip:{CALLED}@b2bua.example SIP/2.0".encode(),
        b"Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKcaller",
        b"From: " + caller + b";tag=caller",
        f"To: <sip:{CALLED}@b2bua.example>".encode(),
        b"Call-ID: smuggler",
        b"CSeq: 1 INVITE",
        b"Contact: <sip:127.0.0.2:5060>",
        b"Content-Type: application/sdp",
        *pieces,
        b"Content-Length: %d" % len(body),
    ]
    return b"\r\n".join([*head, b"", b""]) + body


def crossed(data: bytes, flow: object) -> list[str] | None:
    """The names that the other side reads, but for the lines of the leg; None when nothing was sent there."""
    stand = Stand(caller=FOREIGN if flow is FOREIGN else NATIONAL)
    stand.give(data, stand.caller)
    if not stand.sent:
        return None
    [left] = map(read, stand.sent)
    assert left.names()[: len(OURS)] == OURS
    assert left.names().count("content-length") == 1
    return [name for name in left.untimed()[len(OURS) :] if name != "content-length"]


@given(st.randoms(use_true_random=False))
def test_what_leaves_has_the_header_names_that_were_meant(rng: random.Random) -> None:
    pieces = rng.sample(PIECES, rng.choice((1, 2, 3)))
    meant = [name for _, names in pieces for name in names or ()]
    flow = NATIONAL if may(rng, 0.5) else FOREIGN
    names = crossed(invite([octets for octets, _ in pieces]), flow)
    if any(names is None for _, names in pieces):
        assert names is None
    elif len(set(meant)) == len(meant):
        assert names == ["content-type", *meant]
    else:
        assert names in (None, ["content-type", *meant])


@pytest.mark.parametrize("caller", [
    b'"a%0d%0aX-B: b" <sip:x%0d%0aX-B:%20b@c.example>',
    b'"a\\"; <sip:y@z>;tag=1" <sip:alice@c.example>',
    b'<sip:alice@c.example>;x=">;tag=evil"',
    b'<sip:alice@c.example>;x=";tag=evil"',
    b'<sip:alice@c.example>;tagged=yes;xtag=1',
    b"<sip:alice@c.example;tag=inner>",
    b"<sip:alice@c.example> ; x = y",
    b"sip:alice@c.example;x=y",
])  # fmt: skip
def test_a_from_keeps_all_but_its_tag_and_has_one_tag_after(caller: bytes) -> None:
    stand = Stand()
    stand.give(invite([], caller), FOREIGN)
    [left] = map(read, stand.sent)
    kept, _, tag = left.get("from").rpartition(";tag=")
    assert kept.encode() == caller
    assert tag.isalnum()


def test_the_tag_of_a_from_goes_wherever_it_stands() -> None:
    stand = Stand()
    data = invite([]).replace(b";tag=caller", b' ; TAG = "q;x" ;y=z;')
    stand.give(data, FOREIGN)
    [left] = map(read, stand.sent)
    assert left.get("from").startswith("<sip:+33612345678@c.example> ;y=z;tag=")


def test_a_body_beyond_its_content_length_stays_behind() -> None:
    stand = Stand()
    stand.give(invite([], body=b"").replace(b"Content-Length: 0", b"Content-Length: 3") + b"abc" + EVIL, FOREIGN)
    [left] = map(read, stand.sent)
    assert left.body == b"abc"
