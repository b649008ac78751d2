"""Which number may be shown to whom: a claim in, a verdict out. No SIP, no clock, no I/O but reading a profile.

    numbering/    a text judged twice: its form (E.157) and its range in the home plan
    position.py   where in the call an assertion stands
    claim.py      what an INVITE asserts about its caller, as plain data
    verdict.py    the decision, with a finding for each number
    roaming.py    the question about a mobile number, and its answer
    register.py   the dated entries: infeasibility dossiers
    profile.py    a country's rules, read from profiles/*.toml
    rules/        the rows of the decision table, one file each
    engine.py     decide(claim, profile, register, now, answers) -> Verdict | Questions
    errors.py     what is the profile's fault, or ours

A claim goes through `decide`; if it answers with Questions, ask them and call it again with the answers.
"""

from .claim import Assertion, Claim, Notation, Position, TrunkClass
from .engine import decide
from .errors import PolicyError, ProfileError
from .profile import Profile
from .register import Dossier, Register, civil_day
from .roaming import Answer, Questions, Roaming
from .verdict import Finding, Outcome, Verdict

__all__ = [
    "Answer",
    "Assertion",
    "Claim",
    "Dossier",
    "Finding",
    "Notation",
    "Outcome",
    "PolicyError",
    "Position",
    "Profile",
    "ProfileError",
    "Questions",
    "Register",
    "Roaming",
    "TrunkClass",
    "Verdict",
    "civil_day",
    "decide",
]
