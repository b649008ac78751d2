"""What is asked of an rtpengine, and what it looks like on the wire: the ng protocol, `<cookie> <JSON>` in one datagram
each way (rtpengine's manual, "The ng Control Protocol"; an engine that is asked in JSON answers in JSON).

JSON cannot say octets, and a description may hold any. Each goes as the character of its number, and so comes back:
what an engine does not know it hands on, and what it knows is ASCII.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import attrs
import orjson

from b2bua.errors import MediaError

Verb: TypeAlias = Literal["offer", "answer", "delete", "query"]
Figures: TypeAlias = dict[str, int]

#: Of a datagram over IPv4, octets.
LARGEST: Final = 65_507
#: Of a cookie, characters; ours have sixteen.
_LONGEST_COOKIE: Final = 64
#: Of what an engine says in words, characters, for it goes into our log.
_LONGEST_WORDS: Final = 200
#: What `[media.rtpengine] options` cannot set: it is ours to say.
RESERVED: Final = frozenset(
    {"call-id", "command", "direction", "flags", "from-tag", "sdp", "supports", "to-tag", "via-branch"}
)
#: Ours. A re-offer that is refused, and branches that answer with different places, must leave our ports as they were
#: told; the engine would else take others.
_FLAGS: Final = ("port latching",)
#: Ours, unless the operator says otherwise. Without it an engine that meets DTLS or SDES puts keys of its own in their
#: place, and what it relays is no longer what it was given.
_OPTIONS: Final[Mapping[str, object]] = {"passthrough": "on"}
#: Tag of the caller.
CALLER: Final = "a"
#: Errors that say nothing of the description: another engine may take it.
_FULL: Final = ("Ran out of ports", "Parallel session limit reached", "Load limit")


@attrs.frozen(kw_only=True)
class Command:
    """What an engine is asked to do for one call."""

    verb: Verb
    call: str
    """Our own name of the call."""
    engine: str = ""
    """Which has the call; "": none has been chosen."""
    from_tag: str = ""
    """The end that offers; of a delete or a query, any."""
    to_tag: str = ""
    """The end that answers."""
    sdp: bytes = attrs.field(default=b"", repr=False)
    sides: tuple[str, str] = ("", "")
    """The engine's names of its interfaces: where the description comes from, where it goes; "": its first."""

    @property
    def is_description(self) -> bool:
        """Whether it carries one, and wants one back."""
        return self.verb in {"offer", "answer"}


@attrs.frozen(kw_only=True)
class Reply:
    """What has come of a command."""

    engine: str = ""
    """Who has answered; "": nobody has."""
    sdp: bytes | None = attrs.field(default=None, repr=False)
    """The description that the other side is to see, of an offer or an answer that went well."""
    error: str = ""
    """Why there is none; "": it went well."""
    is_lost: bool = False
    """Of an error: no engine has answered or could take it, so that nothing is said of the description."""
    figures: Figures = attrs.field(factory=dict)
    """Of a delete or a query: `streams`, and what came from either side as `packets_a`, `octets_a`, `packets_b`,
    `octets_b`."""


@attrs.frozen(kw_only=True)
class Terms:
    """What goes into every offer and answer beside the description."""

    flags: tuple[str, ...] = ()
    options: Mapping[str, object] = attrs.field(factory=dict)
    """Without any of `RESERVED`."""


@attrs.frozen
class Heard:
    """A datagram of an engine's."""

    cookie: str
    result: str
    """"ok", "error", "pong", "load limit", ..."""
    plain: Mapping[str, Any] = attrs.field(repr=False)


def ping(cookie: str) -> bytes:
    """A datagram that asks whether an engine is there."""
    return _datagram(cookie, {"command": "ping"})


def encode(command: Command, cookie: str, terms: Terms) -> bytes:
    """The datagram of a command. Raises MediaError when it is too long for one."""
    plain: dict[str, object] = {"command": command.verb, "call-id": command.call, "from-tag": command.from_tag}
    if command.to_tag:
        plain["to-tag"] = command.to_tag
    if command.is_description:
        said = {"sdp": command.sdp.decode("latin-1"), "flags": [*_FLAGS, *terms.flags]}
        plain = {**_OPTIONS, **terms.options, **plain, **said}
    if command.verb == "offer":
        # It then tells in a result of its own that it is full, where else it says so in words.
        plain["supports"] = ["load limit"]
        if all(command.sides):
            plain["direction"] = list(command.sides)
    if command.verb == "delete":
        # The engine's own default is to wait, for other branches, half a minute: we know of all of them.
        plain["delete delay"] = 0
    return _datagram(cookie, plain)


def decode(data: bytes) -> Heard | None:
    """What an engine has said; None of what is nothing of that protocol."""
    cookie, blank, text = data.partition(b" ")
    if not blank or len(cookie) > _LONGEST_COOKIE or not cookie.isascii():
        return None
    try:
        plain = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(plain, dict) or not isinstance(plain.get("result"), str):
        return None
    return Heard(cookie.decode("ascii"), plain["result"], plain)


def is_full(heard: Heard) -> bool:
    """Whether the engine takes no more calls now, and another may."""
    return heard.result == "load limit" or (heard.result == "error" and _words(heard, "error-reason") in _FULL)


def reply_to(command: Command, engine: str, heard: Heard) -> Reply:
    """What that datagram says of that command."""
    if heard.result != "ok":
        error = _words(heard, "error-reason") or heard.result[:_LONGEST_WORDS]
        return Reply(engine=engine, error=error, is_lost=is_full(heard))
    if not command.is_description:
        return Reply(engine=engine, figures=_figures(heard.plain))
    sdp = _octets(heard.plain.get("sdp"))
    if not sdp.startswith(b"v="):
        return Reply(engine=engine, error="it has told no description")
    return Reply(engine=engine, sdp=sdp)


def _datagram(cookie: str, plain: Mapping[str, object]) -> bytes:
    data = cookie.encode("ascii") + b" " + orjson.dumps(plain)
    if len(data) > LARGEST:
        raise MediaError(f"a session description is too long for an engine: {len(data)} octets in all")
    return data


def _octets(text: object) -> bytes:
    try:
        return text.encode("latin-1") if isinstance(text, str) else b""
    except UnicodeEncodeError:
        return b""


def _words(heard: Heard, key: str) -> str:
    words = heard.plain.get(key)
    return words[:_LONGEST_WORDS] if isinstance(words, str) else ""


def _figures(plain: Mapping[str, Any]) -> Figures:
    """Sums over all streams of each side, as far as they are what the manual says."""
    figures = dict.fromkeys(("streams", "packets_a", "octets_a", "packets_b", "octets_b"), 0)
    for tag, end in _items(plain.get("tags")):
        side = "a" if tag == CALLER else "b"
        medias = _list(end, "medias")
        figures["streams"] = max(figures["streams"], len(medias))
        for stream in (stream for media in medias for stream in _list(media, "streams")):
            stats = stream.get("stats") if isinstance(stream, dict) else None
            figures[f"packets_{side}"] += _count(stats, "packets")
            figures[f"octets_{side}"] += _count(stats, "bytes")
    return figures


def _items(plain: object) -> list[tuple[str, object]]:
    return list(plain.items()) if isinstance(plain, dict) else []


def _list(plain: object, key: str) -> list[Any]:
    found = plain.get(key) if isinstance(plain, dict) else None
    return found if isinstance(found, list) else []


def _count(plain: object, key: str) -> int:
    found = plain.get(key) if isinstance(plain, dict) else None
    return found if isinstance(found, int) and found >= 0 else 0
