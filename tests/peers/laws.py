"""What must hold of every message the daemon emits, whatever the story: RFC 3261 and the separation of the legs.

The reading of messages is the test's own and knows no package of ours.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations

import attrs

from tests.peers.wire import Datagram

_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}


@attrs.frozen(kw_only=True)
class Message:
    """One message, cut open."""

    datagram: Datagram
    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def read(cls, datagram: Datagram) -> "Message":
        """Nothing here is forgiving: what the daemon emits needs no forgiveness."""
        head, separator, body = datagram.data.partition(b"\r\n\r\n")
        assert separator, f"a message without an empty line: {datagram.data!r}"
        start, *lines = head.decode().split("\r\n")
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            assert colon, f"a header without a colon: {line!r}"
            key = name.strip().lower()
            headers.append((_COMPACT.get(key, key), value.strip()))
        return cls(datagram=datagram, start=start, headers=tuple(headers), body=body)

    def all(self, key: str) -> list[str]:
        """All values of a header."""
        return [value for name, value in self.headers if name == key]

    def one(self, key: str) -> str:
        """The value of a header that stands exactly once."""
        (value,) = self.all(key)
        return value

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0 ")

    @property
    def uri(self) -> str:
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])

    @property
    def method(self) -> str:
        return self.one("cseq").split()[1]

    @property
    def number(self) -> int:
        return int(self.one("cseq").split()[0])

    @property
    def branch(self) -> str:
        return _parameter(self.all("via")[0], "branch")

    def tag(self, key: str) -> str:
        """The tag of From or To; "" for none."""
        return _parameter(self.one(key).rpartition(">")[2], "tag")


def _parameter(value: str, name: str) -> str:
    parameters = (part.strip().partition("=") for part in value.split(";")[1:])
    return next((text for key, _, text in parameters if key.lower() == name), "")


def check(trace: Iterable[Datagram], ours: dict[str, tuple[str, int]]) -> None:
    """All laws over the traffic of one daemon; `ours` is its address on each side."""
    messages = [Message.read(datagram) for datagram in sorted(trace, key=lambda d: d.at)]
    emitted = [message for message in messages if message.datagram.emitted]
    lengths_are_exact(emitted)
    one_tag_in_each_dialog(emitted)
    legs_share_nothing(messages)
    no_leg_shows_the_other(messages, ours)
    numbers_rise(emitted)
    acks_fit_their_invites(emitted)
    repetitions_are_identical(emitted)


def lengths_are_exact(emitted: list[Message]) -> None:
    """G10."""
    for message in emitted:
        assert message.one("content-length") == str(len(message.body)), message.start


def one_tag_in_each_dialog(emitted: list[Message]) -> None:
    """G1: every response but 100 has a To tag, and an INVITE's responses have but one."""
    tags: dict[tuple[str, str], set[str]] = defaultdict(set)
    for message in emitted:
        if message.is_request:
            continue
        tag = message.tag("to")
        assert tag or message.status == 100, f"{message.start} has no To tag"
        if tag and message.method == "INVITE":
            tags[message.one("call-id"), message.tag("from")].add(tag)
    for dialog, seen in tags.items():
        assert len(seen) == 1, f"the dialog {dialog} has the tags {seen}"


def legs_share_nothing(messages: list[Message]) -> None:
    """G2: Call-ID, tags, branches and Contacts of one side are never those of another."""
    of_side: dict[str, set[str]] = defaultdict(set)
    for message in messages:
        names = {
            message.one("call-id"),
            message.branch,
            message.tag("from"),
            message.tag("to"),
            *message.all("contact"),
        }
        of_side[message.datagram.side] |= names - {""}
    for (first, names), (second, others) in combinations(of_side.items(), 2):
        assert not names & others, f"{first} and {second} share {names & others}"


def no_leg_shows_the_other(messages: list[Message], ours: dict[str, tuple[str, int]]) -> None:
    """G2: no address of one side, the peer's or ours, stands in a header that the other side gets."""
    addresses: dict[str, set[str]] = defaultdict(set)
    for side, (host, port) in ours.items():
        addresses[side].add(_shown(host, port))
    for message in messages:
        addresses[message.datagram.side].add(_shown(message.datagram.host, message.datagram.port))
    for message in messages:
        if not message.datagram.emitted:
            continue
        head = message.datagram.data.partition(b"\r\n\r\n")[0].decode()
        for side, shown in addresses.items():
            found = [address for address in shown if address in head] if side != message.datagram.side else []
            assert not found, f"{message.start} shows {found} of the {side} side"


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def numbers_rise(emitted: list[Message]) -> None:
    """G3: each new request in a dialog has a higher number; ACK and CANCEL have their INVITE's."""
    last: dict[str, int] = {}
    invites: dict[str, set[int]] = defaultdict(set)
    seen: set[bytes] = set()
    for message in emitted:
        if not message.is_request or message.datagram.data in seen:
            continue
        seen.add(message.datagram.data)
        call_id = message.one("call-id")
        if message.method in ("ACK", "CANCEL"):
            assert message.number in invites[call_id], f"{message.start}: {message.one('cseq')}"
            continue
        assert message.number > last.get(call_id, 0), f"{message.start}: {message.one('cseq')} after {last[call_id]}"
        last[call_id] = message.number
        if message.method == "INVITE":
            invites[call_id].add(message.number)


def acks_fit_their_invites(emitted: list[Message]) -> None:
    """G4: an ACK with an INVITE's branch is of that INVITE, URI and all; any other has a branch of its own."""
    invites = {message.branch: message for message in emitted if message.is_request and message.method == "INVITE"}
    others = {message.branch for message in emitted if message.is_request and message.method not in ("ACK", "CANCEL")}
    for message in emitted:
        if not message.is_request or message.method not in ("ACK", "CANCEL"):
            continue
        assert len(message.all("via")) == 1, message.start
        invite = invites.get(message.branch)
        if invite is None:
            assert message.method == "ACK", "a CANCEL has its INVITE's branch"
            assert message.branch not in others, f"{message.start} has the branch of another request"
            continue
        assert message.uri == invite.uri, f"{message.start} for {invite.start}"
        assert message.one("via") == invite.one("via"), message.start


def repetitions_are_identical(emitted: list[Message]) -> None:
    """G5: what is sent again is sent byte for byte; and an INVITE no more than seven times."""
    first: dict[tuple[str, ...], bytes] = {}
    times: Counter[tuple[str, ...]] = Counter()
    for message in emitted:
        kind = message.method if message.is_request else message.start.split(" ")[1]
        name = (message.one("call-id"), message.branch, message.one("cseq"), kind, str(message.is_request))
        assert first.setdefault(name, message.datagram.data) == message.datagram.data, f"{message.start} was changed"
        times[name] += message.is_request
        assert message.method == "ACK" or times[name] <= 11, f"{message.start} was sent {times[name]} times"
        assert message.method != "INVITE" or times[name] <= 7, f"{message.start} was sent {times[name]} times"
