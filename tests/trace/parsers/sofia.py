"""Sofia-SIP, the stack of Nokia's and FreeSWITCH's user agents, loaded as a library: no process, no compiler.

Of the parsers in C that come as a Debian package it is the strictest: it names each header that it cannot read, and
checks what a message must have (`sip_sanity_check`), where libosip2 looks at the grammar alone.
"""

import ctypes
import ctypes.util
from collections.abc import Sequence

import attrs

LIBRARY = "libsofia-sip-ua.so.0"
#: What parsing has come to, and what has gone wrong: `MSG_FLG_*` of sofia-sip/msg.h.
_HEADERS, _BODY, _COMPLETE, _ERROR, _CUT = 1 << 16, 1 << 17, 1 << 24, 1 << 25, 0b111 << 26


class _Common(ctypes.Structure):
    """The head of every header and of the message itself: `msg_common_s`, sofia-sip/msg_types.h."""

    _fields_ = (
        ("next", ctypes.c_void_p),
        ("previous", ctypes.c_void_p),
        ("kind", ctypes.c_void_p),
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_uint),
    )


class _Message(ctypes.Structure):
    """The head of a message: `sip_s`, sofia-sip/sip.h."""

    _fields_ = (
        ("common", _Common),
        ("next", ctypes.c_void_p),
        ("user", ctypes.c_void_p),
        ("size", ctypes.c_uint),
        ("flags", ctypes.c_uint),
        ("error", ctypes.c_void_p),
        ("request", ctypes.c_void_p),
        ("status", ctypes.c_void_p),
    )


@attrs.frozen(eq=False)
class Sofia:
    """The library; OSError from `load` where it is not installed."""

    _library: ctypes.CDLL

    @classmethod
    def load(cls) -> "Sofia":
        library = ctypes.CDLL(LIBRARY)
        library.sip_default_mclass.restype = ctypes.c_void_p
        library.msg_make.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_ssize_t)
        library.msg_make.restype = ctypes.c_void_p
        library.msg_object.argtypes = (ctypes.c_void_p,)
        library.msg_object.restype = ctypes.c_void_p
        library.msg_destroy.argtypes = (ctypes.c_void_p,)
        library.sip_sanity_check.argtypes = (ctypes.c_void_p,)
        return cls(library)

    def objections(self, messages: Sequence[bytes]) -> list[str]:
        """What it has against any of these datagrams."""
        return [f"{why}: {data!r}" for data in messages if (why := self._objection(data))]

    def _objection(self, data: bytes) -> str:
        made = self._library.msg_make(self._library.sip_default_mclass(), 0, data, len(data))
        assert made, "no memory"
        try:
            where = self._library.msg_object(made)
            message = _Message.from_address(where)
            if message.error:
                header = _Common.from_address(message.error)
                text = ctypes.string_at(header.data, header.length) if header.data else b""
                return f"a header it cannot read, {text!r}"
            if not (message.request or message.status):
                return "no start line"
            wanted = _HEADERS | _BODY | _COMPLETE
            if message.flags & wanted != wanted or message.flags & (_ERROR | _CUT):
                return f"the flags {message.flags:#x}"
            return "not sane" if self._library.sip_sanity_check(where) else ""
        finally:
            self._library.msg_destroy(made)
