"""What the operator writes: one TOML file, read whole, checked whole, then frozen.

`tree.py` is the shape, a docstring per field. `load.py` reads a file into it (`structure.py`) with the files that it
names (`gather.py`), and collects every mistake at once, each with its line (`source.py`) and its mend. `check.py` holds
what no single field can know: sockets that two classes would share, peers that two trunks claim, routes that lead
nowhere. `entries.py` does so for the register, and `due.py` knows what is about to end. `header_rule.py` is what a rule
about a header may be, `circuits.py` what a virtual circuit may be. `roaming.py` is the shape of `[roaming]`, and
`holders.py` what may stand there. `media.py` is the
shape of `[media]`, `carrying.py` what may stand there.
"""

from b2bua.config.address import Endpoint, Peer
from b2bua.config.header_rule import Action, Direction, HeaderRule, Part
from b2bua.config.load import Result, load, read, reread
from b2bua.config.media import Between, Candidates, Engine, Latch, Lost, Media, Rtpengine, TrunkMedia, Way
from b2bua.config.password import Password
from b2bua.config.roaming import Asked, Camara, Dns, Holder, NumberList, OAuth, Own, Roaming
from b2bua.config.source import Mistake
from b2bua.config.store import Clerk, Store
from b2bua.config.tree import (
    CalledFormat,
    Cases,
    Circuit,
    Config,
    Credentials,
    Emergency,
    Explain,
    FourEyes,
    Inexpressible,
    Isup,
    Journal,
    Language,
    Mode,
    Nomadic,
    Outbound,
    Passage,
    Probe,
    Profile,
    Redirect,
    Redirects,
    Register,
    Retention,
    Route,
    Sip,
    Target,
    Trunk,
    WhenFull,
)

__all__ = [
    "Action",
    "Asked",
    "Between",
    "CalledFormat",
    "Camara",
    "Candidates",
    "Cases",
    "Circuit",
    "Clerk",
    "Config",
    "Credentials",
    "Direction",
    "Dns",
    "Emergency",
    "Endpoint",
    "Engine",
    "Explain",
    "FourEyes",
    "HeaderRule",
    "Holder",
    "Inexpressible",
    "Isup",
    "Journal",
    "Language",
    "Latch",
    "Lost",
    "Media",
    "Mistake",
    "Mode",
    "Nomadic",
    "NumberList",
    "OAuth",
    "Outbound",
    "Own",
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
    "Retention",
    "Roaming",
    "Route",
    "Rtpengine",
    "Sip",
    "Store",
    "Target",
    "Trunk",
    "TrunkMedia",
    "Way",
    "WhenFull",
    "load",
    "read",
    "reread",
]
