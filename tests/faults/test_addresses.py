"""A peer whose address or port changes in the middle of a call."""

import pytest

from sipstack.flow import Flow
from tests.faults.bare import SDP, SOURCE, Bare, invite
from tests.world.scene import ABROAD_SOCKET
from tests.world.wire import Wire, write

REBOUND = Flow(ABROAD_SOCKET, ("192.0.2.1", 40_123))


def answer(request: Wire, body: bytes = b"") -> bytes:
    names = ("Via", "From", "To", "Call-ID", "CSeq")
    kept = [(name, request.first(name.lower())) for name in names]
    kept = [(name, value + ";tag=b" if name == "To" and not request.to_tag else value) for name, value in kept]
    return write("SIP/2.0 200 OK", [*kept, ("Contact", "<sip:b@198.51.100.1>")], body)


def in_dialog(method: str, number: int, to: str, contact: str, *, rport: bool = True) -> bytes:
    fields = [
        ("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-{method}-{number}{';rport' if rport else ''}"),
        ("Max-Forwards", "70"),
        ("From", "<sip:+33612345678@192.0.2.1>;tag=1"),
        ("To", to),
        ("Call-ID", "bare-1"),
        ("CSeq", f"{number} {method}"),
        ("Contact", f"<sip:a@{contact}>"),
    ]
    return write(f"{method} sip:192.0.2.10 SIP/2.0", fields, SDP if method == "INVITE" else b"")


def standing() -> tuple[Bare, str, Flow]:
    """A call that stands, the To of its caller's requests, and where its callee is."""
    bare = Bare(keep=True)
    bare.hear(invite(1))
    (placed,) = [send for send in bare.sent if send.data.startswith(b"INVITE")]
    bare.hear(answer(Wire.read(placed.data), SDP), placed.flow)
    to = next(Wire.read(send.data) for send in bare.sent if send.data.startswith(b"SIP/2.0 200")).first("to")
    bare.hear(in_dialog("ACK", 1, to, "192.0.2.1:5060"))
    bare.sent.clear()
    return bare, to, placed.flow


@pytest.mark.parametrize(("rport", "port"), [(True, 40_123), (False, 5_060)])
def test_responses_follow_the_port_that_a_request_came_from(rport: bool, port: int) -> None:
    # RFC 3581 §4: with rport, "to the source port"; without it, to the port of sent-by (RFC 3261 §18.2.2).
    bare, to, callee = standing()
    bare.hear(in_dialog("INFO", 2, to, "192.0.2.1:5060", rport=rport), REBOUND)
    placed = bare.sent[-1]
    assert placed.flow == callee
    bare.hear(answer(Wire.read(placed.data)), callee)
    assert bare.sent[-1].flow == Flow(ABROAD_SOCKET, ("192.0.2.1", port))


def test_requests_in_the_dialog_follow_the_last_contact() -> None:
    bare, to, callee = standing()
    bare.hear(in_dialog("INVITE", 2, to, "192.0.2.1:40123"), REBOUND)
    placed = next(send for send in bare.sent if send.data.startswith(b"INVITE"))
    bare.hear(answer(Wire.read(placed.data), SDP), callee)
    bare.hear(in_dialog("ACK", 2, to, "192.0.2.1:40123"), REBOUND)
    bare.wait(700.0)
    goodbye = next(send for send in bare.sent if send.data.startswith(b"BYE") and send.flow.socket == ABROAD_SOCKET)
    assert goodbye.flow == REBOUND


def test_a_copy_from_another_port_is_no_second_request() -> None:
    bare = Bare(keep=True)
    bare.hear(invite(1), SOURCE)
    bare.hear(invite(1), REBOUND)
    assert len([send for send in bare.sent if send.data.startswith(b"INVITE")]) == 1
    assert bare.core.statistics().calls == 1
