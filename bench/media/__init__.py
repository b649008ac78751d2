"""Media through a relay: packets a second, processor time a packet, and what a relay adds to their way.

`relay.c` is the least that a relay can be; `generator.c` makes the packets and compares them at the far end. Both are
compiled for the run. The box has one core, the generator another.

- `measuring.py`  the figures
- `boxes.py`      what stands between the two ends: nothing, the relay in C, ours
- `generator.py`  one trial
"""
