import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.trunk import address_of, canonical_host


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("SBC.Carrier.Example", "sbc.carrier.example"),
        ("carrier.example.", "carrier.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8:0:0::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[::ffff:192.0.2.1]", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[no:address]", "[no:address]"),
    ],
)
def test_a_host_is_compared_in_one_spelling(written: str, canonical: str) -> None:
    assert canonical_host(written) == canonical


@given(st.text())
def test_any_text_has_a_spelling_and_keeps_it(text: str) -> None:
    assert canonical_host(canonical_host(text)) == canonical_host(text)


@given(st.ip_addresses())
def test_an_address_is_found_in_its_text(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert address_of(canonical_host(str(address))) == (getattr(address, "ipv4_mapped", None) or address)


@pytest.mark.parametrize("name", ["", "example", "1.2.3", "1.2.3.4.5", "3293330000", "192.0.2.256", "::g", "a:b"])
def test_a_name_is_no_address(name: str) -> None:
    assert address_of(name) is None
