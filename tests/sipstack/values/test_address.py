import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import Address, OtherUri, Parameters, SipUri, TelUri, parse_uri

NAMES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=20)
URIS = st.sampled_from(
    ["sip:alice@example.com", "sips:a,b;c?d@[::1]:5061;lr;x=%22?y=z", "tel:+32-2-400;ext=1", "urn:service:sos", "sip:h"]
).map(parse_uri)
PARAMETERS = st.sampled_from(["", ";tag=a", ';x="a, <b>; \\" c";lr', ";tag"]).map(Parameters.parse)
ADDRESSES = st.builds(Address, NAMES, URIS, PARAMETERS)


@given(ADDRESSES)
def test_an_address_survives_print_and_parse(address: Address) -> None:
    assert Address.parse(str(address)) == address


@given(st.lists(ADDRESSES, max_size=5))
def test_a_list_of_addresses_survives_print_and_parse(addresses: list[Address]) -> None:
    assert Address.parse_list(", ".join(map(str, addresses))) == tuple(addresses)


@given(st.text(st.sampled_from('"<>,;:@\\ \tasip=?()\r\n\0é')))
def test_any_text_is_an_address_or_a_parse_error(text: str) -> None:
    try:
        address = Address.parse(text)
    except ParseError:
        return
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"Bell, Alexander" <sip:a@b>', "Bell, Alexander"),
        ('"x"<sip:a@b>', "x"),
        ("caller<sip:a@b>", "caller"),
        ("token1~` token2'+_\ttoken3*%!.- <sip:a@b>", "token1~` token2'+_\ttoken3*%!.-"),
        ('"J Rosenberg \\\\\\"" <sip:a@b>', 'J Rosenberg \\"'),
        ('"+32 \\2 400" <sip:a@b>', "+32 2 400"),
        ('"" <sip:a@b>', ""),
        ("<sip:a@b>", ""),
        ("José (home) <sip:a@b>", "José (home)"),
        ("  a  <sip:a@b>  ", "a"),
        ('"BEL:\\\a NUL:\\\0 DEL:\\\x7f" <sip:a@b>', "BEL:\a NUL:\0 DEL:\x7f"),
    ],
)
def test_the_display_name_is_unescaped(text: str, name: str) -> None:
    address = Address.parse(text)
    assert address.display_name == name
    assert address.uri == SipUri("sip", "a", "b")


def test_without_brackets_the_parameters_are_the_headers() -> None:
    address = Address.parse("sip:+16505552222@ss1.example.net;user=phone ; tag=a")
    assert address.uri == SipUri("sip", "+16505552222", "ss1.example.net")
    assert str(address.parameters) == ";user=phone;tag=a"


def test_within_brackets_the_parameters_are_the_uris() -> None:
    address = Address.parse("<sip:a@b;user=phone>;tag=x")
    assert isinstance(address.uri, SipUri)
    assert str(address.uri.parameters) == ";user=phone"
    assert address.tag == "x"


def test_a_bracket_in_a_quoted_parameter_is_no_name_addr() -> None:
    address = Address.parse('sip:a@b;+sip.instance="<urn:uuid:1>"')
    assert address.uri == SipUri("sip", "a", "b")
    assert address.parameters.get("+sip.instance") == '"<urn:uuid:1>"'


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("tel:+3224001000", TelUri("+3224001000")),
        ("isbn:2983792873", OtherUri("isbn", "2983792873")),
        ("<http://www.example.com>;tag=3", OtherUri("http", "//www.example.com")),
    ],
)
def test_an_address_may_hold_any_scheme(text: str, uri: object) -> None:
    assert Address.parse(text).uri == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "<>",
        "sip:a@b, sip:c@d",
        "<sip:a@b>, <sip:c@d>",
        "sip:a@b,sip:c@d",
        "sip:a,b@c",
        "sip:a@b;tag=1,sip:c@d",
        "<sip:a@b>;tag=1, <sip:c@d>",
        "sip:a;x=+3224001000@b",
        "sip:a@b?Route=c",
        "Bell, Alexander <sip:a@b>",
        '"Mr. J. User <sip:a@b>',
        '"a" b <sip:a@b>',
        'a "b" <sip:a@b>',
        'a"b <sip:a@b>',
        "sip:a@b;tag=1 <sip:c@d>",
        'sip:a@b;tag="1" <tel:+32>',
        "< sip:a@b >",
        "<sip:a@b",
        "sip:a@b>",
        "<sip:a@b>tag=1",
        "<sip:a@b>;;",
        "<sip:a@b> x",
        "<<sip:a@b>>",
        "a\x00b <sip:a@b>",
        '"a\x00b" <sip:a@b>',
        "a\nb <sip:a@b>",
    ],
)
def test_what_holds_two_addresses_or_none_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Address.parse(text)


def test_an_empty_list_has_no_addresses() -> None:
    assert Address.parse_list(" , ,") == ()


@pytest.mark.parametrize(
    ("text", "expires", "q"),
    [
        ("<sip:a@b>;expires=60;q=0.5", 60, 0.5),
        ("<sip:a@b>;Expires=0;Q=1", 0, 1.0),
        ("<sip:a@b>", None, None),
        ("<sip:a@b>;expires=x;q=x", 3600, None),
        ("<sip:a@b>;expires;q", 3600, None),
        ("<sip:a@b>;expires=4294967296;q=1.1", 3600, None),
    ],
)
def test_a_contact_has_its_life_and_its_rank(text: str, expires: int | None, q: float | None) -> None:
    address = Address.parse(text)
    assert (address.expires, address.q) == (expires, q)
