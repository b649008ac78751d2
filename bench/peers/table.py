"""The boxes that are measured side by side. A new one, or a variant of ours, is a line of `TABLE`."""

from collections.abc import Callable
from functools import partial

import attrs

from bench import boxes
from bench.errors import BenchError
from bench.peers import forwarders, pypi, servers
from bench.peers.offer import NotHereError, Offer, Settings, version

OURS = "b2bua"


@attrs.frozen(kw_only=True)
class Row:
    """One box."""

    name: str
    what: str
    """In a table's words."""
    offer: Callable[[Settings], Offer]
    """Raises NotHereError."""
    calls: bool = True
    """Whether it knows calls; what only moves datagrams is not asked for its highest rate, nor for its memory."""


@attrs.frozen
class Present:
    """A box of this machine."""

    row: Row
    offer: Offer

    @property
    def name(self) -> str:
        """The row's."""
        return self.row.name


def _gateway(_settings: Settings) -> Offer:
    return Offer(boxes.gateway)


def _two_workers(_settings: Settings) -> Offer:
    return Offer(partial(boxes.gateway, settings="workers = 2\n"))


def _other(settings: Settings) -> Offer:
    python = settings.program("other")
    return Offer(partial(boxes.gateway, python=str(python)), version([str(python), "-m", "b2bua", "--version"]))


def _plain_python(_settings: Settings) -> Offer:
    return Offer(boxes.forwarder)


TABLE = (
    Row(name="forwarder-c", what="moves datagrams, C", offer=forwarders.in_c, calls=False),
    Row(name="forwarder-python", what="moves datagrams, plain sockets", offer=_plain_python, calls=False),
    Row(name="forwarder-uvloop", what="moves datagrams, uvloop add_reader", offer=forwarders.on_uvloop, calls=False),
    Row(name=OURS, what="Python B2BUA, the whole decree, journal on disk", offer=_gateway),
    Row(name="b2bua-2-workers", what="the same with workers = 2, all on the one core", offer=_two_workers),
    Row(name="other", what="b2bua of another environment: a compiled one, an earlier version", offer=_other),
    Row(name="kamailio", what="C proxy, stateful, two regular expressions", offer=servers.kamailio),
    Row(name="opensips", what="C B2BUA, two regular expressions", offer=servers.opensips),
    Row(name="yate", what="C++ B2BUA, two regular expressions", offer=servers.yate),
    Row(name="sems", what="C++ B2BUA, no rule", offer=servers.sems),
    Row(name="asterisk", what="C B2BUA, two regular expressions, media through it", offer=servers.asterisk),
    Row(name="sippy", what="Python B2BUA, no rule", offer=pypi.sippy),
)


def find(settings: Settings, names: tuple[str, ...] = ()) -> tuple[tuple[Present, ...], dict[str, str]]:
    """The boxes that this machine has, of these names or all, and why each other one is not here.

    Raises BenchError for a name that no box has.
    """
    for unknown in set(names) - {row.name for row in TABLE}:
        raise BenchError(f"no box is called {unknown}; there are {', '.join(row.name for row in TABLE)}")
    present: list[Present] = []
    absent: dict[str, str] = {}
    for row in TABLE:
        if names and row.name not in names:
            continue
        try:
            present.append(Present(row, row.offer(settings)))
        except NotHereError as reason:
            absent[row.name] = str(reason)
    return tuple(present), absent
