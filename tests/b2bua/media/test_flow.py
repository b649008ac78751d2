"""What is asked of the process that has the kernel carry flows comes as it was asked, and so does what it says."""

from hypothesis import given
from hypothesis import strategies as st

from b2bua.media import table
from b2bua.media.flow import (
    LARGEST,
    TOGETHER,
    Add,
    Count,
    Flow,
    Hello,
    Reply,
    Take,
    decode_hello,
    decode_reply,
    decode_request,
    encode_hello,
    encode_reply,
    encode_request,
)

HOSTS = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)
PORTS = st.integers(1, 65_535)
MARKS = st.integers(0xB200_0000, 0xB2FF_FFFF)


def flows(hosts: st.SearchStrategy[str]) -> st.SearchStrategy[Flow]:
    places = st.tuples(hosts, PORTS)
    return st.builds(Flow, MARKS, places, places, places, places)


FLOWS = st.lists(flows(HOSTS[0]) | flows(HOSTS[1]), max_size=5).map(tuple)
NUMBERS = st.integers(0, 2**53)


@given(st.builds(Add, FLOWS) | st.builds(Take, FLOWS) | st.builds(Count, FLOWS))
def test_requests_come_as_they_were_sent(request: Add | Take | Count) -> None:
    assert decode_request(encode_request(request)) == request


@given(st.dictionaries(MARKS, st.tuples(NUMBERS, NUMBERS)), st.dictionaries(MARKS, st.text()))
def test_replies_come_as_they_were_sent(counts: dict[int, tuple[int, int]], refused: dict[int, str]) -> None:
    reply = Reply(counts=counts, refused=refused)
    assert decode_reply(encode_reply(reply)) == reply


@given(st.frozensets(st.sampled_from([4, 6])), st.lists(st.text()).map(tuple))
def test_the_first_word_comes_as_it_was_said(versions: frozenset[int], lacks: tuple[str, ...]) -> None:
    hello = Hello(versions=versions, lacks=lacks)
    assert decode_hello(encode_hello(hello)) == hello


def test_as_many_flows_as_go_together_fit_into_one_packet() -> None:
    widest = ("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 65_535)
    flow = Flow(0xB2FF_FFFF, widest, widest, widest, widest)
    assert len(encode_request(Take((flow,) * TOGETHER))) <= LARGEST


FLOW = Flow(0xB200_0001, ("192.0.2.1", 5_000), ("192.0.2.2", 20_000), ("198.51.100.1", 6_000), ("198.51.100.2", 30_000))


def test_a_flow_is_an_element_of_five_maps() -> None:
    (first, *others) = [command["add"]["element"] for command in table.added("b2bua", [FLOW])["nftables"]]
    assert first["name"] == "flows4"
    assert first["elem"] == [[{"concat": ["192.0.2.1", 5_000, "192.0.2.2", 20_000]}, FLOW.mark]]
    assert {one["name"]: one["elem"] for one in others} == {
        "target4": [[FLOW.mark, "198.51.100.1"]],
        "target_port": [[FLOW.mark, 6_000]],
        "origin4": [[FLOW.mark, "198.51.100.2"]],
        "origin_port": [[FLOW.mark, 30_000]],
    }


@given(flows(HOSTS[0]) | flows(HOSTS[1]))
def test_whatever_is_added_for_a_flow_is_deleted_with_it(flow: Flow) -> None:
    added = {
        (e["name"], repr(e["elem"][0][0])) for c in table.added("t", [flow])["nftables"] for e in c["add"].values()
    }
    gone = {
        (e["name"], repr(e["elem"][0])) for c in table.deleted("t", [flow])["nftables"] for e in c["delete"].values()
    }
    assert added == gone


def test_the_kernel_knows_a_flow_by_addresses_and_ports_filled_up() -> None:
    assert table.key(FLOW) == bytes([192, 0, 2, 1, 0x13, 0x88, 0, 0, 192, 0, 2, 2, 0x4E, 0x20, 0, 0])
