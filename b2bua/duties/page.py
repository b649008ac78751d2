"""A month's report as one page to be printed, for somebody who knows the decree and not this program."""

import datetime
from collections.abc import Mapping
from typing import Any

from b2bua.civil import BRUSSELS
from b2bua.duties.report import VERDICTS
from b2bua.page import page_of
from b2bua.wording import Words

_DAY = datetime.timedelta(days=1)


def page(report: Mapping[str, Any], words: Words, operator: str = "") -> str:
    """The page of `Report.as_dict()`, HTML; `words` are of `b2bua.duties`."""
    first, behind, made = (report[name].astimezone(BRUSSELS) for name in ("since", "until", "made"))
    return page_of(
        "b2bua.duties",
        report=report,
        words=words,
        operator=operator,
        verdicts=VERDICTS,
        month=f"{words('month', str(first.month))} {first.year}",
        first=_day(first, words),
        last=_day(behind - _DAY, words),
        made=f"{_day(made, words)}, {made:%H:%M}",
    )


def _day(moment: datetime.datetime, words: Words) -> str:
    day = words("page", "first") if moment.day == 1 else moment.day
    return f"{day} {words('month', str(moment.month))} {moment.year}"
