"""A host that is an address says nothing of who calls; it is told from any other as `ipaddress` tells it."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.identity import screening

octets = st.one_of(st.integers(0, 300).map(str), st.sampled_from(["", "00", "01", "1a", "²", "٣", "-1", "+1", " 1"]))
quads = st.lists(octets, min_size=3, max_size=5).map(".".join)
hosts = st.one_of(
    quads, quads.map("[{}]".format), st.ip_addresses().map(str), st.ip_addresses(v=6).map("[{}]".format), st.text()
)


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@given(hosts)
def test_what_is_known_at_a_look_is_what_the_library_says(host: str) -> None:
    assert screening._is_address(host) == is_address(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "255.255.255.255", "10.020.3.4", "1.2.3", "1.2.3.4.", "256.1.1.1", ""])
def test_so_it_is_at_the_edges(host: str) -> None:
    assert screening._is_address(host) == is_address(host)


@pytest.mark.parametrize("last", range(256))
def test_every_octet_is_one(last: int) -> None:
    assert screening._is_address(f"{last}.{last}.{last}.{last}")
