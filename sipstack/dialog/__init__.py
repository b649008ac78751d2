"""Dialogs: RFC 3261 §12, and the part of an INVITE's life that no transaction covers (§13 and §14).

    Dialog                who, in which order, along which way: builds our requests, checks the order of theirs
    EarlyDialogs          calling side: the dialogs of one INVITE by To tag, until one 2xx has won
    UnackedAnswer         called side: a 2xx repeated until its ACK comes
    SentAcks              calling side: ACKs repeated for repeated 2xx
    ReliableProvisionals  called side: a 18x repeated until its PRACK comes (RFC 3262)
    Provisionals          calling side: reliable 18x once each and in order, with the RAck to send
    Offers                who has offered a session in which message, who must answer (RFC 3264, 6337)
    Glare                 requests that cross: 491, 500 with Retry-After, the pause after a 491 (§14, RFC 3311)
    SessionTimer          who refreshes the session and when it is dead (RFC 4028)

Start with `Dialog.as_caller` and `Dialog.as_callee`; the others are machines of one idea each, joined by the user
agent and by nobody here. Nothing here sends: the bytes go by the transaction layer, or, for the ACK to a 2xx, straight
to the flow. Machines with time have `deadline()` and `tick(now)`. All fields are plain data, to be saved and restored.
"""

from sipstack.dialog.dialog import Dialog
from sipstack.dialog.early import EarlyDialogs, Heard
from sipstack.dialog.glare import Glare, RetryLater, back_off, retry_after
from sipstack.dialog.invite import SentAcks, UnackedAnswer
from sipstack.dialog.offers import Carrier, Exchange, Offers, Role
from sipstack.dialog.reliable import Arrival, Provisionals, ReliableProvisionals, Want, rack, want
from sipstack.dialog.session_timer import Due, IntervalTooSmall, SessionTimer

__all__ = [
    "Arrival",
    "Carrier",
    "Dialog",
    "Due",
    "EarlyDialogs",
    "Exchange",
    "Glare",
    "Heard",
    "IntervalTooSmall",
    "Offers",
    "Provisionals",
    "ReliableProvisionals",
    "RetryLater",
    "Role",
    "SentAcks",
    "SessionTimer",
    "UnackedAnswer",
    "Want",
    "back_off",
    "rack",
    "retry_after",
    "want",
]
