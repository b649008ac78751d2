"""The first of several times, any of which may not be set."""


def earliest(*times: float | None) -> float | None:
    """The least of those that are set; None when none is."""
    first = None
    for at in times:
        if at is not None and (first is None or at < first):
            first = at
    return first
