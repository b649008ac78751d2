"""What the gateway costs: `make bench`, or `python -m bench [NAME ...] [--quick]`.

- `micro`        the parts in one process, as ratios to a calibration loop in that same process
- `whole`        the real daemon between two SIPps, beside a plain UDP forwarder in the same run
- `story.py`     calls through a `Core` without sockets, recorded once and replayed
- `boxes.py`     what stands between the two SIPps: the daemon, or `forwarder.py`
- `sipp.py`      one trial: so many calls at such a rate, and what became of them
- `processes.py` starting, pinning, reading and ending processes
- `figures.py`   a figure, the report of a run, its table and its JSON
- `peers/`       other people's servers under the same load: `make bench-peers`, or `python -m bench.peers`
- `plots.py`     pictures of such a run
- `evidence.py`  a journal of any size, its index and a search: `python -m bench.evidence`

Only ratios mean something on a machine that others use too; docs/performance.md says how to read them.
"""
