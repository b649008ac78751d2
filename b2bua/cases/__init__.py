"""The regulator's requests: who made this call, within 24 hours, or else all of that user's calls are blocked
(art. 4 §2, ¶16).

A case is a fold over the lines `case` of the desk's chain. What a case is asked and told are events; whatever else is
known of it follows from them and from the time.

    event.py      what can happen to a case, as a line of the desk and back
    identity.py   who the user is, and which part of that is missing (¶16 note 3)
    clock.py      24 hours, told of at 12, 20 and 23
    case.py       one case after its events: its clocks, its state, what may happen next
    docket.py     all of them, from the desk's lines; which calls are held for them

    spelling.py   a telephone number in the ways in which people write it
    finding.py    the calls that it may have been
    origin.py     where a call came from: the lines of its evidence in one piece

    answer.py     what the regulator is told, as plain data, signed
    words.py      French, Dutch and English
    sheet.py      the answer as a sheet of sections, of which page.py and pdf.py are two prints
    letter.py     the request to the operator before us

    filing.py     writes events at the desk, after a look whether they may be
    reminding.py  tells the log and a webhook what is due
"""
