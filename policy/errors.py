"""What can go wrong here that is not the caller's doing: the profile's fault, or ours.

A claim, however hostile, raises nothing: it gets a verdict.
"""


class PolicyError(Exception):
    """Root of the errors of this package: the question was put wrongly, or the rules it needs are not there."""


class ProfileError(PolicyError):
    """A country profile that cannot be used. Names the file, the key, and the mend."""

    def __init__(self, file: str, key: str, mend: str) -> None:
        super().__init__(f"{file}: {key}: {mend}")
        self.file = file
        self.key = key
        self.mend = mend
