import pytest
from hypothesis import given

from sipstack.errors import ParseError
from sipstack.values import Address, SipUri
from sipstack.values.addressed import Addressed
from tests.sipstack.values.laws import junk, read_or_refused


@given(junk('"A, B" <sip:a@b>;reason=user-busy, <tel:+32>'))
def test_any_text_is_addressed_or_a_parse_error(text: str) -> None:
    read_or_refused(Addressed.parse, text)


def test_it_is_its_address() -> None:
    value = Addressed.parse('"A" <sip:a@b>;x=1')
    assert value.address == Address.parse('"A" <sip:a@b>;x=1')
    assert value.uri == SipUri("sip", "a", "b")
    assert str(value.parameters) == ";x=1"
    assert str(value) == '"A" <sip:a@b>;x=1'


def test_subclasses_are_read_as_themselves() -> None:
    class Special(Addressed):
        pass

    assert [type(value) for value in Special.parse_list("<sip:a>, <sip:b>")] == [Special, Special]


def test_two_are_not_one() -> None:
    with pytest.raises(ParseError):
        Addressed.parse("<sip:a>, <sip:b>")
