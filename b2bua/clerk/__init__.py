"""The clerk: a process beside the calls that does what is to be done now and then.

It signs and packs closed segments, indexes the journal, reminds, warns and purges. What it does it could do tomorrow:
when it dies the daemon starts it again, and when it is away nothing is lost and no call knows.

- `wiring.py`     which chores there are, of a configuration
- `rota.py`       whose turn it is, and what is told of one that fails; asks no clock
- `clerk.py`      the process: a thread for each lane, signals, and the end

Whoever has a chore gives it as a `Chore` (b2bua/chore.py).
"""

from b2bua.chore import Chore

__all__ = ["Chore"]
