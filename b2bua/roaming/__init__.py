"""Where a mobile subscriber is: the sources that answer the policy's questions (art. 1 3°).

`table.py` answers from the configuration.
"""

from b2bua.roaming.table import Table

__all__ = ["Table"]
