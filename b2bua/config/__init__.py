"""What the operator writes: one TOML file, read whole, checked whole, then frozen.

`tree.py` is the shape, a docstring per field. `load.py` reads a file into it (`structure.py`) with the files that it
names (`gather.py`), and collects every mistake at once, each with its line (`source.py`) and its mend. `check.py` holds
what no single field can know: sockets that two classes would share, peers that two trunks claim, routes that lead
nowhere. `entries.py` does so for the register, and `due.py` knows what is about to end. `header_rule.py` is what a rule
about a header may be, `circuits.py` what a virtual circuit may be.
"""

from b2bua.config.address import Endpoint, Peer
from b2bua.config.header_rule import Action, Direction, HeaderRule, Part
from b2bua.config.load import Result, load, read, reread
from b2bua.config.source import Mistake
from b2bua.config.tree import (
    CalledFormat,
    Circuit,
    Config,
    Credentials,
    Emergency,
    Explain,
    Inexpressible,
    Isup,
    Journal,
    Mode,
    Outbound,
    Passage,
    Password,
    Probe,
    Profile,
    Redirect,
    Redirects,
    Register,
    Roaming,
    Route,
    Sip,
    Target,
    Trunk,
)

__all__ = [
    "Action",
    "CalledFormat",
    "Circuit",
    "Config",
    "Credentials",
    "Direction",
    "Emergency",
    "Endpoint",
    "Explain",
    "HeaderRule",
    "Inexpressible",
    "Isup",
    "Journal",
    "Mistake",
    "Mode",
    "Outbound",
    "Part",
    "Passage",
    "Password",
    "Peer",
    "Probe",
    "Profile",
    "Redirect",
    "Redirects",
    "Register",
    "Result",
    "Roaming",
    "Route",
    "Sip",
    "Target",
    "Trunk",
    "load",
    "read",
    "reread",
]
