"""Trunks at work: which one a datagram belongs to, and which one a call leaves by.

`trunks.py` tells a trunk by socket and source; `routing.py` reads the called number and finds the way.
"""

from b2bua.trunk.routing import Routes, called_number
from b2bua.trunk.trunks import Socket, Trunk, Trunks

__all__ = ["Routes", "Socket", "Trunk", "Trunks", "called_number"]
