"""A border controller that asks, and then makes the call as it is told, shows no forbidden number either."""

import random
from collections import Counter
from urllib.parse import unquote

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.safety.countries import BELGIUM, FRANCE, SPAIN, Country
from tests.safety.hiding import Attempt, attempt
from tests.safety.oracle import leaks, leaks_whole
from tests.safety.stand import ASKER, Stand
from tests.safety.wire import Seen, address_of, read

chances = st.randoms(use_true_random=False)
CASES = 300
#: What an asker writes anew in each INVITE of its own.
ITS_OWN = frozenset({"via", "contact", "call-id", "cseq", "max-forwards", "content-length"})
countries = pytest.mark.parametrize("country", [BELGIUM, FRANCE, SPAIN], ids=lambda country: country.name)


def told(invite: Seen, answer: Seen) -> Seen:
    """The INVITE that an asker makes of its own and the answer: as it was, but with the headers of the Contact's URI in
    the place of its own (RFC 3261 §19.1.5)."""
    uri, _, said = address_of(answer.get("contact")).partition("?")
    changed = dict(field.split("=", 1) for field in said.split("&") if field)
    instead = {unquote(name).lower(): unquote(value) for name, value in changed.items()}
    kept = [(name, value) for name, value in invite.fields if name not in ITS_OWN and name not in instead]
    return attrs.evolve(invite, start=f"INVITE {uri or invite.start} SIP/2.0", fields=(*kept, *instead.items()))


def places(seen: Seen, made: Attempt) -> list[str]:
    """Where it shows the number."""
    number = made.number
    if number.is_whole:
        return leaks_whole(seen, number.digits, number.code)
    return leaks(seen, number.shown, number.country.called)


def end_of(rng: random.Random, country: Country) -> str:
    made = attempt(rng, country)
    stand = Stand(caller=ASKER, country=country)
    stand.invite(made.invite)
    answer = stand.last_answer()
    assert not stand.sent
    if answer.status not in (302, 404):
        return "refused"
    if stand.verdict != "pass":  # else nothing in it says who calls, and nothing is changed
        assert not places(told(read(made.invite.data), answer), made), (made, answer)
    return stand.verdict


@pytest.mark.law("¶7", "¶9", "K11")
@countries
@given(rng=chances)
def test_no_forbidden_number_is_in_the_call_that_an_asker_makes(country: Country, rng: random.Random) -> None:
    end_of(rng, country)


@pytest.mark.law("¶28")
@pytest.mark.parametrize("country", [BELGIUM, FRANCE], ids=lambda country: country.name)
def test_nor_is_it_told_to_make_none(country: Country) -> None:
    ends = Counter(end_of(random.Random(seed), country) for seed in range(CASES))
    assert ends["withhold"] + ends["strip"] >= CASES / 25, ends
