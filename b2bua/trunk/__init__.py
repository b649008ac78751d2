"""Trunks at work: which one a datagram belongs to, and which one a call leaves by.

`trunks.py` tells a trunk by socket and source (`sockets.py`); `routing.py` reads the called number and finds the way;
`targets.py` says where the trunk's calls go, and in which order; `health.py` which of these places are up;
`limits.py` how many calls there may be (`news.py`: and how often to tell); `circuits.py` which of them are of another
class than the trunk. `header_rules.py` and `number_format.py` are how what leaves is written;
`hosts.py` compares names and addresses.
"""

from b2bua.trunk.circuits import Circuit, Circuits, Mark, Signalled
from b2bua.trunk.header_rules import HeaderRules, apply_rules
from b2bua.trunk.health import Health
from b2bua.trunk.hosts import address_of, bracketed, canonical_host
from b2bua.trunk.limits import Limit
from b2bua.trunk.news import News
from b2bua.trunk.number_format import as_global, in_format, number_of
from b2bua.trunk.routing import Routes, called_number, destination, is_sos
from b2bua.trunk.sockets import Socket
from b2bua.trunk.targets import Targets
from b2bua.trunk.trunks import Trunk, Trunks

__all__ = [
    "Circuit",
    "Circuits",
    "HeaderRules",
    "Health",
    "Limit",
    "Mark",
    "News",
    "Routes",
    "Signalled",
    "Socket",
    "Targets",
    "Trunk",
    "Trunks",
    "address_of",
    "apply_rules",
    "as_global",
    "bracketed",
    "called_number",
    "canonical_host",
    "destination",
    "in_format",
    "is_sos",
    "number_of",
]
