"""The call: two legs joined, screened on the way. Sans-IO: inputs carry `now`, and acts come back.

- `core.py`      the transaction user above `sipstack`'s layer: finds the call of each message, carries out acts
- `call.py`      one call: its legs, its verdict, its deadlines
- `relay.py`     requests inside the dialogs: re-INVITE, UPDATE, PRACK, INFO, whatever comes
- `pair.py`      the two legs, and how what comes from either side is judged after the set-up (`later.py`)
- `leg.py`       one side: dialog, pending ACKs, where its requests go
- `liveness.py`  whether one side is still there: its session timer, or probes (`upkeep.py`: our own requests for it)
- `screening.py` an INVITE's claim: what it asserts about its caller, by position (`passport.py`: the signed part)
- `redaction.py` a verdict's edits: what is stripped, what withholding takes
- `guard.py`     the egress guard: whether a printed message still shows a number that must not be seen
- `departure.py` the last edits of what leaves: hosts that are hidden (`topology.py`), a trunk's header rules, the
                 called number's format
- `outgoing.py`  the B leg's INVITE: to one target after another
- `redirection.py` where a 3xx sends a call, or its caller
- `credentials.py` what a trunk's servers ask us to prove
- `farewell.py`  a BYE until it is taken
- `early.py`     a call whose INVITE forks: an early dialog on either side for each branch
- `decline.py`   the answer to a late offer of a call that ends
- `fork.py`      the branches of it that are in need no more
- `naming.py`    which call of ours a message names, and its name on the other side
- `transfer.py`  REFER, its Refer-To, and the NOTIFYs that follow
- `bridge.py`    what crosses from one leg to the other
- `probing.py`   the OPTIONS that ask a trunk's targets whether they are up
- `hooks.py`     what an embedding program may add: a harder verdict, another route
- `account.py`   a verdict as plain data, for evidence and explanations
- `snapshot.py`  a call as plain data, and back
- `acts.py`      what a call wants done
- `context.py`   what every call shares
- `moment.py`    the two clocks, read once an input

The way of an INVITE: `Core.receive` -> `Call.begin` -> `screening` -> `policy.decide` -> `Record` -> refuse, or
`redaction` -> `bridge` -> `departure` -> `guard` -> the other leg.
"""

from b2bua.call.acts import Alarm, Ask, Record
from b2bua.call.core import Core
from b2bua.call.hooks import Hooks
from b2bua.call.moment import Moment

__all__ = ["Alarm", "Ask", "Core", "Hooks", "Moment", "Record"]
