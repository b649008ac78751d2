"""Yesterday's traffic judged by today's rules: what they would have done, before they do anything.

    capture.py   capture files: pcap and pcapng, packet by packet
    link.py      what stands before an IP packet
    internet.py  IP, its fragments put together again
    streams.py   TCP streams, and the SIP messages in them
    traffic.py   the SIP messages of a capture
    judging.py   one INVITE judged as if it came in by a trunk
    auditing.py  which messages are judged, each once
    tally.py     counting in bounded memory
    showing.py   strangers' text made harmless
    report.py    what was found, as plain data
    text.py      the same for a terminal
    page.py      the same as a page to hand on

The way of a packet: `Capture` -> `Traffic.messages` -> `audit` -> `Judge` -> `Report`. Nothing here opens a socket or
reads a clock: a message is judged at the moment it was captured.
"""

from b2bua.audit.auditing import audit
from b2bua.audit.capture import CaptureError
from b2bua.audit.report import Report

__all__ = ["CaptureError", "Report", "audit"]
