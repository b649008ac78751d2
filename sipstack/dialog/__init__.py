"""Dialogs: RFC 3261 §12, and the part of an INVITE's life that no transaction covers (§13).

    Dialog          who, in which order, along which way: builds our requests, checks the order of theirs
    UnackedAnswer   called side: a 2xx repeated until its ACK comes
    SentAcks        calling side: ACKs repeated for repeated 2xx

Start with `Dialog.as_caller` and `Dialog.as_callee`. Nothing here sends: the bytes go by the transaction layer, or,
for the ACK to a 2xx, straight to the flow.
"""

from sipstack.dialog.dialog import Dialog
from sipstack.dialog.invite import SentAcks, UnackedAnswer

__all__ = ["Dialog", "SentAcks", "UnackedAnswer"]
