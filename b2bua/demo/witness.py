"""Reads the journal while the daemon writes it, line by line, from one segment into the next."""

from pathlib import Path

import attrs
import orjson

from b2bua.demo.judgement import Line


@attrs.define(eq=False)
class Witness:
    """A reader of its own: it shares nothing with the daemon but the folder."""

    directory: Path
    lines: int = 0
    """How many have been read."""
    _segment: int = 1
    _offset: int = 0

    def news(self) -> list[Line]:
        """The lines since the last time, oldest first. Raises OSError."""
        found: list[Line] = []
        while (path := self._path(self._segment)).exists():
            found += self._read(path)
            if not self._path(self._segment + 1).exists():
                break
            self._segment, self._offset = self._segment + 1, 0
        self.lines += len(found)
        return found

    def _read(self, path: Path) -> list[Line]:
        found: list[Line] = []
        with path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                # What is allocated ahead is zeros; a line without its end is still being written.
                if line.startswith(b"\0") or not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                found.append(orjson.loads(line))
        return found

    def _path(self, segment: int) -> Path:
        return self.directory / f"journal-{segment:08d}.jsonl"


def of_call(lines: list[Line], call_id: str) -> tuple[Line, ...]:
    """Those of the call whose caller's side has this Call-ID; only its `verdict` names it."""
    call = next((line.get("call") for line in lines if line.get("call_id") == call_id), None)
    return tuple(line for line in lines if call is not None and line.get("call") == call)
