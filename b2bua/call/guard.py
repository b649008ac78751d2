"""The egress guard: whether what is about to leave still shows digits that the callee must not see.

It reads the printed message and not the edits that were meant to clean it, so that an edit that missed a place is
caught by something that does not share its mistake.
"""

from collections.abc import Iterable

from policy.numbering.hidden import plain

#: Fewer digits stand in any message by chance: in a port, a codec, a clock rate.
FEWEST = 6


def shows(text: str, digits: str) -> bool:
    """Whether the digits stand in a line of text, in any spelling: escaped, separated, full-width, folded."""
    return digits in plain(text).replace(" ", "")


def leak(wire: bytes, secrets: Iterable[str], called: str) -> str | None:
    """The first line of a printed message that shows a secret, named by its header; None when none does.

    The Request-URI and To must hold the called number, even where a subscriber calls their own mailbox, so these two
    lines are passed over for a secret that the called number contains.
    """
    wanted = [digits for digits in secrets if len(digits) >= FEWEST]
    if not wanted:
        return None
    head, _, body = wire.decode("utf-8", "surrogateescape").partition("\r\n\r\n")
    if "\ncontent-encoding:" in head.lower() or "\ne:" in head.lower():
        return "Content-Encoding"
    lines = head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    for number, line in enumerate(lines):
        name = line.partition(":")[0].strip().lower()
        for digits in wanted:
            addressed = (number == 0 or name in ("to", "t")) and digits in plain(called).replace(" ", "")
            if not addressed and shows(line, digits):
                return "Request-URI" if number == 0 else line.partition(":")[0]
    return "body" if any(shows(line, digits) for line in body.splitlines() for digits in wanted) else None
