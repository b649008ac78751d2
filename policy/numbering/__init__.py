"""Numbers, judged twice: the form on the text as it was written, the range by prefix and length in the home plan.

    notation.py   how the text was written where it was found
    form.py       E.157 and E.164 on the raw text; the breaches, in plain words
    plan.py       the home plan as data, one for each of its country codes, and which codes are assigned
    escapes.py    what is undone on the way to a screen, beyond the escapes of a URI
    hidden.py     the second net: home numbers hidden in odd spellings
    number.py     `judge`: the text of a URI
    display.py    `read_display`: the text of a display-name

`judge` asks the form first; only what fails it, or is no number at all, goes through the second net. Both ways in know
what is in order, or has no digit, at a look; the long way (`judge_at_length`, `read_at_length`) says the same of it.
"""

from .display import read_display
from .form import Breach
from .hidden import Hidden
from .notation import Notation
from .number import Number, judge
from .plan import Block, Plan, Range, country_code_of, dialled_in

__all__ = [
    "Block",
    "Breach",
    "Hidden",
    "Notation",
    "Number",
    "Plan",
    "Range",
    "country_code_of",
    "dialled_in",
    "judge",
    "read_display",
]
