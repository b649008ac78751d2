"""Media through a box: packets a second, processor time a packet, and what the box adds to their way.

`relay.c` is the least that a relay can be; `generator.c` makes the packets and compares them at the far end. Both are
compiled for the run. The box has one core, the generator another.

- `measuring.py`  the figures
- `boxes.py`      what stands between the two ends: nothing, the relay in C, our ways, an rtpengine
- `fed.py`        the process that feeds one of our ways, as the daemon does
- `engine.py`     the rtpengine
- `nets.py`       where ends and box are: on loopback, or in network namespaces
- `generator.py`  one trial
"""
