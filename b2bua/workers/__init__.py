"""Several processes that are one daemon: `workers = N` uses N cores, whoever sends what from wherever.

There is no process in front. Each worker has a socket of its own on every listening address (SO_REUSEPORT), and what
comes to the wrong one is handed to the right one, so that where the kernel puts a datagram decides what it costs and
never what becomes of it. Which is right is a pure function of the message.

- `marks.py`      the worker's mark in each name that it mints
- `owner.py`      whose a datagram is
- `steering.py`   the sockets, and the filter by which the kernel mostly guesses right
- `post.py`       what workers tell and hand each other
- `sorting.py`    between the sockets and the core: keeps what is ours, hands over the rest
- `saving.py`     an answered call as bytes, and back
- `shelf.py`      memory that outlives a worker: its answered calls
- `tallies.py`    memory that all share: what counts towards limits
- `worker.py`     one worker: an `App` that keeps its calls on the shelf and tells the others what they must know
- `overseer.py`   the parent: starts the workers again when they die, passes on signals, adds up statistics

docs/decisions/0013-workers.md argues all that.
"""
