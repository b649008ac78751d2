"""What the process does with requests, and what it says is lacking; the kernel's part is played by dictionaries."""

from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from b2bua.errors import NetfilterError
from b2bua.media import table
from b2bua.media.flow import NOTHING, Add, Count, Flow, Reply, Take
from b2bua.media.netfilter import Netfilter, settled_for


class Kernel:
    """Maps of flows, whose counters the test moves."""

    def __init__(self) -> None:
        self.counters: dict[bytes, tuple[int, int]] = {}
        self.refuses: set[int] = set()
        self.transactions = 0

    def run(self, commands: Any) -> None:
        self.transactions += 1
        verbs = {verb: element for command in commands["nftables"] for verb, element in command.items()}
        marks = {elem[1] for c in commands["nftables"] for e in c.get("add", {}).values() for elem in e["elem"]}
        assert verbs
        if marks & self.refuses:
            raise NetfilterError("No space left on device")

    def read(self, _name: str, keys: Sequence[bytes]) -> list[tuple[int, int]]:
        try:
            return [self.counters[key] for key in keys]
        except KeyError:
            raise NetfilterError("No such file or directory") from None


def flow(number: int, host: str = "192.0.2.1") -> Flow:
    return Flow(0xB200_0000 + number, (host, 5_000), (host, 20_000 + number), (host, 6_000), (host, 30_000))


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def netfilter(kernel: Kernel) -> Netfilter:
    return Netfilter("b2bua", kernel.run, kernel.read)


def test_octets_are_told_without_headers_and_since_the_last_time(netfilter: Netfilter, kernel: Kernel) -> None:
    for one, headers in ((flow(0), 28), (flow(2, "2001:db8::1"), 48)):
        assert netfilter.heed(Add((one,))) == NOTHING
        kernel.counters[table.key(one)] = (3, 3 * headers + 516)
        assert netfilter.heed(Count((one,))) == Reply(counts={one.mark: (3, 516)})
        assert netfilter.heed(Count((one,))) == NOTHING
        kernel.counters[table.key(one)] = (4, 4 * headers + 688)
        assert netfilter.heed(Take((one,))) == Reply(counts={one.mark: (1, 172)})
        before = kernel.transactions
        assert netfilter.heed(Take((one,))) == NOTHING
        assert kernel.transactions == before


def test_one_flow_that_the_kernel_refuses_costs_the_others_nothing(netfilter: Netfilter, kernel: Kernel) -> None:
    those = tuple(flow(number) for number in range(4))
    kernel.refuses.add(those[2].mark)
    assert netfilter.heed(Add(those)) == Reply(refused={those[2].mark: "No space left on device"})
    kernel.counters.update((table.key(one), (0, 0)) for one in those if one is not those[2])
    assert netfilter.heed(Take(those)) == NOTHING


def test_many_are_one_transaction(netfilter: Netfilter, kernel: Kernel) -> None:
    netfilter.heed(Add(tuple(flow(number) for number in range(100))))
    assert kernel.transactions == 1


def test_a_flow_whose_mark_another_has_by_now_is_not_counted_as_that(netfilter: Netfilter, kernel: Kernel) -> None:
    one, other = flow(0), attrs.evolve(flow(1), mark=flow(0).mark)
    netfilter.heed(Add((other,)))
    kernel.counters[table.key(other)] = (9, 999)
    assert netfilter.heed(Count((one,))) == NOTHING


def test_a_table_that_somebody_else_has_changed_is_no_longer_ours(netfilter: Netfilter) -> None:
    netfilter.heed(Add((flow(0),)))
    with pytest.raises(NetfilterError):
        netfilter.heed(Take((flow(0),)))


def test_settings_that_are_missing_are_named_by_family() -> None:
    values = {"net.ipv4.ip_forward": "1", "net.ipv4.fwmark_reflect": "0", "net.ipv6.conf.all.forwarding": "1"}
    hello = settled_for(values.get)
    assert hello.versions == frozenset()
    assert hello.lacks == (
        "IPv4 needs sysctl -w net.ipv4.fwmark_reflect=1",
        "IPv6 needs sysctl -w net.ipv6.fwmark_reflect=1",
    )


def test_a_family_with_all_its_settings_is_carried() -> None:
    values = {"net.ipv4.ip_forward": "1", "net.ipv4.fwmark_reflect": "1"}
    assert settled_for(values.get).versions == {4}
