"""Which chores there are, of a configuration: the one place that knows all parts that have any."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from b2bua.cases import reminding
from b2bua.chore import Chore
from b2bua.duties import clearing, nomadic
from b2bua.evidence import tending
from b2bua.register import tending as register
from b2bua.store import Store

if TYPE_CHECKING:
    from b2bua.config import Config

INDEX: Final = "index"
#: Lines that the index takes before its chore is done, though more are there: how soon the clerk can end.
_AT_A_TIME: Final = 50_000


def chores_of(config: "Config") -> list[Chore]:
    """All of them; what needs a store is none of a configuration without. Raises StoreError where its url is none."""
    store = None if config.store is None else Store.of(config)
    return [*_chores(config, store)]


def _chores(config: "Config", store: Store | None) -> Iterator[Chore]:
    yield reminding.reminders(config)
    yield from tending.chores(config)
    yield register.chore(config)
    forgetful = clearing.Clearing.of(config, store)
    if forgetful is not None:
        yield clearing.chore(forgetful)
    if config.store is not None and store is not None:
        yield _index(store, config.store.index_seconds)
        yield nomadic.chore(config, store)


def _index(store: Store, seconds: float) -> Chore:
    """The store in step with the journal. It waits for a database, and nobody waits for it."""
    indexer = store.indexer()
    return Chore(INDEX, seconds, lambda _: indexer.catch_up(_AT_A_TIME), lane=INDEX, at_end=True)
