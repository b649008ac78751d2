"""d"""


def play(*, once: bool, as_json: bool) -> int:
    """x"""
    return 0
