"""Whether what was done to the register is in force: told in one way, with one exit code.

0 only when every worker that lives goes by it; 1 while another person must approve it, or a worker goes by what was
before.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import orjson

from b2bua.commands.common import WANTING

if TYPE_CHECKING:
    from b2bua.config import Config
    from b2bua.register import Done
    from b2bua.register.presence import Worker


@attrs.frozen
class InForce:
    """What has become of it once there was time enough for every worker."""

    waits: "Sequence[Done]"
    """What another person must approve."""
    workers: "Sequence[Worker]"
    """Those that live; none where nothing is in force that was not before."""
    digest: str
    """Of what they are to have."""

    @classmethod
    def of(cls, config: "Config", done: "Sequence[Done]") -> "InForce":
        """Waits for the workers, where something was done that holds at once."""
        waits = [one for one in done if one.waits]
        if len(waits) == len(done):
            return cls(waits, (), done[-1].digest)
        return cls.after(config, done[-1].digest, waits)

    @classmethod
    def after(cls, config: "Config", digest: str, waits: "Sequence[Done]" = ()) -> "InForce":
        """The same of a register as it stands."""
        from b2bua.register.presence import wait

        return cls(waits, wait(Path(config.journal.directory), digest), digest)

    @property
    def behind(self) -> "list[Worker]":
        """Those that go by what was before."""
        return [one for one in self.workers if one.digest != self.digest]

    @property
    def code(self) -> int:
        """The exit code."""
        return WANTING if self.waits or self.behind else 0

    def of_workers(self) -> Iterator[str]:
        """Who goes by it and who does not, a sentence each."""
        if not self.workers:
            yield "no daemon runs on this journal; the next one begins with it"
        for one in self.behind:
            yield f"{one.name} does not go by it: {one.problem or 'it has not said that it has read it'}"
        if taken := [one.name for one in self.workers if one.digest == self.digest]:
            yield f"from the next INVITE on {', '.join(taken)} goes by the register as it stands now"

    def as_list(self) -> list[dict[str, object]]:
        """The workers, under the names that stay."""
        return [{"name": one.name, "taken": one.digest == self.digest, "problem": one.problem} for one in self.workers]


def settled(config: "Config", done: "Done", what: str, *, json: bool) -> int:
    """Tells that something was done to the register, once every worker goes by it; the exit code."""
    found = InForce.of(config, [done])
    told = {"entry": str(done.span), "entries": len(done.span), "waits": done.waits}
    lines = [f"{done.span} {what}, {once(done)}"] if done.waits else [f"{done.span} {what}", *found.of_workers()]
    _tell({**told, "workers": found.as_list()}, lines, json=json)
    return found.code


def published(config: "Config", digest: str, *, json: bool) -> int:
    """Tells whether every worker goes by the register of that digest; the exit code."""
    found = InForce.after(config, digest)
    _tell({"workers": found.as_list()}, found.of_workers(), json=json)
    return found.code


def once(done: "Done") -> str:
    """What something waits for."""
    return f"once another person has said so: `b2bua register approve CONFIG {done.span}`"


def _tell(data: object, lines: Iterable[str], *, json: bool) -> None:
    if json:
        sys.stdout.buffer.write(orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)
