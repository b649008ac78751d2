"""Evidence: what was decided and why, kept so that nobody can change it unseen.

chain.py       a line, bound to the one before by its hash, and whether lines are as they were written
journal.py     writes the lines of the calls, in segments
desk.py        writes those of what people enter
reading.py     chains, segments, lines and places, whether packed or not
signing.py     keys, and documents that are signed
signatures.py  the signature of a closed segment, and the heads of the chains
verifying.py   whether a whole journal holds: chains, segments, signatures, heads
packing.py     closed segments made small
tending.py     what the clerk does with them
purging.py     takes what must be forgotten out of closed segments; forgetting.py, holds.py: what, and what not
"""

from b2bua.evidence.chain import GENESIS, Broken, legible, printable, seal, verify
from b2bua.evidence.desk import Desk
from b2bua.evidence.journal import Journal, sync
from b2bua.evidence.reading import Place, chains_of, lines, records, records_at, segments_of

__all__ = [
    "GENESIS",
    "Broken",
    "Desk",
    "Journal",
    "Place",
    "chains_of",
    "legible",
    "lines",
    "printable",
    "records",
    "records_at",
    "seal",
    "segments_of",
    "sync",
    "verify",
]
