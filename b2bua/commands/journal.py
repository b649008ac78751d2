"""`b2bua journal`: the evidence as files, whether they are as they were written, and the lines of one call."""

import datetime
import json as text_of
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cyclopts import App

from b2bua.commands.common import WANTING, Flag, Repeated, acting, stop

if TYPE_CHECKING:
    from b2bua.evidence import Place
    from b2bua.evidence.signatures import Head
    from b2bua.evidence.signing import PublicKey
    from b2bua.evidence.verifying import Verified

journal = App(name="journal", help="The evidence as files, and whether they are as they were written.")

#: Of a line: what holds it in its chain, and is of no use to somebody who reads it.
_BINDING: Final = ("digests", "hash", "previous", "personal")


@journal.command
def verify(directory: Path, /, *, key: Repeated | None = None, head: Repeated | None = None, json: Flag = False) -> int:
    """Check a journal: chains, segments, signatures, heads; exit code 1 and the first broken line of each chain when it
    does not hold.

    Parameters
    ----------
    directory
        The folder of the journal.
    key
        The public key, or one of several, that signatures must be by; without one they are only compared.
    head
        A file with heads that `journal head` has printed: what they name must still be there.
    json
        Print what was found as JSON.
    """
    from b2bua.evidence import chains_of
    from b2bua.evidence.signing import load_public
    from b2bua.evidence.verifying import verify_journal

    if not chains_of(directory):
        stop(f"{directory} holds no journal")
    keys = [load_public(Path(path)) for path in key or []]
    heads = [each for path in head or [] for each in _heads(Path(path), keys)]
    found = verify_journal(directory, keys, heads)
    if json:
        _print_json(_told(found))
    else:
        _print_found(directory, found, has_key=bool(keys))
    return WANTING if found.broken else 0


@journal.command
def head(directory: Path, /, *, sign: Path | None = None) -> int:
    """Print the last line of each chain as JSON, to be kept where whoever writes the journal cannot.

    `journal verify --head` then shows whether anything up to there has gone, or was written anew.

    Parameters
    ----------
    directory
        The folder of the journal.
    sign
        The key that the heads are signed with.
    """
    from b2bua.evidence.signatures import heads
    from b2bua.evidence.signing import load_key, signed

    found = heads(directory, _now())
    if not found["chains"]:
        stop(f"{directory} holds no journal")
    _print_json(found if sign is None else signed(found, load_key(sign)))
    return 0


@journal.command
def key(path: Path, /) -> int:
    """Make the key that signs closed segments, and its public half beside it, which ends in .pub.

    Parameters
    ----------
    path
        The file of the key, which only its owner will read; it must not be there yet.
    """
    from b2bua.evidence.signing import PUBLIC, make_key

    made = make_key(path)
    print(f"{path}: made, fingerprint {made.fingerprint}")  # noqa: T201
    print(f"{path}{PUBLIC}: keep a copy where whoever writes the journal cannot change it")  # noqa: T201
    return 0


@journal.command
def sign(directory: Path, /, *, key: Path) -> int:
    """Sign the closed segments that bear no signature; the clerk does so by itself.

    Parameters
    ----------
    directory
        The folder of the journal.
    key
        The key, made by `journal key`.
    """
    from b2bua.evidence.signatures import sign_closed
    from b2bua.evidence.signing import load_key

    for made in sign_closed(directory, load_key(key), _now()):
        print(made)  # noqa: T201
    return 0


@journal.command
def pack(directory: Path, /) -> int:
    """Pack the closed segments (gzip); the clerk does so by itself.

    Parameters
    ----------
    directory
        The folder of the journal.
    """
    from b2bua.evidence.packing import pack_closed

    for made in pack_closed(directory):
        print(made)  # noqa: T201
    return 0


@journal.command
def show(directory: Path, call: str, /, *, by: str | None = None, why: str = "", json: Flag = False) -> int:
    """Print all lines of a call; that they were shown is itself recorded.

    Parameters
    ----------
    directory
        The folder of the journal.
    call
        The name of the call in the evidence, or its Call-ID on either side.
    by
        Who looks; whoever is logged in when it is left out.
    why
        A case, or another reference.
    json
        Print each line as JSON, with its place.
    """
    from b2bua.evidence import Desk, chains_of
    from b2bua.evidence.desk import look
    from b2bua.evidence.reading import lines_of_call

    if not chains_of(directory):
        stop(f"{directory} holds no journal")
    lines = list(lines_of_call(directory, call))
    calls = len({record["call"] for _, record in lines})
    look(Desk(directory), acting(by), "journal show", {"call": call}, calls=calls, why=why, now=_now())
    for place, record in lines:
        if json:
            _print_json({"chain": place.chain, "segment": place.segment, "number": place.line, "line": record})
        else:
            _print_line(place, record)
    if not lines:
        print(f"{directory} has no line of {call!r}")  # noqa: T201
    return 0 if lines else WANTING


def _heads(path: Path, keys: "list[PublicKey]") -> "list[Head]":
    """The heads in a file; signed ones must be by one of these keys, where there are any."""
    from b2bua.errors import JournalError
    from b2bua.evidence.signatures import heads_in
    from b2bua.evidence.signing import SIGNATURE, fault_of

    try:
        document = text_of.loads(path.read_text())
        found = heads_in(document)
    except (OSError, ValueError, JournalError) as error:
        stop(f"{path}: {error}")
    fault = fault_of(document, keys) if keys and SIGNATURE in document else ""
    return stop(f"{path} {fault}") if fault else found


def _told(found: "Verified") -> dict[str, object]:
    return {
        "chains": found.chains,
        "segments": found.segments,
        "lines": found.lines,
        "signed": found.signed,
        "unsigned": [str(path) for path in found.unsigned],
        "broken": [{"file": str(one.file), "line": one.line, "problem": one.problem} for one in found.broken],
    }


def _print_found(directory: Path, found: "Verified", *, has_key: bool) -> None:
    told = [str(one) for one in found.broken]
    if not told:
        hold = "the chain holds" if found.chains == 1 else f"{found.chains} chains hold"
        told.append(f"{directory}: {found.segments} segments, {found.lines} lines, {hold}")
    if found.signed:
        whose = "good" if has_key else "not checked: no --key was given"
        told.append(f"{found.signed} signatures, {whose}")
    if found.unsigned and (has_key or found.signed):
        told.append(f"{len(found.unsigned)} closed segments bear no signature, the first {found.unsigned[0]}")
    print("\n".join(told))  # noqa: T201


def _print_line(place: "Place", record: Mapping[str, Any]) -> None:
    chain = f"{place.chain} " if place.chain else ""
    print(f"{record.get('at')} {record.get('kind')} ({chain}segment {place.segment} line {place.line})")  # noqa: T201
    personal = {name: field["value"] for name, field in record.get("personal", {}).items()}
    facts = {name: value for name, value in record.items() if name not in (*_BINDING, "at", "kind")}
    for name, value in [*facts.items(), *personal.items()]:
        for each in _spelled(value):
            print(f"    {name}: {each}")  # noqa: T201


def _spelled(value: object) -> Iterable[str]:
    """A text as it is, a list a line each, all else as JSON; so is a text that would not only be read by a terminal."""
    values = value if isinstance(value, list) and value else [value]
    texts = [each if isinstance(each, str) else text_of.dumps(each, ensure_ascii=False) for each in values]
    return [text if text.isprintable() else text_of.dumps(text) for text in texts]


def _print_json(told: Mapping[str, object]) -> None:
    import orjson

    print(orjson.dumps(told, option=orjson.OPT_UTC_Z).decode())  # noqa: T201


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
