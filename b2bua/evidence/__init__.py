"""Evidence: what was decided and why, kept so that nobody can change it unseen.

`journal.py` writes lines, each bound to the one before by its hash, into segments; `chain.py` makes and checks the
lines; reading and verifying a journal is there too. `desk.py` is the chain of what people enter.
"""

from b2bua.evidence.chain import GENESIS, Broken, chains_of, legible, printable, seal, segments_of, verify
from b2bua.evidence.desk import Desk
from b2bua.evidence.journal import Journal, sync

__all__ = [
    "GENESIS",
    "Broken",
    "Desk",
    "Journal",
    "chains_of",
    "legible",
    "printable",
    "seal",
    "segments_of",
    "sync",
    "verify",
]
