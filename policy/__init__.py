"""Which number may be shown to whom: a claim in, a verdict out. No SIP, no clock, no I/O but reading a profile.

    numbering/    a text judged twice: its form (E.157) and its range in the home plan
    position.py   where in the call an assertion stands
    claim.py      what an INVITE asserts about its caller, as plain data
    verdict.py    the decision, with a finding for each number
    roaming.py    the question about a mobile number, and its answer
    register.py   the dated entries: agreements, consents, attestations, decisions, dossiers ...
    ledger.py     what has left by us lately, by which art. 3 can be proved
    profile.py    a country's rules as data (`profile_file.py` reads profiles/*.toml)
    standing.py   the class that a call truly has
    rules/        the rows of the decision table and what goes before them, one file each
    called.py     the called number, in normal form and plainly
    ordinary.py   an ordinary foreign caller, known at a look
    engine.py     decide(claim, profile, register, now, answers, ledger) -> Verdict | Questions
    errors.py     what is the profile's fault, or ours

A claim goes through `decide`; if it answers with Questions, ask them and call it again with the answers.
"""

from .claim import Assertion, Claim, Notation, Position, TrunkClass
from .engine import decide
from .errors import PolicyError, ProfileError
from .ledger import Ledger
from .profile import Profile
from .register import (
    Agreement,
    Attestation,
    BlockedUser,
    CallerList,
    Consent,
    Decision,
    Derogation,
    DoNotOriginate,
    Dossier,
    MobileRange,
    Node,
    Register,
    Service,
    Shadow,
    Suspension,
    civil_day,
)
from .roaming import Answer, Questions, Roaming
from .standing import Standing, standing
from .verdict import Finding, Outcome, Verdict

__all__ = [
    "Agreement",
    "Answer",
    "Assertion",
    "Attestation",
    "BlockedUser",
    "CallerList",
    "Claim",
    "Consent",
    "Decision",
    "Derogation",
    "DoNotOriginate",
    "Dossier",
    "Finding",
    "Ledger",
    "MobileRange",
    "Node",
    "Notation",
    "Outcome",
    "PolicyError",
    "Position",
    "Profile",
    "ProfileError",
    "Questions",
    "Register",
    "Roaming",
    "Service",
    "Shadow",
    "Standing",
    "Suspension",
    "TrunkClass",
    "Verdict",
    "civil_day",
    "decide",
    "standing",
]
