"""A SIP back-to-back user agent that applies the Belgian decree of 12 May 2024 against spoofed caller numbers.

- `config/`    what the operator writes, checked whole
- `identity/`  what a message says of its caller: the claim, a verdict's edits, the egress guard
- `trunk/`     which trunk a datagram belongs to, which one a call leaves by
- `call/`      the call, sans-IO: the two legs, what crosses, how they live and end
- `moment.py`  the two clocks, read once an input
- `roaming/`   who answers where a mobile subscriber is
- `media/`     session descriptions that move, and who carries the packets: our relay, the kernel, an rtpengine
- `evidence/`  the journal, its hash chain and signatures, and the chain of what people enter
- `register/`  dated entries with who entered and approved them, and how they come into force
- `store/`     the index of the journal
- `cases/`     the regulator's requests, their clocks and answers
- `duties/`    retention, the nomadic meter, the victim desk, the monthly report
- `clerk/`     the process that works beside the calls (`chore.py`, `beside.py`)
- `commands/`  the command line
- `app.py`     the shell: sockets, clocks, signals (`amendments.py`: the register while it runs)
- `workers/`   several processes that are one daemon
- `gateway.py` the front door for programs that embed it (`watch.py`: what they can read along)
- `explain.py` one INVITE and the reasons for its verdict
- `audit/`     captured traffic, and what the rules would have done to it
- `replay.py`  the verdicts of a journal once more, by other rules
- `demo/`      the stories of `make run`

Below stand `sipstack` (SIP) and `policy` (the decree), which know neither each other nor this package. Start reading
at `call/__init__.py`; to embed a gateway, at `gateway.py` and docs/embedding.md.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from b2bua.call import Alarm, Hooks, Record
    from b2bua.errors import ConfigError, GatewayError, JournalError
    from b2bua.gateway import Gateway
    from b2bua.watch import Watch
else:
    # Found when first asked for: importing a lower floor, or asking the command line for its help, would else import
    # sockets and all (0.5 s against 0.01, 2026-11-22).
    _HOMES = {
        "Alarm": "b2bua.call",
        "ConfigError": "b2bua.errors",
        "Gateway": "b2bua.gateway",
        "GatewayError": "b2bua.errors",
        "Hooks": "b2bua.call",
        "JournalError": "b2bua.errors",
        "Record": "b2bua.call",
        "Watch": "b2bua.watch",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)


__all__ = ["Alarm", "ConfigError", "Gateway", "GatewayError", "Hooks", "JournalError", "Record", "Watch"]
