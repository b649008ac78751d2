"""Where a mobile subscriber is: the sources that answer the policy's questions (art. 1 3°).

    inquiries.py   which question is put to whom, and which need not be, or may not: the rules, sans-IO
    asking.py      the shell around them: tasks, clocks, lists on disk, and what an adapter is (`Holder`)

    table.py       what the configuration says itself
    routes.py      whose a number is: by the list of ported numbers, by prefix
    pages.py       millions of numbers in little memory: that list, and those that holders hand over
    cache.py       answers that are still believed
    breaker.py     a holder that fails is left alone for a while
    told.py        what came of asking once, and whose fault it was when nothing did

    camara.py      CAMARA Device Roaming Status as octets; web.py, its connections (aiohttp)
    assertion.py   who we are, signed, for its token server (cryptography)
    naptr.py       ENUM-style questions as text; dns.py, its sockets (dnspython)

Of what a holder says only the outcome and its time stay. The visited country is location data of somebody who calls
(art. 123 of the law of 2005): it is compared with the home country and forgotten in the same function.
"""

from b2bua.roaming.asking import Asking, Holder
from b2bua.roaming.table import Table
from b2bua.roaming.told import Told

__all__ = ["Asking", "Holder", "Table", "Told"]
