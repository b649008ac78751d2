"""What keeps a benchmark from being run."""


class BenchError(Exception):
    """Told in one sentence, with what to do about it."""
