"""Sockets, and the one timer of the process: the only part of `sipstack` that touches asyncio and the clock.

`UdpSocket` binds one listening address, checks each datagram's source before anything is parsed, and sends.
`Driver` owns the sockets, hands every datagram to an `Endpoint` (anything with `receive`, `tick` and `deadline`: a
bare transaction user, or the core of the B2BUA), performs the effects that come back, and keeps one `call_at` armed
at the endpoint's next deadline. It holds no task, callback or timer handle per message.

Start reading at `driver.py`.
"""

from sipstack.net.driver import Driver, Endpoint
from sipstack.net.udp import UdpSocket, bind_udp

__all__ = ["Driver", "Endpoint", "UdpSocket", "bind_udp"]
