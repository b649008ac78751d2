"""A session description whose media is to come to us instead: where it points, and the same octets pointing elsewhere.

Only the tokens that name a transport address are written anew: the address of `c=`, the port of `m=`, port and address
of `a=rtcp` (RFC 3605), and ICE candidates by setting (RFC 8839). Every other octet stays, known or not, line ends and
oddities too, for both sides go by what the other wrote. The address in `o=` stays as well: it is a part of a name, and
nothing is sent to it (RFC 8866 §5.2).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import attrs

from b2bua.config import Candidates
from b2bua.errors import MediaError

Address = IPv4Address | IPv6Address

#: Media that one description may have; each costs a pair of ports on either side.
MOST_STREAMS: Final = 32
_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_CONNECTION: Final = re.compile(rb"c=IN[ ]+(?P<family>IP4|IP6)[ ]+(?P<host>[^\s/]+)(?P<rest>/\S*)?[ ]*[\r\n]*\Z")
_MEDIA: Final = re.compile(
    rb"m=(?P<kind>\S+)[ ]+(?P<port>\d{1,5})(?:/(?P<ports>\d+))?[ ]+(?P<transport>\S+)(?=[ \r\n]|\Z)"
)
_RTCP: Final = re.compile(
    rb"a=rtcp:(?P<port>\d{1,5})(?P<where>[ ]+IN[ ]+(?P<family>IP4|IP6)[ ]+(?P<host>\S+))?[ ]*[\r\n]*\Z"
)
_CANDIDATE: Final = re.compile(rb"a=(?:candidate|remote-candidates):|a=end-of-candidates\b")
_MUX: Final = re.compile(rb"a=rtcp-mux(?:-only)?[ ]*[\r\n]*\Z")
_DIRECTION: Final = re.compile(rb"a=(sendrecv|sendonly|recvonly|inactive)[ ]*[\r\n]*\Z")
#: Media whose second port is nobody's: T.38 over UDPTL, data channels.
_SINGLE: Final = re.compile(rb"udptl|(?:udp/|tcp/)?dtls/sctp|udp", re.IGNORECASE)
_HIGHEST_PORT: Final = 65_535


@attrs.frozen
class Place:
    """The ports that media is to come to."""

    port: int
    rtcp_port: int
    """The same as `port` where both share it."""


@attrs.frozen(kw_only=True)
class Stream:
    """One `m=` and where it wants its packets."""

    kind: str
    """`audio`, `video`, `image` ..."""
    transport: str
    """`RTP/AVP`, `udptl` ..."""
    address: Address | None
    """None where it is nobody's, which is an old way to say hold (RFC 3264 §8.4)."""
    port: int
    """0: refused, or no longer wanted."""
    rtcp: tuple[Address | None, int] | None
    """Where its RTCP goes; None when it has none of its own."""
    is_mux: bool
    """Whether RTCP may come where RTP does (RFC 5761)."""
    is_held: bool = False
    """Whether its peer is not to send, or would not be heard (RFC 3264 §8.4)."""

    @property
    def is_wanted(self) -> bool:
        """Whether packets may flow at all."""
        return self.port != 0


@attrs.frozen
class _Line:
    """One line, and what it is; `section` is the number of its `m=`, -1 before the first."""

    octets: bytes
    section: int
    found: re.Match[bytes] | None = None
    kind: str = ""


@attrs.frozen
class Description:
    """A session description as it came."""

    lines: tuple[_Line, ...] = attrs.field(repr=False)
    streams: tuple[Stream, ...]

    @classmethod
    def read(cls, body: bytes) -> "Description":
        """Finds where media is to go.

        Raises MediaError for what cannot be moved without guessing: no readable address, a port beyond all ports,
        several ports in one `m=`, a multicast group.
        """
        lines = tuple(_lines(body))
        head, *sections = _sections(lines)
        if len(sections) > MOST_STREAMS:
            raise MediaError(f"a session description has {len(sections)} streams, more than {MOST_STREAMS}")
        common = _found(head, "c")
        return cls(lines, tuple(_stream(head, section, common) for section in sections))

    def moved(
        self, address: Address, places: Sequence[Place | None], candidates: Candidates = Candidates.REPLACE
    ) -> bytes:
        """The same at that address, with each stream at its place; None leaves the port of one that is not wanted."""
        return b"".join(self._moved(places, address, candidates))

    def _moved(self, places: Sequence[Place | None], address: Address, candidates: Candidates) -> Iterator[bytes]:
        told = set[int]()
        for line in self.lines:
            place = places[line.section] if line.section >= 0 else None
            if line.kind == "c":
                yield _with_address(line, address)
            elif place is None:
                yield from _unwanted(line, address, candidates)
            elif line.kind == "m":
                yield _spliced(line, "port", b"%d" % place.port)
            elif line.kind == "rtcp":
                yield _with_rtcp(line, address, place.rtcp_port)
            elif line.kind == "candidate" and candidates is not Candidates.KEEP:
                if candidates is Candidates.REPLACE and line.section not in told:
                    told.add(line.section)
                    yield from _own_candidates(line.octets, address, place, self.streams[line.section])
            else:
                yield line.octets


def _lines(body: bytes) -> Iterator[_Line]:
    section = -1
    for octets in _LINE.findall(body):
        if not octets:
            continue
        if octets.startswith(b"m="):
            section += 1
            found = _MEDIA.match(octets)
            if found is None:
                raise MediaError("an m= line of a session description cannot be read")
            yield _Line(octets, section, found, "m")
        elif octets.startswith(b"c="):
            found = _CONNECTION.match(octets)
            if found is None:
                raise MediaError("a c= line of a session description cannot be read")
            yield _Line(octets, section, found, "c")
        elif octets.startswith(b"a=rtcp:"):
            found = _RTCP.match(octets)
            if found is None:
                raise MediaError("an a=rtcp line of a session description cannot be read")
            yield _Line(octets, section, found, "rtcp")
        elif section >= 0 and _CANDIDATE.match(octets):
            yield _Line(octets, section, None, "candidate")
        else:
            yield _Line(octets, section)


def _sections(lines: Iterable[_Line]) -> list[list[_Line]]:
    """What stands before the first `m=`, then each `m=` with what belongs to it."""
    sections: list[list[_Line]] = [[]]
    for line in lines:
        if line.kind == "m":
            sections.append([])
        sections[-1].append(line)
    return sections


def _stream(head: Sequence[_Line], own: Sequence[_Line], common: re.Match[bytes] | None) -> Stream:
    media = _found(own, "m")
    assert media is not None, "a section begins with its m="
    port = _port(media["port"])
    if media["ports"] is not None and int(media["ports"]) != 1:
        raise MediaError("a stream with several ports cannot be relayed")
    connection = _found(own, "c") or common
    if connection is None and port:
        raise MediaError("a stream of a session description has no c=")
    address = None if connection is None else _address(connection)
    is_mux = any(_MUX.match(line.octets) for line in own)
    return Stream(
        kind=media["kind"].decode("latin-1"),
        transport=media["transport"].decode("latin-1"),
        address=address,
        port=port,
        rtcp=_rtcp(media, _found(own, "rtcp"), address, port),
        is_mux=is_mux,
        is_held=address is None or _is_held((*head, *own)),
    )


def _is_held(lines: Sequence[_Line]) -> bool:
    """As the last line says that is about direction: that of the stream stands behind that of the session."""
    said = [found[1] for line in lines if (found := _DIRECTION.match(line.octets))]
    return bool(said) and said[-1] in (b"sendonly", b"inactive")


def _found(lines: Sequence[_Line], kind: str) -> re.Match[bytes] | None:
    """The first line of a kind: of two, peers go by the first or the last, so that two is not readable."""
    found = [line.found for line in lines if line.kind == kind]
    if len(found) > 1:
        raise MediaError(f"a session description has two lines of {kind} where one may be")
    return found[0] if found else None


def _rtcp(
    media: re.Match[bytes], said: re.Match[bytes] | None, address: Address | None, port: int
) -> tuple[Address | None, int] | None:
    """Where RTCP is to go: as `a=rtcp` says, else one port higher (RFC 3550 §11), if the stream has any."""
    if port == 0 or _SINGLE.fullmatch(media["transport"]):
        return None
    if said is None:
        return (address, port + 1) if port < _HIGHEST_PORT else None
    return (_address(said) if said["where"] is not None else address, _port(said["port"]))


def _address(found: re.Match[bytes]) -> Address | None:
    """None of an address that nobody has."""
    try:
        address = ip_address(found["host"].decode("ascii"))
    except ValueError:
        raise MediaError("media at a host that is named and not numbered cannot be relayed") from None
    if address.is_multicast or (found.re is _CONNECTION and found["rest"] is not None):
        raise MediaError("media to a multicast group cannot be relayed")
    return None if address.is_unspecified else address


def _port(text: bytes) -> int:
    port = int(text)
    if port > _HIGHEST_PORT:
        raise MediaError("a port of a session description is none")
    return port


def _with_address(line: _Line, address: Address) -> bytes:
    """A `c=` with our address, unless it says hold by an address that is nobody's."""
    assert line.found is not None, "a c= was matched"
    return line.octets if _address(line.found) is None else _placed(line, address)


def _placed(line: _Line, address: Address) -> bytes:
    assert line.found is not None, "a line with an address was matched"
    start, end = line.found.start("family"), line.found.end("host")
    between = line.octets[line.found.end("family") : line.found.start("host")]
    return b"%bIP%d%b%b%b" % (line.octets[:start], address.version, between, str(address).encode(), line.octets[end:])


def _unwanted(line: _Line, address: Address, candidates: Candidates) -> Iterator[bytes]:
    """A line of a stream that is not wanted: nobody sends there, and yet it must not show where its peer is."""
    if line.kind == "candidate" and candidates is not Candidates.KEEP:
        return
    named = line.kind == "rtcp" and line.found is not None and line.found["where"] is not None
    yield _placed(line, address) if named else line.octets


def _with_rtcp(line: _Line, address: Address, port: int) -> bytes:
    assert line.found is not None, "an a=rtcp was matched"
    octets = line.octets if line.found["where"] is None else _placed(line, address)
    start, end = line.found.span("port")
    return b"%b%d%b" % (octets[:start], port, octets[end:])


def _spliced(line: _Line, name: str, value: bytes) -> bytes:
    assert line.found is not None, "the line was matched"
    start, end = line.found.span(name)
    return line.octets[:start] + value + line.octets[end:]


def _own_candidates(instead: bytes, address: Address, place: Place, stream: Stream) -> Iterator[bytes]:
    """Host candidates of the relay, one for each component, with the line end of what they replace."""
    ending = instead[len(instead.rstrip(b"\r\n")) :] or b"\r\n"
    components = [(1, place.port)]
    if stream.rtcp is not None and place.rtcp_port != place.port:
        components.append((2, place.rtcp_port))
    for component, port in components:
        # A host candidate of the highest local preference (RFC 8445 §5.1.2.1).
        priority = (126 << 24) | (65_535 << 8) | (256 - component)
        yield b"a=candidate:1 %d UDP %d %b %d typ host%b" % (
            component,
            priority,
            str(address).encode(),
            port,
            ending,
        )
