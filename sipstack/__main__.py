"""`python -m sipstack [--json] FILE...`: what a message parses to, or why not.

Each file is one UDP datagram; `-` is the standard input. The judgement is that of a bare user agent server, one that
supports no extension and no scheme but sip, sips and tel (RFC 3261 section 8.2), and is in the line, not in the exit
code: 0 when every file was read, 2 when one could not be.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TypeAlias

from sipstack.agent import Abilities, inspect
from sipstack.errors import ParseError
from sipstack.message import Headers, Message, Request, Response, parse

Report: TypeAlias = dict[str, object]

_BARE: Final = Abilities(methods=None, extensions=(), content=None)
"""Any method and any body, but no extension: what it refuses, every user agent server does."""

_MORE_THAN_A_DATAGRAM: Final = 65536
"""Octets to read of a file: one more than can be judged, so that a longer file is seen to be too long."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line per file and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sipstack", description="What a SIP message parses to, or why not.")
    parser.add_argument("--json", action="store_true", help="JSON lines also when the output is a terminal")
    parser.add_argument("files", metavar="FILE", nargs="+", help="one UDP datagram; - is the standard input")
    options = parser.parse_args(arguments)
    as_json = options.json or not sys.stdout.isatty()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    unread = 0
    for name in options.files:
        try:
            data = _read(name)
        except (OSError, ValueError) as error:
            unread += 1
            report = _blank(name, f"cannot be read: {error}")
        else:
            report = judge(name, data)
        sys.stdout.write((json.dumps(report) if as_json else _plain(report)) + "\n")
    return 2 if unread else 0


def judge(name: str, data: bytes) -> Report:
    """The line for one datagram."""
    try:
        message = parse(data)
    except ParseError as error:
        report = _describe(name, error.message, str(error))
        if report["kind"] is None and data.lstrip(b"\r\n")[:4].upper() == b"SIP/":
            report["kind"] = "response"
        # A response is never answered, whatever is wrong with it: it is discarded (section 18.1.2).
        return report | {"status": None if report["kind"] == "response" else error.status}
    status, fault = _refusal(message)
    return _describe(name, message, fault) | {"status": status}


def _refusal(message: Message) -> tuple[int | None, str | None]:
    """What a bare user agent would answer to a readable message, and why; (None, None) when it takes it."""
    if isinstance(message, Response):
        # Section 8.1.3.3: a response with more than one Via was meant for somebody else.
        return None, "More Than One Via" if len(_values(message.headers, "via")) > 1 else None
    refusal = inspect(message, _BARE)
    return (None, None) if refusal is None else (refusal.status, refusal.text)


def _describe(name: str, message: object | None, error: str | None) -> Report:
    report = _blank(name, error)
    if not isinstance(message, Request | Response):
        return report
    headers = message.headers
    return report | {
        "kind": "request" if isinstance(message, Request) else "response",
        "method": _printable(message.method) if isinstance(message, Request) else None,
        "code": message.status if isinstance(message, Response) else None,
        "call_id": _printable(headers.first("call-id")),
        "cseq": _printable(headers.first("cseq")),
        "from": _printable(headers.first("from")),
        "vias": [_printable(via) for via in _values(headers, "via")],
        "headers": [[key, _printable(value)] for key, value in headers],
        "body_length": len(message.body),
    }


def _blank(name: str, error: str | None) -> Report:
    return {
        "file": _printable(name),
        "ok": error is None,
        "status": None,
        "error": _printable(error),
        "kind": None,
        "method": None,
        "code": None,
        "call_id": None,
        "cseq": None,
        "from": None,
        "vias": [],
        "headers": [],
        "body_length": None,
    }


def _values(headers: Headers, key: str) -> list[str]:
    try:
        return headers.values(key)
    except ParseError:
        return headers.all(key)


def _printable(text: str | None) -> str | None:
    """Bytes that are no UTF-8 as `\\xNN`: a lone surrogate is not JSON that every reader takes."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _plain(report: Report) -> str:
    what = report["method"] or report["code"] or report["kind"] or "nothing readable"
    verdict = "ok" if report["ok"] else f"refused {report['status']}" if report["status"] else "discarded"
    return f"{report['file']}: {what}: {verdict}" + ("" if report["ok"] else f": {report['error']}")


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(_MORE_THAN_A_DATAGRAM)
    with Path(name).open("rb") as file:
        return file.read(_MORE_THAN_A_DATAGRAM)


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough; nothing is left that may be flushed at exit
        sys.stdout = None
        code = 0
    sys.exit(code)
