"""The statistics of several workers as those of one gateway."""

from collections.abc import Sequence


def summed(values: Sequence[object]) -> object:
    """Numbers are added up, tables key by key; of anything else, the first says what all say."""
    first = values[0]
    if isinstance(first, dict):
        tables = [value for value in values if isinstance(value, dict)]
        keys = dict.fromkeys(key for table in tables for key in table)
        return {key: summed([table[key] for table in tables if key in table]) for key in keys}
    if isinstance(first, int | float) and not isinstance(first, bool):
        return sum(value for value in values if isinstance(value, int | float))
    return first
