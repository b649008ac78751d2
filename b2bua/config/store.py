"""`[store]`: where the index of the evidence is kept, and who keeps it up to date."""

import enum
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from b2bua.config.finding import Finding, Where

FILE: Final = "store.sqlite"
"""The index beside the journal, where no other is named."""
_SQLITE: Final = "sqlite:///"
_URL: Final = re.compile(r"sqlite:///[^?]+|postgresql://.+", re.DOTALL)
_WITH_PASSWORD: Final = re.compile(r"[a-z]+://[^/?@]*:[^/?]*@.*|.*[?&]password=.*", re.DOTALL)


class Clerk(enum.StrEnum):
    """`clerk`, above all tables: who starts the process that works beside the calls."""

    DAEMON = "daemon"
    """The daemon does, and again when it dies."""
    APART = "apart"
    """Somebody else does: `b2bua clerk CONFIG`, as a service of its own."""


@attrs.frozen(kw_only=True)
class Store:
    """`[store]`: the index of the journal, without which no call can be searched for."""

    url: str | None = attrs.field(default=None, repr=False)
    """`sqlite:///FILE`, relative to the configuration file, or `postgresql://USER@HOST/DATABASE`; without it
    `store.sqlite` in the journal's folder. It may hold a password, and is shown without."""
    index_seconds: float = attrs.field(default=10.0, validator=[attrs.validators.ge(0.1), attrs.validators.le(3_600.0)])
    """How long the index waits for new lines when it has read all there were. Whoever looks for calls brings it up to
    date first; the longer it waits, the less the disk is written to."""

    def url_beside(self, journal: str) -> str:
        """Its url, for a journal in that folder."""
        return self.url or f"{_SQLITE}{Path(journal) / FILE}"

    def relative_to(self, folder: Path) -> "Store":
        """With the file of its url as seen from that folder."""
        if self.url is None or not self.url.startswith(_SQLITE):
            return self
        return attrs.evolve(self, url=f"{_SQLITE}{folder / self.url.removeprefix(_SQLITE)}")

    @property
    def has_password(self) -> bool:
        """Whether its url tells one."""
        return self.url is not None and _WITH_PASSWORD.fullmatch(self.url) is not None


def check_store(store: Store | None) -> Iterator[Finding]:
    """What is wrong with it, without showing its url."""
    where: Where = ("store", "url")
    if store is not None and store.url is not None and (not _URL.fullmatch(store.url) or "\0" in store.url):
        mend = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        yield Finding(where, "is no url of a database that is known here", mend)
