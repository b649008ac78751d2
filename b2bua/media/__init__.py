"""Media that is relayed: what is said of it in signalling, and the ways it takes through us.

Sans-IO, one call's:

- `sdp.py`     where a description wants its media, and the same octets pointing elsewhere
- `ports.py`   the ports of one address, lent and at rest
- `session.py` which of our ports stand for which stream, and where the peers are
- `orders.py`  what it wants of whatever carries packets
- `ways.py`    which way the media of two trunks takes, and what a session of theirs begins with
- `engaged.py` one call's with an rtpengine, in place of a session

At the edge, for all calls of a process:

- `carriage.py` orders to whoever carries them out, figures back

Carrying them:

- `relay.py`   packets between two ends, in a process of its own (`process.py`)
- `wire.py`    orders and news between that process and ours
- `userspace.py` our side of it

Carrying them past that process:

- `kernel.py`  the relay, with settled channels handed to the kernel and taken back
- `flow.py`    what the kernel is to do, and how it is asked; `rules.py` asks, in order
- `table.py`   the table of nftables that does it; `nftables.py` the way to the kernel
- `netfilter.py` the process that has the right to

By somebody else:

- `ng.py`      what an rtpengine is asked, and how that is written
- `engines.py` which of several is asked, for how long, and what when it is silent; `asking.py`: their sockets

docs/decisions/0015 says how a call uses them.
"""

from b2bua.config import Candidates
from b2bua.media.sdp import Description, Place, Stream

__all__ = ["Candidates", "Description", "Place", "Stream"]
