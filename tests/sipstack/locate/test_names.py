import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.locate import names


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[::ffff:192.0.2.1]", "192.0.2.1"),
        ("[fe80::1%eth0]", None),
        ("[192.0.2.1", None),
        ("010.0.0.1", None),
        ("127.1", None),
        ("2130706433", None),
        ("example.com", None),
        ("", None),
        ("١٢٧.0.0.1", None),
    ],
)
def test_an_address_has_one_form_and_anything_else_is_none(host: str, address: str | None) -> None:
    assert names.numeric(host) == address


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("_sip._udp.example.com", "_sip._udp.example.com"),
        ("sbc-1", "sbc-1"),
        ("3gpp.mnc001.mcc206.pub", "3gpp.mnc001.mcc206.pub"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        (".".join(["a" * 63] * 3 + ["a" * 61]), ".".join(["a" * 63] * 3 + ["a" * 61])),
    ],
)
def test_a_name_is_asked_for_in_lower_case_and_without_its_last_dot(text: str, name: str) -> None:
    assert names.domain(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a..b",
        ".example.com",
        "example.com..",
        "-a.example",
        "a-.example",
        "a" * 64 + ".example",
        ".".join(["a" * 63] * 3 + ["a" * 62]),
        "exa mple.com",
        "exa\\.mple.com",
        "a\n",
        "Kelvin\u212a.example",
        "[2001:db8::1]",
    ],
)
def test_what_no_zone_can_hold_is_not_asked_for(text: str) -> None:
    assert names.domain(text) is None


@pytest.mark.parametrize(
    "text", ["192.0.2.1", "127.1", "1", "0x7f000001", "0x", "127.0x1", "a.010", "1.2.3.4.5", "999.1.1.1"]
)
def test_what_another_reader_could_take_for_an_address_is_not_a_name(text: str) -> None:
    assert names.domain(text) is None


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "fe80::1", "255.255.255.255"])
def test_addresses_that_lead_nowhere_are_known(address: str) -> None:
    assert names.is_nowhere(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.0.1", "10.0.0.1", "fc00::1"])
def test_addresses_of_this_machine_and_of_private_networks_lead_somewhere(address: str) -> None:
    assert not names.is_nowhere(address)


@given(st.text())
def test_no_text_is_both_an_address_and_a_name_and_none_raises(text: str) -> None:
    assert names.numeric(text) is None or names.domain(text) is None
