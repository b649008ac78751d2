"""The call: two legs joined, screened on the way. Sans-IO: inputs carry `now`, and acts come back.

The frame:

- `core.py`      the transaction user above `sipstack`'s layer: finds the call of each message, carries out acts
- `call.py`      one call: its legs, its verdict, its deadlines; docs/call.md has the figure of its states
- `pair.py`      the two legs, and how what comes from either side is judged after the set-up
- `leg.py`       one side: dialog, pending ACKs, where its requests go
- `acts.py`      what a call wants done; `context.py` what every call shares; `account.py` its evidence
- `anomalies.py` what is flagged and told of it (`shares.py`: measured; `callers.py`: read of a national call)
- `snapshot.py`  a call as plain data, and back

The way out:

- `outgoing.py`  the B leg's INVITE: to one target after another
- `redirection.py` where a 3xx sends a call, or its caller
- `credentials.py` what a trunk's servers ask us to prove
- `early.py`     a call whose INVITE forks: an early dialog on either side for each branch
- `fork.py`      INVITEs that nobody is in need of any more

What crosses:

- `description.py` the session description in a body
- `media.py`     who moves it, and carries the packets; `door.py`: where what comes waits until an engine has moved it
- `bridge.py`    lines of one hop and lines of the call
- `departure.py` the last edits of what leaves: hosts that are hidden (`topology.py`), a trunk's header rules, the
                 called number's format, a caller who is not to be shown
- `naming.py`    which call of ours a message names, and its name on the other side

Within the dialogs:

- `relay.py`     requests of the peers: re-INVITE, UPDATE, PRACK, INFO, whatever comes
- `transfer.py`  REFER, its Refer-To, and the NOTIFYs that follow
- `liveness.py`  whether one side is still there: its session timer, or probes (`upkeep.py`: our own requests for it)
- `decline.py`   the answer to a late offer of a call that ends
- `farewell.py`  a BYE until it is taken

Beside the calls:

- `probing.py`   the OPTIONS that ask a trunk's targets whether they are up
- `hooks.py`     what an embedding program may add: a harder verdict, another route
- `oracle.py`    what a border controller is told that asks about its calls and makes them itself
- `trial.py`     which trunks are judged and left as they are, for a while

The way of an INVITE: `Core.receive` -> `Call.begin` -> `identity.screening` -> `policy.decide` -> `Record` -> refuse,
or `identity.redaction` -> `bridge` -> `departure` -> `identity.guard` -> the other leg.
"""

from b2bua.call.acts import Alarm, Ask, Carry, Engage, Record
from b2bua.call.core import Core
from b2bua.call.hooks import Hooks
from b2bua.moment import Moment

__all__ = ["Alarm", "Ask", "Carry", "Core", "Engage", "Hooks", "Moment", "Record"]
