"""A box between a foreign and a national side, on ports of its own, and the peers that play there."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import attrs

from tests.peers.box import Box
from tests.peers.laws import check
from tests.peers.ports import free_ports
from tests.peers.sipp import Sipp
from tests.peers.wire import Datagram
from tests.trace.invariants import g12_nothing_is_left, g12_one_record_a_call
from tests.trace.trace import Times

FOREIGN, NATIONAL = "foreign", "national"

#: A caller whose number no rule forbids, and the number called.
DEFAULTS = {
    "CALLER": '"Ada" <sip:+442079460000@foreign.example>',
    "CALLED": "+3293330000",
    "EXTRA": "",
    "SEEN": "",
    "MORE": "",
    "TALK": "10",
    "BYE": "200",
    "WAIT": "10",
    "TOTAG": "",
    "WHO": "-",
    "WHERE": "IP4 127.0.0.1",
    "STREAM": "audio 6000 RTP/AVP 8",
    "PORT": "6000",
}


@attrs.frozen(kw_only=True)
class Side:
    """One side of the box: where it listens, where its peer is called, and the peer's other ports."""

    name: str
    host: str
    listen: int
    peer: int
    caller: int
    """A second port of the same peer, so that it can call and be called at once."""
    odd: int
    """A third, for what is no SIPp."""
    stranger: int
    """A port that is nobody's peer."""

    @classmethod
    def on(cls, name: str, host: str) -> "Side":
        """On free ports."""
        listen, peer, caller, odd, stranger = free_ports(host, 5)
        return cls(name=name, host=host, listen=listen, peer=peer, caller=caller, odd=odd, stranger=stranger)

    def address(self, port: int) -> str:
        """Host and port as SIP and the configuration write them."""
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"


@attrs.define(eq=False, kw_only=True)
class Rig:
    """Write the configuration (`configure`), start the box, let scenarios play, look at what was recorded."""

    folder: Path
    foreign: Side
    national: Side
    box: Box
    peers: list[Sipp] = attrs.field(factory=list)
    """Those of this test."""
    played: int = 0
    times: Times = attrs.field(factory=Times)
    """Of the box that was started last."""
    relays: Collection[str] = ()
    """Where that relays media."""
    _held: dict[str, int] = attrs.field(factory=dict)
    """What it held of the operating system when the test began, its process included."""

    @classmethod
    def on(cls, folder: Path, host: str) -> "Rig":
        """On that address of loopback."""
        return cls(folder=folder, foreign=Side.on(FOREIGN, host), national=Side.on(NATIONAL, host), box=Box(folder))

    def start(
        self,
        t1_ms: int = 100,
        national: dict[str, str] | None = None,
        foreign: dict[str, str] | None = None,
        *,
        workers: int = 1,
        journal: str = "",
        holders: str = "",
        store: str | None = None,
        media: str = "",
        relays: Collection[str] = (),
        **sip: int,
    ) -> "Rig":
        """The box runs when this returns. T2 and T4 keep their proportion to T1; `national` and `foreign` have more
        keys of these trunks, or others for those they have; `journal` is more lines of that table, `holders` tables of
        `[roaming]`, `store` the lines of that table, with which the box has a clerk, `media` those of `[media]`, which
        is relayed at these addresses."""
        times = {"t1_ms": t1_ms, "t2_ms": 8 * t1_ms, "t4_ms": 10 * t1_ms, **sip}
        self.times = Times(*(milliseconds / 1_000 for milliseconds in (t1_ms, times["t2_ms"], times["t4_ms"])))
        text = [f"workers = {workers}", "[sip]", *(f"{key} = {value}" for key, value in times.items())]
        text += [_LAW.replace("[journal]\n", f"[journal]\n{journal}\n"), holders]
        text += [] if store is None else ["[store]", store]
        text += ["[media]", media] if media else []
        self.relays = relays
        for side, trunk_class in ((self.foreign, "international"), (self.national, "national")):
            peers = ", ".join(f'"{side.address(port)}"' for port in (side.peer, side.caller, side.odd))
            keys = {
                "name": f'"{side.name}"',
                "class": f'"{trunk_class}"',
                "peers": f"[{peers}]",
                "listen": f'["{side.address(side.listen)}"]',
                "targets": f'["{side.address(side.peer)}"]',
            }
            keys |= (national if side is self.national else foreign) or {}
            text += ["[[trunk]]", *(f"{key} = {value}" for key, value in keys.items()), ""]
        self.box.config.write_text("\n".join(text))
        self.box.start()
        self._held = _held_by(self.box)
        return self

    def side(self, name: str) -> Side:
        return self.foreign if name == FOREIGN else self.national

    def play(self, scenario: str, at: str, /, **values: str) -> Sipp:
        """Starts a scenario on one side; a caller calls from the second port, so that its side can be called too."""
        return self._start(scenario, at, values)

    def load(self, scenario: str, at: str, /, calls: int, rate: int | None = None, **values: str) -> Sipp:
        """Many calls of one scenario, without a log of their messages."""
        return self._start(scenario, at, values, calls, rate)

    def _start(self, scenario: str, at: str, values: dict[str, str], calls: int = 1, rate: int | None = None) -> Sipp:
        self.played += 1
        side = self.side(at)
        own = side.caller if scenario.startswith("a-") else side.peer
        sipp = Sipp.start(
            scenario,
            DEFAULTS | {key.upper(): value for key, value in values.items()},
            side=at,
            local=(side.host, own),
            remote=(side.host, side.listen),
            folder=self.folder / f"{self.played:03d}-{scenario}",
            calls=calls,
            rate=rate,
        )
        self.peers.append(sipp)
        return sipp

    def call(self, calling: str, called: str, source: str = FOREIGN, /, **values: str) -> tuple[Sipp, Sipp]:
        """One call from one side to the other, each playing its scenario to the end."""
        target = NATIONAL if source == FOREIGN else FOREIGN
        b = self.play(called, target, **values)
        a = self.play(calling, source, **values)
        self.finish(a, b)
        return a, b

    def finish(self, *peers: Sipp) -> None:
        """Each has played its scenario to the end, and all went as it says."""
        for peer in peers:
            peer.wait()
        wrong = [peer for peer in peers if peer.process.returncode != 0]
        if wrong:
            told = "\n".join([*(peer.report for peer in peers), "--- the box", self.box.log])
            raise AssertionError(f"{', '.join(peer.name for peer in wrong)} did not go as written\n{told}")

    @property
    def trace(self) -> list[Datagram]:
        """All that SIPp has logged so far."""
        return [datagram for peer in self.peers for datagram in peer.messages]

    @property
    def ours(self) -> dict[str, tuple[str, int]]:
        """The box's address on each side."""
        return {side.name: (side.host, side.listen) for side in (self.foreign, self.national)}

    def begin(self) -> None:
        """A new test: what was recorded before is not its own."""
        self.box.begin()
        self._held = _held_by(self.box)
        self.peers.clear()

    def end(self) -> None:
        """The test is over: no exception, no alarm, every law over every message, one record a call, and as many
        sockets as at the start."""
        for peer in self.peers:
            peer.close()
        assert not self.box.alarms, self.box.alarms
        check(self.trace, self.ours, self.times, self.relays)
        g12_one_record_a_call(((line["call"], line["kind"]) for line in self._call_lines()), is_whole=False)
        held = _held_by(self.box)
        if self._held.get("process") == held.get("process"):
            g12_nothing_is_left(self._held, held)

    def _call_lines(self) -> list[dict[str, Any]]:
        """The journal's lines about calls."""
        return [line for line in self.box.journal() if line["kind"] in ("verdict", "answer", "end")]

    def close(self) -> None:
        """Ends every process."""
        for peer in self.peers:
            peer.close()
        self.box.close()


def _held_by(box: Box) -> dict[str, int]:
    """The process of the box and how many sockets it has; nothing when none runs."""
    if box.process is None or box.process.poll() is not None:
        return {}
    links = Path(f"/proc/{box.process.pid}/fd").iterdir()
    return {"process": box.process.pid, "sockets": sum(_is_socket(link) for link in links)}


def _is_socket(link: Path) -> bool:
    try:
        return os.readlink(link).startswith("socket:")
    except FileNotFoundError:
        return False  # closed since it was listed: the journal's, which a thread forces to disk


_LAW = """
[journal]
directory = "journal"
segment_mib = 4

[roaming]
not_offered = ["+32456"]

[roaming.table]
"+32470123456" = "abroad"
"+32470999999" = "not abroad"
"+32470666666" = "failed"

[emergency]
route = "national"

[[route]]
from = "foreign"
to = "national"

[[route]]
from = "national"
to = "foreign"
"""
