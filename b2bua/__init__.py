"""A SIP back-to-back user agent that applies the Belgian decree of 12 May 2024 against spoofed caller numbers.

- `config/`    what the operator writes, checked whole
- `trunk/`     which trunk a datagram belongs to, which one a call leaves by
- `call/`      the call, sans-IO: screening, the two legs, what crosses
- `roaming/`   who answers where a mobile subscriber is
- `evidence/`  the journal and its hash chain
- `app.py`     the shell: sockets, clocks, signals
- `explain.py` one INVITE and the reasons for its verdict
- `demo/`      the stories of `make run`

Below stand `sipstack` (SIP) and `policy` (the decree), which know neither each other nor this package. Start reading
at `call/__init__.py`.
"""

__version__ = "0.1.0"
