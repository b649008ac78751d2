from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipstack.errors import StateError
from sipstack.locate import (
    FAILED,
    Answer,
    Host,
    Kind,
    Miss,
    Naptr,
    Outcome,
    Preferences,
    Question,
    Record,
    Srv,
    Target,
    search,
)
from sipstack.values import SipUri, Via, parse_uri
from tests.sipstack.locate.zone import Zone, answer, hosts, naptr, run, srv

ADDRESSES: Zone = {
    ("a.example.com", Kind.A): hosts("192.0.2.1"),
    ("b.example.com", Kind.A): hosts("192.0.2.2"),
    ("b.example.com", Kind.AAAA): hosts("2001:db8::2"),
    ("example.com", Kind.A): hosts("192.0.2.99"),
}
SERVICES: Zone = ADDRESSES | {
    ("_sip._udp.example.com", Kind.SRV): (srv("a.example.com", port=5070),),
    ("_sip._tcp.example.com", Kind.SRV): (srv("a.example.com", port=5071),),
    ("_sips._tcp.example.com", Kind.SRV): (srv("b.example.com", port=5072),),
}
RFC_EXAMPLE: Zone = SERVICES | {
    ("example.com", Kind.NAPTR): (
        naptr(100, 50, "SIP+D2U", "_sip._udp.example.com"),
        naptr(50, 50, "SIPS+D2T", "_sips._tcp.example.com"),
        naptr(90, 50, "SIP+D2T", "_sip._tcp.example.com"),
    )
}
"""The zone of RFC 3263 section 4.1."""
V4 = Preferences(families=(Kind.A,))


# Nothing to ask


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("sip:192.0.2.1", ("UDP", "192.0.2.1", 5060)),
        ("sip:alice@192.0.2.1:5080", ("UDP", "192.0.2.1", 5080)),
        ("sips:192.0.2.1", ("TLS", "192.0.2.1", 5061)),
        ("sips:192.0.2.1:5060;transport=tcp", ("TLS", "192.0.2.1", 5060)),
        ("sips:192.0.2.1;transport=tls", ("TLS", "192.0.2.1", 5061)),
        ("sip:192.0.2.1;transport=tcp", ("TCP", "192.0.2.1", 5060)),
        ("sip:192.0.2.1;transport=TLS", ("TLS", "192.0.2.1", 5061)),
        ("sip:[2001:db8::1]", ("UDP", "2001:db8::1", 5060)),
        ("sip:[::ffff:192.0.2.1]:5062", ("UDP", "192.0.2.1", 5062)),
        ("sip:example.com;maddr=192.0.2.7", ("UDP", "192.0.2.7", 5060)),
        ("sip:example.com:5070;maddr=[2001:db8::7];transport=tcp", ("TCP", "2001:db8::7", 5070)),
        ("sip:example.com;maddr=239.255.255.1", ("UDP", "239.255.255.1", 5060)),
    ],
)
def test_a_numeric_target_asks_nobody(uri: str, place: tuple[str, str, int]) -> None:
    found = run(uri, {})
    assert (found.places, found.rounds, found.miss) == ([place], [], None)


@pytest.mark.parametrize(
    ("uri", "miss"),
    [
        ("tel:+3221234567", Miss.SCHEME),
        ("http://example.com", Miss.SCHEME),
        ("sip:example.com;transport=sctp", Miss.TRANSPORT),
        ("sip:example.com;transport=ws", Miss.TRANSPORT),
        ("sip:example.com;transport", Miss.TRANSPORT),
        ("sips:example.com;transport=udp", Miss.TRANSPORT),
        ("sip:239.255.255.1;transport=tcp", Miss.TRANSPORT),
        ("sip:0.0.0.0", Miss.TRANSPORT),
        ("sip:[::]", Miss.TRANSPORT),
        ("sip:127.1", Miss.HOST),
        ("sip:010.0.0.1", Miss.HOST),
        ("sip:example..com", Miss.HOST),
        ("sip:[:::1]", Miss.HOST),
        ("sip:192.0.2.1:0", Miss.HOST),
        ("sip:example.com;maddr=x..y", Miss.HOST),
    ],
)
def test_what_cannot_be_looked_for_is_a_miss_at_once(uri: str, miss: Miss) -> None:
    found = run(uri, SERVICES)
    assert (found.miss, found.places, found.rounds) == (miss, [], [])


def test_an_address_of_a_family_we_do_not_have_is_no_target() -> None:
    assert run("sip:[2001:db8::1]", {}, V4).miss is Miss.TRANSPORT


def test_every_miss_has_a_status_to_refuse_with() -> None:
    assert {miss: miss.status for miss in Miss} == {
        Miss.SCHEME: 416,
        Miss.TRANSPORT: 503,
        Miss.HOST: 400,
        Miss.NOT_FOUND: 404,
        Miss.UNAVAILABLE: 503,
    }


# A port in the URI (section 4.2)


def test_a_port_in_the_uri_asks_for_addresses_only() -> None:
    found = run("sip:b.example.com:5090", SERVICES)
    assert found.asked == ["A b.example.com", "AAAA b.example.com"]
    assert found.places == [("UDP", "192.0.2.2", 5090), ("UDP", "2001:db8::2", 5090)]


def test_a_port_in_a_sips_uri_is_reached_by_tls() -> None:
    assert run("sips:a.example.com:5090", SERVICES).places == [("TLS", "192.0.2.1", 5090)]


def test_the_order_of_families_is_ours() -> None:
    v6_first = Preferences(families=(Kind.AAAA, Kind.A))
    assert run("sip:b.example.com:5090", SERVICES, v6_first).places == [
        ("UDP", "2001:db8::2", 5090),
        ("UDP", "192.0.2.2", 5090),
    ]
    assert run("sip:b.example.com:5090", SERVICES, V4).asked == ["A b.example.com"]


def test_addresses_of_one_name_keep_the_order_of_the_answer() -> None:
    zone: Zone = {("x.example", Kind.A): hosts("192.0.2.3", "192.0.2.1", "192.0.2.2")}
    assert [place[1] for place in run("sip:x.example:5060", zone).places] == ["192.0.2.3", "192.0.2.1", "192.0.2.2"]


def test_addresses_nobody_can_be_reached_at_are_passed_over() -> None:
    bad = ("0.0.0.0", "239.1.1.1", "255.255.255.255", "junk", "192.0.2.1", "192.0.2.1")
    zone: Zone = {("x.example", Kind.A): hosts(*bad), ("x.example", Kind.AAAA): hosts("::", "fe80::1", "ff02::1")}
    assert run("sip:x.example:5060", zone).places == [("UDP", "192.0.2.1", 5060)]


# A transport in the URI


@pytest.mark.parametrize(
    ("uri", "question", "place"),
    [
        ("sip:example.com;transport=udp", "SRV _sip._udp.example.com", ("UDP", "192.0.2.1", 5070)),
        ("sip:example.com;transport=tcp", "SRV _sip._tcp.example.com", ("TCP", "192.0.2.1", 5071)),
        ("sip:example.com;transport=tls", "SRV _sips._tcp.example.com", ("TLS", "192.0.2.2", 5072)),
        ("sips:example.com;transport=tcp", "SRV _sips._tcp.example.com", ("TLS", "192.0.2.2", 5072)),
        ("sip:other.example;maddr=example.com;transport=tcp", "SRV _sip._tcp.example.com", ("TCP", "192.0.2.1", 5071)),
    ],
)
def test_a_transport_in_the_uri_asks_for_its_servers_only(uri: str, question: str, place: tuple[str, str, int]) -> None:
    found = run(uri, RFC_EXAMPLE, V4)
    assert found.rounds[0] == (Question(question.split()[1], Kind.SRV),)
    assert found.places == [place]


def test_without_srv_records_the_domain_is_the_host_at_the_default_port() -> None:
    zone: Zone = {("example.com", Kind.A): hosts("192.0.2.99")}
    assert run("sip:example.com;transport=tcp", zone).places == [("TCP", "192.0.2.99", 5060)]
    assert run("sip:example.com;transport=tls", zone).places == [("TLS", "192.0.2.99", 5061)]
    assert run("sips:example.com", zone).places == [("TLS", "192.0.2.99", 5061)]
    assert run("sip:example.com", zone).places == [("UDP", "192.0.2.99", 5060)]


# Neither (section 4.1)


def test_the_domain_chooses_the_transport_by_naptr_and_no_other_order_is_tried() -> None:
    found = run("sip:example.com", RFC_EXAMPLE, V4)
    assert found.asked == ["NAPTR example.com", "SRV _sips._tcp.example.com", "A b.example.com"]
    assert found.places == [("TLS", "192.0.2.2", 5072)]


def test_records_for_transports_we_do_not_speak_are_discarded_first() -> None:
    plain = Preferences(transports=("UDP", "TCP"), families=(Kind.A,))
    assert run("sip:example.com", RFC_EXAMPLE, plain).places == [("TCP", "192.0.2.1", 5071)]
    only_udp = Preferences(transports=("UDP",), families=(Kind.A,))
    assert run("sip:example.com", RFC_EXAMPLE, only_udp).places == [("UDP", "192.0.2.1", 5070)]


def test_a_sips_uri_discards_every_service_but_sips() -> None:
    zone = SERVICES | {
        ("example.com", Kind.NAPTR): (
            naptr(1, 1, "SIP+D2T", "_sip._tcp.example.com"),
            naptr(2, 1, "SIPS+D2T", "_sips._tcp.example.com"),
        )
    }
    assert {place[0] for place in run("sips:example.com", zone).places} == {"TLS"}
    assert run("sips:example.com", zone, Preferences(transports=("UDP", "TCP"))).miss is Miss.TRANSPORT


def test_equal_orders_are_all_tried_by_preference() -> None:
    zone = SERVICES | {
        ("example.com", Kind.NAPTR): (
            naptr(10, 30, "SIP+D2U", "_sip._udp.example.com"),
            naptr(10, 10, "sip+d2t", "_sip._tcp.example.com."),
            naptr(10, 20, "SIPS+D2T", "_SIPS._tcp.example.com", flags="S"),
        )
    }
    assert [place[0] for place in run("sip:example.com", zone, V4).places] == ["TCP", "TLS", "UDP"]


@pytest.mark.parametrize(
    "record",
    [
        naptr(1, 1, "SIP+D2S", "_sip._sctp.example.com"),
        naptr(1, 1, "SIP+D2W", "_sip._ws.example.com"),
        naptr(1, 1, "E2U+sip", ".", flags="u", regexp="!^.*$!sip:a@example.com!"),
        naptr(1, 1, "SIP+D2U", "_sip._udp.example.com", regexp="!^.*$!example.org!"),
        naptr(1, 1, "SIP+D2U", ".", flags="s"),
        naptr(1, 1, "SIP+D2U", "_sip._udp.example.com", flags="p"),
        naptr(1, 1, "SIP+D2U", "_sip._udp.example.com", flags="sa"),
        naptr(1, 1, "SIP+D2U", "x..example.com"),
    ],
)
def test_naptr_records_that_are_not_about_us_count_as_none(record: Naptr) -> None:
    zone = SERVICES | {("example.com", Kind.NAPTR): (record,)}
    assert run("sip:example.com", zone, V4).places == run("sip:example.com", SERVICES, V4).places


def test_a_naptr_record_may_lead_to_a_host_or_to_another_domain() -> None:
    zone = SERVICES | {
        ("example.com", Kind.NAPTR): (
            naptr(1, 1, "SIP+D2T", "b.example.com", flags="a"),
            naptr(1, 2, "SIP+D2U", "example.org", flags=""),
            naptr(1, 3, "SIP+D2T", "_sip._tcp.example.com"),
        ),
        ("example.org", Kind.NAPTR): (naptr(7, 7, "SIP+D2U", "_sip._udp.example.com"),),
    }
    assert run("sip:example.com", zone, V4).places == [
        ("TCP", "192.0.2.2", 5060),
        ("UDP", "192.0.2.1", 5070),
        ("TCP", "192.0.2.1", 5071),
    ]


def test_naptr_rules_that_go_round_end_at_once() -> None:
    ring = ("example.com", "example.org", "example.net")
    zone = SERVICES | {
        (name, Kind.NAPTR): tuple([naptr(1, at, "SIP+D2U", following, flags="") for at in range(32)])
        for name, following in zip(ring, (*ring[1:], ring[0]), strict=True)
    }
    looked: Counter[Question] = Counter()

    def look(question: Question) -> Answer:
        looked[question] += 1
        return answer(zone, question)

    found = search(parse_uri("sip:example.com"), look, V4)
    assert [looked[Question(name, Kind.NAPTR)] for name in ring] == [1, 1, 1]
    assert found.targets == run("sip:example.com", SERVICES, V4).findings.targets


def test_naptr_rules_are_followed_so_deep_and_no_deeper() -> None:
    chain = {
        (f"d{at}.example", Kind.NAPTR): (naptr(1, 1, "SIP+D2U", f"d{at + 1}.example", flags=""),) for at in range(9)
    }
    asked = run("sip:d0.example", chain, Preferences(depth=3)).asked
    assert [text for text in asked if text.startswith("NAPTR")] == [
        "NAPTR d0.example",
        "NAPTR d1.example",
        "NAPTR d2.example",
    ]


def test_naptr_without_the_srv_records_it_promises_falls_back_to_the_domain_over_its_transport() -> None:
    zone: Zone = ADDRESSES | {("example.com", Kind.NAPTR): (naptr(1, 1, "SIP+D2T", "_sip._tcp.example.com"),)}
    assert run("sip:example.com", zone, V4).places == [("TCP", "192.0.2.99", 5060)]


def test_without_naptr_every_transport_we_speak_is_asked_for_at_once_in_our_order() -> None:
    found = run("sip:example.com", SERVICES, Preferences(transports=("TCP", "TLS", "UDP"), families=(Kind.A,)))
    assert [question.name for question in found.rounds[1]] == [
        "_sip._tcp.example.com",
        "_sips._tcp.example.com",
        "_sip._udp.example.com",
    ]
    assert found.places == [("TCP", "192.0.2.1", 5071), ("TLS", "192.0.2.2", 5072), ("UDP", "192.0.2.1", 5070)]


def test_a_search_for_streams_only_never_finds_udp() -> None:
    streams = Preferences(transports=("TCP",), families=(Kind.A,))
    assert run("sip:example.com", SERVICES, streams).places == [("TCP", "192.0.2.1", 5071)]
    assert run("sip:192.0.2.1", {}, streams).places == [("TCP", "192.0.2.1", 5060)]
    assert run("sip:a.example.com:5099", SERVICES, streams).places == [("TCP", "192.0.2.1", 5099)]


# SRV records


def test_priorities_come_before_weights_and_lame_servers_are_passed_over() -> None:
    zone: Zone = ADDRESSES | {
        ("_sip._udp.example.com", Kind.SRV): (
            srv("b.example.com", priority=2, weight=65535),
            srv("a.example.com", priority=1, weight=0),
            srv("nobody.example.com", priority=0, weight=9),
            srv("192.0.2.55", priority=0, weight=9),
            srv("a.example.com", priority=0, port=0),
            srv("b ad", priority=0),
        )
    }
    found = run("sip:example.com;transport=udp", zone, V4)
    assert found.places == [("UDP", "192.0.2.1", 5060), ("UDP", "192.0.2.2", 5060)]


def test_servers_that_are_all_lame_do_not_bring_back_the_domain_itself() -> None:
    zone: Zone = ADDRESSES | {("_sip._udp.example.com", Kind.SRV): (srv("nobody.example.com"),)}
    assert run("sip:example.com;transport=udp", zone).miss is Miss.NOT_FOUND


@pytest.mark.parametrize("target", [".", ""])
def test_a_lone_dot_says_that_the_service_is_not_offered(target: str) -> None:
    zone: Zone = ADDRESSES | {("_sip._udp.example.com", Kind.SRV): (srv(target, port=0),)}
    found = run("sip:example.com", zone)
    assert (found.miss, found.places) == (Miss.NOT_FOUND, [])


def test_weights_are_drawn_from_the_dice_and_the_same_dice_draw_the_same() -> None:
    zone: Zone = ADDRESSES | {
        ("_sip._udp.example.com", Kind.SRV): (srv("a.example.com", weight=750), srv("b.example.com", weight=250))
    }
    firsts = Counter()
    for at in range(1_000):
        dice = at.to_bytes(2, "big")
        found = run("sip:example.com;transport=udp", zone, V4, dice)
        assert found.places == run("sip:example.com;transport=udp", zone, V4, dice).places
        assert len(found.places) == 2
        firsts[found.places[0][1]] += 1
    assert firsts["192.0.2.1"] == pytest.approx(750, abs=50)


def test_one_place_comes_out_once_whatever_leads_to_it() -> None:
    zone: Zone = ADDRESSES | {
        ("_sip._udp.example.com", Kind.SRV): (srv("a.example.com"), srv("A.example.com."), srv("alias.example.com")),
        ("alias.example.com", Kind.A): hosts("192.0.2.1"),
    }
    assert run("sip:example.com;transport=udp", zone, V4).places == [("UDP", "192.0.2.1", 5060)]


# Failures


@pytest.mark.parametrize("failing", [("example.com", Kind.NAPTR), ("_sip._udp.example.com", Kind.SRV)])
def test_a_question_that_failed_counts_as_one_without_records(failing: tuple[str, Kind]) -> None:
    zone: Zone = {("example.com", Kind.A): hosts("192.0.2.99"), failing: FAILED}
    assert run("sip:example.com", zone, V4).places == [("UDP", "192.0.2.99", 5060)]


@pytest.mark.parametrize(
    "failing",
    [
        ("example.com", Kind.NAPTR),
        ("_sip._tcp.example.com", Kind.SRV),
        ("example.com", Kind.A),
        ("example.com", Kind.AAAA),
    ],
)
def test_nothing_found_after_a_failure_is_unavailable_and_not_unknown(failing: tuple[str, Kind]) -> None:
    assert run("sip:example.com", {failing: FAILED}).miss is Miss.UNAVAILABLE
    assert run("sip:example.com", {failing: Answer(Outcome.NO_DATA)}).miss is Miss.NOT_FOUND


# Bounds


def test_a_huge_zone_yields_so_many_targets_and_asks_so_many_questions_and_no_more() -> None:
    zone: Zone = {
        ("_sip._udp.example.com", Kind.SRV): tuple([srv(f"h{at}.example.com", weight=at) for at in range(500)]),
        **{(f"h{at}.example.com", Kind.A): hosts(*[f"192.0.2.{host}" for host in range(1, 200)]) for at in range(500)},
    }
    found = run("sip:example.com;transport=udp", zone)
    assert len(found.places) == 8
    assert len(found.asked) <= 32


def test_lame_servers_use_up_the_questions_and_then_the_search_ends() -> None:
    zone: Zone = {("_sip._udp.example.com", Kind.SRV): tuple([srv(f"h{at}.example.com") for at in range(500)])}
    found = run("sip:example.com;transport=udp", zone, Preferences(questions=10))
    assert len(found.asked) == len(set(found.asked)) == 10
    assert found.miss is Miss.UNAVAILABLE


def test_the_most_preferred_records_are_looked_at_however_many_stand_before_them() -> None:
    crowd = tuple([srv(f"h{at}.example.com", priority=9) for at in range(400)])
    zone: Zone = ADDRESSES | {("_sip._udp.example.com", Kind.SRV): (*crowd, srv("a.example.com", priority=1))}
    assert run("sip:example.com;transport=udp", zone, V4).places == [("UDP", "192.0.2.1", 5060)]


def test_a_domain_too_long_for_its_services_is_still_a_host() -> None:
    name = ".".join(["a" * 63] * 3 + ["a" * 59])
    found = run(f"sip:{name}", {(name, Kind.A): hosts("192.0.2.1")}, V4)
    assert found.places == [("UDP", "192.0.2.1", 5060)]
    assert all(len(question.name) <= 253 for asked in found.rounds for question in asked)


@pytest.mark.parametrize(
    "wrong",
    [
        {"transports": ()},
        {"transports": ("UDP", "SCTP")},
        {"families": ()},
        {"families": (Kind.SRV,)},
        {"targets": 0},
        {"questions": 0},
    ],
)
def test_preferences_that_cannot_be_are_our_own_mistake(wrong: dict[str, object]) -> None:
    with pytest.raises(StateError):
        Preferences(**wrong)  # type: ignore[arg-type]


# Whom TLS has to prove itself as


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("sips:Example.COM.", "example.com"),
        ("sips:example.com;maddr=a.example.com", "example.com"),
        ("sips:192.0.2.1", "192.0.2.1"),
        ("sips:[2001:DB8::1]", "2001:db8::1"),
    ],
)
def test_a_tls_peer_must_be_the_domain_of_the_uri_and_not_where_dns_led(uri: str, host: str) -> None:
    targets = run(uri, RFC_EXAMPLE).findings.targets
    assert targets
    assert {target.host for target in targets} == {host}


def test_a_target_names_the_other_side_as_a_flow_does() -> None:
    assert Target("UDP", "192.0.2.1", 5060, host="example.com").remote == ("192.0.2.1", 5060)


# Responses (section 5)


@pytest.mark.parametrize(
    ("via", "places", "asked"),
    [
        (Via("TCP", "192.0.2.1"), [("TCP", "192.0.2.1", 5060)], []),
        (Via("TLS", "[::ffff:192.0.2.1]"), [("TLS", "192.0.2.1", 5061)], []),
        (Via("UDP", "192.0.2.1", 5066), [("UDP", "192.0.2.1", 5066)], []),
        (Via("TCP", "a.example.com", 5066), [("TCP", "192.0.2.1", 5066)], ["A a.example.com"]),
        (Via("UDP", "example.com"), [("UDP", "192.0.2.1", 5070)], ["SRV _sip._udp.example.com", "A a.example.com"]),
        (Via("TLS", "example.com"), [("TLS", "192.0.2.2", 5072)], ["SRV _sips._tcp.example.com", "A b.example.com"]),
        (Via("TCP", "a.example.com"), [("TCP", "192.0.2.1", 5060)], ["SRV _sip._tcp.a.example.com", "A a.example.com"]),
    ],
)
def test_a_response_goes_where_sent_by_leads_over_the_transport_of_the_via(
    via: Via, places: list[tuple[str, str, int]], asked: list[str]
) -> None:
    found = run(via, RFC_EXAMPLE, V4)
    assert (found.places, found.asked) == (places, asked)


def test_a_response_over_a_transport_we_do_not_speak_goes_nowhere() -> None:
    assert run(Via("SCTP", "a.example.com"), RFC_EXAMPLE).miss is Miss.TRANSPORT


# Anything at all

NAMES = st.sampled_from(
    ["a.example", "b.example", "_sip._udp.a.example", "_sips._tcp.b.example", ".", "", "x..y", "1.2"]
)
RECORDS = st.one_of(
    st.builds(Host, st.sampled_from(["192.0.2.1", "::1", "0.0.0.0", "239.0.0.1"]) | st.text(max_size=8)),
    st.builds(
        Srv, st.integers(0, 3), st.integers(0, 65535), st.integers(-1, 70000), target=NAMES | st.text(max_size=8)
    ),
    st.builds(
        Naptr,
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from(["s", "a", "", "S", "u"]) | st.text(max_size=2),
        service=st.sampled_from(["SIP+D2U", "SIP+D2T", "SIPS+D2T", "E2U+sip"]) | st.text(max_size=4),
        regexp=st.sampled_from(["", "", "!a!b!"]),
        replacement=NAMES | st.text(max_size=8),
    ),
)
ANSWERS = st.builds(
    Answer, st.sampled_from(Outcome), st.lists(RECORDS, max_size=6).map(tuple), st.floats(allow_nan=True)
)
WANTED = st.one_of(
    st.builds(
        lambda scheme, host, port, rest: parse_uri(f"{scheme}:{host}{port}{rest}"),
        st.sampled_from(["sip", "sips"]),
        st.sampled_from(["a.example", "b.example", "127.1", "[::1]", "a..b"]),
        st.sampled_from(["", ":0", ":5070"]),
        st.sampled_from(["", ";transport=udp", ";transport=tls", ";maddr=b.example"]),
    ),
    st.builds(Via, st.sampled_from(["UDP", "TCP", "TLS", "WS"]), NAMES, st.sampled_from([None, 0, 5060])),
)


@given(
    wanted=WANTED,
    zone=st.dictionaries(st.tuples(NAMES, st.sampled_from(Kind)), ANSWERS),
    other=ANSWERS,
    transports=st.permutations(["UDP", "TCP", "TLS"]).flatmap(lambda names: st.sampled_from([names[:1], names])),
    bound=st.integers(1, 5),
)
def test_whatever_name_servers_answer_a_search_ends_within_its_bounds(
    wanted: SipUri | Via,
    zone: dict[tuple[str, Kind], Answer],
    other: Answer,
    transports: list[str],
    bound: int,
) -> None:
    preferences = Preferences(transports=tuple(transports), targets=bound, questions=3 * bound, ways=2)
    known: dict[Question, Answer] = {}
    while (found := search(wanted, known.get, preferences)).questions:
        assert not known.keys() & set(found.questions)
        known |= {question: zone.get((question.name, question.kind), other) for question in found.questions}
    assert len(known) <= 3 * bound
    assert len(found.targets) == len(set(found.targets)) <= bound
    assert (found.miss is None) == bool(found.targets)
    for target in found.targets:
        assert target.transport in transports
        assert 0 < target.port <= 65535
        assert not isinstance(wanted, SipUri) or wanted.scheme == "sip" or target.transport == "TLS"


@given(first=st.binary(max_size=8))
def test_how_the_answers_come_changes_nothing(first: bytes) -> None:
    """All known from the start, or asked for in rounds: the same targets in the same order."""

    def everything(question: Question) -> Answer | None:
        return answer(RFC_EXAMPLE, question)

    uri = parse_uri("sip:example.com")
    at_once = search(uri, everything, Preferences(), first)
    assert at_once == run(uri, RFC_EXAMPLE, dice=first).findings


def test_records_of_other_kinds_in_an_answer_are_passed_over() -> None:
    mixed: tuple[Record, ...] = (Host("192.0.2.8"), srv("a.example.com"), naptr(1, 1, "SIP+D2T", "a.example.com"))
    zone: Zone = ADDRESSES | {
        ("_sip._udp.example.com", Kind.SRV): mixed,
        ("a.example.com", Kind.A): (*mixed, Host("192.0.2.1")),
    }
    assert run("sip:example.com;transport=udp", zone, V4).places == [
        ("UDP", "192.0.2.8", 5060),
        ("UDP", "192.0.2.1", 5060),
    ]
