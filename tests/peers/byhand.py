"""A caller and a callee without a stack, for what SIPp will not say: each message is written out, nothing happens by
itself."""

from types import TracebackType
from typing import Self

from tests.peers.ports import bound
from tests.peers.rig import Side
from tests.peers.waiting import LONG

INVITE_BRANCH = "z9hG4bKbyhand"


class ByHand:
    """A socket of one side."""

    def __init__(self, side: Side, port: int) -> None:
        self.side = side
        self.own = side.address(port)
        self._sock = bound(side.host, port)
        self._sock.settimeout(LONG)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._sock.close()

    def send(self, *lines: str) -> None:
        """These lines, and no body."""
        text = "\r\n".join([*lines, "Content-Length: 0", "", ""])
        self._sock.sendto(text.encode(), (self.side.host, self.side.listen))

    def hear(self) -> str:
        """The next datagram."""
        return self._sock.recv(65_535).decode()


class Caller(ByHand):
    """One dialog from the odd port of a side."""

    def __init__(self, side: Side) -> None:
        super().__init__(side, side.odd)
        self._tag = ""

    def say(self, method: str, number: int, branch: str | None = None) -> None:
        """A request, in the dialog once there is one; its branch is made of method and number unless given."""
        self.send(
            f"{method} sip:+3293330000@box.example SIP/2.0",
            f"Via: SIP/2.0/UDP {self.own};branch={branch or f'{INVITE_BRANCH}{method}{number}'}",
            "From: <sip:+442079460000@foreign.example>;tag=a",
            f"To: <sip:+3293330000@callee.example>{self._tag}",
            f"Call-ID: byhand-{self.side.odd}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:a@{self.own}>",
            "Max-Forwards: 70",
        )

    def hear_to(self, number: int, method: str, status: int) -> str:
        """Everything up to the response of that status to that request, which it returns."""
        while True:
            text = self.hear()
            if field(text, "CSeq") == f"{number} {method}" and text.startswith(f"SIP/2.0 {status} "):
                return text

    def take_tag(self, text: str) -> None:
        """Goes on in the dialog of that response."""
        self._tag = ";tag=" + field(text, "To").partition(";tag=")[2]


class Callee(ByHand):
    """Whoever is called at the peer's port of a side, with as many tags as it likes."""

    def __init__(self, side: Side) -> None:
        super().__init__(side, side.peer)

    def hear_request(self, method: str) -> str:
        """The next request of that method; others, and responses, are passed over."""
        while True:
            text = self.hear()
            if text.startswith(f"{method} "):
                return text

    def answer(self, request: str, status: int = 200, tag: str = "") -> None:
        """A response to it; the tag is added to To unless that has one."""
        self.send(
            f"SIP/2.0 {status} By Hand",
            f"Via: {field(request, 'Via')}",
            f"From: {field(request, 'From')}",
            f"To: {field(request, 'To')}{tag and f';tag={tag}'}",
            f"Call-ID: {field(request, 'Call-ID')}",
            f"CSeq: {field(request, 'CSeq')}",
            f"Contact: <sip:b@{self.own}>",
        )


def field(text: str, name: str) -> str:
    """The value of the first header of that name."""
    return text.partition(f"\r\n{name}: ")[2].partition("\r\n")[0]
