"""`b2bua journal`: the evidence as files, and whether they are as they were written."""

from pathlib import Path

from cyclopts import App

from b2bua.commands.common import WANTING, stop

journal = App(name="journal", help="The evidence as files, and whether they are as they were written.")


@journal.command
def verify(directory: Path, /) -> int:
    """Check the hash chain of a journal; exit code 1 and the first broken line when it does not hold.

    Parameters
    ----------
    directory
        The folder of the journal.
    """
    from b2bua.evidence import chains_of
    from b2bua.evidence import verify as verify_chain

    chains = chains_of(directory)
    if not chains:
        stop(f"{directory} holds no journal")
    broken = [found for chain in chains if (found := verify_chain(chain)) is not None]
    for found in broken:
        print(found)  # noqa: T201
    if broken:
        return WANTING
    segments, hold = sum(map(len, chains)), "the chain holds" if len(chains) == 1 else f"{len(chains)} chains hold"
    print(f"{directory}: {segments} segments, {hold}")  # noqa: T201
    return 0
