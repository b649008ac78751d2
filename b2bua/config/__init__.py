"""What the operator writes: one TOML file, read whole, checked whole, then frozen.

`tree.py` is the shape, a docstring per field. `load.py` reads a file into it (`structure.py`) and collects every
mistake at once, each with its line and its mend. `check.py` holds what no single field can know: sockets that two
classes would share, peers that two trunks claim, routes that lead nowhere.
"""

from b2bua.config.address import Endpoint, Peer
from b2bua.config.load import Mistake, Result, load, read
from b2bua.config.tree import Config, Dossier, Emergency, Journal, Probe, Profile, Roaming, Route, Sip, Target, Trunk

__all__ = [
    "Config",
    "Dossier",
    "Emergency",
    "Endpoint",
    "Journal",
    "Mistake",
    "Peer",
    "Probe",
    "Profile",
    "Result",
    "Roaming",
    "Route",
    "Sip",
    "Target",
    "Trunk",
    "load",
    "read",
]
