"""`b2bua demo`: the stories of the decree, played."""

from b2bua.commands.common import Flag


def demo(*, once: Flag = False, json: Flag = False) -> int:
    """Play the stories of the decree between two carriers on this machine, until Ctrl-C.

    Parameters
    ----------
    once
        Play each story once; exit code 0 only if every verdict was as it should be.
    json
        One JSON object a story instead of the table.
    """
    from b2bua.demo import play

    return play(once=once, as_json=json)
