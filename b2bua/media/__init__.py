"""Media that is relayed: what is said of it in signalling, and the ways it takes through us.

`sdp.py` reads where a session description wants its media and moves it elsewhere, touching nothing else.
"""

from b2bua.media.sdp import Candidates, Description, Place, Stream

__all__ = ["Candidates", "Description", "Place", "Stream"]
