"""Sockets, and the one timer of the process: the only part of `sipstack` that touches asyncio and the clock.

    transport   Transport, Inbox      what a socket and the driver are to each other
    driver      Driver, Endpoint      messages to the endpoint, its effects to the sockets, one timer
    udp         UdpSocket             datagrams; ICMP errors become `transport_failed`
    stream      StreamSocket          TCP and TLS: listener and outgoing connections under one name
    connection  StreamLimits          one connection: framing, what waits to be sent, how long it may live
    tls         Tls, Certificate      certificates and their reload, who the peer is (RFC 5922)
    resolver    Resolver              asks name servers what RFC 3263 wants to know; dns_servers sends the questions
    station     serve, open_station   a whole user agent (`sipstack.agent`) on the air

Each socket checks a source before anything of it is parsed. `Driver` owns the sockets, hands every message to an
`Endpoint` (anything with `receive`, `transport_failed`, `tick` and `deadline`: a bare transaction user, or the core of
the B2BUA), performs the effects that come back, and keeps one `call_later` armed at the endpoint's next deadline. No
task, callback or timer handle is held per message, nor per connection.

Start reading at `driver.py`.
"""

from sipstack.net.connection import StreamLimits
from sipstack.net.driver import Driver, Endpoint
from sipstack.net.resolver import Resolver
from sipstack.net.station import Station, open_station, serve
from sipstack.net.stream import StreamSocket, StreamStatistics, bind_tcp
from sipstack.net.tls import Certificate, Clients, Tls, identities, matches
from sipstack.net.transport import Inbox, Transport
from sipstack.net.udp import UdpSocket, bind_udp

__all__ = [
    "Certificate",
    "Clients",
    "Driver",
    "Endpoint",
    "Inbox",
    "Resolver",
    "Station",
    "StreamLimits",
    "StreamSocket",
    "StreamStatistics",
    "Tls",
    "Transport",
    "UdpSocket",
    "bind_tcp",
    "bind_udp",
    "identities",
    "matches",
    "open_station",
    "serve",
]
