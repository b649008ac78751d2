"""A configuration, a desk and people, for the tests of the register."""

import datetime
from pathlib import Path

import attrs

from b2bua.config import Config, FourEyes, load
from b2bua.evidence import Desk
from b2bua.register import Done, Entries, add, desk_of
from policy.register import civil_day

NOW = datetime.datetime(2026, 3, 31, 12, tzinfo=datetime.UTC)
TODAY = civil_day(NOW)
DAY = datetime.timedelta(days=1)
TOML = """
[journal]
directory = "evidence"
segment_mib = 1
[[trunk]]
name = "abroad"
class = "international"
listen = ["127.0.0.1:25060"]
peers = ["127.0.0.2"]
[[trunk]]
name = "special"
class = "article-4"
listen = ["127.0.0.1:25061"]
peers = ["127.0.0.4"]
[[trunk]]
name = "home"
class = "national"
listen = ["127.0.0.1:25062"]
peers = ["127.0.0.3"]
targets = ["127.0.0.3:5060"]
"""
AGREEMENT = {
    "reference": "A-1",
    "trunk": "special",
    "service": "nomadic",
    "holder": "Operator",
    "evidence": "dms/1",
    "numbers": ["+3225551212", "+3225551213"],
}
CONSENT = {"reference": "C-1", "forwarding": "+33612345678", "called": "+32470123456"}
BLOCK = {"reference": "B-1", "number": "+442079460000"}


@attrs.define
class Office:
    """A gateway's desk, and the people at it."""

    config: Config

    @classmethod
    def at(cls, folder: Path, four_eyes: FourEyes = FourEyes.NONE) -> "Office":
        path = folder / "gateway.toml"
        path.write_text(f'{TOML}\n[register]\nfour_eyes = "{four_eyes}"\n')
        return cls(load(path))

    @property
    def desk(self) -> Desk:
        return desk_of(self.config)

    @property
    def journal(self) -> Path:
        return Path(self.config.journal.directory)

    def enter(
        self, kind: str = "blocked_user", by: str = "ada", now: datetime.datetime = NOW, **fields: object
    ) -> Done:
        """An entry of that kind, whose fields are those above but for the ones that are named."""
        said = {"agreement": AGREEMENT, "consent": CONSENT, "blocked_user": BLOCK}.get(kind, {})
        return add(desk_of(self.config), self.config, kind, {**said, **fields}, by=by, why="a test", now=now)

    def entries(self) -> Entries:
        return Entries.fold(desk_of(self.config).lines())
