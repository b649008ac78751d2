"""What we hold ourselves to beside the peers: ratios of ours to theirs in one run, and nothing absolute but memory."""

from collections.abc import Iterator, Sequence
from typing import Literal

import attrs

from bench.figures import Figure
from bench.peers.table import OURS


@attrs.frozen(kw_only=True)
class Claim:
    """Our figure is at most, or at least, so many times a peer's; without a peer, so much."""

    quantity: str
    box: str = OURS
    """Which of ours."""
    peer: str = ""
    bound: Literal["at most", "at least"] = "at most"
    factor: float

    def met(self, ratio: float) -> bool:
        """Whether that ratio (or value) is what is claimed."""
        return ratio <= self.factor if self.bound == "at most" else ratio >= self.factor


CLAIMS = (
    Claim(quantity="CPU per call at 200/s", peer="opensips", factor=1.0),
    Claim(quantity="CPU per call at its highest rate", peer="opensips", factor=1.0),
    Claim(quantity="CPU per call at 200/s", peer="kamailio", factor=0.5),
    Claim(quantity="CPU per call at 200/s", peer="forwarder-uvloop", factor=5.0),
    Claim(quantity="highest rate", peer="opensips", bound="at least", factor=1.0),
    Claim(quantity="highest rate", peer="kamailio", bound="at least", factor=1.3),
    Claim(quantity="highest rate", peer="sippy", bound="at least", factor=6.0),
    Claim(quantity="post-dial delay at 200/s, p50", peer="kamailio", factor=1.0),
    Claim(quantity="post-dial delay at 200/s, p99", peer="kamailio", factor=1.0),
    Claim(quantity="CPU per call at 200/s", box="b2bua-2-workers", peer=OURS, factor=1.25),
    Claim(quantity="memory per held call, 10,000 up", factor=12.0),
)


@attrs.frozen
class Judged:
    """A claim beside what was measured."""

    claim: Claim
    ratio: float | None
    """None: one of the two was not measured."""

    def __str__(self) -> str:
        claim, unit = self.claim, f"times {self.claim.peer}'s" if self.claim.peer else "KiB"
        found = "not measured" if self.ratio is None else f"{self.ratio:.3g}"
        word = "-" if self.ratio is None else "yes" if claim.met(self.ratio) else "NO"
        return f"{word:3} {claim.box}, {claim.quantity}: {claim.bound} {claim.factor:g} {unit}; {found}"


def judge(figures: Sequence[Figure], claims: Sequence[Claim] = CLAIMS) -> Iterator[Judged]:
    """Each claim with the ratio that this run gives."""
    values = {(figure.quantity, figure.subject): figure.value for figure in figures}
    for claim in claims:
        ours = values.get((claim.quantity, claim.box))
        theirs = values.get((claim.quantity, claim.peer)) if claim.peer else 1.0
        yield Judged(claim, None if ours is None or not theirs else ours / theirs)
