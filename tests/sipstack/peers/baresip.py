"""baresip as a telephone without sound: told what to do over its control port, its trace read for facts."""

import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import attrs

from tests.peers.waiting import until
from tests.sipstack.peers.certificates import Identity
from tests.sipstack.peers.process import HOST, PATIENCE, Process, free_pairs

MODULES = Path("/usr/lib/baresip/modules")
_TRACED = re.compile(
    r"\x1b\[36;1m#\n(?P<transport>UDP|TCP|TLS) (?P<source>\S+) -> (?P<target>\S+)\n(?P<text>.*?)\x1b\[;m",
    re.DOTALL,
)
_OTHER_THREAD = re.compile(r"aubridge: thread [^\n]*\n")
"""The one line that does not come from baresip's main thread, and so may stand in the middle of a message."""
Event: TypeAlias = dict[str, object]


@attrs.frozen
class Traced:
    """One message as baresip sent or received it."""

    transport: str
    source: str
    target: str
    text: str

    @property
    def start(self) -> str:
        """Its start line."""
        return self.text.partition("\n")[0].rstrip("\r")


@attrs.define(eq=False, kw_only=True)
class Baresip:
    """One baresip; UDP and TCP on `port`, TLS on the next."""

    port: int
    process: Process
    control: "_Control"

    @classmethod
    def start(
        cls, folder: Path, authority: Path, identity: Identity, proxies: Mapping[str, str] | None = None
    ) -> "Baresip":
        """It takes calls when this returns. `proxies` are further accounts, each with the proxy it calls through."""
        folder.mkdir(parents=True)
        port, control, media = free_pairs(3)
        (folder / "config").write_text(
            _CONFIGURATION.format(
                host=HOST,
                port=port,
                control=control,
                modules=MODULES,
                media=min(media, 65_000),
                certificate=identity.both,
                authority=authority,
            )
        )
        accounts = [f"<sip:baresip@{HOST}:{port}>;regint=0"]
        accounts += [f'<sip:{name}@{HOST}:{port}>;regint=0;outbound="{uri}"' for name, uri in (proxies or {}).items()]
        (folder / "accounts").write_text("\n".join([*accounts, ""]))
        (folder / "contacts").touch()
        process = Process.start(["baresip", "-f", ".", "-s"], folder)
        try:
            process.says("^baresip is ready")
            process.listens(tcp=(control, port, port + 1), udp=(port,))
            return cls(port=port, process=process, control=_Control.to(control))
        except BaseException:
            process.close()
            raise

    def uri(self, transport: str) -> str:
        """Where it is called over that transport."""
        return f"sip:baresip@{HOST}:{self.port + (transport == 'tls')};transport={transport}"

    def dial(self, uri: str, account: str = "baresip") -> None:
        """Calls from one of its accounts."""
        self.control.tell("uafind", f"sip:{account}@{HOST}:{self.port}")
        self.control.tell("dial", uri)

    def answer(self) -> None:
        """Takes the call that comes in."""
        self.control.tell("accept")

    def hang_up(self) -> None:
        """BYE, CANCEL, or 486 for a call that comes in."""
        self.control.tell("hangup")

    def hold(self) -> None:
        """A re-INVITE that sends no more."""
        self.control.tell("hold")

    def resume(self) -> None:
        """A re-INVITE that takes it back."""
        self.control.tell("resume")

    def tells(self, kind: str) -> Event:
        """Waits for the next event of that kind; those before it are passed over."""
        return self.control.event(kind)

    @property
    def trace(self) -> list[Traced]:
        """What it sent and received, in order; what was sent again stands once."""
        found = _TRACED.finditer(_OTHER_THREAD.sub("", self.process.said))
        messages = (Traced(m["transport"], m["source"], m["target"], m["text"]) for m in found)
        return list(dict.fromkeys(messages))

    def traces(self, start: str, cseq: str = "", times: int = 1) -> Traced:
        """Waits for that many messages with that start and that method in CSeq; the last of them."""

        def seen() -> list[Traced]:
            found = [m for m in self.trace if m.start.startswith(start) and f" {cseq}" in _cseq(m.text)]
            return found if len(found) >= times else []

        return until(seen, f"baresip traces {start!r} {cseq} {times} times; so far: {self.ladder}", PATIENCE)[-1]

    @property
    def ladder(self) -> list[str]:
        """The trace in short, for a test that fails."""
        return [f"{m.transport} {m.source}->{m.target} {m.start} ({_cseq(m.text).strip()})" for m in self.trace]

    def close(self) -> None:
        """Whatever it was doing."""
        self.control.close()
        self.process.close()


def _cseq(text: str) -> str:
    found = re.search(r"^CSeq:([^\r\n]*)", text, re.MULTILINE)
    return found[1] if found else ""


@attrs.define(eq=False)
class _Control:
    """Netstrings of JSON, commands one way, responses and events the other."""

    sock: socket.socket
    received: bytes = b""
    events: list[Event] = attrs.field(factory=list)
    answers: list[Event] = attrs.field(factory=list)

    @classmethod
    def to(cls, port: int) -> "_Control":
        return cls(socket.create_connection((HOST, port), PATIENCE))

    def tell(self, command: str, parameters: str = "") -> str:
        """The command's own words about how it went; AssertionError when it did not go."""
        text = json.dumps({"command": command, "params": parameters, "token": command}).encode()
        self.sock.settimeout(PATIENCE)
        self.sock.sendall(b"%d:%s," % (len(text), text))
        while not self.answers:
            self._read()
        answer = self.answers.pop(0)
        assert answer["ok"] is True, f"baresip on {command} {parameters}: {answer}"
        return str(answer["data"])

    def event(self, kind: str) -> Event:
        passed = []
        self.sock.settimeout(PATIENCE)
        while True:
            while self.events:
                event = self.events.pop(0)
                if event["type"] == kind:
                    return event
                passed.append(event["type"])
            try:
                self._read()
            except TimeoutError:
                raise AssertionError(f"baresip tells no {kind}, but {passed}") from None

    def _read(self) -> None:
        data = self.sock.recv(65_535)
        assert data, "baresip has closed its control port"
        self.received += data
        while True:
            size, colon, rest = self.received.partition(b":")
            if not colon or len(rest) <= int(size):
                return
            self.received = rest[int(size) + 1 :]
            message = json.loads(rest[: int(size)])
            (self.events if "event" in message else self.answers).append(message)

    def close(self) -> None:
        self.sock.close()


_CONFIGURATION = """
poll_method epoll
net_interface {host}
sip_listen {host}:{port}
sip_certificate {certificate}
sip_cafile {authority}
call_local_timeout 120
call_max_calls 16
audio_player aubridge,quiet
audio_source aubridge,quiet
audio_alert aubridge,quiet
rtp_ports {media}-65534
module_path {modules}
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control}
menu_bell no
ringback_disabled yes
"""
