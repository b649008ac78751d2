"""What the operator writes: one TOML file, read whole, checked whole, then frozen.

`tree.py` is the shape, a docstring per field. `load.py` reads a file into it (`structure.py`) and collects every
mistake at once, each with its line and its mend. `check.py` holds what no single field can know: sockets that two
classes would share, peers that two trunks claim, routes that lead nowhere. `header_rule.py` is what a rule about a
header may be.
"""

from b2bua.config.address import Endpoint, Peer
from b2bua.config.header_rule import Action, Direction, HeaderRule, Part
from b2bua.config.load import Mistake, Result, load, read
from b2bua.config.tree import (
    CalledFormat,
    Config,
    Credentials,
    Dossier,
    Emergency,
    Journal,
    Passage,
    Password,
    Probe,
    Profile,
    Redirects,
    Roaming,
    Route,
    Sip,
    Target,
    Trunk,
)

__all__ = [
    "Action",
    "CalledFormat",
    "Config",
    "Credentials",
    "Direction",
    "Dossier",
    "Emergency",
    "Endpoint",
    "HeaderRule",
    "Journal",
    "Mistake",
    "Part",
    "Passage",
    "Password",
    "Peer",
    "Probe",
    "Profile",
    "Redirects",
    "Result",
    "Roaming",
    "Route",
    "Sip",
    "Target",
    "Trunk",
    "load",
    "read",
]
