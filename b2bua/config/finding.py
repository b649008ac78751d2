"""What is wrong or doubtful in a configuration, before anybody has looked for its line."""

import attrs

Where = tuple[str | int, ...]


@attrs.frozen
class Finding:
    """Something about the file, before its line is known."""

    where: Where
    problem: str
    mend: str
    fatal: bool = True
