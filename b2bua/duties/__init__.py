"""What the operator owes after the verdict, beside the regulator's cases: none of it stops or changes a call.

retention.py   how long numbers of calls stand: what is due to be forgotten, what is held (K31)
desk.py        the same for what people have entered: cases, entries of the register, looks
pieces.py      segments as files: how old they are, who writes to them; torn.py: what repairs have cut off them
clearing.py    does it: segments rewritten, rows of the store hashed and dropped, each act told at the desk
access.py      who was shown which evidence
meter.py       whether a nomadic number is used from abroad more than occasionally (art. 4 §1, ¶15)
nomadic.py     that, of the store's calls and the register's agreements; what a person has decided of it
victim.py      whose number was shown, when, from where, and what became of those calls (French question 23836)
month.py       a month of Brussels' calendar, and a day of it, in UTC
report.py      the calls of a month by trunk and article, the acts of the desk beside them: JSON, CSV
page.py        that as a page to be printed, in French, Dutch and English (`words/`)
text.py        all of them for a terminal
"""
