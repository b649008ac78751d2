"""Ladders of the extensions: PRACK (RFC 3262), UPDATE (RFC 3311), session timers (RFC 4028), more within a call."""

from typing import Final

from tests.sipstack.peers.ladders import (
    _ANSWERING,
    _BRANCH,
    _BYE,
    _INVITED,
    _TAG,
    _answer,
    _as_callee,
    _as_caller,
    _calling,
    _ladder,
    _message,
    _recv,
    _sdp,
    _send,
)

_HANGS_UP: Final = (_send(_as_callee("BYE", 9), repeat=True), _recv("200"))


def _with(message: str, *lines: str) -> str:
    """The message with these header lines too."""
    return message.replace("\nContent-", "\n" + "\n".join((*lines, "")) + "Content-", 1)


def _noting(response: str, header: str, variable: str) -> str:
    """Receives that response and keeps a header's value."""
    action = f'<ereg regexp="[^ ].*" search_in="hdr" header="{header}:" check_it="true" assign_to="{variable}"/>'
    return f'<recv response="{response}" rrs="true"><action>{action}</action></recv>'


def requires_100rel(target: str) -> str:
    """INVITE with Require: 100rel; PRACK for the 180; then the 200, and BYE."""
    return _ladder(
        _send(_with(_as_caller("INVITE", 1, to=target, branch=_BRANCH, sdp=_sdp()), "Require: 100rel"), repeat=True),
        _recv("100", optional="true"),
        _noting("180", "RSeq", "rseq"),
        _send(_with(_as_caller("PRACK", 2), "RAck: [$rseq] 1 INVITE"), repeat=True),
        _recv("200"),
        _recv("200", rrs="true"),
        _send(_as_caller("ACK", 1)),
        _send(_as_caller("BYE", 3), repeat=True),
        _recv("200"),
    )


def answers_reliably() -> str:
    """Called; a reliable 183 with the answer, sent until its PRACK; then the 200 and the other side's BYE."""
    reliable = _with(_answer("183 Session Progress", tag=_TAG, sdp=_sdp()), "Require: 100rel", "RSeq: 4711")
    contact = "Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>"
    kept = ("Via:[$via]", "From:[$caller]", f"To:[$callee]{_TAG}", "Call-ID: [call_id]", "CSeq:[$cseq]", contact)
    return _ladder(
        _INVITED,
        _send(reliable, repeat=True),
        _recv("PRACK"),
        _send(_answer("200 OK")),
        _send(_message("SIP/2.0 200 OK", *kept), repeat=True),
        _recv("ACK"),
        *_BYE,
    )


def calls_and_updates(target: str) -> str:
    """INVITE, an UPDATE with an offer, one without, BYE."""
    return _ladder(
        *_calling(target),
        _send(_as_caller("UPDATE", 2, sdp=_sdp(2, "sendonly")), repeat=True),
        _recv("200"),
        _send(_as_caller("UPDATE", 3), repeat=True),
        _recv("200"),
        _send(_as_caller("BYE", 4), repeat=True),
        _recv("200"),
    )


def answers_and_is_updated() -> str:
    """Called; the other side's UPDATE with an offer, and its BYE."""
    return _ladder(*_ANSWERING, _recv("UPDATE"), _send(_answer("200 OK", sdp=_sdp(2))), *_BYE)


def asks_for_too_short_a_session(target: str) -> str:
    """INVITE with 60 seconds: 422; with 90 seconds: 200 with these; BYE."""
    first = _with(
        _as_caller("INVITE", 1, to=target, branch=_BRANCH, sdp=_sdp()), "Supported: timer", "Session-Expires: 60"
    )
    again = _with(
        _as_caller("INVITE", 2, to=target, branch=f"{_BRANCH}b", sdp=_sdp()).replace("[peer_tag_param]", ""),
        "Supported: timer",
        "Session-Expires: 90;refresher=uac",
    )
    return _ladder(
        _send(first, repeat=True),
        _recv("100", optional="true"),
        _noting("422", "Min-SE", "least"),
        _send(_as_caller("ACK", 1, to=target, branch=_BRANCH)),
        _send(again, repeat=True),
        _recv("100", optional="true"),
        _recv("180", optional="true"),
        _noting("200", "Session-Expires", "interval"),
        _send(_as_caller("ACK", 2)),
        _send(_as_caller("BYE", 3), repeat=True),
        _recv("200"),
        '<Reference variables="least,interval"/>',
    )


def answers_and_is_refreshed() -> str:
    """Called; 200 with 90 seconds that the caller refreshes; its UPDATE after 45, answered; its BYE."""
    timed = (
        "Supported: timer",
        "Require: timer",
        "Session-Expires: 90;refresher=uac",
        "Allow: INVITE, ACK, BYE, UPDATE",
    )
    return _ladder(
        _INVITED,
        _send(_answer("180 Ringing", tag=_TAG)),
        _send(_with(_answer("200 OK", tag=_TAG, sdp=_sdp()), *timed), repeat=True),
        _recv("ACK"),
        _recv("UPDATE"),
        _send(_with(_answer("200 OK"), *timed[:3])),
        *_BYE,
    )


def calls_and_says_more(target: str) -> str:
    """INVITE; INFO, OPTIONS and an unknown method in the call; a request of lower number; BYE."""
    return _ladder(
        *_calling(target),
        _send(_as_caller("INFO", 2), repeat=True),
        _recv("200"),
        _send(_as_caller("OPTIONS", 3), repeat=True),
        _recv("200"),
        _send(_as_caller("BREW", 4), repeat=True),
        _recv("501"),
        _send(_as_caller("INFO", 1), repeat=True),
        _recv("500"),
        _send(_as_caller("BYE", 5), repeat=True),
        _recv("200"),
    )


def answers_and_is_told_more() -> str:
    """Called; the other side's INFO; BYE."""
    return _ladder(*_ANSWERING, _recv("INFO"), _send(_answer("200 OK")), *_HANGS_UP)
