import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import ParseError
from sipstack.values import OtherUri, Parameters, SipUri, TelUri, Uri, parse_uri

USERS = st.from_regex(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/%#\u00e9\u0660\u200b]{1,20}", fullmatch=True)
HOSTS = st.from_regex(r"[A-Za-z0-9.\-_]{1,20}|\[[0-9a-fA-F:.]{2,20}\]", fullmatch=True)
PARAMETERS = st.lists(
    st.tuples(
        st.from_regex(r"[a-z%\-]{1,6}", fullmatch=True),
        st.none() | st.from_regex(r"[a-z0-9%:\[\]]{0,6}", fullmatch=True),
    ),
    max_size=4,
).map(lambda items: Parameters(tuple(items)))
SIP_URIS = st.builds(
    SipUri,
    st.sampled_from(["sip", "sips"]),
    USERS,
    HOSTS,
    port=st.none() | st.integers(0, 65535),
    password=st.none() | st.from_regex(r"[a-z0-9:&=]{0,6}", fullmatch=True),
    parameters=PARAMETERS,
    headers=st.from_regex(r"([a-zA-Z]+=[a-z%0-9:]*(&[a-z]+=[a-z]*)?)?", fullmatch=True),
)
TEL_URIS = st.builds(TelUri, st.from_regex(r"\+?[0-9\-.()A-F*#]{1,20}", fullmatch=True), PARAMETERS)
OTHER_URIS = st.builds(
    OtherUri, st.sampled_from(["urn", "http", "soap.beep", "isbn"]), st.from_regex(r"[!#-;=?-~]{1,20}", fullmatch=True)
)
URIS = SIP_URIS | TEL_URIS | OTHER_URIS


@given(URIS)
def test_a_uri_survives_print_and_parse(uri: Uri) -> None:
    assert parse_uri(str(uri)) == uri


@given(
    st.text()
    | URIS.map(str).flatmap(lambda text: st.integers(0, len(text)).map(lambda at: text[:at] + "@" + text[at:]))
)
def test_any_text_is_a_uri_or_a_parse_error(text: str) -> None:
    try:
        uri = parse_uri(text)
    except ParseError:
        return
    assert parse_uri(str(uri)) == uri


def test_every_part_of_a_sip_uri_is_found() -> None:
    uri = parse_uri("SIPS:alice:secret@Example.COM:5061;transport=tcp;lr?subject=a&b=c")
    assert uri == SipUri(
        "sips",
        "alice",
        "Example.COM",
        port=5061,
        password="secret",
        parameters=Parameters((("transport", "tcp"), ("lr", None))),
        headers="subject=a&b=c",
    )


@pytest.mark.parametrize(
    ("text", "user", "host"),
    [
        ("sip:user;par=u%40example.net@example.com", "user;par=u%40example.net", "example.com"),
        ("sip:sips%3Auser%40example.com@example.net", "sips%3Auser%40example.com", "example.net"),
        ("sip:null-%00-null@example.com", "null-%00-null", "example.com"),
        ("sip:+3224001000;phone-context=+32@example.com;user=phone", "+3224001000;phone-context=+32", "example.com"),
        ("sip:a?b/c@example.com", "a?b/c", "example.com"),
        ("sip:*21#@example.com", "*21#", "example.com"),
        ("sip:+32٢@example.com", "+32٢", "example.com"),
        ("sip:example.com", None, "example.com"),
    ],
)
def test_the_user_part_is_kept_as_written(text: str, user: str | None, host: str) -> None:
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    assert (uri.user, uri.host) == (user, host)


def test_a_port_within_the_brackets_is_part_of_the_address() -> None:
    uri = parse_uri("sip:[2001:db8::10:5070]")
    assert isinstance(uri, SipUri)
    assert (uri.host, uri.port) == ("[2001:db8::10:5070]", None)
    uri = parse_uri("sip:[2001:db8::10]:5070")
    assert isinstance(uri, SipUri)
    assert (uri.host, uri.port) == ("[2001:db8::10]", 5070)


def test_a_tel_uri_keeps_its_separators_and_context() -> None:
    uri = parse_uri("TEL:+32-2-400(10)00;phone-context=example.com")
    assert uri == TelUri("+32-2-400(10)00", Parameters((("phone-context", "example.com"),)))


def test_an_unknown_scheme_is_carried() -> None:
    assert parse_uri("http://www.example.com") == OtherUri("http", "//www.example.com")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "sip:@host",
        "sip:user@",
        "sip::pw@host",
        "sip:+3224001000",
        "sip:a@b@c",
        "sip:a@b;x=c@d",
        "sip:a@b?x=c@d",
        "sip:2001:db8::10",
        "sip:a@b:99999",
        "sip:a@b:",
        "sip:a@b:+80",
        "sip:a@b:٨٠",
        "sip:a b@c",
        "sip:a@b ",
        " sip:a@b",
        "sip:a@b;;lr",
        "sip:a@b;x y",
        "sip:a\x00@b",
        "sip:a@b\r\n",
        "sip:a@[::1",
        "sip:a@bé",
        "<sip:a@b>",
        "tel:",
        "tel:+32 2",
        "tel:+32@b",
        "tel:;x=y",
        "ſip:a@b",
        "1x:y",
        "urn:",
        "urn:a b",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_uri(text)


def test_a_password_is_printed_on_the_wire_but_not_in_the_repr() -> None:
    uri = parse_uri("sip:a:hunter2@b")
    assert "hunter2" not in repr(uri)
    assert str(uri) == "sip:a:hunter2@b"


def test_the_parameters_that_sip_names_are_at_hand() -> None:
    uri = parse_uri("sip:a@b;Transport=T%43P;maddr=239.255.255.1;ttl=15;method=%42YE;lr;user=Phone")
    assert isinstance(uri, SipUri)
    assert (uri.transport, uri.maddr, uri.ttl, uri.method) == ("tcp", "239.255.255.1", 15, "BYE")
    assert uri.lr
    assert uri.is_phone
    bare = SipUri("sip", "a", "b")
    assert (bare.transport, bare.maddr, bare.ttl, bare.method, bare.lr, bare.is_phone) == (
        None,
        None,
        None,
        None,
        False,
        False,
    )


@pytest.mark.parametrize(("text", "ttl"), [("0", 0), ("255", 255), ("256", None), ("-1", None), ("", None)])
def test_a_ttl_is_an_octet(text: str, ttl: int | None) -> None:
    assert SipUri("sip", "a", "b", parameters=Parameters((("ttl", text),))).ttl == ttl


@pytest.mark.parametrize(
    ("text", "telephone"),
    [
        ("sip:+3225550100;phone-context=x;npdi@h", TelUri("+3225550100", Parameters.parse(";phone-context=x;npdi"))),
        ("sip:+32-2(555).01@h", TelUri("+32-2(555).01")),
        ("sip:1234@h;user=phone", TelUri("1234")),
        ("sip:%23%2a21@h;user=PHONE", TelUri("#*21")),
        ("sip:%2B32@h", TelUri("+32")),
        ("sip:7042;phone-context=example.com@h", TelUri("7042", Parameters.parse(";phone-context=example.com"))),
        ("sip:1234@h", None),
        ("sip:alice@h", None),
        ("sip:alice@h;user=phone", None),
        ("sip:+@h", None),
        ("sip:+-@h", None),
        ("sip:+32a@h", None),
        ("sip:+32%3Bext=1@h", None),
        ("sip:+32;;x@h", None),
        ("sip:+32%00@h;user=phone", None),
        ("sip:+٣٢@h", None),
        ("sip:h;user=phone", None),
    ],
)
def test_a_telephone_number_in_the_user_part_is_read(text: str, telephone: TelUri | None) -> None:
    uri = parse_uri(text)
    assert isinstance(uri, SipUri)
    assert uri.telephone == telephone


def test_the_parts_of_a_telephone_number_are_at_hand() -> None:
    uri = TelUri("+32-2(400).10", Parameters.parse(";ext=12;isub=9;phone-context=+32"))
    assert (uri.digits, uri.extension, uri.isub, uri.phone_context) == ("+3224001" + "0", "12", "9", "+32")
    assert uri.is_global
    local = TelUri("7042")
    assert (local.is_global, local.extension, local.isub, local.phone_context) == (False, None, None, None)


@pytest.mark.parametrize("text", ["+32", "1", "*21#", "AbC", "(1)"])
def test_a_subscriber_of_digits_and_separators_is_well_formed(text: str) -> None:
    assert TelUri(text).is_well_formed


@pytest.mark.parametrize("text", ["+", "-", "+a", "+*", "g", "1 2", "++1", "١"])
def test_any_other_subscriber_is_not(text: str) -> None:
    assert not TelUri(text).is_well_formed


@given(st.lists(st.tuples(st.from_regex(r"[A-Za-z\-.!%]{1,8}", fullmatch=True), st.text(st.characters(codec="utf-8")))))
def test_headers_survive_the_uri(fields: list[tuple[str, str]]) -> None:
    uri = SipUri("sip", "a", "b").with_header_fields(
        [(name, "".join(filter(str.isprintable, v))) for name, v in fields]
    )
    assert parse_uri(str(uri)) == uri
    assert uri.with_header_fields(uri.header_fields()) == uri


def test_headers_are_unescaped_in_order() -> None:
    uri = parse_uri("sip:a@b?Subject=a%3Db%26c&subject=&%54o=sip:x%40y&body=%0D%0A")
    assert isinstance(uri, SipUri)
    assert uri.header_fields() == (("Subject", "a=b&c"), ("subject", ""), ("To", "sip:x@y"), ("body", "\r\n"))
    assert SipUri("sip", "a", "b").header_fields() == ()


@pytest.mark.parametrize("headers", ["a", "=b", "a=b&", "a%0D=b", "a=%0D%0Ab", "a=%00", "a=%7F"])
def test_headers_that_would_be_more_than_headers_are_refused(headers: str) -> None:
    with pytest.raises(ParseError):
        SipUri("sip", "a", "b", headers=headers).header_fields()
