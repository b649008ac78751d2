import pytest

from b2bua.identity.privacy import ASSERTED, RESTRICTS, restrict, wishes
from b2bua.identity.redaction import ANONYMOUS
from sipstack.message import Headers

NUMBER = "<sip:+3225551212@home.example;user=phone>"


def left(*fields: tuple[str, str]) -> dict[str, str]:
    headers = Headers.of(fields)
    if wanted := wishes(headers):
        restrict(headers, wanted)
    return dict(iter(headers))


@pytest.mark.law("¶25")
@pytest.mark.parametrize("wish", ["id", "ID", "user;id", "id;critical", "none;id", "header", "user", "id, user", "a b"])
def test_a_caller_who_is_not_to_be_shown_is_not(wish: str) -> None:
    found = left(("From", ANONYMOUS), ("P-Asserted-Identity", NUMBER), ("Privacy", wish))
    assert found == {"from": ANONYMOUS, "privacy": wish}


@pytest.mark.parametrize("wish", ["none", "session", "history", "critical", "x-id"])
def test_a_caller_who_did_not_ask_is_told(wish: str) -> None:
    fields = (("From", NUMBER), ("P-Asserted-Identity", NUMBER), ("Privacy", wish))
    assert left(*fields) == {name.lower(): value for name, value in fields}
    assert left(*fields[:2]) == {name.lower(): value for name, value in fields[:2]}


def test_a_wish_in_any_line_is_one() -> None:
    headers = Headers.of([("Privacy", "none"), ("Privacy", "ID")])
    assert wishes(headers) == {"id"}
    assert wishes(Headers.of([("Privacy", "")])) == RESTRICTS


@pytest.mark.parametrize("key", sorted(ASSERTED))
def test_whatever_tells_the_network_number_goes(key: str) -> None:
    assert left((key, "<tel:+3225551212>"), ("Privacy", "id"), ("X-Kept", "1")) == {"privacy": "id", "x-kept": "1"}


@pytest.mark.parametrize(
    "caller",
    [
        '"Jan" <sip:+3225551212@home.example>;tag=a',
        "<sip:025551212@home.example>;tag=a",
        "<sip:003225551212@home.example>;tag=a",
        "<tel:+32-2-555-12-12>;tag=a",
        '"02 555 12 12" <sip:jan@home.example>;tag=a',
        "<sip:%2B3225551212@home.example>;tag=a",
    ],
)
def test_a_from_that_tells_the_same_number_is_anonymous(caller: str) -> None:
    found = left(("From", caller), ("P-Asserted-Identity", NUMBER), ("Privacy", "id"))
    assert found["from"] == f"{ANONYMOUS};tag=a"


@pytest.mark.parametrize("caller", ["<sip:+3278150000@home.example>;tag=a", '"Jan" <sip:jan@home.example>;tag=a'])
def test_a_from_that_tells_something_else_is_what_the_caller_shows(caller: str) -> None:
    assert left(("From", caller), ("P-Asserted-Identity", NUMBER), ("Privacy", "id"))["from"] == caller


def test_who_asks_for_user_privacy_is_anonymous_whatever_is_asserted() -> None:
    assert left(("From", "<sip:+3225551212@x>;tag=a"), ("Privacy", "user"))["from"] == f"{ANONYMOUS};tag=a"


def test_what_cannot_be_read_goes_too() -> None:
    assert left(("P-Asserted-Identity", "<sip:+32255"), ("Privacy", "id")) == {"privacy": "id"}
