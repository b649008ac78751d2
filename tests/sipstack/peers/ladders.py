"""The ladders SIPp plays, as its XML. In each, one call; everything a message needs is in sight.

A caller asks its own `TARGET`; requests inside the dialog go where the other side's Contact and Record-Route say
(RFC 3261 §12.2.1.1), so that a wrong one fails the ladder.
"""

from typing import Final

_SDP: Final = """v=0
o=sipp 7 @VERSION@ IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 40000 RTP/AVP 0
a=@DIRECTION@
"""
_CONTACT: Final = "Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>"
_REINVITE: Final = "o=sipp 7 2 IN"


def _message(*lines: str, sdp: str = "") -> str:
    content = ("Content-Type: application/sdp", "Content-Length: [len]") if sdp else ("Content-Length: 0",)
    return "\n".join(("", *lines, *content, "", sdp))


def _send(message: str, *, repeat: bool = False) -> str:
    return f"<send{' retrans=' + chr(34) + '500' + chr(34) if repeat else ''}><![CDATA[{message}]]></send>"


def _sdp(version: int = 1, direction: str = "sendrecv") -> str:
    return _SDP.replace("@VERSION@", str(version)).replace("@DIRECTION@", direction)


def _recv(what: str, **attributes: str) -> str:
    kind = "response" if what.isdigit() else "request"
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<recv {kind}="{what}"{more}/>'


def _as_caller(method: str, number: int, *, to: str = "[next_url]", branch: str = "[branch]", sdp: str = "") -> str:
    """A request of the caller; INVITE, CANCEL and the ACK to a failure share URI and branch (§9.1, §17.1.1.3)."""
    return _message(
        f"{method} {to} SIP/2.0",
        f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}",
        "From: <sip:sipp@peers.test>;tag=[pid]A[call_number]",
        "To: <sip:ua@peers.test>[peer_tag_param]",
        "Call-ID: [call_id]",
        f"CSeq: {number} {method}",
        *(["[routes]"] if to == "[next_url]" else []),
        _CONTACT,
        "Max-Forwards: 70",
        sdp=sdp,
    )


def _as_callee(method: str, number: int, *, sdp: str = "") -> str:
    """A request of the callee, by what it kept of the INVITE."""
    return _message(
        f"{method} [next_url] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        "From:[$callee];tag=[pid]B[call_number]",
        "To:[$caller]",
        "Call-ID: [call_id]",
        f"CSeq: {number} {method}",
        "[routes]",
        _CONTACT,
        "Max-Forwards: 70",
        sdp=sdp,
    )


def _answer(status: str, *, sdp: str = "", tag: str = "") -> str:
    """To the request that has just come."""
    return _message(
        f"SIP/2.0 {status}",
        "[last_Via:]",
        "[last_From:]",
        f"[last_To:]{tag}",
        "[last_Call-ID:]",
        "[last_CSeq:]",
        "[last_Record-Route:]",
        _CONTACT,
        sdp=sdp,
    )


_TAG: Final = ";tag=[pid]B[call_number]"
_BRANCH: Final = "z9hG4bKinvite[pid]x[call_number]"
_BYE: Final = (_recv("BYE"), _send(_answer("200 OK")))
_INVITED: Final = """<recv request="INVITE" rrs="true"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>
<ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>
<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>
</action></recv><Reference variables="caller,callee,via,cseq"/>"""


def _ladder(*steps: str) -> str:
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', '<scenario name="ladder">', *steps, "</scenario>", ""))


def _calling(target: str) -> tuple[str, ...]:
    """Up to the 2xx and its ACK."""
    return (
        _send(_as_caller("INVITE", 1, to=target, branch=_BRANCH, sdp=_sdp()), repeat=True),
        _recv("100", optional="true"),
        _recv("180", optional="true"),
        _recv("200", rrs="true"),
        _send(_as_caller("ACK", 1)),
    )


_ANSWERING: Final = (
    _INVITED,
    _send(_answer("180 Ringing", tag=_TAG)),
    _send(_answer("200 OK", tag=_TAG, sdp=_sdp()), repeat=True),
    _recv("ACK"),
)


def _asks_again(request: str, ack: str) -> tuple[str, ...]:
    """A re-INVITE of SIPp's."""
    return (
        _send(request, repeat=True),
        _recv("100", optional="true"),
        _recv("200", rrs="true"),
        _send(ack),
    )


#: A re-INVITE of the other side's.
_IS_ASKED_AGAIN: Final = (_recv("INVITE"), _send(_answer("200 OK", sdp=_sdp(2)), repeat=True), _recv("ACK"))


def calls_and_hangs_up(target: str) -> str:
    """INVITE, BYE."""
    return _ladder(*_calling(target), _send(_as_caller("BYE", 2), repeat=True), _recv("200"))


def calls_and_is_hung_up(target: str) -> str:
    """INVITE; the other side's BYE."""
    return _ladder(*_calling(target), *_BYE)


def calls_and_cancels(target: str) -> str:
    """INVITE, CANCEL while it rings."""
    return _ladder(
        _send(_as_caller("INVITE", 1, to=target, branch=_BRANCH, sdp=_sdp()), repeat=True),
        _recv("100", optional="true"),
        _recv("180"),
        _send(_as_caller("CANCEL", 1, to=target, branch=_BRANCH).replace("[peer_tag_param]", ""), repeat=True),
        _recv("200"),
        _recv("487"),
        _send(_as_caller("ACK", 1, to=target, branch=_BRANCH)),
    )


def calls_and_asks_again(target: str) -> str:
    """INVITE, a re-INVITE that holds, BYE."""
    again = _as_caller("INVITE", 2, sdp=_sdp(2, "sendonly"))
    return _ladder(
        *_calling(target),
        *_asks_again(again, _as_caller("ACK", 2)),
        _send(_as_caller("BYE", 3), repeat=True),
        _recv("200"),
    )


def calls_and_is_asked_again(target: str) -> str:
    """INVITE; the other side's re-INVITE and BYE."""
    return _ladder(*_calling(target), *_IS_ASKED_AGAIN, *_BYE)


def answers_and_is_hung_up() -> str:
    """Called; the other side's BYE."""
    return _ladder(*_ANSWERING, *_BYE)


def answers_and_hangs_up() -> str:
    """Called; BYE."""
    return _ladder(*_ANSWERING, _send(_as_callee("BYE", 1), repeat=True), _recv("200"))


def rings_and_is_cancelled() -> str:
    """Called; the other side's CANCEL."""
    kept = ("Via:[$via]", "From:[$caller]", f"To:[$callee]{_TAG}", "Call-ID: [call_id]", "CSeq:[$cseq]")
    return _ladder(
        _INVITED,
        _send(_answer("180 Ringing", tag=_TAG)),
        _recv("CANCEL"),
        _send(_answer("200 OK", tag=_TAG)),
        _send(_message("SIP/2.0 487 Request Terminated", *kept), repeat=True),
        _recv("ACK"),
    )


def answers_and_asks_again() -> str:
    """Called; a re-INVITE that holds; the other side's BYE."""
    again = _as_callee("INVITE", 1, sdp=_sdp(2, "sendonly"))
    return _ladder(*_ANSWERING, *_asks_again(again, _as_callee("ACK", 1)), *_BYE)


def answers_and_is_asked_again() -> str:
    """Called; the other side's re-INVITE and BYE."""
    return _ladder(*_ANSWERING, *_IS_ASKED_AGAIN, *_BYE)
