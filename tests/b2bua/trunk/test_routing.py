import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Emergency, Route
from b2bua.trunk import Routes, called_number
from b2bua.trunk.routing import destination
from tests.world.scene import CONFIG

EMERGENCY = frozenset({"112", "101"})


def routes(*triples: tuple[str, str, str], emergency: str | None = None) -> Routes:
    made = tuple(Route(source=source, prefix=prefix, to=to) for source, prefix, to in triples)
    declared = None if emergency is None else Emergency(route=emergency)
    return Routes.of(attrs.evolve(CONFIG, route=made, emergency=declared), EMERGENCY)


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:+3293330000@host", "+3293330000"),
        ("sip:003293330000@host", "+3293330000"),
        ("sip:%2B32-9-333.00.00@host;user=phone", "+3293330000"),
        ("sip:+32(9)3330000;npdi;rn=+3212@host", "+3293330000"),
        ("sip:+32%209%20333@host", "+329333"),
        ("SIP:112@host", "112"),
        ("tel:+32-9-333-00-00;phone-context=x", "+3293330000"),
        ("TEL:112", "112"),
        ("sip:alice@host", "alice"),
        ("sip:host", ""),
        ("urn:service:sos", "urn:service:sos"),
        ("URN:service:SOS.fire", "urn:service:sos.fire"),
        ("urn:service:sosumi", ""),
        ("urn:service:counseling", ""),
        ("", ""),
        ("sip:00@host", "00"),
        ("sip:0000@host", "0000"),
        ("sip:1%31%32@host", "112"),
    ],
)
def test_the_called_number_is_read_as_routes_write_it(uri: str, number: str) -> None:
    assert called_number(uri) == number


def test_a_routing_number_leads_a_call_elsewhere_in_the_user_part_and_behind_the_host() -> None:
    plain = destination("sip:+3293330000@host;user=phone")
    assert plain == destination("tel:+32-9-333-00-00;npdi")
    led = destination("sip:+3293330000;npdi;rn=C00001@host")
    assert led == destination("sip:+3293330000@host;npdi;RN=c00001") == destination("sip:+3293330000@host;%72n=C00001")
    twice = destination("sip:+3293330000;rn=C00001@host;rn=C00002")
    assert len({plain, led, twice, destination("sip:+3293330000;rn=C00002@host")}) == 4


@given(st.text(max_size=60))
def test_any_uri_gives_a_number_or_none(uri: str) -> None:
    assert isinstance(called_number(uri), str)


def test_the_longest_prefix_wins_however_they_are_written() -> None:
    for triples in (
        (("a", "", "rest"), ("a", "+32", "home"), ("a", "+324", "mobile")),
        (("a", "+324", "mobile"), ("a", "", "rest"), ("a", "+32", "home")),
    ):
        found = routes(*triples)
        assert found.find("a", "+32470123456") == "mobile"
        assert found.find("a", "+3293330000") == "home"
        assert found.find("a", "+442079460000") == "rest"
        assert found.find("a", "") == "rest"


def test_a_route_serves_its_own_trunk() -> None:
    found = routes(("a", "", "home"))
    assert found.find("b", "+32") is None


def test_no_prefix_that_matches_is_no_route() -> None:
    assert routes(("a", "+32", "home")).find("a", "+33") is None


@pytest.mark.parametrize("number", ["112", "101", "urn:service:sos", "urn:service:sos.ambulance"])
def test_an_emergency_number_goes_its_own_way_from_any_trunk(number: str) -> None:
    found = routes(("a", "", "rest"), emergency="rescue")
    assert found.is_emergency(number)
    assert found.find("a", number) == found.find("b", number) == "rescue"


@pytest.mark.law("L13")
@pytest.mark.parametrize("number", ["1120", "+112", "+32112", "11", "", "100"])
def test_only_exactly_an_emergency_number_is_one(number: str) -> None:
    found = routes(("a", "", "rest"), emergency="rescue")
    assert not found.is_emergency(number)
    assert found.find("a", number) == "rest"


@pytest.mark.law("L13")
def test_without_an_emergency_route_no_number_is_an_emergency() -> None:
    found = routes(("a", "", "rest"))
    assert not found.is_emergency("112")
    assert found.find("a", "112") == "rest"


PREFIXES = st.lists(
    st.tuples(st.sampled_from(["", "+", "+3", "+32", "+324", "09", "+329333"]), st.text("xyz", min_size=1))
)


@given(PREFIXES, st.sampled_from(["", "+", "+32", "+3247", "+3293330000", "093330000", "112", "x"]))
def test_a_route_is_that_which_a_look_through_all_of_them_finds(pairs: list[tuple[str, str]], number: str) -> None:
    ordered = sorted(pairs, key=lambda pair: -len(pair[0]))
    plainly = next((to for prefix, to in ordered if number.startswith(prefix)), None)
    assert routes(*(("a", prefix, to) for prefix, to in pairs)).find("a", number) == plainly


def test_as_many_questions_are_asked_among_ten_thousand_routes_as_among_ten() -> None:
    found = routes(("a", "", "rest"), *(("a", f"+32{number:06}", str(number)) for number in range(10_000)))
    assert len(found.by_source["a"]._lengths) == 2
    assert found.find("a", "+32009999000") == "9999"
    assert found.find("a", "+33") == "rest"


def test_a_uri_too_long_to_be_remembered_is_read_all_the_same() -> None:
    assert called_number(f"sip:+3293330000@{'x' * 400}") == "+3293330000"
