"""Trunks at work: which one a datagram belongs to, and which one a call leaves by.

`trunks.py` tells a trunk by socket and source (`sockets.py`); `routing.py` reads the called number and finds the way;
`targets.py` says where the trunk's calls go, and in which order; `health.py` which of these places are up;
`limits.py` how many calls there may be.
"""

from b2bua.trunk.health import Health
from b2bua.trunk.limits import Limit
from b2bua.trunk.routing import Routes, called_number
from b2bua.trunk.sockets import Socket
from b2bua.trunk.targets import Targets
from b2bua.trunk.trunks import Trunk, Trunks

__all__ = ["Health", "Limit", "Routes", "Socket", "Targets", "Trunk", "Trunks", "called_number"]
