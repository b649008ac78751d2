"""What a message says of its caller: read, judged, taken out, and looked for once more as printed.

- `screening.py` a message's claim: what it asserts about its caller, by position (`passport.py`: the signed part)
- `isup.py`      what an ISUP message tells; `signalling.py` where ISUP stands in a body, and the body without it
- `redaction.py` a verdict's edits: what is stripped, what withholding takes
- `privacy.py`   who asks not to be shown, kept where the next network need not keep it
- `later.py`     identity that comes after the set-up of a call
- `guard.py`     the egress guard: whether a printed message still shows a number that must not be seen

Between `sipstack`, which knows how a header is written, and `policy`, which knows what the law says of a number. The
way of an INVITE: `screening.claim_of` -> `policy.decide` -> `redaction.redact` -> `guard.leak`.
"""
