"""The register that people keep over the command line: dated entries, each with who made it and who approved it.

    shape.py       what an entry of each kind looks like, to people and to the rules
    entries.py     `Entries.fold`: the desk's lines, folded into entries with their history
    checking.py    whether an entry could stand: by the checks of the configuration's own
    acts.py        add, change, approve, refuse, end, withdraw: checked, written, put in force
    table.py       entries as CSV and JSON
    snapshot.py    the file that workers read, with what stands now
    presence.py    which of them has read it
    inspecting.py  whether all of it holds
    tending.py     what the clerk does about it
    showing.py     entries and acts as data, and as lines for people

The desk's chain of the journal is the truth; `docs/register.md` says how it comes into force.
"""

from b2bua.register.acts import Done, add, add_all, approve, change, desk_of, end, refuse, withdraw
from b2bua.register.entries import Act, Action, Entries, Item, Span, State
from b2bua.register.snapshot import publish

__all__ = [
    "Act",
    "Action",
    "Done",
    "Entries",
    "Item",
    "Span",
    "State",
    "add",
    "add_all",
    "approve",
    "change",
    "desk_of",
    "end",
    "publish",
    "refuse",
    "withdraw",
]
