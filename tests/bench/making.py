"""What the tests of the bench judge."""

from bench.sipp import Trial


def trial(**changes: object) -> Trial:
    """One that held, but for what is changed."""
    facts: dict[str, object] = {
        "box": "b2bua",
        "rate": 100.0,
        "calls": 500,
        "succeeded": 500,
        "repeated": 0,
        "seconds": 5.1,
        "cpu": 0.5,
        "sipp": 0.1,
        "others": 0.0,
    }
    return Trial(**{**facts, **changes})  # type: ignore[arg-type]
