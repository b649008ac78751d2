"""What of a user's identity the regulator would miss (¶16 note 3)."""

import pytest

from b2bua.cases.identity import Identity, Method

pytestmark = pytest.mark.law("¶16 identity")


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ({}, ("name", "address", "data")),
        ({"name": "N"}, ("address", "data")),
        ({"name": "N", "address": "A"}, ("data",)),
        ({"name": "N", "address": "A", "data": "D"}, ()),
        ({"other": "O"}, ("method",)),
        ({"other": "O", "method": "indirect"}, ()),
        ({"name": "N", "address": "A", "data": "D", "other": "O"}, ()),
        ({"name": "N", "other": "O"}, ("method",)),
        ({"source": "our records", "method": "direct"}, ("name", "address", "data")),
    ],
)
def test_name_address_and_data_are_asked_for_or_other_data_and_how_they_were_obtained(
    known: dict[str, str], missing: tuple[str, ...]
) -> None:
    assert Identity().after(known).missing == missing


def test_what_is_told_later_takes_the_place_of_what_was_told() -> None:
    known = Identity().after({"name": "Nowak", "method": "direct"}).after({"name": "Nowak, Ł.", "method": "indirect"})
    assert (known.name, known.method) == ("Nowak, Ł.", Method.INDIRECT)


def test_what_is_not_told_again_stays() -> None:
    assert Identity().after({"name": "N"}).after({"address": "A"}).given == {"name": "N", "address": "A"}


def test_an_empty_text_takes_nothing_away() -> None:
    assert Identity().after({"name": "N"}).after({"name": ""}).name == "N"
