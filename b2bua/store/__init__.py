"""The store: an index of the journal, so that a call is found among millions. It can be lost and made again.

    store = Store.of(config)
    for call in store.search(Wanted(number="+32470123456", since=since, until=until)):
        lines = store.evidence(call.call)

- `values.py`      what is looked for and found
- `schema.py`      the tables; `migrations/` is how they came about (alembic)
- `database.py`    SQLite and PostgreSQL, and what is different about them
- `spelling.py`    a number in normal form, of what stood in a message
- `line.py`        what one line of the journal says for the index
- `tail.py`        the lines of a chain from where it was left
- `indexer.py`     lines into rows, each exactly once
- `store.py`       `Store`: searching, counting, forgetting
- `comparing.py`   whether a store is what the journal says

One indexer writes (`b2bua.clerk` runs it), any number read. Everything here raises StoreError where the database
fails, and JournalError where the evidence cannot be read.
"""

from b2bua.evidence.reading import Place
from b2bua.store.line import pseudonymised
from b2bua.store.spelling import normal
from b2bua.store.store import Store
from b2bua.store.values import StoredAct, StoredCall, StoredNumber, Wanted

__all__ = ["Place", "Store", "StoredAct", "StoredCall", "StoredNumber", "Wanted", "normal", "pseudonymised"]
