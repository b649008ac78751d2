"""Finding the next hop: RFC 3263 with its records (RFC 2782, RFC 3403), and what failed on the way.

    URI or Via ──search──▶ questions ──▶ the name servers ──▶ answers ──┐     (cache.py: kept by their TTL)
                   ▲                                                    │
                   └────────────────────────────────────────────────────┘
                   └──▶ targets in order ──Hunt──▶ one try after the other    (failures.py: what failed comes last)

Nothing here asks anybody: `search` is a function of the answers that are known and says which it lacks. `search.py`
walks the RFC's tree, with `ways.py` for NAPTR and `weights.py` for SRV; `names.py` judges texts; `hunt.py` goes through
the targets. An endpoint asks its shell by a `Locate` among its effects and gets a `Located` back; the shell's part is
`sipstack.net.resolver`.
"""

from sipstack.locate.cache import Cache, Keeping
from sipstack.locate.effects import Locate, Located
from sipstack.locate.failures import FailureMemory
from sipstack.locate.hosts import Hosts, known, parse_hosts
from sipstack.locate.hunt import Hunt, retry_after
from sipstack.locate.records import FAILED, Answer, Host, Kind, Naptr, Outcome, Question, Record, Srv
from sipstack.locate.search import Findings, Look, search
from sipstack.locate.target import PORTS, Miss, Preferences, Target
from sipstack.locate.weights import in_order

__all__ = [
    "FAILED",
    "PORTS",
    "Answer",
    "Cache",
    "FailureMemory",
    "Findings",
    "Host",
    "Hosts",
    "Hunt",
    "Keeping",
    "Kind",
    "Locate",
    "Located",
    "Look",
    "Miss",
    "Naptr",
    "Outcome",
    "Preferences",
    "Question",
    "Record",
    "Srv",
    "Target",
    "in_order",
    "known",
    "parse_hosts",
    "retry_after",
    "search",
]
