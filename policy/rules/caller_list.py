"""The home numbers that a customer on a national trunk may show: assigned to it, or lent with the consent of who has
them. Where a trunk has such a list, another home number is not the customer's to show.

Belgium's decree has no such rule; France's law has (art. L. 44 of its code: the number shown must be the caller's own,
or used with the consent of its holder).
"""

from policy.numbering import Number
from policy.position import CLI
from policy.profile import Measure
from policy.register import CallerList
from policy.verdict import Finding, Outcome

from .case import Case
from .redirect import home_numbers


def judge(case: Case) -> Finding | None:
    """The refusal of a home number that is on no list of the trunk; None where it is, or where there is no list."""
    call = case.call
    terms = call.profile.measure(Measure.CALLER_LIST, call.day)
    if terms is None or case.position not in CLI:
        return None
    lists = list(call.register.all(CallerList, call.claim.trunk, call.day))
    shown = home_numbers(case.number)
    if not lists or not shown or any(_is_on(case.number, shown, one) for one in lists):
        return None
    what = f"a number that is neither assigned nor lent to this customer ({lists[0].reference})"
    return case.finding(
        Measure.CALLER_LIST, Outcome.BLOCK, what, basis=terms.basis, flag="not-listed", entry=lists[0].reference
    )


def _is_on(number: Number, shown: frozenset[str], listed: CallerList) -> bool:
    """Whether it is on the list: a number in national form by one of its readings, any other by all that it holds."""
    guessed = {hidden.e164 for hidden in number.hidden if not hidden.sure}
    certain = shown - guessed
    return certain <= listed.numbers and (bool(certain) or not guessed.isdisjoint(listed.numbers))
