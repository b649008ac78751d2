"""`b2bua report`: a month's calls by trunk and article."""

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from b2bua.commands.common import WANTING, Flag, Repeated, catch_up, load_config, stop

if TYPE_CHECKING:
    from b2bua.cases.docket import Docket
    from b2bua.duties.month import Month


def report(
    config: Path,
    month: str | None = None,
    /,
    *,
    trunk: Repeated | None = None,
    json: Flag = False,
    csv: Flag = False,
    html: Path | None = None,
    language: str | None = None,
) -> int:
    """Count a month's calls by trunk and by article, with what the regulator asked for. No number is in it. Exit code 1
    when a part of the journal cannot be read, whose calls are not counted.

    Parameters
    ----------
    config
        The configuration file of the daemon.
    month
        A month of Brussels' calendar (2026-10); the last that is over when left out.
    trunk
        A trunk or circuit that alone is counted; may be given several times.
    json
        One JSON object instead of tables.
    csv
        A line for each trunk, article and verdict instead of tables.
    html
        A file to write the report to, as a page to be printed.
    language
        That of the page: fr, nl or en; what `[cases]` says when left out.
    """
    from b2bua.cases.docket import Docket
    from b2bua.config import Language
    from b2bua.duties.month import Month
    from b2bua.duties.report import report as counted
    from b2bua.evidence import Desk
    from b2bua.store import Store
    from policy.register import civil_day

    loaded, now = load_config(config), datetime.datetime.now(datetime.UTC)
    try:
        wanted = Month.before(now) if month is None else Month.parse(month)
    except ValueError as error:
        stop(str(error))
    unknown = sorted({*(trunk or ())} - {name for _, name, _ in loaded.interfaces()})
    if unknown:
        stop(f"--trunk {unknown[0]!r} is neither a trunk nor a circuit of {config}")
    if html is not None and not html.parent.is_dir():
        stop(f"--html {html}: there is no folder {html.parent}")
    spoken = (language or loaded.cases.language).lower()
    if spoken not in [*Language]:
        stop(f"--language {language!r} is no language that the page is written in; one of {', '.join(Language)}")
    lines = list(Desk(Path(loaded.journal.directory)).lines())
    duties = _duties(Docket.fold(lines, civil_day(now)), wanted, now)
    with Store.of(loaded) as store:
        is_whole = catch_up(store)
        made = counted(wanted, store, lines, now, trunks=trunk, duties=duties)
    if html is not None:
        from b2bua.duties.page import page
        from b2bua.wording import words_of

        told = page(made.as_dict(), words_of("b2bua.duties", spoken), loaded.cases.operator)
        html.write_text(told, encoding="utf-8")
    if json:
        sys.stdout.buffer.write(orjson.dumps(made.as_dict(), option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
    elif csv:
        sys.stdout.write(made.as_csv())
    elif html is None:
        from b2bua.duties.text import show_report

        show_report(made.as_dict())
    return 0 if is_whole else WANTING


def _duties(docket: "Docket", month: "Month", now: datetime.datetime) -> dict[str, int]:
    """The requests that came in within a month, and what has come of them since."""
    cases = [case for case in docket if month.since <= case.asked.requested < month.until]
    blocked = [case for case in cases if case.blocked is not None]
    return {
        "requests": len(cases),
        "answered": sum(case.answered is not None for case in cases),
        "answered_late": sum(case.answered is not None and case.answer_clock.is_late(now) for case in cases),
        # What was closed in time was taken back, and is not overdue.
        "unanswered_late": sum(
            case.answered is None and case.answer_clock.is_late(case.closed or now) for case in cases
        ),
        "users_blocked": len(blocked),
    }
