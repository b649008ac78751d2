"""An rtpengine in userspace, told by a few messages of its ng protocol what it has to relay.

Bencode, which every version of it understands: a string has its length before it, a dictionary is between d and e.
"""

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.media.generator import Flow, Standing, written
from bench.media.nets import Net
from bench.peers.offer import Settings
from bench.processes import LOOPBACK, await_bound, free_ports, running

#: Seconds that an answer may take.
_PATIENCE: Final = 5.0
_LARGEST: Final = 65_535
#: Where it receives: four ports for each flow.
_RANGE: Final = (20_000, 32_000)
_SDP: Final = "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio {1} RTP/AVP 8\r\n"


@contextmanager
def rtpengine(folder: Path, core: int, net: Net, flows: Sequence[Flow]) -> Iterator[Standing]:
    """With one thread, no part in the kernel, and a session for each flow. Raises NotHereError, BenchError."""
    program = Settings().program("rtpengine")
    log = folder / "rtpengine.log"
    with net.within():
        (control,) = free_ports(1)
        command = [str(program), "--foreground", "--table=-1", "--num-threads=1", "--log-stderr", "--log-level=3"]
        command += [f"--interface=a/{net.face_a}", f"--interface=b/{net.face_b}"]
        command += [f"--listen-ng={LOOPBACK}:{control}", f"--port-min={_RANGE[0]}", f"--port-max={_RANGE[1]}"]
        with running(command, core, log) as process:
            await_bound(process, control, log)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(_PATIENCE)
                sock.connect((LOOPBACK, control))
                engaged = [_engaged(sock, number, net, flow) for number, flow in enumerate(flows)]
            yield Standing(net=net, flows=written(engaged, folder), peers=2 * len(flows), process=process.pid)


def _engaged(sock: socket.socket, number: int, net: Net, flow: Flow) -> Flow:
    """A session that stands, with the ports that the engine has chosen for it."""
    call = {"call-id": f"flow-{number}", "from-tag": "a"}
    offer = {"command": "offer", **call, "direction": ["a", "b"], "sdp": _SDP.format(net.a, flow.a)}
    face_b = _port(_asked(sock, number, offer))
    answer = {"command": "answer", **call, "to-tag": "b", "sdp": _SDP.format(net.b, flow.b)}
    return Flow(flow.a, _port(_asked(sock, number, answer)), flow.b, face_b)


def _asked(sock: socket.socket, number: int, question: Mapping[str, object]) -> str:
    sock.send(f"{number}-{question['command']} ".encode() + _bencoded(question))
    try:
        return sock.recv(_LARGEST).decode()
    except OSError as error:
        raise BenchError(f"rtpengine does not answer: {error}") from error


def _port(answer: str) -> int:
    found = re.search(r"m=audio (\d+) ", answer)
    if found is None:
        raise BenchError(f"rtpengine refuses: {answer}")
    return int(found[1])


def _bencoded(value: object) -> bytes:
    if isinstance(value, Mapping):
        return b"d" + b"".join(_bencoded(key) + _bencoded(value[key]) for key in value) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(_bencoded, value)) + b"e"
    text = str(value).encode()
    return b"%d:%s" % (len(text), text)
