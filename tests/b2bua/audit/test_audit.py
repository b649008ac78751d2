"""What is judged of a capture, how often, as what, and what is told of it."""

import datetime
import ipaddress

import attrs
import orjson
import pytest

from b2bua.audit.judging import MOST_CALLS, Judge
from b2bua.audit.report import EXAMPLES, VERDICTS
from b2bua.audit.traffic import Message
from b2bua.config import Emergency, Explain, Mode, Peer, Redirect
from b2bua.errors import GatewayError
from b2bua.explain import explain, message_of
from policy.register import Node, Shadow
from sipstack.message import parse
from tests.b2bua.audit.making import (
    CONFIG,
    ETHERNET,
    FOREIGN,
    GEOGRAPHIC,
    MOBILE,
    NOON,
    ROOT,
    SOURCE,
    TARGET,
    audited,
    calls,
    ethernet,
    invite,
    pcap,
    udp,
)
from tests.b2bua.identity.making_isup import CALLING, TYPE, iam, number

WITHOUT_TABLE = attrs.evolve(CONFIG, roaming=None)


def told(*messages, **options):
    return audited(pcap([udp(message) for message in messages]), **options)


@pytest.mark.parametrize(
    ("caller", "verdict", "basis", "span"),
    [
        (FOREIGN, "pass", "¶25", "foreign"),
        ("anonymous", "pass", "¶25", "none"),
        (GEOGRAPHIC, "block", "art. 1 2°", "geographic"),
        ("112", "block", "art. 1 4°", "short"),
        (MOBILE, "block", "art. 1 3°", "mobile"),
        ("+32470123456", "pass", "", "mobile"),
        ("+32470666666", "withhold", "art. 1 3°", "mobile"),
    ],
)
def test_each_invite_is_counted_once_by_verdict_article_range_number_and_peer(caller, verdict, basis, span):
    told_ = told(invite(caller)).as_dict()
    assert told_["verdicts"] == {**dict.fromkeys(VERDICTS, 0), verdict: 1}
    for table in ("articles", "ranges", "numbers", "peers"):
        (row,) = told_[table]
        assert (row["invites"], row[verdict]) == (1, 1)
    assert told_["articles"][0]["basis"].startswith(basis)
    assert told_["ranges"][0]["range"] == told_["numbers"][0]["range"] == span
    assert told_["numbers"][0]["number"] == (caller if caller != "anonymous" else "none")
    assert told_["peers"][0]["peer"] == "192.0.2.7"


@pytest.mark.parametrize("config", [CONFIG, WITHOUT_TABLE], ids=["table", "no table"])
def test_the_audit_says_of_the_vectors_what_explain_says(config):
    """Each message judged by both, when no leg of ours has left before: an audit goes the way of the daemon's calls."""
    config = attrs.evolve(config, explain=Explain())
    at = datetime.datetime.fromtimestamp(NOON, datetime.UTC)
    vectors = orjson.loads((ROOT / "examples/vectors/decree.json").read_bytes())["vectors"]
    for vector in vectors[::5]:  # both build a gateway for each
        expected = explain(config, vector["trunk"], message_of(vector), at)
        found = told(message_of(vector), trunk=vector["trunk"], config=config).as_dict()
        if found["unreadable"]:
            assert (expected.verdict, expected.status) == ("block", found["unreadable"][0]["status"]), vector["id"]
            continue
        assert found["verdicts"][expected.verdict] == 1, vector["id"]
        assert found["articles"][0]["basis"] == (expected.basis or "not judged"), vector["id"]
        assert set(found["removed"]) == set(expected.removed), vector["id"]
        assert set(found["flags"]) == set(expected.flags), vector["id"]


def test_a_call_is_judged_by_the_law_of_the_moment_it_was_captured():
    before = datetime.datetime(2024, 8, 31, 21, 59, tzinfo=datetime.UTC).timestamp()
    capture = [udp(invite(GEOGRAPHIC))]
    assert audited(pcap(capture, start=before)).verdicts == {"pass": 1}
    assert audited(pcap(capture, start=before + 120)).verdicts == {"block": 1}


def test_an_emergency_call_is_never_stopped_and_is_flagged():
    emergency = invite(GEOGRAPHIC, called="112")
    found = told(emergency, config=attrs.evolve(CONFIG, emergency=Emergency(route="NAT-1")))
    assert found.verdicts == {"pass": 1}
    assert found.as_dict()["flags"] == {"emergency": 1}
    assert told(emergency, config=attrs.evolve(CONFIG, emergency=None)).verdicts == {"block": 1}


def test_a_national_trunk_passes_all_and_judges_nothing():
    found = told(*calls(3), trunk="NAT-1").as_dict()
    assert found["verdicts"]["pass"] == 3
    assert found["ranges"] == [{"range": "not judged", "invites": 3, **dict.fromkeys(VERDICTS, 0), "pass": 3}]


def test_a_trunk_that_is_not_there_is_an_error_that_names_those_that_are():
    with pytest.raises(GatewayError, match=r"no trunk 'X'.*INT-1.*NAT-1.*UNK"):
        told(invite(), trunk="X")


def test_without_a_table_a_mobile_number_needs_a_check_and_what_is_refused_anyway_does_not():
    found = told(
        invite(MOBILE, call="1"),
        invite(FOREIGN, f"P-Asserted-Identity: <tel:{MOBILE}>", call="2"),
        invite(MOBILE, f"P-Asserted-Identity: <tel:{GEOGRAPHIC}>", call="3"),
        config=WITHOUT_TABLE,
    ).as_dict()
    assert (found["verdicts"]["needs check"], found["verdicts"]["block"]) == (2, 1)
    row = next(row for row in found["numbers"] if row["needs check"])
    assert (row["number"], row["needs check"]) == (MOBILE, 2)
    assert next(row for row in found["articles"] if row["needs check"])["basis"].startswith("art. 1 3°")


def test_what_needs_a_check_is_told_of_the_place_that_has_to_be_asked_about():
    """A display-name repeats the number; what it may repeat is not asked."""
    whole = invite(FOREIGN, f"P-Asserted-Identity: <tel:{MOBILE}>").replace(b"From: <", f'From: "{MOBILE}" <'.encode())
    (example,) = told(whole, config=WITHOUT_TABLE).as_dict()["examples"]
    assert (example["verdict"], example["header"]) == ("needs check", "P-Asserted-Identity")


def test_a_call_is_judged_as_from_the_peer_that_sent_it():
    """One controller of a national trunk stands abroad, and what it sends is international (¶21)."""
    home, abroad = b"\x7f\0\0\x02", b"\x7f\0\0\x63"
    place = ipaddress.ip_network("127.0.0.99")
    node = Node(reference="N", network=place, country="NL", evidence="x", since=datetime.date(2025, 1, 1))
    trunks = [attrs.evolve(trunk, peers=(Peer.parse("127.0.0.0/8"),)) for trunk in CONFIG.trunk]
    config = attrs.evolve(CONFIG, trunk=tuple(trunks), register=attrs.evolve(CONFIG.register, node=(node,)))
    for source, judged_as in ((home, "national"), (abroad, "international"), (SOURCE, "national")):
        found = audited(pcap([udp(invite(GEOGRAPHIC), source)]), trunk="NAT-1", config=config).as_dict()
        assert [row["class"] for row in found["classes"]] == [judged_as]


@pytest.mark.parametrize(("pause", "is_flagged"), [(1.0, True), (7_200.0, False)])
def test_what_is_measured_over_time_is_measured_by_the_clock_of_the_capture(pause, is_flagged):
    """Foreign callers on a transit trunk are worth a flag when they are many of those of the last hour."""
    capture = pcap([udp(invite(FOREIGN, call=str(n))) for n in range(40)], step=pause)
    assert ("foreign-share" in audited(capture, trunk="NTR-1").as_dict()["flags"]) == is_flagged


def test_limits_of_a_trunk_refuse_nothing_in_an_audit():
    trunks = [attrs.evolve(trunk, max_calls_out=1, max_calls_out_per_second=0.01) for trunk in CONFIG.trunk]
    found = told(*(invite(call=str(n)) for n in range(20)), config=attrs.evolve(CONFIG, trunk=tuple(trunks)))
    assert found.otherwise == {}
    assert found.verdicts == {"pass": 20}


def test_a_call_that_has_no_route_is_told_apart_from_one_that_is_blocked():
    config = attrs.evolve(CONFIG, route=())
    found = told(invite(), invite(GEOGRAPHIC, call="2"), config=config).as_dict()
    assert found["refused_otherwise"] == {"404": 1}
    assert (found["verdicts"]["pass"], found["verdicts"]["block"]) == (1, 1)


def test_a_trunk_that_only_asks_is_refused_what_it_could_not_do():
    trunks = [
        attrs.evolve(t, mode=Mode.REDIRECT, redirect=Redirect()) if t.name == "INT-1" else t for t in CONFIG.trunk
    ]
    stripped = invite(FOREIGN, f"Referred-By: <tel:{GEOGRAPHIC}>", call="3")
    found = told(invite(), invite(GEOGRAPHIC, call="2"), stripped, config=attrs.evolve(CONFIG, trunk=trunks))
    assert found.verdicts == {"pass": 1, "block": 1, "strip": 1}
    assert found.otherwise == {603: 1}


def test_a_trunk_on_trial_is_told_as_if_it_were_not():
    shadow = Shadow(
        reference="TRIAL",
        trunk="INT-1",
        owner="x",
        reason="x",
        since=datetime.date(2026, 6, 20),
        until=datetime.date(2026, 7, 5),
    )
    config = attrs.evolve(CONFIG, register=attrs.evolve(CONFIG.register, shadow=(shadow,)))
    found = told(invite(GEOGRAPHIC), config=config)
    assert found.verdicts == {"block": 1}
    assert "shadow" in found.as_dict()["flags"]


def test_the_class_that_a_call_was_judged_as_is_told():
    """The attestation of the one has ended: its calls are international, and a table says so."""
    for trunk, judged_as in (("NTR-1", "national-transit"), ("NTR-X", "international")):
        found = told(invite(GEOGRAPHIC), trunk=trunk).as_dict()
        assert (found["class"], [row["class"] for row in found["classes"]]) == ("national-transit", [judged_as])


# Once each.


def test_a_retransmission_is_judged_once():
    found = told(*[invite(GEOGRAPHIC)] * 4)
    assert (found.verdicts, found.retransmissions, found.forks) == ({"block": 1}, 3, 0)


def test_a_fork_or_the_same_call_at_another_hop_is_judged_once():
    one = invite(GEOGRAPHIC)
    found = told(one, one.replace(b"z9hG4bK1", b"z9hG4bKother"))
    assert (found.verdicts, found.retransmissions, found.forks) == ({"block": 1}, 0, 1)


@pytest.mark.parametrize(
    "edit",
    [(b"Call-ID: 1", b"Call-ID: 2"), (b";tag=1", b";tag=2"), (b"CSeq: 1 ", b"CSeq: 2 "), (b"sip:+3225", b"sip:+3224")],
)
def test_another_call_attempt_or_caller_is_judged_for_itself(edit):
    one = invite(GEOGRAPHIC)
    assert edit[0] in one
    assert told(one, one.replace(*edit)).verdicts == {"block": 2}


def test_a_packet_that_a_switch_shows_twice_is_one_retransmission():
    frame = ethernet(udp(invite()))
    found = audited(pcap([frame, frame], ETHERNET))
    assert (found.verdicts.total(), found.retransmissions) == (1, 1)


def test_only_the_sources_that_are_asked_for_are_judged():
    own, other = udp(invite(GEOGRAPHIC, call="2"), TARGET), udp(within(invite(), b"UPDATE"), TARGET)
    found = audited(pcap([udp(invite()), own, other]), sources=["192.0.2.4/30", "2001:db8::/32"])
    assert (found.verdicts, found.elsewhere) == ({"pass": 1}, 1)
    assert found.as_dict()["sources"] == ["192.0.2.4/30", "2001:db8::/32"]


def test_what_is_no_invite_is_counted_as_sip_or_not_at_all():
    found = told(
        b"OPTIONS sip:a SIP/2.0\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", b"\r\n\r\n", b"", b"\x80" * 160, b"GET / HTTP/1.0"
    )
    assert (found.seen.datagrams, found.seen.messages, found.verdicts.total()) == (6, 2, 0)


# What cannot be read.


@pytest.mark.parametrize(
    ("edit", "reason", "status"),
    [
        ((b"\r\n\r\n", b"\r\n"), "No Empty Line", 400),
        ((b"SIP/2.0\r\n", b"SIP/3.0\r\n"), "Version Not Supported", 505),
        ((b"CSeq: 1 INVITE", b"CSeq: 1 BYE"), "CSeq Method Mismatch", 400),
        ((b"INVITE sip:", b"INVITE sip: "), "Bad Request Line", 400),
        ((b"Content-Length: 0", b"Content-Length: 10"), "Content-Length Beyond the Datagram", 400),
    ],
)
def test_an_invite_that_cannot_be_read_is_told_with_what_it_is_answered(edit, reason, status):
    whole = invite(GEOGRAPHIC)
    broken = whole.replace(edit[0], edit[1], 1)
    found = told(invite(), broken, broken).as_dict()
    assert found["invites"] == {"judged": 1, "retransmissions": 1, "forks": 0, "unreadable": 1, "elsewhere": 0}
    (row,) = found["unreadable"]
    assert (row["reason"], row["status"], row["messages"]) == (reason, status, 1)
    assert row["examples"] == [{"packet": 2, "at": "2026-07-01T12:00:00.010Z", "peer": "192.0.2.7"}]


def test_an_invite_of_which_the_capture_has_only_the_beginning_is_not_judged():
    packet = udp(invite(GEOGRAPHIC))
    cut = bytearray(pcap([packet[:-20]]))
    cut[36:40] = len(packet).to_bytes(4, "little")
    found = audited(bytes(cut))
    assert (found.seen.cut, found.verdicts.total()) == (1, 0)
    assert [row["reason"] for row in found.as_dict()["unreadable"]] == ["Cut Short by the Capture"]


def test_an_identity_that_cannot_be_read_is_a_verdict():
    found = told(invite(FOREIGN, "P-Asserted-Identity: <tel:+33")).as_dict()
    assert found["verdicts"]["block"] == 1
    assert found["examples"][0]["rule"] == "unreadable"


# In mid-call.


def within(message, method=b"INVITE"):
    """The same sender, in the dialog of that INVITE."""
    later = message.replace(b"To: <sip:+3293330000@x>", b"To: <sip:+3293330000@x>;tag=b").replace(
        b"CSeq: 1", b"CSeq: 2"
    )
    return later.replace(b"INVITE", method)


@pytest.mark.parametrize("method", [b"INVITE", b"UPDATE"])
@pytest.mark.parametrize(
    ("header", "outcome"),
    [
        (b"", "pass"),
        (b"P-Asserted-Identity: <tel:+3225551212>\r\n", "block"),
        (b"P-Asserted-Identity: <tel:+32470123456>\r\n", "strip"),
        (b"P-Asserted-Identity: <tel:+442079460000>\r\n", "pass"),
    ],
)
def test_identity_in_mid_call_is_counted_apart(method, header, outcome):
    opening = invite(FOREIGN)
    later = within(opening, method).replace(b"Call-ID", header + b"Call-ID")
    found = told(opening, later).as_dict()
    assert found["verdicts"]["pass"] == found["invites"]["judged"] == 1
    assert found["later"] == {**dict.fromkeys(("pass", "strip", "withhold", "block", "unknown"), 0), outcome: 1}


def test_a_number_in_the_isup_body_of_a_later_message_is_identity_too():
    opening, body = invite(FOREIGN), iam(number(CALLING, "3225551212"))
    later = within(opening).replace(
        b"Content-Length: 0\r\n\r\n", f"Content-Type: {TYPE}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )
    assert told(opening, later).as_dict()["later"]["block"] == 1


def test_a_caller_who_stays_the_same_in_mid_call_was_judged_at_the_set_up():
    opening = invite("+32470666666")
    found = told(opening, within(opening)).as_dict()
    assert (found["verdicts"]["withhold"], found["later"]["pass"]) == (1, 1)


def test_what_the_other_side_says_in_mid_call_or_in_an_unknown_call_is_not_judged():
    opening = invite(FOREIGN)
    later = within(opening).replace(b"Call-ID", b"P-Asserted-Identity: <tel:+3225551212>\r\nCall-ID")
    answer = udp(later, TARGET, SOURCE)
    found = audited(pcap([udp(opening), answer, udp(later.replace(b"Call-ID: 1", b"Call-ID: 9"))]))
    assert found.as_dict()["later"]["unknown"] == 2
    assert told(opening, later, trunk="NAT-1").as_dict()["later"]["unknown"] == 1


def test_set_ups_without_end_are_forgotten_the_oldest_first():
    judge = Judge.of(CONFIG, "INT-1")
    message = Message(packet=1, at=NOON, source="192.0.2.7", port=5060, transport="UDP", data=b"")
    judge.judge(parse(invite(call="first")), message)
    entry = judge._calls["first"]
    judge._calls.update((f"c{n}", entry) for n in range(MOST_CALLS - 1))
    judge.judge(parse(invite(call="last")), message)
    assert "last" in judge._calls
    assert "first" not in judge._calls
    judge.judge(parse(invite(call="x" * 5_000)), message)
    assert len(judge._calls) == MOST_CALLS


# What is told.


def test_an_example_says_where_the_message_stands():
    found = told(b"hello", invite(GEOGRAPHIC, call="a-call")).as_dict()
    (example,) = found["examples"]
    assert example == {
        "verdict": "block",
        "rule": "geographic",
        "basis": example["basis"],
        "packet": 2,
        "at": "2026-07-01T12:00:00.010Z",
        "call_id": "a-call",
        "peer": "192.0.2.7",
        "called": "+3293330000",
        "header": "From",
        "position": "presentation",
        "raw": GEOGRAPHIC,
        "number": GEOGRAPHIC,
        "why": example["why"],
    }
    assert GEOGRAPHIC in example["why"]


def test_of_each_rule_the_first_few_are_kept_the_severest_first():
    found = told(*calls(EXAMPLES + 3), *(invite("+32470666666", call=f"w{n}") for n in range(2))).as_dict()
    assert [one["verdict"] for one in found["examples"]] == ["block"] * EXAMPLES + ["withhold"] * 2
    assert [one["packet"] for one in found["examples"]][:EXAMPLES] == list(range(1, EXAMPLES + 1))


def test_the_severest_examples_stand_first_whatever_their_rule():
    found = told(invite(FOREIGN, f"Referred-By: <tel:{GEOGRAPHIC}>"), invite("112", call="2")).as_dict()
    assert [(one["verdict"], one["rule"]) for one in found["examples"]] == [("block", "short"), ("strip", "geographic")]


def test_the_first_and_the_last_time_are_told_whatever_the_order_of_packets():
    found = audited(pcap([udp(invite())], start=NOON + 60) + pcap([udp(b"x")], start=NOON)[24:]).as_dict()
    assert (found["first"], found["last"]) == ("2026-07-01T12:00:00.000Z", "2026-07-01T12:01:00.000Z")


def test_a_capture_without_a_packet_is_a_report_of_nothing():
    found = audited(pcap([])).as_dict()
    assert (found["first"], found["last"], found["invites"]["judged"]) == ("", "", 0)


def test_a_damaged_capture_is_a_report_of_what_was_before_with_the_reason():
    found = audited(pcap([udp(invite(GEOGRAPHIC))])[:-1] + pcap([udp(invite(GEOGRAPHIC))])[24:40]).as_dict()
    assert found["capture"]["damage"] is not None
    whole = audited(pcap([udp(invite(GEOGRAPHIC)), b"x" * 50])[:-1]).as_dict()
    assert (whole["verdicts"]["block"], whole["capture"]["packets"]) == (1, 2)
