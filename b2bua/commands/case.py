"""`b2bua case`: the regulator asks who made a call; found, answered, and blocked within 24 hours each (art. 4 §2)."""

import datetime
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from cyclopts import App, Parameter

from b2bua.commands.common import WANTING, By, ConfigFile, Flag, Json, Repeated, acting, load_config, moment_of, stop
from b2bua.errors import GatewayError

if TYPE_CHECKING:
    from b2bua.cases.case import Case
    from b2bua.cases.casework import Casework
    from b2bua.register import Done

case = App(name="case", help="The regulator's requests: who made this call, within 24 hours (art. 4 §2).")

Id = Annotated[str, Parameter(name="case", help="The case, 2026-0001.")]
Scan = Annotated[
    Flag,
    Parameter(help="Read the journal itself, where the store is away or there is none; takes longer."),
]
Language = Annotated[str | None, Parameter(help="fr, nl or en.")]

# What the regulator's letter says.

Reference = Annotated[str, Parameter(help="The regulator's.")]
CalledAt = Annotated[
    str,
    Parameter(
        help="When the call was: 2026-01-31T14:05 or 31/01/2026 14h05, in Brussels time, or with a zone; or only the "
        "day."
    ),
]
Caller = Annotated[str, Parameter(help="Who seemed to call: 0470 12 34 56, +32470123456.")]
Called = Annotated[str, Parameter(help="Who was called. One of both must be told.")]
Requested = Annotated[
    str | None,
    Parameter(
        help="When the request came in, Brussels time unless it has a zone; now when left out. The 24 hours run from "
        "then."
    ),
]
Error = Annotated[
    int | None, Parameter(help="Seconds by which that moment may be wrong; [cases] says how many when left out.")
]

# Who the user is (¶16 note 3).

UserName = Annotated[str, Parameter(name="--name", help="The user's name.")]
Address = Annotated[str, Parameter(help="The user's address.")]
Data = Annotated[str, Parameter(help="The data beside name and address by which the user is identified.")]
Other = Annotated[str, Parameter(help="Other identification data, where there is no name and address; needs --method.")]
Method = Annotated[str, Parameter(help="direct or indirect: how these other data were obtained (art. 127).")]
Source = Annotated[str, Parameter(help="Who says so: our own records, the operator before us.")]
Disputed = Annotated[
    Repeated | None,
    Parameter(
        help="name, address, data, other or method; may be given several times. What the identity was of when left out."
    ),
]
DisputedAt = Annotated[
    str | None,
    Parameter(
        help="When BIPT's word came in, or you found it, Brussels time unless it has a zone; now when left out. The 24 "
        "hours run from then."
    ),
]

# What tells the user's calls from others'.

Shown = Annotated[str, Parameter(help="The number that the user shows: 0470 12 34 56, +32470123456.")]
Account = Annotated[
    str, Parameter(help="What stands in place of a number in From or P-Asserted-Identity: acme-7 of sip:acme-7@host.")
]
Peer = Annotated[str, Parameter(help="The address or network that hands the user's calls over.")]
Trunk = Annotated[str, Parameter(help="The trunk or circuit by which they come in.")]


@case.command(name="list")
def list_(
    config: ConfigFile,
    /,
    *,
    closed: Annotated[Flag, Parameter(help="Closed ones too, after them.")] = False,
    json: Json = False,
) -> int:
    """Name the open cases, the most urgent first; exit code 1 when a duty is late."""
    from b2bua.cases import showing
    from b2bua.cases.filing import docket_of
    from b2bua.register import desk_of

    now = datetime.datetime.now(datetime.UTC)
    docket = docket_of(desk_of(load_config(config)), now)
    pending = sorted((one for one in docket if one.closed is None), key=lambda one: one.next_due(now))
    for one in (*pending, *(one for one in docket if closed and one.closed is not None)):
        if json:
            _data(showing.case_data(one, now))
        else:
            _lines([showing.headline(one, now)])
    return WANTING if any(one.is_late(now) for one in pending) else 0


@case.command(name="open")
def open_(
    config: ConfigFile,
    /,
    *,
    reference: Reference,
    at: CalledAt,
    number: Caller = "",
    called: Called = "",
    requested: Requested = None,
    error: Error = None,
    note: Annotated[str, Parameter(help="What else should be known.")] = "",
    scan: Scan = False,
    by: By = None,
    json: Json = False,
) -> int:
    """Open a case and look for its call; where there is just one, it is taken. Exit code 1 when there is none."""
    from b2bua.cases import filing
    from b2bua.cases.event import Asked

    work = _work(config, by)
    settings = work.config.cases
    asked = Asked(
        reference=reference,
        requested=work.now if requested is None else moment_of(requested, "--requested"),
        number=number,
        moment=at,
        called=called,
        error_seconds=settings.clock_error_seconds if error is None else error,
    )
    work.judge(asked)
    opened = filing.open_case(work.desk, asked, by=work.by, note=note, now=work.now)
    try:
        return _find(work, opened, None, scan=scan, json=json)
    except (GatewayError, OSError):
        told = f"case {opened.id} is open, its clock runs; look for its call by `b2bua case find CONFIG {opened.id}`"
        print(told, file=sys.stderr)  # noqa: T201
        raise


@case.command
def find(
    config: ConfigFile,
    name: Id,
    /,
    *,
    call: Annotated[
        Repeated | None,
        Parameter(
            help="It was this one, by its name in the evidence; may be given several times. Its evidence is held from "
            "now on."
        ),
    ] = None,
    none: Annotated[Flag, Parameter(help="It was none of those that agree.")] = False,
    error: Annotated[int | None, Parameter(help="Allow the clock more seconds than the case does.")] = None,
    scan: Scan = False,
    by: By = None,
    json: Json = False,
) -> int:
    """Look for a case's call again, or say which it was, or that it was none; exit code 1 when there is none.

    Where none of the calls that it was before remains, the user is to be told anew, and an answer that was sent before
    counts no more.
    """
    work = _work(config, by)
    found = work.case(name)
    if none and call:
        stop("--call and --none say different things")
    if none:
        matches = work.find(found, error, scan=scan)
        _result(work, work.choose(found, [], len(matches), scan=scan), json=json)
        return WANTING
    if not call:
        return _find(work, found, error, scan=scan, json=json)
    _result(work, work.choose(found, call, len(call), scan=scan), json=json)
    return 0


@case.command
def show(config: ConfigFile, name: Id, /, *, scan: Scan = False, by: By = None, json: Json = False) -> int:
    """Show all of a case: its clocks, where its call came from, the user, what was done."""
    import attrs

    from b2bua.cases import showing

    work = _work(config, by)
    found = work.case(name)
    origins = work.origins(found, "case show", scan=scan)
    if json:
        _data({**showing.case_data(found, work.now), "origins": [attrs.asdict(origin) for origin in origins]})
        return 0
    _lines(showing.summary(found, work.now))
    for origin in origins:
        _lines(showing.origin(origin))
    _lines(["history", *showing.history(found)])
    return 0


@case.command
def identify(
    config: ConfigFile,
    name: Id,
    /,
    *,
    user: UserName = "",
    address: Address = "",
    data: Data = "",
    other: Other = "",
    method: Method = "",
    source: Source = "",
    by: By = None,
    json: Json = False,
) -> int:
    """Write down who the user is, as far as it is known; exit code 1 while something is missing.

    What is missing starts the second clock, and stops it again where it is completed in time (¶16 note 3).
    """
    from b2bua.cases import filing

    work = _work(config, by)
    told = {"name": user, "address": address, "data": data, "other": other, "method": method, "source": source}
    given = {field: text.strip() for field, text in told.items() if text.strip()}
    filed = filing.identify(work.desk, name, given, by=work.by, now=work.now)
    _result(work, filed, json=json)
    return WANTING if filed.missing else 0


@case.command
def incomplete(
    config: ConfigFile,
    name: Id,
    /,
    *,
    why: Annotated[str, Parameter(help="Who says so, and what is wrong.")],
    field: Disputed = None,
    at: DisputedAt = None,
    by: By = None,
    json: Json = False,
) -> int:
    """Write down that the identity is incomplete or wrong: the second clock runs. Opens a closed case again."""
    from b2bua.cases import filing

    work = _work(config, by)
    when = None if at is None else moment_of(at)
    filed = filing.dispute(work.desk, name, field or (), why, when=when, by=work.by, now=work.now)
    _result(work, filed, json=json)
    return 0


@case.command
def request(
    config: ConfigFile,
    name: Id,
    /,
    *,
    language: Language = None,
    out: Annotated[Path | None, Parameter(help="A folder for the letters; they are printed when left out.")] = None,
    scan: Scan = False,
    by: By = None,
    json: Json = False,
) -> int:
    """Write the request to the operator before us to say who the user is, ready to be sent; in English unless told."""
    import attrs

    work = _work(config, by)
    filed, letters, files = work.request(work.case(name), language or "en", out, scan=scan)
    if json:
        told = [attrs.asdict(letter) for letter in letters]
        _data({"case": filed.id, "letters": told, "files": [str(path) for path in files]})
    elif files:
        _lines(f"{path}: to {letter.addressee}" for path, letter in zip(files, letters, strict=True))
    else:
        _lines(letter.text for letter in letters)
    return 0


@case.command
def answer(
    config: ConfigFile,
    name: Id,
    /,
    *,
    out: Annotated[Path, Parameter(help="The folder for its files.")],
    language: Language = None,
    scan: Scan = False,
    by: By = None,
    json: Json = False,
) -> int:
    """Make the answer: signed JSON, a PDF and a page; exit code 1 when it tells no whole identity.

    Where the case stands on no call, it says that our evidence has no such call, and what was looked for. The clock
    stops when `b2bua case sent` says that it has been handed over.
    """
    work = _work(config, by)
    filed, files = work.answer(work.case(name), language or work.config.cases.language, out, scan=scan)
    missing = list(filed.lacks)
    if json:
        told = {"files": [str(path) for path in files], "sha256": filed.digest, "missing": missing}
        _data({"case": filed.id, **told, "calls": list(filed.calls)})
    else:
        _lines([*map(str, files), f"SHA-256 {filed.digest}", _kind(filed)])
    return WANTING if missing or not filed.calls else 0


@case.command
def sent(
    config: ConfigFile,
    name: Id,
    /,
    *,
    how: Annotated[str, Parameter(help="To whom, and in which way.")],
    at: Annotated[str | None, Parameter(help="When, Brussels time unless it has a zone; now when left out.")] = None,
    by: By = None,
    json: Json = False,
) -> int:
    """Write down that the answer that was made last has been handed to the regulator; exit code 1 when it was late."""
    from b2bua.cases import filing
    from b2bua.civil import spans_of

    work = _work(config, by)
    # The last moment that it may mean: what is late must not look as if it were in time.
    when = work.now if at is None else min(work.now, spans_of(at, datetime.timedelta())[-1].until)
    filed = filing.send(work.desk, name, how, when, by=work.by, now=work.now)
    _result(work, filed, json=json)
    return WANTING if filed.answer_clock.is_late(work.now) else 0


@case.command
def block(
    config: ConfigFile,
    name: Id,
    /,
    *,
    number: Shown = "",
    account: Account = "",
    peer: Peer = "",
    trunk: Trunk = "",
    why: Annotated[str, Parameter(help="What else should be known.")] = "",
    by: By = None,
    json: Json = False,
) -> int:
    """Have all calls of the user refused, from the next INVITE on or once another person approves.

    Exit code 1 until then. Where several things are told, a call has to have all of them.
    """
    work = _work(config, by)
    user = {"number": number, "account": account, "peer": peer, "trunk": trunk}
    filed, done = work.block(work.case(name), {key: text for key, text in user.items() if text}, why)
    return _in_force(work, filed, [done], json=json)


@case.command
def release(
    config: ConfigFile,
    name: Id,
    /,
    *,
    why: Annotated[str, Parameter(help="For what reason, and on whose word.")],
    by: By = None,
    json: Json = False,
) -> int:
    """Have the user's calls judged like any other's again.

    Exit code 1 while something of the identity is missing, for then the block stays a duty.
    """
    from b2bua.cases.case import State

    work = _work(config, by)
    filed, done = work.release(work.case(name), why)
    code = _in_force(work, filed, done, json=json)
    if filed.state(work.now) is not State.TO_BLOCK:
        return code
    told = (
        f"the identity is not whole, so the block stays a duty (art. 4 §2); close {filed.id} with --why, or block again"
    )
    print(told, file=sys.stderr)  # noqa: T201
    return WANTING


@case.command
def note(
    config: ConfigFile,
    name: Id,
    /,
    *,
    text: Annotated[str, Parameter(help="What it is.")],
    by: By = None,
    json: Json = False,
) -> int:
    """Write down something that should be known of the case."""
    from b2bua.cases import filing

    work = _work(config, by)
    _result(work, filing.note(work.desk, name, text, by=work.by, now=work.now), json=json)
    return 0


@case.command
def hold(
    config: ConfigFile,
    name: Id,
    /,
    *,
    end: Annotated[Flag, Parameter(help="Keep it no more.")] = False,
    by: By = None,
    json: Json = False,
) -> int:
    """Keep the evidence of the case's calls from retention, also when it is closed; exit code 1 when it has none."""
    from b2bua.cases import filing

    work = _work(config, by)
    filed = filing.hold(work.desk, name, is_held=not end, by=work.by, now=work.now)
    _result(work, filed, json=json)
    if end or filed.is_held:
        return 0
    told = f"nothing is held: no call has been chosen for {filed.id}; `b2bua case find CONFIG {filed.id} --call NAME`"
    print(told, file=sys.stderr)  # noqa: T201
    return WANTING


@case.command
def close(
    config: ConfigFile,
    name: Id,
    /,
    *,
    why: Annotated[str, Parameter(help="Required while an answer or a block is due.")] = "",
    keep_hold: Annotated[Flag, Parameter(help="Keep the evidence of its calls from retention all the same.")] = False,
    by: By = None,
    json: Json = False,
) -> int:
    """Close a case. Its calls are held no more, unless they are to be."""
    from b2bua.cases import filing

    work = _work(config, by)
    filed = filing.close(work.desk, name, why, keep_hold=keep_hold, by=work.by, now=work.now)
    _result(work, filed, json=json)
    return 0


@case.command
def verify(
    file: Annotated[Path, Parameter(help="The JSON file of the answer.")],
    /,
    *,
    key: Annotated[Path, Parameter(help="The public key that it should be signed by.")],
) -> int:
    """Check the signature of an answer; exit code 1 when it does not hold."""
    from b2bua.evidence.signing import fault_of, load_public

    try:
        document = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        stop(f"{file} is no answer")
    fault = fault_of(document, [load_public(key)])
    _lines([f"{file}: {fault}" if fault else f"{file}: the signature holds"])
    return WANTING if fault else 0


def _work(config: Path, by: str | None) -> "Casework":
    from b2bua.cases.casework import Casework

    return Casework(load_config(config), acting(by), datetime.datetime.now(datetime.UTC))


def _find(work: "Casework", found: "Case", error: int | None, *, scan: bool, json: bool) -> int:
    """Looks for the calls; takes the one that is alone, and shows several to whoever must choose."""
    from b2bua.cases import showing

    matches = work.find(found, error, scan=scan)
    if len(matches) == 1 and not (found.calls or found.is_none):
        found = work.choose(found, [matches[0].call], 1, scan=scan)
    if json:
        told = [showing.call_data(match) for match in matches]
        _data({**showing.case_data(found, work.now), "matches": told})
    else:
        _lines(showing.summary(found, work.now))
        _lines(["", *map(showing.match, matches), _advice(found, len(matches))])
    return 0 if matches else WANTING


def _advice(found: "Case", matches: int) -> str:
    if matches == 0:
        return f"no call was found; `b2bua case find CONFIG {found.id} --error SECONDS` allows the clock more"
    if found.calls:
        return f"{matches} found; the case is about {', '.join(found.calls)}"
    return f"{matches} found; `b2bua case find CONFIG {found.id} --call NAME` says which it was"


def _kind(filed: "Case") -> str:
    """What an answer tells that is made now."""
    if not filed.calls:
        return "no such call: it tells no identity"
    return f"incomplete, missing {', '.join(filed.missing)}" if filed.missing else "complete"


def _in_force(work: "Casework", filed: "Case", done: "Sequence[Done]", *, json: bool) -> int:
    """Tells once all workers have what was entered, or somebody must approve it first; the exit code."""
    from b2bua.commands.in_force import InForce, once

    found = InForce.of(work.config, done)
    _result(work, filed, json=json)
    for one in found.waits:
        print(f"{one.span} holds {once(one)}", file=sys.stderr)  # noqa: T201
    for sentence in found.of_workers() if found.behind else ():
        print(sentence, file=sys.stderr)  # noqa: T201
    return found.code


def _result(work: "Casework", filed: "Case", *, json: bool) -> None:
    from b2bua.cases import showing

    if json:
        _data(showing.case_data(filed, work.now))
    else:
        _lines(showing.summary(filed, work.now))


def _data(data: Mapping[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(data, option=orjson.OPT_UTC_Z).decode() + "\n")


def _lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)  # noqa: T201
