import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config import Dns, Peer
from b2bua.roaming.naptr import domain_of, read
from b2bua.roaming.told import Told
from policy.roaming import Roaming

HOLDER = Dns(name="dns", zone="e164.arpa", nameservers=(Peer.parse("127.0.0.1"),))
HOME = frozenset({206})


def told(*expressions: str, holder: Dns = HOLDER) -> Told:
    return read(expressions, holder, HOME)


@pytest.mark.parametrize("zone", ["e164.arpa", "e164.arpa.", ".e164.arpa"])
def test_a_number_is_a_name_backwards(zone: str) -> None:
    assert domain_of("+32470123456", zone) == "6.5.4.3.2.1.0.7.4.2.3.e164.arpa."


@pytest.mark.law("¶8 3°", "K10")
@pytest.mark.parametrize(
    ("expression", "outcome"),
    [
        ("!^.*$!tel:+32470123456;roaming=true;mcc=262;mnc=01!", Roaming.ABROAD),
        (r"!^(.*)$!tel:\\1\;ROAMING=Yes\;mcc=208!", Roaming.ABROAD),
        ("roaming=1", Roaming.ABROAD),
        ("!^.*$!tel:+32470123456;roaming=true;mcc=206!", Roaming.NOT_ABROAD),
        ("!^.*$!tel:+32470123456;roaming=0;mcc=206!", Roaming.NOT_ABROAD),
        ("roaming=no", Roaming.NOT_ABROAD),
    ],
)
def test_a_record_says_whether_the_subscriber_roams_and_a_home_network_is_not_abroad(
    expression: str, outcome: Roaming
) -> None:
    assert told(expression) == Told(outcome=outcome)


@pytest.mark.law("L4")
@pytest.mark.parametrize(
    "expressions",
    [
        (),
        ("!^.*$!tel:+32470123456;mcc=262;mnc=01!",),  # whose number it is, and not where he is
        ("roaming=",),
        ("roaming=perhaps",),
        ("roaming=true", "roaming=false"),
        ("roaming=true;roaming=perhaps",),
        ("roaming=true;mcc=DE",),
        ("roaming=true;mcc=2620",),
        ("roaming=false;mcc=262",),
        ("notroaming-=true",),
    ],
)
def test_what_does_not_say_so_or_contradicts_itself_is_a_failure_of_the_holder_s(expressions: tuple[str, ...]) -> None:
    assert told(*expressions).outcome is Roaming.FAILED


def test_the_names_of_the_parameters_are_settings() -> None:
    holder = attrs.evolve(HOLDER, roaming_parameter="abroad", mcc_parameter="")
    assert told("abroad=1;mcc=206;roaming=0", holder=holder) == Told(outcome=Roaming.ABROAD)
    holder = attrs.evolve(HOLDER, mcc_parameter="vmcc")
    assert told("roaming=1;mcc=206;vmcc=262", holder=holder) == Told(outcome=Roaming.ABROAD)


@given(st.lists(st.text(max_size=60) | st.from_regex(r"(roaming=(true|0|x)?;|mcc=(206|262|9);){0,4}", fullmatch=True)))
def test_whatever_stands_in_the_records_nobody_is_abroad_unless_one_says_so(expressions: list[str]) -> None:
    if told(*expressions).outcome is Roaming.ABROAD:
        assert any(word in "\n".join(expressions).lower() for word in ("roaming=true", "roaming=1", "roaming=yes"))
        assert "mcc=206" not in "\n".join(expressions).lower()
