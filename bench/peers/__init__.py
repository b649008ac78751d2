"""Other people's servers under the same load as ours, in one run: `make bench-peers`, or `python -m bench.peers`.

- `table.py`      the boxes: one line each, ours among them; a new one, or a variant of ours, is a line more
- `forwarders.py` the floor: what moves datagrams and knows no SIP, in C and with uvloop
- `servers.py`    Kamailio, OpenSIPS, Yate, SEMS and Asterisk, under configurations of ours (`configs/`)
- `pypi.py`       sippy, in a virtual environment that the bench makes for it
- `run.py`        the plan and the trials: at a modest rate, up a ladder of rates, at the highest rate held
- `held.py`       the memory of calls that are up
- `claims.py`     what we hold ourselves to beside them
- `report.py`     the figures of all that, and the wide table

docs/performance.md says how to read what comes out, and what each box does and does not do.
"""
